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
