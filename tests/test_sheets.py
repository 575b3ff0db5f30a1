"""Tables of metadata: read however a spreadsheet saved them, and written so that it opens them."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from retriever import sheets
from retriever.errors import DeskError
from retriever.schema import LibraryEntry, Metadata

ROWS = [
    ["Path", "Title", "Authors", "Year", "Populations.deprivation", "Source type"],
    ["a.md", "Überblick – “all”", "Núñez, A.; Ng B", "2019", "most deprived fifth", "policy-paper"],
    ["b.md", "=SUM(A1); and more", "", "", "", ""],
]
READ: list[tuple[int, str, dict[str, Any]]] = [
    (
        2,
        "a.md",
        {
            "title": "Überblick – “all”",
            "authors": ("Núñez, A.", "Ng B"),
            "year": 2019,
            "deprivation": ("most deprived fifth",),
            "source_type": "policy-paper",
        },
    ),
    (3, "b.md", {"title": "=SUM(A1); and more"}),
]


def as_csv(rows: list[list[str]], delimiter: str = ",") -> str:
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter).writerows(rows)
    return stream.getvalue()


def rows_of(path: Path) -> list[tuple[int, str, dict[str, Any]]]:
    sheet = sheets.read(path)
    assert sheet.faults == ()
    return [(row.number, row.path, dict(row.values)) for row in sheet.rows]


def faults_of(path: Path, text: str) -> list[str]:
    path.write_text(text, encoding="utf-8")
    return [f"{fault.place}: {fault.message}" for fault in sheets.read(path).faults]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_csv_as_spreadsheets_save_it(tmp_path: Path, delimiter: str, encoding: str) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(as_csv(ROWS, delimiter).encode(encoding))
    assert rows_of(path) == READ


def test_the_line_in_which_excel_names_the_delimiter(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("sep=;\r\n" + as_csv(ROWS, ";"), encoding="utf-8")
    assert [row[1:] for row in rows_of(path)] == [row[1:] for row in READ]


def test_a_spreadsheet(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in ROWS[:2]:
        sheet.append(row)
    sheet["D2"] = 2019.0  # a number, as Excel keeps it
    sheet["A4"], sheet["B4"] = "c.md", "After an empty row"
    book.save(tmp_path / "table.xlsx")
    assert rows_of(tmp_path / "table.xlsx") == [
        READ[0], (4, "c.md", {"title": "After an empty row"})
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"title,year\nA,2019\n", "no column 'path' or 'document' .* are: title, year"),
        (b"path,Year,year\na,1,2\n", "two columns 'year'"),
        (b"PK\x03\x04 no zip", r"cannot be read as a spreadsheet .*Save it as \.xlsx or as CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "old or locked Excel file"),
        (b'path,title\na,"never closed\n' + b"x" * 200_000, "line 2 is no CSV|field larger"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, data: bytes, words: str) -> None:
    (tmp_path / "table.csv").write_bytes(data)
    with pytest.raises(DeskError, match=f"table.csv.*(?:{words})"):
        sheets.read(tmp_path / "table.csv")


def test_a_cell_that_does_not_fit_is_named_with_row_and_column(tmp_path: Path) -> None:
    said = faults_of(
        tmp_path / "table.csv",
        "path,title,year,doi,source_type\n"
        "a.md,A,soon,https://doi.org/10.5555/a,randomised\n"
        ",Nobody's,2019,,\n",
    )
    assert [line.partition(": ")[0] for line in said] == [
        "table.csv, row 2, column year",
        "table.csv, row 2, column doi",
        "table.csv, row 2, column source_type",
        "table.csv, row 3",
    ]
    for line, words in zip(
        said,
        ["not 'soon'", "without https", "'randomised-trial'", "names no document"],
        strict=True,
    ):
        assert words in line
    (row,) = sheets.read(tmp_path / "table.csv").rows
    assert dict(row.values) == {"title": "A"}


def test_an_unknown_column_is_named_with_the_nearest(tmp_path: Path) -> None:
    (said,) = faults_of(tmp_path / "table.csv", "path,publsher,title\na.md,NICE,A\n")
    assert said.startswith("table.csv, column 2: Unknown heading 'publsher'")
    assert "Did you mean 'publisher'?" in said


class TestWritten:
    ENTRY = LibraryEntry(
        "a.md",
        "a",
        "indexed",
        "",
        "text/markdown",
        Metadata(
            title='=HYPERLINK("https://example.org")',
            authors=("-Ann", "Ng B"),
            publisher="'+ve Press",
            year=2019,
            topics=("ærtebælt", "比較"),
            licence="@home",
            other_groups=("carers",),
            inferred=("year", "other_groups"),
        ),
        None,
        1,
    )

    def test_no_cell_is_taken_for_a_formula(self) -> None:
        text = sheets.written([self.ENTRY])
        assert text.startswith("\ufeffpath,document,title")
        (row,) = csv.DictReader(io.StringIO(text))
        assert not any(cell[:1] in ("=", "+", "-", "@") for cell in row.values() if cell)
        assert row["topics"] == "ærtebælt; 比較"
        assert row["inferred"] == "year; populations.other"

    def test_what_is_read_again_is_the_same(self, tmp_path: Path) -> None:
        path = tmp_path / "table.csv"
        path.write_text(sheets.written([self.ENTRY]), encoding="utf-8")
        (row,) = sheets.read(path).rows
        assert (row.path, row.document) == ("a.md", "a")
        assert {*row.inferred} == {"year", "other_groups"}
        for name, value in row.values.items():
            assert value == getattr(self.ENTRY.metadata, name)
        assert len(row.values) == 7
