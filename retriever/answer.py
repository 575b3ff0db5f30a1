"""Hits -> answer: the sentences that answer, quoted whole, or plain words that none do.

Extractive and deterministic: nothing is written, shortened or put together from parts.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from retriever.config import Answers
from retriever.generation import FileRecord
from retriever.schema import Answer, Finding, Hit, Query, Record, pages_of, to_dict
from retriever.search import Searcher, Stopwatch
from retriever.sentences import Span, units
from retriever.tokens import tokenise, tokenise_query

_JSON_ONLY = {"documents_searched", "passages_searched", "message"}
_NEAR_REPEAT = 0.8
# Chosen on the develop halves; `benchmarks/answers.py` gives the figures.
_WORD_WEIGHT = 0.3
_PASSAGE_WEIGHT = 0.3
_WORD_ALLOWANCE = 0.1
_NOT_HELD = "The library holds no passage that answers this question."


@dataclass(frozen=True)
class _Candidate:
    """A quotation that might be shown: offsets within its passage, and how well it answers."""

    hit: Hit
    start: int
    end: int
    score: float
    terms: frozenset[str]


def compose(
    query: Query,
    hits: Sequence[Hit],
    searcher: Searcher,
    settings: Answers,
    per_document: int,
    record: Record,
    searched: tuple[int, int],
    stopwatch: Stopwatch | None = None,
) -> Answer:
    """Answer a question out of the passages found for it.

    Args:
        query: The question.
        hits: Hybrid hits, best first.
        searcher: Gives similarities and the documents' metadata.
        settings: How findings are chosen.
        per_document: The most findings out of one document.
        record: What gave this answer.
        searched: Documents and passages that the filters let through.
        stopwatch: Told the seconds of `sentences`.

    Returns:
        `answered` with findings, most useful first, or `not-held` with none.
    """
    watch = stopwatch or Stopwatch()
    held = is_held(query.text, hits, settings)
    with watch.time("sentences"):
        chosen = _choose(query, hits, searcher, settings, per_document) if held else []
    findings = tuple(_finding(c, searcher.files[c.hit.passage.document_id]) for c in chosen)
    return Answer(
        question=query.text,
        understood=query,
        outcome="answered" if findings else "not-held",
        findings=findings,
        gaps=() if findings else (_NOT_HELD,),
        warnings=_warnings(findings),
        record=record,
        documents_searched=searched[0],
        passages_searched=searched[1],
        message="" if findings else _NOT_HELD,
    )


def to_json(answer: Answer) -> dict[str, Any]:
    """The answer as the command line and other programs get it; shape as in README.md."""
    data = {key: value for key, value in to_dict(answer).items() if key not in _JSON_ONLY}
    data["understood"].pop("text")
    for finding in data["findings"]:
        finding.pop("section")
    return data


def is_held(question: str, hits: Sequence[Hit], settings: Answers) -> bool:
    """Whether the library holds something on the question, or only the nearest there is.

    The best similarity among the hits must reach `min_similarity`; a question most of whose
    words stand together in one of the best passages may lie a little below it.
    """
    if not hits:
        return False
    nearest = max(hit.vector_score or 0.0 for hit in hits)
    terms = set(tokenise_query(question))
    shared = max(len(terms & set(tokenise(_with_title(hit)))) for hit in hits[:10]) / len(terms)
    return nearest + _WORD_ALLOWANCE * shared >= settings.min_similarity


def _with_title(hit: Hit) -> str:
    return f"{hit.title}\n{hit.passage.text}"


def _choose(
    query: Query, hits: Sequence[Hit], searcher: Searcher, settings: Answers, per_document: int
) -> list[_Candidate]:
    """The quotations to show: best first, few per document, near-repeats dropped."""
    candidates = _candidates(query, hits[: settings.passages], searcher, settings)
    chosen: list[_Candidate] = []
    shown: Counter[str] = Counter()
    for candidate in sorted(candidates, key=lambda c: (-c.score, c.hit.passage.id)):
        document = candidate.hit.passage.document_id
        if shown[document] >= per_document or any(_repeats(candidate, c) for c in chosen):
            continue
        chosen.append(candidate)
        shown[document] += 1
        if len(chosen) == settings.findings:
            break
    return chosen


def _candidates(
    query: Query, hits: Sequence[Hit], searcher: Searcher, settings: Answers
) -> list[_Candidate]:
    """One quotation out of each passage: its best sentences."""
    cut = [units(hit.passage.text) for hit in hits]
    texts = [hit.passage.text[a:b] for hit, found in zip(hits, cut, strict=True) for a, b in found]
    if not texts:
        return []
    similar = searcher.similarities(query.text, texts)
    overlaps = _overlaps(query.text, texts)
    scores = similar + _WORD_WEIGHT * overlaps
    best_hit = max(hit.score for hit in hits) or 1.0
    candidates = []
    first = 0
    for hit, found in zip(hits, cut, strict=True):
        own = scores[first : first + len(found)]
        first += len(found)
        a, b = _window(own, found, hit.passage.text, settings.max_sentences)
        score = float(own.max()) + _PASSAGE_WEIGHT * hit.score / best_hit
        terms = frozenset(tokenise(hit.passage.text[a:b]))
        candidates.append(_Candidate(hit, a, b, score, terms))
    return candidates


def _overlaps(question: str, texts: Sequence[str]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Share of the question's words that each text holds, rare words among the texts more."""
    sets = [set(tokenise(text)) for text in texts]
    asked = set(tokenise_query(question))
    weights = {
        term: math.log(1 + len(texts) / (1 + sum(term in terms for terms in sets)))
        for term in asked
    }
    total = sum(weights.values()) or 1.0
    return np.array([sum(weights[t] for t in asked & terms) / total for terms in sets])


def _window(
    scores: np.ndarray[Any, np.dtype[np.float64]], found: Sequence[Span], text: str, most: int
) -> Span:
    """The best sentence and, while they answer nearly as well, its neighbours in the paragraph."""
    first = last = int(scores.argmax())
    floor = 0.8 * float(scores[first])
    while last - first + 1 < most:
        before = first > 0 and "\n" not in text[found[first - 1][1] : found[first][0]]
        after = last + 1 < len(found) and "\n" not in text[found[last][1] : found[last + 1][0]]
        left = float(scores[first - 1]) if before else -math.inf
        right = float(scores[last + 1]) if after else -math.inf
        if max(left, right) < floor:
            break
        if left > right:
            first -= 1
        else:
            last += 1
    return found[first][0], found[last][1]


def _repeats(one: _Candidate, other: _Candidate) -> bool:
    """Whether two quotations say the same in almost the same words."""
    smaller = min(len(one.terms), len(other.terms))
    union = len(one.terms | other.terms)
    shared = len(one.terms & other.terms)
    return smaller > 0 and (shared / union >= _NEAR_REPEAT or shared == smaller)


def _finding(candidate: _Candidate, file: FileRecord) -> Finding:
    passage, metadata = candidate.hit.passage, file.entry.metadata
    start, end = passage.start + candidate.start, passage.start + candidate.end
    return Finding(
        quote=passage.text[candidate.start : candidate.end],
        document_id=passage.document_id,
        title=metadata.title,
        publisher=metadata.publisher,
        year=metadata.year,
        source_type=metadata.source_type,
        pages=pages_of(file.pages, start, end),
        start=start,
        end=end,
        match={},
        kind=None,
        populations=(),
        status=metadata.status,
        url=metadata.url,
        passage_id=passage.id,
        section=passage.section,
    )


def _warnings(findings: Sequence[Finding]) -> tuple[str, ...]:
    """A sentence for each source shown that is no longer in force."""
    found = {}
    for finding in findings:
        if finding.status.startswith("superseded-by:"):
            successor = finding.status.removeprefix("superseded-by:").strip()
            found[finding.document_id] = f"{finding.title} was replaced by {successor}."
        elif finding.status == "withdrawn":
            found[finding.document_id] = f"{finding.title} was withdrawn."
    return tuple(found.values())
