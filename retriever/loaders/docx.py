"""Word files (.docx), read by python-docx. A Word file has no pages until it is printed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docx
from docx.table import Table
from docx.text.paragraph import Paragraph

from retriever.config import Reading
from retriever.errors import UnreadableFile
from retriever.loaders.blocks import Block, assemble, clean_line, heading, infer, item, paragraph
from retriever.loaders.blocks import row as table_row
from retriever.schema import Metadata, Parsed


def load_docx(path: Path, limits: Reading) -> Parsed:
    """Read a Word file. See `Loader` for the contract."""
    try:
        document = docx.Document(str(path))
    except (KeyError, ValueError) as error:
        raise UnreadableFile(
            "a damaged Word file: open it in Word or LibreOffice, save it again as .docx and "
            "add that"
        ) from error
    blocks = list(_blocks(document))
    text, sections = assemble(blocks)
    return Parsed(text=text, sections=sections, metadata=_metadata(document, blocks))


def _blocks(document: Any) -> Iterator[Block]:
    items: list[str] = []
    for part in document.iter_inner_content():
        if isinstance(part, Paragraph) and _is_item(part):
            items.append(item(part.text))
            continue
        if items:
            yield Block(tuple(items))
            items = []
        yield from _part(part)
    yield Block(tuple(items))


def _part(part: Paragraph | Table) -> Iterator[Block]:
    if isinstance(part, Table):
        yield Block(tuple(_rows(part)))
    elif level := _level(part):
        yield heading(part.text, level)
    else:
        yield paragraph(part.text)


def _is_item(part: Paragraph) -> bool:
    properties = part._p.pPr
    numbered = properties is not None and properties.numPr is not None
    return (numbered or part.style.name.startswith("List")) and not _level(part)


def _level(part: Paragraph) -> int:
    found = re.fullmatch(r"(?i)heading (\d)", part.style.name or "")
    if found:
        return int(found[1])
    return 1 if part.style.name == "Title" else 0


def _rows(table: Table) -> Iterator[str]:
    for line in table.rows:
        cells = []
        for cell in line.cells:
            if cell._tc not in [seen._tc for seen in cells]:
                cells.append(cell)
        yield table_row(cell.text for cell in cells)


def _metadata(document: Any, blocks: list[Block]) -> Metadata:
    core = document.core_properties
    title = clean_line(core.title or "")
    if not title or title.lower().startswith("microsoft word"):
        title = next((block.lines[0] for block in blocks if block.level), "")
    return infer(
        Metadata(),
        title=title,
        authors=tuple(filter(None, [clean_line(core.author or "")])),
        year=core.created.year if core.created else None,
    )
