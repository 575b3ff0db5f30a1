"""What a question is understood to hold, and how a person puts that right."""

from __future__ import annotations

from pathlib import Path

import pytest

from retriever.concepts import packaged as vocabularies
from retriever.errors import BadQuestion, SettingsError
from retriever.intents import intents, read
from retriever.question import change_between, every_part, parts, understand
from retriever.schema import Change

ASKED = "What increases bowel cancer screening uptake among Bangladeshi women in deprived areas?"


def test_a_question_is_read_into_groups_topic_and_what_it_wants_to_know() -> None:
    keys = {part.key for part in parts(ASKED)}
    assert {"group:bangladeshi", "group:deprived", "topic:bowel-screening"} <= keys
    assert {"intent:uptake", "intent:effectiveness"} <= keys
    assert "topic:screening" not in keys, "what takes another part in is not told as well"


@pytest.mark.parametrize(
    ("question", "intent"),
    [
        ("Does a reminder letter work?", "effectiveness"),
        ("Are link workers value for money?", "cost"),
        ("Who turns up for lung health checks?", "uptake"),
        ("Do apps widen inequalities?", "inequality"),
        ("How do other areas deliver a falls service?", "implementation"),
        ("What does NICE recommend on asthma?", "recommendation"),
        ("Any side effects of vitamin D?", "harm"),
    ],
)
def test_what_a_question_wants_to_know_is_read_off_its_words(question: str, intent: str) -> None:
    assert intent in [found.id for found in intents(question)]


def test_what_is_taken_out_is_not_searched_for_and_what_is_added_is() -> None:
    change = Change(("group:bangladeshi",), ("group:somali", "intent:cost"))
    text = understand(ASKED, change).text
    assert "Bangladeshi" not in text
    assert text.startswith("What increases bowel cancer screening uptake among women in deprived")
    assert {"group:somali", "intent:cost"} <= {part.key for part in parts(text)}


def test_without_a_change_the_question_stays_as_it_stands() -> None:
    assert understand("  What\tworks?  ").text == "What works?"


def test_all_that_is_offered_can_be_added() -> None:
    same_as_a_group = {"topic:homelessness"}  # its word names homeless people
    for part in every_part():
        text = understand("Anything?", Change((), (part.key,))).text
        assert part.key in {p.key for p in parts(text)} | same_as_a_group, part.key


def test_the_change_between_what_is_held_and_what_is_wanted() -> None:
    held = [part.key for part in parts(ASKED)]
    wanted = [key for key in held if key != "group:women"] + ["topic:diabetes"]
    assert change_between(ASKED, wanted) == Change(("group:women",), ("topic:diabetes",))
    assert change_between(ASKED, held) == Change()


def test_an_unknown_part_is_refused_with_the_nearest() -> None:
    with pytest.raises(BadQuestion, match="group:bangladeshi"):
        understand(ASKED, Change((), ("group:bangladesh",)))


def test_a_question_of_which_nothing_is_left_is_refused() -> None:
    with pytest.raises(BadQuestion, match="Nothing is left"):
        understand("Diabetes?", Change((parts("Diabetes?")[0].key,)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[intents.x]\nlabel = 'X?'", "needs label, asked and adds"),
        ("[intents.x]\nlabel = 'X?'\nadds = 'x'\nasked = 'x'", "must be a list of words"),
        ("[intents.x]\nlabel = 'X?'\nadds = 'x'\nasked = ['x']\nabout = 'x'", "go together"),
        ("[intents.x]\nlabel = 'X?'\nadds = 'x'\nasked = ['y']", "has no word of asked"),
        ("not toml", "cannot be read as TOML"),
    ],
)
def test_a_broken_list_of_intents_is_refused_by_name(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "intents.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=said):
        read(path)


def test_signs_of_money_speak_of_cost() -> None:
    cost = next(intent for intent in intents("What does it cost?") if intent.id == "cost")
    assert cost.speaks is not None
    assert cost.speaks.search("about £4 a letter")
    assert not cost.speaks.search("about four letters")


def test_the_vocabularies_have_no_key_twice() -> None:
    keys = [part.key for part in every_part()]
    assert len(keys) == len(set(keys)) > len(vocabularies().words)


@pytest.mark.parametrize(
    ("question", "held"),
    [
        ("Are pulse oximeters accurate on dark skin?", {"topic:pulse-oximetry", "topic:skin-tone"}),
        ("Diabetes and Ramadan fasting advice", {"topic:diabetes", "topic:ramadan-fasting"}),
        ("GP registration for homeless people", {"topic:gp-registration", "group:homeless"}),
        ("Live kidney donation among Black people", {"topic:kidney-transplant", "group:black"}),
        ("Fibroids in Black women", {"topic:periods", "group:black", "group:women"}),
        ("CPR and defibrillators in deprived areas",
         {"topic:cardiac-arrest", "intervention:cpr-defibrillators", "group:deprived"}),
        ("Stigma of sickle cell", {"topic:stigma", "topic:sickle-cell-disease"}),
        ("Talking therapies for OCD", {"topic:talking-therapies", "topic:ocd"}),
        ("Pancreatic and stomach cancer", {"topic:pancreatic-cancer", "topic:stomach-cancer"}),
        ("Damp and mould", {"topic:damp-mould"}),
        ("Personal health budgets for disabled people",
         {"topic:personal-budgets", "intervention:personal-budgets", "group:disabled"}),
        ("NHS charging of overseas visitors", {"topic:nhs-charging"}),
        ("Workforce Race Equality Standard", {"topic:workforce-race-equality"}),
        ("Chaperones and same-sex wards", {"topic:dignity-same-sex"}),
        ("Digital exclusion and telehealth", {"group:digitally-excluded", "topic:remote-care"}),
    ],
)
def test_a_commissioners_words_are_understood(question: str, held: set[str]) -> None:
    assert held <= {part.key for part in parts(question)}


@pytest.mark.parametrize(
    ("question", "not_held"),
    [
        ("male circumcision", "topic:fgm"),  # not female genital mutilation
        ("out-of-hospital cardiac arrest", "outcome:reoffending"),
        ("health literacy", "outcome:school-attainment"),
        ("stroke thrombectomy", "intervention:anticoagulants"),
        ("liaison and diversion", "intervention:violence-prevention"),
        ("Ramadan fasting", "intervention:faith-settings"),
        ("frequent attenders", "outcome:uptake"),
    ],
)
def test_a_word_is_not_read_as_what_it_does_not_mean(question: str, not_held: str) -> None:
    assert not_held not in {part.key for part in parts(question)}
