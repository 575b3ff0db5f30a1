"""Kills the indexer, or a librarian's changes, at random moments; nothing may be lost or half done.

    python -m benchmarks.killing --times 50
    python -m benchmarks.killing --desk --times 100

The first kills runs of the indexer; each time the index must open and answer. The second kills a
process that adds, edits, replaces, removes, brings back, undoes, purges and indexes without end.
After each kill the library must answer; after the next change every file must be where the history
says, whole, with no lock and nothing half done left behind.
"""

from __future__ import annotations

import argparse
import collections
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from filelock import FileLock

from benchmarks import libraries, varied
from retriever import Library
from retriever.desk import Desk, NewFile
from retriever.errors import DeskError
from retriever.journal import KEEPING
from retriever.loaders.sidecar import read_sidecar

QUESTION = "What increases bowel cancer screening uptake in deprived areas?"
WHOLE = "\n\nThis is where the document ends.\n"
AT_WORK = 0.08  # seconds; the longest from the beginning of a change to the kill
MOST = 12  # changes that a process at the desk begins
DOINGS = {"add": 3, "edit": 3, "replace": 2, "remove": 2, "restore": 1, "undo": 2, "purge": 1,
          "index": 1}  # how often each is tried


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--desk", action="store_true", help="kill changes, not indexing alone")
    parser.add_argument("--at-work", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    rng = random.Random(chosen.seed)
    if chosen.at_work:
        work(chosen.at_work, rng)
    with tempfile.TemporaryDirectory() as folder:
        (kill_at_desk if chosen.desk else kill_indexing)(Path(folder), rng, chosen.times)


def kill_indexing(root: Path, rng: random.Random, times: int) -> None:
    """Kill runs of the indexer."""
    shutil.copytree(libraries.PROJECT / "corpus" / "starter", root / "corpus")
    library = Library.open(root)
    library.index()
    _change(root, rng)
    whole = _run_for(root, None)
    killed = answered = 0
    for _ in range(times):
        _change(root, rng)
        killed += _run_for(root, rng.uniform(0, whole)) is None
        answered += library.ask(QUESTION).outcome == "answered"
        Library.open(root).searcher()
    library.index()
    states = {check.name: check.severity for check in library.check()}
    print(
        f"a whole run takes {whole:.1f} s; {times} runs begun, {killed} killed before their "
        f"end; opened and answered after {answered}; check at the end: {states}"
    )


def _change(root: Path, rng: random.Random) -> None:
    """Give a third of the documents new text or a new title, so that there is work to do."""
    for path in sorted((root / "corpus").glob("*.md")):
        if rng.random() < 1 / 3:
            text = path.read_text("utf-8")
            path.write_text(f"{text}\n\nChanged for the {rng.random()}th time.\n", encoding="utf-8")


def _run_for(root: Path, seconds: float | None) -> float | None:
    """Index in another process, killed after `seconds`; how long it took, or None if killed."""
    command = [sys.executable, "-m", "retriever.cli", "--library", str(root), "index"]
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return None
    return time.perf_counter() - begun


def kill_at_desk(root: Path, rng: random.Random, times: int) -> None:
    """Kill a process that changes the library."""
    (root / "corpus").mkdir()
    (root / "retriever.toml").write_text('[embedder]\nmodel = "hashing"\n', encoding="utf-8")
    for number in range(30):
        text, sidecar = varied.document(varied.bases()[number], number)
        path = root / "corpus" / f"d{number:02d}.md"
        path.write_text(text + WHOLE, encoding="utf-8")
        path.with_suffix(".toml").write_text(sidecar, encoding="utf-8")
    begin = files_below(root, "corpus")
    library = Library.open(root)
    library.index()
    amidst: collections.Counter[str] = collections.Counter()
    wrong: list[str] = []
    half = 0
    for number in range(times):
        amidst[_killed(root, rng)] += 1
        half += (root / KEEPING / "pending.json").exists()
        library.ask(QUESTION)
        quoted = {hit.passage.document_id for hit in library.search(QUESTION)}
        if not quoted or any(not library.file_of(document).exists() for document in quoted):
            wrong.append(f"kill {number}: nothing is found, or what is gone")
        Desk(root, "Bea").edit(_there(library)[0], {"year": 2000 + number % 20})
        wrong += [f"kill {number}: {problem}" for problem in problems(root, begin)]
    library.index()
    states = {check.name: check.severity for check in library.check()}
    events = collections.Counter(event.action for event in Desk(root).journal.events())
    print(f"{times} kills, while at {dict(amidst)}; {half} in the midst of a change of files")
    print(f"{sum(events.values())} changes in the history: {dict(events)}; check: {states}")
    print(f"wrong: {len(wrong)}", *wrong[:20], sep="\n")


def _killed(root: Path, rng: random.Random) -> str:
    """Let a process work at the desk and kill it in one of its first changes; which that was."""
    command = [sys.executable, "-m", "benchmarks.killing", "--at-work", str(root)]
    process = subprocess.Popen(
        [*command, "--seed", str(rng.random())[2:9]], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for _ in range(rng.randint(1, MOST)):
        doing = process.stdout.readline().strip()
    # Most changes take some hundredths of a second, an index one second.
    time.sleep(rng.uniform(0, AT_WORK * (10 if doing == "index" else 1)))
    process.kill()
    process.stdout.close()
    process.wait()
    return doing


def work(root: Path, rng: random.Random) -> None:
    """Change the library without end, each change announced on standard output."""
    library, desk = Library.open(root), Desk(root, "Ann")
    with tempfile.TemporaryDirectory() as folder:
        while True:
            (doing,) = rng.choices(list(DOINGS), DOINGS.values())
            print(doing, flush=True)
            try:
                _do(doing, library, desk, rng, Path(folder) / "new.md")
            except DeskError:  # that change cannot be undone; another one is tried
                continue


def _do(doing: str, library: Library, desk: Desk, rng: random.Random, new: Path) -> None:
    there, removed = _there(library), desk.removed()
    if doing in ("add", "replace"):
        text, _ = varied.document(rng.choice(varied.bases()), rng.randrange(10**9))
        new.write_text(text + WHOLE, encoding="utf-8")
    if doing == "index":
        library.index()
    elif doing == "add":
        desk.add([NewFile(new, f"new-{time.time_ns()}.md", {"title": "New", "year": 2020})])
    elif doing == "replace":
        desk.replace(rng.choice(there), new)
    elif doing == "edit":
        desk.edit(rng.choice(there), {"year": rng.randint(1990, 2026)})
    elif doing == "remove" and len(there) > 20:
        desk.remove(rng.choice(there))
    elif doing == "restore" and removed:
        desk.restore(rng.choice(removed).path)
    elif doing == "purge" and len(removed) > 3:
        desk.purge(removed[-1].path)
    elif doing == "undo" and (events := desk.journal.events()):
        desk.undo(rng.choice(events[-10:]).id)


def _there(library: Library) -> list[str]:
    return sorted(path.name for path in library.corpus.glob("*.md"))


def files_below(root: Path, *folders: str) -> set[str]:
    """Every file below some folders of the library."""
    found = (path for folder in folders for path in (root / folder).rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix() for path in found}


def problems(root: Path, begin: set[str]) -> list[str]:
    """Whatever is not as it should be when nobody is at work.

    Args:
        root: The library's folder.
        begin: The files that were there before the first change.
    """
    there = set(begin)
    for event in Desk(root).journal.events():  # raises where the history cannot be read
        for move in event.moves:
            there = there - {move.source} | {move.target}
        there -= set(event.deleted)
    found = files_below(root, "corpus", f"{KEEPING}/kept")
    wrong = [f"lost: {name}" for name in there - found]
    wrong += [f"left behind: {name}" for name in found - there]
    for name in found & there:
        path = root / name
        if name.endswith(".md") and not path.read_text("utf-8").endswith(WHOLE):
            wrong.append(f"half there: {name}")
        if name.startswith("corpus/") and name.endswith(".md"):
            read_sidecar(path)  # raises where that is half there
    kept = {f"{KEEPING}/history.jsonl", f"{KEEPING}/lock"}
    others = (n for n in files_below(root, KEEPING) if not n.startswith(f"{KEEPING}/kept/"))
    wrong += [f"left behind: {name}" for name in others if name not in kept]
    for lock in (root / KEEPING / "lock", root / "index" / "lock"):
        with FileLock(lock).acquire(timeout=0):  # raises where somebody holds it
            pass
    return wrong


if __name__ == "__main__":
    main()
