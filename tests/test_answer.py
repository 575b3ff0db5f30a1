"""Which sentences are quoted, and when nothing is."""

import pytest

from retriever.coverage import nearness
from retriever.schema import Filters

QUESTION = "Do reminder letters raise uptake of bowel screening?"


def quotes(make_library, text, question=QUESTION):
    return [f.quote for f in make_library({"a.md": f"# Title\n\n{text}"}).ask(question).findings]


def test_the_sentence_that_answers_is_quoted_and_not_the_whole_passage(make_library):
    text = (
        "The weather was cold that year. Reminder letters raised uptake of bowel screening by 4 "
        "points. Trains ran late in many towns."
    )
    (quote, *_) = quotes(make_library, text)
    assert quote == "Reminder letters raised uptake of bowel screening by 4 points."


def test_a_neighbour_that_answers_as_well_is_quoted_with_it(make_library):
    text = (
        "Reminder letters raised uptake of bowel screening. Reminder letters raised uptake of "
        "bowel screening again in May. Trains ran late in many towns."
    )
    (quote, *_) = quotes(make_library, text)
    assert quote.count("Reminder letters") == 2
    assert "Trains" not in quote


def test_no_quotation_is_longer_than_the_settings_allow(make_library):
    text = " ".join(f"Reminder letters raised uptake of bowel screening in {n}." for n in "abcdef")
    library = make_library({"a.md": f"# T\n\n{text}"}, settings="[answers]\nmax_sentences = 2\n")
    assert library.ask(QUESTION).findings[0].quote.count("Reminder") == 2


def test_a_list_item_is_quoted_without_its_mark_and_a_stem_with_its_list(make_library):
    assert quotes(make_library, "- Reminder letters raised uptake of bowel screening.") == [
        "Reminder letters raised uptake of bowel screening."
    ]
    stem = "Reminder letters raised uptake of bowel screening in:\n\n- towns\n- villages"
    (quote,) = quotes(make_library, stem)
    assert quote.endswith("- towns\n- villages")


@pytest.mark.parametrize(
    "text",
    [
        "Reminder letters and bowel screening uptake: https://example.org/letters.",
        "Do reminder letters raise uptake of bowel screening?",
        "Bowel screening.",
    ],
)
def test_addresses_questions_and_scraps_are_no_findings(make_library, text):
    assert quotes(make_library, text) == []


def test_the_title_of_a_document_is_no_finding_about_it(make_library):
    text = "About it\n\nReminder letters and uptake of bowel screening\n\nThey raised uptake by 4."
    library = make_library(
        {"a.txt": text, "a.toml": "title = 'Reminder letters and uptake of bowel screening'"}
    )
    assert all("Reminder" not in finding.quote for finding in library.ask(QUESTION).findings)


def test_few_findings_out_of_one_document_unless_asked(make_library):
    sections = "\n\n".join(
        f"## Part {n}\n\nReminder letters raised uptake of bowel screening in {town}."
        for n, town in enumerate(["Leeds", "York", "Hull", "Bath"])
    )
    library = make_library({"a.md": f"# T\n\n{sections}"})
    assert len(library.ask(QUESTION).findings) == 3
    more = library.ask(QUESTION, Filters(document_ids=("a",)), per_document=10)
    assert len(more.findings) == 4


def test_a_library_without_the_topic_is_less_near_than_one_with_it(make_library):
    library = make_library({"a.md": "# T\n\nReminder letters raised uptake of bowel screening."})
    near = nearness(library.search(QUESTION))
    far = nearness(library.search("capital of Mongolia"))
    assert far < library.settings.answers.min_nearness < near
    assert nearness([]) < far


def test_a_replaced_source_stands_behind_one_in_force(make_library):
    files = {}
    for name, status, town in (("a", "superseded-by: b", "Leeds"), ("b", "current", "York")):
        said = f"Reminder letters raised uptake of bowel screening in {town}."
        files[f"{name}.md"] = f"# Report {name}\n\n{said}"
        files[f"{name}.toml"] = f'title = "Report {name}"\nstatus = "{status}"\n'
    found = make_library(files).ask(QUESTION).findings
    assert [finding.document_id for finding in found] == ["b", "a"]


def test_what_many_documents_say_alike_is_no_finding(make_library):
    notice = "Read the reminder letters notice on uptake of bowel screening before use."
    texts = {
        f"{name}.md": f"# {name}\n\nReminder letters raised uptake in {name}.\n\n{notice}\n"
        for name in ("Leeds", "York", "Hull")
    }
    found = [finding.quote for finding in make_library(texts).ask(QUESTION).findings]
    assert any("raised uptake in Leeds" in quote for quote in found)
    assert all("notice" not in quote for quote in found)
