"""The page Collections without a browser."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest
from test_ui_keep import library, press
from test_ui_pages import at_page, links, opened, shown

from retriever import Library
from retriever.collections import Shelves, find, read
from retriever.desk import Desk

__all__ = ["library"]  # a fixture, shared with the other librarians' pages

PAGE = "retriever/ui/shelves.py"


@pytest.fixture
def app(library: Library, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    return at_page(opened(library.root, monkeypatch), PAGE)


def field(app: AppTest, kind: str, label: str) -> object:
    return next(one for one in getattr(app, kind) if one.label == label)


def test_a_collection_is_made_filled_and_described(app: AppTest, library: Library) -> None:
    app.text_input(key="who_changes").set_value("Ann").run()
    app.text_input(key="new-0-name").set_value("  Leeds   North ")
    app.text_input(key="new-0-note").set_value("For the ICB")
    press(app, "make")
    assert "Made the collection “Leeds North” (change 1)" in shown(app)
    assert app.selectbox(key="collection").value == "Leeds North"
    field(app, "multiselect", "Documents in it").set_value(["policy.md", "notes.html"])
    field(app, "text_input", "What it is for").set_value("For Leeds")
    press(app, "save")
    one = find(library.root, "Leeds North")
    assert (one.note, one.documents) == ("For Leeds", ("notes.html", "policy.md"))
    assert {event.who for event in Desk(library.root).journal.events()} == {"Ann"}
    assert links(app)["Screening policy"] == "document?file=policy.md"
    field(app, "text_input", "Name").set_value("Leeds")
    field(app, "multiselect", "Documents in it").set_value(["policy.md"])
    press(app, "save")
    assert find(library.root, "Leeds").documents == ("policy.md",)
    assert app.query_params["collection"] == "Leeds"
    press(app, "save")
    assert "Nothing in the form differs" in shown(app)


def test_what_somebody_else_changed_meanwhile_stays(app: AppTest, library: Library) -> None:
    shelves = Shelves(library.root, "Bea")
    shelves.make("Leeds", "one")
    shelves.add("Leeds", ["policy.md"])
    app.run()
    shelves.add("Leeds", ["old.md"])
    field(app, "text_input", "What it is for").set_value("two")
    press(app, "save")
    one = find(library.root, "Leeds")
    assert (one.note, one.documents) == ("two", ("old.md", "policy.md"))


def test_a_name_that_is_taken_or_none_is_refused(app: AppTest, library: Library) -> None:
    Shelves(library.root).make("Leeds")
    for name, message in (("leeds", "“Leeds” already"), (" ", "is no name for a collection")):
        app.text_input(key="new-0-name").set_value(name)
        press(app, "make")
        assert message in shown(app)
    assert [one.name for one in read(library.root)] == ["Leeds"]


def test_a_deletion_is_asked_about_first_and_can_be_undone(
    app: AppTest, library: Library
) -> None:
    Shelves(library.root).make("Leeds")
    app.run()
    press(app, "ask-delete-Leeds")
    assert "its documents stay in the library" in shown(app)
    press(app, "yes-delete-Leeds")
    assert read(library.root) == []
    desk = Desk(library.root)
    desk.undo(desk.journal.events()[-1].id)
    assert [one.name for one in read(library.root)] == ["Leeds"]


def test_a_document_that_was_removed_stays_named(app: AppTest, library: Library) -> None:
    shelves = Shelves(library.root)
    shelves.make("Leeds")
    shelves.add("Leeds", ["policy.md"])
    Desk(library.root).remove("policy.md")
    app.run()
    assert "policy.md (not in the index)" in shown(app)
