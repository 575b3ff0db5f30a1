"""A document that was deleted for good is in no file below the library's folder."""

from __future__ import annotations

import hashlib
import json
import os
import time
from pathlib import Path

import pytest
from conftest import MakeLibrary

from retriever import Library
from retriever.connectors import keep
from retriever.connectors.records import Record
from retriever.desk import Desk, NewFile
from retriever.editions import Shelf, catch_up
from retriever.errors import DeskError
from retriever.incoming import Incoming
from retriever.intake import Given
from retriever.judging import FOLDER
from retriever.purging import purge
from retriever.replacing import replace
from retriever.schema import to_dict
from retriever.work import Work

FIRST = "# Visits\n\nZibeline nurses visited households and uptake of screening rose by 9%.\n"
SECOND = "# Visits\n\nQuokka nurses visited households and uptake of screening rose by 8%.\n"
THEIRS = ("zibeline", "quokka", "wombat press", "okapi house", "narwhal")
"""Words of what is deleted, and of what was stated and said of it."""


@pytest.fixture
def library(make_library: MakeLibrary) -> Library:
    return make_library({"calls.md": "# Calls\n\nCalls raised uptake of screening by 5%.\n"})


def found(root: Path, *words: str) -> dict[str, list[str]]:
    """Which words are in which files below the library's folder."""
    held = {path: path.read_bytes().lower() for path in root.rglob("*") if path.is_file()}
    return {
        word: [path.relative_to(root).as_posix() for path in held if word.encode() in held[path]]
        for word in words
    }


def fetched(root: Path, content: bytes) -> Record:
    """The record of a file that came from the web."""
    place = "https://example.org/visits.md"
    values = {"publisher": "Okapi House"}
    digest = hashlib.sha256(content).hexdigest()
    return Record("visits.md", "web", place, place, place, "Visits", sha256=digest,
                  size=len(content), values=values)  # fmt: skip


def lived_through(library: Library) -> Desk:
    """A document with all that may come to be of it: copies, versions, records, grades, logs."""
    root, text = library.root, FIRST.encode()
    incoming, desk = Incoming(root, "Ann"), Desk(root, "Ann")
    limits = library.settings.reading
    waits = incoming.take_in([Given("visits.md", text)], limits)
    incoming.read(waits.id, limits)
    record = to_dict(fetched(root, text))
    other = root / "visits-new.md"
    other.write_bytes(text)
    desk.add([NewFile(other, "visits.md", {"publisher": "Wombat Press"})])
    other.unlink()
    for folder in (keep.INCOMING, keep.ACCEPTED):
        (root / folder).mkdir(exist_ok=True)
        (root / folder / "visits.md.json").write_text(json.dumps(record))
    (root / keep.INCOMING / "visits.md").write_bytes(text)
    desk.edit("visits.md", {"publisher": "Okapi House", "id": "home-visits"})
    library.index()
    catch_up(library.index_folder)
    grades = root / FOLDER
    grades.mkdir()
    ours = {"question": "q", "question_id": "q", "grade": 3}
    lines = [
        ours | {"document_id": "home-visits", "quote": "Zibeline nurses"},
        ours | {"document_id": "calls", "quote": "Calls raised uptake"},
    ]
    (grades / "ann.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    replace(desk, "visits.md", Given("visits.md", SECOND.encode()), limits)
    library.index()
    return desk


def crashed(root: Path, batch: Path) -> None:
    """What killed processes leave."""
    torn = "Narwhal: words of nobody knows what."
    for place in (
        root / keep.INCOMING / ".0123456789ab.part",
        root / keep.INCOMING / ".0123456789ab.json",
        root / keep.INCOMING / ".closed-1" / "files" / "a.md",
        root / keep.INCOMING / ".taking-999999999-ab" / "placed" / "a.md",
        batch / "read" / f".{'0' * 32}.new",
    ):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(torn)


def test_no_file_holds_a_word_of_it(library: Library) -> None:
    desk, root = lived_through(library), library.root
    (batch,) = Incoming(root).batches()
    crashed(root, root / keep.INCOMING / batch.id)
    job = Work(root).start("index", "Ann")
    Work(root).follow(job.id, lambda _: None)
    (root / "keeping/work" / f"{job.id}.log").write_text("Narwhal: a parser's warning.\n")
    assert all(found(root, *THEIRS).values())
    desk.remove("visits.md")
    purge(desk, "visits.md", "asked for")
    library.index()
    assert found(root, *THEIRS) == {word: [] for word in THEIRS}
    assert [one.path for one in Shelf.of_library(library.index_folder).known] == ["calls.md"]
    (file,) = Incoming(root).batch(batch.id).files
    assert (file.outcome, file.sketch) == ("left-out", "")
    assert "visits.md, which was deleted for good" in file.reason
    assert "Calls raised uptake" in (root / FOLDER / "ann.jsonl").read_text()
    last = desk.journal.events()[-1]
    assert (last.action, last.documents, last.who, last.why) == (
        "purge", ("visits.md",), "Ann", "asked for"
    )  # fmt: skip


def test_what_another_document_has_too_stays(library: Library) -> None:
    root, desk = library.root, Desk(library.root)
    twin = root / "twin.md"
    twin.write_text(FIRST)
    desk.add([NewFile(twin, "visits.md", {})])
    library.index()
    desk.remove("visits.md")
    desk.add([NewFile(twin, "other/visits.md", {})])
    library.index()
    (root / keep.ACCEPTED).mkdir()
    record = json.dumps(to_dict(fetched(root, FIRST.encode())))
    (root / keep.ACCEPTED / "visits.md.json").write_text(record)
    (root / FOLDER).mkdir()
    graded = json.dumps({"document_id": "visits", "quote": "Zibeline nurses"})
    (root / FOLDER / "ann.jsonl").write_text(graded + "\n")
    purge(desk, "visits.md")
    assert (root / keep.ACCEPTED / "visits.md.json").exists()
    assert graded in (root / FOLDER / "ann.jsonl").read_text()
    assert (library.corpus / "other/visits.md").exists()


def test_what_is_in_the_library_loses_nothing(library: Library) -> None:
    desk = lived_through(library)
    before = found(library.root, *THEIRS)
    with pytest.raises(DeskError, match="Remove it first"):
        purge(desk, "visits.md")
    assert found(library.root, *THEIRS) == before


def test_a_file_that_is_deleted_while_it_is_read_does_not_come_back(library: Library) -> None:
    incoming, limits = Incoming(library.root, "Ann"), library.settings.reading
    batch = incoming.take_in([Given("a.md", FIRST.encode()), Given("b.md", b"# B\n\nB.\n")], limits)
    digest = hashlib.sha256(FIRST.encode()).hexdigest()
    incoming.read(batch.id, limits, lambda _: incoming.forget([digest], "deleted for good"))
    assert [file.outcome for file in incoming.batch(batch.id).files] == ["left-out", "ready"]
    assert found(library.root, "zibeline") == {"zibeline": []}


def test_what_broke_off_long_ago_goes_with_the_next_fetch(tmp_path: Path) -> None:
    old, new = tmp_path / ".aaaaaaaaaaaa.part", tmp_path / ".bbbbbbbbbbbb.part"
    for path, days in ((old, 40), (new, 2)):
        path.write_text("half")
        then = time.time() - days * 86_400
        os.utime(path, (then, then))
    keep.drop_parts(tmp_path, keep.STALE)
    assert (old.exists(), new.exists()) == (False, True)
