"""Puts lines together into paragraphs, list items and table rows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from retriever.loaders.pdf_content import Run
from retriever.loaders.pdf_furniture import contents_span, is_contents_entry
from retriever.loaders.pdf_layout import (
    Line,
    Segment,
    lines_in_sequence,
    reading_order,
    segments_by_position,
)
from retriever.loaders.pdf_structure import Tag

Kind = Literal["text", "item", "row"]

_BULLETS = "－•●▪■◦○‣⁃∙·➢➤►▶✓✔❖□o–-\uf0b7\uf0a7\uf0d8\uf0fc\uf076\uf02d\uf06f\uf0a8"
_BULLET = re.compile(rf"[{re.escape(_BULLETS)}](?:\s+|$)|[•●▪■◦○‣❖\uf000-\uf0ff]\s*")
_NUMBERED = re.compile(
    r"(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)]\s+|\((?:\d{1,2}|[a-z]|[ivx]{1,4})\)\s+|\d{1,2}\.(?=[A-Z])"
)
# "1.2.3 Offer …" and "1.2 Heading"; but "0.4 to 0.7" is a figure at the start of a line.
_DECIMAL = re.compile(r"\d{1,2}(?:\.\d{1,2}){1,4}\.?(?:\s+(?=[\"'“‘(\[]?[A-Z])|$)")
_ONE_POINT = re.compile(r"\d{1,2}\.\d{1,2}\.?(?:\s|$)")
_SENTENCE_END = re.compile(r"[.!?:;][\"'”’)\]\d,]*$")
# Distances in ems.
_SLACK = 1.5
_PROSE_WORDS = 6
# Lines of a list item that are this many times the usual distance apart are two paragraphs.
_APART = 1.4
_NOTE = re.compile(r"(?:\d{1,3}|[ivxl]{1,5}|[a-z]|[*†‡§]+)(?:[.):]?\s+|[.):]|(?<=\W))[^\W\d_]")
_NOTE_SIZE = 0.92
_NOTE_ZONE = 0.6
# A row all of whose cells have this many characters is running text laid out as a table.
_LAYOUT_CELL = 250


@dataclass
class Block:
    """Lines that make one paragraph, heading, list item or table row.

    Attributes:
        key: Names the element of a tagged file, so that its parts on two pages can be joined.
        cells: The lines of each cell of a table row; empty for other kinds.
        heading: Level the file's tags give, else 0.
        table: Names the table that a row is in.
        note: Whether it is a footnote.
    """

    kind: Kind
    lines: list[Line] = field(default_factory=list)
    key: int | None = None
    cells: dict[int, list[Line]] = field(default_factory=dict)
    heading: int = 0
    table: int = 0
    note: bool = False

    @property
    def text(self) -> str:
        """Its text as it stands on the page, for decisions only."""
        return " ".join(line.text for line in self.lines)

    @property
    def page(self) -> int:
        """Where it begins."""
        return self.lines[0].page

    @property
    def size(self) -> float:
        """Its largest type size."""
        return max(line.size for line in self.lines)

    @property
    def bold(self) -> bool:
        """Whether all of it is bold."""
        return all(line.bold for line in self.lines)


def strip_marker(text: str) -> tuple[str, str] | None:
    """The marker of a list item ("-" or its own number) and the text after it, if it has one."""
    bullet = _BULLET.match(text)
    if bullet:
        return "-", text[bullet.end() :]
    number = _NUMBERED.match(text)
    return (number.group().strip(), text[number.end() :]) if number else None


def tagged_blocks(runs: Sequence[Run], tags: dict[int, Tag], page: int) -> list[Block]:
    """Blocks of a page of a tagged file; `tags` by the number of the marked content."""
    grouped: dict[int, list[tuple[Tag, Run]]] = {}
    loose: list[Run] = []
    for run in runs:
        tag = tags.get(run.mark) if run.mark is not None else None
        if tag is None or tag.block == 0:
            loose.append(run)
        elif not tag.contents:
            grouped.setdefault(tag.block, []).append((tag, run))
    blocks: list[Block] = []
    boxes: list[Block] = []
    for members in sorted(grouped.values(), key=lambda members: members[0][0].order):
        members.sort(key=lambda member: member[0].order)
        tag, lines = members[0][0], lines_in_sequence((run for _, run in members), page)
        _add_element(boxes if tag.box or tag.slide else blocks, tag, lines)
    loose_blocks = [b for b in positioned_blocks(loose, page) if _is_prose(b)]
    return _with_boxes(_by_height(blocks), in_page_order(boxes + loose_blocks))


def _by_height(blocks: list[Block]) -> list[Block]:
    """Blocks from top to bottom where none stands beside another.

    Some programs tag framed text before or after all other text of its page.
    """
    ordered = sorted(blocks, key=_top)
    beside = any(_top(below) < _bottom(above) for above, below in pairwise(ordered))
    return blocks if beside else ordered


def _with_boxes(blocks: list[Block], boxes: list[Block]) -> list[Block]:
    """Put each box before the first block that stands below it."""
    placed = list(blocks)
    for box in boxes:
        y = box.lines[0].y
        below = (i for i, block in enumerate(placed) if block.lines[0].y > y)
        index = next(below, len(placed)) if blocks else len(placed)
        placed.insert(index, box)
    return placed


def in_page_order(blocks: list[Block]) -> list[Block]:
    """Order blocks as they are read on the page: across at each gap, else column by column."""
    if len(blocks) < 2:
        return blocks
    for top, bottom in ((_top, _bottom), (_left, _right)):
        parts = _cut(blocks, top, bottom)
        if len(parts) > 1:
            return [block for part in parts for block in in_page_order(part)]
    return sorted(blocks, key=lambda block: (_top(block), _left(block)))


def _cut(
    blocks: list[Block], start: Callable[[Block], float], end: Callable[[Block], float]
) -> list[list[Block]]:
    """Groups of blocks with a clear gap between them in one direction."""
    parts: list[list[Block]] = []
    reach = 0.0
    for block in sorted(blocks, key=start):
        if parts and start(block) < reach:
            parts[-1].append(block)
        else:
            parts.append([block])
        reach = max(reach, end(block)) if len(parts[-1]) > 1 else end(block)
    return parts


def _top(block: Block) -> float:
    return min(line.y - 0.8 * line.size for line in block.lines)


def _bottom(block: Block) -> float:
    return max(line.y for line in block.lines)


def _left(block: Block) -> float:
    return min(line.x0 for line in block.lines)


def _right(block: Block) -> float:
    return max(line.x1 for line in block.lines)


def _add_element(blocks: list[Block], tag: Tag, lines: list[Line]) -> None:
    if not lines:
        return
    if tag.row is not None and tag.cell is not None:
        if not blocks or blocks[-1].key != tag.row:
            blocks.append(Block("row", [], tag.row, table=tag.table or 0))
        blocks[-1].cells[tag.cell] = lines
        blocks[-1].lines.extend(lines)
    else:
        block = Block("item" if tag.item else "text", lines, tag.block, heading=tag.heading)
        if not tag.figure or (_is_prose(block) and _SENTENCE_END.search(block.text)):
            blocks.append(block)


def is_lettering(block: Block) -> bool:
    """Whether a block is nothing but figures, as on the axis of a chart."""
    return block.kind == "text" and not block.heading and not re.search(r"[^\W\d_]", block.text)


def unfold(block: Block) -> list[Block]:
    """What a tagged element holds: paragraphs after a list item, or text laid out as a table."""
    if block.kind == "row":
        return _unfold_row(block)
    return _unfold_item(block) if block.kind == "item" and block.key is not None else [block]


def _unfold_item(item: Block) -> list[Block]:
    """A list item and the paragraphs that stand apart under it."""
    steps = [b.y - a.y for a, b in pairwise(item.lines) if a.page == b.page and b.y > a.y]
    parts = [Block("item", item.lines[:1], item.key)]
    for above, line in pairwise(item.lines):
        if line.page == above.page and line.y - above.y > _APART * min(steps, default=0.0):
            parts.append(Block("text", [line], item.key))
        else:
            parts[-1].lines.append(line)
    return parts


def _unfold_row(row: Block) -> list[Block]:
    """The blocks that a table row really is: itself, or what a table was used to lay out."""
    cells = sorted(row.cells.values(), key=lambda lines: (lines[0].page, lines[0].x0))
    row.cells = dict(enumerate(cells))
    lengths = [sum(len(line.text) for line in lines) for lines in cells]
    if len(cells) > 1 and min(lengths) < _LAYOUT_CELL:
        return [row]
    return [block for lines in cells for block in paragraphs(lines)]


def _is_prose(block: Block) -> bool:
    return len(block.text.split()) >= _PROSE_WORDS


def positioned_blocks(runs: Iterable[Run], page: int) -> list[Block]:
    """Blocks of a page by position alone."""
    lines = reading_order(segments_by_position(runs, page))
    lines = _without_contents(lines)
    tables = _table_lines(lines)
    blocks: list[Block] = []
    for index, line in enumerate(lines):
        table = tables.get(index)
        if table is not None:
            _add_row(blocks, line, table)
        else:
            _add_line(blocks, line)
    return blocks


def paragraphs(lines: Iterable[Line]) -> list[Block]:
    """Blocks of lines that stand under one another."""
    blocks: list[Block] = []
    for line in lines:
        _add_line(blocks, line)
    return blocks


def _add_line(blocks: list[Block], line: Line) -> None:
    if blocks and blocks[-1].kind != "row" and not _begins_block(blocks[-1], line):
        blocks[-1].lines.append(line)
    else:
        blocks.append(Block("item" if strip_marker(line.text) else "text", [line]))


def _without_contents(lines: list[Line]) -> list[Line]:
    first, last = contents_span(line.text for line in lines)
    kept = lines[:first] + lines[last:]
    return [line for line in kept if not is_contents_entry(line.text)]


def _add_row(blocks: list[Block], line: Line, table: int) -> None:
    previous = blocks[-1] if blocks and blocks[-1].table == table else None
    if previous is not None and _wraps(previous, line):
        for segment in line.segments:
            cell = _cell_of(previous, segment)
            previous.cells[cell].append(Line([segment], line.column))
        previous.lines.append(line)
        return
    cells = {n: [Line([segment], line.column)] for n, segment in enumerate(line.segments)}
    blocks.append(Block("row", [line], cells=cells, table=table))


def _wraps(row: Block, line: Line) -> bool:
    """Whether a line goes on with the cells of the row above it instead of beginning a row."""
    last = row.lines[-1]
    if line.y - last.y > 1.5 * line.size:
        return False
    starts = [cell[0].x0 for cell in row.cells.values()]
    fits = all(any(abs(s.x0 - x) < s.size for x in starts) for s in line.segments)
    return fits and len(line.segments) < len(starts) and line.x0 > starts[0] + line.size


def _cell_of(row: Block, segment: Segment) -> int:
    return min(row.cells, key=lambda n: abs(row.cells[n][0].x0 - segment.x0))


def _table_lines(lines: Sequence[Line]) -> dict[int, int]:
    """Index of each line that is part of a table, with a number that names the table."""
    found: dict[int, int] = {}
    start: int | None = None
    for index, line in enumerate([*lines, None]):
        if line is not None and _is_row(line):
            start = index if start is None else start
        elif start is not None and not (line is not None and _is_wrapped(lines[index - 1], line)):
            wide = [i for i in range(start, index) if _is_row(lines[i])]
            if len(wide) >= 2 and any(re.search(r"[^\W\d_]{3}", lines[i].text) for i in wide):
                name = lines[start].page * 1000 + start + 1
                found.update(dict.fromkeys(range(start, index), name))
            start = None
    return found


def _is_row(line: Line) -> bool:
    cells = [segment.text for segment in line.segments]
    if len(cells) == 2 and (strip_marker(cells[0] + " ") or _DECIMAL.fullmatch(cells[0])):
        return False
    return len(cells) >= 2


def _is_wrapped(above: Line, line: Line) -> bool:
    """Whether a line with one segment goes on with a cell of the row above."""
    near = 0 < line.y - above.y <= 1.5 * line.size
    return near and any(abs(line.x0 - s.x0) < 0.5 * s.size for s in above.segments) and (
        not _SENTENCE_END.search(above.text) or line.x0 > above.segments[0].x0 + line.size
    )  # fmt: skip


def notes_last(blocks: list[Block]) -> list[Block]:
    """Put a page's footnotes, which are set in small type at the foot of a column, to its end."""
    weights: Counter[float] = Counter()
    for block in blocks:
        for line in block.lines:
            weights[round(line.size)] += len(line.text)
    body = weights.most_common(1)[0][0] if weights else 0.0
    foot = _NOTE_ZONE * max((_bottom(block) for block in blocks), default=0.0)
    for block in blocks:
        small = block.kind == "text" and not block.heading and block.size <= _NOTE_SIZE * body
        block.note = small and _top(block) > foot and bool(_NOTE.match(block.text))
    return sorted(blocks, key=lambda block: block.note)


def _begins_block(block: Block, line: Line) -> bool:
    """Whether a line begins a new block rather than going on with the one before it."""
    last = block.lines[-1]
    if abs(line.size - last.size) > 0.08 * last.size:
        return True
    if strip_marker(line.text) or _DECIMAL.match(line.text):
        return _marker_begins(last, line)
    if line.bold != last.bold and (last.bold == block.bold):
        return True
    if line.y < last.y - last.size:
        return not goes_on(block, line)
    if line.y - last.y > _leading(block) * last.size:
        return True
    return _forced_break(last, line) and not _centred(last, line)


def _marker_begins(last: Line, line: Line) -> bool:
    """A marker begins an item, unless it is a number or dash in the middle of a sentence."""
    figure = _NUMBERED.match(line.text) or _ONE_POINT.match(line.text)
    if not figure and line.text[0] not in "-–o":
        return True
    return bool(_SENTENCE_END.search(last.text)) or _forced_break(last, line) or (
        line.y - last.y > 1.3 * line.size
    )  # fmt: skip


def _leading(block: Block) -> float:
    """The largest line distance, in ems, that still belongs to the block."""
    if len(block.lines) < 2:
        return 1.75
    first, second = block.lines[0], block.lines[1]
    usual = (second.y - first.y) / max(first.size, 0.1)
    return max(1.25, usual * 1.2) if usual > 0 else 1.75


def _forced_break(last: Line, line: Line) -> bool:
    """Whether the next line's first word would have fitted on the line above."""
    word = line.text.split(" ", 1)[0]
    if not _SENTENCE_END.search(last.text) and not line.text[0].isupper():
        return False
    return last.x1 + (0.5 * len(word) + _SLACK) * line.size < last.column


def _centred(last: Line, line: Line) -> bool:
    middle = abs((last.x0 + last.x1) - (line.x0 + line.x1)) / 2
    return middle < line.size and abs(last.x0 - line.x0) > line.size


def goes_on(block: Block, line: Line) -> bool:
    """Whether a line at the top of a column or page goes on with the block before it."""
    last = block.lines[-1]
    if abs(line.size - last.size) > 0.08 * last.size or line.bold != last.bold:
        return False
    if strip_marker(line.text) or _DECIMAL.match(line.text) or block.heading:
        return False
    text = last.text.rstrip()
    return line.text[:1].islower() or not _SENTENCE_END.search(text)
