"""Grades made by people: kept whatever happens, mixed fairly, compared by the book."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score
from small_library import QUESTION, QUOTED, build

from retriever import Library
from retriever.errors import JudgementError, StorageError
from retriever.judgements import Question, jsonl, read_judgements
from retriever.judging import (
    Candidate,
    agreements,
    give,
    grades,
    judge_name,
    judges,
    note_candidate,
    pool,
    question_of,
    read_candidates,
    read_log,
    take_back,
    weighted_kappa,
)
from retriever.schema import MODES, Passage

ASKED = Question("q1", QUESTION)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return build(tmp_path_factory.mktemp("library"))


def passage(number: int, text: str = "", pages: tuple[int, int] | None = None) -> Passage:
    text = text or f"Passage number {number} speaks of letters, kits and practices."
    return Passage(f"doc:{number}", "doc", 0, len(text), text, (), pages)


def file_of(root: Path, judge: str) -> Path:
    return root / "judgements" / f"{judge}.jsonl"


class TestPool:
    def test_holds_the_best_of_every_mode_once(self, small: Library) -> None:
        pooled = [p.id for p in pool(small, ASKED)]
        best = {hit.passage.id for mode in MODES for hit in small.search(QUESTION, 10, mode)}
        assert sorted(pooled) == sorted(best)

    def test_is_in_an_order_that_depends_on_the_question_alone(self, small: Library) -> None:
        first = [p.id for p in pool(small, ASKED)]
        assert [p.id for p in pool(small, ASKED)] == first
        assert [p.id for p in pool(small, Question("q2", QUESTION))] != first

    def test_holds_what_a_commissioner_marked(self, tmp_path: Path) -> None:
        (tmp_path / "corpus").mkdir()
        (tmp_path / "retriever.toml").write_text('embedder.model = "hashing"\n', "utf-8")
        for number in range(30):
            text = f"Reminder letters raised bowel cancer screening uptake in practice {number}."
            (tmp_path / "corpus" / f"practice-{number}.txt").write_text(text, "utf-8")
        library = Library.open(tmp_path)
        library.index()
        found = {p.id for p in pool(library, ASKED)}
        far = next(
            passage
            for name in library.searcher().files
            for passage in library.passages(name)
            if passage.id not in found
        )
        marked = Candidate(ASKED, far.document_id, far.text[:40], useful=True)
        assert {p.id for p in pool(library, ASKED, [marked])} == found | {far.id}

    def test_leaves_out_what_was_marked_in_a_document_that_is_gone(self, small: Library) -> None:
        gone = Candidate(ASKED, "gone", "Anything.", useful=True)
        assert pool(small, ASKED, [gone]) == pool(small, ASKED)

    def test_leaves_out_what_was_marked_for_another_question(self, small: Library) -> None:
        last = small.passages("notes")[-1]
        other = Candidate(Question("q2", "Other?"), "notes", last.text, useful=True)
        assert pool(small, ASKED, [other]) == pool(small, ASKED)


class TestGrades:
    def test_a_grade_is_on_the_disk_and_read_as_a_judgement(self, tmp_path: Path) -> None:
        give(tmp_path, "Amina-K", ASKED, passage(1), 3)
        log = read_log(tmp_path, "amina-k")
        assert [(j.grade, j.quote, j.judge) for j in log.judgements] == [
            (3, passage(1).text, "amina-k")
        ]
        assert read_judgements(file_of(tmp_path, "amina-k")) == list(log.judgements)
        assert log.questions == (ASKED,)

    def test_pages_are_graded_where_the_judge_says_so(self, tmp_path: Path) -> None:
        given = give(tmp_path, "amina", ASKED, passage(1, pages=(3, 4)), 2, whole_pages=True)
        assert (given.quote, given.pages) == ("", (3, 4))
        assert read_log(tmp_path, "amina").judgements == (given,)

    def test_of_two_grades_for_one_thing_the_later_holds(self, tmp_path: Path) -> None:
        for grade in (1, 3):
            give(tmp_path, "amina", ASKED, passage(1), grade)
        assert [j.grade for j in read_log(tmp_path, "amina").judgements] == [3]

    def test_a_grade_taken_back_is_gone_and_nothing_is_rubbed_out(self, tmp_path: Path) -> None:
        give(tmp_path, "amina", ASKED, passage(1), 1)
        again = give(tmp_path, "amina", ASKED, passage(1), 3)
        before = file_of(tmp_path, "amina").read_bytes()
        take_back(tmp_path, ASKED, again)
        assert file_of(tmp_path, "amina").read_bytes().startswith(before)
        (first,) = read_log(tmp_path, "amina").judgements
        assert first.grade == 1
        take_back(tmp_path, ASKED, first)
        assert read_log(tmp_path, "amina").judgements == ()

    @pytest.mark.parametrize("cut", [1, 20, 60])
    def test_half_a_line_left_by_a_crash_is_named_and_costs_nothing_else(
        self, tmp_path: Path, cut: int
    ) -> None:
        for number in (1, 2):
            give(tmp_path, "amina", ASKED, passage(number, f"Überall {number}"), 2)
        path = file_of(tmp_path, "amina")
        path.write_bytes(path.read_bytes()[:-cut])
        log = read_log(tmp_path, "amina")
        if cut > 1:  # else only the line's end is missing
            assert [j.quote for j in log.judgements] == ["Überall 1"]
            assert "line 2 cannot be read and was passed over" in log.passed_over[0]
            assert str(path) in log.passed_over[0]
        give(tmp_path, "amina", ASKED, passage(3), 1)
        after = read_log(tmp_path, "amina")
        assert after.judgements[: len(log.judgements)] == log.judgements
        assert after.judgements[-1].grade == 1
        assert after.passed_over == log.passed_over

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ('{"question_id": "q1", "document_id": "d", "quote": "x", "grade": 4}', "grade is 4"),
            ('{"question_id": "q1", "document_id": "d", "quote": "", "grade": 1}', "quote is ''"),
            ('{"question_id": "q1", "document_id": "d", "pages": [2, 1], "grade": 1}', "pages are"),
            ('{"question_id": "q1", "quote": "x", "grade": 1}', "document_id is None"),
            ("[1]", "no JSON object"),
            (
                '{"question_id": "q1", "document_id": "d", "quote": "x", "grade": 1,'
                ' "undone": true}',
                "never given",
            ),
        ],
    )
    def test_a_line_written_wrongly_by_hand_is_named(
        self, tmp_path: Path, line: str, said: str
    ) -> None:
        give(tmp_path, "amina", ASKED, passage(1), 1)
        with file_of(tmp_path, "amina").open("a") as stream:
            stream.write(line + "\n")
        log = read_log(tmp_path, "amina")
        assert len(log.judgements) == 1
        assert "line 2" in log.passed_over[0]
        assert said in log.passed_over[0]

    def test_a_folder_that_cannot_be_written_is_a_plain_error(self, tmp_path: Path) -> None:
        (tmp_path / "judgements").write_text("a file where the folder should be")
        with pytest.raises(StorageError, match="cannot be kept in"):
            give(tmp_path, "amina", ASKED, passage(1), 1)

    def test_judges_are_those_with_grades_and_not_the_commissioners(
        self, tmp_path: Path, small: Library
    ) -> None:
        for judge in ("zoë", "amina"):
            give(tmp_path, judge, ASKED, passage(1), 1)
        note_candidate(tmp_path, QUESTION, small.ask(QUESTION).findings[0], useful=True)
        assert judges(tmp_path) == ["amina", "zoë"]

    @pytest.mark.parametrize(
        "name", ["", "  ", "../up", "a/b", "a.b", "-", "x" * 41, "amina k", "con\n"[:3] + "\0"]
    )
    def test_a_name_that_could_not_be_a_file_is_refused(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(JudgementError, match=r"for example amina-k\."):
            give(tmp_path, name, ASKED, passage(1), 1)

    def test_the_name_of_the_candidates_is_refused(self) -> None:
        with pytest.raises(JudgementError, match="kept for what commissioners"):
            judge_name("Candidates")

    def test_a_judge_is_one_person_however_the_name_is_written(self) -> None:
        assert judge_name(" Zoe\u0308 ") == judge_name("ZOË")


class TestWhichPassageAGradeIsFor:
    LONG = "The letters raised uptake by four points in the poorest fifth of practices."

    def test_a_passage_read_and_graded_is_found_again(self, tmp_path: Path) -> None:
        give(tmp_path, "amina", ASKED, passage(1), 2)
        log = read_log(tmp_path, "amina")
        assert grades(log, "q1", [passage(1), passage(2)]) == {"doc:1": 2}
        assert grades(log, "another", [passage(1)]) == {}

    def test_a_neighbour_with_the_same_sentence_is_yet_to_be_read(self, tmp_path: Path) -> None:
        first = passage(1, "Before. " + self.LONG)
        second = passage(2, self.LONG + " After that, other things happened in other places.")
        give(tmp_path, "amina", ASKED, first, 3)
        assert grades(read_log(tmp_path, "amina"), "q1", [first, second]) == {"doc:1": 3}

    def test_after_a_new_way_of_cutting_a_grade_goes_with_its_words(self, tmp_path: Path) -> None:
        give(tmp_path, "amina", ASKED, passage(1, "Before. " + self.LONG), 3)
        anew = [passage(7, self.LONG + " After."), passage(8, "Quite another thing.")]
        assert grades(read_log(tmp_path, "amina"), "q1", anew) == {"doc:7": 3}

    def test_graded_pages_cover_what_stands_on_them(self, tmp_path: Path) -> None:
        give(tmp_path, "amina", ASKED, passage(1, pages=(3, 3)), 2, whole_pages=True)
        both = [passage(1, pages=(3, 3)), passage(2, pages=(3, 4)), passage(3, pages=(5, 5))]
        assert grades(read_log(tmp_path, "amina"), "q1", both) == {"doc:1": 2, "doc:2": 2}


class TestAgreement:
    def test_kappa_of_a_table_worked_out_by_hand(self) -> None:
        # Squared distances: observed (0 + 1 + 0 + 4) / 4, expected (13 + 7 + 19 + 9) / 16.
        assert weighted_kappa([(0, 0), (1, 2), (3, 3), (2, 0)]) == pytest.approx(1 - 1.25 / 3)

    def test_full_agreement_is_one_and_the_opposite_is_minus_one(self) -> None:
        assert weighted_kappa([(0, 0), (3, 3), (1, 1)]) == 1
        assert weighted_kappa([(0, 3), (3, 0)]) == -1

    @pytest.mark.parametrize("pairs", [[], [(2, 2)], [(1, 1), (1, 1)]])
    def test_there_is_no_kappa_where_chance_alone_agrees(self, pairs: list) -> None:
        assert weighted_kappa(pairs) is None

    @given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=40))
    def test_it_is_what_scikit_learn_works_out(self, pairs: list[tuple[int, int]]) -> None:
        kappa = weighted_kappa(pairs)
        if kappa is not None:
            first, second = zip(*pairs, strict=True)
            theirs = cohen_kappa_score(first, second, weights="quadratic", labels=[0, 1, 2, 3])
            assert kappa == pytest.approx(theirs)

    def test_two_judges_are_compared_on_what_both_graded(self, tmp_path: Path) -> None:
        for judge, given_ in (("amina", [3, 0, 2, 1]), ("ben", [3, 1, 0])):
            for number, grade in enumerate(given_):
                give(tmp_path, judge, ASKED, passage(number), grade)
        give(tmp_path, "cem", Question("q9", "Other?"), passage(1), 1)
        logs = [read_log(tmp_path, judge) for judge in judges(tmp_path)]
        (pair,) = agreements(logs)
        assert (pair.judges, pair.common, pair.same) == (("amina", "ben"), 3, 1)
        assert pair.kappa == weighted_kappa([(3, 3), (0, 1), (2, 0)])
        assert [(d.quote, d.grades) for d in pair.disagreements] == [
            (passage(2).text, (2, 0)),
            (passage(1).text, (0, 1)),
        ]
        assert pair.disagreements[0].question == ASKED

    def test_the_grades_in_force_can_be_carried_off(self, tmp_path: Path) -> None:
        order = Random(1)
        for number in range(20):
            give(tmp_path, "amina", ASKED, passage(number % 7), order.randrange(4))
        log = read_log(tmp_path, "amina")
        take_back(tmp_path, ASKED, log.judgements[-1])
        kept = read_log(tmp_path, "amina").judgements
        (tmp_path / "carried.jsonl").write_text(jsonl(kept), encoding="utf-8")
        assert read_judgements(tmp_path / "carried.jsonl") == list(kept)


class TestCandidates:
    def test_the_last_word_on_a_finding_counts(self, tmp_path: Path, small: Library) -> None:
        finding = next(f for f in small.ask(QUESTION).findings if QUOTED in f.quote)
        note_candidate(tmp_path, QUESTION, finding, useful=True)
        note_candidate(tmp_path, f"  {QUESTION} ", finding, useful=False)
        (row,) = read_candidates(tmp_path).rows
        assert not row.useful
        assert QUOTED in row.quote
        assert row.question == question_of(QUESTION)

    def test_they_are_never_read_as_judgements(self, tmp_path: Path, small: Library) -> None:
        note_candidate(tmp_path, QUESTION, small.ask(QUESTION).findings[0], useful=True)
        with pytest.raises(JudgementError, match="grade"):
            read_judgements(tmp_path / "judgements" / "candidates.jsonl")

    def test_a_torn_line_is_named(self, tmp_path: Path, small: Library) -> None:
        finding = small.ask(QUESTION).findings[0]
        note_candidate(tmp_path, QUESTION, finding, useful=True)
        with (tmp_path / "judgements" / "candidates.jsonl").open("a") as stream:
            stream.write(json.dumps({"question": QUESTION})[:-4])
        found = read_candidates(tmp_path)
        assert len(found.rows) == 1
        assert "line 2" in found.passed_over[0]

    def test_an_empty_question_is_refused(self) -> None:
        with pytest.raises(JudgementError, match="The question is empty"):
            question_of(" \n")
