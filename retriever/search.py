"""Query -> hits: BM25 and vectors over all passages, fused, then weighed as evidence."""

from __future__ import annotations

import copy
import dataclasses
import difflib
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from retriever import concepts, generation, organisations
from retriever.concepts import Concept
from retriever.config import Settings
from retriever.coverage import Coverage, CoverageReader
from retriever.embedder import Embedder, Vectors
from retriever.equity import Equity, Shortfall, Silence, without_result
from retriever.errors import BadQuestion
from retriever.evidence_map import EvidenceMap
from retriever.features import FEATURES, Describer, Pool
from retriever.fusion import FUSIONS, Scores, ranks, with_documents
from retriever.generation import FileRecord, Generation
from retriever.lineage import Lineage
from retriever.mapper import Mapper
from retriever.naming import Naming
from retriever.ranker import packaged
from retriever.schema import MODES, SOURCE_TYPES, Filters, Hit, Mode, Passage
from retriever.shortforms import ShortForms
from retriever.synonyms import Synonyms
from retriever.tokens import tokenise_query
from retriever.unheld import stand_together, unheld

Numbers = NDArray[np.int64]
NO_FILTERS = Filters()
_ALWAYS_TELLING = 10  # documents
_TELLING = 0.2  # of all documents; chosen on our develop questions, where 0.15 to 0.3 are alike


class Stopwatch:
    """Seconds spent per step of a question, for those who want to know."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def time(self, step: str) -> Iterator[None]:
        """Add the time of the block to `step`."""
        begun = time.perf_counter()
        yield
        self.seconds[step] = self.seconds.get(step, 0.0) + time.perf_counter() - begun


@dataclasses.dataclass(frozen=True)
class Scope:
    """What the filters let through: passage numbers, ascending, and how many documents."""

    passages: Numbers
    documents: int


@dataclasses.dataclass(frozen=True)
class _Found:
    """Candidates by passage number, ascending; arrays of shape `(candidates,)`.

    Attributes:
        similar: Cosine similarity to the question; None in lexical mode.
        scores: What they are ranked by.
        shares: Place among the candidates -> each feature's share, of those that were weighed.
    """

    numbers: Numbers
    lexical: Scores
    similar: Scores | None
    scores: Scores
    shares: dict[int, Scores] = dataclasses.field(default_factory=dict)


class Searcher:
    """An index in memory. Safe for many threads: nothing in it changes after opening.

    Attributes:
        naming: What its passages name.
        equity: Whom they are about.
        mapper: Maps of that.
        replaced: Ids of documents whose file is another one by now.
        organisations: The organisations that questions and passages may name.
    """

    def __init__(self, index: Generation, settings: Settings, embedder: Embedder) -> None:
        self.generation = index
        self.replaced: frozenset[str] = frozenset()
        self.files = {f.entry.document_id: f for f in index.files if f.entry.outcome == "indexed"}
        self._settings = settings
        self._embedder = embedder
        self._documents = index.documents
        self._number_of = {document: n for n, document in enumerate(self._documents)}
        self._document_of = index.document_of
        titles = {name: file.entry.metadata.title for name, file in self.files.items()}
        self._describer = Describer(index, list(titles.values()), self._document_of)
        self.naming = Naming(index, titles, concepts.packaged())
        self._coverage = CoverageReader(self.naming)
        self.equity = Equity(self.naming)
        kinds = {name: file.entry.metadata.source_type for name, file in self.files.items()}
        self.mapper = Mapper(self.naming, self.equity, kinds)
        self.organisations = organisations.packaged()
        self._lineage = Lineage(self.organisations, index.lexical, index.passages)
        size = len(index.passages)
        self._synonyms = Synonyms(self.naming, index.lexical, size, settings.search.k1)

    @classmethod
    def open(
        cls, index: Path, settings: Settings, embedder: Embedder, before: Self | None = None
    ) -> Self:
        """Read the index in force.

        Args:
            index: The library's `index/` folder.
            settings: The library's settings.
            embedder: Gives the questions' vectors.
            before: The one that was in force: what is the same in both is not read again.

        Raises:
            IndexMissing: There is none.
            IndexMismatch: It is damaged or was built with another model or other settings.
        """
        known = before.generation if before else None
        read = generation.read(index, settings, embedder.fingerprint, known)
        return cls(read, settings, embedder)

    def amended(self, files: Mapping[str, FileRecord], replaced: frozenset[str]) -> Self:
        """The same index with other records of some documents, by their ids.

        Args:
            files: Those records.
            replaced: Ids of documents whose file is another one by now.
        """
        twin = copy.copy(self)
        twin.files = {**self.files, **files}
        twin.replaced = replaced
        return twin

    def scope(self, filters: Filters, gone: frozenset[str] = frozenset()) -> Scope:
        """The passages that may be found.

        Args:
            filters: What the person restricted the search to.
            gone: Ids of documents to leave out: whose file was deleted since the index was built,
                or that are outside the collections, which the library knows and an index does not.

        Raises:
            BadQuestion: A filter names what no document has, or the years are the wrong way round.
        """
        allowed = np.ones(len(self._documents), dtype=bool)
        allowed[[self._number_of[document] for document in gone]] = False
        if filters != NO_FILTERS:
            self._check(filters)
            files = (self.files[document] for document in self._documents)
            allowed &= [_lets_through(filters, file) for file in files]
        if not len(allowed):
            return Scope(np.empty(0, dtype=np.int64), 0)
        return Scope(np.flatnonzero(allowed[self._document_of]), int(allowed.sum()))

    def in_scope(self, scope: Scope) -> list[str]:
        """Ids of the documents that may be found, those without any passage left out."""
        held = np.bincount(self._document_of[scope.passages])
        return [self._documents[n] for n in np.flatnonzero(held).tolist()]

    def short_forms(self, document_id: str) -> ShortForms:
        """The abbreviations that a document explains."""
        return self._describer.short_forms(self._number_of[document_id])

    def _check(self, filters: Filters) -> None:
        """Refuse a filter that can let nothing through because of a slip."""
        publishers = {file.entry.metadata.publisher for file in self.files.values()}
        for named, known, what in (
            (filters.document_ids, set(self.files), "document"),
            (filters.publishers, publishers, "publisher"),
            (filters.source_types, set(SOURCE_TYPES), "kind of source"),
        ):
            for value in named:
                if value not in known:
                    near = difflib.get_close_matches(value, known, n=3, cutoff=0.4)
                    hint = f" Did you mean {' or '.join(near)}?" if near else ""
                    raise BadQuestion(f"The library has no {what} '{value}'.{hint}")
        first, last = filters.year_from, filters.year_to
        if first is not None and last is not None and first > last:
            raise BadQuestion(f"No year is from {first} and to {last}: swap the two years.")

    def search(
        self,
        query: str,
        k: int,
        filters: Filters = NO_FILTERS,
        mode: Mode = "evidence",
        gone: frozenset[str] = frozenset(),
        stopwatch: Stopwatch | None = None,
    ) -> list[Hit]:
        """The `k` best passages for a query, best first; ties by passage order.

        Args:
            query: Words or a question.
            k: How many, at least 1.
            filters: Restrictions.
            mode: `evidence` (the fused passages weighed by the ranker), `hybrid` (fused), or one
                arm alone.
            gone: See `scope`.
            stopwatch: Told the seconds of `embed`, `lexical`, `vector`, `groups`, `fusion` and
                `weighing`.

        Raises:
            BadQuestion: Unknown mode or `k` below 1.
        """
        if mode not in MODES:
            raise BadQuestion(f"Unknown mode '{mode}'. Choose one of {', '.join(MODES)}.")
        if k < 1:
            raise BadQuestion(f"Asked for {k} passages. Ask for at least 1.")
        watch = stopwatch or Stopwatch()
        allowed = self.scope(filters, gone).passages
        if not len(allowed):
            return []
        vector = self._embed(query, mode, watch)
        depth = max(self._settings.search.candidates, k)
        with watch.time("lexical"):
            words = self._words(query, allowed) if mode != "vector" else None
        with watch.time("vector"):
            near = self.generation.vectors.nearest(vector, depth, allowed) if len(vector) else None
        with watch.time("groups"):
            own = self._of_groups(query, words, vector, allowed) if mode == "evidence" else []
        with watch.time("fusion"):
            found = self._join(words, near, vector, depth, allowed, own)
        with watch.time("weighing"):
            if mode == "evidence":
                found = self._weigh(query, vector, found, own)
        return self._hits(found, k)

    def _of_groups(
        self, query: str, words: Scores | None, vector: Vectors, allowed: Numbers
    ) -> list[Numbers]:
        """For each group asked about the best passages among those that name it.

        They are found on their own, so that what is written on everybody cannot crowd them out.
        """
        depth = self._settings.search.for_group
        if not depth:
            return []
        found = []
        for group in self.equity.asked(query):
            naming = np.intersect1d(self.naming.numbers(group), allowed)
            if not len(naming):
                continue
            near = self.generation.vectors.nearest(vector, min(depth, len(naming)), naming)
            best = [near] if words is None else [near, _best(words, naming, depth)]
            found.append(np.unique(np.concatenate(best)))
        return found

    def _embed(self, query: str, mode: Mode, watch: Stopwatch) -> Vectors:
        with watch.time("embed"):
            if mode == "lexical":
                return np.empty(0, dtype=np.float32)
            return np.asarray(self._embedder.embed([query])[0])

    def _words(self, query: str, allowed: Numbers) -> Scores:
        """BM25 score of every passage; 0 for those that the filters leave out.

        Passages that name what is asked for in other words gain a little, and those that name an
        organisation by its other names, or the one before or after it: see `Synonyms.scores` and
        `Lineage.scores`.
        """
        settings = self._settings.search
        everywhere = self.generation.lexical.scores(tokenise_query(query))
        everywhere += self._synonyms.scores(query, settings.synonyms)
        everywhere += self._lineage.scores(query, settings.organisations)
        scores = np.zeros_like(everywhere)
        scores[allowed] = everywhere[allowed]
        return scores

    def _join(
        self,
        words: Scores | None,
        near: Numbers | None,
        vector: Vectors,
        depth: int,
        allowed: Numbers,
        own: Sequence[Numbers] = (),
    ) -> _Found:
        """What the arms found, and for groups: their union, both scores for each, fused."""
        found = [*own] if words is None else [*own, _best(words, allowed, depth)]
        if near is not None:
            found.append(near)
        numbers = np.unique(np.concatenate(found))
        lexical = np.zeros(len(numbers)) if words is None else words[numbers]
        similar = None if near is None else self.generation.vectors.similarities(vector, numbers)
        if similar is None:
            scores = lexical
        elif words is None:
            scores = similar
        else:
            settings = self._settings.search
            fused = FUSIONS[settings.fusion](lexical, similar, settings)
            scores = with_documents(fused, self._document_of[numbers], settings.document_weight)
        return _Found(numbers, lexical, similar, scores)

    def _weigh(
        self, query: str, vector: Vectors, found: _Found, own: Sequence[Numbers]
    ) -> _Found:
        """Score the best of the fused passages by the ranker; the others stay behind them.

        For each group asked about the best of its own are weighed too, wherever they stand. In a
        library of abstracts nothing is weighed, see `Describer.mostly_abstracts`.
        Those behind keep their order: their fused scores, scaled to end below the least weighed.
        """
        pool, top, rest = self._pool(vector, found, own)
        if not len(top) or self._describer.mostly_abstracts(pool):
            return found
        ranker = packaged()
        shares = ranker.shares(self._describer.describe(query, vector, pool))
        scores = np.empty_like(found.scores)
        scores[top] = ranker.probabilities(shares)
        ceiling = float(found.scores[rest].max(initial=0.0)) or 1.0
        scores[rest] = 0.99 * float(scores[top].min()) * found.scores[rest] / ceiling
        return dataclasses.replace(
            found,
            scores=scores,
            shares={int(at): row for at, row in zip(top, shares, strict=True)},
        )

    def _pool(
        self, vector: Vectors, found: _Found, own: Sequence[Numbers] = ()
    ) -> tuple[Pool, Numbers, Numbers]:
        """The passages to weigh, their places among the candidates, and the others' places."""
        order = np.argsort(-found.scores, kind="stable")
        settings = self._settings.search
        weighed = np.zeros(len(order), dtype=bool)
        weighed[: settings.weighed] = True
        for numbers in own:
            places = np.flatnonzero(np.isin(found.numbers[order], numbers))
            weighed[places[: settings.for_group]] = True
        top, rest = order[weighed], order[~weighed]
        similar = self.generation.vectors.similarities(vector, found.numbers[top])
        return Pool(found.numbers[top], found.scores[top], similar), top, rest

    def pool(self, query: str, vector: Vectors, gone: frozenset[str] = frozenset()) -> Pool:
        """The fused passages that the ranker weighs for a query, best first; for its training."""
        allowed = self.scope(NO_FILTERS, gone).passages
        depth = self._settings.search.candidates
        near = self.generation.vectors.nearest(vector, depth, allowed)
        found = self._join(self._words(query, allowed), near, vector, depth, allowed)
        return self._pool(vector, found)[0]

    def _hits(self, found: _Found, k: int) -> list[Hit]:
        by_words = ranks(found.lexical)
        by_vector = None if found.similar is None else ranks(found.similar)
        order = np.argsort(-found.scores, kind="stable")[:k]
        return [
            Hit(
                rank=rank,
                passage=(passage := self.generation.passages[int(found.numbers[at])]),
                title=self.files[passage.document_id].entry.metadata.title,
                score=float(found.scores[at]),
                lexical_rank=int(by_words[at]) if found.lexical[at] > 0 else None,
                vector_rank=None if by_vector is None else int(by_vector[at]),
                lexical_score=float(found.lexical[at]),
                vector_score=None if found.similar is None else float(found.similar[at]),
                shares=_named(found.shares.get(int(at))),
            )
            for rank, at in enumerate(order, start=1)
        ]

    def similarities(self, queries: Sequence[str], texts: Sequence[str]) -> NDArray[np.float64]:
        """Cosine similarity of each text to each query, shape `(len(queries), len(texts))`."""
        vectors = self._embedder.embed([*queries, *texts])
        count = len(queries)
        return np.asarray(vectors[:count] @ vectors[count:].T, dtype=np.float64)

    def coverage(
        self, question: str, hits: Sequence[Hit], shortfalls: Sequence[Shortfall]
    ) -> Coverage:
        """How much of a question what was found speaks of; see `CoverageReader.read`."""
        return self._coverage.read(question, hits, without_result(shortfalls))

    def shortfalls(self, question: str, scope: Scope) -> list[Shortfall]:
        """The groups asked about for which nothing is reported; see `Equity.shortfalls`."""
        return self.equity.shortfalls(question, self.in_scope(scope))

    def unspoken(self, question: str, scope: Scope) -> tuple[Concept, ...]:
        """What it is about, where no document names any of it; see `Equity.unspoken`.

        Nothing where a passage has the question's own words for it, though not as a name.
        """
        silent = self.equity.unspoken(question, self.in_scope(scope))
        known, lexical = self.naming.concepts, self.generation.lexical
        spoken = silent and stand_together(question, silent, known, lexical, scope.passages)
        return () if spoken else silent

    def silences(self, question: str, scope: Scope) -> list[Silence]:
        """What it wants to know and no document speaks of; see `Equity.silences`."""
        return self.equity.silences(question, self.in_scope(scope))

    def tells_apart(self, concept: Concept) -> bool:
        """Whether few enough documents name a concept for it to be what they are about."""
        most = max(_ALWAYS_TELLING, _TELLING * len(self.naming.titles))
        return len(self.naming.documents(concept)) <= most

    def unheld(self, question: str, scope: Scope) -> tuple[str, ...]:
        """The words of it that no document has; see `unheld.unheld`."""
        return unheld(question, self.naming.concepts, self.generation.lexical, scope.passages)

    def evidence_map(self, of: str, axis: str, scope: Scope, find: str) -> EvidenceMap:
        """Subjects against groups, over the documents in scope; see `Mapper.draw`."""
        return self.mapper.draw(of, axis, self.in_scope(scope), find)

    def passages_of(self, document_id: str) -> list[Passage]:
        """The passages of one document, in order of the text."""
        return self.naming.passages[document_id]


def _named(shares: Scores | None) -> dict[str, float]:
    return {} if shares is None else dict(zip(FEATURES, map(float, shares), strict=True))


def _best(scores: Scores, allowed: Numbers, count: int) -> Numbers:
    """Numbers of the passages with the highest scores above 0, best first."""
    scored = allowed[scores[allowed] > 0]
    return np.asarray(scored[np.argsort(-scores[scored], kind="stable")][:count])


def _lets_through(filters: Filters, file: FileRecord) -> bool:
    metadata = file.entry.metadata
    if filters.document_ids and file.entry.document_id not in filters.document_ids:
        return False
    if filters.source_types and metadata.source_type not in filters.source_types:
        return False
    if filters.publishers and metadata.publisher not in filters.publishers:
        return False
    return _within(metadata.year, filters.year_from, filters.year_to)


def _within(year: int | None, first: int | None, last: int | None) -> bool:
    if first is None and last is None:
        return True
    if year is None:
        return False
    return (first is None or year >= first) and (last is None or year <= last)
