"""Kills the indexer at random moments; each time the index must open and answer.

python -m benchmarks.killing --times 50
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import libraries
from retriever import Library

QUESTION = "What increases bowel cancer screening uptake in deprived areas?"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    rng = random.Random(chosen.seed)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        shutil.copytree(libraries.PROJECT / "corpus" / "starter", root / "corpus")
        library = Library.open(root)
        library.index()
        _change(root, rng)
        whole = _run_for(root, None)
        killed = answered = 0
        for _ in range(chosen.times):
            _change(root, rng)
            killed += _run_for(root, rng.uniform(0, whole)) is None
            answered += library.ask(QUESTION).outcome == "answered"
            Library.open(root).searcher()
        library.index()
        states = {check.name: check.severity for check in library.check()}
    print(
        f"a whole run takes {whole:.1f} s; {chosen.times} runs begun, {killed} killed before their "
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


if __name__ == "__main__":
    main()
