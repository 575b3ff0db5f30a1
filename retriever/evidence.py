"""Text -> what it does: report a result, recommend, tell how something was studied, set the scene.

Counted from words and figures alone (`data/evidence.toml`), so that a person can check every
count; which counts matter, and how much, the ranker learns.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

ROLES = ("result", "recommendation", "method", "background")
PARTS = (*ROLES, "conclusion")
ASKS = ("effect", "advice")

_FIGURE = re.compile(r"(?<![\w.])[£$€]?\d+(?:[.,·]\d+)*(?:%|\b)")
_INTERVAL = re.compile(
    r"\b(?:95|99|90)\s?%|\bCI\b|\bp\s?[<=>≤≥]\s?0?[.·]\d|±|\b(?-i:OR|RR|HR|IRR|SMD|ICER)\b"
    r"|\d\s?(?:to|–|-)\s?[-−]?\d+[.·]\d|£[\d,]+ per\b",
    re.IGNORECASE,
)


# "CI, confidence interval; FEV1 = forced expiratory volume": the notes under a table.
_DEFINITION = re.compile(r"\b[A-Z][A-Za-z0-9/-]{1,9}\s?=\s?[A-Za-z]")


@dataclass(frozen=True)
class Signals:
    """What stands in a text, each as a count.

    Attributes:
        result: Words of results; likewise `recommendation`, `method` and `background`.
        figures: Numbers and percentages.
        intervals: Confidence intervals, p-values, ratios and their like.
        definitions: Abbreviations explained with an equals sign.
        words: All words.
    """

    result: int
    recommendation: int
    method: int
    background: int
    figures: int
    intervals: int
    definitions: int
    words: int


def signals(text: str) -> Signals:
    """Count what a text's words and figures show."""
    counts = {role: len(_patterns()[role].findall(text)) for role in ROLES}
    return Signals(
        **counts,
        figures=len(_FIGURE.findall(text)),
        intervals=len(_INTERVAL.findall(text)),
        definitions=len(_DEFINITION.findall(text)),
        words=len(text.split()),
    )


def result_likeness(found: Signals) -> float:
    """How much a sentence looks like a result, 0 to 1: its words of results and its figures."""
    return min(1.0, (found.result + found.intervals + 0.3 * found.figures) / 4)


def recommendation_likeness(found: Signals) -> float:
    """How much a sentence looks like a recommendation, 0 to 1."""
    return min(1.0, found.recommendation / 2)


def heading_part(section: Sequence[str]) -> str:
    """What the headings above a text say it is: one of `PARTS`, or an empty string."""
    for heading in reversed(section):
        for part in PARTS:
            if _heading_patterns()[part].search(heading):
                return part
    return ""


def is_abstract(section: Sequence[str]) -> bool:
    """Whether a heading says that a text stands in an abstract."""
    return any(_abstract_pattern().search(heading) for heading in section)


def outcome_part(question: str) -> str:
    """The part of a question that names the outcome, or the whole where no word shows it.

    "What is the effect of text reminders on attendance?" gives "attendance".
    """
    whole = question.strip().rstrip("?").strip()
    after, until = _outcome_patterns()
    begins = [match.end() for match in after.finditer(whole)]
    part = whole[begins[-1] :].strip() if begins else ""
    if not part:
        return whole
    stop = until.search(part)
    return part[: stop.start()].strip() if stop and stop.start() > 0 else part


def asks_for(question: str) -> frozenset[str]:
    """What a question's words ask for: `effect` (what happens), `advice` (what to do), or both."""
    return frozenset(kind for kind, words in _asking_patterns().items() if words.search(question))


@cache
def no_statement() -> tuple[str, ...]:
    """How lines begin that name a source or describe a record."""
    return tuple(_data()["no_statement"])


@cache
def _asking_patterns() -> dict[str, re.Pattern[str]]:
    return {kind: word_pattern(words) for kind, words in _data()["asks"].items() if kind in ASKS}


@cache
def _outcome_patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    words = _data()["outcome"]
    return word_pattern(words["after"]), word_pattern(words["until"])


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    data = _data()
    return {role: word_pattern(data[role]) for role in ROLES}


@cache
def _abstract_pattern() -> re.Pattern[str]:
    return word_pattern(_data()["headings"]["abstract"])


@cache
def _heading_patterns() -> dict[str, re.Pattern[str]]:
    headings = _data()["headings"]
    return {part: word_pattern(headings[part]) for part in PARTS}


def word_pattern(words: Sequence[str]) -> re.Pattern[str]:
    """A pattern that finds any of some words; those that end in `*` with any ending."""
    # The longest first, so that "no difference" is not counted as "difference" alone.
    ordered = sorted(words, key=len, reverse=True)
    parts = [
        re.escape(word.removesuffix("*")) + (r"\w*" if word.endswith("*") else r"\b")
        for word in ordered
    ]
    return re.compile(rf"\b(?:{'|'.join(parts)})", re.IGNORECASE)


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads((files("retriever") / "data" / "evidence.toml").read_text("utf-8"))
