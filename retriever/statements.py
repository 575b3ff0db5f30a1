"""Passages -> the sentences that could stand as findings, and what is known of each.

A passage that answers holds sentences that do and sentences that do not. What tells them apart is
described here as one number for each entry of `STATEMENTS`; `data/statements.toml` says what each
counts (see `ranker.py`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from retriever.evidence import (
    asks_for,
    no_statement,
    outcome_part,
    recommendation_likeness,
    result_likeness,
    signals,
)
from retriever.features import Matrix
from retriever.schema import Hit
from retriever.sentences import Span, units
from retriever.shortforms import ShortForms, all_terms
from retriever.tokens import tokenise_query

_FEWEST_WORDS = 4
_LIST_MARK = "- "
_ADDRESS = re.compile(r"https?://|www\.|\bdoi:", re.IGNORECASE)
_AUTHOR = r"[A-Z][a-zà-ÿ’'-]+,?\s(?:[A-Z]\.?\s?){1,3}"
# Lines of lists of sources: "88 Barr O, Gilgunn J", "17 NHS England (2019) Screening ...",
# "Department of Health (2003) Health survey ...", "BMJ 2009;338:b1"
_REFERENCE = re.compile(
    rf"^\W*(?:\d{{1,3}}[.)]?\s+)?{_AUTHOR}(?:,|;|&|\sand|,\sand)\s?{_AUTHOR}[,;.&(\s]"
    r"|^\W*(?:\d{1,3}[.)]?\s+)?[A-Z][^.?!()]{2,70}\s\((?:19|20)\d\d[a-z]?\)[.:,]?\s[‘'“\"A-Z][\w’]"
    r"|\b(?:19|20)\d\d;\s?\d+\s?[(:]"
)
# "7.12 Gypsy, Roma and Traveller Communities 60": a line of a table of contents
_CONTENTS = re.compile(r"^\d+(?:\.\d+)+\s(?:\| )?[A-Z][^.;:%×=]{2,80}\s\d{1,3}$")
_LIST_OF_SOURCES = 0.4  # share of a passage's lines
_WHOLE = re.compile(r"[.!…][\"'”’)\]]*(?:\s*\[[^\]]*\])?[\d,–-]*$")

STATEMENTS: tuple[str, ...] = (
    "similarity",
    "outcome_similarity",
    "similarity_in_passage",
    "words",
    "outcome_words",
    "result",
    "result_outcome_words",
    "result_similarity",
    "recommendation",
    "methods",
    "background",
    "figures",
    "intervals",
    "length",
    "unfinished",
    "passage",
    "passage_place",
    "first_in_passage",
    "result_if_effect_asked",
    "figures_if_effect_asked",
    "recommendation_if_advice_asked",
    "result_if_advice_asked",
)
"""Names in the order of the columns."""


@dataclass(frozen=True)
class Statement:
    """A sentence of a passage that was found: `hit.passage.text[start:end]`.

    Attributes:
        terms: Its words as BM25 sees them, its document's abbreviations in either form.
    """

    hit: Hit
    start: int
    end: int
    terms: frozenset[str]

    @property
    def text(self) -> str:
        """The sentence, word for word."""
        return self.hit.passage.text[self.start : self.end]


def statements(hits: Sequence[Hit], short_forms: Callable[[str], ShortForms]) -> list[Statement]:
    """The sentences that can stand as findings, in order of the hits and of their texts.

    Left out are the document's own title, web addresses, questions, scraps, lists of sources and of
    contents, and list items that only go on from a stem in another passage. List marks are no part
    of a sentence.

    Args:
        hits: The passages to read.
        short_forms: Gives the abbreviations that a document explains, by the document's id.
    """
    return [
        Statement(hit, start, end, frozenset(all_terms(hit.passage.text[start:end], forms)))
        for hit in hits
        for forms in [short_forms(hit.passage.document_id)]
        for start, end in _spans(hit.passage.text, hit.title)
    ]


def _spans(text: str, title: str) -> list[Span]:
    lines = [line for line in text.splitlines() if line.strip()]
    sources = sum(_REFERENCE.match(line) is not None for line in lines)
    if sources > 1 and sources >= _LIST_OF_SOURCES * len(lines):
        return []
    found = []
    for start, end in units(text):
        start += len(_LIST_MARK) if text.startswith(_LIST_MARK, start) else 0
        sentence = text[start:end]
        words = [word for word in sentence.split() if any(c.isalpha() for c in word)]
        fragment = sentence[:1].islower() or sentence.endswith(("?", ":")) or sentence in title
        no_text = any(p.search(sentence) for p in (_ADDRESS, _CONTENTS, _REFERENCE))
        no_text |= sentence.startswith(no_statement())
        # Names and labels alone: a row of a table, places on a map.
        no_text |= not any(word[:1].islower() for word in words)
        if len(words) >= _FEWEST_WORDS and not fragment and not no_text:
            found.append((start, end))
    return found


def describe(question: str, found: Sequence[Statement], similar: Matrix) -> Matrix:
    """What is known of each statement.

    Args:
        question: As asked.
        found: At least one statement, those of one passage together.
        similar: Cosine similarity of the question, and of `outcome_part(question)`, to each
            statement; shape `(2, len(found))`.

    Returns:
        Shape `(len(found), len(STATEMENTS))`.
    """
    texts = [statement.text for statement in found]
    seen = [signals(text) for text in texts]
    asked = asks_for(question)
    words = [max(each.words, 1) for each in seen]
    result = np.array([result_likeness(each) for each in seen])
    recommendation = np.array([recommendation_likeness(each) for each in seen])
    figures = np.sqrt([each.figures for each in seen])
    outcome_words = _overlaps(outcome_part(question), found)
    columns = {
        "similarity": similar[0],
        "outcome_similarity": similar[1],
        "words": _overlaps(question, found),
        "outcome_words": outcome_words,
        "result": result,
        "result_outcome_words": result * outcome_words,
        "result_similarity": result * similar[0],
        "recommendation": recommendation,
        "methods": np.sqrt([e.method / n * 10 for e, n in zip(seen, words, strict=True)]),
        "background": np.sqrt([e.background / n * 10 for e, n in zip(seen, words, strict=True)]),
        "figures": figures,
        "intervals": np.sqrt([each.intervals for each in seen]),
        "length": np.log(words),
        "unfinished": np.array([float(_WHOLE.search(text) is None) for text in texts]),
        **_of_passages(found, similar[0]),
        "result_if_effect_asked": result * ("effect" in asked),
        "figures_if_effect_asked": figures * ("effect" in asked),
        "recommendation_if_advice_asked": recommendation * ("advice" in asked),
        "result_if_advice_asked": result * ("advice" in asked),
    }
    return np.column_stack([columns[name] for name in STATEMENTS])


def _of_passages(found: Sequence[Statement], similar: Matrix) -> dict[str, Matrix]:
    """What a statement has of its passage, and its place in it."""
    passages = list(dict.fromkeys(statement.hit.passage.id for statement in found))
    own = np.array([passages.index(statement.hit.passage.id) for statement in found])
    best = max(statement.hit.score for statement in found) or 1.0
    counts = np.bincount(own)
    means = np.bincount(own, weights=similar) / counts
    firsts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    at = np.arange(len(found)) - firsts[own]
    return {
        "similarity_in_passage": similar - means[own],
        "passage": np.array([statement.hit.score / best for statement in found]),
        "passage_place": 1 / np.sqrt(1 + own),
        "first_in_passage": (at == 0).astype(float),
    }


def _overlaps(asked: str, found: Sequence[Statement]) -> Matrix:
    """Share of the words asked that each statement holds, words rare among them more."""
    terms = dict.fromkeys(tokenise_query(asked))
    weights = {
        term: math.log(1 + len(found) / (1 + sum(term in each.terms for each in found)))
        for term in terms
    }
    total = sum(weights.values())
    return np.array([sum(weights[t] for t in terms if t in e.terms) / total for e in found])
