"""The page that measures systems on judged questions and shows where they differ."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from small_library import QUESTION, QUOTED, SCRIPT, build
from streamlit.testing.v1 import AppTest
from test_ui_pages import at_page, links, opened, shown, source

from retriever import Library
from retriever.evaluation import evaluate
from retriever.evaluation_files import KEPT, keep, read_inputs, read_kept
from retriever.judgements import Question, read_judgements
from retriever.judging import give, question_of
from retriever.schema import MODES

PAGE = "retriever/ui/evaluate.py"
LOST = "A sentence that has been taken out of this document since it was judged."
QUESTIONS = [
    {"id": "q1", "text": QUESTION, "form": "plain", "half": "develop"},
    {"id": "q2", "text": "letters screening kit", "form": "keywords", "half": "report"},
    {"id": "q3", "text": "Do <b>calls</b> reach more people?", "form": "plain", "half": "report"},
    {"id": "q4", "text": "What do lanterns cost?", "answerable": False, "missing": "far"},
]
JUDGEMENTS = [
    {"question_id": "q1", "document_id": "letters", "quote": QUOTED, "grade": 3},
    {"question_id": "q2", "document_id": "policy", "grade": 2},
    {"question_id": "q3", "document_id": "letters", "pages": [2, 2], "grade": 1},
    {"question_id": "q3", "document_id": "letters", "quote": LOST, "grade": 2},
]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Library:
    library = build(tmp_path_factory.mktemp("library"))
    folder = library.corpus / "evaluation"
    folder.mkdir()
    for name, rows in (("questions", QUESTIONS), ("judgements", JUDGEMENTS)):
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(lines)
    return library


@pytest.fixture
def app(small: Library, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    return opened(small.root, monkeypatch)


@pytest.fixture(scope="module")
def run(small: Library) -> str:
    """The name of an evaluation that was kept."""
    questions, judgements = read_inputs(small.root)
    found = evaluate(small, questions, judgements, ["hybrid", "lexical", "vector"], answers=True)
    return keep(found, small.root / KEPT).stem


def evaluated(app: AppTest) -> AppTest:
    return app.button(key="evaluate").click().run()


class TestForm:
    def test_all_systems_and_measures_are_chosen_to_begin_with(self, app: AppTest) -> None:
        at_page(app, PAGE)
        assert app.multiselect(key="systems").value == list(MODES)
        assert "nDCG@10" in app.multiselect(key="measures").value

    def test_evaluating_shows_the_result_and_puts_it_into_the_address(
        self, app: AppTest, small: Library
    ) -> None:
        at_page(app, PAGE)
        app.multiselect(key="systems").set_value(["hybrid", "lexical"])
        app.multiselect(key="measures").set_value(["nDCG@10", "R@20"])
        evaluated(app)
        kept = read_kept(small.root / KEPT / f"{app.query_params['run']}.json")
        assert kept.systems == ("hybrid", "lexical")
        assert "3 questions scored." in shown(app)
        cell = next(s for s in kept.scores if (s.system, s.measure) == ("lexical", "R@20"))
        low, high = f"{cell.estimate.low:.3f}", f"{cell.estimate.high:.3f}"
        assert f"lexical R@20 {cell.estimate.mean:.3f} {low} to {high}" in shown(app)

    def test_only_one_half_is_scored_where_that_is_chosen(self, app: AppTest) -> None:
        at_page(app, PAGE)
        app.multiselect(key="systems").set_value(["lexical"])
        app.selectbox(key="half").set_value("report")
        assert "2 questions scored." in shown(evaluated(app))

    def test_one_system_alone_is_measured_without_comparison(self, app: AppTest) -> None:
        at_page(app, PAGE)
        app.multiselect(key="systems").set_value(["lexical"])
        evaluated(app)
        assert "Difference" not in shown(app)
        assert "open=q1" in links(app)[QUESTION]

    def test_grades_of_a_judge_can_stand_alone(self, app: AppTest, small: Library) -> None:
        typed = question_of("Were practices in favour of letters?")
        best = small.search(typed.text, 1)[0].passage
        give(small.root, "amina", typed, best, 3)
        at_page(app, PAGE)
        app.multiselect(key="systems").set_value(["lexical"])
        app.multiselect(key="sources").set_value(["amina"])
        evaluated(app)
        assert "1 question scored." in shown(app)
        assert typed.text in links(app)

    def test_grades_of_a_judge_can_join_those_of_the_file(
        self, app: AppTest, small: Library
    ) -> None:
        give(small.root, "ben", Question("q1", QUESTION), small.passages("policy")[0], 1)
        at_page(app, PAGE)
        app.multiselect(key="systems").set_value(["lexical"])
        app.multiselect(key="sources").set_value(["with the questions", "ben"])
        evaluated(app)
        kept = read_kept(small.root / KEPT / f"{app.query_params['run']}.json")
        grades = {place.id: place.grade for place in kept.rankings["q1"]["lexical"]}
        assert grades[small.passages("policy")[0].id] == 1

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"systems": []}, "Nothing to evaluate. Name a system"),
            ({"measures": ["nDCG@x"]}, "The measure 'nDCG@x' cannot be computed"),
            ({"sources": []}, "No judgements are chosen"),
        ],
    )
    def test_what_cannot_be_evaluated_is_said(
        self, app: AppTest, change: dict[str, list[str]], said: str
    ) -> None:
        at_page(app, PAGE)
        for key, value in change.items():
            app.multiselect(key=key).set_value(value)
        evaluated(app)
        assert "The systems cannot be evaluated" in shown(app)
        assert said in shown(app)
        assert "run" not in app.query_params

    def test_a_malformed_file_is_named_with_its_line(self, app: AppTest, small: Library) -> None:
        (small.root / "bad.jsonl").write_text('{"question_id": "q1"}\n')
        at_page(app, PAGE)
        app.text_input(key="judgements").set_value("bad.jsonl")
        assert "bad.jsonl, line 1" in shown(evaluated(app))

    def test_an_unindexed_library_says_what_to_run(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "corpus").mkdir()
        (tmp_path / "retriever.toml").write_text('[embedder]\nmodel = "hashing"\n')
        assert "retriever index" in shown(at_page(opened(tmp_path, monkeypatch), PAGE))

    def test_kept_evaluations_are_linked_to(self, app: AppTest, run: str) -> None:
        at_page(app, PAGE)
        assert f'href="evaluate?run={run}"' in source(app)


class TestResult:
    def test_stands_after_a_reload_and_says_how_it_was_made(self, app: AppTest, run: str) -> None:
        said = shown(at_page(app, PAGE, run=run))
        assert "Differences are to hybrid" in said
        assert "Intervals are 95%, by bootstrap" in said
        assert "questions that cannot be answered are not ranked for" in said

    def test_the_table_comes_before_the_chart(self, app: AppTest, run: str) -> None:
        at_page(app, PAGE, run=run)
        kinds = [part.type for part in app.main]
        table = next(
            number
            for number, part in enumerate(app.main)
            if part.type == "html" and "of each question" in part.proto.body
        )
        assert table < kinds.index("vega_lite_chart")

    def test_differences_are_those_of_the_measure_and_system_chosen(
        self, app: AppTest, run: str, small: Library
    ) -> None:
        at_page(app, PAGE, run=run)
        app.selectbox(key="measure").set_value("R@20").run()
        app.selectbox(key="system").set_value("vector").run()
        assert (app.query_params["measure"], app.query_params["system"]) == ("R@20", "vector")
        kept = read_kept(small.root / KEPT / f"{run}.json").per_question
        pairs = [(by["hybrid"]["R@20"], by["vector"]["R@20"]) for by in kept.values()]
        better, worse = sum(a < b for a, b in pairs), sum(a > b for a, b in pairs)
        assert f"vector is better than hybrid on {better} question" in shown(app)
        assert f"worse on {worse:,}" in shown(app)
        assert "R@20 of each question, the worst first" in shown(app)
        assert "R@20 by slice of the questions" in shown(app)

    def test_small_slices_say_that_they_are_too_small(self, app: AppTest, run: str) -> None:
        assert "Form: keywords 1" in shown(at_page(app, PAGE, run=run))
        assert "Too few to tell" in shown(app)

    def test_answers_and_refusals_are_shown_where_they_were_measured(
        self, app: AppTest, run: str
    ) -> None:
        said = shown(at_page(app, PAGE, run=run))
        assert "with a finding that holds what was judged" in said
        assert "stand word for word at their place" in said
        assert "Not held: far 1" in said
        assert "In force" in said

    def test_judgements_that_nothing_holds_are_listed(self, app: AppTest, run: str) -> None:
        assert LOST in shown(at_page(app, PAGE, run=run))

    def test_files_can_be_had(self, app: AppTest, run: str) -> None:
        at_page(app, PAGE, run=run)
        labels = [button.label for button in app.main.get("download_button")]
        assert {"Report (HTML)", "All figures (JSON)", "Scores (CSV)", "Run 1-hybrid"} <= set(
            labels
        )

    @pytest.mark.parametrize("name", ["../../secret", "0" * 16, "", "x"])
    def test_an_evaluation_that_is_not_there_is_plain_words(self, app: AppTest, name: str) -> None:
        assert "That cannot be evaluated" in shown(at_page(app, PAGE, run=name))


class TestQuestion:
    def test_both_rankings_stand_side_by_side_with_judged_passages_in_words(
        self, app: AppTest, run: str
    ) -> None:
        at_page(app, PAGE, run=run, open="q1", system="vector")
        said = shown(app)
        assert source(app).count('<ol class="ranking">') == 2
        assert "<h3>hybrid</h3>" in source(app)
        assert "<h3>vector</h3>" in source(app)
        assert "Judged 3, answers directly" in said
        assert "Not judged" in said
        assert "document=letters" in source(app)

    def test_what_was_judged_and_is_gone_is_listed(self, app: AppTest, run: str) -> None:
        assert LOST in shown(at_page(app, PAGE, run=run, open="q3"))
        app.query_params["open"] = "q1"
        assert LOST not in shown(app.run())

    def test_leads_back_to_the_same_result(self, app: AppTest, run: str) -> None:
        at_page(app, PAGE, run=run, open="q1", system="vector", measure="R@20")
        back = links(app)["Back to the result"]
        assert f"run={run}" in back
        assert "system=vector" in back
        assert "open" not in back

    def test_a_question_that_was_not_scored_is_said(self, app: AppTest, run: str) -> None:
        said = shown(at_page(app, PAGE, run=run, open="q4"))
        assert "The evaluation has no question 'q4'." in said
        assert "Systems and measures" in said

    def test_markup_is_shown_as_text(self, app: AppTest, run: str) -> None:
        at_page(app, PAGE, run=run, open="q3", system="vector")
        assert "Do <b>calls</b> reach" in shown(app)
        assert SCRIPT in shown(app)
        assert "<script" not in source(app)

    def test_passages_of_another_index_are_named_and_not_shown(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        library = build(tmp_path / "library")
        questions = [Question("q1", QUESTION)]
        judged = tmp_path / "judged.jsonl"
        judged.write_text(json.dumps(JUDGEMENTS[0]) + "\n")
        found = evaluate(
            library, questions, read_judgements(judged), ["hybrid", "lexical"], ["nDCG@10"]
        )
        name = keep(found, library.root / KEPT).stem
        (library.corpus / "new.md").write_text("# New\n\nReminder letters and kits again.")
        library.index()
        app = at_page(opened(library.root, monkeypatch), PAGE, run=name, open="q1")
        assert "The index has changed since this was evaluated" in shown(app)
        assert "A trial of posted invitations" not in shown(app)
        assert "letters:0001" in shown(app)
