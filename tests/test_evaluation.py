import json

import pytest
import small_library

from retriever.errors import EvaluationError
from retriever.evaluation import Evaluation, evaluate
from retriever.evaluation_files import keep, read_inputs, read_kept
from retriever.judgements import Judgement, Question, read_run

QUOTES = {
    "letters": "Reminder letters raised bowel screening uptake by four percentage points.",
    "calls": "Telephone calls to households reached fewer people than the posted letters.",
    "vouchers": "Shopping vouchers helped pregnant women to stop smoking in deprived areas.",
    "cost": "Each voucher scheme cost the commissioners nine hundred pounds for every quitter.",
    "markets": "Lung health checks in supermarket car parks found more early cancers.",
    "garden": "The allotments of the town were dug over once more in the spring.",
}
SIDECAR = 'source_type = "randomised-trial"\n'
QUESTIONS = [
    Question("q1", "Do reminder letters raise bowel screening uptake?", "uptake", form="plain"),
    Question("q2", "vouchers stop smoking pregnant", "effectiveness", ("pregnant women",),
             ("deprivation",), ("smoking",), "keywords", "report"),
    Question("q3", "What does each voucher scheme cost the commissioners?", "cost", form="plain"),
    Question("q4", "lung checks in supermarket car parks", "uptake",
             axes=("ethnicity", "deprivation")),
    Question("q5", "Why are volcanoes found in Iceland?", answerable=False, missing="far"),
    Question("q6", "Nobody judged this?"),
]  # fmt: skip
JUDGEMENTS = [
    Judgement("q1", "letters", 3, QUOTES["letters"]),
    Judgement("q1", "calls", 1, QUOTES["calls"]),
    Judgement("q2", "vouchers", 3, QUOTES["vouchers"]),
    Judgement("q3", "COST", 2, QUOTES["cost"]),
    Judgement("q4", "markets", 3, QUOTES["markets"]),
    Judgement("q4", "garden", 0),
]


@pytest.fixture
def library(make_library):
    files = {f"{name}.md": f"# {name.title()}\n\n{text}\n" for name, text in QUOTES.items()}
    return make_library(files | {"vouchers.toml": SIDECAR})


def evaluated(library, **options):
    given = {"systems": ["lexical", "vector"], "measures": ["RR@10", "R@1", "Judged@2"]} | options
    return evaluate(library, QUESTIONS, JUDGEMENTS, **given)


def passage(library, document):
    return library.passages(document)[0].id


def run(library, *rankings):
    """A run over the four questions that are judged."""
    return {
        f"q{number}": [(passage(library, d), 10.0 - at) for at, d in enumerate(documents)]
        for number, documents in enumerate(rankings, start=1)
    }


def test_outside_runs_are_measured_as_by_hand(library):
    perfect = run(library, ["letters", "calls"], ["vouchers"], ["cost"], ["markets"])
    poor = run(library, ["garden", "letters"], ["garden", "vouchers"], ["garden", "cost"],
               ["garden", "markets"])  # fmt: skip
    found = evaluated(library, systems=[], runs={"good": perfect, "poor": poor}, baseline="good")
    assert found.systems == ("good", "poor")
    means = {(s.system, s.measure): s.estimate.mean for s in found.scores}
    assert means == {
        ("good", "RR@10"): 1.0,
        ("good", "R@1"): 0.875,  # one of two on q1
        ("good", "Judged@2"): 1.0,
        ("poor", "RR@10"): 0.5,
        ("poor", "R@1"): 0.0,
        ("poor", "Judged@2"): 0.625,  # q4 judged the garden too
    }
    first, second = (s for s in found.scores if s.measure == "RR@10")
    assert (first.difference, first.p, first.p_holm) == (None, None, None)
    assert second.difference.mean == second.difference.low == second.difference.high == -0.5
    assert second.p == second.p_holm == 2 / 2**4
    assert [place.grade for place in found.rankings["q4"]["poor"]] == [0, 3]
    assert [place.grade for place in found.rankings["q3"]["poor"]] == [None, 2]
    assert found.per_question["q1"]["good"]["R@1"] == 0.5


def test_p_values_are_corrected_over_the_systems_compared(library):
    good = run(library, ["letters"], ["vouchers"], ["cost"], ["markets"])
    bad = run(library, ["garden"], ["garden"], ["garden"], ["garden"])
    found = evaluated(library, systems=[], runs={"a": good, "b": bad, "c": bad}, measures=["RR"])
    assert [(score.p, score.p_holm) for score in found.scores] == [
        (None, None), (0.125, 0.25), (0.125, 0.25),
    ]  # fmt: skip


def test_our_own_systems_find_what_is_asked_for(library):
    found = evaluated(library, systems=["hybrid", "lexical", "vector"])
    assert found.baseline == "hybrid"
    assert [question.id for question in found.questions] == ["q1", "q2", "q3", "q4"]
    assert all(s.estimate.mean == 1.0 for s in found.scores if s.measure == "RR@10")
    assert found.rankings["q3"]["lexical"][0].id == passage(library, "cost")
    assert any("1 questions have no judgement" in note for note in found.notes)
    assert any("1 questions that cannot be answered" in note for note in found.notes)


def test_slices_say_for_whom_and_that_there_are_too_few_to_tell(library):
    found = {(part.field, part.value): part for part in evaluated(library).slices}
    assert {key: part.count for key, part in found.items()} == {
        ("group", "pregnant women"): 1,
        ("axis", "both"): 1,
        ("axis", "deprivation"): 2,
        ("axis", "ethnicity"): 1,
        ("kind", "cost"): 1,
        ("kind", "effectiveness"): 1,
        ("kind", "uptake"): 2,
        ("source type", "other"): 3,
        ("source type", "randomised-trial"): 1,
        ("form", "keywords"): 1,
        ("form", "plain"): 2,
        ("half", "report"): 1,
        ("topic", "smoking"): 1,
    }
    assert all(part.few for part in found.values())
    assert found["kind", "uptake"].estimates["lexical"]["R@1"].mean == 0.75


def test_fifteen_questions_are_enough_for_a_slice(library):
    questions = [Question(f"q{n}", QUESTIONS[0].text, "cost", form=str(n < 14)) for n in range(29)]
    judged = [Judgement(q.id, "letters", 3, QUOTES["letters"]) for q in questions]
    found = evaluate(library, questions, judged, ["lexical"], ["RR"])
    assert [(s.value, s.few) for s in found.slices if s.field == "form"] == [
        ("False", False), ("True", True),
    ]  # fmt: skip


def test_copies_of_one_file_are_one_document(library):
    (library.corpus / "letters-again.md").write_bytes((library.corpus / "letters.md").read_bytes())
    library.index()
    copy = {"q1": [(passage(library, "letters-again"), 2.0), (passage(library, "letters"), 1.0)]}
    found = evaluated(library, systems=[], runs={"copy": copy}, measures=["R@2", "RR"])
    assert found.per_question["q1"]["copy"] == {"R@2": 0.5, "RR": 1.0}


def test_runs_of_documents_and_of_what_is_not_there_are_told_apart(library):
    given = {"q1": [("LETTERS", 3.0), ("calls", 2.0), ("nowhere", 1.0)]}
    found = evaluated(library, systems=[], runs={"other": given}, measures=["R@2"])
    assert found.per_question["q1"]["other"]["R@2"] == 1.0
    notes = " ".join(found.notes)
    assert "Run other ranks nothing for 3 of 4 questions" in notes
    assert "1 of 3 places name no passage or document of this library (first: nowhere)" in notes
    assert "ranks whole documents in 2 of 3 places" in notes


def test_judgements_that_nothing_meets_are_reported_and_count(library):
    lost = Judgement("q1", "letters", 3, "A sentence that the second edition has dropped again.")
    found = evaluate(library, QUESTIONS, [*JUDGEMENTS, lost], ["lexical"], ["R@20"])
    assert found.unfound == (lost,)
    assert found.per_question["q1"]["lexical"]["R@20"] == pytest.approx(2 / 3)


def test_answers_and_refusals_are_measured(library):
    found = evaluated(library, answers=True)
    assert found.answers.count == 4
    assert found.answers.findings == found.answers.exact > 0
    assert found.answers.first.keys() == {"q1", "q2", "q3", "q4"}
    assert found.answers.found["1"].mean <= found.answers.found["5"].mean
    refused = found.refusals
    assert refused.counts == {"answerable": 5, "all": 1, "far": 1}
    assert refused.unanswerable["far"].mean == refused.unanswerable["all"].mean == 1.0
    assert [curve.setting for curve in refused.curves] == [
        "answers.min_nearness",
        "answers.min_covered",
    ]
    for curve in refused.curves:
        shares = [point.answerable for point in curve.points]
        assert shares == sorted(shares)
        assert curve.threshold in [point.threshold for point in curve.points]
    answered = {name for name, place in found.answers.first.items() if place}
    assert not answered & set(refused.wrong)


def test_findings_on_pages_are_exact_and_hold_judged_pages(tmp_path):
    library = small_library.build(tmp_path / "library")
    questions = [Question("q", small_library.QUESTION)]
    judged = [Judgement("q", "letters", 3, pages=(1, 1))]
    found = evaluate(library, questions, judged, ["lexical"], ["RR"], answers=True)
    assert found.answers.exact == found.answers.findings > 0
    assert found.answers.first["q"] > 0
    assert found.baseline is None


def test_the_same_run_twice_gives_the_same_bytes(library, tmp_path):
    paths = [keep(evaluated(library, answers=True), tmp_path / name) for name in ("one", "two")]
    files = [{p.name: p.read_bytes() for p in path.parent.iterdir()} for path in paths]
    assert files[0] == files[1]
    assert len(files[0]) == 3
    other = keep(evaluated(library, seed=1), tmp_path / "one")
    assert other.name != paths[0].name


def test_what_was_kept_comes_back(library, tmp_path):
    found = evaluated(library, answers=True)
    path = keep(found, tmp_path)
    back = read_kept(path)
    assert isinstance(back, Evaluation)
    assert back.to_dict() == found.to_dict()
    assert back.scores == found.scores and back.slices == found.slices
    assert back.refusals == found.refusals and back.answers == found.answers
    again = read_run(next(tmp_path.glob("*.1-lexical.run")))
    assert [name for name, _ in again["q1"]] == [name for name, _ in found.runs["lexical"]["q1"]]
    assert "asked_at" not in json.dumps(back.to_dict())


def test_a_file_that_is_no_evaluation_is_named(tmp_path):
    (tmp_path / "x.json").write_text("[1]")
    with pytest.raises(EvaluationError, match=r"x\.json cannot be read as an evaluation"):
        read_kept(tmp_path / "x.json")


def test_progress_counts_to_its_end(library):
    seen = []
    evaluated(library, answers=True, progress=lambda done, total, text: seen.append((done, total)))
    assert seen == [(number, 14) for number in range(1, 15)]  # 2 systems x 4, and 6 asked


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"systems": ["hybird"]}, "no system 'hybird'. Choose from .*hybrid"),
        ({"systems": []}, "Nothing to evaluate"),
        ({"baseline": "hybrid"}, "baseline 'hybrid' is not among the systems: lexical, vector"),
        ({"measures": ["nDGC@10"]}, "measure 'nDGC@10' .* for example nDCG@10"),
        ({"runs": {"hybrid": {}}}, "A run cannot be called 'hybrid'"),
    ],
)
def test_what_cannot_be_evaluated_is_named(library, options, complaint):
    with pytest.raises(EvaluationError, match=complaint):
        evaluated(library, **options)


def test_judgements_of_other_questions_score_nothing(library):
    with pytest.raises(EvaluationError, match="None of 6 questions can be scored"):
        evaluate(library, QUESTIONS, [Judgement("other", "letters", 3)], ["lexical"])


def test_a_question_that_cannot_be_searched_for_is_named(library):
    with pytest.raises(EvaluationError, match=r"Question 'q': The question '\?!' holds no word"):
        evaluate(library, [Question("q", "?!")], [Judgement("q", "letters", 3)], ["lexical"])


def test_the_inputs_of_a_half_leave_the_other_halfs_judgements_out(tmp_path):
    (tmp_path / "q.jsonl").write_text(
        '{"id": "a", "text": "?", "half": "develop", "answers": [{"document_id": "d"}]}\n'
        '{"id": "b", "text": "?", "half": "report", "answers": [{"document_id": "e"}]}\n'
    )
    questions, judged = read_inputs(tmp_path, tmp_path / "q.jsonl", half="report")
    assert [question.id for question in questions] == ["b"]
    assert judged == [Judgement("b", "e", 3)]
    with pytest.raises(EvaluationError, match="no questions of the half 'other'"):
        read_inputs(tmp_path, tmp_path / "q.jsonl", half="other")
