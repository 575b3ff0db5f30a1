"""The questions that ship are of every kind, and the report half is kept apart from choosing."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from retriever.judgements import Judgement, Question, read_judgements, read_questions

PROJECT = Path(__file__).resolve().parents[1]
FOLDER = PROJECT / "corpus" / "evaluation"
KINDS = {
    "effectiveness",
    "no-effect",
    "cost",
    "uptake",
    "inequality",
    "recommendation",
    "implementation",
    "harm",
}


@pytest.fixture(scope="module")
def questions() -> list[Question]:
    return read_questions(FOLDER / "questions.jsonl")


@pytest.fixture(scope="module")
def judgements() -> list[Judgement]:
    return read_judgements(FOLDER / "judgements.jsonl")


@pytest.fixture(scope="module")
def refusals() -> list[dict[str, Any]]:
    lines = (FOLDER / "refusals.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def documents_of(refusals: list[dict[str, Any]]) -> set[str]:
    keys = ("document_id", "near_document_id")
    return {row[key] for row in refusals for key in keys if key in row}


def best(judgements: list[Judgement]) -> dict[str, set[str]]:
    """Question id -> documents with a quotation of the highest grade."""
    found: dict[str, set[str]] = {}
    for judgement in judgements:
        if judgement.grade == 3:
            found.setdefault(judgement.question_id, set()).add(judgement.document_id)
    return found


def test_questions_cover_every_kind_and_both_axes(questions: list[Question]) -> None:
    answerable = [question for question in questions if question.answerable]
    assert len(answerable) >= 120
    assert {question.kind for question in answerable} == KINDS
    assert {question.form for question in answerable} == {"plain", "short", "keywords", "clumsy"}
    axes = Counter(axis for question in answerable for axis in question.axes)
    assert min(axes["ethnicity"], axes["deprivation"]) >= 40
    assert sum(len(question.axes) == 2 for question in answerable) >= 15


def test_forty_questions_cannot_be_answered_half_of_them_nearly(questions: list[Question]) -> None:
    missing = Counter(q.missing.partition("-")[0] for q in questions if not q.answerable)
    assert missing == {"far": 20, "near": 20}


def test_every_answerable_question_was_judged(
    questions: list[Question], judgements: list[Judgement]
) -> None:
    relevant = {j.question_id for j in judgements if j.grade >= 2 and j.quote}
    assert {q.id for q in questions if q.answerable} <= relevant


def test_refusals_are_for_choosing_and_name_documents_that_are_there(
    refusals: list[dict[str, Any]], questions: list[Question]
) -> None:
    there = {path.stem for path in (PROJECT / "corpus" / "starter").glob("*.toml")}
    assert {row["half"] for row in refusals} == {"develop"}
    assert len({row["id"] for row in refusals} | {q.id for q in questions}) == len(refusals) + len(
        questions
    )
    assert documents_of(refusals) <= there
    counts = Counter((row.get("missing") or "answerable").partition("-")[0] for row in refusals)
    assert counts == {"answerable": 90, "near": 90, "far": 20}


def test_what_is_missing_is_named_in_the_question(refusals: list[dict[str, Any]]) -> None:
    near = [row for row in refusals if row.get("missing", "").startswith("near")]
    assert [row["id"] for row in near if row["asked"].lower() not in row["text"].lower()] == []


def test_refusals_ask_about_no_document_that_is_mostly_reported_on(
    refusals: list[dict[str, Any]], questions: list[Question], judgements: list[Judgement]
) -> None:
    half = {question.id: question.half for question in questions}
    counts: dict[str, Counter[str]] = {}
    for question, documents in best(judgements).items():
        for document in documents:
            counts.setdefault(document, Counter())[half[question]] += 1
    reported = {name for name, by in counts.items() if by["report"] > by["develop"]}
    assert len(reported) > 50
    # Counted here by question, there by quotation: a document may stand on the other side by one.
    assert len(documents_of(refusals) & reported) <= 3
