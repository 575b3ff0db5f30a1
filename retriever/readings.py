"""What a quotation reports, read from its own words alone: which way, and what kind of finding.

Two linear models over the terms of `wording`, each a file that a person can read: `directions.toml`
and `kinds.toml` say what each term counts for each class. They are trained by
`scripts/train_findings`, never here. Below a model's floor nothing is said.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from retriever import wording
from retriever.errors import ModelError

DIRECTIONS = Path(__file__).parent / "data" / "directions.toml"
KINDS = DIRECTIONS.with_name("kinds.toml")

INCREASE, DECREASE, NO_DIFFERENCE = "increase", "decrease", "no clear difference"
MIXED = "mixed"
NOT_STATED = "not stated"
DIRECTION_CLASSES = (INCREASE, DECREASE, NO_DIFFERENCE, NOT_STATED)
KIND_CLASSES = (
    "effectiveness",
    "no-effect",
    "harm",
    "cost",
    "uptake",
    "inequality",
    "recommendation",
    "implementation",
    "context",
)
SCALE = 5.0  # the length of a text's row of terms, however many it has
WAYS = {INCREASE: "up", DECREASE: "down"}  # the classes of words that say each
_SHORTEST_PART = 3  # words


@dataclass(frozen=True)
class WordModel:
    """A multinomial logistic regression over terms.

    Attributes:
        classes: In the order of the columns.
        rows: Term -> its row of `weights`.
        weights: Shape `(terms, classes)`.
        bias: Shape `(classes,)`.
        floor: The least chance at which the likeliest class is said.
    """

    classes: tuple[str, ...]
    rows: dict[str, int]
    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    floor: float

    @classmethod
    def read(cls, path: Path, classes: Sequence[str]) -> Self:
        """Read a model file.

        Args:
            path: The file.
            classes: Those that it must be made for, in this order.

        Raises:
            ModelError: It is missing or damaged, or made for other classes.
        """
        try:
            data = tomllib.loads(path.read_text("utf-8"))
            if data["classes"] != list(classes):
                raise ValueError("its classes are not this program's")
            terms = data["terms"]
            weights = np.array(list(terms.values()), dtype=np.float64)
            bias = np.array(data["bias"], dtype=np.float64)
            if weights.shape != (len(terms), len(classes)) or bias.shape != (len(classes),):
                raise ValueError("a term does not have one number for each class")
            floor = float(data["floor"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(
                f"The file {path} cannot be used: {error}. Re-install the retriever, or train it "
                "again with scripts/train_findings."
            ) from error
        rows = {term: row for row, term in enumerate(terms)}
        return cls(tuple(classes), rows, weights, bias, floor)

    def chances(self, texts: Sequence[Collection[str]]) -> NDArray[np.float64]:
        """Chance of each class, 0 to 1, by the texts' terms; shape `(texts, classes)`."""
        scores = np.tile(self.bias, (len(texts), 1))
        for at, terms in enumerate(texts):
            known = [self.rows[term] for term in terms if term in self.rows]
            if known:
                scores[at] += SCALE / np.sqrt(len(known)) * self.weights[sorted(known)].sum(axis=0)
        raised = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(raised / raised.sum(axis=1, keepdims=True))

    def told(self, texts: Sequence[Collection[str]]) -> list[str | None]:
        """The likeliest class of each text, or None where it is not likely enough."""
        found = self.chances(texts)
        return [
            self.classes[best] if row[best] >= self.floor else None
            for row, best in zip(found, found.argmax(axis=1), strict=True)
        ]


def directions(quotations: Sequence[str], model: WordModel | None = None) -> list[str | None]:
    """Which way what was measured went, with what was done against what it was compared with.

    Args:
        quotations: Whole quotations.
        model: Another than the packaged one.

    Returns:
        For each `increase`, `decrease`, `no clear difference`, or `mixed` where its parts report
        opposite directions; None where its words do not clearly tell.

    Raises:
        ModelError: The packaged model is missing or damaged.
    """
    model = model or packaged_for_directions()
    whole = model.told([wording.direction_terms(quotation) for quotation in quotations])
    return [_direction(*each, model) for each in zip(quotations, whole, strict=True)]


def _direction(quotation: str, told: str | None, model: WordModel) -> str | None:
    """A quotation's direction: what the whole tells, in the light of its parts.

    Words that say good or bad ("improved") show no increase and no decrease by themselves.

    Where one part speaks of more and another of less, it is `mixed` if both clearly report it, and
    else nothing is said. A part on those compared with ("and rose in the control group") is no
    outcome of its own.
    """
    if told in (NO_DIFFERENCE, NOT_STATED):
        return None if told == NOT_STATED else told
    if told and wording.only_judges(quotation, WAYS[told]):
        return None
    found = [
        (part, marks)
        for part in wording.parts(quotation)
        if len(part.split()) >= _SHORTEST_PART
        and not _is_on_the_compared(marks := wording.marks(part))
    ]
    more = [part for part, marks in found if "up" in marks and "down" not in marks]
    less = [part for part, marks in found if "down" in marks and "up" not in marks]
    if not more or not less:
        return told
    said = [set(model.told(list(map(wording.direction_terms, side)))) for side in (more, less)]
    return MIXED if INCREASE in said[0] and DECREASE in said[1] else None


def _is_on_the_compared(marks: Sequence[str]) -> bool:
    """Whether a part names whom people were compared with other than behind "than"."""
    return any(
        mark == wording.COMPARED and (at == 0 or marks[at - 1] != "than")
        for at, mark in enumerate(marks)
    )


def kinds(quotations: Sequence[str]) -> list[str | None]:
    """What kind of finding each quotation is, one of `KIND_CLASSES`; None where it is unsure.

    Raises:
        ModelError: The packaged model is missing or damaged.
    """
    return packaged_for_kinds().told([wording.kind_terms(quotation) for quotation in quotations])


@cache
def packaged_for_directions() -> WordModel:
    """The model of reported directions that comes with the program.

    Raises:
        ModelError: Its file is missing or damaged.
    """
    return WordModel.read(DIRECTIONS, DIRECTION_CLASSES)


@cache
def packaged_for_kinds() -> WordModel:
    """The model of kinds of finding that comes with the program.

    Raises:
        ModelError: Its file is missing or damaged.
    """
    return WordModel.read(KINDS, KIND_CLASSES)
