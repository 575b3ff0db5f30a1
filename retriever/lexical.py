"""BM25 over the passages' terms. `bm25s` is the engine; `rank-bm25` the selectable simple one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from retriever.config import Search

Scores = NDArray[np.float64]
Numbers = NDArray[np.int64]


class LexicalIndex(Protocol):
    """Scores every passage for a list of query terms."""

    @classmethod
    def build(cls, terms: Sequence[Sequence[str]], settings: Search) -> Self:
        """Index the terms of each passage, in passage order."""

    @classmethod
    def load(cls, folder: Path, settings: Search) -> Self:
        """Open what `save` wrote."""

    def save(self, folder: Path) -> None:
        """Write data files into `folder`, the same bytes for the same terms."""

    def scores(self, terms: Sequence[str]) -> Scores:
        """BM25 score of every passage, shape `(passages,)`; 0 where no term occurs."""

    def holding(self, term: str) -> Numbers:
        """Numbers of the passages in which a term occurs, ascending."""


class Bm25s:
    """Lucene's BM25 by `bm25s`: idf = ln(1 + (N - n + 0.5) / (n + 0.5)), which is never negative.

    So a word that stands in half of a small library's passages still counts.
    """

    def __init__(self, engine: Any, size: int) -> None:
        self._engine = engine
        self._size = size

    @classmethod
    def build(cls, terms: Sequence[Sequence[str]], settings: Search) -> Self:
        """Index the terms of each passage."""
        engine = _counting_engine(settings)
        if any(terms):
            # Sorted, so that the same passages give the same bytes whatever came before.
            words = sorted({term for passage in terms for term in passage})
            vocabulary = {word: number for number, word in enumerate(words)}
            numbers = [[vocabulary[term] for term in passage] for passage in terms]
            engine.index((numbers, vocabulary), show_progress=False)
        return cls(engine, len(terms))

    @classmethod
    def load(cls, folder: Path, settings: Search) -> Self:
        """Open what `save` wrote."""
        import bm25s

        size = int(json.loads((folder / "size.json").read_text("utf-8")))
        if not (folder / "params.index.json").exists():
            return cls(bm25s.BM25(), size)
        return cls(bm25s.BM25.load(str(folder), show_progress=False), size)

    def save(self, folder: Path) -> None:
        """Write arrays, vocabulary and parameters; no pickle."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "size.json").write_text(f"{self._size}\n", encoding="utf-8")
        if self._vocabulary:
            self._engine.save(str(folder), show_progress=False)

    def scores(self, terms: Sequence[str]) -> Scores:
        """BM25 score of every passage."""
        known = [self._vocabulary[term] for term in terms if term in self._vocabulary]
        if not known:
            return np.zeros(self._size)
        return np.asarray(self._engine.get_scores_from_ids(known), dtype=np.float64)

    def holding(self, term: str) -> Numbers:
        """Numbers of the passages in which a term occurs."""
        if term not in self._vocabulary:
            return np.empty(0, dtype=np.int64)
        starts, number = self._engine.scores["indptr"], self._vocabulary[term]
        found = self._engine.scores["indices"][starts[number] : starts[number + 1]]
        return np.asarray(found, dtype=np.int64)

    @property
    def _vocabulary(self) -> dict[str, int]:
        return getattr(self._engine, "vocab_dict", {})


def _counting_engine(settings: Search) -> Any:
    """A `bm25s.BM25` that counts all passages at once: one sort instead of a loop over them.

    bm25s invites the override. It halves the time of adding one document to a large library; the
    scores are held to the formula by a test.
    """
    import bm25s

    class Counting(bm25s.BM25):  # type: ignore[misc]  # bm25s states no types
        def build_index_from_ids(
            self, unique_token_ids: list[int], corpus_token_ids: list[list[int]], **_: bool
        ) -> dict[str, Any]:
            self.nonoccurrence_array = None  # only other variants of BM25 have one
            lengths = np.fromiter(map(len, corpus_token_ids), np.int64, len(corpus_token_ids))
            size = len(lengths)
            terms = np.fromiter(chain.from_iterable(corpus_token_ids), np.int64, lengths.sum())
            places = terms * size + np.repeat(np.arange(size), lengths)
            keys, counts = np.unique(places, return_counts=True)  # by term, then by passage
            terms, passages = np.divmod(keys, size)
            starts = np.searchsorted(terms, np.arange(len(unique_token_ids) + 1))
            held = np.diff(starts)
            idf = np.log(1 + (size - held + 0.5) / (held + 0.5))
            damping = self.k1 * (1 - self.b + self.b * lengths / lengths.mean())
            return {
                "data": (idf[terms] * counts / (counts + damping[passages])).astype(np.float32),
                "indices": passages.astype(np.int32),
                "indptr": starts.astype(np.int64),
                "num_docs": size,
            }

    return Counting(method="lucene", k1=settings.k1, b=settings.b)


class RankBm25:
    """`rank_bm25.BM25Okapi`: slow beyond a few thousand passages, and simple to check against.

    Its idf is ln((N - n + 0.5) / (n + 0.5)); a word in half of the passages counts nothing.
    """

    def __init__(self, terms: Sequence[Sequence[str]], settings: Search) -> None:
        from rank_bm25 import BM25Okapi

        self._terms = terms
        engine = BM25Okapi(terms, k1=settings.k1, b=settings.b) if any(terms) else None
        self._engine = engine

    @classmethod
    def build(cls, terms: Sequence[Sequence[str]], settings: Search) -> Self:
        """Index the terms of each passage."""
        return cls(terms, settings)

    @classmethod
    def load(cls, folder: Path, settings: Search) -> Self:
        """Open what `save` wrote."""
        with (folder / "terms.jsonl").open(encoding="utf-8") as stream:
            return cls([json.loads(line) for line in stream], settings)

    def save(self, folder: Path) -> None:
        """Write the terms; the engine is made anew from them."""
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "terms.jsonl").open("w", encoding="utf-8") as stream:
            stream.writelines(json.dumps(list(terms)) + "\n" for terms in self._terms)

    def scores(self, terms: Sequence[str]) -> Scores:
        """BM25 score of every passage."""
        if self._engine is None:
            return np.zeros(len(self._terms))
        return np.asarray(self._engine.get_scores(list(terms)), dtype=np.float64)

    def holding(self, term: str) -> Numbers:
        """Numbers of the passages in which a term occurs."""
        return np.flatnonzero([term in terms for terms in self._terms])


ENGINES: dict[str, type[LexicalIndex]] = {"bm25s": Bm25s, "rank-bm25": RankBm25}
