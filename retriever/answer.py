"""Hits -> answer: the sentences that answer, quoted whole, or plain words that none do.

Extractive and deterministic: nothing is written, shortened or put together from parts.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from retriever.config import Answers
from retriever.evidence import answering_likeness
from retriever.fusion import Scores
from retriever.generation import FileRecord
from retriever.schema import Answer, Finding, Hit, Query, Record, pages_of, to_dict
from retriever.search import Searcher, Stopwatch
from retriever.sentences import Span, units
from retriever.tokens import tokenise, tokenise_query

_JSON_ONLY = {"documents_searched", "passages_searched", "message"}
_NEAR_REPEAT = 0.8
# Chosen on the choosing halves of `benchmarks/answers.py`, with `answers.min_similarity`.
_WORD_WEIGHT = 0.5
_PASSAGE_WEIGHT = 1.0
_WORD_ALLOWANCE = 0.1
_NEIGHBOUR = 0.8
_ROLE_WEIGHT = 0.2
_UNFINISHED = 0.15  # a title or a list item says less than a sentence
_WHOLE = re.compile(r"[.!…][\"'”’)\]]*(?:\s*\[[^\]]*\])?[\d,–-]*$")
_FEWEST_WORDS = 4
_LIST_MARK = "- "
_ADDRESS = re.compile(r"https?://|www\.|\bdoi:", re.IGNORECASE)
# A source that was replaced is shown with its warning, but behind those that answer as well.
_NO_LONGER_IN_FORCE = 0.6
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
    held = nearness(query.text, hits) >= settings.min_similarity
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
        finding.pop("digest")
    return data


def nearness(question: str, hits: Sequence[Hit]) -> float:
    """How near the library comes to a question; below `min_similarity` it is not answered.

    The best similarity among the hits, and a little more where most of the question's words stand
    together in one of the best passages. About 0.1 for an off-topic question, above 0.5 for one
    that the library answers.
    """
    if not hits:
        return -1.0
    terms = set(tokenise_query(question))
    shared = max(len(terms & set(tokenise(_with_title(hit)))) for hit in hits[:10]) / len(terms)
    return max(hit.vector_score or 0.0 for hit in hits) + _WORD_ALLOWANCE * shared


def _with_title(hit: Hit) -> str:
    return f"{hit.title}\n{hit.passage.text}"


def _choose(
    query: Query, hits: Sequence[Hit], searcher: Searcher, settings: Answers, per_document: int
) -> list[_Candidate]:
    """The quotations to show: best first, few per document, near-repeats dropped."""
    candidates = _candidates(query, _spread(hits, settings, per_document), searcher, settings)
    chosen: list[_Candidate] = []
    shown: Counter[str] = Counter()
    for candidate in sorted(candidates, key=lambda c: (-c.score, c.hit.passage.id, c.start)):
        document = candidate.hit.passage.document_id
        if shown[document] >= per_document or any(_repeats(candidate, c) for c in chosen):
            continue
        chosen.append(candidate)
        shown[document] += 1
        if len(chosen) == settings.findings:
            break
    return chosen


def _spread(hits: Sequence[Hit], settings: Answers, per_document: int) -> list[Hit]:
    """The passages to read for findings: best first, but not all of them out of one document."""
    taken: Counter[str] = Counter()
    chosen = []
    for hit in hits:
        taken[hit.passage.document_id] += 1
        if taken[hit.passage.document_id] <= per_document + 1:
            chosen.append(hit)
    return chosen[: settings.passages]


def _candidates(
    query: Query, hits: Sequence[Hit], searcher: Searcher, settings: Answers
) -> list[_Candidate]:
    """The statements in the passages, each with its score and, where they add to it, neighbours."""
    statements = [_statements(hit.passage.text, hit.title) for hit in hits]
    texts = [
        hit.passage.text[a:b] for hit, found in zip(hits, statements, strict=True) for a, b in found
    ]
    if not texts:
        return []
    scores = searcher.similarities(query.text, texts) + _WORD_WEIGHT * _overlaps(query.text, texts)
    scores += _ROLE_WEIGHT * np.array([answering_likeness(query.text, text) for text in texts])
    scores -= _UNFINISHED * np.array([_WHOLE.search(text) is None for text in texts])
    best_hit = max(hit.score for hit in hits) or 1.0
    candidates = []
    first = 0
    for hit, found in zip(hits, statements, strict=True):
        own = scores[first : first + len(found)] + _PASSAGE_WEIGHT * hit.score / best_hit
        own -= _NO_LONGER_IN_FORCE * _is_replaced(searcher.files[hit.passage.document_id])
        first += len(found)
        for number, score in enumerate(own):
            a, b = _window(own, number, found, hit.passage.text, settings.max_sentences)
            terms = frozenset(tokenise(hit.passage.text[a:b]))
            candidates.append(_Candidate(hit, a, b, float(score), terms))
    return candidates


def _is_replaced(file: FileRecord) -> bool:
    status = file.entry.metadata.status
    return status == "withdrawn" or status.startswith("superseded-by:")


def _statements(text: str, title: str) -> list[Span]:
    """The sentences of a passage that can stand as a finding, without their list marks.

    Left out are the document's own title, web addresses, questions, scraps, and list items that
    only go on from a stem in another passage. Where that leaves nothing, nothing is quoted.
    """
    found = []
    for start, end in units(text):
        start += len(_LIST_MARK) if text.startswith(_LIST_MARK, start) else 0
        sentence = text[start:end]
        words = [word for word in sentence.split() if any(c.isalpha() for c in word)]
        fragment = sentence[:1].islower() or sentence.endswith(("?", ":")) or sentence in title
        if len(words) >= _FEWEST_WORDS and not fragment and not _ADDRESS.search(sentence):
            found.append((start, end))
    return found


def _overlaps(question: str, texts: Sequence[str]) -> Scores:
    """Share of the question's words that each text holds, rare words among the texts more."""
    sets = [set(tokenise(text)) for text in texts]
    asked = set(tokenise_query(question))
    weights = {
        term: math.log(1 + len(texts) / (1 + sum(term in terms for terms in sets)))
        for term in asked
    }
    total = sum(weights.values())
    return np.array([sum(weights[t] for t in asked & terms) / total for terms in sets])


def _window(scores: Scores, best: int, found: Sequence[Span], text: str, most: int) -> Span:
    """A sentence and, while they answer nearly as well, its neighbours in the same paragraph."""
    first = last = best
    floor = _NEIGHBOUR * float(scores[best])
    while last - first + 1 < most:
        left = _neighbour(scores, first - 1, first, found, text)
        right = _neighbour(scores, last + 1, last, found, text)
        if max(left, right) < floor:
            break
        if left > right:
            first -= 1
        else:
            last += 1
    return found[first][0], found[last][1]


def _neighbour(scores: Scores, at: int, beside: int, found: Sequence[Span], text: str) -> float:
    """Score of the sentence `at`, if it stands right beside the other in one paragraph."""
    if not 0 <= at < len(found):
        return -math.inf
    one, two = sorted((found[at], found[beside]))
    between = text[one[1] : two[0]]
    return float(scores[at]) if between.isspace() and "\n" not in between else -math.inf


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
        digest=metadata.digest,
    )


def _warnings(findings: Sequence[Finding]) -> tuple[str, ...]:
    """A sentence for each source shown that is no longer in force, and one on digests."""
    found = {}
    for finding in findings:
        if finding.status.startswith("superseded-by:"):
            successor = finding.status.removeprefix("superseded-by:").strip()
            found[finding.document_id] = f"{finding.title} was replaced by {successor}."
        elif finding.status == "withdrawn":
            found[finding.document_id] = f"{finding.title} was withdrawn."
    digests = len({finding.document_id for finding in findings if finding.digest})
    if digests:
        are = "is a digest" if digests == 1 else "are digests"
        found[""] = (
            f"{digests} of the documents quoted {are}, not the original: the words are the "
            "digest's. Read the original before deciding."
        )
    return tuple(found.values())
