"""Words met in real documents that look like a population group, and are one or not."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from retriever.concepts import Concept, packaged
from retriever.whom import tags

CASES: dict[str, list[dict[str, Any]]] = tomllib.loads(
    Path(__file__).with_name("traps.toml").read_text("utf-8")
)


def phrase(case: dict[str, Any]) -> str:
    return str(case["phrase"])


def named(sentence: str) -> set[Concept]:
    """The groups that a sentence among results is said to have to do with."""
    return {tag.group for tag in tags(sentence, ("Results",), "A study", packaged())}


def test_there_are_enough_of_both_kinds_and_each_names_groups_that_there_are() -> None:
    known = packaged().by_key
    assert len({phrase(case) for case in CASES["traps"]}) >= 60
    assert len({phrase(case) for case in CASES["names"]}) >= 20
    assert all(f"group:{g}" in known for case in CASES["traps"] for g in case["not_groups"])
    assert all(f"group:{case['group']}" in known for case in CASES["names"])


@pytest.mark.parametrize("case", CASES["traps"], ids=phrase)
def test_a_word_that_only_looks_like_a_group_names_none(case: dict[str, Any]) -> None:
    wrong = [packaged().by_key[f"group:{group}"] for group in case["not_groups"]]
    taken = {narrower for group in wrong for narrower in packaged().narrower(group)}
    assert not {group.id for group in named(case["sentence"]) & taken}


@pytest.mark.parametrize("case", CASES["names"], ids=phrase)
def test_the_same_word_for_people_is_found(case: dict[str, Any]) -> None:
    assert case["group"] in {group.id for group in named(case["sentence"])}


@pytest.mark.parametrize("case", CASES["not_told_apart"], ids=phrase)
def test_what_is_not_told_apart_at_least_names_the_group_it_says(case: dict[str, Any]) -> None:
    """When one of these is mended, it moves to `traps`."""
    assert {group.id for group in named(case["sentence"])} & set(case["not_groups"])
