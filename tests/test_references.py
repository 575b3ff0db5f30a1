"""References of six tools are read whole; what is wrong in one is named and stops no other."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import rispy
from hypothesis import given
from hypothesis import strategies as st

from retriever import references
from retriever.errors import DeskError, SettingsError
from retriever.loaders.sidecar import written
from retriever.schema import LibraryEntry, Metadata

FILES = Path(__file__).parent / "ris"

ZOTERO = {
    "title": "Reminder letters and bowel screening uptake: a randomised trial",
    "authors": ("Núñez-García, María José", "O’Brien, Siân", "Østergård, Åse"),
    "publisher": "Journal of Examples",
    "year": 2019,
    "doi": "10.5555/joe.2019.0042",
    "url": "https://journal.example.org/article/42",
    "language": "en",
}
CYCLE_LANES = {
    "title": "Cycle lanes and walking to work: an evaluation in three towns",
    "publisher": "JOURNAL OF EXAMPLES AND TRANSPORT",
    "year": 2022,
    "doi": "10.5555/jet.2022.100200",
    "language": "en",
}
WHOLE: dict[str, list[dict[str, Any]]] = {
    "zotero.ris": [
        ZOTERO,
        {
            "title": "Type 2 diabetes in adults: management",
            "authors": ("National Institute for Health and Care Excellence",),
            "publisher": "NICE",
            "year": 2015,
            "url": "https://www.nice.org.uk/guidance/ng28",
            "language": "en",
            "guidance_id": "NG28",
            "source_type": "nice-guidance",
        },
    ],
    "endnote.ris": [
        {
            "title": "Interpreters at first visits: what changed?",
            "authors": ("Müller-Lüdenscheidt, K.", "D'Angelo, Zoë", "Example Research Group"),
            "publisher": "Example Bulletin of Research",
            "year": 2020,
            "doi": "10.5555/ebr.2020.7",
            "url": "https://bulletin.example.org/7",
            "language": "en",
        },
        {
            "title": "Health needs of Gypsy, Roma and Traveller communities in Exampleshire",
            "authors": ("Health and Social Care Board of Exampleshire",),
            "publisher": "Exampleshire Council",
            "year": 2018,
            "source_type": "needs-assessment",
        },
    ],
    "mendeley.ris": [
        {
            "title": "Community champions & vaccination in deprived areas",
            "authors": ("Ångström, Björn", "Dvořák, Ělena"),
            "publisher": "Annals of Examples",
            "year": 2021,
            "doi": "10.5555/ccv.2021.3(1)",
        },
        {
            "title": "Handbuch der Beispiele",
            "authors": ("Groß, Jürgen",),
            "publisher": "Beispiel Verlag",
            "year": 2010,
            "language": "de",
        },
    ],
    "ovid.ris": [
        {
            "title": "Telephone outreach to people who missed their NHS Health Check: a cohort "
            "study",
            "authors": ("Şahin, Ayşe", "Fernández, José A", "et al."),
            "publisher": "BMJ Examples",
            "year": 2018,
            "doi": "10.5555/bmjex-2018-000001",
            "language": "en",
            "source_type": "observational-study",
        },
        {
            "title": "[Home visits for families]",
            "authors": ("Lefèvre, Chloé",),
            "publisher": "Revue d'exemples",
            "year": 2016,
            "doi": "10.5555/rde.16.2",
            "language": "fr",
        },
    ],
    "pubmed.nbib": [
        {
            "title": "Link workers and loneliness among older people from ethnic minorities: a "
            "systematic review of what was reported",
            "authors": (
                "Kowalczyk, Łucja", "Ó Súilleabháin, Pádraig", "Link Worker Study Group",
            ),
            "publisher": "Example journal of public health",
            "year": 2023,
            "doi": "10.5555/exjph.2023.00001",
            "language": "en",
            "source_type": "systematic-review",
        },
        {  # two kinds are stated: none is taken
            "title": "Does a text message help?",
            "authors": ("Háj T",),
            "publisher": "Example trials",
            "year": 2017,
            "doi": "10.5555/et.2017.2",
            "language": "en",
        },
    ],
    "web_of_science.ris": [{**CYCLE_LANES, "authors": ("Çelik MA", "van der Berg J")}],
    "web_of_science.txt": [
        {**CYCLE_LANES, "authors": ("Çelik, Mehmet Ali", "van der Berg, Jóhanna")},
        {
            "title": "A second record",
            "authors": ("Ng K",),
            "publisher": "EXAMPLE LETTERS",
            "year": 2011,
        },
    ],
    "latin.ris": [
        {
            "title": "Naïve counts – and “true” ones",
            "authors": ("Böhm, André",),
            "publisher": "Café Research",
            "year": 2014,
            "url": "http://cafe.example.org/1",
        },
    ],
}  # fmt: skip


def record(*lines: str, kind: str = "RPRT") -> bytes:
    return "\n".join([f"TY  - {kind}", *lines, "ER  - ", ""]).encode()


def values(folder: Path, data: bytes) -> dict[str, Any]:
    """What the only record of a file states."""
    path = folder / "one.ris"
    path.write_bytes(data)
    (found,) = references.read(path).found
    return dict(found.values)


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_each_tool_s_records_are_whole(name: str) -> None:
    read = references.read(FILES / name)
    assert [dict(reference.values) for reference in read.found] == WHOLE[name]
    assert read.faults == ()
    assert bool(read.note) == (name == "latin.ris")


@pytest.mark.parametrize("name", sorted(WHOLE))
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_encoding_and_line_ends_make_no_difference(
    tmp_path: Path, name: str, encoding: str, line_end: str
) -> None:
    data = (FILES / name).read_bytes()
    text = data.decode("cp1252" if name == "latin.ris" else "utf-8-sig").replace("\r\n", "\n")
    path = tmp_path / name
    path.write_bytes(text.replace("\n", line_end).encode(encoding))
    assert [dict(found.values) for found in references.read(path).found] == WHOLE[name]


def test_files_of_two_encodings_put_together(tmp_path: Path) -> None:
    path = tmp_path / "both.ris"
    path.write_bytes((FILES / "mendeley.ris").read_bytes() + (FILES / "latin.ris").read_bytes())
    found = [dict(reference.values) for reference in references.read(path).found]
    assert found == WHOLE["mendeley.ris"] + WHOLE["latin.ris"]


def test_a_wrong_record_is_named_and_stops_no_other() -> None:
    read = references.read(FILES / "awkward.ris")
    assert [(found.number, dict(found.values)) for found in read.found] == [
        (
            1,
            {
                "title": "Spaces are missing, and the end as well",
                "authors": ("One, Ann", "Two, Bea"),
                "publisher": "Example Notes",
            },
        ),
        (4, {"title": "A record whose particulars are wrong"}),
        (5, {"title": "UK - wide programmes", "doi": "10.5555/last"}),
    ]
    said = [f"{fault.place}: {fault.message}" for fault in read.faults]
    assert [line.partition(": ")[0] for line in said] == [
        f"awkward.ris, record {number}" for number in (1, 2, 3, 4, 4, 4)
    ]
    for line, words in zip(
        said,
        ["'in press' (PY) names no year", "no title, DOI or guidance number", "no line TY",
         "'1066' (PY)", "'see the publisher's page' (DO) is no DOI", "'www.example.org/no-scheme'"],
        strict=True,
    ):  # fmt: skip
        assert words in line


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"", "holds no reference"), (b"TY\n", "holds no reference"),
     (b"@article{a, title={A}}", "Export the references again, as RIS")],
)  # fmt: skip
def test_a_file_without_references_is_refused(tmp_path: Path, data: bytes, words: str) -> None:
    (tmp_path / "a.ris").write_bytes(data)
    with pytest.raises(DeskError, match=words):
        references.read(tmp_path / "a.ris")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DeskError, match=r"gone\.ris cannot be read"):
        references.read(tmp_path / "gone.ris")


@pytest.mark.parametrize(
    ("lines", "kind", "number"),
    [
        (["TI  - Obesity [CG189]"], "RPRT", "CG189"),
        (["TI  - Obesity", "M1  - NG 28"], "GEN", "NG28"),
        (["TI  - Obesity", "UR  - https://www.nice.org.uk/guidance/ng28/1"], "ELEC", "NG28"),
        (["TI  - Obesity", "N1  - NICE guideline NG28"], "RPRT", "NG28"),
        (["TI  - Obesity", "N1  - Replaces guideline CG87"], "RPRT", None),
        (["TI  - Obesity", "N1  - Evidence review for NICE guideline NG28."], "RPRT", None),
        (["TI  - Obesity", "T2  - NICE guideline [NG28]", "T3  - Guideline CG87"], "RPRT", None),
        (["TI  - What the new guideline says [NG28]"], "JOUR", None),
        (["TI  - Obesity", "M1  - 28"], "RPRT", None),
    ],
)  # fmt: skip
def test_a_guidance_number_is_taken_only_where_it_is_the_document_s_own(
    tmp_path: Path, lines: list[str], kind: str, number: str | None
) -> None:
    assert values(tmp_path, record(*lines, kind=kind)).get("guidance_id") == number


@pytest.mark.parametrize(
    ("kind", "work", "source_type"),
    [
        ("JOUR", "Randomized Controlled Trial", "randomised-trial"),
        ("JOUR", "Journal Article; Systematic Review", "systematic-review"),
        ("JOUR", "Meta-Analysis", None),
        ("JOUR", "Review", None),
        ("GOVDOC", "", None),
        ("RPRT", "Guideline", None),
        ("RPRT", "policy-paper", "policy-paper"),
    ],
)
def test_the_kind_of_source_is_never_guessed(
    tmp_path: Path, kind: str, work: str, source_type: str | None
) -> None:
    data = record("TI  - A title", f"M3  - {work}", kind=kind)
    assert values(tmp_path, data).get("source_type") == source_type


@pytest.mark.parametrize(
    ("lines", "doi"),
    [
        (["DO  - https://doi.org/10.1016/S0140-6736(08)61123-X"], "10.1016/S0140-6736(08)61123-X"),
        (["DO  - DOI: 10.5555/a."], "10.5555/a"),
        (["M3  - 10.5555/a"], "10.5555/a"),
        (["UR  - https://doi.org/10.5555%2Fa"], "10.5555/a"),
        (["UR  - https://example.org/article/10.5555/a/fulltext"], None),
    ],
)
def test_dois(tmp_path: Path, lines: list[str], doi: str | None) -> None:
    assert values(tmp_path, record("TI  - A title", *lines)).get("doi") == doi


@pytest.mark.parametrize("end", ["ER  -", "ER  - 1", "ER -", "ER", " ER  - "])
def test_the_end_of_a_record_in_many_forms(tmp_path: Path, end: str) -> None:
    path = tmp_path / "two.ris"
    path.write_text(f"TY  - RPRT\nTI  - One\n{end}\nTY  - RPRT\nTI  - Two\n{end}\n")
    assert [found.values["title"] for found in references.read(path).found] == ["One", "Two"]


def test_values_broken_over_lines_are_put_together(tmp_path: Path) -> None:
    data = record("TI  - A title that", "      goes on", "AU  - Ann,", "Bea", "PY  - 2019///")
    assert values(tmp_path, data) == {
        "title": "A title that goes on", "authors": ("Ann, Bea",), "year": 2019
    }  # fmt: skip


@given(st.binary() | st.lists(st.sampled_from(
    [b"TY  - JOUR\n", b"ER  - \n", b"TI  - \xc3\x85\n", b"AU  - ;,\n", b"PMID- 1\n", b"PT J\n",
     b"ER\n", b"AF A\n", b"   B\n", b"UK  - x\n", b"DO  - 10.1234/\n", b"L1  - \x00;..\n", b" \n",
     b"PY  - 99999999\n", b"UR  - http://[\n", b"1.\n", b"\xff\xfe"]), max_size=12).map(b"".join),
)  # fmt: skip
def test_whatever_a_file_holds_it_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.ris"
    path.write_bytes(data)
    with suppress(DeskError):
        for reference in references.read(path).found:
            written(reference.values)  # fits a sidecar


class TestWritten:
    KNOWN = Metadata(
        title="Wege für alle: Čeština, ગુજરાતી & “Zitate”",
        authors=(
            "Núñez-García, María José", "Crosbie PA", "Age UK", "et al.", "Public Health Wales",
        ),
        publisher="Institute of Examples",
        year=2021,
        url="https://example.org/a;b?c=1",
        doi="10.5555/S1(2)3",
        guidance_id="NG28",
        source_type="policy-paper",
        status="withdrawn",
        language="en",
        topics=("walking",),
        inferred=("publisher", "year"),
    )  # fmt: skip

    def entry(self, known: Metadata = KNOWN) -> LibraryEntry:
        return LibraryEntry("a.md", "a", "indexed", "", "text/markdown", known, None, 1)

    def test_a_parser_reads_it_and_names_are_whole(self) -> None:
        (read,) = rispy.loads(references.written([self.entry()]))
        assert read["title"] == self.KNOWN.title
        assert read["authors"] == [
            "Núñez-García, María José", "Crosbie, PA", "Age UK", "et al.", "Public Health Wales"
        ]  # fmt: skip
        assert (read["type_of_reference"], read["year"]) == ("RPRT", "2021")
        assert "Status: withdrawn" in read["notes"]

    def test_what_is_read_again_is_the_same(self, tmp_path: Path) -> None:
        path = tmp_path / "a.ris"
        path.write_text(references.written([self.entry(), self.entry()]), encoding="utf-8")
        read = references.read(path)
        assert read.faults == ()
        for reference in read.found:
            for name, value in reference.values.items():
                assert value == getattr(self.KNOWN, name)
            assert set(reference.values) == {
                "title", "authors", "publisher", "year", "url", "doi", "guidance_id",
                "source_type", "language",
            }  # fmt: skip
            assert reference.inferred == ("publisher", "year")

    def test_what_is_not_stated_is_not_written(self) -> None:
        (read,) = rispy.loads(references.written([self.entry(Metadata(title="A"))]))
        assert dict(read) == {"type_of_reference": "GEN", "title": "A", "id": "a"}

    def test_only_what_has_a_doi_is_called_a_journal_article(self) -> None:
        trial = Metadata(title="A", publisher="P", source_type="randomised-trial")
        (read,) = rispy.loads(references.written([self.entry(trial)]))
        assert (read["type_of_reference"], read["publisher"]) == ("GEN", "P")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"systematic review" = "systematic-review"', '"systematic review" = "review"',
         "source_types: 'systematic review' must be one of"),
        ("prefixes", "prefix", r"lacks guidance\.prefixes"),
        ("[export]", "[exports]", r"lacks export\."),
    ],
)  # fmt: skip
def test_a_wrong_file_of_words_is_refused(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    path = tmp_path / "references.toml"
    shutil.copy(references.RULES, path)
    path.write_text(path.read_text("utf-8").replace(f"\n{old}", f"\n{new}"), encoding="utf-8")
    with pytest.raises(SettingsError, match=f"references.toml.*{words}"):
        references.rules(path)
