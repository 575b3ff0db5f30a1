"""The librarians' words for groups, topics, interventions and outcomes are found, and only they."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from retriever.cli import cli
from retriever.concepts import AXES, KINDS, Concepts, packaged
from retriever.errors import SettingsError


def named(text: str, kind: str = "group") -> set[str]:
    return {concept.id for concept in packaged().named(text) if concept.kind == kind}


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("Uptake was lower among Bangladeshi women", {"bangladeshi", "women"}),
        ("South Asian and Black African communities", {"south-asian", "black-african"}),
        ("SOUTH-ASIAN COMMUNITIES", {"south-asian"}),
        ("Gypsy, Roma and Traveller families", {"gypsy-roma-traveller"}),
        ("people in the most deprived fifth", {"deprived"}),
        ("low-income families", {"deprived"}),
        ("Somali women’s views", {"somali", "women"}),
        ("Core20PLUS5", {"deprived"}),
        ("the Core20 population", {"deprived"}),
        ("older women", {"older-women"}),
        ("men aged 65 and over", {"older-men"}),
        ("young adult carers", {"young-carers"}),
        ("residents of care homes aged 85 and over", {"care-home-residents", "very-old"}),
        ("birthing people", {"pregnant"}),
        ("taxi drivers and shop workers on night shifts",
         {"drivers", "retail-workers", "shift-workers"}),
    ],
)
def test_groups_as_papers_and_people_write_them(text: str, groups: set[str]) -> None:
    assert named(text) == groups


@pytest.mark.parametrize(
    "text",
    [
        "The White Paper of 2010",
        "services in the Black Country",
        "the Black Report",
        "Sir Douglas Black",
        "a black box warning",
        "a minority of patients",
        "sleep deprivation",
        "deprivation of liberty",
        "androgen deprivation therapy",
        "islands of the Indian Ocean",
        "travellers’ diarrhoea",
        "the Asian flu of 1957",
        "the Department for Environment, Food and Rural Affairs",
        "the Stevenson/Farmer review",
        "minor injuries",
        "the UNICEF Baby Friendly Initiative",
        "Guys and St Thomas’ NHS Foundation Trust",
        "the MenB vaccine and the Men C vaccine",
        "the Gold Coast",
        "a retirement village",
        "over 80 % of practices",
        "the Patient and Carer Race Equality Framework",
        "the five clinical areas of PLUS5",
    ],
)
def test_what_only_sounds_like_a_group_names_none(text: str) -> None:
    assert named(text) == set()


@pytest.mark.parametrize(
    ("text", "kind", "found"),
    [
        ("smear tests for women", "topic", {"cervical-screening"}),
        ("shopping vouchers", "intervention", {"financial-incentives"}),
        ("fewer people died", "outcome", {"mortality"}),
        ("low-income families", "outcome", set()),
        ("income of families", "outcome", {"income"}),
    ],
)
def test_subjects_in_plain_words(text: str, kind: str, found: set[str]) -> None:
    assert named(text, kind) == found


@pytest.mark.parametrize(
    ("text", "topics"),
    [
        ("hepatitis B and C testing", {"hepatitis-b", "hepatitis-c"}),
        ("hepatitis B/C", {"hepatitis-b", "hepatitis-c"}),
        ("hepatitis A, B or C", {"hepatitis-a", "hepatitis-b", "hepatitis-c"}),
        ("hep B and C", {"hepatitis-b", "hepatitis-c"}),
        ("type 1 and type 2 diabetes", {"type-1-diabetes", "type-2-diabetes"}),
        ("type 1 and 2 diabetes", {"type-1-diabetes", "type-2-diabetes"}),
        ("type 1, type 2 and gestational diabetes",
         {"type-1-diabetes", "type-2-diabetes", "gestational-diabetes"}),
        ("cervical, breast and bowel screening",
         {"cervical-screening", "breast-screening", "bowel-screening"}),
        ("pneumococcal and COVID-19 vaccination", {"pneumococcal", "covid-vaccination"}),
        # What only looks like such a list
        ("hepatitis B and a cough", {"hepatitis-b"}),
        ("hepatitis B and C-reactive protein", {"hepatitis-b"}),
        ("hepatitis B and clinic C", {"hepatitis-b"}),
        ("wards B and C", set()),
        ("type 1 errors and 2 diabetes clinics", {"diabetes"}),
    ],
)
def test_a_list_of_topics_may_share_its_last_words_or_its_first(
    text: str, topics: set[str]
) -> None:
    assert named(text, "topic") == topics


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("a thick blood smear", "topic"),
        ("the London School of Hygiene", "topic"),
        ("open access articles", "outcome"),
        ("personal health budgets", "outcome"),
        ("cell cycle arrest", "outcome"),
    ],
)
def test_what_only_sounds_like_a_subject_names_none(text: str, kind: str) -> None:
    assert named(text, kind) == set()


def test_a_narrower_group_of_two_axes_is_one_of_both() -> None:
    (older_women,) = packaged().named("older women")
    above = {concept.id for concept in packaged().broader(older_women)}
    assert above == {"older-people", "women"}


def test_offsets_show_where_a_word_stands() -> None:
    text = "Among Pakistani  men, uptake fell."
    spans = {m.concept.id: text[m.start : m.end] for m in packaged().mentions(text)}
    assert spans == {"pakistani": "Pakistani", "men": "men", "uptake": "uptake"}


def test_a_narrower_group_is_one_of_the_broader_and_not_the_other_way_round() -> None:
    concepts = packaged()
    (narrow,) = concepts.named("Bangladeshi")
    (broad,) = concepts.named("South Asian")
    assert broad in concepts.broader(narrow)
    assert narrow not in concepts.broader(broad)
    assert narrow in concepts.narrower(broad)
    assert concepts.with_broader([narrow]) > {narrow, broad}


def test_the_vocabularies_cover_every_kind_and_axis() -> None:
    concepts = list(packaged().words)
    assert {concept.kind for concept in concepts} == set(KINDS.values())
    assert {concept.axis for concept in concepts if concept.kind == "group"} == set(AXES)


GROUP = "[groups.a]\nlabel = 'A'\naxis = 'age'\nwords = ['children']\n"


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ("[groups.b]\nlabel = 'B'\naxis = 'height'\nwords = ['tall']", "axis must be one of"),
        ("[groups.b]\nlabel = 'B'\naxis = 'age'", "needs label and words"),
        ("[groups.b]\nlabel = 'B'\naxis = 'age'\nwords = []", "must be a list of words"),
        ("[groups.b]\nlabel = 'B'\naxis = 'age'\nwords = ['Children']", "stands in 'a' already"),
        (
            "[groups.b]\nlabel = 'B'\naxis = 'age'\nwords = ['x']\nbroader = ['c']",
            "'c', which is no entry",
        ),
        ("[groups.b", "cannot be read as TOML"),
    ],
)
def test_a_broken_entry_is_refused_by_name(tmp_path: Path, extra: str, message: str) -> None:
    path = tmp_path / "populations.toml"
    path.write_text(GROUP + extra, encoding="utf-8")
    with pytest.raises(SettingsError, match=message) as refused:
        Concepts.read(path)
    assert str(path) in str(refused.value)
    if extra != "[groups.b":
        assert "line 5, [groups.b]" in str(refused.value)


def test_traps_that_are_no_list_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "subjects.toml"
    path.write_text("[traps]\noutcomes = 'open access'\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"\[traps\]: outcomes must be a list of words"):
        Concepts.read(subjects=path)


def vocabulary(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["vocabulary", *arguments])


def test_the_packaged_vocabularies_pass_the_check() -> None:
    result = vocabulary("check")
    assert result.exit_code == 0, result.output
    assert "in order" in result.output


def test_entries_are_listed_by_kind_and_axis() -> None:
    listed = json.loads(vocabulary("list", "--axis", "religion", "--format", "json").output)
    assert {entry["axis"] for entry in listed} == {"religion"}
    assert "muslim" in {entry["id"] for entry in listed}
    assert vocabulary("list", "--axis", "height").exit_code == 2


def test_an_entry_is_shown_by_what_people_call_it() -> None:
    (entry,) = json.loads(vocabulary("show", "poo test", "--format", "json").output)
    assert entry["id"] == "bowel-screening"
    shown = vocabulary("show", "bangladeshi").output
    assert "South Asian people" in shown
    assert "Bengali*" in shown
    unknown = vocabulary("show", "quokka")
    assert unknown.exit_code == 1
    assert "No entry of the vocabularies stands for 'quokka'" in unknown.output
