"""Questions + judgements + systems -> figures: means with intervals, comparisons, slices.

What is counted is explained in `relevance.py`, how the figures are tested in `measures.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from retriever.judgements import Judgement, Question, Run
from retriever.library import Library
from retriever.measures import SEED, Estimate
from retriever.schema import to_dict

MEASURES = ("nDCG@10", "R@20", "RR@10", "Success@5", "Judged@10")
FEW = 15
SHOWN = 20

ShowEvaluation = Callable[[int, int, str], None]
"""Called with steps done, steps in all, and what is at work, in plain words."""


@dataclass(frozen=True)
class Score:
    """One cell of the main table: a system on a measure, over all questions scored.

    Attributes:
        estimate: Mean with its 95% interval.
        difference: Mean difference to the baseline with its interval; None for the baseline
            itself and where there is none. Likewise the p-values.
        p: Two-sided paired randomisation test against the baseline.
        p_holm: The same, corrected after Holm over the systems compared on this measure.
    """

    system: str
    measure: str
    estimate: Estimate
    difference: Estimate | None = None
    p: float | None = None
    p_holm: float | None = None


@dataclass(frozen=True)
class Slice:
    """The questions that have one value in common.

    Attributes:
        field: `group`, `axis`, `kind`, `source type`, `form`, `half` or `topic`.
        value: As the questions (for `source type`: the relevant documents) have it.
        count: How many scored questions.
        few: Fewer than 15: too few to tell.
        estimates: System -> measure -> mean with interval.
    """

    field: str
    value: str
    count: int
    few: bool
    estimates: dict[str, dict[str, Estimate]]


@dataclass(frozen=True)
class Ranked:
    """One place of a ranking: a passage (or, in an outside run, perhaps a document).

    Attributes:
        grade: The highest grade of what it holds, or None where nobody judged it.
    """

    id: str
    score: float
    grade: int | None


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


@dataclass(frozen=True)
class RefusalPoint:
    """What refusing below one nearness would do: shares of questions refused."""

    threshold: float
    unanswerable: float
    answerable: float


@dataclass(frozen=True)
class Refusals:
    """Whether the questions that the library cannot answer are refused, and only these.

    Attributes:
        unanswerable: What is missing (`far`, `near-group`, ...; `all`) -> share refused.
        answerable: Share of answerable questions refused; None where none was asked.
        counts: How many questions stand behind each share; the answerable under `answerable`.
        curve: Both shares at each threshold of nearness.
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


@dataclass(frozen=True)
class Evaluation:
    """What `evaluate` found. `to_dict` makes it plain for JSON, `from_dict` reads it back.

    Attributes:
        systems: In the order asked for, outside runs after them; likewise `measures`.
        baseline: The system that the others are compared with; None with one system.
        questions: Those scored: answerable and with a relevant judgement, in the file's order.
        scores: System by system, measure by measure.
        per_question: Question id -> system -> measure -> score.
        slices: By field and value, in the order of `Slice.field`.
        rankings: Question id -> system -> the first 20 places.
        runs: System -> the whole ranking as it was scored; not part of `to_dict`.
        answers: Only where asked for; likewise `refusals`.
        unfound: Judgements that no passage of the library can meet (see `unfound`); counted all
            the same.
        notes: What a reader must know: questions left out, unknown ids in outside runs, ...
        index, settings, version: Fingerprints of what was measured.
    """

    systems: tuple[str, ...]
    measures: tuple[str, ...]
    baseline: str | None
    seed: int
    questions: tuple[Question, ...]
    scores: tuple[Score, ...]
    per_question: dict[str, dict[str, dict[str, float]]]
    slices: tuple[Slice, ...]
    rankings: dict[str, dict[str, tuple[Ranked, ...]]]
    runs: dict[str, Run]
    answers: AnswerMeasures | None
    refusals: Refusals | None
    unfound: tuple[Judgement, ...]
    notes: tuple[str, ...]
    index: str
    settings: str
    version: str

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts and lists, without `runs`."""
        return {key: value for key, value in to_dict(self).items() if key != "runs"}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild from `to_dict`'s output; `runs` is empty."""
        raise NotImplementedError


def evaluate(
    library: Library,
    questions: Sequence[Question],
    judgements: Sequence[Judgement],
    systems: Sequence[str],
    measures: Sequence[str] = MEASURES,
    *,
    baseline: str | None = None,
    runs: Mapping[str, Run] | None = None,
    answers: bool = False,
    seed: int = SEED,
    progress: ShowEvaluation | None = None,
) -> Evaluation:
    """Measure systems on judged questions.

    Args:
        library: What is searched.
        questions: Those that are not answerable, or have no relevant judgement, are not ranked
            for; the former serve the refusals.
        judgements: On quotations, pages or documents.
        systems: Names in `schema.MODES`, or in `runs`; every run is scored whether named or not.
        measures: As ir_measures writes them, for example `nDCG@10`.
        baseline: What the other systems are compared with; else the first system.
        runs: Rankings from outside, of passage ids or document ids.
        answers: Also ask every question and measure answers and refusals.
        seed: Of the resamples and permutations.
        progress: Told how far it has come.

    Raises:
        EvaluationError: A system, measure or baseline is not known, or no question can be scored.
        RetrieverError: As `Library.search`.
    """
    raise NotImplementedError
