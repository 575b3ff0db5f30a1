"""How long a warm question takes over the library of all development documents, and on what.

python -m benchmarks.asking
"""

from __future__ import annotations

import random
import time
from statistics import median, quantiles

from benchmarks import libraries
from retriever.search import Stopwatch

QUESTIONS = 60
SEED = 20261121


def main() -> None:
    library = libraries.documents()
    sampled = random.Random(SEED).sample(libraries.nice_questions(), QUESTIONS)
    sampled += random.Random(SEED).sample(libraries.trial_questions(), QUESTIONS)
    library.ask(sampled[0]["text"])
    totals, steps = [], {}
    for question in sampled:
        watch = Stopwatch()
        begun = time.perf_counter()
        library.ask(question["text"], stopwatch=watch)
        totals.append(time.perf_counter() - begun)
        for step, seconds in watch.seconds.items():
            steps.setdefault(step, []).append(seconds)
    searcher = library.searcher()
    print(
        f"{len(sampled)} questions over {len(searcher.files)} documents, "
        f"{len(searcher.generation.passages)} passages; milliseconds"
    )
    print(f"{'step':10} {'median':>8} {'95th percentile':>16}")
    for step, seconds in [*steps.items(), ("in all", totals)]:
        print(
            f"{step:10} {1000 * median(seconds):8.0f} {1000 * quantiles(seconds, n=20)[18]:16.0f}"
        )


if __name__ == "__main__":
    main()
