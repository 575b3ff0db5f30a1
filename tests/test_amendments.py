"""What librarians change is seen by readers at once, before the index is built again."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from conftest import MakeLibrary

from retriever import Library
from retriever.corpus import Known, scan
from retriever.desk import Desk
from retriever.errors import UnknownDocument
from retriever.indexing import code_fingerprint
from retriever.schema import Filters
from retriever.store import Store

DOCUMENTS = {
    "letters.md": "# Letters and screening\n\nLetters raised uptake of bowel screening by 4%.\n",
    "letters.toml": 'title = "Letters"\nyear = 2019\n',
    "calls.md": "# Calls and screening\n\nCalls raised uptake of bowel screening by 9%.\n",
}
ASKED = "What raised uptake of bowel screening?"


@pytest.fixture
def library(make_library: MakeLibrary) -> Library:
    return make_library(DOCUMENTS)


def quoted(library: Library) -> dict[str, str]:
    """Document -> what is quoted from it."""
    return {finding.document_id: finding.quote for finding in library.ask(ASKED).findings}


def test_a_correction_shows_in_answers_lists_and_filters(library: Library) -> None:
    library.ask(ASKED)
    before = library.index_id
    desk = Desk(library.root, "Ann")
    edit = desk.edit("letters.md", {"year": 2021, "title": "Letters, corrected"})
    (found,) = library.ask(ASKED, Filters(year_from=2020)).findings
    assert (found.title, found.year) == ("Letters, corrected", 2021)
    assert library.document("letters").metadata.year == 2021
    assert [e.metadata.year for e in library.entries() if e.document_id == "letters"] == [2021]
    assert library.index_id == before
    desk.undo(edit.id)
    assert library.document("letters").metadata.year == 2019


def test_a_superseded_document_carries_its_warning(library: Library) -> None:
    Desk(library.root).supersede("letters.md", "calls.md", "calls")
    findings = {finding.document_id: finding for finding in library.ask(ASKED).findings}
    assert findings["letters"].successor == "calls"
    assert list(findings) == ["calls", "letters"]


def test_a_removed_document_is_not_quoted_and_comes_back(library: Library) -> None:
    before = quoted(library)
    assert set(before) == {"letters", "calls"}
    desk = Desk(library.root)
    desk.remove("letters.md")
    assert set(quoted(library)) == {"calls"}
    with pytest.raises(UnknownDocument):
        library.document("letters")
    desk.restore("letters.md")
    assert quoted(library) == before


def test_the_old_text_of_a_replaced_file_is_not_quoted(library: Library, tmp_path: Path) -> None:
    better = tmp_path / "better.md"
    better.write_text("# On letters\n\nLetters raised uptake of bowel screening by 6%.\n")
    desk = Desk(library.root)
    replaced = desk.replace("letters.md", better)
    assert set(quoted(library)) == {"calls"}
    library.index()
    assert "by 6%" in quoted(library)["letters"]
    desk.undo(replaced.id)
    assert set(quoted(library)) == {"calls"}
    library.index()
    assert "by 4%" in quoted(library)["letters"]


def test_a_correction_shows_among_many_that_were_made_before(make_library: MakeLibrary) -> None:
    """Where many documents were changed, what is known of files says which need a look."""
    many = {f"d{number}.md": f"# D{number}\n\nText {number}.\n" for number in range(150)}
    library = make_library(DOCUMENTS | many)
    files = scan(library.corpus, now=time.time_ns() + 10**11)
    known = {f.path: Known(f.stamp, f.sha256, f.sidecar_sha256, f.id) for f in files}
    with Store.open(library.index_folder / "store.sqlite") as store:
        store.save_known_files(code_fingerprint(), known)
    desk = Desk(library.root)
    with desk.journal.changing() as change:
        change.make("edit", [*many, "letters.md"], "Changed all", "Ann")
    assert library.document("letters").metadata.year == 2019
    (library.corpus / "letters.toml").write_text("year = 2020\n")  # as an edit writes it
    fresh = Library.open(library.root)
    assert fresh.document("letters").metadata.year == 2020
    desk.edit("letters.md", {"year": 2021})
    desk.edit("d7.md", {"year": 1999})
    assert fresh.document("letters").metadata.year == 2021
    assert fresh.document("d7").metadata.year == 1999
    fresh.index()
    desk.edit("calls.md", {"year": 2003})
    years = {e.document_id: e.metadata.year for e in fresh.entries()}
    assert (years["letters"], years["d7"], years["calls"]) == (2021, 1999, 2003)


def test_a_history_that_was_put_back_is_read_from_its_beginning(library: Library) -> None:
    desk = Desk(library.root)
    desk.edit("letters.md", {"year": 2020})
    history = library.root / "keeping" / "history.jsonl"
    saved = history.read_bytes()
    desk.edit("letters.md", {"year": 2021})
    assert library.document("letters").metadata.year == 2021
    history.write_bytes(saved)
    assert library.document("letters").metadata.year == 2021
    (library.corpus / "letters.toml").write_text("year = 2022\n")
    desk.edit("calls.md", {"year": 2003})
    assert library.document("letters").metadata.year == 2022


def test_nothing_of_a_purged_document_is_left_in_any_file(
    make_library: MakeLibrary,
) -> None:
    words = {"secret.md": "# Zanzibar ferries\n\nQuokkas raised uptake of bowel screening by 8%.\n"}
    library = make_library(DOCUMENTS | words)
    desk = Desk(library.root)
    desk.remove("secret.md")
    desk.purge("secret.md")
    library.index()
    for path in library.root.rglob("*"):
        content = path.read_bytes().lower() if path.is_file() else b""
        assert b"quokka" not in content, path
        assert b"zanzibar" not in content, path
