"""For which of the groups asked about a finding holds, and what is said where none does."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import MakeLibrary

from retriever import Library
from retriever.output import answer_text
from retriever.schema import Change
from retriever.ui.words import finding_html, summary_html

DOCUMENTS = {
    "letters.md": "# Letters and bowel screening\n\n## Results\n\nUptake of bowel screening was "
    "42% among Pakistani people who had a letter, against 30% without.\n",
    "phone.md": "# Phone calls and bowel screening\n\n## Methods\n\nWe recruited 900 people who "
    "had missed bowel screening; 13% were Bangladeshi.\n\n## Results\n\nUptake of bowel "
    "screening was 8 points higher after a phone call.\n",
    "videos.md": "# Videos on bowel screening in South Asian women\n\n## Results\n\nUptake of "
    "bowel screening rose by 5 points after a video.\n",
    "somali.md": "# Teeth of Somali children\n\n## Results\n\nTooth decay was less common in "
    "Somali children after brushing at school.\n",
}


@pytest.fixture
def library(make_library: MakeLibrary) -> Library:
    return make_library(DOCUMENTS)


def matches(library: Library, question: str) -> dict[str, dict[str, Any]]:
    """Document -> the basis of its best-matching finding, by `match`."""
    found = {}
    for finding in library.ask(question).findings:
        for basis in finding.basis:
            found.setdefault(finding.document_id, {})[basis.match] = basis
    return found


def test_each_finding_says_whom_it_is_about_and_by_which_words(library: Library) -> None:
    found = matches(library, "Does a letter raise bowel screening uptake in Pakistani people?")
    direct = found["letters"]["direct"]
    assert (direct.axis, direct.group, direct.words) == (
        "ethnicity",
        "Pakistani people",
        "Pakistani",
    )
    assert found["phone"].keys() == {"general"}
    assert found["videos"].keys() == {"related"}
    assert found["videos"]["related"].group == "South Asian people"


def test_a_narrower_group_is_direct_and_a_broader_one_never(library: Library) -> None:
    broad = matches(library, "Does a letter raise bowel screening uptake in South Asian people?")
    assert broad["letters"]["direct"].group == "Pakistani people"
    assert broad["videos"]["direct"].place == "title"
    narrow = matches(library, "Does a video raise bowel screening uptake in Bangladeshi people?")
    assert "direct" not in narrow["videos"]
    assert "direct" not in narrow["letters"]


def test_taking_part_is_not_a_result(library: Library) -> None:
    found = matches(
        library, "Does a phone call raise bowel screening uptake in Bangladeshi people?"
    )
    assert "direct" not in found["phone"]
    assert found["phone"]["studied"].words == "Bangladeshi"


def test_each_axis_asked_about_is_labelled(library: Library) -> None:
    answer = library.ask("bowel screening uptake letters, Pakistani people in deprived areas")
    finding = next(f for f in answer.findings if f.document_id == "letters")
    assert finding.match == {"ethnicity": "direct", "deprivation": "general"}


def test_a_question_about_nobody_in_particular_has_no_labels(library: Library) -> None:
    answer = library.ask("Does a letter raise uptake of bowel screening?")
    assert answer.findings
    assert all(not finding.basis and not finding.match for finding in answer.findings)


def test_a_gap_counts_the_documents_and_names_the_nearest(library: Library) -> None:
    answer = library.ask("Does a letter raise bowel screening uptake in Bangladeshi people?")
    assert answer.gaps[0] == (
        "3 of the 4 documents searched speak of bowel cancer screening; none of them reports a "
        "result on it for Bangladeshi people. They took part or are named in 1 document, without "
        "a result of their own. Nearest: results for South Asian people, in 2 documents: “Letters "
        "and bowel screening”, “Videos on bowel screening in South Asian women”."
    )


def test_a_result_on_another_topic_closes_no_gap(library: Library) -> None:
    gaps = library.ask("Does a letter raise bowel screening uptake in Somali people?").gaps
    assert "none of them reports a result on it for Somali people" in gaps[0]


def test_where_a_result_is_held_there_is_no_gap(library: Library) -> None:
    answer = library.ask("Does a letter raise bowel screening uptake in Pakistani people?")
    assert not [gap for gap in answer.gaps if "reports" in gap]


def test_the_answer_says_how_the_question_was_read(library: Library) -> None:
    answer = library.ask("Does a letter raise bowel screening uptake in poor Pakistani families?")
    assert answer.understood.populations == ("Pakistani people",)
    assert answer.understood.topics == ("bowel cancer screening",)
    said = "Read as a question on bowel cancer screening, for Pakistani people."
    assert said in " ".join(answer_text(answer).split())
    assert said in summary_html(answer, filtered=False)
    nobody = library.ask("Does a letter raise bowel screening uptake?")
    assert "for no group in particular" in answer_text(nobody)


def test_the_headline_says_when_no_finding_is_for_the_group(library: Library) -> None:
    asked = "Does a letter raise bowel screening uptake in {} people?"
    lacking = summary_html(library.ask(asked.format("Bangladeshi")), filtered=False)
    assert "none of them for Bangladeshi people" in lacking
    assert "<strong>Gap:</strong> 3 of the 4 documents searched" in lacking
    held = summary_html(library.ask(asked.format("Pakistani")), filtered=False)
    assert "none of them" not in held


def test_what_each_finding_rests_on_is_shown(library: Library) -> None:
    answer = library.ask("Does a video raise bowel screening uptake in Bangladeshi people?")
    text = " ".join(answer_text(answer).split())
    assert "Bangladeshi people: not stated; for South Asian people" in text
    assert "taken from the title: “South Asian”" in text
    assert "named elsewhere in the document" in text
    video = next(f for f in answer.findings if f.document_id == "videos")
    card = finding_html(video, [])
    assert "Bangladeshi people: not stated; for South Asian people" in card
    assert "South Asian people" in video.populations


def test_the_library_is_tagged_when_it_is_indexed(library: Library) -> None:
    searcher = library.searcher()
    assert [
        searcher.generation.passages[n].document_id
        for n in searcher.generation.names["group:somali"]
    ] == ["somali"]


def test_a_group_that_is_only_named_is_said_to_be(make_library: MakeLibrary) -> None:
    named = "\n\n## Discussion\n\nA leaflet for Bangladeshi people on bowel screening is planned.\n"
    library = make_library({**DOCUMENTS, "letters.md": DOCUMENTS["letters.md"] + named})
    gaps = library.ask("Does a letter raise bowel screening uptake in Bangladeshi people?").gaps
    assert "They took part or are named in 2 documents, without a result of their own." in gaps[0]


def test_two_groups_with_the_same_gap_are_told_once(library: Library) -> None:
    answer = library.ask("Does a letter help Pakistani or Somali people with chlamydia screening?")
    assert len(answer.gaps) == len(set(answer.gaps))


def test_what_nobody_speaks_of_is_said(library: Library) -> None:
    gaps = library.ask("What does bowel screening cost for Pakistani people?").gaps
    assert (
        "None of the 3 documents that speak of bowel cancer screening has a word on what it costs."
        in gaps
    )


def test_a_cost_told_for_others_is_no_cost_for_the_group(make_library: MakeLibrary) -> None:
    library = make_library(
        {**DOCUMENTS, "phone.md": DOCUMENTS["phone.md"] + "\nEach call cost £4.\n"}
    )
    gaps = library.ask("What does bowel screening cost for Pakistani people?").gaps
    assert (
        "The one document with a result on bowel cancer screening for Pakistani people has no "
        "word on what it costs." in gaps
    )


def test_evidence_on_the_group_is_not_crowded_out(make_library: MakeLibrary) -> None:
    crowd = {
        f"many{n}.md": f"# Bowel screening uptake, study {n}\n\n## Results\n\nBowel screening "
        f"uptake was {n} points higher after a letter that raised uptake of bowel screening.\n\n"
        + "".join(f"## Part {part}\n\nOther places may differ.\n\n" for part in range(9))
        for n in range(20, 60)
    }
    visits = (
        "# Notes of a health visitor\n\n## Results\n\nOf Bangladeshi families 30% and not 10% sent "
        "their kit back once a neighbour had called on them.\n"
    )
    asked = "Does a letter raise bowel screening uptake among South Asian people?"
    narrow = "[search]\nweighed = 5\ncandidates = 10\n"
    files = {**crowd, "visits.md": visits}
    library = make_library(files, settings=narrow + "for_group = 0\n")
    assert "visits" not in [hit.passage.document_id for hit in library.search(asked, 10)]
    library = make_library(files, settings=narrow)
    assert "visits" in [hit.passage.document_id for hit in library.search(asked, 10)]


def test_taking_a_group_out_of_a_question_takes_its_labels_and_gaps_out(library: Library) -> None:
    asked = "Does a letter raise bowel screening uptake in Bangladeshi people?"
    answer = library.ask(asked, change=Change(("group:bangladeshi",), ("group:pakistani",)))
    assert answer.question == asked
    assert answer.understood.populations == ("Pakistani people",)
    assert not [gap for gap in answer.gaps if "Bangladeshi" in gap]
    assert "direct" in [m for f in answer.findings for m in f.match.values()]


def test_the_words_that_name_the_group_are_marked_in_the_quotation(library: Library) -> None:
    answer = library.ask("Does a letter raise bowel screening uptake in Pakistani people?")
    letters = next(f for f in answer.findings if f.document_id == "letters")
    assert "among <mark>Pakistani</mark> people" in finding_html(letters, [])


def test_each_of_two_groups_keeps_its_evidence(make_library: MakeLibrary) -> None:
    files = {
        f"many{n}.md": f"# Letters and bowel screening, study {n}\n\n## Results\n\nUptake of bowel "
        f"screening was {n} points higher after a letter from practice {n} in town {n}.\n"
        for n in range(20, 30)
    }
    ways = {"Polish": "read by hand in spring", "Bangladeshi": "sent by post in autumn"}
    for group, how in ways.items():
        files[f"{group.lower()}.md"] = (
            "# A study\n\n## Results\n\nBowel screening uptake was 9 points higher after a letter "
            f"for {group} people, {how}.\n"
        )
    library = make_library(files, settings="[answers]\nfindings = 3\npassages = 4\n")
    asked = "Does a letter raise uptake of bowel screening? Eastern European, South Asian"
    found = [f.document_id for f in library.ask(asked).findings]
    assert len(found) == 3
    assert {"polish", "bangladeshi"} <= set(found)


def test_the_findings_are_put_together_by_whom_they_are_about(library: Library) -> None:
    answer = library.ask("Does a video raise bowel screening uptake in Bangladeshi people?")
    matches = [finding.match["ethnicity"] for finding in answer.findings]
    assert matches == ["related", "studied", "related", "studied"]
    said = (
        "Bangladeshi people: took part or are named in the source, without a result quoted, in 2 "
        "and 4; a broader or neighbouring group in 1 and 3."
    )
    assert said in " ".join(answer_text(answer).split())
    assert said in summary_html(answer, filtered=False)


def test_each_of_two_groups_asked_about_is_told_of(library: Library) -> None:
    asked = "Does a video raise bowel screening uptake in Bangladeshi or Polish people?"
    answer = library.ask(asked)
    for finding in answer.findings:
        assert [basis.asked for basis in finding.basis] == ["Bangladeshi people", "Polish people"]
    said = summary_html(answer, filtered=False)
    assert "Bangladeshi people: " in said
    assert "Polish people: " in said


@pytest.mark.parametrize(
    ("question", "groups"),
    [
        ("falls among older people in rural areas", ["older people", "people in rural areas"]),
        ("Do letters help women to take up breast screening?", []),
        ("breast screening in young women", ["young women"]),
        ("Do shopping vouchers help pregnant women to quit?", ["pregnant women"]),
        ("antenatal care for pregnant women from Somalia", ["Somali people"]),
        ("childhood obesity in Leeds", []),
        ("What works for childhood obesity in Roma children?", ["Roma people"]),
        ("health checks for taxi drivers", ["drivers"]),
    ],
)
def test_whom_a_question_asks_about(library: Library, question: str, groups: list[str]) -> None:
    assert [group.label for group in library.searcher().equity.asked(question)] == groups


def test_evidence_on_another_topic_is_not_shown_for_its_group(
    make_library: MakeLibrary,
) -> None:
    teeth = (
        "# Notes\n\n## Teeth\n\nTooth decay fell by 30% among Bangladeshi children who "
        "brushed at school.\n"
    )
    library = make_library({**DOCUMENTS, "notes.md": teeth})
    found = library.ask("Does a letter raise bowel screening uptake in Bangladeshi people?")
    assert "notes" not in [finding.document_id for finding in found.findings]


def test_the_nearest_group_is_one_with_a_result_on_the_topic_itself(
    make_library: MakeLibrary,
) -> None:
    filler = "".join(f"## Part {n}\n\nThe town has a bridge and allotments.\n\n" for n in range(4))
    short = (
        "# The town\n\n## Kits\n\nOf young adults 9% were tested for chlamydia.\n\n"
        f"{filler}## Teeth\n\n"
        "Tooth decay was less common in Pakistani children who brushed at school.\n"
    )
    library = make_library({"town.md": short})
    gaps = library.ask("Does testing for chlamydia reach Bangladeshi people?").gaps
    assert "One document, the only one searched, speaks of " in gaps[0]
    assert "Nearest" not in gaps[0]


def test_what_no_document_speaks_of_is_not_held(library: Library) -> None:
    answer = library.ask("Is uptake of dialysis higher in Somali children?")
    assert answer.outcome == "not-held"
    assert not answer.findings
    assert answer.gaps == (
        "None of the 4 documents searched speaks of kidney disease or dialysis and renal care.",
    )


def test_words_of_the_question_in_another_order_are_spoken_of(make_library: MakeLibrary) -> None:
    walks = "# Notes\n\nWalks along the canal were led by volunteers on Sundays.\n"
    library = make_library({**DOCUMENTS, "notes.md": walks})
    answer = library.ask("Who went on led walks along the canal?")
    assert "Walks along the canal" in " ".join(finding.quote for finding in answer.findings)
    assert not [gap for gap in answer.gaps if "None of the" in gap]


def test_a_word_that_no_document_has_is_said(library: Library) -> None:
    answer = library.ask("Does a zeppelin raise bowel screening uptake for anyone, actually?")
    assert answer.findings
    assert "No document searched has the word “zeppelin”." in answer.gaps
    known = library.ask("Do letters raise bowel screening uptake?")
    assert not [gap for gap in known.gaps if "has the word" in gap]
