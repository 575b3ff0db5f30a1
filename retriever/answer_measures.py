"""How well questions are answered: findings that hold what was judged, exactness, refusals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from retriever.answer import nearness
from retriever.judgements import Question
from retriever.library import Library
from retriever.measures import Estimate, estimates
from retriever.relevance import JudgedQuestion, Place
from retriever.schema import Answer, Document, Finding, Passage

FOUND_AT = (1, 3, 5)
TOLERATED = 0.03
_THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(4, 19))


@dataclass(frozen=True)
class AnswerMeasures:
    """How well `Library.ask` answers the answerable questions that have judgements.

    Attributes:
        count: How many questions.
        found: `1`, `3`, `5` -> share of questions with a finding among so many that holds
            something judged relevant (most of the quotation, or on the pages).
        findings: How many findings were shown in all.
        exact: Of these, how many stand word for word at their offsets and on their stated pages;
            anything below `findings` is a fault.
        first: Question id -> place of the first such finding, 0 where there is none.
    """

    count: int
    found: dict[str, Estimate]
    findings: int
    exact: int
    first: dict[str, int]

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild from `to_dict`'s output."""
        found = {k: Estimate.from_dict(value) for k, value in data["found"].items()}
        return cls(**{**data, "found": found})


@dataclass(frozen=True)
class RefusalPoint:
    """What refusing below one nearness would do: shares of questions refused."""

    threshold: float
    unanswerable: float | None
    answerable: float | None


@dataclass(frozen=True)
class Refusals:
    """Whether the questions that the library cannot answer are refused, and only these.

    Attributes:
        unanswerable: What is missing (`far`, `near-group`, ...; `all`) -> share refused.
        answerable: Share of answerable questions refused; None where none was asked.
        counts: How many questions stand behind each share; the answerable under `answerable`.
        curve: Both shares at each threshold of nearness; None where there is no such question.
        threshold: The one in force (`answers.min_similarity`).
        suggested: The highest threshold of the curve that refuses at most 3 in 100 answerable
            questions; None where there is none.
        wrong: Ids of the questions that were answered and should not have been, or the other way
            round.
    """

    unanswerable: dict[str, Estimate]
    answerable: Estimate | None
    counts: dict[str, int]
    curve: tuple[RefusalPoint, ...]
    threshold: float
    suggested: float | None
    wrong: tuple[str, ...]

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild from `to_dict`'s output."""
        shares = {k: Estimate.from_dict(value) for k, value in data["unanswerable"].items()}
        answerable = data["answerable"]
        return cls(
            **{
                **data,
                "unanswerable": shares,
                "answerable": None if answerable is None else Estimate.from_dict(answerable),
                "curve": tuple(RefusalPoint(**point) for point in data["curve"]),
                "wrong": tuple(data["wrong"]),
            }
        )


@dataclass(frozen=True)
class Asked:
    """A question, its answer, and how near the library comes to it."""

    question: Question
    answer: Answer
    nearness: float


def ask_all(
    library: Library, questions: Sequence[Question], show: Callable[[str], None]
) -> list[Asked]:
    """Ask every question, telling `show` which."""
    asked = []
    for question in questions:
        show(question.id)
        hits = library.search(question.text, library.settings.search.candidates)
        near = nearness(question.text, hits)
        asked.append(Asked(question, library.ask(question.text), near))
    return asked


def answer_measures(
    asked: Sequence[Asked],
    judged: Mapping[str, JudgedQuestion],
    library: Library,
    names: Mapping[str, str],
    seed: int,
) -> AnswerMeasures:
    """See `AnswerMeasures`.

    Args:
        asked: Questions with their answers; those that are in `judged` are measured.
        judged: Question id -> judgements.
        library: Where the quotations must stand.
        names: Document id -> the id that judgements have for it.
        seed: Of the intervals.
    """
    answered = [one for one in asked if one.question.id in judged]
    first = {one.question.id: _first(one, judged[one.question.id], names) for one in answered}
    shares = {
        str(k): estimates(np.array([[0 < rank <= k] for rank in first.values()], float), seed)[0]
        for k in FOUND_AT
    }
    findings = [finding for one in answered for finding in one.answer.findings]
    return AnswerMeasures(len(answered), shares, len(findings), _exact(findings, library), first)


def _first(one: Asked, judged: JudgedQuestion, names: Mapping[str, str]) -> int:
    for place, finding in enumerate(one.answer.findings, start=1):
        if judged.grade(_place(finding, names)):
            return place
    return 0


def _place(finding: Finding, names: Mapping[str, str]) -> Place:
    """The finding as if it were a passage of its own."""
    name = f"finding {finding.document_id} {finding.start} {finding.end}"
    document = finding.document_id
    quoted = Passage(name, document, finding.start, finding.end, finding.quote, pages=finding.pages)
    return Place(name, 0.0, names[document], quoted)


def _exact(findings: Sequence[Finding], library: Library) -> int:
    """How many findings are what their document has at their offsets, on their pages."""
    documents: dict[str, Document] = {}
    exact = 0
    for finding in findings:
        if finding.document_id not in documents:
            documents[finding.document_id] = library.document(finding.document_id)
        document = documents[finding.document_id]
        quoted = document.text[finding.start : finding.end] == finding.quote
        exact += quoted and document.pages_of(finding.start, finding.end) == finding.pages
    return exact


def refusals(asked: Sequence[Asked], threshold: float, seed: int) -> Refusals:
    """See `Refusals`.

    Args:
        asked: Answerable and unanswerable questions with their answers.
        threshold: Of nearness, as it is set.
        seed: Of the intervals.
    """
    held = [one for one in asked if one.question.answerable]
    parts = {"all": [one for one in asked if not one.question.answerable]}
    for one in parts["all"]:
        parts.setdefault(one.question.missing or "not stated", []).append(one)
    shares = {name: _refused(part, seed) for name, part in parts.items() if part}
    curve = tuple(
        RefusalPoint(at, _below(parts["all"], at), _below(held, at))
        for at in sorted({*_THRESHOLDS, threshold})
    )
    fitting = [p.threshold for p in curve if p.answerable is not None and p.answerable <= TOLERATED]
    return Refusals(
        unanswerable=shares,
        answerable=_refused(held, seed) if held else None,
        counts={"answerable": len(held)} | {name: len(part) for name, part in parts.items()},
        curve=curve,
        threshold=threshold,
        suggested=max(fitting, default=None),
        wrong=tuple(o.question.id for o in asked if o.question.answerable is _is_refused(o)),
    )


def _is_refused(one: Asked) -> bool:
    return one.answer.outcome == "not-held"


def _refused(asked: Sequence[Asked], seed: int) -> Estimate:
    return estimates(np.array([[_is_refused(one)] for one in asked], dtype=float), seed)[0]


def _below(asked: Sequence[Asked], threshold: float) -> float | None:
    return float(np.mean([one.nearness < threshold for one in asked])) if asked else None
