"""The page on which people grade passages, and the buttons that send it candidates."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from small_library import QUESTION, build
from streamlit.testing.v1 import AppTest
from test_ui_pages import asked, at_page, links, opened, shown, source

from retriever import Library
from retriever.judgements import Question
from retriever.judging import give, pool, read_candidates, read_log
from retriever.schema import MODES, Passage

PAGE = "retriever/ui/judge.py"
QUESTIONS = [
    {"id": "q1", "text": QUESTION, "form": "plain"},
    {"id": "q2", "text": "letters screening kit", "form": "keywords"},
]
ASKED = Question("q1", QUESTION)


@pytest.fixture
def small(tmp_path: Path) -> Library:
    library = build(tmp_path / "library")
    folder = library.corpus / "evaluation"
    folder.mkdir()
    rows = "".join(json.dumps(question) + "\n" for question in QUESTIONS)
    (folder / "questions.jsonl").write_text(rows)
    return library


@pytest.fixture
def app(small: Library, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    return opened(small.root, monkeypatch)


def judging(app: AppTest, judge: str = "amina", **address: str) -> AppTest:
    return at_page(app, PAGE, judge=judge, **(address or {"question": "q1"}))


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def graded(small: Library, judge: str = "amina") -> list[int]:
    return [judgement.grade for judgement in read_log(small.root, judge).judgements]


def first_of(small: Library) -> Passage:
    return pool(small, ASKED)[0]


class TestChoosing:
    def test_a_name_and_a_question_lead_to_the_first_passage(
        self, app: AppTest, small: Library
    ) -> None:
        at_page(app, PAGE)
        app.text_input(key="judge").set_value("Amina")
        app.selectbox(key="question").set_value("q1")
        press(app, "Start judging")
        assert app.query_params["judge"] == "Amina"
        assert app.query_params["question"] == "q1"
        assert "amina: 0 of" in shown(app)
        assert QUESTION in shown(app)
        assert " ".join(first_of(small).text.split()[:8]) in shown(app)

    def test_a_question_may_be_typed(self, app: AppTest, small: Library) -> None:
        at_page(app, PAGE)
        app.text_input(key="judge").set_value("amina")
        app.text_input(key="text").set_value("Do telephone calls reach more people?")
        press(app, "Start judging")
        press(app, "Answers directly")
        (question,) = read_log(small.root, "amina").questions
        assert question.text == "Do telephone calls reach more people?"

    def test_questions_come_from_another_file_where_one_is_named(
        self, app: AppTest, small: Library
    ) -> None:
        (small.root / "mine.jsonl").write_text('{"_id": "m1", "text": "Mine?"}\n')
        at_page(app, PAGE)
        app.text_input(key="file").set_value("mine.jsonl").run()
        assert app.selectbox(key="question").options == ["Mine?"]
        app.text_input(key="judge").set_value("amina")
        app.selectbox(key="question").set_value("m1")
        press(app, "Start judging")
        assert "Mine?" in shown(app)
        assert "file=mine.jsonl" in links(app)["Choose another question"]

    def test_a_malformed_file_of_questions_is_named_with_its_line(
        self, app: AppTest, small: Library
    ) -> None:
        (small.root / "bad.jsonl").write_text('{"_id": "m1", "text": "Mine?"}\n{"_id": \n')
        said = shown(at_page(app, PAGE, file="bad.jsonl"))
        assert "The questions cannot be read" in said
        assert "bad.jsonl, line 2" in said
        assert app.text_input(key="file").value == "bad.jsonl"

    @pytest.mark.parametrize(
        ("judge", "question", "said"),
        [
            ("../etc", {"question": "q1"}, "cannot be used. Write 1 to 40 letters"),
            ("", {"question": "q1"}, "cannot be used"),
            ("candidates", {"question": "q1"}, "is kept for what commissioners"),
            ("amina", {"question": "q99"}, "No question has the id 'q99'"),
            ("amina", {"text": "  "}, "The question is empty"),
        ],
    )
    def test_what_cannot_be_judged_is_said_above_the_form(
        self, app: AppTest, judge: str, question: dict[str, str], said: str
    ) -> None:
        judging(app, judge, **question)
        assert said in shown(app)
        assert app.text_input(key="judge").value == judge

    def test_a_form_left_empty_is_answered_in_words(self, app: AppTest) -> None:
        at_page(app, PAGE)
        press(app, "Start judging")
        assert "cannot be used" in shown(app)
        app.text_input(key="judge").set_value("amina")
        press(app, "Start judging")
        assert "The question is empty" in shown(app)

    def test_a_library_without_an_index_says_what_to_run(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "corpus").mkdir()
        (tmp_path / "retriever.toml").write_text('[embedder]\nmodel = "hashing"\n')
        assert "retriever index" in shown(at_page(opened(tmp_path, monkeypatch), PAGE))

    def test_a_library_without_questions_takes_a_typed_one(
        self, app: AppTest, small: Library
    ) -> None:
        (small.corpus / "evaluation" / "questions.jsonl").unlink()
        at_page(app, PAGE)
        assert not app.selectbox
        app.text_input(key="judge").set_value("amina")
        app.text_input(key="text").set_value(QUESTION)
        press(app, "Start judging")
        assert "0 of" in shown(app)


class TestGrading:
    def test_a_grade_is_kept_and_the_next_passage_comes(self, app: AppTest, small: Library) -> None:
        judging(app)
        press(app, "Answers in part")
        (given,) = read_log(small.root, "amina").judgements
        assert (given.grade, given.quote) == (2, first_of(small).text)
        assert "1 of" in shown(app)
        assert "Your last grade: 2, answers in part." in shown(app)
        second = pool(small, ASKED)[1]
        assert any(button.key == f"grade-2-{second.id}" for button in app.button)

    def test_each_button_has_its_key(self, app: AppTest) -> None:
        judging(app)
        keys = {b.label: b.proto.shortcut for b in app.button}
        assert keys == {
            "Does not answer": "0",
            "Background": "1",
            "Answers in part": "2",
            "Answers directly": "3",
            "Skip": "s",
            "Take back the last grade": "u",
        }

    def test_single_keys_can_be_switched_off_and_stay_off(self, app: AppTest) -> None:
        judging(app)
        app.checkbox(key="keys").uncheck().run()
        assert {button.proto.shortcut for button in app.button} == {""}
        assert "keys=off" in links(app)["Choose another question"]

    def test_nothing_says_what_found_a_passage(self, app: AppTest) -> None:
        said = shown(judging(app)).partition("Judge passages")[2]  # after the service's own name
        words = set(said.casefold().replace(".", " ").split())
        assert words.isdisjoint({*MODES, "rank", "score", "bm25"})

    def test_a_whole_question_is_graded_and_the_next_one_offered(
        self, app: AppTest, small: Library
    ) -> None:
        judging(app)
        count = len(pool(small, ASKED))
        for _ in range(count):
            press(app, "Background")
        assert f"{count} of {count} passages graded." in shown(app)
        assert "All passages of this question are graded" in shown(app)
        assert graded(small) == [1] * count
        assert "question=q2" in links(app)["Next question: letters screening kit"]

    def test_the_last_grade_is_taken_back(self, app: AppTest, small: Library) -> None:
        judging(app)
        assert app.button(key="undo-0").disabled
        press(app, "Answers directly")
        press(app, "Background")
        press(app, "Take back the last grade")
        assert graded(small) == [3]
        assert "1 of" in shown(app)

    def test_what_is_skipped_comes_last(self, app: AppTest, small: Library) -> None:
        judging(app)
        first = first_of(small)
        press(app, "Skip")
        assert not any(button.key == f"grade-0-{first.id}" for button in app.button)
        for _ in pool(small, ASKED)[1:]:
            press(app, "Does not answer")
        assert any(button.key == f"grade-0-{first.id}" for button in app.button)

    def test_a_grade_can_be_changed_from_the_list(self, app: AppTest, small: Library) -> None:
        judging(app)
        press(app, "Does not answer")
        assert "again=" in links(app)["Grade again"]
        app.query_params["again"] = first_of(small).id
        app.run()
        press(app, "Answers directly")
        assert graded(small) == [3]
        assert "again" not in app.query_params

    def test_the_same_press_twice_is_one_grade(self, app: AppTest, small: Library) -> None:
        judging(app)
        button = app.button(key=f"grade-3-{first_of(small).id}")
        give(small.root, "amina", ASKED, first_of(small), 1)
        button.click().run()
        assert graded(small) == [1]

    def test_pages_are_graded_where_the_judge_says_so(self, app: AppTest, small: Library) -> None:
        paged = next(p for p in pool(small, ASKED) if p.pages)
        judging(app, question="q1", again=paged.id)
        app.checkbox(key=f"all-{paged.id}").check().run()
        press(app, "Answers directly")
        (given,) = read_log(small.root, "amina").judgements
        assert (given.quote, given.pages) == ("", paged.pages)

    def test_a_grade_that_cannot_be_kept_is_said(self, app: AppTest, small: Library) -> None:
        judging(app)
        (small.root / "judgements").write_text("in the way")
        press(app, "Background")
        assert "Your grade was not kept" in shown(app)
        assert "judgements" in shown(app)

    def test_half_a_line_left_by_a_crash_is_said(self, app: AppTest, small: Library) -> None:
        give(small.root, "amina", ASKED, first_of(small), 1)
        with (small.root / "judgements" / "amina.jsonl").open("a") as stream:
            stream.write('{"question_id": "q1", "docu')
        assert "line 2 cannot be read and was passed over" in shown(judging(app))
        press(app, "Answers directly")
        assert graded(small) == [1, 3]

    def test_a_document_removed_meanwhile_is_not_shown(self, app: AppTest, small: Library) -> None:
        (small.corpus / "policy.md").unlink()
        judging(app)
        assert "Screening policy" not in shown(app)
        count = sum(p.document_id != "policy" for p in pool(small, ASKED))
        assert f"0 of {count}" in shown(app)

    def test_markup_in_a_passage_is_shown_as_text(self, app: AppTest, small: Library) -> None:
        marked = next(p for p in pool(small, ASKED) if "<script>" in p.text)
        judging(app, question="q1", again=marked.id)
        assert "&lt;script&gt;document.title" in source(app)


class TestSeveralJudges:
    def test_progress_and_disagreement_are_shown(self, app: AppTest, small: Library) -> None:
        passages = pool(small, ASKED)
        for judge, grades in (("amina", [3, 0, 1]), ("ben", [3, 2, 1])):
            for passage, grade in zip(passages, grades, strict=False):
                give(small.root, judge, ASKED, passage, grade)
        said = shown(at_page(app, PAGE))
        assert "amina 3 1 ben 3 1" in said
        assert "Both graded 3 passages and gave the same grade to 2." in said
        assert "Weighted kappa is 0.50: 1 is full agreement" in said
        assert "Where they disagree, widest apart first (1 of 1)" in said
        assert "0, does not answer 2, answers in part" in said

    def test_judges_do_not_see_each_others_grades_while_they_judge(
        self, app: AppTest, small: Library
    ) -> None:
        give(small.root, "ben", ASKED, first_of(small), 3)
        said = shown(judging(app))
        assert "ben" not in said.split()
        assert "amina: 0 of" in said

    def test_without_a_passage_in_common_that_is_said(self, app: AppTest, small: Library) -> None:
        give(small.root, "ben", ASKED, first_of(small), 3)
        assert "No two judges have graded the same passage" in shown(at_page(app, PAGE))

    def test_one_grade_throughout_gives_no_kappa(self, app: AppTest, small: Library) -> None:
        for judge in ("amina", "ben"):
            give(small.root, judge, ASKED, first_of(small), 3)
        assert "Weighted kappa cannot be worked out" in shown(at_page(app, PAGE))


class TestUseful:
    def test_a_useful_finding_is_noted_as_a_candidate_and_no_judgement(
        self, app: AppTest, small: Library
    ) -> None:
        asked(app)
        app.button(key="useful-1").click().run()
        assert "Noted as useful, with your question" in shown(app)
        assert "It changes no answer by itself." in shown(app)
        (row,) = read_candidates(small.root).rows
        assert row.useful
        assert row.quote == small.ask(QUESTION).findings[0].quote
        assert not list((small.root / "judgements").glob("[!c]*.jsonl"))

    def test_a_mind_can_be_changed(self, app: AppTest, small: Library) -> None:
        asked(app)
        app.button(key="useful-2").click().run()
        app.button(key="useless-2").click().run()
        assert "Noted as not useful" in shown(app)
        assert [row.useful for row in read_candidates(small.root).rows] == [False]

    def test_what_cannot_be_noted_is_said(self, app: AppTest, small: Library) -> None:
        (small.root / "judgements").write_text("in the way")
        asked(app)
        app.button(key="useful-1").click().run()
        assert "cannot be kept in" in shown(app)
        assert "Noted" not in shown(app)

    def test_the_question_is_put_before_judges(self, app: AppTest, small: Library) -> None:
        asked(app, "Were practices in favour of letters?")
        app.button(key="useful-1").click().run()
        at_page(app, PAGE)
        options = app.selectbox(key="question").options
        assert "Were practices in favour of letters? (asked by a commissioner)" in options
