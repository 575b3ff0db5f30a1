"""Word files (.docx), opened by python-docx. A Word file has no pages until it is printed.

Text is taken from the file's XML, because python-docx passes over what stands in content controls,
tracked insertions, text boxes and footnotes. Headers, footers, tables of contents and tracked
deletions are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docx
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.exceptions import PackageNotFoundError
from lxml import etree

from retriever.config import Reading
from retriever.errors import UnreadableFile
from retriever.loaders.blocks import Block, assemble, clean_line, infer, item, row, year_in
from retriever.loaders.docx_numbering import Numbering, W, value
from retriever.schema import Metadata, Parsed

Element = etree._Element

_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_BOX = f"{W}txbxContent"
# Deleted or moved-away words, field codes, and drawings repeated for old versions of Word.
_LEFT_OUT = {f"{W}del", f"{W}moveFrom", f"{W}instrText", _FALLBACK, _BOX, f"{W}pPr", f"{W}rPr"}
_SPACES = {f"{W}tab": "\t", f"{W}br": " ", f"{W}cr": " ", f"{W}noBreakHyphen": "-"}
_WRAPPERS = {f"{W}sdt", f"{W}sdtContent", f"{W}ins", f"{W}moveTo", f"{W}customXml", f"{W}smartTag"}

_HEADING_STYLE = re.compile(r"heading (\d)", re.IGNORECASE)
_CONTENTS_STYLE = re.compile(r"toc (?:\d|heading)|table of figures", re.IGNORECASE)
_CONTENTS_LINE = re.compile(r"\S.*\t\s*(\d{1,3})\s*", re.DOTALL)
_CONTENTS_GOES_ON = re.compile(r"\S.{0,100}\s(\d{1,3})\s*", re.DOTALL)
_SHORT_ROW = 200  # characters
_LONGEST_HEADING = 200
_CONTENTS_HEAD = re.compile(r"(?:table of )?contents", re.IGNORECASE)
_CLAUSE = re.compile(r"\d+(?:\.\d+)+ ")
_CAPTION = re.compile(r"(?:table|figure|fig|chart|map|box|source)\b", re.IGNORECASE)


def load_docx(path: Path, limits: Reading) -> Parsed:
    """Read a Word file. See `Loader` for the contract."""
    try:
        document = docx.Document(str(path))
    except (KeyError, ValueError, PackageNotFoundError, etree.XMLSyntaxError) as error:
        raise UnreadableFile(
            "a damaged Word file: open it in Word or LibreOffice, save it again as .docx and "
            "add that"
        ) from error
    lines = _Reader(document).lines()
    text, sections = assemble(_blocks(lines))
    return Parsed(text=text, sections=sections, metadata=_metadata(document, lines, text))


@dataclass(frozen=True)
class _Line:
    """One line of the text and what it may be.

    Attributes:
        kind: `heading`, `item`, `row`, `note` or `paragraph`.
        level: For a heading, 1 and up.
        style: The paragraph style's name.
        size: Type size in half points where the whole line is bold, else 0.
        raw: The text with its tabs.
    """

    text: str
    kind: str = "paragraph"
    level: int = 0
    style: str = ""
    size: int = 0
    raw: str = ""


class _Reader:
    """Goes through a document's body in order."""

    def __init__(self, document: Any) -> None:
        self._body: Element = document.element.body
        self._styles = {style.style_id: style for style in document.styles}
        self._default_style = _default_style(document)
        self._numbering = Numbering(_part(document, RELATIONSHIP_TYPE.NUMBERING))
        self._notes = _footnotes(_part(document, RELATIONSHIP_TYPE.FOOTNOTES))

    def lines(self) -> list[_Line]:
        """Give all lines, with tables of contents left out and headings told."""
        return _bold_headings(_without_contents(list(self._lines(self._body))))

    def _lines(self, parent: Element) -> Iterator[_Line]:
        for child in parent:
            if child.tag == f"{W}p":
                yield from self._paragraph(child)
            elif child.tag == f"{W}tbl":
                yield from self._table(child)
            elif child.tag in _WRAPPERS and not _is_contents(child):
                yield from self._lines(child)

    def _paragraph(self, element: Element) -> Iterator[_Line]:
        raw = _words(element)
        text = clean_line(raw)
        styles = self._style_chain(element)
        name = styles[0].name or "" if styles else ""
        level = 0 if _is_sentence(text) else _level(element, styles)
        label = self._label(element, styles) if text else None
        if level:
            yield _Line(f"{label or ''} {text}".strip(), "heading", level, name, raw=raw)
        elif label is not None:
            yield _Line(item(text, label), "item", style=name, raw=raw)
        else:
            size = _size(element, styles) if _is_bold(element, styles) else 0
            yield _Line(text, "paragraph", 0, name, size, raw)
        yield from self._aside(element)

    def _aside(self, element: Element) -> Iterator[_Line]:
        """Give what hangs on a paragraph: text boxes and footnotes."""
        for box in element.iter(_BOX):
            if not any(parent.tag == _FALLBACK for parent in box.iterancestors()):
                yield from self._lines(box)
        for mark in element.iter(f"{W}footnoteReference"):
            yield _Line(self._notes.get(mark.get(f"{W}id", ""), ""), "note")

    def _label(self, element: Element, styles: list[Any]) -> str | None:
        holders = [element, *(style.element for style in styles)]
        numbers = [found for holder in holders if (found := _numbering_of(holder)) is not None]
        number_id = next(filter(None, (value(found, "numId") for found in numbers)), "")
        depth = next(filter(None, (value(found, "ilvl") for found in numbers)), "0")
        if number_id:
            return self._numbering.label(number_id, int(depth))
        name = styles[0].name or "" if styles else ""
        return "" if name.startswith(("List Bullet", "List Number")) else None

    def _style_chain(self, element: Element) -> list[Any]:
        """Give the paragraph's style and those it is based on."""
        style = self._styles.get(value(element, "pPr/pStyle"), self._default_style)
        chain: list[Any] = []
        while style is not None and style not in chain:
            chain.append(style)
            style = getattr(style, "base_style", None)
        return chain

    def _table(self, table: Element) -> Iterator[_Line]:
        rows = [_cells(line) for line in table.iter(f"{W}tr") if _owner(line, "tbl") is table]
        if _is_frame(rows):
            for cell in (cell for cells in rows for cell in cells):
                yield from self._lines(cell)
            return
        for cells in rows:
            words = [_cell_text(cell) for cell in cells if not _continues(cell)]
            yield _Line(row(words if len(rows) > 1 else filter(str.strip, words)), "row")
            for paragraph in (part for cell in cells for part in cell.iter(f"{W}p")):
                yield from self._aside(paragraph)


def _blocks(lines: list[_Line]) -> Iterator[Block]:
    """Put neighbouring items and rows together."""
    run: list[str] = []
    kind = ""
    for line in lines:
        if not line.text and kind == "item":
            continue  # an empty paragraph within a list is only there for the looks
        begins = line.kind == "item" and _CLAUSE.match(line.text)
        if begins or line.kind != kind or kind not in ("item", "row"):
            yield Block(tuple(run))
            run, kind = [], line.kind
        if line.level:
            yield Block((line.text,), line.level)
        else:
            run.append(line.text)
    yield Block(tuple(run))


# --- parts of the file -------------------------------------------------------------------------


def _part(document: Any, relationship: str) -> Element | None:
    for found in document.part.rels.values():
        if found.reltype == relationship and not found.is_external:
            parser = etree.XMLParser(resolve_entities=False, no_network=True)
            return etree.fromstring(found.target_part.blob, parser)
    return None


def _footnotes(root: Element | None) -> dict[str, str]:
    if root is None:
        return {}
    return {note.get(f"{W}id", ""): clean_line(_cell_text(note)) for note in root}


def _default_style(document: Any) -> Any:
    styles = [style for style in document.styles if style.element.get(f"{W}default") == "1"]
    return next((style for style in styles if style.element.get(f"{W}type") == "paragraph"), None)


def _is_contents(element: Element) -> bool:
    galleries = [part.get(f"{W}val", "") for part in element.iter(f"{W}docPartGallery")]
    return "Table of Contents" in galleries


def _owner(element: Element, name: str) -> Element | None:
    return next(element.iterancestors(W + name), None)


def _cells(line: Element) -> list[Element]:
    return [cell for cell in line.iter(f"{W}tc") if _owner(cell, "tr") is line]


def _is_frame(rows: list[list[Element]]) -> bool:
    """Tell whether a table only frames running text: one long row, or one column of long cells."""
    if len(rows) == 1:
        return sum(len(_cell_text(cell)) for cell in rows[0]) > _SHORT_ROW
    return all(
        len(cells) == 1 and len(cells[0].findall(f"{W}p")) > 1 for cells in rows
    )


def _continues(cell: Element) -> bool:
    """Tell whether a cell only carries on the one above it."""
    merge = cell.find(f"{W}tcPr/{W}vMerge")
    return merge is not None and merge.get(f"{W}val") != "restart"


def _cell_text(cell: Element) -> str:
    return " ".join(_words(paragraph) for paragraph in cell.iter(f"{W}p"))


def _words(element: Element) -> str:
    words = []
    for child in element:
        if child.tag == f"{W}t":
            words.append(child.text or "")
        elif child.tag in _SPACES:
            words.append(_SPACES[child.tag])
        elif child.tag not in _LEFT_OUT:
            words.append(_words(child))
    return "".join(words)


# --- what a paragraph is -----------------------------------------------------------------------


def _numbering_of(holder: Element) -> Element | None:
    return holder.find(f"{W}pPr/{W}numPr")


def _is_sentence(text: str) -> bool:
    """Tell a whole sentence, which some writers style as a heading to have it numbered."""
    return len(text) > _LONGEST_HEADING or (len(text) > 80 and text.endswith("."))


def _level(element: Element, styles: list[Any]) -> int:
    for style in styles:
        found = _HEADING_STYLE.fullmatch(style.name or "")
        if found:
            return int(found[1])
        if style.name == "Title":
            return 1
    outlines = [value(holder, "pPr/outlineLvl") for holder in _holders(element, styles)]
    outline = next(filter(None, outlines), "9")
    return int(outline) + 1 if int(outline) < 9 else 0


def _holders(element: Element, styles: list[Any]) -> list[Element]:
    return [element, *(style.element for style in styles)]


def _is_bold(element: Element, styles: list[Any]) -> bool:
    runs = [run for run in element.iter(f"{W}r") if _words(run).strip()]
    by_style = any(style.element.find(f"{W}rPr/{W}b") is not None for style in styles)
    return bool(runs) and all(_run_is_bold(run, by_style) for run in runs)


def _run_is_bold(run: Element, by_style: bool) -> bool:
    mark = run.find(f"{W}rPr/{W}b")
    return by_style if mark is None else mark.get(f"{W}val", "1") not in ("0", "false")


def _size(element: Element, styles: list[Any]) -> int:
    sizes = [value(run, "rPr/sz") for run in element.iter(f"{W}r")]
    sizes += [value(style.element, "rPr/sz") for style in styles]
    return int(next(filter(None, sizes), "22"))


def _without_contents(lines: list[_Line]) -> list[_Line]:
    """Leave out tables of contents, by style and as runs of lines that end in page numbers."""
    kept: list[_Line] = []
    run: list[_Line] = []
    for line in lines:
        if _CONTENTS_STYLE.match(line.style) or _CONTENTS_HEAD.fullmatch(line.text):
            continue
        entry = _CONTENTS_GOES_ON if run else _CONTENTS_LINE
        if line.kind != "row" and entry.fullmatch(line.raw):
            run.append(line)
        elif line.text or not run:
            kept += [] if _climbs(run) else run
            run = []
            kept.append(line)
    return kept + ([] if _climbs(run) else run)


def _climbs(run: list[_Line]) -> bool:
    numbers = [int(line.raw.split()[-1]) for line in run]
    return len(numbers) >= 4 and numbers == sorted(numbers)


def _bold_headings(lines: list[_Line]) -> list[_Line]:
    """Take short bold paragraphs for headings where the writer used no heading styles."""
    if sum(1 for line in lines if line.kind == "heading" and line.style != "Title") > 1:
        return lines
    sizes = sorted({line.size for line in lines if _may_be_heading(line)}, reverse=True)
    levels = {size: min(rank, 3) for rank, size in enumerate(sizes, start=1)}
    return [
        _Line(line.text, "heading", levels[line.size]) if _may_be_heading(line) else line
        for line in lines
    ]


def _may_be_heading(line: _Line) -> bool:
    short = 0 < len(line.text) <= 100 and line.text[-1] not in ".:;,"
    return line.size > 0 and short and not _CAPTION.match(line.text)


# --- metadata ----------------------------------------------------------------------------------

_JUNK_TITLE = re.compile(
    r"microsoft word|document\d*$|untitled|slide \d|template|.*\.(?:docx?|dotx?|pdf)$",
    re.IGNORECASE,
)
_JUNK_AUTHORS = {
    "", "admin", "administrator", "author", "microsoft office user", "python-docx", "unknown",
    "user", "windows user",
}  # fmt: skip
_DATE = re.compile(
    r"\b(?:January|February|March|April|May|June|July|August|September|October|November|December)"
    r",? (20\d\d)\b"
)
_FIRST_PAGE = 1500  # characters
_LONGEST_TITLE = 120


def _metadata(document: Any, lines: list[_Line], text: str) -> Metadata:
    core = document.core_properties
    author = clean_line(core.author or "")
    return infer(
        Metadata(),
        title=_title(clean_line(core.title or ""), lines, text[:_FIRST_PAGE]),
        authors=() if author.lower() in _JUNK_AUTHORS else (author,),
        year=_year(text[:_FIRST_PAGE]) or (core.created.year if core.created else None),
    )


def _title(stated: str, lines: list[_Line], first_page: str) -> str:
    """Choose the title: styled as such, else the stated one if the first page bears it out."""
    styled = [line.text for line in lines if line.style == "Title" and line.text]
    if styled:
        return " ".join(styled[:2])
    if stated and not _JUNK_TITLE.match(stated) and _borne_out(stated, first_page):
        return stated
    first_line = first_page.partition("\n")[0]
    if len(first_line) <= _LONGEST_TITLE:
        return first_line
    first_heading = next((line.text for line in lines if line.kind == "heading"), "")
    return first_heading or ("" if _JUNK_TITLE.match(stated) else stated)


def _borne_out(title: str, first_page: str) -> bool:
    """Tell whether most words of a title, and all its numbers, stand on the first page."""
    on_page = set(re.findall(r"\w+", first_page.lower()))
    words = re.findall(r"\w+", title.lower())
    missing = [word for word in words if word not in on_page]
    return len(missing) <= 0.4 * len(words) and not any(map(str.isdigit, missing))


def _year(first_page: str) -> int | None:
    years = set(_DATE.findall(first_page))
    return year_in(years.pop()) if len(years) == 1 else None
