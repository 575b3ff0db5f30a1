"""The words by which it is told whom a sentence is about: lists of `data/whom.toml`, as patterns.

What they are used for stands in `whom`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from retriever.concepts import AXES, Concepts
from retriever.errors import SettingsError
from retriever.evidence import word_pattern
from retriever.vocabulary import DATA, read_toml

WORDS = DATA / "whom.toml"
_LISTS = (
    "absent",
    "studied",
    "sample",
    "happened",
    "mentioned",
    "study_does",
    "done",
    "we_found",
    "came_out",
    "asked_whether",
    "advised",
    "told_to",
    "verbs",
    "captions",
    "method_labels",
    "method_headings",
    "sample_headings",
    "study_headings",
    "not_wholly",
    "others_asked",
    "others",
    "other_work",
    "not_past",
    "people_follow",
    "in_state",
    "people",
    "people_besides",
    "ethnic_before",
    "not_people",
    "joined",
    "not_behind",
    "places",
    "people_from",
    "came_from",
    "regions",
    "in_capitals",
    "deprivable",
    "deprived_of",
    "need_people",
    "sorted_people",
    "function_words",
    "said_of_others",
    "is_said_to_be",
    "between",
    "counted",
    "counted_who",
    "likened",
    "elsewhere",
    "allowed_for",
    "measuring",
    "states",
    "linked",
    "by_the_way",
    "societies",
)
_OF_GROUPS = ("compared_with", "in_general")
_OF_AXES = (
    "labelled_axes",
    "adjective_axes",
    "measured_axes",
    "often_unsaid_axes",
    "part_of_a_subject_axes",
)
_UNSAID = "without_saying"


def check(concepts: Concepts) -> None:
    """Check that the packaged words name groups and axes that there are.

    Raises:
        SettingsError: As `read`; or a list names a group or an axis that there is none of.
    """
    words = _words()
    for name in _OF_GROUPS:
        for group in words[name]:
            if f"group:{group}" not in concepts.by_key:
                raise SettingsError(f"{WORDS}: {name} names '{group}', which is no group.")
    for name in _OF_AXES:
        for axis in words[name]:
            if axis not in AXES:
                raise SettingsError(f"{WORDS}: {name} names '{axis}', which is no axis.")
    for topic, groups in unsaid().items():
        for key in (f"topic:{topic}", *(f"group:{group}" for group in groups)):
            if key not in concepts.by_key:
                raise SettingsError(f"{WORDS}: {_UNSAID} names '{key}', which there is none of.")


def read(path: Path = WORDS) -> dict[str, Any]:
    """Read the words on whom sentences are about: name of a list -> its words.

    Raises:
        SettingsError: The file is not TOML, or a list is missing or holds something else.
    """
    words = read_toml(path)
    for name in (*_LISTS, *_OF_GROUPS, *_OF_AXES):
        values = words.get(name)
        if not isinstance(values, list) or not all(isinstance(v, str) and v for v in values):
            raise SettingsError(f"{path}: {name} must be a list of words. Correct it.")
    groups = words.get(_UNSAID)
    if not isinstance(groups, dict) or not all(isinstance(v, list) for v in groups.values()):
        raise SettingsError(f"{path}: {_UNSAID} must give a list of groups by topic. Correct it.")
    return words


@cache
def _words() -> dict[str, Any]:
    return read()


def unsaid() -> Mapping[str, Sequence[str]]:
    """Topic -> the groups that go without saying, by their ids."""
    groups: Mapping[str, Sequence[str]] = _words()[_UNSAID]
    return groups


@cache
def folded(name: str) -> frozenset[str]:
    """The words of a list, in small letters."""
    return frozenset(word.casefold() for word in _words()[name])


@cache
def captions() -> re.Pattern[str]:
    """What a caption begins with: "Table 3"."""
    words = "|".join(map(re.escape, _words()["captions"]))
    return re.compile(rf"\W*(?:{words})\.?\s*\d", re.IGNORECASE)


@cache
def coming_from() -> re.Pattern[str]:
    """People, within a few words that they come from somewhere, and the list of where from."""
    people, origin = pattern("people_from").pattern, pattern("came_from").pattern
    return re.compile(rf"{people}(?:\W+\w+){{0,3}}?\W+{origin}(?:\W+(?!to\b)\w+){{0,5}}\W*$", re.I)


@cache
def right_behind() -> re.Pattern[str]:
    """What makes a group's word no people, behind it: "low- and middle-income countries"."""
    joined = rf"(?:[\s,-]+{pattern('joined').pattern}){{0,6}}"
    return re.compile(rf"{joined}[\s-]+{pattern('not_people').pattern}", re.IGNORECASE)


@cache
def right_before(name: str) -> re.Pattern[str]:
    """One of some words, with no more than articles and adverbs between it and a group's."""
    between = rf"(?:\s+(?:{pattern('between').pattern}|\w+ly\b)){{0,4}}"
    return re.compile(rf"{pattern(name).pattern}{between},?\s+$", re.IGNORECASE)


@cache
def likened_to() -> re.Pattern[str]:
    """What ends in a group that others studied: "similar to the trial conducted among"."""
    likened, elsewhere = pattern("likened").pattern, pattern("elsewhere").pattern
    return re.compile(rf"{likened}[^.;]{{0,90}}{elsewhere}(?:\s+\w+)?\s+$", re.IGNORECASE)


@cache
def was_done() -> re.Pattern[str]:
    """A word of methods in the passive: "were then compared with"."""
    be = r"\b(?:was|were|been|being) (?:\w+ly |then |also |not )?"
    return re.compile(be + pattern("done").pattern, re.IGNORECASE)


@cache
def imperative() -> re.Pattern[str]:
    """A word of what to do where a sentence, an item of a list or a main clause begins."""
    before = r"(?:^|\n|[:;,.]\s)\W*(?:[\d.]+\s+)?(?:then |also |and )?(?:do not |always )?"
    return re.compile(rf"{before}{pattern('told_to').pattern}(?! (?:for|of)\b)", re.IGNORECASE)


@cache
def method_label() -> re.Pattern[str]:
    """The label of a part of an abstract, in capital letters, that a sentence may begin with."""
    return re.compile(rf"(?:{'|'.join(map(re.escape, _words()['method_labels']))})[\s:.]")


@cache
def listed(name: str) -> frozenset[str]:
    """The words of a list."""
    return frozenset(_words()[name])


def in_order(name: str) -> tuple[str, ...]:
    """The words of a list, in its order."""
    return tuple(_words()[name])


@cache
def pattern(name: str) -> re.Pattern[str]:
    """One of the words of a list, in a text."""
    return word_pattern(_words()[name])
