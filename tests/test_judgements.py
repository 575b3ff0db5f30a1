import pytest

from retriever.errors import JudgementError
from retriever.judgements import (
    Judgement,
    Question,
    covers,
    grade_of,
    read_beir,
    read_judgements,
    read_qrels,
    read_questions,
    read_run,
    unfound,
    write_beir,
    write_jsonl,
    write_qrels,
    write_run,
)
from retriever.schema import Passage

TEXT = "Letters were sent. Uptake rose from 40% to 52% in the poorest fifth of areas. No harm."
QUOTE = "Uptake rose from 40% to 52% in the poorest fifth of areas."
PASSAGE = Passage("d:0001", "d", 0, len(TEXT), TEXT, pages=(3, 4))


def test_questions_and_judgements_come_back_as_they_were_written(tmp_path):
    questions = [
        Question("q1", "Does it help Somali women?", groups=("Somali women",), axes=("ethnicity",)),
        Question("q2", "parking fines", answerable=False, missing="far"),
    ]
    judgements = [
        Judgement("q1", "d", 3, quote="Naïve – “yes”.", judge="Amina"),
        Judgement("q1", "d", 2, pages=(2, 5)),
        Judgement("q1", "e", 0),
    ]
    write_jsonl(tmp_path / "q.jsonl", questions)
    write_jsonl(tmp_path / "j.jsonl", judgements)
    assert read_questions(tmp_path / "q.jsonl") == questions
    assert read_judgements(tmp_path / "j.jsonl") == judgements


def test_beir_and_qrels_keep_the_highest_grade_of_each_document(tmp_path):
    judgements = [Judgement("q1", "d", 1, quote="a"), Judgement("q1", "d", 3, quote="b")]
    write_beir(tmp_path, [Question("q1", "One?"), Question("q2", "Not judged?")], judgements)
    whole = [Judgement("q1", "d", 3)]
    assert read_beir(tmp_path) == ([Question("q1", "One?")], whole)
    write_qrels(tmp_path / "qrels.txt", judgements)
    assert read_qrels(tmp_path / "qrels.txt") == whole


def test_a_written_run_has_strictly_falling_scores_and_comes_back_in_order(tmp_path):
    path = tmp_path / "run.txt"
    write_run(path, {"q1": [("b", 0.5), ("a", 0.5), ("c", 0.5)]}, "ours")
    ranked = read_run(path)["q1"]
    assert [name for name, _ in ranked] == ["b", "a", "c"]
    assert ranked[0][1] > ranked[1][1] > ranked[2][1]


def test_a_run_of_four_columns_is_read_and_its_scores_decide(tmp_path):
    path = tmp_path / "run.txt"
    path.write_text("q1 low 1 0.1\nq1 tie2 3 0.9\nq1 tie1 2 0.9\n\n")
    assert read_run(path) == {"q1": [("tie1", 0.9), ("tie2", 0.9), ("low", 0.1)]}


@pytest.mark.parametrize(
    ("read", "line", "complaint"),
    [
        (read_questions, '{"id": "q9"}', "'text' is missing"),
        (read_questions, '{"text": "?"}', "'_id' is missing"),
        (read_questions, '{"id": "q9", "text": " "}', "text is empty"),
        (read_questions, '{"id": "q", "text": "?", "groups": "Somali"}', "must be a list of words"),
        (read_questions, "[1]", "no JSON object"),
        (read_questions, "{", "Expecting"),
        (read_judgements, '{"question_id": "q", "document_id": "d", "grade": 4}', "grade is 4"),
        (read_judgements, '{"question_id": "q", "document_id": "d"}', "'grade' is missing"),
        (
            read_judgements,
            '{"question_id": "q", "document_id": "d", "grade": 1, "pages": [5, 2]}',
            "pages are",
        ),
        (read_qrels, "q1 d", "2 columns"),
        (read_qrels, "q1 0 d good", "good"),
        (read_run, "q1 d 1", "3 columns"),
        (read_run, "q1 Q0 d 1 nan x", "finite"),
        (read_run, "q1 Q0 d first 0.5 x", "first"),
    ],
)
def test_a_malformed_line_is_named_with_its_file_and_number(tmp_path, read, line, complaint):
    path = tmp_path / "file"
    path.write_text(f"\n{line}\n")
    with pytest.raises(JudgementError, match=f"file, line 2: .*({complaint}).*Mend or remove"):
        read(path)


def test_what_stands_twice_is_refused(tmp_path):
    path = tmp_path / "file"
    path.write_text('{"id": "q1", "text": "a"}\n{"_id": "q1", "text": "b"}\n')
    with pytest.raises(JudgementError, match="'q1' stands twice"):
        read_questions(path)
    path.write_text("q1 Q0 d 1 2.0 x\nq1 Q0 d 2 1.0 x\n")
    with pytest.raises(JudgementError, match="line 2: d is ranked twice"):
        read_run(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(JudgementError, match=r"none\.jsonl cannot be read"):
        read_questions(tmp_path / "none.jsonl")


def test_a_passage_has_the_highest_grade_of_what_it_holds():
    assert grade_of(PASSAGE, [Judgement("q", "d", 1), Judgement("q", "d", 3, QUOTE)]) == 3
    assert grade_of(PASSAGE, [Judgement("q", "d", 2, pages=(4, 9))]) == 2
    assert grade_of(PASSAGE, [Judgement("q", "d", 0)]) == 0


@pytest.mark.parametrize(
    "judgement",
    [
        Judgement("q", "other", 3, QUOTE),
        Judgement("q", "d", 3, "Something quite different was found in the richest areas."),
        Judgement("q", "d", 3, pages=(5, 9)),
    ],
)
def test_what_a_passage_does_not_hold_leaves_it_unjudged(judgement):
    assert grade_of(PASSAGE, [judgement]) is None


def test_half_of_a_quotation_is_enough_and_its_punctuation_does_not_matter():
    assert covers(TEXT, "uptake rose from 40 % to 52 %, in the poorest fifth")
    assert covers("Uptake rose from 40% to 52% in the", QUOTE)
    assert not covers("Uptake rose.", QUOTE)


def test_questions_bring_the_judgements_that_stand_in_their_lines(tmp_path):
    path = tmp_path / "questions.jsonl"
    path.write_text(
        '{"_id": "a", "text": "?", "answers": [{"document_id": "NG1", "pages": [2, 3], '
        '"heading": "x"}, {"document_id": "e", "grade": 1}]}\n'
        '{"_id": "b", "document_id": "d", "text": "?", "quotes": ["One.", "Two."]}\n'
        '{"id": "c", "text": "Not answerable?", "answerable": false}\n'
    )
    assert [question.id for question in read_questions(path)] == ["a", "b", "c"]
    assert read_judgements(path) == [
        Judgement("a", "NG1", 3, pages=(2, 3)),
        Judgement("a", "e", 1),
        Judgement("b", "d", 3, "One."),
        Judgement("b", "d", 3, "Two."),
    ]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('{"id": "a", "text": "?", "answers": "NG1"}', "must be a list of JSON objects"),
        ('{"id": "a", "text": "?", "answers": [{"pages": [1, 2]}]}', "'document_id' is missing"),
        ('{"id": "a", "text": "?", "quotes": ["One."]}', "'document_id' is missing"),
        ('{"id": "a", "text": "?", "document_id": "d", "quotes": "One."}', "quotes is 'One.'"),
        ('{"id": "a", "text": "?", "answers": [{"document_id": "d", "pages": [0, 2]}]}', "pages"),
    ],
)
def test_malformed_judgements_in_a_questions_line_are_named(tmp_path, line, complaint):
    path = tmp_path / "file"
    path.write_text(f'{{"id": "fine", "text": "?"}}\n{line}\n')
    with pytest.raises(JudgementError, match=f"file, line 2: .*{complaint}"):
        read_judgements(path)


def test_a_beir_folder_and_qrels_are_known_by_their_shape(tmp_path):
    whole = [Judgement("q1", "d", 2)]
    write_beir(tmp_path / "beir", [Question("q1", "One?")], whole)
    write_qrels(tmp_path / "qrels", whole)
    assert read_questions(tmp_path / "beir") == [Question("q1", "One?")]
    assert read_judgements(tmp_path / "beir") == whole
    assert read_judgements(tmp_path / "qrels") == whole


def test_what_no_passage_holds_any_more_is_unfound():
    held = [Judgement("q", "d", 3, QUOTE), Judgement("q", "d", 1, pages=(4, 9))]
    lost = [
        Judgement("q", "d", 3, "This sentence was taken out of the second edition."),
        Judgement("q", "d", 3, pages=(8, 9)),
        Judgement("q", "gone", 3),
    ]
    assert unfound([*held, *lost], {"d": [PASSAGE]}) == lost
