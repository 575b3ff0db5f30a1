"""What reading a file gave before it was added is handed to the index, which is the same then."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from conftest import MakeLibrary
from mixed_files import docx, page, pdf

from retriever import Library
from retriever.incoming import Incoming
from retriever.intake import Given

NEW = {
    "calls.pdf": pdf("Calls by telephone raised uptake by 7%.", "They cost two pounds.", title="C"),
    "visits.docx": docx("Visits", "Visits raised uptake by 9% in Ashby."),
    "letters.html": page("Letters", "Letters raised uptake by 4% in Beeston."),
    "kits.md": b"# Kits\n\nKits by post raised uptake by 3%.\n",
}


@pytest.fixture
def library(make_library: MakeLibrary) -> Library:
    library = make_library({"held.md": "# Held\n\nSome text on screening that is held.\n"})
    incoming = Incoming(library.root, "Ann")
    given = [Given(name, content) for name, content in NEW.items()]
    batch = incoming.take_in(given, library.settings.reading)
    for file in incoming.read(batch.id, library.settings.reading).files:
        incoming.accept(batch.id, file.number)
    return library


def handed(library: Library) -> list[Path]:
    return sorted((library.index_folder / "read").glob("*"))


def test_the_index_is_the_same_as_if_it_had_read_them_itself(library: Library) -> None:
    assert len(handed(library)) == len(NEW)
    ours = library.index().index
    assert handed(library) == []
    shutil.rmtree(library.index_folder)
    assert library.index().index == ours


def test_what_was_read_is_taken_as_it_lies_there(library: Library) -> None:
    (kits,) = [path for path in handed(library) if "Kits by post" in path.read_text("utf-8")]
    kits.write_text(kits.read_text("utf-8").replace("by post", "by bike"), "utf-8")
    library.index()
    assert "Kits by bike" in library.document("kits").text


@pytest.mark.parametrize("torn", ["", "{", '{"media_type": "text/markdown"}', "[]"])
def test_what_a_crash_left_half_written_is_read_again(library: Library, torn: str) -> None:
    for path in handed(library):
        path.write_text(torn)
    library.index()
    assert "Kits by post" in library.document("kits").text
    assert handed(library) == []


def test_other_limits_of_reading_read_again(library: Library) -> None:
    settings = library.root / "retriever.toml"
    settings.write_text(settings.read_text() + "\n[reading]\nmax_pages = 1\n")
    other = Library.open(library.root)
    outcomes = {row.path: row.outcome for row in other.index().documents}
    assert outcomes["calls.pdf"] == "failed"
