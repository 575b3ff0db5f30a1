"""For whom findings are said to hold, over sixty questions judged by reading the starter library.

`corpus/evaluation/lens.toml` says for each question and axis where the library has direct evidence,
and by which words each group can be known without the vocabularies.
"""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from retriever import Library
from retriever.concepts import packaged
from retriever.equity import by_axis
from retriever.schema import Answer, Finding, Passage
from retriever.search import Searcher

PROJECT = Path(__file__).resolve().parents[1]
LENS: dict[str, Any] = tomllib.loads(
    (PROJECT / "corpus" / "evaluation" / "lens.toml").read_text("utf-8")
)
QUESTIONS: list[dict[str, Any]] = LENS["questions"]
MATCHES = ("direct", "studied", "related", "general")
LEAST_LABELLED = 0.95

model = pytest.mark.model


@dataclass(frozen=True)
class Asked:
    """One axis of one question, with the answer to that question."""

    question: dict[str, Any]
    row: dict[str, Any]
    answer: Answer

    @property
    def axis(self) -> str:
        return str(self.row["axis"])

    @property
    def direct(self) -> bool:
        return self.row["expected"] == "direct"

    @property
    def labels(self) -> list[str]:
        return [packaged().by_key[f"group:{group}"].label for group in self.row["groups"]]

    def labelled_direct(self) -> Iterator[Finding]:
        """The findings that are said to be for the group."""
        return (f for f in self.answer.findings if f.match.get(self.axis) == "direct")

    def told(self, finding: Finding) -> str:
        """What a person needs to see why a label is wrong."""
        basis = [f"{b.group} by “{b.words}” in {b.place}" for b in finding.basis]
        return f"{self.question['id']} {self.axis}: {finding.document_id}: {finding.quote} {basis}"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """The starter library as it ships; an index that is there saves most of the time."""
    root = tmp_path_factory.mktemp("lens")
    for folder in ("corpus", "index"):
        if (PROJECT / folder).is_dir():
            shutil.copytree(PROJECT / folder, root / folder)
    library = Library.open(root)
    library.index()
    return library


@pytest.fixture(scope="module")
def answers(library: Library) -> dict[str, Answer]:
    return {question["id"]: library.ask(question["text"]) for question in QUESTIONS}


@pytest.fixture(scope="module")
def asked(answers: dict[str, Answer]) -> list[Asked]:
    return [Asked(q, row, answers[q["id"]]) for q in QUESTIONS for row in q["asked"]]


def one_spaced(text: str) -> str:
    return " ".join(text.split())


@cache
def words_of(group: str) -> re.Pattern[str]:
    return re.compile(LENS["words"][group], re.IGNORECASE)


def names(groups: list[str], *texts: str) -> bool:
    """Whether texts hold a word of one of some groups, by the word lists of the lens file."""
    return any(words_of(group).search(one_spaced(text)) for group in groups for text in texts)


# ---- the file ------------------------------------------------------------------------------


def test_half_of_sixty_questions_have_no_direct_evidence_and_ten_name_two_axes() -> None:
    direct = [any(row["expected"] == "direct" for row in q["asked"]) for q in QUESTIONS]
    assert (len(QUESTIONS), sum(direct)) == (60, 30)
    assert sum(len(question["asked"]) == 2 for question in QUESTIONS) == 10
    assert len({question["id"] for question in QUESTIONS}) == 60


def test_groups_and_documents_are_there_and_only_direct_ones_have_evidence() -> None:
    there = {path.stem for path in (PROJECT / "corpus" / "starter").glob("*.toml")}
    for question in QUESTIONS:
        for row in question["asked"]:
            evidence = row.get("evidence", [])
            assert row["expected"] in MATCHES
            assert bool(evidence) == (row["expected"] == "direct"), question["id"]
            assert {e["document"] for e in evidence} | set(row.get("elsewhere", [])) <= there
            for group in row["groups"]:
                assert packaged().by_key[f"group:{group}"].axis == row["axis"]
                assert group in LENS["words"]


@model
def test_evidence_stands_word_for_word_in_its_document(library: Library) -> None:
    texts: dict[str, str] = {}
    for passage in library.searcher().generation.passages:
        known = texts.get(passage.document_id, "")
        texts[passage.document_id] = f"{known}\n{one_spaced(passage.text)}"
    missing = [
        (question["id"], evidence["quote"])
        for question in QUESTIONS
        for row in question["asked"]
        for evidence in row.get("evidence", [])
        if evidence["quote"] not in texts[evidence["document"]]
    ]
    assert missing == []


# ---- what people are told ------------------------------------------------------------------


@model
def test_the_groups_of_each_question_are_read(asked: list[Asked]) -> None:
    missed = [
        (each.question["id"], each.question["text"], each.labels, each.answer.understood)
        for each in asked
        if not set(each.labels) <= set(each.answer.understood.populations)
    ]
    assert missed == []


@model
def test_nothing_is_called_direct_where_there_is_no_direct_evidence(asked: list[Asked]) -> None:
    wrong = [
        each.told(finding)
        for each in asked
        if not each.direct
        for finding in each.labelled_direct()
        if finding.document_id not in each.row.get("elsewhere", [])
    ]
    assert wrong == []


@model
def test_what_is_called_direct_names_the_group(asked: list[Asked]) -> None:
    wrong = [
        each.told(finding)
        for each in asked
        for finding in each.labelled_direct()
        if not names(each.row["groups"], finding.quote, finding.title, *finding.section)
    ]
    assert wrong == []


@model
def test_direct_evidence_among_the_passages_found_is_called_direct(
    library: Library, asked: list[Asked]
) -> None:
    searcher = library.searcher()
    seen, missed = 0, []
    for each in asked:
        found = library.search(each.question["text"], 20)
        for evidence in each.row.get("evidence", []):
            passage = next((h.passage for h in found if holds(h.passage, evidence)), None)
            if passage is not None:
                seen += 1
                match = match_of(searcher, each.row["groups"], evidence["quote"], passage)
                if match != "direct":
                    missed.append((each.question["id"], each.axis, match, evidence["quote"]))
    assert seen >= 60
    assert len(missed) <= (1 - LEAST_LABELLED) * seen, (seen, missed)


@model
def test_who_took_part_and_what_was_done_is_never_called_direct(library: Library) -> None:
    searcher = library.searcher()
    placed = [
        (next(p for p in searcher.generation.passages if holds(p, sentence)), sentence)
        for sentence in LENS["not_results"]
    ]
    wrong = [
        (group, sentence["document"], sentence["quote"])
        for passage, sentence in placed
        for group in sentence["groups"]
        if match_of(searcher, [group], sentence["quote"], passage) == "direct"
    ]
    assert wrong == []


def holds(passage: Passage, evidence: dict[str, str]) -> bool:
    return passage.document_id == evidence["document"] and evidence["quote"] in one_spaced(
        passage.text
    )


def match_of(searcher: Searcher, groups: list[str], quote: str, passage: Passage) -> str:
    """How a quotation would be labelled for groups of one axis."""
    verbatim = re.search(r"\s+".join(map(re.escape, quote.split())), passage.text)
    assert verbatim
    concepts = [packaged().by_key[f"group:{group}"] for group in groups]
    (match,) = by_axis(searcher.equity.basis(verbatim.group(), passage, concepts)).values()
    return match


@model
def test_no_gap_is_told_where_there_is_direct_evidence(asked: list[Asked]) -> None:
    wrong = [
        (each.question["id"], gap)
        for each in asked
        if each.direct
        for gap in each.answer.gaps
        if is_gap_for(gap, each)
    ]
    assert wrong == []


@model
def test_a_gap_is_told_where_findings_are_shown_and_none_is_direct(asked: list[Asked]) -> None:
    silent = [
        (each.question["id"], each.question["text"], each.axis, each.answer.gaps)
        for each in asked
        if not each.direct and each.answer.findings
        if not any(is_gap_for(gap, each) for gap in each.answer.gaps)
    ]
    assert silent == []


def is_gap_for(gap: str, each: Asked) -> bool:
    """Whether a sentence says that there is nothing for a group; not one that is only nearest."""
    said, _, _ = gap.partition(" Nearest:")
    return any(label in said for label in each.labels)
