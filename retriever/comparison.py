"""Scores per question -> tables: means, distances to the baseline, and slices."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from retriever.judgements import Question
from retriever.measures import Estimate, estimates, holm, randomisation_p

FEW = 15

PerQuestion = Mapping[str, Mapping[str, Mapping[str, float]]]
"""Question id -> system -> measure -> score."""


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

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild from `to_dict`'s output."""
        difference = data["difference"]
        return cls(
            **{
                **data,
                "estimate": Estimate.from_dict(data["estimate"]),
                "difference": None if difference is None else Estimate.from_dict(difference),
            }
        )


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

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild from `to_dict`'s output."""
        estimated = {
            system: {measure: Estimate.from_dict(value) for measure, value in cells.items()}
            for system, cells in data["estimates"].items()
        }
        return cls(**{**data, "estimates": estimated})


def compare(
    per_question: PerQuestion,
    systems: Sequence[str],
    measures: Sequence[str],
    baseline: str | None,
    seed: int,
) -> tuple[Score, ...]:
    """Every system on every measure, against the baseline where there is one."""
    means = _means(per_question, list(per_question), seed)
    others = [system for system in systems if baseline is not None and system != baseline]
    against = {
        (system, measure): cell
        for measure in measures
        for system, cell in _against(per_question, others, measure, str(baseline), seed).items()
    }
    nothing = (None, None, None)
    return tuple(
        Score(system, measure, means[system][measure], *against.get((system, measure), nothing))
        for system in systems
        for measure in measures
    )


def _against(
    per_question: PerQuestion, others: Sequence[str], measure: str, baseline: str, seed: int
) -> dict[str, tuple[Estimate, float, float]]:
    """Each system's difference to the baseline, its p-value, and that corrected."""
    if not others:
        return {}
    differences = np.array(
        [
            [by[system][measure] - by[baseline][measure] for system in others]
            for by in per_question.values()
        ]
    )
    p_values = [randomisation_p(column, seed) for column in differences.T]
    found = zip(estimates(differences, seed), p_values, holm(p_values), strict=True)
    return dict(zip(others, found, strict=True))


def _means(
    per_question: PerQuestion, questions: Sequence[str], seed: int
) -> dict[str, dict[str, Estimate]]:
    """System -> measure -> mean with interval over some of the questions."""
    cells = [
        (system, measure) for system, by in per_question[questions[0]].items() for measure in by
    ]
    table = np.array([[per_question[q][s][m] for s, m in cells] for q in questions])
    means: dict[str, dict[str, Estimate]] = defaultdict(dict)
    for (system, measure), estimate in zip(cells, estimates(table, seed), strict=True):
        means[system][measure] = estimate
    return dict(means)


def slices(
    questions: Sequence[Question],
    source_types: Mapping[str, Sequence[str]],
    per_question: PerQuestion,
    seed: int,
) -> tuple[Slice, ...]:
    """The questions by what they have in common; a question may be in several slices of a field.

    Args:
        questions: Those scored.
        source_types: Question id -> kinds of source of its relevant documents.
        per_question: The scores.
        seed: Of the intervals.
    """
    members: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for question in questions:
        for field, values in _fields(question, source_types):
            for value in dict.fromkeys(values):
                members[field][value].append(question.id)
    return tuple(
        Slice(field, value, len(ids), len(ids) < FEW, _means(per_question, ids, seed))
        for field, values in members.items()
        for value, ids in sorted(values.items())
    )


def _fields(
    question: Question, source_types: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, Sequence[str]]]:
    yield "group", question.groups
    yield "axis", (*question.axes, *(["both"] if len(question.axes) > 1 else []))
    yield "kind", [question.kind] if question.kind else []
    yield "source type", source_types.get(question.id, ())
    yield "form", [question.form] if question.form else []
    yield "half", [question.half] if question.half else []
    yield "topic", question.topics
