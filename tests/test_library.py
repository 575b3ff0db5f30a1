import threading

import pytest

from retriever import Library
from retriever.answer import to_json
from retriever.errors import BadQuestion, RetrieverError, UnknownDocument
from retriever.schema import MODES, Filters

FILES = {
    "letters.md": "# Letters\n\nReminder letters raised uptake of bowel screening by 4 points.",
    "letters.toml": 'publisher = "Institute"\nyear = 2019\nsource_type = "randomised-trial"',
    "again.md": "# Again\n\nIt is said: Reminder letters raised uptake of bowel screening by 4 "
    "points.",
    "smoking.md": "# Smoking\n\nStop smoking services reached people in deprived areas.",
    "old.md": "# Old guidance\n\nSend people a letter about bowel screening and a second letter.",
    "old.toml": 'status = "superseded-by: NG999"\nyear = 2009\npublisher = "Board"',
}
QUESTION = "Do reminder letters raise uptake of bowel screening?"


def ids(hits):
    return [hit.passage.document_id for hit in hits]


def test_every_quotation_is_verbatim_and_its_offsets_are_exact(make_library):
    library = make_library(FILES)
    answer = library.ask(QUESTION)
    assert answer.outcome == "answered"
    assert answer.findings[0].quote.endswith("raised uptake of bowel screening by 4 points.")
    for finding in answer.findings:
        document = library.document(finding.document_id)
        assert document.text[finding.start : finding.end] == finding.quote


def test_near_repeats_are_shown_once(make_library):
    findings = make_library(FILES).ask(QUESTION).findings
    assert sum("raised uptake" in finding.quote for finding in findings) == 1


def test_an_off_topic_question_is_not_answered(make_library):
    answer = make_library(FILES).ask("How do I reset my email password?")
    assert answer.outcome == "not-held"
    assert answer.findings == ()
    assert answer.gaps


def test_the_same_question_gives_the_same_answer(make_library):
    library = make_library(FILES)
    one, two = library.ask(QUESTION), Library.open(library.root).ask(QUESTION)
    assert one.findings == two.findings
    assert one.record.index == two.record.index == library.index_id


def test_guidance_that_was_replaced_is_warned_of(make_library):
    answer = make_library(FILES).ask("Send people a letter about bowel screening")
    assert "Old guidance was replaced by NG999." in answer.warnings


def test_the_json_has_the_agreed_shape(make_library):
    data = to_json(make_library(FILES).ask(QUESTION))
    assert list(data) == [
        "question",
        "understood",
        "outcome",
        "findings",
        "gaps",
        "warnings",
        "record",
    ]
    assert list(data["understood"]) == ["populations", "deprivation", "topics", "intents"]
    assert list(data["findings"][0]) == [
        "quote",
        "document_id",
        "title",
        "publisher",
        "year",
        "source_type",
        "pages",
        "start",
        "end",
        "match",
        "kind",
        "populations",
        "status",
        "url",
        "passage_id",
        "basis",
        "direction",
        "warnings",
        "successor",
        "terms",
        "gap_effect",
        "scanned",
    ]
    assert list(data["record"]) == ["index", "version", "asked_at", "collections"]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(source_types=("randomised-trial",)), {"letters"}),
        (Filters(publishers=("Board",)), {"old"}),
        (Filters(year_from=2010), {"letters"}),
        (Filters(year_to=2010), {"old"}),
        (Filters(document_ids=("smoking",)), {"smoking"}),
        (Filters(document_ids=("smoking",), year_from=2010), set()),
    ],
)
def test_filters_let_through_only_what_they_name(make_library, filters, expected):
    library = make_library(FILES)
    for mode in MODES:
        found = set(ids(library.search("letters screening smoking", filters=filters, mode=mode)))
        assert found <= expected
    assert set(ids(library.search("letters screening smoking", filters=filters))) == expected
    assert library.ask(QUESTION, filters).documents_searched == len(expected)


def test_a_hit_keeps_how_each_arm_saw_it(make_library):
    library = make_library(FILES)
    (best, *_) = library.search("reminder letters uptake")
    assert (best.rank, best.lexical_rank is not None, best.vector_rank is not None) == (
        1,
        True,
        True,
    )
    assert library.search("letters", mode="lexical")[0].vector_rank is None
    assert library.search("zebra", mode="lexical") == []


@pytest.mark.parametrize("question", ["", "   ", "\n\t", "🙂🙂", "?!“”"])
def test_a_question_without_words_is_refused_in_plain_words(make_library, question):
    with pytest.raises(BadQuestion, match="Type a question"):
        make_library(FILES).ask(question)


def test_a_question_of_ten_thousand_characters_is_refused_with_its_length(make_library):
    with pytest.raises(BadQuestion, match="10,000 characters; at most 1,000"):
        make_library(FILES).ask("x" * 10_000)


@pytest.mark.parametrize(
    "question",
    [
        '"letters" AND (screening) OR NOT -smoking*',
        "¿Qué aumenta la participación?",
        "肠癌筛查",
        "letters\x00screening",
        "'; DROP TABLE parsed; --",
        "<b>letters</b> & *screening*",
    ],
)
def test_odd_questions_are_searched_for_as_they_stand(make_library, question):
    assert make_library(FILES).ask(question).outcome in ("answered", "not-held")


def test_unknown_mode_and_no_passages_are_refused(make_library):
    library = make_library(FILES)
    with pytest.raises(BadQuestion, match="evidence, hybrid, lexical, vector"):
        library.search("letters", mode="magic")  # type: ignore[arg-type]
    with pytest.raises(BadQuestion, match="at least 1"):
        library.search("letters", k=0)


def test_an_unknown_document_names_the_nearest(make_library):
    with pytest.raises(UnknownDocument, match="Did you mean letters"):
        make_library(FILES).document("leters")


def test_a_deleted_document_is_not_shown_from_that_moment_on(make_library):
    library = make_library(FILES)
    (library.corpus / "letters.md").unlink()
    assert "letters" not in ids(library.search(QUESTION))
    assert "letters" not in {f.document_id for f in library.ask(QUESTION).findings}
    assert "letters.md" not in {entry.path for entry in library.entries()}
    with pytest.raises(UnknownDocument):
        library.document("letters")


def test_documents_of_a_folder_go_and_come_with_it(make_library):
    letters = FILES["letters.md"]
    library = make_library({"a/a-letters.md": letters, "b/b-letters.md": letters})
    assert len(library.entries()) == 2
    (library.corpus / "a").rename(library.root / "elsewhere")
    assert [entry.document_id for entry in library.entries()] == ["b-letters"]
    assert set(ids(library.search(QUESTION))) == {"b-letters"}
    (library.root / "elsewhere").rename(library.corpus / "a")
    assert set(ids(library.search(QUESTION))) == {"a-letters", "b-letters"}


def test_a_document_behind_a_link_is_gone_when_what_it_leads_to_is(make_library, tmp_path):
    library = make_library(FILES, index=False)
    target = tmp_path / "target.md"
    target.write_text("# Target\n\nLinked letters raised uptake of bowel screening.")
    (library.corpus / "link.md").symlink_to(target)
    library.index()
    assert "link" in ids(library.search(QUESTION))
    target.unlink()
    assert "link" not in ids(library.search(QUESTION))


def test_an_open_library_picks_up_a_new_index_while_others_ask(make_library):
    library = make_library(FILES)
    errors = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            try:
                assert library.ask(QUESTION).findings
            except Exception as error:
                errors.append(error)

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for asker in askers:
        asker.start()
    for number in range(5):
        text = f"# New {number}\n\nInterpreters helped {number} people understand."
        (library.corpus / f"new{number}.md").write_text(text, encoding="utf-8")
        Library.open(library.root).index()
    stop.set()
    for asker in askers:
        asker.join()
    assert errors == []
    assert ids(library.search("interpreters helped 4 people", k=1)) == ["new4"]


def test_an_empty_library_indexes_and_holds_nothing(make_library):
    library = make_library({})
    assert library.search("anything") == []
    answer = library.ask("anything at all?")
    assert (answer.outcome, answer.documents_searched) == ("not-held", 0)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(RetrieverError, match="nowhere"):
        Library.open(tmp_path / "nowhere")


def test_check_names_what_mends_each_problem(make_library):
    library = make_library({**FILES, "bad.pdf": "%PDF-1.4 nothing"})
    found = {check.name: check for check in library.check()}
    assert found["index"].severity == "ok"
    assert found["freshness"].severity == "ok"
    assert "bad.pdf" in found["file"].message
    (library.corpus / "new.md").write_text("# New\n\nText.", encoding="utf-8")
    found = {check.name: check for check in library.check()}
    assert found["freshness"].severity == "warning"
    assert found["freshness"].remedy == "retriever index"


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        (Filters(document_ids=("leters",)), "no document 'leters'.*letters"),
        (Filters(publishers=("institute",)), "no publisher 'institute'.*Institute"),
        (Filters(source_types=("trial",)), "no kind of source 'trial'.*randomised-trial"),
        (Filters(year_from=2020, year_to=2010), "from 2020 and to 2010: swap"),
    ],
)
def test_a_filter_with_a_slip_is_refused_with_the_nearest_known(make_library, filters, words):
    library = make_library(FILES)
    with pytest.raises(BadQuestion, match=words):
        library.ask(QUESTION, filters)
    with pytest.raises(BadQuestion, match=words):
        library.search(QUESTION, filters=filters)


def test_an_index_warmed_up_answers_the_same(make_library):
    library = make_library(FILES)
    cold = library.ask(QUESTION).findings
    library.warm_up()
    assert library.ask(QUESTION).findings == cold


def test_a_quotation_from_a_digest_says_so(make_library):
    library = make_library({**FILES, "smoking.toml": "digest = 'words of the library team'"})
    found = library.ask("Did stop smoking services reach people in deprived areas?")
    assert found.findings[0].digest == "words of the library team"
    assert any("1 of the documents quoted is a digest" in text for text in found.warnings)
    assert "digest" not in to_json(found)["findings"][0]
    others = library.ask(QUESTION, Filters(document_ids=("letters",)))
    assert not others.findings[0].digest
    assert others.warnings == ()
