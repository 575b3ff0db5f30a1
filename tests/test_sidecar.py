"""Sidecars set or correct metadata; what is wrong in one is named, with the nearest right word."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from retriever.errors import SidecarError
from retriever.loaders.sidecar import apply, read_sidecar
from retriever.schema import Metadata

FULL = """
id = "NG28"
title = "Type 2 diabetes"
authors = ["A. One", "B. Two"]
publisher = "NICE"
year = 2015
url = "https://www.nice.org.uk/guidance/ng28"
doi = "10.1136/bmj.n71"
guidance_id = "NG28"
licence = "NICE UK Open Content Licence"
source_type = "nice-guidance"
status = "updated: 2022"
country = "England"
language = "en"
settings = ["primary care"]
topics = ["diabetes"]
interventions = ["structured education"]
outcomes = ["HbA1c"]

[populations]
deprivation = ["most deprived fifth"]
ethnic_groups = ["South Asian"]
other = ["adults"]
"""


def with_sidecar(folder: Path, content: str) -> Path:
    (folder / "ng28.toml").write_text(content, encoding="utf-8")
    return folder / "ng28.pdf"


def test_no_sidecar_is_no_fault(tmp_path: Path) -> None:
    assert read_sidecar(tmp_path / "ng28.pdf") is None


def test_every_key_sets_its_field_and_is_no_longer_inferred(tmp_path: Path) -> None:
    sidecar = read_sidecar(with_sidecar(tmp_path, FULL))
    assert sidecar is not None
    assert sidecar.id == "NG28"
    assert sidecar.sha256 == hashlib.sha256(FULL.encode()).hexdigest()
    guessed = Metadata(title="A guess", year=1999, inferred=("title", "year"))
    assert apply(guessed, sidecar) == Metadata(
        title="Type 2 diabetes",
        authors=("A. One", "B. Two"),
        publisher="NICE",
        year=2015,
        url="https://www.nice.org.uk/guidance/ng28",
        doi="10.1136/bmj.n71",
        guidance_id="NG28",
        licence="NICE UK Open Content Licence",
        source_type="nice-guidance",
        status="updated: 2022",
        country="England",
        language="en",
        settings=("primary care",),
        topics=("diabetes",),
        deprivation=("most deprived fifth",),
        ethnic_groups=("South Asian",),
        other_groups=("adults",),
        interventions=("structured education",),
        outcomes=("HbA1c",),
    )


def test_what_the_sidecar_leaves_open_stays_as_inferred(tmp_path: Path) -> None:
    sidecar = read_sidecar(with_sidecar(tmp_path, "year = 2015\n"))
    assert sidecar is not None
    assert sidecar.id == ""
    found = apply(Metadata(title="A guess", year=1999, inferred=("title", "year")), sidecar)
    assert (found.title, found.year, found.inferred) == ("A guess", 2015, ("title",))


def test_two_documents_of_one_stem_can_have_their_own(tmp_path: Path) -> None:
    document = with_sidecar(tmp_path, 'title = "Shared"')
    (tmp_path / "ng28.pdf.toml").write_text('title = "Own"', encoding="utf-8")
    own, shared = read_sidecar(document), read_sidecar(tmp_path / "ng28.html")
    assert own is not None
    assert shared is not None
    assert (own.values, shared.values) == ({"title": "Own"}, {"title": "Shared"})


@pytest.mark.parametrize(
    "status", ["current", "unknown", "withdrawn", "updated: 2022", "superseded-by: NG209"]
)
def test_known_statuses_are_accepted(tmp_path: Path, status: str) -> None:
    sidecar = read_sidecar(with_sidecar(tmp_path, f'status = "{status}"'))
    assert sidecar is not None
    assert sidecar.values == {"status": status}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('titel = "A"', r"unknown key 'titel'\. Did you mean 'title'\? Known keys: id, title"),
        ('[populations]\nethnic_group = ["A"]',
         r"unknown key 'populations.ethnic_group'\. Did you mean 'populations.ethnic_groups'\?"),
        ('ethnic_groups = ["A"]', r"'ethnic_groups'\. Did you mean 'populations.ethnic_groups'\?"),
        ("title = 5", "title must be text in quotes, not 5"),
        ('authors = "A. One"', "authors must be a list of texts, .*not 'A. One'"),
        ("topics = [1]", r"topics must be a list of texts, .*not \[1\]"),
        ('year = "2015"', "year must be a year .*without quotes, not '2015'"),
        ("year = 20015", "year must be a year between 1900 and .*not 20015"),
        ("year = true", "year must be a year .*not True"),
        ('url = "javascript:alert(1)"', "url must be a web address that begins with http"),
        ('doi = "https://doi.org/10.1136/bmj.n71"', "doi must be a DOI like .*without https"),
        ('id = "a b"', "id must be letters, digits"),
        ('id = "../a"', "id must be letters, digits"),
        ('source_type = "randomized-trial"', r"one of nice-guidance.*mean 'randomised-trial'\?"),
        ('status = "updated"', "status must be current, unknown, withdrawn, 'updated: YEAR'"),
        ('populations = ["A"]', r"populations must be a table .*\[populations\]"),
        ("title = A", r"not valid TOML: .*line 1.*Correct that line"),
        ('title = "A"\n\n[broken\nyear = 1', "not valid TOML: .*line 3"),
    ],
)  # fmt: skip
def test_a_fault_names_file_key_and_remedy(tmp_path: Path, content: str, words: str) -> None:
    with pytest.raises(SidecarError, match=f"^ng28.toml.*{words}"):
        read_sidecar(with_sidecar(tmp_path, content))


def test_a_sidecar_in_another_encoding_says_so(tmp_path: Path) -> None:
    (tmp_path / "ng28.toml").write_bytes('title = "Café"'.encode("cp1252"))
    with pytest.raises(SidecarError, match=r"ng28\.toml is not UTF-8 text: save it as UTF-8"):
        read_sidecar(tmp_path / "ng28.pdf")


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "ng28.toml").write_bytes('title = "Café"'.encode("utf-8-sig"))
    sidecar = read_sidecar(tmp_path / "ng28.pdf")
    assert sidecar is not None
    assert sidecar.values == {"title": "Café"}
