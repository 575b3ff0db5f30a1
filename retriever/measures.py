"""The statistics under an evaluation: intervals, paired tests, corrections. Knows no passages.

Everything random is drawn from a generator made of the seed alone, so the same numbers give the
same result, in whatever order they are asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

SEED = 20261124
RESAMPLES = 2000
PERMUTATIONS = 10_000
_EXACT_UP_TO = 13  # with so few questions that differ, all 2**n changes of sign are counted
_ROUNDING = 1e-12

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A mean over questions with the bootstrap 95% interval around it."""

    mean: float
    low: float
    high: float

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild from `to_dict`'s output."""
        return cls(**data)


def estimates(scores: Numbers, seed: int = SEED) -> list[Estimate]:
    """Mean and percentile interval (2.5% to 97.5%) of each column; rows are questions.

    Args:
        scores: Shape `(questions, columns)`, at least one question.
        seed: The resamples of questions are drawn from it, the same for every column.
    """
    count = len(scores)
    drawn = np.random.default_rng(seed).integers(0, count, (RESAMPLES, count))
    places = (drawn + count * np.arange(RESAMPLES)[:, None]).ravel()
    times = np.bincount(places, minlength=RESAMPLES * count).reshape(RESAMPLES, count)
    low, high = np.percentile(times @ scores / count, (2.5, 97.5), axis=0)
    means = scores.mean(axis=0)
    return [
        Estimate(_rounded(m), _rounded(a), _rounded(b))
        for m, a, b in zip(means, low, high, strict=True)
    ]


def _rounded(value: float) -> float:
    """To ten places: sums of the same numbers may differ in the last bits between machines."""
    return round(float(value), 10) + 0.0


def randomisation_p(differences: Sequence[float], seed: int = SEED) -> float:
    """Two-sided p-value of paired differences under random changes of their signs.

    Questions that do not differ say nothing and are left out. With up to 13 that do, every change
    of signs is counted and the value is exact; else 10,000 are drawn.
    """
    values = np.array([d for d in differences if d], dtype=np.float64)
    if not len(values):
        return 1.0
    observed = abs(values.sum()) - _ROUNDING
    if len(values) <= _EXACT_UP_TO:
        signs = np.array(list(product((-1.0, 1.0), repeat=len(values))))
        return float((np.abs(signs @ values) >= observed).mean())
    drawn = np.random.default_rng(seed).integers(0, 2, (PERMUTATIONS, len(values)))
    extreme = int((np.abs((2.0 * drawn - 1.0) @ values) >= observed).sum())
    return (extreme + 1) / (PERMUTATIONS + 1)


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values corrected after Holm for having looked at all of them, in their order."""
    corrected = [0.0] * len(p_values)
    highest = 0.0
    for place, at in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - place) * p_values[at]))
        corrected[at] = highest
    return corrected
