"""BM25 over the passages' terms. `bm25s` is the engine; `rank-bm25` the selectable simple one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from retriever.config import Search

Scores = NDArray[np.float64]
Numbers = NDArray[np.int64]


class LexicalIndex(Protocol):
    """Scores every passage for a list of query terms.

    Attributes:
        counted_in: Name of a file of what `save` writes that `renewed` needs; earlier versions of
            this program did not write it.
    """

    counted_in: ClassVar[str]

    @classmethod
    def build(cls, terms: Sequence[Sequence[str]], settings: Search) -> Self:
        """Index the terms of each passage, in passage order."""

    @classmethod
    def load(cls, folder: Path, settings: Search) -> Self:
        """Open what `save` wrote."""

    @classmethod
    def renewed(
        cls, before: Path, places: Numbers, terms: Sequence[Sequence[str]], settings: Search
    ) -> Self:
        """An index of passages most of which are in an earlier one; as `build` makes it.

        Args:
            before: Where the earlier index was saved.
            places: Number of each passage in the earlier index, -1 for a new one; ascending but
                for those.
            terms: Of the new ones, in their order.
            settings: As of the earlier index.
        """

    def save(self, folder: Path) -> None:
        """Write data files into `folder`, the same bytes for the same terms."""

    def scores(self, terms: Sequence[str]) -> Scores:
        """BM25 score of every passage, shape `(passages,)`; 0 where no term occurs."""

    def holding(self, term: str) -> Numbers:
        """Numbers of the passages in which a term occurs, ascending."""


@dataclass(frozen=True)
class _Postings:
    """How often which word occurs where: all that BM25 is computed from.

    Attributes:
        words: Sorted, so that the same passages give the same bytes whatever came before.
        starts: Where each word's entries begin, and the end of the last; shape `(words + 1,)`.
        passages: Numbers of the passages, by word, ascending.
        counts: How often the word occurs there, same shape.
        lengths: Terms in each passage.
    """

    words: list[str]
    starts: NDArray[np.int64]
    passages: NDArray[np.int32]
    counts: NDArray[np.int32]
    lengths: NDArray[np.int32]

    @classmethod
    def of(cls, terms: Sequence[Sequence[str]]) -> Self:
        """Count the terms of each passage, in passage order."""
        words = sorted(set(chain.from_iterable(terms)))
        vocabulary = {word: number for number, word in enumerate(words)}
        lengths = np.fromiter(map(len, terms), np.int32, len(terms))
        total = int(lengths.sum(dtype=np.int64))
        every = chain.from_iterable(terms)
        numbers = np.fromiter((vocabulary[term] for term in every), np.int64, total)
        size = max(len(terms), 1)
        # One sort of all occurrences, by word and then by passage, instead of a loop over them.
        places = numbers * size + np.repeat(np.arange(len(terms)), lengths)
        keys, counts = np.unique(places, return_counts=True)
        return cls._by(words, keys, counts.astype(np.int32), lengths, size)

    def renewed(self, places: Numbers, terms: Sequence[Sequence[str]]) -> Self:
        """See `LexicalIndex.renewed`."""
        more = self.of(terms)
        added = np.flatnonzero(places < 0)
        taken = np.flatnonzero(places >= 0)
        moved = np.full(len(self.lengths), -1, dtype=np.int64)
        moved[places[taken]] = taken
        lengths = np.empty(len(places), dtype=np.int32)
        lengths[taken], lengths[added] = self.lengths[places[taken]], more.lengths
        held = moved[self.passages] >= 0
        still = np.add.reduceat(held, self.starts[:-1]) if len(self.words) else np.empty(0)
        known = [word for word, count in zip(self.words, still, strict=True) if count]
        words = sorted({*known, *more.words})
        vocabulary = {word: number for number, word in enumerate(words)}
        size = max(len(places), 1)
        keys = np.concatenate(
            [
                (self._numbered(vocabulary) * size + moved[self.passages])[held],
                more._numbered(vocabulary) * size + added[more.passages],
            ]
        )
        order = np.argsort(keys, kind="stable")  # two runs in order, which it makes use of
        counts = np.concatenate([self.counts[held], more.counts])[order]
        return type(self)._by(words, keys[order], counts, lengths, size)

    def _numbered(self, vocabulary: Mapping[str, int]) -> Numbers:
        """The number in another vocabulary of each entry's word; any where it has none there."""
        numbers = np.fromiter((vocabulary.get(w, 0) for w in self.words), np.int64, len(self.words))
        return np.repeat(numbers, np.diff(self.starts))

    @classmethod
    def _by(
        cls,
        words: list[str],
        keys: Numbers,
        counts: NDArray[np.int32],
        lengths: NDArray[np.int32],
        size: int,
    ) -> Self:
        """Put together from keys `word * size + passage`, ascending."""
        terms, passages = np.divmod(keys, size)
        starts = np.searchsorted(terms, np.arange(len(words) + 1))
        return cls(words, starts.astype(np.int64), passages.astype(np.int32), counts, lengths)

    def weights(self, settings: Search) -> NDArray[np.float32]:
        """What each entry adds to the score of its passage.

        Lucene's BM25: idf = ln(1 + (N - n + 0.5) / (n + 0.5)), which is never negative.
        """
        size, held = len(self.lengths), np.diff(self.starts)
        idf = np.log(1 + (size - held + 0.5) / (held + 0.5))
        mean = self.lengths.mean()
        damping = settings.k1 * (1 - settings.b + settings.b * self.lengths / mean)
        gained = np.repeat(idf, held) * self.counts / (self.counts + damping[self.passages])
        return np.asarray(gained, dtype=np.float32)


class Bm25s:
    """Lucene's BM25 by `bm25s`, so that a word that stands in half of the passages still counts.

    How often each word occurs is counted by us and kept beside what bm25s keeps: one document more
    changes every score, but few counts. The scores are held to the formula by a test.
    """

    counted_in: ClassVar[str] = "lengths.npy"

    def __init__(self, engine: Any, size: int, postings: _Postings | None = None) -> None:
        self._engine = engine
        self._size = size
        self._postings = postings

    @classmethod
    def build(cls, terms: Sequence[Sequence[str]], settings: Search) -> Self:
        """Index the terms of each passage."""
        return cls._of(_Postings.of(terms), settings)

    @classmethod
    def renewed(
        cls, before: Path, places: Numbers, terms: Sequence[Sequence[str]], settings: Search
    ) -> Self:
        """An index of passages most of which are in an earlier one."""
        return cls._of(cls.load(before, settings)._counts(before).renewed(places, terms), settings)

    @classmethod
    def _of(cls, postings: _Postings, settings: Search) -> Self:
        import bm25s

        size = len(postings.lengths)
        engine = bm25s.BM25(method="lucene", k1=settings.k1, b=settings.b)
        if postings.words:
            engine.vocab_dict = {word: number for number, word in enumerate(postings.words)}
            engine.scores = {
                "data": postings.weights(settings),
                "indices": postings.passages,
                "indptr": postings.starts,
                "num_docs": size,
            }
            engine.nonoccurrence_array = None  # only other variants of BM25 have one
        return cls(engine, size, postings)

    @classmethod
    def load(cls, folder: Path, settings: Search) -> Self:
        """Open what `save` wrote."""
        import bm25s

        size = int(json.loads((folder / "size.json").read_text("utf-8")))
        if not (folder / "params.index.json").exists():
            return cls(bm25s.BM25(), size)
        return cls(bm25s.BM25.load(str(folder), show_progress=False), size)

    def _counts(self, folder: Path) -> _Postings:
        """What the index in a folder was computed from; only adding to it takes that."""
        lengths = np.load(folder / "lengths.npy")
        if not self._vocabulary:
            return replace(_Postings.of([]), lengths=lengths)
        scores = self._engine.scores
        return _Postings(
            list(self._vocabulary),
            scores["indptr"],
            scores["indices"],
            np.load(folder / "counts.npy").astype(np.int32),
            lengths,
        )

    def save(self, folder: Path) -> None:
        """Write arrays, vocabulary and parameters; no pickle."""
        assert self._postings is not None  # noqa: S101  what was loaded is saved already
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "size.json").write_text(f"{self._size}\n", encoding="utf-8")
        np.save(folder / "lengths.npy", self._postings.lengths)
        if self._vocabulary:
            most = int(self._postings.counts.max())
            kept = np.uint16 if most <= np.iinfo(np.uint16).max else np.int32
            np.save(folder / "counts.npy", self._postings.counts.astype(kept))
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


class RankBm25:
    """`rank_bm25.BM25Okapi`: slow beyond a few thousand passages, and simple to check against.

    Its idf is ln((N - n + 0.5) / (n + 0.5)); a word in half of the passages counts nothing.
    """

    counted_in: ClassVar[str] = "terms.jsonl"

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

    @classmethod
    def renewed(
        cls, before: Path, places: Numbers, terms: Sequence[Sequence[str]], settings: Search
    ) -> Self:
        """An index of passages most of which are in an earlier one."""
        held, new = cls.load(before, settings)._terms, iter(terms)
        return cls([held[place] if place >= 0 else next(new) for place in places], settings)

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
