"""How long the keeping of a large library takes: correct, remove, add a document, and be read.

    python -m benchmarks.keeping [--documents 10000] [--times 5] [--profile]

Processor seconds are those of this process; on a busy machine they say more than the clock. "x
peer" compares them with the first peer's.

The library (`varied.py`) is made on the first run, which takes some minutes. Each figure is a
median in one process that holds the library open, as the page does. Peers, in the same run:
reading, hashing and writing the index's files, and one document's passages put into an SQLite FTS5
table that holds the others. `--profile` says where the time of adding goes.
"""

from __future__ import annotations

import argparse
import cProfile
import hashlib
import itertools
import math
import os
import pstats
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from benchmarks import varied
from retriever import Library
from retriever.desk import Desk, NewFile

REWRITE = "peer: read, hash, write the index's files"
QUESTION = "What increases bowel cancer screening uptake in deprived areas?"
Times = dict[str, list[tuple[float, float]]]
"""What was done -> for each time its seconds, and the seconds of a processor that it took."""


@contextmanager
def timed(times: Times, what: str) -> Iterator[None]:
    """Add the block's seconds to the list of `what`."""
    begun = time.perf_counter(), time.process_time()
    yield
    seconds = time.perf_counter() - begun[0], time.process_time() - begun[1]
    times.setdefault(what, []).append(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=10_000)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--profile", action="store_true")
    chosen = parser.parse_args()
    library = varied.varied(chosen.documents)
    times: Times = {}
    fresh = Library.open(library.root)
    with timed(times, "open the index in a new process"):
        searcher = fresh.searcher()
    with timed(times, "the first answer in a new process"):
        fresh.ask(QUESTION)
    passages = len(searcher.generation.passages)
    print(f"{len(searcher.files)} documents, {passages} passages, load {os.getloadavg()[0]:.1f}")
    for path in _quoted(fresh, chosen.times):
        _read(fresh, times)
        _edit(fresh, times, path)
        _remove(fresh, times, path)
    profile = cProfile.Profile() if chosen.profile else None
    for number in range(chosen.times):
        _add(fresh, times, number, profile)
    _peers(fresh, times)
    _print(times)
    if profile:
        pstats.Stats(profile).sort_stats("cumulative").print_stats(45)


def _print(times: Times) -> None:
    rewrite = median(cpu for _, cpu in times[REWRITE])
    print(f"{'seconds':44} {'median':>8} {'least':>8} {'most':>8} {'processor':>10} {'x peer':>7}")
    for what, found in times.items():
        seconds, processor = [wall for wall, _ in found], median(cpu for _, cpu in found)
        print(
            f"{what:44} {median(seconds):8.3f} {min(seconds):8.3f} {max(seconds):8.3f} "
            f"{processor:10.3f} {processor / rewrite:7.2f}"
        )


def _read(library: Library, times: Times) -> None:
    with timed(times, "Library page: entries()"):
        library.entries()
    library.ask(QUESTION)
    with timed(times, "a question asked again"):
        library.ask(QUESTION)


def _quoted(library: Library, count: int) -> list[str]:
    """Paths of documents that an answer to their title quotes, spread over the library."""
    entries = library.entries()
    spread = entries[:: max(1, len(entries) // (4 * count))]
    found = (e.path for e in spread if _shown(library, e.metadata.title))
    return list(itertools.islice(found, count))


def _edit(library: Library, times: Times, path: str) -> None:
    """Correct a year and ask for the document; undo it."""
    desk = Desk(library.root, "Ann")
    title = _title(library, path)
    with timed(times, "edit a record, and the answer showing it"):
        with timed(times, "  of which the edit"):
            event = desk.edit(path, {"year": 1990})
        assert 1990 in [f.year for f in library.ask(title).findings]
    desk.undo(event.id)


def _remove(library: Library, times: Times, path: str) -> None:
    """Remove a document and ask for it; bring it back."""
    desk = Desk(library.root, "Ann")
    title = _title(library, path)
    with timed(times, "remove a document, and the answer without it"):
        with timed(times, "  of which the removal"):
            desk.remove(path)
        assert not _shown(library, title)
    desk.restore(path)


def _add(library: Library, times: Times, number: int, profile: cProfile.Profile | None) -> None:
    """Add a document, index it and ask for it; take it out again."""
    desk = Desk(library.root, "Ann")
    text, _ = varied.document(varied.bases()[number], 1_000_000 + time.time_ns())
    title = text.split("\n", 1)[0].removeprefix("# ")
    with tempfile.TemporaryDirectory() as folder:
        content = Path(folder) / "new.md"
        content.write_text(text, encoding="utf-8")
        with timed(times, "add a document: Desk.add"):
            (event,) = desk.add([NewFile(content, f"area-03/added-{number}.md", {"title": title})])
    with timed(times, "add a document: Library.index"):
        report = profile.runcall(library.index) if profile else library.index()
    for stage, seconds in report.seconds.items():
        times.setdefault(f"  of which {stage}", []).append((seconds, math.nan))
    with timed(times, "add a document: the answer after it"):
        library.ask(title[-900:])
    assert title in {hit.title for hit in library.search(title[-900:])}
    desk.undo(event.id)
    with timed(times, "take one out: Library.index"):
        library.index()
    with timed(times, "nothing changed: Library.index"):
        library.index()


def _title(library: Library, path: str) -> str:
    return next(e.metadata.title for e in library.entries() if e.path == path)


def _shown(library: Library, title: str) -> bool:
    """Whether an answer to a title quotes its document."""
    return title in {finding.title for finding in library.ask(title[-900:]).findings}


def _peers(library: Library, times: Times) -> None:
    folder = library.index_folder / "generations"
    with tempfile.TemporaryDirectory(dir=library.root) as place:
        for number in range(3):
            with timed(times, REWRITE):
                _rewrite(folder, Path(place) / str(number))
        texts = [p.text for p in library.searcher().generation.passages]
        with sqlite3.connect(Path(place) / "fts.sqlite") as table:
            table.execute("CREATE VIRTUAL TABLE passages USING fts5(text, tokenize = 'porter')")
            _insert(table, texts)
            for _ in range(3):
                with timed(times, "peer: one document into SQLite FTS5"):
                    _insert(table, texts[:6])


def _rewrite(folder: Path, target: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            hashlib.sha256(content).hexdigest()
            new = target / path.relative_to(folder)
            new.parent.mkdir(parents=True, exist_ok=True)
            new.write_bytes(content)
    shutil.rmtree(target)


def _insert(table: sqlite3.Connection, texts: list[str]) -> None:
    table.executemany("INSERT INTO passages VALUES (?)", [(text,) for text in texts])
    table.commit()


if __name__ == "__main__":
    main()
