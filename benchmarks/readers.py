"""Whether people who ask notice that documents are being added meanwhile.

    python -m benchmarks.readers [--documents 2000] [--add 100] [--per-minute 200] [--at-once 100]

Readers are threads on one warm library, as in the page: questions come at random moments, so many
a minute, first while nothing else happens, then while another process adds documents and has the
index brought up to date after so many of them, as the page Add documents does (`work.py`). The
time of a question counts from when it came, so it includes waiting for others.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median, quantiles

from benchmarks import libraries, varied
from retriever import Library
from retriever.desk import Desk, NewFile
from retriever.work import Work

READERS = 8  # threads


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=2_000)
    parser.add_argument("--add", type=int, default=100)
    parser.add_argument("--per-minute", type=float, default=200)
    parser.add_argument("--at-once", type=int, default=100, help="documents between indexings")
    parser.add_argument("--quiet", type=float, default=60, help="seconds to measure before")
    parser.add_argument("--adding", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.adding:
        add(chosen.adding, chosen.add, chosen.at_once)
        return
    library = varied.varied(chosen.documents)
    library.warm_up()
    questions = [row["text"] for row in libraries.own_questions()]
    for question in questions:
        library.ask(question)
    passages = len(library.searcher().generation.passages)
    load = os.getloadavg()[0]
    print(f"{chosen.documents} documents, {passages} passages, load {load:.1f}", flush=True)
    done = threading.Event()
    threading.Timer(chosen.quiet, done.set).start()
    quiet, errors = ask(library, questions, chosen.per_minute, done)
    report("quiet", quiet, errors)
    begun, before = time.perf_counter(), library.index_id
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.readers", *sys.argv[1:],
                                "--adding", str(library.root)])
    done = threading.Event()
    waiting = threading.Thread(target=lambda: (process.wait(), done.set()))
    waiting.start()
    during, errors = ask(library, questions, chosen.per_minute, done)
    waiting.join()
    report(f"while {chosen.add} are added ({time.perf_counter() - begun:.0f} s)", during, errors)
    assert process.returncode == 0
    assert library.index_id != before
    print(f"95th percentile during / quiet: {_late(during) / _late(quiet):.2f}")
    _take_out(library)


def ask(
    library: Library, questions: list[str], per_minute: float, done: threading.Event
) -> tuple[list[float], list[str]]:
    """Ask at random moments until something is done.

    Returns:
        Seconds of each question from when it came, and what went wrong.
    """
    rng, seconds, errors = random.Random(varied.SEED), [], []

    def one(question: str, came: float) -> None:
        try:
            library.ask(question)
        except Exception as error:
            errors.append(f"{type(error).__name__}: {error}")
        seconds.append(time.perf_counter() - came)

    with ThreadPoolExecutor(READERS) as readers:
        while not done.wait(rng.expovariate(per_minute / 60)):
            readers.submit(one, rng.choice(questions), time.perf_counter())
    return seconds, errors


def report(what: str, seconds: list[float], errors: list[str]) -> None:
    print(
        f"{what}: {len(seconds)} questions, {len(errors)} errors, median "
        f"{median(seconds):.3f} s, 95th percentile {_late(seconds):.3f} s, most "
        f"{max(seconds):.3f} s, load {os.getloadavg()[0]:.1f}",
        *sorted(set(errors)),
        sep="\n  ",
        flush=True,
    )


def _late(seconds: list[float]) -> float:
    return quantiles(seconds, n=20)[18]


def add(root: Path, count: int, at_once: int) -> None:
    """Add documents, and have the index brought up to date by a job of its own."""
    desk, work = Desk(root, "Ann"), Work(root)
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        new = Path(folder) / "new.md"
        for number in range(count):
            text, _ = varied.document(varied.bases()[number % 50], time.time_ns())
            new.write_text(text, encoding="utf-8")
            title = text.split("\n", 1)[0].removeprefix("# ")
            desk.add([NewFile(new, f"added/{time.time_ns()}.md", {"title": title})])
            if number % at_once == at_once - 1 or number == count - 1:
                job = work.follow(work.start("index", "Ann").id, lambda _: None)
                assert job.state == "done", job.message
    print(f"added {count}, indexed after every {at_once}: {time.perf_counter() - begun:.1f} s")


def _take_out(library: Library) -> None:
    """Leave the library as it was."""
    desk = Desk(library.root, "Ann")
    for path in sorted(library.corpus.glob("added/*.md")):
        desk.remove(f"added/{path.name}")
        desk.purge(f"added/{path.name}")
    library.index()


if __name__ == "__main__":
    main()
