"""What all loaders share: lines of clean text, and blocks of lines put together into a text.

A loader turns its format into `Block`s in reading order; `assemble` gives the text and sections
of `schema.Parsed` from them.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from retriever.schema import Metadata, Section

# Marks that only steer line breaking, and the ligatures that fonts put in place of letters.
_REPLACED = {
    **dict.fromkeys((0x00AD, 0x200B, 0x2060, 0xFEFF), None),
    0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st",
    0xFB06: "st",
}  # fmt: skip
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True)
class Block:
    """One heading, paragraph, whole list or whole table.

    Attributes:
        lines: One line of a heading or paragraph, one per list item or table row.
        level: 1 and up for a heading, 0 for everything else.
    """

    lines: tuple[str, ...]
    level: int = 0


def clean_line(text: str) -> str:
    """Give `text` as one line: white space collapsed, invisible marks and ligatures resolved."""
    visible = _UNPRINTABLE.sub(" ", text.translate(_REPLACED))
    return " ".join(_LONE_SURROGATE.sub("\ufffd", visible).split())


def heading(text: str, level: int) -> Block:
    """Make a heading of `level` (1 is the top)."""
    return Block((clean_line(text),), level)


def paragraph(text: str) -> Block:
    """Make a paragraph; all its white space collapses into single blanks."""
    return Block((clean_line(text),))


def item(text: str, number: str = "") -> str:
    """Make the line of a list item with its own number, or with a dash where it has none."""
    line = clean_line(text)
    return f"{number or '-'} {line}" if line else ""


def row(cells: Iterable[str]) -> str:
    """Make the line of a table row; empty cells at the end leave nothing behind."""
    cleaned = [clean_line(cell) for cell in cells]
    while cleaned and not cleaned[-1]:
        cleaned.pop()
    return clean_line(" | ".join(cleaned)) if any(cleaned) else ""


def assemble(blocks: Iterable[Block]) -> tuple[str, tuple[Section, ...]]:
    """Put blocks together into a text and the sections that its headings open.

    Empty lines and blocks are left out.
    """
    kept = [_without_empty_lines(block) for block in blocks]
    kept = [block for block in kept if block.lines]
    starts: list[int] = []
    offset = 0
    for block in kept:
        starts.append(offset)
        offset += len("\n".join(block.lines)) + 2
    text = "\n\n".join("\n".join(block.lines) for block in kept)
    return text, tuple(_sections(kept, starts, len(text)))


def _without_empty_lines(block: Block) -> Block:
    return Block(tuple(line for line in block.lines if line), block.level)


def _sections(blocks: Sequence[Block], starts: Sequence[int], length: int) -> Iterable[Section]:
    headings = [(i, block.level) for i, block in enumerate(blocks) if block.level]
    for position, (index, level) in enumerate(headings):
        later = (i for i, other in headings[position + 1 :] if other <= level)
        following = next(later, None)
        end = length if following is None else starts[following] - 2
        start = starts[index]
        title = blocks[index].lines[0]
        yield Section(title, level, start, min(start + len(title) + 2, end), end)


def infer(metadata: Metadata, **values: Any) -> Metadata:
    """Fill fields of `metadata` and mark them as inferred; empty values change nothing."""
    filled = {name: value for name, value in values.items() if value}
    marked = {*metadata.inferred, *filled}
    order = [field.name for field in dataclasses.fields(Metadata) if field.name in marked]
    return dataclasses.replace(metadata, **filled, inferred=tuple(order))


def year_in(date: str) -> int | None:
    """Find a plausible year in a date that is written any which way."""
    found = re.search(r"\b(?:19|20)\d\d\b", date)
    return int(found[0]) if found else None
