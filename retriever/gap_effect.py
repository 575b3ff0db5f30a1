"""Sentence -> what it says became of a gap between groups: narrowed, widened, no difference.

By its own words alone (`data/gap_effect.toml`), and only where they leave no doubt: "aims to reduce
inequalities" tells nothing of what happened, and most sentences on inequalities tell nothing of it
either. Then nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, Literal

from retriever import concepts
from retriever.errors import SettingsError
from retriever.sentences import units
from retriever.vocabulary import DATA, read_toml

GapEffect = Literal["narrows", "widens", "no difference"]

_WORDS = DATA / "gap_effect.toml"
_LISTS = (
    "gap", "gap_if_groups", "groups", "not_gap", "not_between", "not_before", "share", "describing",
    "breaks", "hedges", "found", "denied",
)  # fmt: skip
_TABLES = {
    "narrows": ("before", "after", "nouns", "plain", "contrary"),
    "widens": ("before", "after", "nouns", "plain", "contrary"),
    "unchanged": ("before", "after"),
}
_EFFECTS: dict[str, GapEffect] = {
    "narrows": "narrows",
    "widens": "widens",
    "unchanged": "no difference",
}
_NEAR = 4  # words between a word of change and the gap behind it
_FAR = 14  # words between the gap and a word of change behind it: "gap in uptake between … and …"
_BEFORE = 4  # words before a word of change in which it may be denied
_SOMETHING_ELSE = "something else"


@dataclass(frozen=True)
class Change:
    """A way of saying what became of a gap.

    Attributes:
        if_groups: Whether it counts only in a sentence that speaks of groups.
        tells: Whether it may also describe a thing: see `describing` in the file.
    """

    pattern: re.Pattern[str]
    effect: GapEffect
    if_groups: bool
    tells: bool


@dataclass(frozen=True)
class Patterns:
    """What is looked for; see the head of `gap_effect.toml`.

    Attributes:
        contrary: Effect -> words of it, by which a sentence speaks against another effect.
    """

    breaks: re.Pattern[str]
    hedges: re.Pattern[str]
    denied: re.Pattern[str]
    describing: re.Pattern[str]
    groups: re.Pattern[str]
    not_gap: re.Pattern[str]
    contrary: Mapping[GapEffect, re.Pattern[str]]
    changes: tuple[Change, ...]


def gap_effect(quote: str) -> GapEffect | None:
    """What a quotation says became of a gap; None where it says nothing, or two things."""
    said = {effect for start, end in units(quote) for effect in _in_sentence(quote[start:end])}
    effect = said.pop() if len(said) == 1 else None
    against = [words for other, words in packaged().contrary.items() if other != effect]
    if effect == "no difference" or not any(words.search(quote) for words in against):
        return effect
    return None


def _in_sentence(sentence: str) -> Iterator[GapEffect]:
    patterns = packaged()
    if sentence.rstrip().endswith("?"):
        return
    for clause in patterns.breaks.split(patterns.not_gap.sub(_SOMETHING_ELSE, sentence)):
        if not patterns.hedges.search(clause):
            for change in patterns.changes:
                said = list(_said(change, clause, patterns))
                if said and (not change.if_groups or _speaks_of_groups(sentence)):
                    yield from said


def _speaks_of_groups(sentence: str) -> bool:
    if packaged().groups.search(sentence):
        return True
    return any(concept.kind == "group" for concept in concepts.packaged().named(sentence))


def _said(change: Change, clause: str, patterns: Patterns) -> Iterator[GapEffect]:
    for match in change.pattern.finditer(clause):
        before = clause[: match.start()].split()[-_BEFORE:]
        if change.tells and (not before or patterns.describing.fullmatch(before[-1])):
            continue
        denied = patterns.denied.search(" ".join([*before, match.group()]))
        if change.effect == "no difference" or not denied:
            yield change.effect
        elif change.effect == "narrows":
            yield "no difference"


def read(path: Path = _WORDS) -> Patterns:
    """Read the words by which a gap narrows or widens.

    Raises:
        SettingsError: The file is not TOML, or a list is missing or holds something else.
    """
    data = read_toml(path)
    words = {name: _listed(data, name, name, path) for name in _LISTS}
    lists = {
        table: {name: _listed(data.get(table), name, f"{table}.{name}", path) for name in names}
        for table, names in _TABLES.items()
    }
    plain = ("hedges", "denied", "describing", "groups", "not_gap")
    return Patterns(
        breaks=re.compile(rf"{_any(words['breaks'])}|[;:]|\s[–—-]\s", re.IGNORECASE),
        contrary={
            _EFFECTS[table]: re.compile(_any(own["contrary"]), re.IGNORECASE)
            for table, own in lists.items()
            if "contrary" in own
        },
        changes=tuple(_changes(lists, words)),
        **{name: re.compile(_any(words[name]), re.IGNORECASE) for name in plain},
    )


def _changes(
    lists: Mapping[str, Mapping[str, Sequence[str]]], words: Mapping[str, Sequence[str]]
) -> Iterator[Change]:
    word = rf"(?:(?!{_any(words['not_between'])})[^\W_][\w’'&/-]*"
    close = rf"(?:(?!{_any([*words['not_between'], *words['not_before']])})[\w’'&/%-]+\s+)"
    near = rf"{close}{{0,3}}(?:{_any(words['share'])}\s+)?{close}{{0,{_NEAR}}}"
    far = rf"{word}[\s,]+){{0,{_FAR}}}?"
    sure = _any([*words["found"], *words["denied"]])
    for (table, effect), name in product(_EFFECTS.items(), ("gap", "gap_if_groups")):
        own, gap = lists[table], _any(words[name])
        shapes = {
            rf"{_any(own['before'])}\s+{near}{gap}": effect != "no difference",
            rf"{gap}[\s,]+{far}{_any(own['after'])}": False,
        }
        if "nouns" in own:
            shapes[rf"{_any(own['nouns'])} (?:in|of|on|to) {near}{gap}"] = False
            shapes[rf"{sure}\s+{close}{{0,2}}{_any(own['plain'])}\s+{near}{gap}"] = False
        for shape, tells in shapes.items():
            yield Change(re.compile(shape, re.IGNORECASE), effect, name != "gap", tells)


def _any(words: Sequence[str]) -> str:
    """A pattern of any of some words, the longest first; a space stands for a hyphen too."""
    parts = [
        r"[\s-]".join(map(re.escape, word.removesuffix("*").split()))
        + (r"\w*" if word.endswith("*") else r"\b")
        for word in sorted(words, key=len, reverse=True)
    ]
    return rf"(?<![\w-])(?:{'|'.join(parts)})"


def _listed(table: Any, name: str, called: str, path: Path) -> list[str]:
    values = table.get(name) if isinstance(table, dict) else None
    if not isinstance(values, list) or not all(isinstance(v, str) and v for v in values):
        raise SettingsError(f"{path}: {called} must be a list of words. Correct it.")
    return values


@cache
def packaged() -> Patterns:
    """The words that come with the program.

    Raises:
        SettingsError: As `read`.
    """
    return read()
