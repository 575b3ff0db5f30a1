"""What the ranker knows of a passage that was found: one number for each entry of `FEATURES`.

Some numbers say how near the passage is to the question, some how its document and its neighbours
fare, some what kind of text it is. The words of a question count more where they are rare *within
the passage's document*: in a report on link workers nearly every page says "link worker", so the
pages that also say "attendance" are those about attendance. That tells the outcome from the
intervention whatever way the question is put.

Everything is computed when a question is asked, for the few dozen passages that are weighed, so
that the word lists can be changed without reading a library again.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from retriever.evidence import (
    ASKS,
    PARTS,
    Signals,
    asks_for,
    heading_part,
    is_abstract,
    outcome_part,
    recommendation_likeness,
    result_likeness,
    signals,
)
from retriever.generation import Generation
from retriever.sentences import units
from retriever.shortforms import ShortForms, all_terms, of_passages, terms_with
from retriever.tokens import tokenise, tokenise_query

Matrix = NDArray[np.float64]
Numbers = NDArray[np.int64]
Vector = NDArray[np.float32]

# A digest or an abstract is all about its topic and all findings: there, likeness to the question
# says more and the words of results say less. These features therefore count once more by how
# short their document is.
IF_SHORT = (
    "similarity",
    "words",
    "title_words",
    "document_best",
    "result_sentence_outcome",
    "results",
    "figures",
    "position",
)
# What kind of text answers depends on what is asked: what happens to people, or what to do.
IF_ASKED = (
    "similarity",
    "heading_words",
    "result_sentence_outcome",
    "results",
    "figures",
    "recommendations",
    "under_result",
    "under_recommendation",
    "position",
)
# Tables, footnotes and abstracts are more of an answer, or less, where an effect is asked for.
IF_EFFECT_ASKED = ("in_abstract", "table", "definitions", "unfinished", "outcome_phrase")

FEATURES: tuple[str, ...] = (
    "fused",
    "fused_gap",
    "similarity",
    "similarity_in_document",
    "place_in_document",
    "document_best",
    "document_mean",
    "in_best_document",
    "section_best",
    "section_passages",
    "neighbours_mean",
    "neighbours_best",
    "words",
    "words_rare_in_document",
    "outcome_words",
    "outcome_phrase",
    "sentence_words",
    "sentence_outcome",
    "result_sentence_words",
    "result_sentence_outcome",
    "recommending_sentence_words",
    "heading_words",
    "heading_covered",
    "title_words",
    "results",
    "recommendations",
    "methods",
    "figures",
    "intervals",
    "length",
    *(f"under_{part}" for part in PARTS),
    "in_abstract",
    "table",
    "definitions",
    "unfinished",
    "position",
    "position_squared",
    *(f"{name}_if_short" for name in IF_SHORT),
    *(f"{name}_if_{kind}_asked" for kind in ASKS for name in IF_ASKED),
    *(f"{name}_if_effect_asked" for name in IF_EFFECT_ASKED),
)
"""Names in the order of the columns; what each means to a reader stands in `data/labels.toml`."""

_VIEWS = 20_000  # passages whose words are kept in memory once they were looked at
_FEW_WORDS = 4  # a shorter "sentence" is a heading or a cell of a table
_SHORT = 20  # words; densities of shorter passages would jump about
_ABSTRACT = 4  # passages
_SHORT_DOCUMENT = 10  # passages; such a document counts as half short
_NOTHING = 1e-6
_CELLS = " | "  # what loaders put between the cells of a table
_FINISHED = re.compile(r"[.!?\]]\s*$")
_NEIGHBOUR_MISSING = 0.1  # a passage at a document's end: as if its neighbour were so much further


@dataclass(frozen=True)
class Pool:
    """The passages to weigh, best first as fused; arrays of shape `(passages,)`."""

    numbers: Numbers
    fused: Matrix
    similar: Matrix


@dataclass(frozen=True)
class _Sentence:
    terms: frozenset[str]
    result: float
    recommendation: float


@dataclass(frozen=True)
class _View:
    """One passage's words, as far as they do not depend on a question.

    Attributes:
        in_abstract: Whether a heading above says so.
        table: Share of its letters that stand in rows of a table.
        unfinished: Share of its letters in lines that end without a full stop.
        pairs: Its terms that stand side by side.
        headings: Terms of the two innermost headings, which stand in the heading line too.
        innermost: Terms of the innermost heading, with their rarity in the library.
    """

    signals: Signals
    part: str
    in_abstract: bool
    table: float
    unfinished: float
    pairs: frozenset[tuple[str, str]]
    sentences: tuple[_Sentence, ...]
    headings: frozenset[str]
    innermost: dict[str, float]
    title: frozenset[str]


@dataclass(frozen=True)
class _Words:
    """A question's words and their weights.

    Attributes:
        terms: Those that occur in the library, `t` of them.
        rarity: How rare each is in the library, shape `(t,)`.
        outcome: 1 for those of the question's outcome part, else 0, shape `(t,)`.
        pairs: Terms that stand side by side in the outcome part.
        held: 1 where a candidate holds a term, shape `(passages, t)`.
        rare_here: Rarity in the library times that in the candidate's document, same shape.
    """

    terms: list[str]
    rarity: Matrix
    outcome: Matrix
    pairs: frozenset[tuple[str, str]]
    held: Matrix
    rare_here: Matrix


class Describer:
    """Gives the features of candidates in one index. Safe for many threads."""

    def __init__(self, index: Generation, titles: Sequence[str], document_of: Numbers) -> None:
        """Prepare for an index.

        Args:
            index: Passages, vectors and terms; passages of one document stand together.
            titles: Title of each document, by document number.
            document_of: Document number of each passage, shape `(passages,)`.
        """
        self._index = index
        self._titles = titles
        self._document_of = document_of
        self._sizes = np.bincount(document_of, minlength=len(titles))
        self._firsts = np.searchsorted(document_of, np.arange(len(titles)))
        self._view = lru_cache(maxsize=_VIEWS)(self._look_at)
        self._mean = lru_cache(maxsize=_VIEWS)(self._mean_of)
        self.short_forms = lru_cache(maxsize=_VIEWS)(self._learn_short_forms)

    def describe(self, question: str, vector: Vector, pool: Pool) -> Matrix:
        """The candidates' features, shape `(passages, len(FEATURES))`, in the pool's order."""
        views = [self._view(int(number)) for number in pool.numbers]
        words = self._words(question, pool)
        columns = {
            **self._nearness(vector, pool),
            **_overlaps(words, views),
            **_headings(words, views),
            **_kinds(views),
            **self._positions(pool),
        }
        shortness = 1 / (1 + self._sizes[self._document_of[pool.numbers]] / _SHORT_DOCUMENT)
        columns |= {f"{name}_if_short": columns[name] * shortness for name in IF_SHORT}
        asked = asks_for(question)
        for kind in ASKS:
            share = float(kind in asked)
            names = (*IF_ASKED, *(IF_EFFECT_ASKED if kind == "effect" else ()))
            columns |= {f"{name}_if_{kind}_asked": columns[name] * share for name in names}
        return np.column_stack([columns[name] for name in FEATURES])

    def mostly_abstracts(self, pool: Pool) -> bool:
        """Whether most candidates stand in documents as short as an abstract.

        There is then no document to tell the finding from the rest of, and the fused order does
        better than the ranker's: on collections of abstracts weighing cost 0.03 of nDCG@10.
        """
        sizes = self._sizes[self._document_of[pool.numbers]]
        return bool(np.mean(sizes <= _ABSTRACT) > 0.5)

    def _look_at(self, number: int) -> _View:
        passage = self._index.passages[number]
        document = int(self._document_of[number])
        forms = self.short_forms(document)
        innermost = tokenise(" ".join(passage.section[-1:]))
        return replace(
            _seen(passage.text, passage.section, self._titles[document], forms),
            innermost={term: self._rarity(term) for term in innermost},
        )

    def _learn_short_forms(self, document: int) -> ShortForms:
        first = int(self._firsts[document])
        passages = self._index.passages[first : first + int(self._sizes[document])]
        return of_passages([passage.text for passage in passages])

    def _rarity(self, term: str, found: int | None = None) -> float:
        """How rare a term is in the library: ln(1 + N / (1 + n)); `n` is counted if left out."""
        count = len(self._index.lexical.holding(term)) if found is None else found
        return math.log(1 + len(self._index.passages) / (1 + count))

    def _words(self, question: str, pool: Pool) -> _Words:
        lexical = self._index.lexical
        asked = dict.fromkeys(tokenise_query(question))
        places = {term: found for term in asked if len(found := lexical.holding(term))}
        in_order = tokenise_query(outcome_part(question))
        outcome = set(in_order)
        documents = self._document_of[pool.numbers]
        held = np.zeros((len(pool.numbers), len(places)))
        rare_here = np.zeros_like(held)
        rarity = np.array([self._rarity(term, len(found)) for term, found in places.items()])
        for column, found in enumerate(places.values()):
            held[:, column] = np.isin(pool.numbers, found)
            counts = np.bincount(self._document_of[found], minlength=len(self._sizes))[documents]
            here = np.log((self._sizes[documents] + 1) / (counts + 0.5)) * rarity[column]
            rare_here[:, column] = np.where(counts > 0, np.maximum(here, 0), 0)
        in_outcome = np.array([float(term in outcome) for term in places])
        return _Words(list(places), rarity, in_outcome, _pairs(in_order), held, rare_here)

    def _nearness(self, vector: Vector, pool: Pool) -> dict[str, Matrix]:
        documents = self._document_of[pool.numbers]
        different, own = np.unique(documents, return_inverse=True)
        means = np.vstack([self._mean(int(document)) for document in different])
        sections = _numbered([self._section(int(number)) for number in pool.numbers])
        neighbours = self._neighbours(vector, pool)
        best_in_section = _by_group(pool.fused, sections, np.max)
        return {
            "fused": pool.fused,
            "fused_gap": pool.fused - pool.fused.max(initial=0.0),
            "similarity": pool.similar,
            "similarity_in_document": pool.similar - (means @ vector)[own],
            "place_in_document": 1 / np.sqrt(1 + _better_in_group(pool.fused, own)),
            "document_best": _by_group(pool.fused, own, np.max),
            "document_mean": _by_group(pool.fused, own, _mean_of_best),
            "in_best_document": (documents == documents[0]).astype(float),
            "section_best": best_in_section,
            "section_passages": np.log(np.bincount(sections)[sections]),
            "neighbours_mean": neighbours.mean(axis=1),
            "neighbours_best": neighbours.max(axis=1),
        }

    def _section(self, number: int) -> tuple[str, tuple[str, ...]]:
        passage = self._index.passages[number]
        return passage.document_id, passage.section

    def _neighbours(self, vector: Vector, pool: Pool) -> Matrix:
        """Similarity of the passages before and after each candidate, shape `(passages, 2)`."""
        beside = pool.numbers[:, None] + np.array([[-1, 1]])
        inside = np.clip(beside, 0, len(self._document_of) - 1)
        same = (self._document_of[inside] == self._document_of[pool.numbers][:, None]) & (
            beside == inside
        )
        similar = self._index.vectors.similarities(vector, inside.ravel()).reshape(-1, 2)
        return np.where(same, similar, pool.similar[:, None] - _NEIGHBOUR_MISSING)

    def _mean_of(self, document: int) -> Vector:
        """Mean vector of a document's passages, of which there must be one."""
        first = self._firsts[document]
        rows = self._index.vectors.matrix()[first : first + self._sizes[document]]
        return np.asarray(rows.mean(axis=0), dtype=np.float32)

    def _positions(self, pool: Pool) -> dict[str, Matrix]:
        documents = self._document_of[pool.numbers]
        position = (pool.numbers - self._firsts[documents]) / self._sizes[documents]
        return {"position": position, "position_squared": position**2}


# Kept for whatever index comes next: it does not depend on one.
@lru_cache(maxsize=_VIEWS)
def _seen(text: str, section: tuple[str, ...], title: str, forms: ShortForms) -> _View:
    """A passage's words, without its innermost heading's rarity."""
    lines = text.splitlines()
    sentences = []
    for start, end in units(text):
        found = signals(text[start:end])
        if found.words >= _FEW_WORDS:
            sentences.append(
                _Sentence(
                    frozenset(all_terms(text[start:end], forms)),
                    result_likeness(found),
                    recommendation_likeness(found),
                )
            )
    terms, others = terms_with(text, forms)
    named = [terms, *others]
    return _View(
        signals(text),
        heading_part(section),
        is_abstract(section),
        sum(len(line) for line in lines if _CELLS in line) / len(text),
        sum(len(line) for line in lines if not _FINISHED.search(line)) / len(text),
        frozenset().union(*map(_pairs, named)),
        tuple(sentences),
        frozenset(tokenise(" ".join(section[-2:]))),
        {},
        frozenset(tokenise(title)),
    )


def _overlaps(words: _Words, views: Sequence[_View]) -> dict[str, Matrix]:
    """Shares of the question's words, by weight, in the passage and in its best sentence."""
    outcome_rarity = words.rarity * words.outcome
    rare_outcome = words.rare_here * words.outcome
    best = np.zeros((len(views), 5))
    for row, view in enumerate(views):
        for sentence in view.sentences:
            has = np.array([float(term in sentence.terms) for term in words.terms])
            share, outcome = _share(has, words.rarity), _share(has, outcome_rarity)
            best[row] = np.maximum(
                best[row],
                (
                    share,
                    outcome,
                    share * sentence.result,
                    outcome * sentence.result,
                    _share(has, words.rare_here[row]) * sentence.recommendation,
                ),
            )
    return {
        "words": _share(words.held, words.rarity),
        "words_rare_in_document": _share(words.held, words.rare_here),
        "outcome_words": _share(words.held, rare_outcome),
        "outcome_phrase": np.array(
            [len(words.pairs & view.pairs) / max(len(words.pairs), 1) for view in views]
        ),
        "sentence_words": best[:, 0],
        "sentence_outcome": best[:, 1],
        "result_sentence_words": best[:, 2],
        "result_sentence_outcome": best[:, 3],
        "recommending_sentence_words": best[:, 4],
    }


def _share(has: Matrix, weights: Matrix) -> Matrix:
    """Share of the words' weight that is held, along the last axis; 0 without any weight."""
    return np.asarray((has * weights).sum(axis=-1) / (weights.sum(axis=-1) + _NOTHING))


def _headings(words: _Words, views: Sequence[_View]) -> dict[str, Matrix]:
    asked = set(words.terms)
    in_headings = np.array([[float(t in view.headings) for t in words.terms] for view in views])
    in_title = np.array([[float(t in view.title) for t in words.terms] for view in views])
    covered = [
        sum(weight for term, weight in view.innermost.items() if term in asked)
        / (sum(view.innermost.values()) + _NOTHING)
        for view in views
    ]
    shape = (len(views), len(words.terms))
    return {
        "heading_words": _share(in_headings.reshape(shape), words.rare_here),
        "heading_covered": np.array(covered),
        "title_words": _share(in_title.reshape(shape), words.rarity),
    }


def _kinds(views: Sequence[_View]) -> dict[str, Matrix]:
    """What kind of text each passage is: densities of tell-tale words, and the headings above."""

    def density(name: str) -> Matrix:
        counts = [
            getattr(view.signals, name) / max(view.signals.words, _SHORT) * 10 for view in views
        ]
        return np.sqrt(counts)

    return {
        "results": density("result"),
        "recommendations": density("recommendation"),
        "methods": density("method"),
        "figures": density("figures"),
        "intervals": density("intervals"),
        "length": np.log([max(view.signals.words, _SHORT) for view in views]),
        "in_abstract": np.array([float(view.in_abstract) for view in views]),
        "table": np.array([view.table for view in views]),
        "definitions": density("definitions"),
        "unfinished": np.array([view.unfinished for view in views]),
        **{
            f"under_{part}": np.array([float(view.part == part) for view in views])
            for part in PARTS
        },
    }


def _pairs(terms: Sequence[str]) -> frozenset[tuple[str, str]]:
    return frozenset(pairwise(terms))


def _numbered(keys: Sequence[object]) -> Numbers:
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    return np.array([numbers[key] for key in keys], dtype=np.int64)


def _by_group(values: Matrix, groups: Numbers, of: Callable[[Matrix], float]) -> Matrix:
    """For each value, `of` its group's values."""
    return np.array([of(values[groups == group]) for group in range(groups.max() + 1)])[groups]


def _mean_of_best(values: Matrix) -> float:
    """The five best values' sum over five, so that many good passages tell of a good document."""
    return float(np.sort(values)[-5:].sum() / 5)


def _better_in_group(values: Matrix, groups: Numbers) -> Numbers:
    """For each value, how many of its group are higher."""
    same = groups[:, None] == groups[None, :]
    return np.asarray((same & (values[None, :] > values[:, None])).sum(axis=1), dtype=np.int64)
