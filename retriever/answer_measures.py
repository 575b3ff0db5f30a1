"""How well questions are answered: findings that hold what was judged, exactness, refusals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from retriever.config import Answers
from retriever.judgements import Question
from retriever.library import Library
from retriever.measures import Estimate, estimates
from retriever.relevance import JudgedQuestion, Place
from retriever.schema import Answer, Document, Finding, Passage

FOUND_AT = (1, 3, 5)
TOLERATED = 0.03
_THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(19))


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
    """What refusing below one threshold would do: shares of questions refused."""

    threshold: float
    unanswerable: float | None
    answerable: float | None


@dataclass(frozen=True)
class Curve:
    """What refusing by one setting would do, at each of its values.

    Attributes:
        setting: Its name.
        points: Both shares at each threshold; None where there is no such question.
        threshold: The one in force.
        suggested: The highest that refuses at most 3 in 100 answerable questions; None where there
            is none.
    """

    setting: str
    points: tuple[RefusalPoint, ...]
    threshold: float
    suggested: float | None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild from `to_dict`'s output."""
        points = tuple(RefusalPoint(**point) for point in data["points"])
        return cls(**{**data, "points": points})


@dataclass(frozen=True)
class Refusals:
    """Whether the questions that the library cannot answer are refused, and only these.

    Refused is a question with the outcome `not-held`, or `indirect-only`: what is shown is said to
    be the nearest and no answer.

    Attributes:
        unanswerable: What is missing (`far`, `near-group`, ...; `all`) -> share refused.
        answerable: Share of answerable questions refused; None where none was asked.
        counts: How many questions stand behind each share; the answerable under `answerable`.
        curves: What each of the two settings that decide would do alone at other values.
        wrong: Ids of the questions that were answered and should not have been, or the other way
            round.
    """

    unanswerable: dict[str, Estimate]
    answerable: Estimate | None
    counts: dict[str, int]
    curves: tuple[Curve, ...]
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
                "curves": tuple(map(Curve.from_dict, data["curves"])),
                "wrong": tuple(data["wrong"]),
            }
        )


@dataclass(frozen=True)
class Asked:
    """A question and its answer."""

    question: Question
    answer: Answer


def ask_all(
    library: Library, questions: Sequence[Question], show: Callable[[str], None]
) -> list[Asked]:
    """Ask every question, telling `show` which."""
    asked = []
    for question in questions:
        show(question.id)
        asked.append(Asked(question, library.ask(question.text)))
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


def refusals(asked: Sequence[Asked], settings: Answers, seed: int) -> Refusals:
    """See `Refusals`.

    Args:
        asked: Answerable and unanswerable questions with their answers.
        settings: Those in force.
        seed: Of the intervals.
    """
    held = [one for one in asked if one.question.answerable]
    parts = {"all": [one for one in asked if not one.question.answerable]}
    for one in parts["all"]:
        parts.setdefault(one.question.missing or "not stated", []).append(one)
    shares = {name: _refused(part, seed) for name, part in parts.items() if part}
    curves = (
        _curve("answers.min_nearness", settings.min_nearness, "nearness", parts["all"], held),
        _curve("answers.min_covered", settings.min_covered, "covered", parts["all"], held),
    )
    return Refusals(
        unanswerable=shares,
        answerable=_refused(held, seed) if held else None,
        counts={"answerable": len(held)} | {name: len(part) for name, part in parts.items()},
        curves=curves,
        wrong=tuple(o.question.id for o in asked if o.question.answerable is _is_refused(o)),
    )


def _curve(
    setting: str, in_force: float, value: str, unanswerable: Sequence[Asked], held: Sequence[Asked]
) -> Curve:
    def below(asked: Sequence[Asked], threshold: float) -> float | None:
        values = [getattr(one.answer, value) for one in asked]
        return float(np.mean([v < threshold for v in values])) if values else None

    points = tuple(
        RefusalPoint(at, below(unanswerable, at), below(held, at))
        for at in sorted({*_THRESHOLDS, in_force})
    )
    fit = [p.threshold for p in points if p.answerable is not None and p.answerable <= TOLERATED]
    return Curve(setting, points, in_force, max(fit, default=None))


def _is_refused(one: Asked) -> bool:
    return one.answer.outcome != "answered"


def _refused(asked: Sequence[Asked], seed: int) -> Estimate:
    return estimates(np.array([[_is_refused(one)] for one in asked], dtype=float), seed)[0]
