"""How long the evidence map takes over the library of all development documents.

python -m benchmarks.mapping
"""

from __future__ import annotations

import time

from benchmarks import libraries
from retriever import Library
from retriever.whom import labelled_axes


def main() -> None:
    report(libraries.documents())


def report(library: Library) -> None:
    """Print the seconds of the first map by each axis, and of the same map again."""
    files = library.searcher().files
    print(f"{len(files)} documents; seconds")
    print(f"{'groups by':12} {'first':>6} {'again':>6} {'rows':>5} {'groups':>6} {'held':>6}")
    for axis in labelled_axes():
        seconds = []
        for _ in range(2):
            begun = time.perf_counter()
            drawn = library.evidence_map(axis=axis)
            seconds.append(time.perf_counter() - begun)
        print(
            f"{axis:12} {seconds[0]:6.2f} {seconds[1]:6.2f} {len(drawn.rows):5} "
            f"{len(drawn.columns):6} {len(drawn.held):6}"
        )


if __name__ == "__main__":
    main()
