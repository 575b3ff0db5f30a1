"""What speaks against relying on a quotation is said beside it; what replaced it comes first."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import MakeLibrary

from retriever.cautions import of_finding, read
from retriever.errors import SettingsError
from retriever.schema import Finding, Metadata

QUESTION = "Do reminder letters raise uptake of bowel screening?"
SAID = "Reminder letters raised uptake of bowel screening in"
THIS_YEAR = 2026


def warned(quote: str = "Uptake rose.", **known: object) -> tuple[str, ...]:
    return of_finding(quote, Metadata(**known), THIS_YEAR)  # type: ignore[arg-type]


def findings(make_library: MakeLibrary, documents: dict[str, str]) -> list[Finding]:
    """Ask of documents that say the same of different towns; their sidecars are given."""
    files = {}
    for (name, sidecar), town in zip(
        documents.items(), ("Leeds", "York", "Hull", "Bath"), strict=False
    ):
        files[f"{name}.md"] = f"# Report {name}\n\n{SAID} {town}."
        files[f"{name}.toml"] = f'title = "Report {name}"\n{sidecar}\n'
    return list(make_library(files).ask(QUESTION).findings)


def test_a_source_is_old_after_ten_years_and_one_without_a_year_is_not() -> None:
    assert warned(year=2015) == ("Older than 10 years: from 2015",)
    assert warned(year=2016) == ()
    assert warned(year=None) == ()


@pytest.mark.parametrize(
    "country",
    ["", "UK", "England", "Scotland, Northern Ireland and England", "United Kingdom",
     "England, Finland, Netherlands and Italy", "international", "high-income countries"],
)  # fmt: skip
def test_sources_from_here_or_from_many_countries_are_not_foreign(country: str) -> None:
    assert warned(country=country) == ()


@pytest.mark.parametrize("country", ["USA", "Ukraine", "New South Wales, Australia", "Finland"])
def test_a_source_from_elsewhere_is_named_as_such(country: str) -> None:
    assert warned(country=country) == (f"From another country than the UK: {country}",)


def test_groups_lumped_together_are_told_unless_they_are_named() -> None:
    (said,) = warned("Uptake was lower among BME women.")
    assert said.startswith("Says “BME” without naming the groups")
    assert warned("Uptake was lower among BME (Bangladeshi and Somali) women.") == ()
    assert warned("Uptake was lower among people from ethnic minorities.") == ()


def test_the_most_serious_comes_first_and_a_digest_last() -> None:
    said = warned(status="withdrawn", year=2001, country="USA", digest="words of ours")
    assert [text.partition(" ")[0] for text in said] == ["Withdrawn:", "Older", "From", "Digest,"]


def test_the_successor_that_is_held_is_named_and_stands_above(make_library: MakeLibrary) -> None:
    old, new = 'status = "superseded-by: NG 999 (2024)"', 'guidance_id = "NG999"'
    found = findings(make_library, {"a": old, "b": new, "c": ""})
    places = {finding.document_id: place for place, finding in enumerate(found)}
    assert places["b"] < places["a"]
    assert {f.document_id: f.successor for f in found} == {"a": "b", "b": "", "c": ""}


def test_of_several_successors_the_last_one_held_counts(make_library: MakeLibrary) -> None:
    found = findings(
        make_library,
        {"a": 'status = "superseded-by: b"', "b": 'status = "superseded-by: Report c"', "c": ""},
    )
    assert {f.document_id: f.successor for f in found} == {"a": "c", "b": "c", "c": ""}


def test_guidance_that_replaced_itself_ends_nowhere(make_library: MakeLibrary) -> None:
    found = findings(
        make_library, {"a": 'status = "superseded-by: b"', "b": 'status = "superseded-by: a"'}
    )
    assert {finding.document_id for finding in found} == {"a", "b"}


def test_an_answer_says_each_warning_once(make_library: MakeLibrary) -> None:
    files = {}
    for name, end in (("a", "Leeds, among BME women"), ("b", "the north for BME men aged 60")):
        files[f"{name}.md"] = f"# Report {name}\n\n{SAID} {end}."
        files[f"{name}.toml"] = f'title = "{name}"\nyear = 2001\ncountry = "USA"\n'
    answer = make_library(files).ask(QUESTION)
    assert answer.warnings == (
        "2 of the documents quoted are older than 10 years.",
        "2 of the documents quoted are from another country than the UK: USA.",
        "What is said of “BME” is said of several ethnic groups together: results may differ "
        "between them.",
    )


def test_the_successor_is_named_in_the_warning_of_the_answer(make_library: MakeLibrary) -> None:
    files = {
        "a.md": f"# Old\n\n{SAID} Leeds.",
        "a.toml": 'title = "Old"\nstatus = "superseded-by: NG9"\n',
        "b.md": "# New\n\nOf something else.",
        "b.toml": 'title = "New"\nguidance_id = "NG9"\n',
    }
    answer = make_library(files).ask(QUESTION)
    assert answer.warnings == ("Old was replaced by NG9. That is in this library: New.",)


def test_an_abbreviation_explained_elsewhere_in_the_document_is_told(
    make_library: MakeLibrary,
) -> None:
    text = (
        "# A report\n\n## Background\n\nThe faecal immunochemical test (FIT) began in 2019.\n\n"
        "## Results\n\nReminder letters raised FIT uptake in bowel screening by a tenth.\n"
    )
    found = make_library({"a.md": text}).ask(QUESTION).findings
    terms = {finding.quote: finding.terms for finding in found}
    quote = "Reminder letters raised FIT uptake in bowel screening by a tenth."
    assert terms[quote] == ("FIT: faecal immunochemical test",)
    spelt_out = [terms[quote] for quote in terms if "(FIT)" in quote]
    assert spelt_out in ([], [()])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("old_after_years = 10", "old_after_years = 'ten'"), "old_after_years must be a whole"),
        (("lumped_group = \"ethnic-minority\"", "lumped_group = 'x'"), "names 'x', which is no"),
        (("not_home = [", "not_home = [1,"), "not_home must be a list of words"),
        (("home = \"the UK\"", "home = ["), "cannot be read as TOML"),
    ],
)
def test_a_broken_file_is_refused(
    tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    from retriever.vocabulary import DATA

    path = tmp_path / "cautions.toml"
    path.write_text((DATA / "cautions.toml").read_text("utf-8").replace(*change), "utf-8")
    with pytest.raises(SettingsError, match=message):
        read(path)
