"""Word files: what the reader of the printed page sees, as text."""

from __future__ import annotations

import datetime
import io
import zipfile
from pathlib import Path
from typing import Any

import docx
import pytest
from docx.document import Document as Word
from docx.oxml import parse_xml
from docx.shared import Pt
from well_formed import assert_well_formed

from retriever.config import Reading
from retriever.errors import UnreadableFile
from retriever.loaders import read
from retriever.schema import Parsed

NAMESPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:v="urn:schemas-microsoft-com:vml"'
)


def load(folder: Path, document: Word) -> Parsed:
    path = folder / "report.pdf"
    document.save(str(path))
    media_type, parsed = read(path, Reading())
    assert media_type.endswith("wordprocessingml.document")
    assert_well_formed(parsed)
    return parsed


def add_xml(document: Word, xml: str) -> None:
    body: Any = document.element.body
    body.insert(len(body) - 1, parse_xml(xml.replace(" ", f" {NAMESPACES} ", 1)))


def outline(parsed: Parsed) -> list[tuple[int, str]]:
    return [(section.level, section.heading) for section in parsed.sections]


def test_headings_paragraphs_and_lists(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_heading("Stop smoking services", 0)
    document.add_heading("Findings", 1)
    document.add_paragraph("Quit rates   rose\nafter a year.")
    document.add_paragraph("in pharmacies", style="List Bullet")
    document.add_paragraph("")
    document.add_paragraph("at home", style="List Bullet")
    document.add_heading("For whom", 2)
    document.add_paragraph("first", style="List Number")
    document.add_paragraph("second", style="List Number")
    parsed = load(tmp_path, document)
    assert parsed.text == (
        "Stop smoking services\n\nFindings\n\nQuit rates rose after a year.\n\n"
        "- in pharmacies\n- at home\n\nFor whom\n\n1. first\n2. second"
    )
    assert outline(parsed) == [(1, "Stop smoking services"), (1, "Findings"), (2, "For whom")]
    assert parsed.pages == ()


def numbered(document: Word, paragraphs: list[tuple[int, int, str]]) -> None:
    """Add paragraphs of (list, depth, text); list 78 is list 77 begun anew."""
    levels = (
        '<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/>'
        '<w:lvlText w:val="%1."/></w:lvl>'
        '<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="decimal"/>'
        '<w:lvlText w:val="%1.%2"/></w:lvl>'
        '<w:lvl w:ilvl="2"><w:start w:val="3"/><w:numFmt w:val="lowerRoman"/>'
        '<w:lvlText w:val="(%3)"/></w:lvl>'
    )
    numbering: Any = document.part.numbering_part.element
    abstract = f'<w:abstractNum  w:abstractNumId="77">{levels}</w:abstractNum>'
    anew = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride>'
    numbering.insert(0, parse_xml(abstract.replace(" ", f" {NAMESPACES} ", 1)))
    for number, extra in [(77, ""), (78, anew)]:
        num = f'<w:num  w:numId="{number}"><w:abstractNumId w:val="77"/>{extra}</w:num>'
        numbering.append(parse_xml(num.replace(" ", f" {NAMESPACES} ", 1)))
    for number, depth, text in paragraphs:
        add_xml(
            document,
            f'<w:p ><w:pPr><w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="{number}"/></w:numPr>'
            f"</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>",
        )


def test_numbers_that_word_counts_are_shown(tmp_path: Path) -> None:
    document = docx.Document()
    numbered(document, [(77, 0, "One"), (77, 1, "Offer"), (77, 2, "x"), (77, 2, "y"),
                        (77, 1, "Ask"), (77, 0, "Two"), (77, 1, "Tell")])  # fmt: skip
    assert load(tmp_path, document).text == (
        "1. One\n\n1.1 Offer\n(iii) x\n(iv) y\n\n1.2 Ask\n2. Two\n\n2.1 Tell"
    )


def test_numbering_passes_over_a_level_and_begins_anew_as_word_does(tmp_path: Path) -> None:
    document = docx.Document()
    numbered(document, [(77, 1, "Name"), (77, 0, "Board"), (77, 1, "Members"), (78, 0, "Again"),
                        (78, 0, "More")])  # fmt: skip
    assert load(tmp_path, document).text == (
        "1.1 Name\n2. Board\n\n2.1 Members\n1. Again\n2. More"
    )


def test_a_sentence_in_heading_style_is_no_heading(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_heading("Chair", 2)
    document.add_heading("The chair is chosen by the members of the board " * 2 + "at once.", 3)
    assert outline(load(tmp_path, document)) == [(2, "Chair")]


def test_tables_are_rows_and_merged_cells_stand_once(tmp_path: Path) -> None:
    document = docx.Document()
    table = document.add_table(3, 3)
    for number, line in enumerate(["Area|Men|Women", "North|1|2", "||3"]):
        for cell, words in zip(table.rows[number].cells, line.split("|"), strict=True):
            cell.text = words
    table.cell(0, 1).merge(table.cell(0, 2))
    table.cell(1, 0).merge(table.cell(2, 0))
    parsed = load(tmp_path, document)
    assert parsed.text == "Area | Men Women\nNorth | 1 | 2\n| 3"


def test_a_table_that_only_frames_text_is_text(tmp_path: Path) -> None:
    document = docx.Document()
    cell = document.add_table(1, 1).cell(0, 0)
    cell.text = "A long recommendation. " * 10
    cell.add_paragraph("Its second paragraph.")
    assert load(tmp_path, document).text == (
        ("A long recommendation. " * 10).strip() + "\n\nIts second paragraph."
    )


def test_tracked_deletions_are_out_and_insertions_in(tmp_path: Path) -> None:
    document = docx.Document()
    add_xml(
        document,
        "<w:p ><w:r><w:t xml:space='preserve'>Offer </w:t></w:r>"
        "<w:del w:id='1'><w:r><w:delText>never</w:delText></w:r></w:del>"
        "<w:ins w:id='2'><w:r><w:t>always</w:t></w:r></w:ins></w:p>",
    )
    add_xml(document, "<w:sdt ><w:sdtContent><w:p><w:r><w:t>In a control.</w:t></w:r></w:p>"
            "</w:sdtContent></w:sdt>")  # fmt: skip
    assert load(tmp_path, document).text == "Offer always\n\nIn a control."


def test_text_boxes_are_read_once(tmp_path: Path) -> None:
    box = "<w:txbxContent><w:p><w:r><w:t>In the box.</w:t></w:r></w:p></w:txbxContent>"
    document = docx.Document()
    add_xml(
        document,
        "<w:p ><w:r><w:t>Beside it.</w:t></w:r><w:r><mc:AlternateContent>"
        f"<mc:Choice Requires='wps'>{box}</mc:Choice>"
        f"<mc:Fallback><w:pict><v:shape>{box}</v:shape></w:pict></mc:Fallback>"
        "</mc:AlternateContent></w:r></w:p>",
    )
    assert load(tmp_path, document).text == "Beside it.\n\nIn the box."


def test_headers_and_tables_of_contents_are_left_out(tmp_path: Path) -> None:
    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = "Running head"
    document.add_paragraph("Contents")
    for number, name in enumerate(["Summary", "Methods", "Findings", "Costs"], start=3):
        document.add_paragraph(f"{name}\t{number}")
    document.add_heading("Summary", 1)
    document.add_paragraph("Men\t45")
    assert load(tmp_path, document).text == "Summary\n\nMen 45"


def test_bold_lines_are_headings_where_no_style_says_so(tmp_path: Path) -> None:
    document = docx.Document()
    for text, size in [("A briefing", 20), ("Key points", 12)]:
        run = document.add_paragraph().add_run(text)
        run.bold, run.font.size = True, Pt(size)
        document.add_paragraph("Some ordinary words.")
    document.add_paragraph().add_run("Table 1 – Rates").bold = True
    document.add_paragraph().add_run("Never smoke.").bold = True
    parsed = load(tmp_path, document)
    assert outline(parsed) == [(1, "A briefing"), (2, "Key points")]
    assert parsed.metadata.title == "A briefing"


def test_properties_give_metadata(tmp_path: Path) -> None:
    document = docx.Document()
    core = document.core_properties
    core.title, core.author = "Smoking in Anytown", "Ann One"
    core.created = datetime.datetime(2014, 5, 6, tzinfo=datetime.UTC)
    document.add_paragraph("All about smoking in Anytown, and what was done about it in the year.")
    metadata = load(tmp_path, document).metadata
    assert (metadata.title, metadata.authors, metadata.year) == (
        "Smoking in Anytown", ("Ann One",), 2014,
    )  # fmt: skip
    assert metadata.inferred == ("title", "authors", "year")


@pytest.mark.parametrize(
    "title", ["Microsoft Word - draft3.doc", "Document1", "report final.docx", "Issue 1: 2012", ""]
)
def test_a_stated_title_that_the_first_page_belies_is_not_believed(
    tmp_path: Path, title: str
) -> None:
    document = docx.Document()
    document.core_properties.title = title
    document.core_properties.author = "python-docx"
    document.add_heading("Smoking in Anytown", 1)
    document.add_paragraph("This issue of March 2015 says it all.")
    metadata = load(tmp_path, document).metadata
    assert metadata.title == "Smoking in Anytown"
    assert metadata.authors == ()
    assert metadata.year == 2015


def test_a_damaged_word_file_says_so(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    document = docx.Document()
    document.add_paragraph("Words.")
    document.save(buffer)
    path = tmp_path / "damaged.docx"
    with zipfile.ZipFile(buffer) as whole, zipfile.ZipFile(path, "w") as damaged:
        for name in whole.namelist():
            content = whole.read(name)
            damaged.writestr(name, content[:200] if name == "word/document.xml" else content)
    with pytest.raises(UnreadableFile, match=r"a damaged Word file: open it .*save it again"):
        read(path, Reading())


def test_real_word_files_are_read(shared_data: Path) -> None:
    files = sorted((shared_data / "documents").rglob("*.docx"))
    assert len(files) == 4
    for path in files:
        _, parsed = read(path, Reading())
        assert_well_formed(parsed)
        assert parsed.sections, path.name
        assert parsed.metadata.title, path.name
        assert parsed.metadata.year, path.name
