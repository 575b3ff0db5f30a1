"""The librarians' desk: each change is whole, told, and can be undone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from retriever.desk import Desk, NewFile
from retriever.errors import DeskError, SidecarError
from retriever.loaders.sidecar import read_sidecar

SIDECAR = '# Checked by Ann\ntitle = "Letters"  # as printed\nyear = 2019\n'


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    corpus = tmp_path / "library" / "corpus"
    corpus.mkdir(parents=True)
    (corpus / "letters.md").write_text("# Letters\n\nLetters raised uptake.\n")
    (corpus / "letters.toml").write_text(SIDECAR)
    (corpus / "calls.md").write_text("# Calls\n\nCalls did not.\n")
    return Desk(tmp_path / "library", "Ann")


def files(desk: Desk) -> dict[str, str]:
    """What stands below corpus/."""
    corpus = desk.root / "corpus"
    return {
        path.relative_to(corpus).as_posix(): path.read_text()
        for path in sorted(corpus.rglob("*"))
        if path.is_file()
    }


def new(tmp_path: Path, name: str, text: str = "# New\n\nText.\n", **values: Any) -> NewFile:
    path = tmp_path / Path(name).name
    path.write_text(text)
    return NewFile(path, name, values)


class TestAdd:
    def test_a_file_and_what_is_stated_of_it_are_added(self, desk: Desk, tmp_path: Path) -> None:
        (event,) = desk.add([new(tmp_path, "towns/visits.md", title="Visits", year=2020)], "asked")
        assert files(desk)["towns/visits.md"] == "# New\n\nText.\n"
        sidecar = read_sidecar(desk.root / "corpus/towns/visits.md")
        assert sidecar is not None
        assert sidecar.values == {"title": "Visits", "year": 2020}
        assert (event.who, event.why, event.documents) == ("Ann", "asked", ("towns/visits.md",))

    def test_the_same_bytes_are_not_added_twice(self, desk: Desk, tmp_path: Path) -> None:
        twin = new(tmp_path, "other name.md", "# Calls\n\nCalls did not.\n")
        with pytest.raises(DeskError, match=r"in the library already, as calls\.md"):
            desk.add([twin])
        assert "other name.md" not in files(desk)

    @pytest.mark.parametrize(
        "name", ["letters.md", "", "/etc/passwd", "../out.md", ".hidden.md", "notes.toml"]
    )
    def test_a_name_that_cannot_be_is_refused(
        self, desk: Desk, tmp_path: Path, name: str
    ) -> None:
        before = files(desk)
        path = tmp_path / "in.md"
        path.write_text("# In\n\nText.\n")
        with pytest.raises(DeskError, match="name"):
            desk.add([NewFile(path, name, {})])
        assert files(desk) == before

    def test_a_value_that_does_not_fit_is_refused(self, desk: Desk, tmp_path: Path) -> None:
        with pytest.raises(SidecarError, match="year must be a year"):
            desk.add([new(tmp_path, "visits.md", year="soon")])
        assert "visits.md" not in files(desk)


class TestEdit:
    def test_values_are_set_and_taken_out_and_comments_stay(self, desk: Desk) -> None:
        desk.edit("letters.md", {"year": None, "authors": ("Ann B",), "other_groups": ("carers",)})
        text = files(desk)["letters.toml"]
        assert "# Checked by Ann" in text
        assert "# as printed" in text
        sidecar = read_sidecar(desk.root / "corpus/letters.md")
        assert sidecar is not None
        assert sidecar.values == {
            "title": "Letters", "authors": ("Ann B",), "other_groups": ("carers",)
        }

    def test_a_document_without_a_record_gets_one(self, desk: Desk) -> None:
        desk.edit("calls.md", {"title": "Calls"})
        assert files(desk)["calls.md.toml"] == 'title = "Calls"\n'

    def test_nobody_writes_over_what_somebody_else_changed(self, desk: Desk) -> None:
        seen = desk.stated("letters.md")
        Desk(desk.root, "Bea").edit("letters.md", {"year": 2020}, seen=seen)
        with pytest.raises(DeskError, match=r"changed by somebody else .*Bea"):
            desk.edit("letters.md", {"year": 2021}, seen=seen)
        assert "2020" in files(desk)["letters.toml"]
        desk.edit("letters.md", {"year": 2021}, seen=desk.stated("letters.md"))

    def test_a_replaced_edition_names_its_successor(self, desk: Desk) -> None:
        desk.supersede("letters.md", "calls.md", "calls")
        assert 'status = "superseded-by: calls"' in files(desk)["letters.toml"]
        with pytest.raises(DeskError, match="cannot replace itself"):
            desk.supersede("calls.md", "calls.md", "calls")


class TestUndo:
    def test_every_change_can_be_undone_and_made_again(self, desk: Desk, tmp_path: Path) -> None:
        begin = files(desk)
        changes = [
            lambda: desk.add([new(tmp_path, "visits.md", title="Visits")])[0],
            lambda: desk.edit("letters.md", {"year": 2020}),
            lambda: desk.supersede("letters.md", "calls.md", "calls"),
            lambda: desk.replace("calls.md", new(tmp_path, "x.md", "# Calls\n\nMore.\n").content),
            lambda: desk.remove("letters.md"),
        ]
        states, events = [begin], []
        for change in changes:
            events.append(change())
            states.append(files(desk))
        for event, state in zip(reversed(events), reversed(states[:-1]), strict=True):
            desk.undo(event.id)
            assert files(desk) == state
        for event, state in zip(events, states[1:], strict=True):
            desk.undo(event.id)
            assert files(desk) == state

    def test_undoing_the_undoing_makes_the_change_again(self, desk: Desk) -> None:
        desk.edit("letters.md", {"year": 2020})
        undone = desk.undo("1")
        assert "2019" in files(desk)["letters.toml"]
        desk.undo(undone.id)
        assert "2020" in files(desk)["letters.toml"]

    def test_a_later_change_to_the_same_file_is_undone_first(self, desk: Desk) -> None:
        desk.edit("letters.md", {"year": 2020})
        desk.edit("letters.md", {"year": 2021})
        with pytest.raises(DeskError, match=r"cannot be undone before change 000002"):
            desk.undo("1")
        desk.undo("2")
        desk.undo("1")
        assert "2019" in files(desk)["letters.toml"]


class TestRemove:
    def test_a_removed_document_can_be_brought_back(self, desk: Desk) -> None:
        before = files(desk)
        desk.remove("letters.md", "out of date")
        assert list(files(desk)) == ["calls.md"]
        (removed,) = desk.removed()
        assert (removed.path, removed.event.why) == ("letters.md", "out of date")
        desk.restore("letters.md")
        assert files(desk) == before
        assert desk.removed() == []

    def test_a_record_that_two_documents_share_stays_with_the_other(self, desk: Desk) -> None:
        (desk.root / "corpus/letters.txt").write_text("Letters as text.\n")
        desk.remove("letters.md")
        assert "letters.toml" in files(desk)
        desk.remove("letters.txt")
        assert "letters.toml" not in files(desk)

    def test_what_is_purged_is_nowhere_and_cannot_be_brought_back(self, desk: Desk) -> None:
        desk.edit("letters.md", {"publisher": "Zweifelsfrei Press"})
        with pytest.raises(DeskError, match="Remove it first"):
            desk.purge("letters.md")
        removed = desk.remove("letters.md")
        desk.purge("letters.md")
        kept = [p.read_text() for p in desk.root.rglob("*") if p.is_file()]
        assert not any("raised uptake" in text or "Zweifelsfrei" in text for text in kept)
        for again in (lambda: desk.restore("letters.md"), lambda: desk.undo(removed.id)):
            with pytest.raises(DeskError, match="purged"):
                again()
        with pytest.raises(DeskError, match="Nothing is kept"):
            desk.purge("letters.md")

    def test_what_is_not_there_is_named(self, desk: Desk) -> None:
        with pytest.raises(DeskError, match=r"no file nowhere\.md"):
            desk.remove("nowhere.md")
        with pytest.raises(DeskError, match="no change 99"):
            desk.undo("99")
