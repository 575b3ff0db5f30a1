"""How likely is it that a text reports evidence, or recommends, in answer to the question?

Three linear models: for passages, over `features.FEATURES`; for the sentences in them, over
`statements.STATEMENTS`; and for whether the library answers at all, over `coverage.COVERAGE`. Each
is a file that a person can read (`data/ranker.toml`, `data/statements.toml`, `data/coverage.toml`):
each feature's weight, and the mean and the scale that it is measured by. They are trained by
`scripts/train_ranker`, never here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

import numpy as np

from retriever.coverage import COVERAGE
from retriever.errors import ModelError
from retriever.features import FEATURES, Matrix
from retriever.statements import STATEMENTS

RANKER = Path(__file__).parent / "data" / "ranker.toml"
SENTENCES = RANKER.with_name("statements.toml")
COVERED = RANKER.with_name("coverage.toml")


@dataclass(frozen=True)
class Ranker:
    """The model; arrays of shape `(features,)`, in the order of their names.

    Attributes:
        slope: With `offset`, turns a score into a probability: 1 / (1 + exp(-(slope * s + offset)))
            (Platt 1999, "Probabilistic outputs for support vector machines").
    """

    weights: Matrix
    means: Matrix
    scales: Matrix
    slope: float
    offset: float

    @classmethod
    def read(cls, path: Path = RANKER, names: Sequence[str] = FEATURES) -> Self:
        """Read a model file.

        Args:
            path: The file.
            names: The features that it must be made for.

        Raises:
            ModelError: It is missing or damaged, or made for other features.
        """
        try:
            data = tomllib.loads(path.read_text("utf-8"))
            rows = data["features"]
            if set(rows) != set(names):
                raise ValueError("its features are not this program's")
            columns = {
                key: np.array([float(rows[name][key]) for name in names])
                for key in ("weight", "mean", "scale")
            }
            slope, offset = float(data["slope"]), float(data["offset"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(
                f"The ranker's file {path} cannot be used: {error}. Re-install the retriever, or "
                "train it again with scripts/train_ranker."
            ) from error
        return cls(columns["weight"], columns["mean"], columns["scale"], slope, offset)

    def shares(self, features: Matrix) -> Matrix:
        """Each feature's share in each text's score, same shape as `features`.

        Above 0 it speaks for the text, below 0 against it; a row's sum is the score.
        """
        return np.asarray(self.weights * (features - self.means) / self.scales)

    def probabilities(self, shares: Matrix) -> Matrix:
        """Chance that each text answers, 0 to 1, from its shares; shape `(texts,)`."""
        return np.asarray(1 / (1 + np.exp(-(self.slope * shares.sum(axis=1) + self.offset))))


@cache
def packaged() -> Ranker:
    """The ranker of passages that comes with the program.

    Raises:
        ModelError: Its file is missing or damaged.
    """
    return Ranker.read()


@cache
def packaged_for_sentences() -> Ranker:
    """The ranker of sentences that comes with the program.

    Raises:
        ModelError: Its file is missing or damaged.
    """
    return Ranker.read(SENTENCES, STATEMENTS)


@cache
def packaged_for_coverage() -> Ranker:
    """The model of whether the library answers a question that comes with the program.

    Raises:
        ModelError: Its file is missing or damaged.
    """
    return Ranker.read(COVERED, COVERAGE)
