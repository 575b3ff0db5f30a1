"""The page Metadata in bulk without a browser."""

from __future__ import annotations

import csv
import io
import json

import pytest
import rispy
from streamlit.testing.v1 import AppTest
from test_ui_keep import library, press
from test_ui_pages import at_page, opened, shown

from retriever import Library
from retriever.desk import Desk

__all__ = ["library"]  # a fixture, shared with the other librarians' pages

PAGE = "retriever/ui/metadata.py"
RIS = b"""TY  - RPRT
TI  - Screening policy
AU  - M\xc3\xbcller, Zo\xc3\xab
PY  - 2021
PB  - Another Department
ER  -
TY  - RPRT
TI  - Zeppelins over the town
ER  -
"""
TABLE = b"path,publisher,year\npolicy.md,Town Hall,2024\nnotes.html,Town Hall,soon\n"


@pytest.fixture
def app(library: Library, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    return at_page(opened(library.root, monkeypatch), PAGE)


def give(app: AppTest, name: str, content: bytes) -> str:
    app.file_uploader(key="given").set_value([(name, content, "application/octet-stream")])
    return shown(app.run())


def test_references_are_tried_first_and_change_what_is_not_stated(
    app: AppTest, library: Library
) -> None:
    said = give(app, "zotero.ris", RIS)
    assert "Documents that would change: 1. With nothing to change: 0." in said
    assert "Müller" in said
    assert "Kept, because it is stated otherwise: 1" in said
    assert "Zeppelins over the town" in said
    assert Desk(library.root).journal.events() == []
    app.text_input(key="who_changes").set_value("Ann").run()
    app.text_input(key="why-bulk").set_value("from Zotero")
    press(app, "carry-out")
    (event,) = Desk(library.root).journal.events()
    assert (event.who, event.why, event.documents) == ("Ann", "from Zotero", ("policy.md",))
    metadata = library.document("policy").metadata
    assert (metadata.authors, metadata.publisher) == (("Müller, Zoë",), "Department of Examples")
    assert "Documents changed: 1." in shown(app)
    assert "Readers see it at once" in shown(app)


def test_references_may_be_told_to_change_what_is_stated(app: AppTest, library: Library) -> None:
    app.checkbox(key="overwrite").check().run()
    give(app, "zotero.ris", RIS)
    press(app, "carry-out")
    assert library.document("policy").metadata.publisher == "Another Department"


def test_a_table_sets_what_it_has_and_names_what_it_cannot(app: AppTest, library: Library) -> None:
    said = give(app, "list.csv", TABLE)
    assert "Could not be used: 1" in said
    assert "soon" in said
    press(app, "carry-out")
    metadata = library.document("policy").metadata
    assert (metadata.year, metadata.publisher) == (2024, "Town Hall")


def test_a_file_of_another_kind_says_what_to_give(app: AppTest, library: Library) -> None:
    said = give(app, "list.docx", b"nothing of the kind")
    assert "list.docx cannot be used" in said
    assert "Export the references again, as RIS." in said
    assert Desk(library.root).journal.events() == []


def test_what_is_known_is_taken_out(app: AppTest, library: Library) -> None:
    from retriever.ui.metadata import _written

    titles = {entry.metadata.title for entry in library.entries() if entry.metadata.title}
    rows = csv.DictReader(io.StringIO(_written(library, "csv").decode("utf-8-sig")))
    assert {row["title"] for row in rows} - {""} == titles
    assert {row["title"] for row in rispy.loads(_written(library, "ris").decode())} <= titles
    assert len(json.loads(_written(library, "json"))) == len(library.entries())
