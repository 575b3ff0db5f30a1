"""Collections: named sets of documents to search within, each change in the history."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from conftest import MakeLibrary
from test_ui_pages import asked, at_page, opened, shown

from retriever import Library, collections
from retriever.cli import cli
from retriever.collections import Collection, Shelves, read
from retriever.desk import Desk
from retriever.errors import BadQuestion, DeskError
from retriever.schema import Filters

MAP_PAGE = "retriever/ui/map.py"
QUESTION = "Do reminder letters raise bowel cancer screening uptake?"
FILES = {
    "leeds/letters.md": "# Letters in Leeds\n\nReminder letters raised bowel cancer screening "
    "uptake among Pakistani people by four percentage points.\n",
    "york.md": "# Letters in York\n\nReminder letters raised bowel cancer screening uptake among "
    "Pakistani people by nine percentage points, and costs fell.\n",
    "roads.md": "# Roads\n\nThe council mended forty miles of road.\n",
}


@pytest.fixture
def library(make_library: MakeLibrary) -> Library:
    return make_library(FILES)


@pytest.fixture
def shelves(library: Library) -> Shelves:
    found = Shelves(library.root, "Ann")
    found.make("Leeds", "for the Leeds office")
    found.add("Leeds", ["leeds/letters.md", "roads.md"])
    return found


def run(root: Path, *arguments: str) -> Result:
    result = CliRunner().invoke(cli, ["--library", str(root), *arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def data(root: Path, *arguments: str) -> Any:
    result = run(root, *arguments, "--format", "json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def quoted(library: Library, *names: str) -> set[str]:
    answer = library.ask(QUESTION, Filters(collections=names))
    return {finding.document_id for finding in answer.findings}


class TestSearching:
    def test_only_what_is_in_one_of_them_is_found(
        self, library: Library, shelves: Shelves
    ) -> None:
        assert quoted(library) == {"letters", "york"}
        assert quoted(library, "Leeds") == {"letters"}
        shelves.make("Yorkshire")
        shelves.add("Yorkshire", ["york.md"])
        assert quoted(library, "Yorkshire") == {"york"}
        assert quoted(library, "Leeds", "Yorkshire") == {"letters", "york"}

    def test_other_filters_hold_as_well(self, library: Library, shelves: Shelves) -> None:
        both = Filters(document_ids=("york",), collections=("Leeds",))
        answer = library.ask(QUESTION, both)
        assert (answer.documents_searched, answer.findings) == (0, ())

    def test_an_answer_says_what_was_searched_and_nothing_of_the_rest(
        self, library: Library, shelves: Shelves
    ) -> None:
        shelves.take_out("Leeds", ["leeds/letters.md"])
        answer = library.ask(QUESTION, Filters(collections=("Leeds",)))
        assert answer.record.collections == ("Leeds",)
        assert answer.message.startswith("What was searched of the library holds no ")
        assert not any("The library" in gap for gap in answer.gaps)

    def test_an_unknown_one_is_refused_with_the_nearest(
        self, library: Library, shelves: Shelves
    ) -> None:
        with pytest.raises(BadQuestion, match=r"no collection 'leeds'\. Did you mean Leeds\?"):
            library.search(QUESTION, filters=Filters(collections=("leeds",)))

    def test_the_map_and_the_overview_keep_to_it(
        self, library: Library, shelves: Shelves
    ) -> None:
        within = Filters(collections=("Leeds",))
        assert library.evidence_map().searched == 3
        assert library.evidence_map(filters=within).searched == 2
        overview = library.overview("bowel cancer screening", within)
        assert (overview.documents, overview.searched) == (1, 2)
        assert overview.record.collections == ("Leeds",)

    @pytest.mark.parametrize(
        "command", [["search", QUESTION], ["ask", QUESTION], ["map"], ["overview", "screening"]]
    )
    def test_the_commands_refuse_an_unknown_one_in_one_line(
        self, library: Library, shelves: Shelves, command: list[str]
    ) -> None:
        result = run(library.root, *command, "--collection", "Leds")
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr == "Error: The library has no collection 'Leds'. Did you mean Leeds?\n"

    def test_the_commands_search_within(self, library: Library, shelves: Shelves) -> None:
        found = data(library.root, "search", QUESTION, "--collection", "Leeds")
        assert {hit["document_id"] for hit in found} == {"letters", "roads"}
        answer = data(library.root, "ask", QUESTION, "--collection", "Leeds")
        assert {f["document_id"] for f in answer["findings"]} == {"letters"}
        assert answer["record"]["collections"] == ["Leeds"]
        said = run(library.root, "ask", QUESTION, "--collection", "Leeds").stdout
        assert "Searched 2 documents, 2 passages in the collection “Leeds” (index" in said


class TestChanging:
    def test_what_is_changed_is_in_the_history(self, library: Library, shelves: Shelves) -> None:
        shelves.rename("Leeds", "West  Yorkshire ", "merged")
        shelves.take_out("West Yorkshire", ["roads.md"])
        assert read(library.root) == [
            Collection("West Yorkshire", ("leeds/letters.md",), "for the Leeds office")
        ]
        shelves.delete("West Yorkshire")
        assert read(library.root) == []
        events = Desk(library.root).journal.events()
        assert [(e.action, e.who, e.documents, e.why, e.what) for e in events] == [
            ("collection", "Ann", (), "", "Made the collection “Leeds”"),
            ("collection", "Ann", ("leeds/letters.md", "roads.md"), "",
             "Put leeds/letters.md, roads.md into the collection “Leeds”"),
            ("collection", "Ann", (), "merged",
             "Renamed the collection “Leeds” to “West Yorkshire”"),
            ("collection", "Ann", ("roads.md",), "",
             "Took roads.md out of the collection “West Yorkshire”"),
            ("collection", "Ann", (), "",
             "Deleted the collection “West Yorkshire”, which named 1 document"),
        ]  # fmt: skip

    def test_each_change_can_be_undone_and_made_again(
        self, library: Library, shelves: Shelves
    ) -> None:
        desk, states = Desk(library.root), [read(library.root)]
        changes = [
            lambda: shelves.add("Leeds", ["york.md"]),
            lambda: shelves.rename("Leeds", "Yorkshire"),
            lambda: shelves.delete("Yorkshire"),
            lambda: shelves.make("Leeds"),
        ]
        events = []
        for change in changes:
            events.append(change())
            states.append(read(library.root))
        for event, state in zip(reversed(events), reversed(states[:-1]), strict=True):
            desk.undo(event.id)
            assert read(library.root) == state
        for event, state in zip(events, states[1:], strict=True):
            desk.undo(event.id)
            assert read(library.root) == state

    def test_no_later_change_is_lost_by_undoing_an_earlier_one(
        self, library: Library, shelves: Shelves
    ) -> None:
        shelves.add("Leeds", ["york.md"])
        with pytest.raises(DeskError, match="cannot be undone before change 000003"):
            Desk(library.root).undo("2")
        assert len(read(library.root)[0].documents) == 3

    @pytest.mark.parametrize("name", ["", "  ", "x" * 81, "a\x1b[2J", "LEEDS", " leeds "])
    def test_a_name_that_cannot_be_is_refused(
        self, library: Library, shelves: Shelves, name: str
    ) -> None:
        with pytest.raises(DeskError, match="name"):
            shelves.make(name)
        with pytest.raises(DeskError, match=r"no collection 'Leed'\. Did you mean Leeds"):
            shelves.rename("Leed", "Other")
        assert [one.name for one in read(library.root)] == ["Leeds"]

    def test_a_name_may_be_written_otherwise(self, library: Library, shelves: Shelves) -> None:
        shelves.rename("Leeds", "LEEDS")
        assert [one.name for one in read(library.root)] == ["LEEDS"]

    def test_documents_that_do_not_fit_are_refused(
        self, library: Library, shelves: Shelves
    ) -> None:
        before = read(library.root)
        with pytest.raises(DeskError, match=r"no file nowhere\.md"):
            shelves.add("Leeds", ["york.md", "nowhere.md"])
        with pytest.raises(DeskError, match="already"):
            shelves.add("Leeds", ["roads.md"])
        with pytest.raises(DeskError, match=r"york\.md is not in the collection"):
            shelves.take_out("Leeds", ["roads.md", "york.md"])
        assert read(library.root) == before

    @pytest.mark.parametrize(
        "text", ["{", "[]", '{"A": {"note": "", "documents": "x"}}', '{"A": 1}', '{"A": {}}']
    )
    def test_a_damaged_file_is_named(self, library: Library, shelves: Shelves, text: str) -> None:
        (library.root / collections.FILE).write_text(text)
        with pytest.raises(DeskError, match=r"collections\.json cannot be read"):
            read(library.root)
        assert quoted(library) == {"letters", "york"}

    def test_two_librarians_at_once_lose_no_edit(self, library: Library, shelves: Shelves) -> None:
        for number in range(20):
            (library.corpus / f"{number}.md").write_text(f"# Paper {number}\n\nText.\n")
        people = [
            subprocess.Popen([sys.executable, "-c", ADD_ALL, str(library.root), who, first])
            for who, first in (("Ann", "0"), ("Bea", "1"))
        ]
        assert [person.wait() for person in people] == [0, 0]
        (found,) = read(library.root)
        assert set(found.documents) == {"leeds/letters.md", "roads.md"} | {
            f"{number}.md" for number in range(20)
        }
        assert len(Desk(library.root).journal.events()) == 22


ADD_ALL = """
import sys
from pathlib import Path
from retriever.collections import Shelves
root, who, first = sys.argv[1:]
for number in range(int(first), 20, 2):
    Shelves(Path(root), who).add("Leeds", [f"{number}.md"])
"""


class TestRemovedDocuments:
    def test_it_stays_named_and_comes_back_with_the_document(
        self, library: Library, shelves: Shelves
    ) -> None:
        desk = Desk(library.root)
        desk.remove("leeds/letters.md")
        assert quoted(library, "Leeds") == set()
        rows = data(library.root, "collection", "show", "Leeds")["documents"]
        assert {row["path"]: row["state"] for row in rows} == {
            "leeds/letters.md": "removed", "roads.md": "indexed"
        }  # fmt: skip
        desk.restore("leeds/letters.md")
        assert quoted(library, "Leeds") == {"letters"}

    def test_one_that_is_purged_is_named_no_more(
        self, library: Library, shelves: Shelves
    ) -> None:
        shelves.make("Other")
        shelves.add("Other", ["roads.md"])
        desk = Desk(library.root, "Ann")
        added = shelves.add("Other", ["leeds/letters.md"])
        desk.undo(added.id)
        desk.undo(added.id)
        desk.remove("leeds/letters.md")
        purged = desk.purge("leeds/letters.md")
        assert [one.documents for one in read(library.root)] == [("roads.md",), ("roads.md",)]
        assert not any(collections.is_theirs(name) for name in purged.deleted)
        with pytest.raises(DeskError, match="cannot be undone"):
            desk.undo(purged.id)
        what = [event.what for event in desk.journal.events()][-2:]
        assert what[0] == "Took leeds/letters.md out of “Leeds”, “Other”, to delete it for good"

    def test_purging_what_no_collection_names_changes_none(
        self, library: Library, shelves: Shelves
    ) -> None:
        desk = Desk(library.root)
        desk.remove("york.md")
        desk.purge("york.md")
        assert [event.action for event in desk.journal.events()][-2:] == ["remove", "purge"]


class TestCommand:
    def test_documents_are_named_by_id_or_path(self, library: Library) -> None:
        root = library.root
        assert run(root, "collection", "make", "Towns", "--note", "for Ann").exit_code == 0
        made = run(root, "collection", "add", "Towns", "letters", "york.md", "--why", "asked")
        assert made.stdout == (
            "Put leeds/letters.md, york.md into the collection “Towns”. (Change 000002)\n"
        )
        assert data(root, "collection", "list") == [
            {"name": "Towns", "documents": ["leeds/letters.md", "york.md"], "note": "for Ann"}
        ]
        shown = run(root, "collection", "show", "Towns").stdout
        assert "for Ann" in shown
        note = ("--note", "for Ben", "--who", "Ben")
        described = data(root, "collection", "describe", "Towns", *note)
        assert described["what"] == "Changed the note of the collection “Towns”"
        assert described["who"] == "Ben"
        assert data(root, "collection", "list")[0]["note"] == "for Ben"
        again = run(root, "collection", "describe", "Towns", *note)
        assert (again.exit_code, "said already" in again.stderr) == (1, True)
        assert "Letters in Leeds" in shown
        assert run(root, "collection", "remove", "Towns", "york").exit_code == 0
        assert data(root, "collection", "rename", "Towns", "Cities")["action"] == "collection"
        assert "Cities" in run(root, "collection", "list").stdout
        assert run(root, "collection", "delete", "Cities").exit_code == 0
        assert data(root, "collection", "list") == []

    def test_a_document_that_is_not_held_is_refused_in_one_line(
        self, library: Library, shelves: Shelves
    ) -> None:
        result = run(library.root, "collection", "add", "Leeds", "yorc")
        assert result.exit_code == 1
        assert result.stderr.startswith("Error: The library holds no document 'yorc'. Did you mean")

    def test_a_document_that_is_not_indexed_yet_is_known_by_its_path(
        self, make_library: MakeLibrary
    ) -> None:
        root = make_library(FILES, index=False).root
        run(root, "collection", "make", "Towns")
        assert run(root, "collection", "add", "Towns", "york.md").exit_code == 0
        (row,) = data(root, "collection", "show", "Towns")["documents"]
        assert (row["path"], row["state"]) == ("york.md", "not indexed yet")
        assert "no file york below" in run(root, "collection", "add", "Towns", "york").stderr


class TestPage:
    def test_a_collection_is_a_filter_in_the_address(
        self, library: Library, shelves: Shelves, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        app = asked(opened(library.root, monkeypatch), QUESTION, collection="Leeds")
        assert app.multiselect(key="collection").value == ["Leeds"]
        assert app.expander[0].label == "Filters (1 in use)"
        assert "Letters in Leeds" in shown(app)
        assert "Letters in York" not in shown(app)
        app.multiselect(key="collection").set_value([])
        app.button[0].click().run()
        assert "collection" not in app.query_params
        assert "Letters in York" in shown(app)

    def test_a_collection_chosen_goes_into_the_address_until_it_is_deleted(
        self, library: Library, shelves: Shelves, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        app = asked(opened(library.root, monkeypatch), QUESTION)
        app.multiselect(key="collection").set_value(["Leeds"])
        app.button[0].click().run()
        assert app.query_params["collection"] == "Leeds"
        shelves.delete("Leeds")
        assert "“Leeds”, which no document here has. That filter was left out" in shown(app.run())

    def test_the_map_keeps_to_the_collection_in_its_address(
        self, library: Library, shelves: Shelves, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        app = at_page(opened(library.root, monkeypatch), MAP_PAGE, collection="Leeds")
        assert app.multiselect(key="collection").value == ["Leeds"]
        assert "2 documents looked through" in shown(app)
        at_page(app, MAP_PAGE, row="bowel-screening", group="pakistani")
        assert "Only documents that the filters let through: in “Leeds”." in shown(app)

    def test_a_map_of_an_unknown_collection_is_not_drawn(
        self, library: Library, shelves: Shelves, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        said = shown(at_page(opened(library.root, monkeypatch), MAP_PAGE, collection="Leds"))
        assert "The map cannot be drawn" in said
        assert "Did you mean Leeds?" in said

    def test_a_damaged_file_of_collections_keeps_nobody_from_asking(
        self, library: Library, shelves: Shelves, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (library.root / collections.FILE).write_text("{")
        said = shown(asked(opened(library.root, monkeypatch), QUESTION))
        assert "collections.json cannot be read" in said
        assert "Letters in York" in said
