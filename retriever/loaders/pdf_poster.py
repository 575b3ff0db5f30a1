"""Reads posters and infographics without tags: boxes of text anywhere on a wide page.

The program that made one drew each box as a whole, so the order of drawing says which lines belong
together, and their places say in which order the boxes are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from retriever.loaders.pdf_blocks import Block, in_page_order, is_lettering, paragraphs
from retriever.loaders.pdf_content import PageText, Run
from retriever.loaders.pdf_layout import Line, lines_in_sequence

_WIDER = 1.2
# At most this share of lines follows on one that stands beside it, as the cells of a row do.
_BESIDE = 0.2
_FEWEST_LINES = 8
# In ems: the largest distance between the lines of one box.
_LEADING = 2.0
_LARGER = 1.08


def is_poster(page: PageText, runs: Sequence[Run], number: int) -> bool:
    """Whether an untagged page is a poster rather than a page of a report or a table."""
    if page.width < _WIDER * page.height:
        return False
    lines = _lines(runs, number)
    beside = sum(1 for a, b in pairwise(lines) if abs(a.y - b.y) < 0.5 * max(a.size, b.size))
    return len(lines) >= _FEWEST_LINES and beside <= _BESIDE * len(lines)


def poster_blocks(runs: Sequence[Run], number: int) -> list[Block]:
    """Blocks of a poster, box by box."""
    boxes: list[Block] = []
    for line in _lines(runs, number):
        if boxes and _goes_on(boxes[-1], line):
            boxes[-1].lines.append(line)
        else:
            boxes.append(Block("text", [line]))
    ordered = in_page_order(_with_figures(boxes))
    blocks = [block for box in ordered for block in paragraphs(box.lines)]
    for index, block in enumerate(blocks):
        block.key = -1000 * number - index  # a name of its own: no box goes on in another
    return blocks


def _goes_on(box: Block, line: Line) -> bool:
    figure = is_lettering(Block("text", [line])) and line.size > _LARGER * box.lines[-1].size
    return _is_under(box.lines[-1], line) and not is_lettering(box) and not figure


def _with_figures(boxes: list[Block]) -> list[Block]:
    """Put figures that stand alone into the box of words they belong to, if there is one."""
    words = [box for box in boxes if not is_lettering(box)]
    figures = [box for box in boxes if is_lettering(box)]
    return words + [figure for figure in figures if not _placed(figure, words)]


def _placed(figure: Block, words: list[Block]) -> bool:
    """Put a figure under words as large as it, or before the words it counts; tell whether."""
    for box in words:
        last = box.lines[-1]
        if _is_under(last, figure.lines[0]) and figure.size < _LARGER * last.size:
            box.lines.extend(figure.lines)
            return True
    for box in words:
        first = box.lines[0].segments
        if _is_under(figure.lines[-1], box.lines[0]):
            like = first[0]
            parts = [segment for line in figure.lines for segment in line.segments]
            first[:0] = [replace(s, y=like.y, size=like.size, bold=like.bold) for s in parts]
            return True
    return False


def _lines(runs: Sequence[Run], number: int) -> list[Line]:
    """Lines in the order of drawing; what stands beside another box is a line of its own."""
    whole = lines_in_sequence(runs, number)
    return [Line([segment], segment.x1) for line in whole for segment in line.segments]


def _is_under(above: Line, line: Line) -> bool:
    near = 0 < line.y - above.y <= _LEADING * max(above.size, line.size)
    return near and line.x0 < above.x1 and above.x0 < line.x1
