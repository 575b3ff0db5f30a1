"""The librarians' commands, run as people run them."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from conftest import MakeLibrary
from test_cli import data, ok, refused, run

from retriever import Library
from retriever.cli import cli
from retriever.desk import Desk
from retriever.loaders.sidecar import read_sidecar

FILES = {
    "letters.md": "# Letters and screening\n\nLetters raised uptake of bowel screening by 4%.\n",
    "letters.toml": 'title = "Letters"\nyear = 2019\n',
    "towns/calls.md": "# Calls and screening\n\nCalls raised uptake of bowel screening by 9%.\n",
}
ASKED = "What raised uptake of bowel screening?"


@pytest.fixture
def library(make_library: MakeLibrary) -> Library:
    return make_library(FILES)


@pytest.fixture
def root(library: Library) -> Path:
    return library.root


def stated(root: Path, path: str) -> dict[str, Any]:
    sidecar = read_sidecar(root / "corpus" / path)
    return sidecar.values if sidecar else {}


def test_every_change_takes_why_and_who_in_the_same_words() -> None:
    named = cli.commands | dict(cli.commands["collection"].commands)  # type: ignore[attr-defined]
    asked = {
        name: {o.opts[0]: o.help for o in command.params if o.opts[0] in ("--why", "--who")}
        for name, command in named.items()
        if name not in ("history",)
    }
    told = {name: options for name, options in asked.items() if options}
    assert set(told) == {
        "add", "describe", "delete", "edit", "import-metadata", "import-ris", "make", "purge",
        "remove", "rename", "replace", "restore", "supersede", "undo",
    }  # fmt: skip
    assert all(options == told["add"] for options in told.values())
    assert set(told["add"]) == {"--why", "--who"}


class TestEdit:
    def test_a_document_is_named_by_its_id_or_its_path(self, root: Path) -> None:
        said = ok(root, "edit", "calls", "year=2021", "authors=Ann Other; Ben Some")
        assert "Changed year, authors of towns/calls.md. (Change 000001)" in said
        authors = {"authors": ("Ann Other", "Ben Some")}
        assert stated(root, "towns/calls.md") == {"year": 2021} | authors
        ok(root, "edit", "towns/calls.md", "populations.other=carers", "--clear", "year")
        assert stated(root, "towns/calls.md") == authors | {"other_groups": ("carers",)}

    def test_it_says_whether_the_index_must_be_built_again_and_why(self, root: Path) -> None:
        assert "`retriever index` is not needed" in ok(root, "edit", "letters", "year=2020")
        said = ok(root, "edit", "letters", "title=Letters and calls")
        assert "Run `retriever index`: letters.md (its title was changed" in said
        ok(root, "index")
        assert "is not needed" in ok(root, "edit", "letters", "publisher=Ours")
        assert "its title was changed" in ok(root, "edit", "letters", "--clear", "title")

    def test_readers_see_it_at_once(self, library: Library) -> None:
        by = ("--who", "Ann", "--why", "retracted")
        ok(library.root, "edit", "letters", "status=withdrawn", *by)
        assert "withdrawn" in library.ask(ASKED).warnings[0]
        (event,) = Desk(library.root).journal.events()
        assert (event.who, event.why) == ("Ann", "retracted")

    @pytest.mark.parametrize(
        ("arguments", "status", "message"),
        [
            (("letters", "yeer=2020"), 2, "'yeer' is no field"),
            (("letters", "year"), 2, "write FIELD=VALUE"),
            (("letters",), 2, "Say what to change"),
            (("letters", "year=soon"), 1, "year must be a year"),
            (("lettres", "year=2020"), 1, "no document 'lettres'"),
            (("../retriever.toml", "year=2020"), 1, "no document"),
            (("/etc/hostname", "year=2020"), 1, "no document"),
        ],
    )
    def test_a_slip_is_refused_in_words(
        self, root: Path, arguments: tuple[str, ...], status: int, message: str
    ) -> None:
        assert message in refused(root, "edit", *arguments, status=status)
        assert Desk(root).journal.events() == []

    def test_as_json(self, root: Path) -> None:
        made = data(root, "edit", "letters", "year=2020")
        assert made["changes"][0]["action"] == "edit"
        assert "not needed" in made["next"]


class TestSupersede:
    def test_the_old_one_is_flagged_and_stands_behind(self, library: Library) -> None:
        said = ok(library.root, "supersede", "letters", "calls")
        assert "Marked letters.md as superseded by towns/calls.md" in said
        found = [finding.document_id for finding in library.ask(ASKED).findings]
        assert found == ["calls", "letters"]
        assert library.ask(ASKED).findings[1].successor == "calls"

    def test_nothing_replaces_itself(self, root: Path) -> None:
        assert "cannot replace itself" in refused(root, "supersede", "letters", "letters.md")


class TestRemove:
    def test_several_are_removed_and_brought_back(self, library: Library) -> None:
        said = ok(library.root, "remove", "letters", "towns/calls.md", "--why", "not ours")
        assert "Removed letters.md. (Change 000001)" in said
        assert "`retriever index` is not needed" in said
        assert library.ask(ASKED).findings == ()
        ok(library.root, "restore", "letters")
        ok(library.root, "restore", "towns/calls.md")
        assert len(library.ask(ASKED).findings) == 2

    def test_a_wrong_name_among_them_removes_none(self, root: Path) -> None:
        assert "no document 'nowhere'" in refused(root, "remove", "letters", "nowhere")
        assert (root / "corpus/letters.md").exists()

    def test_after_indexing_it_is_still_known_by_its_name(self, root: Path) -> None:
        ok(root, "remove", "calls")
        ok(root, "index")
        said = ok(root, "restore", "calls")
        assert "Run `retriever index`: towns/calls.md (not read yet)" in said

    def test_what_was_not_removed_cannot_be_brought_back(self, root: Path) -> None:
        assert "cannot be brought back" in refused(root, "restore", "letters.md")


class TestPurge:
    def test_nothing_is_deleted_without_a_yes(self, root: Path) -> None:
        ok(root, "remove", "letters")
        result = run(root, "purge", "letters")
        assert result.exit_code == 2
        assert "Gone for good will be" in result.stderr
        assert "letters.md" in result.stderr
        ok(root, "restore", "letters")

    def test_a_purged_document_is_gone_from_the_disk(self, root: Path) -> None:
        ok(root, "remove", "letters")
        said = ok(root, "purge", "letters", "--yes")
        assert "Deleted letters.md for good" in said
        assert "Run `retriever index`" not in said
        texts = [path.read_bytes() for path in root.rglob("*") if path.is_file()]
        assert not any(b"by 4%" in text for text in texts)
        assert "cannot be brought back" in refused(root, "restore", "letters.md")

    def test_what_is_in_the_library_is_not_purged(self, root: Path) -> None:
        assert "Remove it first" in refused(root, "purge", "letters.md", "--yes")

    def test_only_what_was_removed_long_ago(self, root: Path) -> None:
        ok(root, "remove", "letters")
        result = run(root, "purge", "--older-than", "30", "--yes")
        assert (result.exit_code, result.stdout) == (0, "")
        assert "Nothing was removed more than 30 days ago." in result.stderr
        none = data(root, "purge", "--older-than", "30", "--yes")
        assert none == {"changes": [], "next": ""}
        long_ago(root)
        assert "Deleted letters.md" in ok(root, "purge", "--older-than", "30", "--yes")

    def test_one_or_all_and_not_both(self, root: Path) -> None:
        assert "or say --older-than" in refused(root, "purge", status=2)
        assert "or say" in refused(root, "purge", "a", "--older-than", "3", status=2)


def long_ago(root: Path) -> None:
    """Make all that was done look as if it was done years ago."""
    history = root / "keeping/history.jsonl"
    rows = [json.loads(line) for line in history.read_text("utf-8").splitlines()]
    lines = (json.dumps(row | {"at": "2020-01-02T03:04:05+00:00"}) + "\n" for row in rows)
    history.write_text("".join(lines), "utf-8")


class TestHistory:
    @pytest.fixture
    def told(self, root: Path) -> Path:
        ok(root, "edit", "letters", "year=2020", "--who", "Ann", "--why", "=as printed")
        ok(root, "remove", "calls", "--who", "Ben")
        ok(root, "restore", "calls", "--who", "Ben")
        return root

    def ids(self, root: Path, *arguments: str) -> list[str]:
        return [row["id"] for row in data(root, "history", *arguments)]

    def test_the_latest_stands_first_with_who_and_why(self, told: Path) -> None:
        lines = ok(told, "history").splitlines()
        assert lines[0].startswith("000003")
        assert "Ben: Brought back towns/calls.md" in lines[0]
        assert lines[-1].strip() == "because: =as printed"

    def test_only_what_is_asked_for(self, told: Path) -> None:
        assert self.ids(told, "--document", "letters") == ["000001"]
        assert self.ids(told, "--document", "calls") == ["000003", "000002"]
        assert self.ids(told, "--who", "ann") == ["000001"]
        assert self.ids(told, "--action", "remove") == ["000002"]
        assert self.ids(told, "--since", "2020-01-01", "--until", "2020-12-31") == []
        long_ago(told)
        assert len(self.ids(told, "--since", "2020-01-02", "--until", "2020-01-02")) == 3

    def test_a_day_that_is_none_is_refused(self, told: Path) -> None:
        assert "'yesterday' is no day" in refused(told, "history", "--since", "yesterday")
        message = refused(told, "history", "--since", "2026-02-01", "--until", "2026-01-01")
        assert "swap the two days" in message

    def test_a_spreadsheet_takes_nothing_for_a_formula(self, told: Path) -> None:
        rows = list(csv.DictReader(io.StringIO(ok(told, "history", "--format", "csv"))))
        assert [row["id"] for row in rows] == ["000003", "000002", "000001"]
        assert rows[-1]["why"] == "'=as printed"
        assert rows[0]["documents"] == "towns/calls.md"

    def test_undone_and_made_again(self, told: Path) -> None:
        assert "Undid change 000001" in ok(told, "undo", "1")
        assert stated(told, "letters.md")["year"] == 2019
        assert "Made again change 000001" in ok(told, "undo", "1")
        assert stated(told, "letters.md")["year"] == 2020
        assert "no change 99" in refused(told, "undo", "99")
