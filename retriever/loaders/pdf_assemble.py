"""Makes the document's text, pages and sections out of the blocks of its pages."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from retriever.loaders import blocks as clean
from retriever.loaders.pdf_blocks import (
    Block,
    goes_on,
    is_lettering,
    paragraphs,
    strip_marker,
    unfold,
)
from retriever.loaders.pdf_furniture import is_contents_entry
from retriever.loaders.pdf_layout import Line
from retriever.loaders.pdf_words import Words, flow
from retriever.schema import Page, Section

Style = tuple[float, bool]

_LONGEST_HEADING = 150
_BIGGER = 1.12
_FAR = 8.0  # ems
# With this many tagged headings a page the tags are trusted to name those that are merely large.
_TAGGED_HEADINGS = 0.5
_SECTION_NUMBER = re.compile(r"\d{1,2}(?:\.\d{1,2}){1,4}(?=\.?\s)")
_NUMBER_ONLY = re.compile(r"\d{1,2}(?:\.\d{1,2})+\.?")
_NUMBERING = re.compile(r"(?:\d{1,2}\.)*\d{0,2}\.?\s*")
_CAPTION = re.compile(r"(?:figure|fig\.|table|chart|map|graph|box|source)\b\s*[\d:]", re.IGNORECASE)
_CONTENTS = re.compile(
    r"(?:table of )?contents(?: page)?:?|list of (?:tables|figures|maps|charts|boxes)(?: and \w+)?",
    re.IGNORECASE,
)
_LETTERS = re.compile(r"[^\W\d_]{2}")


@dataclass(frozen=True)
class _Entry:
    """One line of the final text: its pages (offset in the line, number), and what it is."""

    text: str
    breaks: tuple[tuple[int, int], ...]
    kind: str
    level: int = 0
    table: int = 0


def assemble(
    pages: Sequence[Sequence[Block]], outline: Mapping[str, int]
) -> tuple[str, tuple[Page, ...], tuple[Section, ...]]:
    """Text, pages and sections of a document.

    Args:
        pages: The blocks of each page, in reading order.
        outline: Levels of the headings that the file's bookmarks name (see `outline_key`).
    """
    merged = _merge(block for page in pages for block in page)
    words = Words.of(line.text for block in merged for line in block.lines)
    levels = _levels(merged, outline)
    entries = [_entry(block, levels.get(index, 0), words) for index, block in enumerate(merged)]
    groups = _group([entry for entry in entries if entry.text])
    text, sections = clean.assemble(
        clean.Block(tuple(entry.text for entry in group), group[0].level) for group in groups
    )
    return text, _pages(groups, len(text), len(pages)), sections


def _merge(blocks: Iterable[Block]) -> list[Block]:
    """Join what a page's end parted, and numbers with the paragraphs they number."""
    merged: list[Block] = []
    for block in blocks:
        if block.kind != "row" and _is_contents(block.text):
            continue
        last = _take_joined(merged, block)
        if last is None:
            merged.append(block)
            continue
        merged.append(last)
        for cell, lines in block.cells.items():
            last.cells.setdefault(cell, []).extend(lines)
        if _NUMBER_ONLY.fullmatch(last.text):
            last.heading, last.key = block.heading, block.key
        last.lines.extend(block.lines)
    unfolded = (part for whole in merged for part in unfold(whole))
    return [block for block in unfolded if not is_lettering(block)]


def _take_joined(merged: list[Block], block: Block) -> Block | None:
    """Remove and return the block that `block` goes on with; footnotes may stand between."""
    for index in range(len(merged) - 1, -1, -1):
        if _joins(merged[index], block):
            return merged.pop(index)
        if not merged[index].note or block.note:
            return None
    return None


def _is_contents(text: str) -> bool:
    return is_contents_entry(text) or bool(_CONTENTS.fullmatch(text.strip()))


def _joins(last: Block, block: Block) -> bool:
    if last.key is not None and last.key == block.key:
        return True
    if "row" in (last.kind, block.kind) or block.note != last.note:
        return False
    if _NUMBER_ONLY.fullmatch(last.text):
        return not _NUMBER_ONLY.match(block.text)
    line, end = block.lines[0], last.lines[-1]
    if end.page == block.page and (block.key is not None or line.y >= end.y):
        return False
    # Some producers tag the two halves of a paragraph over a page's end as two paragraphs.
    return goes_on(last, line) and (block.key is None or line.text[:1].islower())


def outline_key(title: str) -> str:
    """A heading's text without its number and case, to compare bookmarks with text."""
    return _NUMBERING.sub("", clean.clean_line(title), count=1).casefold()


def _levels(blocks: Sequence[Block], outline: Mapping[str, int]) -> dict[int, int]:
    """Which blocks are headings, and of which level."""
    body = _body_style(blocks)
    tagged = sum(1 for block in blocks if block.heading)
    trusted = tagged >= _TAGGED_HEADINGS * blocks[-1].page if blocks else False
    found = [
        i for i, block in enumerate(blocks)
        if _can_be_heading(block)
        and (block.heading or _looks_like_heading(block, body, outline, trusted))
        and not _is_inside_list(blocks, i)
    ]  # fmt: skip
    by_style = _style_levels([blocks[i] for i in found])
    levels = {i: _stated_level(blocks[i]) or by_style[_style(blocks[i])] for i in found}
    return {i: outline.get(outline_key(blocks[i].text), level) for i, level in levels.items()}


def _is_inside_list(blocks: Sequence[Block], index: int) -> bool:
    """Whether a block is an emphasised item between plain ones, as in a listing of contents."""
    around = blocks[max(index - 1, 0) : index + 2]
    plain = [block for block in around if not block.bold]
    return len(plain) == 2 and all(b.kind == "item" and not b.heading for b in around)


def _stated_level(block: Block) -> int:
    """The level by tag, or by a number such as 4.2.1; 0 if neither says."""
    number = _SECTION_NUMBER.match(block.text)
    return block.heading or (number.group().count(".") + 1 if number else 0)


def _style(block: Block) -> Style:
    return round(block.size * 2) / 2, block.bold


def _body_style(blocks: Sequence[Block]) -> Style:
    weights: Counter[Style] = Counter()
    for block in blocks:
        if not block.heading and block.kind != "row":
            for line in block.lines:
                weights[round(line.size * 2) / 2, line.bold] += len(line.text)
    return weights.most_common(1)[0][0] if weights else (10.0, False)


def _can_be_heading(block: Block) -> bool:
    text = block.text.strip()
    return block.kind != "row" and len(text) <= _LONGEST_HEADING and bool(_LETTERS.search(text))


def _looks_like_heading(
    block: Block, body: Style, outline: Mapping[str, int], trusted: bool
) -> bool:
    """Whether style or bookmarks make a heading; size alone does not where tags are `trusted`."""
    text = block.text.strip()
    marked = strip_marker(text)
    if (marked and marked[0] == "-") or _CAPTION.match(text) or text[-1] in ".,;":
        return False
    if outline_key(text) in outline:
        return True
    if len(block.lines) > 3 or text[0].islower() or _is_parted(block):
        return False
    bigger = block.size >= _BIGGER * body[0] and not trusted
    return bigger or (block.bold and not body[1] and block.size >= 0.95 * body[0])


def _is_parted(block: Block) -> bool:
    """Whether its words stand far apart on a line, like the titles of charts side by side."""
    return any(
        right.x0 - left.x1 > _FAR * line.size
        for line in block.lines for left, right in pairwise(line.segments)
    )  # fmt: skip


def _style_levels(headings: Sequence[Block]) -> dict[Style, int]:
    """Level of each style: as tags and numbers say, else by size, bold before light."""
    stated: dict[Style, list[int]] = defaultdict(list)
    for block in headings:
        if level := _stated_level(block):
            stated[_style(block)].append(level)
    levels: dict[Style, int] = {}
    level = 0
    uses = Counter(_style(block) for block in headings)
    for style in sorted(uses, reverse=True):
        known = stated.get(style)
        # A style used once, as on a title page, does not push all others a level down.
        deeper = min(level + 1, 6) if uses[style] > 1 or level == 0 else level
        level = Counter(known).most_common(1)[0][0] if known else deeper
        levels[style] = level
    return levels


def _entry(block: Block, level: int, words: Words) -> _Entry:
    if block.kind == "row":
        cells = [_cell(lines, words) for lines in block.cells.values()]
        return _Entry(clean.row(cells), ((0, block.page),), "row", table=block.table)
    text, breaks = _flow(block.lines, words)
    if level:
        return _Entry(text, tuple(breaks), "heading", level)
    marked = strip_marker(text)
    if marked and (block.kind == "item" or marked[0] == "-"):
        return _item(f"{marked[0]} ", marked[1], len(text) - len(marked[1]), breaks)
    if block.kind == "item":
        return _item("- ", text, 0, breaks)
    return _Entry(text, tuple(breaks), "text")


def _cell(lines: Sequence[Line], words: Words) -> str:
    """A cell's text; a list in it becomes an enumeration."""
    text = ""
    for block in paragraphs(lines):
        part = _flow(block.lines, words)[0]
        marked = strip_marker(part)
        if marked and marked[0] == "-":
            part = marked[1]
            text += "" if not text or text[-1] in ".,:;" else ";"
        text = f"{text} {part}" if text else part
    return text


def _item(marker: str, text: str, cut: int, breaks: list[tuple[int, int]]) -> _Entry:
    """A list item; `cut` characters of its first line were the marker on the page."""
    text = text.strip()
    shift = len(marker) - cut
    moved = tuple((offset + shift if offset else 0, page) for offset, page in breaks)
    return _Entry(marker + text if text else "", moved, "item")


def _flow(lines: Sequence[Line], words: Words) -> tuple[str, list[tuple[int, int]]]:
    return flow(((line.page, line.text) for line in lines), words)


def _group(entries: Sequence[_Entry]) -> list[list[_Entry]]:
    """Items of one list, a list and the line that announces it, rows of one table."""
    groups: list[list[_Entry]] = []
    for entry in entries:
        last = groups[-1][-1] if groups else None
        if last is not None and _same_group(last, entry):
            groups[-1].append(entry)
        else:
            groups.append([entry])
    return groups


def _same_group(last: _Entry, entry: _Entry) -> bool:
    if entry.kind == "row":
        return last.kind == "row" and last.table == entry.table
    if entry.kind != "item":
        return False
    return last.kind == "item" or (last.kind == "text" and last.text.endswith(":"))


def _pages(groups: Sequence[Sequence[_Entry]], length: int, count: int) -> tuple[Page, ...]:
    """Where each page begins and ends; a page without text is empty."""
    starts = [0] * count
    current, offset = 1, 0
    for group in groups:
        for entry in group:
            for inner, page in entry.breaks:
                if page > current:
                    starts[current:page] = [offset + inner] * (page - current)
                    current = page
            offset += len(entry.text) + 1
        offset += 1
    starts[current:] = [length] * (count - current)
    ends = [*starts[1:], length]
    return tuple(Page(n, s, e) for n, (s, e) in enumerate(zip(starts, ends, strict=True), 1))
