"""How long indexing takes, against embedding alone; a second run; one document more.

    python -m benchmarks.indexing

Builds the library of all development documents anew (about half an hour on two cores). The peer is
`SentenceTransformer.encode` with its own defaults over the same passages, in the same run; with
`--sample 3000` over so many of them drawn at random, its time scaled up.
"""

from __future__ import annotations

import argparse
import collections
import random
import shutil
import time

from benchmarks import libraries
from retriever import Library
from retriever.embedder import packaged_folder
from retriever.passages import retrieval_text

SEED = 20261121


def encode_alone(texts: list[str]) -> float:
    """Seconds that sentence-transformers takes for the texts, its model loaded before."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(packaged_folder()), device="cpu", local_files_only=True)
    model.encode(texts[:8])
    begun = time.perf_counter()
    model.encode(texts, normalize_embeddings=True)
    return time.perf_counter() - begun


def texts_of(library: Library) -> list[str]:
    """What was embedded, each text once."""
    searcher = library.searcher()
    return list(
        dict.fromkeys(
            retrieval_text(searcher.files[p.document_id].entry.metadata.title, p)
            for p in searcher.generation.passages
        )
    )


def timed_index(library: Library) -> tuple[float, float, collections.Counter]:
    """Seconds in all, seconds of them embedding, and the outcomes."""
    begun = time.perf_counter()
    report = library.index()
    outcomes = collections.Counter(row.outcome for row in report.documents)
    return time.perf_counter() - begun, report.seconds.get("embedding", 0.0), outcomes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", type=int, help="encode so many passages alone, not all")
    parser.add_argument("--keep", action="store_true", help="do not build the library anew")
    root = libraries.documents_root()
    chosen = parser.parse_args()
    if not chosen.keep:
        shutil.rmtree(root / "index", ignore_errors=True)
    seconds, _, outcomes = timed_index(Library.open(root))
    library = Library.open(root)
    texts = texts_of(library)
    print(
        f"indexing: {seconds:.0f} s; {dict(outcomes)}; {len(texts)} different passages", flush=True
    )
    again, _, outcomes = timed_index(Library.open(root))
    print(f"second run, nothing changed: {again:.1f} s; {dict(outcomes)}", flush=True)
    print(_one_more(library))
    sample = random.Random(SEED).sample(texts, chosen.sample or len(texts))
    alone = encode_alone(sample) * len(texts) / len(sample)
    print(f"encode alone: {alone:.0f} s, by {len(sample)} passages; ratio {seconds / alone:.2f}")


def _one_more(library: Library) -> str:
    """Add a digest of the starter library, a PDF, and take it away again."""
    starter = next((libraries.PROJECT / "corpus" / "starter").glob("*.pdf"))
    added = library.corpus / f"added-{starter.name}"
    shutil.copy(starter, added)
    try:
        seconds, embedding, outcomes = timed_index(Library.open(library.root))
    finally:
        added.unlink()
    library.index()
    return (
        f"one PDF more: {seconds:.1f} s, of which loading the model and embedding "
        f"{embedding:.1f} s; the rest {seconds - embedding:.1f} s; {dict(outcomes)}"
    )


if __name__ == "__main__":
    main()
