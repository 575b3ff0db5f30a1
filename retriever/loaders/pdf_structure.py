"""Reads a tagged PDF's structure tree: which marked content is which paragraph, cell or heading.

Word, Prince and InDesign write the document's own structure into their PDFs; where it is there
it says more than positions can (PDF 32000-1, 14.7 and 14.8).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

_HEADING = re.compile(r"H([1-6])?$")
# Elements that hold one block of text; all others are either groups or parts of a line.
_BLOCKS = frozenset(("P", "H", "Title", "LI", "Caption", "Note", "TOCI", "BlockQuote", "Figure"))
_BOXES = frozenset(("Textbox", "TextBox"))
_CONTENTS = frozenset(("TOC", "TOCI"))
_FIGURES = frozenset(("Figure", "Chart", "InlineShape", "Diagram"))
_MAX_DEPTH = 200


@dataclass(frozen=True)
class Tag:
    """Where a piece of marked content belongs.

    Attributes:
        order: Place of the piece in the document's logical order.
        block: Number of the paragraph, heading, list item or table cell that holds it.
        heading: 1 to 6 in a heading, else 0.
        item: In a list item.
        table: Number of the outermost table around it, or None; likewise its row and cell.
        contents: In a table of contents.
        figure: In a figure or chart, whose lettering is no text.
        box: In a text box, which the file's order puts anywhere.
        slide: On a slide, where everything is in figures and boxes.
    """

    order: int = 0
    block: int = 0
    heading: int = 0
    item: bool = False
    table: int | None = None
    row: int | None = None
    cell: int | None = None
    contents: bool = False
    figure: bool = False
    box: bool = False
    slide: bool = False


@dataclass
class _Walk:
    """What is gathered while going through the tree."""

    roles: dict[str, str]
    pages: dict[tuple[int, int], int]
    found: dict[tuple[int, int], Tag] = field(default_factory=dict)
    elements: int = 0


def read_structure(reader: PdfReader) -> dict[tuple[int, int], Tag]:
    """Tags by page index (from 0) and marked-content number; empty for an untagged file."""
    root = _dictionary(reader.root_object.get("/StructTreeRoot"))
    if root is None:
        return {}
    role_map = _dictionary(root.get("/RoleMap")) or DictionaryObject()
    roles = {str(name).lstrip("/"): str(role).lstrip("/") for name, role in role_map.items()}
    pages = {
        (page.indirect_reference.idnum, page.indirect_reference.generation): index
        for index, page in enumerate(reader.pages)
        if page.indirect_reference is not None
    }
    walk = _Walk(roles, pages)
    _walk(root.get("/K"), Tag(), None, walk, 0)
    return walk.found


def _walk(node: Any, tag: Tag, page: int | None, walk: _Walk, depth: int) -> None:
    for kid in _kids(node):
        if isinstance(kid, int):
            _record(kid, tag, page, walk)
            continue
        element = _dictionary(kid)
        if element is None or depth > _MAX_DEPTH:
            continue
        own_page = _page_of(element, page, walk)
        if "/MCID" in element:
            _record(element["/MCID"], tag, own_page, walk)
        elif "/S" in element:
            walk.elements += 1
            inner = _enter(str(element["/S"]).lstrip("/"), tag, walk)
            _walk(element.get("/K"), inner, own_page, walk, depth + 1)


def _kids(node: Any) -> Iterator[Any]:
    node = node.get_object() if isinstance(node, IndirectObject) else node
    if isinstance(node, ArrayObject):
        for kid in node:
            yield kid.get_object() if isinstance(kid, IndirectObject) else kid
    elif node is not None:
        yield node


def _record(number: Any, tag: Tag, page: int | None, walk: _Walk) -> None:
    if page is not None and isinstance(number, int):
        walk.found[page, int(number)] = replace(tag, order=len(walk.found))


def _page_of(element: DictionaryObject, page: int | None, walk: _Walk) -> int | None:
    reference = element.raw_get("/Pg") if "/Pg" in element else None
    if isinstance(reference, IndirectObject):
        return walk.pages.get((reference.idnum, reference.generation), page)
    return page


def _enter(role: str, tag: Tag, walk: _Walk) -> Tag:
    """The tag for what stands inside an element of `role`."""
    number = walk.elements
    # Office programs name figures and boxes themselves and map them to groups without a meaning.
    if role == "Slide":
        return replace(tag, slide=True)
    if role in _BOXES:
        tag = replace(tag, box=True, block=number)
    role = _standard(role, walk.roles, stop=_FIGURES)
    if role in _FIGURES:
        tag = replace(tag, figure=not tag.slide, block=number)
    tag = replace(tag, contents=tag.contents or role in _CONTENTS)
    heading = _HEADING.match(role) if tag.cell is None else None
    if heading:
        return replace(tag, heading=int(heading.group(1) or 1), block=number)
    if role in _BLOCKS and tag.cell is None:
        return _enter_block(role, tag, number)
    return _enter_table(role, tag, number)


def _enter_table(role: str, tag: Tag, number: int) -> Tag:
    if tag.cell is not None and not tag.figure:
        return tag  # a cell is read as one piece, whatever is in it
    if role == "Table" and tag.table is None:
        return replace(tag, table=number, block=number)
    if role == "TR" and tag.table is not None:
        return replace(tag, row=number, block=number)
    if role in ("TD", "TH") and tag.row is not None:
        return replace(tag, cell=number, block=number)
    return tag


def _enter_block(role: str, tag: Tag, number: int) -> Tag:
    if tag.item and role not in ("LI", "Note"):
        return tag  # what a list item holds is told apart by position later
    return replace(tag, block=number, item=role == "LI", heading=0)


def _standard(role: str, roles: dict[str, str], stop: frozenset[str]) -> str:
    seen: set[str] = set()
    while role in roles and role not in seen | stop and not _HEADING.match(role):
        seen.add(role)
        role = roles[role]
    return role


def _dictionary(value: Any) -> DictionaryObject | None:
    value = value.get_object() if isinstance(value, IndirectObject) else value
    return value if isinstance(value, DictionaryObject) else None
