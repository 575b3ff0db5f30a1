"""Each thing that wants a librarian's attention is named, with the documents and what mends it."""

from __future__ import annotations

import json

import pytest
from conftest import MakeLibrary
from test_keep_commands import long_ago

from retriever import Library
from retriever.desk import Desk
from retriever.schema import Check

GOOD = "publisher = 'Ours'\nyear = 2024\nsource_type = 'policy-paper'\n"
TEXT = "# {}\n\nReminder letters raised uptake of bowel screening in the town of {}.\n"


def files(**records: str) -> dict[str, str]:
    """A document for each record, with that record."""
    found = {}
    for name, record in records.items():
        found[f"{name}.md"] = TEXT.format(name, name)
        found[f"{name}.toml"] = f"title = '{name}'\n{record}"
    return found


def checks(library: Library, ask: bool = False) -> dict[str, Check]:
    return {check.name: check for check in library.check(ask)}


def concerned(check: Check) -> dict[str, str]:
    return {concern.path: concern.what for concern in check.concerns}


def test_of_a_library_in_order_nothing_is_said(make_library: MakeLibrary) -> None:
    found = make_library(files(a=GOOD)).check()
    assert {check.severity for check in found} == {"ok"}


class TestRecords:
    def test_what_readers_choose_by_is_missing(self, make_library: MakeLibrary) -> None:
        found = checks(make_library(files(a="year = 2020\n", b=GOOD)))["missing"]
        assert concerned(found) == {"a.md": "no publisher, kind of source"}
        assert found.severity == "note"
        assert "retriever edit" in found.remedy

    def test_what_nobody_has_confirmed(self, make_library: MakeLibrary) -> None:
        library = make_library({"b.md": TEXT.format("B", "B")})
        assert concerned(checks(library)["inferred"]) == {"b.md": "title"}
        Desk(library.root).edit("b.md", {"title": "B"})
        assert "inferred" not in checks(library)

    def test_replaced_by_what_is_not_held(self, make_library: MakeLibrary) -> None:
        library = make_library(
            files(
                a=GOOD + "status = 'superseded-by: b'\n",
                b=GOOD,
                c=GOOD + "status = 'superseded-by: NG12'\n",
            )
        )
        assert concerned(checks(library)["edition"]) == {"c.md": "superseded-by: NG12"}
        Desk(library.root).remove("b.md")
        assert set(concerned(checks(library)["edition"])) == {"a.md", "c.md"}

    def test_the_same_guidance_twice(self, make_library: MakeLibrary) -> None:
        library = make_library(
            files(
                a=GOOD + "guidance_id = 'NG 12'\n",
                b=GOOD + "guidance_id = 'NG12'\n",
                c=GOOD + "guidance_id = 'NG13'\n",
            )
        )
        assert set(concerned(checks(library)["twice"])) == {"a.md", "b.md"}
        Desk(library.root).supersede("a.md", "b.md", "b")
        assert "twice" not in checks(library)

    def test_old_and_called_current_and_withdrawn(self, make_library: MakeLibrary) -> None:
        old = GOOD.replace("2024", "2001")
        found = checks(
            make_library(
                files(
                    a=old + "status = 'current'\n", b=old, c=GOOD + "status = 'withdrawn'\n"
                )
            )
        )
        assert concerned(found["old"]) == {"a.md": "from 2001"}
        assert set(concerned(found["withdrawn"])) == {"c.md"}


class TestFiles:
    @pytest.fixture
    def library(self, make_library: MakeLibrary) -> Library:
        return make_library(files(a=GOOD, b=GOOD))

    def test_what_the_index_has_not_caught_up_with(self, library: Library) -> None:
        (library.corpus / "new.md").write_text("# New\n\nText.\n")
        (library.corpus / "a.md").write_text("# Other\n\nOther text.\n")
        (library.corpus / "b.toml").write_text("title = 'b'\nyear = 2020\n")
        assert concerned(checks(library)["freshness"]) == {
            "a.md": "its file is another one by now",
            "b.md": "its record was changed by hand",
            "new.md": "not read yet",
        }

    def test_what_was_done_at_the_desk_wants_no_indexing(self, library: Library) -> None:
        desk = Desk(library.root)
        desk.edit("a.md", {"year": 2020})
        assert checks(library)["freshness"].severity == "ok"
        desk.edit("a.md", {"title": "Another"})
        assert "its title was changed" in concerned(checks(library)["freshness"])["a.md"]

    def test_rows_without_a_file(self, library: Library) -> None:
        Desk(library.root).remove("a.md")
        found = checks(library)
        assert found["freshness"].severity == "ok"
        assert set(concerned(found["removed"])) == {"a.md"}
        library.index()
        assert "removed" not in checks(library)

    def test_what_may_be_deleted_for_good(self, library: Library) -> None:
        Desk(library.root).remove("a.md")
        assert "kept" not in checks(library)
        long_ago(library.root)
        found = checks(library)["kept"]
        assert concerned(found) == {"a.md": "removed 2020-01-02"}
        assert "retriever purge --older-than 90" in found.remedy

    def test_a_damaged_history_is_said(self, library: Library) -> None:
        Desk(library.root).remove("a.md")
        with (library.root / "keeping/history.jsonl").open("a") as stream:
            stream.write("rubbish\n")
        assert "line 2 is damaged" in checks(library)["history"].message


def test_passages_that_cannot_be_read(make_library: MakeLibrary) -> None:
    rubbish = "".join(chr(0xE000 + ord(letter)) if letter.isalpha() else letter for letter in TEXT)
    library = make_library(files(a=GOOD) | {"bad.md": f"# Bad\n\n{rubbish * 3}\n"})
    found = checks(library)["garbled"]
    assert found.severity == "warning"
    assert "stand for no letter" in concerned(found)["bad.md"]


class TestQuestions:
    def test_without_questions_it_is_not_known(self, make_library: MakeLibrary) -> None:
        found = checks(make_library(files(a=GOOD)), ask=True)["found"]
        assert found.severity == "ok"
        assert "is not known" in found.message

    def test_they_are_asked_where_that_is_wanted(self, make_library: MakeLibrary) -> None:
        many = {f"t{n}": GOOD for n in range(12)}
        library = make_library(files(**many))
        folder = library.corpus / "evaluation"
        folder.mkdir()
        question = {"id": "q", "text": "t0 t1 t2 t3 reminder letters"}
        (folder / "questions.jsonl").write_text(json.dumps(question) + "\n")
        assert "--ask" in checks(library)["found"].message
        found = checks(library, ask=True)["found"]
        assert found.severity == "note"
        assert len(found.concerns) == 2
        assert "questions.jsonl" in found.message

    def test_a_damaged_file_of_them_is_said(self, make_library: MakeLibrary) -> None:
        library = make_library(files(a=GOOD))
        folder = library.corpus / "evaluation"
        folder.mkdir()
        (folder / "questions.jsonl").write_text("rubbish\n")
        assert checks(library)["found"].severity == "warning"


def test_a_document_is_found_by_its_id_and_by_its_path(make_library: MakeLibrary) -> None:
    library = make_library(files(a=GOOD))
    desk = Desk(library.root)
    assert desk.find("a") == desk.find("a.md") == desk.find("./a.md") == "a.md"
