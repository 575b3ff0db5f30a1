"""Bodies that replaced one another: what was said of one is found for the other, and told so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from conftest import MakeLibrary

from retriever.cli import cli
from retriever.errors import SettingsError
from retriever.organisations import Organisations, packaged

QUESTION = "How do integrated care boards commission interpreters?"


def asked(question: str) -> set[str]:
    return {body.id for body in packaged().asked(question)}


@pytest.mark.parametrize(
    ("question", "bodies"),
    [
        ("What should ICBs pay for?", {"icb"}),
        ("what should a ccg pay for?", {"ccg"}),
        ("Who follows links between services?", set()),
        ("What did LINks do?", {"links"}),
        ("Did strategic health authorities help?", {"sha"}),
        ("Did primary care trusts help?", {"pct"}),
        ("PHE and OHID on health-and-wellbeing boards", {"phe", "ohid", "hwb"}),
    ],
)
def test_bodies_are_found_in_questions(question: str, bodies: set[str]) -> None:
    assert asked(question) == bodies


@pytest.mark.parametrize(
    ("ask", "says", "told"),
    [
        ("icb", "pct", "Says “x”, replaced by clinical commissioning groups in April 2013 and "
         "integrated care boards in July 2022"),
        ("pct", "icb", "Says “x”, which replaced clinical commissioning groups in July 2022, which "
         "replaced primary care trusts in April 2013"),
        ("ohid", "phe", "Says “x”, replaced by the Office for Health Improvement and Disparities "
         "and the UK Health Security Agency in October 2021"),
        ("healthwatch", "links", "Says “x”, replaced by Healthwatch in April 2013"),
        ("nhs-england", "hee", "Says “x”, replaced by NHS England in April 2023"),
    ],
)  # fmt: skip
def test_a_reader_is_told_what_became_of_a_body(ask: str, says: str, told: str) -> None:
    known = packaged()
    assert known.terms([known.bodies[ask]], {says: "x"}) == [told]


def test_nothing_is_told_of_a_body_that_is_named_or_of_another_line() -> None:
    known = packaged()
    assert known.terms([known.bodies["icb"]], {"icb": "ICB", "pct": "PCT"}) == []
    assert known.terms([known.bodies["icb"]], {"phe": "PHE"}) == []


def test_an_abbreviation_counts_only_in_a_document_that_gives_the_name() -> None:
    known = packaged()
    said = "PCTs paid for interpreters."
    assert known.named(said, [said, "Primary care trusts began in 2000."], ()) == {"pct": "PCTs"}
    assert known.named(said, [said], ()) == {}
    other = (("PCT", "procalcitonin"),)
    assert known.named(said, [said, "Primary care trusts began."], other) == {}


DOCUMENTS = {
    "old.md": "# Old\n\nPrimary care trusts commission interpreters through one contract.\n",
    "else.md": "# Else\n\nHospital trusts commission interpreters through many contracts.\n",
}


def test_what_is_said_of_the_body_before_is_found_and_explained(make_library: MakeLibrary) -> None:
    library = make_library(DOCUMENTS)
    found = {hit.passage.document_id: hit.score for hit in library.search(QUESTION, mode="lexical")}
    assert found["old"] > found["else"]
    (quote,) = [f for f in library.ask(QUESTION).findings if f.document_id == "old"]
    assert quote.terms == (
        "Says “Primary care trusts”, replaced by clinical commissioning groups in April 2013 and "
        "integrated care boards in July 2022",
    )


def test_the_exact_word_still_wins(make_library: MakeLibrary) -> None:
    new = "# New\n\nIntegrated care boards commission interpreters through one contract.\n"
    hits = make_library({**DOCUMENTS, "new.md": new}).search(QUESTION, mode="lexical")
    assert [hit.passage.document_id for hit in hits] == ["new", "old", "else"]


def test_the_weight_can_be_set_to_nothing(make_library: MakeLibrary) -> None:
    files = {name: text.replace("Hospital", "Primary school") for name, text in DOCUMENTS.items()}
    settings = "[search]\norganisations = 0.0\n"
    hits = make_library(files, settings=settings).search("Do ICBs commission?", mode="lexical")
    assert len({round(hit.score, 6) for hit in hits}) == 1


BODY = """[forward]
successors = "replaced by"
part_to = "followed in part by"
renamed = "renamed"
[backward]
successors = "which replaced"
part_to = "which followed in part on"
renamed = "renamed from"
[organisations.a]
label = "A"
words = ["alpha"]
until = "2013-04"
successors = ["b"]
source = "x"
"""


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ('label = "B"\nwords = ["beta"]', "needs label, words and source"),
        ('label = "B"\nwords = ["Alpha"]\nsource = "x"', "'Alpha' stands in 'a' already"),
        ('label = "B"\nwords = []\nsource = "x"', "words must name it in full"),
        ('label = "B"\nwords = ["beta"]\nsource = "x"\nfrom = "April 2013"', "from must be a year"),
        ('label = "B"\nwords = ["beta"]\nsource = "x"\nuntil = "2013-13"', "until must be a year"),
        (
            'label = "B"\nwords = ["beta"]\nsource = "x"\nfrom = "2013-04"\nuntil = "2012"',
            "until 2012 is before from 2013-04",
        ),
        (
            'label = "B"\nwords = ["beta"]\nsource = "x"\nuntil = "2022"\nsuccessors = ["c"]',
            "successors names 'c', which is no entry",
        ),
        ('label = "B"\nwords = ["beta"]\nsource = "x"\nsuccessors = ["a"]', "so it needs until"),
        ('label = "B"\nwords = ["beta"]\nsource = "x"\nkind = "trust"', "and takes label"),
    ],
)
def test_a_broken_entry_is_refused_with_its_line(tmp_path: Path, entry: str, message: str) -> None:
    path = tmp_path / "organisations.toml"
    path.write_text(f"{BODY}[organisations.b]\n{entry}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=message) as refused:
        Organisations.read(path)
    assert f"{path}, line 15, [organisations.b]" in str(refused.value)


def test_bodies_in_a_ring_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "organisations.toml"
    ring = 'label = "B"\nwords = ["beta"]\nsource = "x"\nuntil = "2022"\nsuccessors = ["a"]\n'
    path.write_text(f"{BODY}[organisations.b]\n{ring}", encoding="utf-8")
    with pytest.raises(SettingsError, match="comes after itself"):
        Organisations.read(path)


def vocabulary(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["vocabulary", *arguments])


def test_organisations_are_counted_listed_and_shown() -> None:
    assert "organisation" in vocabulary("check").output
    listed = json.loads(vocabulary("list", "--kind", "organisation", "--format", "json").output)
    (pct,) = [entry for entry in listed if entry["id"] == "pct"]
    assert pct["kind"] == "organisation"
    (shown,) = json.loads(vocabulary("show", "PCT", "--format", "json").output)
    assert (shown["from"], shown["until"]) == ("2000-04", "2013-04")
    assert "clinical commissioning groups" in shown["successors"]
    text = vocabulary("show", "ICB").output
    assert "after: clinical commissioning groups" in text
    assert "Health and Care Act 2022" in text
