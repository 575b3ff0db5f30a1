"""Plain text and Markdown (Quarto and R Markdown too: their prose, without their code)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from retriever.config import Reading
from retriever.loaders.blocks import (
    Block,
    assemble,
    clean_line,
    heading,
    infer,
    item,
    paragraph,
    row,
    year_in,
)
from retriever.loaders.detect import decode
from retriever.schema import Metadata, Parsed


def load_plain(path: Path, limits: Reading) -> Parsed:
    """Read plain text. See `Loader` for the contract."""
    source, note = decode(path.read_bytes())
    text, sections = assemble(_plain_blocks(source))
    title = sections[0].heading if sections and sections[0].start == 0 else ""
    return Parsed(text, (), sections, infer(Metadata(), title=title), (note,) if note else ())


def load_markdown(path: Path, limits: Reading) -> Parsed:
    """Read Markdown. See `Loader` for the contract."""
    source, note = decode(path.read_bytes())
    front, body = _front_matter(source.replace("\r\n", "\n").replace("\r", "\n"))
    tree = SyntaxTreeNode(MarkdownIt("commonmark").enable("table").parse(_prose(body)))
    text, sections = assemble(_blocks(tree))
    notes = [note, _computed_note(text.count(_COMPUTED))]
    title = front.get("title") or next((s.heading for s in sections if s.level == 1), "")
    metadata = infer(
        Metadata(),
        title=_plain_words(title),
        authors=tuple(filter(None, [front.get("author", "")])),
        year=year_in(front.get("date", "")),
    )
    return Parsed(text, (), sections, metadata, tuple(filter(None, notes)))


# --- plain text ------------------------------------------------------------------------------

_BULLET = re.compile(r"^\s*(?:[-*•·▪●]|\((?:\d{1,2}|[a-z])\)|\d{1,2}[.)]|[a-z]\))\s+")
_NUMBERED_HEADING = re.compile(r"^(\d{1,2}(?:\.\d{1,2}){0,3})\.?\s+([A-Z].*)$")
_UNDERLINE = re.compile(r"^\s*(?:={3,}|-{3,}|~{3,})\s*$")


def _plain_blocks(source: str) -> Iterator[Block]:
    for chunk in re.split(r"\n[ \t]*(?:\n[ \t]*)+|\f", source.replace("\r\n", "\n")):
        lines = [line for line in chunk.splitlines() if line.strip()]
        yield from _plain_chunk(lines)


def _plain_chunk(lines: list[str]) -> Iterator[Block]:
    if len(lines) > 1 and _UNDERLINE.match(lines[1]) and not _UNDERLINE.match(lines[0]):
        yield heading(lines[0], 1 if "=" in lines[1] else 2)
        lines = lines[2:]
    lines = [line for line in lines if not _UNDERLINE.match(line)]
    if len(lines) == 1 and (level := _heading_level(lines[0].strip())):
        yield heading(lines[0], level)
        return
    yield from _runs(lines)


def _heading_level(line: str) -> int:
    if len(line) > 90 or line[-1:] in ".;:,":
        return 0
    numbered = _NUMBERED_HEADING.match(line)
    if numbered:
        return numbered[1].count(".") + 1 if len(line.split()) <= 12 else 0
    letters = [letter for letter in line if letter.isalpha()]
    return 1 if len(letters) > 3 and all(letter.isupper() for letter in letters) else 0


def _runs(lines: list[str]) -> Iterator[Block]:
    """Join wrapped lines; lines that begin with a bullet or number begin an item."""
    lead: list[str] = []
    items: list[str] = []
    for line in lines:
        if _BULLET.match(line):
            items.append(line)
        elif items:
            items[-1] += " " + line
        else:
            lead.append(line)
    yield paragraph(" ".join(lead))
    yield Block(tuple(_bulleted(entry) for entry in items))


def _bulleted(line: str) -> str:
    mark, words = line.split(maxsplit=1)
    return item(words, mark if mark[-1] in ").0123456789" else "")


# --- Markdown --------------------------------------------------------------------------------

_FRONT_MATTER = re.compile(r"\A\ufeff?---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_FRONT_KEY = re.compile(r"^(title|author|date):[ \t]*(\S.*)$", re.MULTILINE)


def _front_matter(source: str) -> tuple[dict[str, str], str]:
    found = _FRONT_MATTER.match(source)
    if not found:
        return {}, source
    values = {key: value.strip().strip("'\"") for key, value in _FRONT_KEY.findall(found[1])}
    return values, source[found.end() :]


_NOT_PROSE = re.compile(
    r"(?s:\{%.*?%\}|\{\{.*?\}\})"  # Liquid tags and Quarto shortcodes
    r"|^[ \t]*:{3,}.*$"  # fenced divs
    r"|(?<=[\s\w\])*])\{:?[ \t]*[.#:%][^}\n]*\}"  # attributes: {#id .class}
    r"|\[\^[^\]\s]+\](?!:)",  # footnote marks
    re.MULTILINE,
)
_COMPUTED = "[…]"
_INLINE_CODE = re.compile(r"(?<!`)`(?:r |\{[a-z]+\})[^`\n]*`(?!`)")
_FOOTNOTE = re.compile(r"^\[\^[^\]\s]+\]:[ \t]*", re.MULTILINE)


def _prose(body: str) -> str:
    lines = body.replace("\\\n", "\n")  # a backslash at a line's end only breaks the line
    return _FOOTNOTE.sub("", _NOT_PROSE.sub("", _INLINE_CODE.sub(_COMPUTED, lines)))


def _computed_note(count: int) -> str:
    if not count:
        return ""
    return (
        f"{count} value(s) that this file computes when it is published stand as {_COMPUTED}: "
        "add the published page instead to have them."
    )


def _plain_words(title: str) -> str:
    return clean_line(_words(SyntaxTreeNode(MarkdownIt("commonmark").parseInline(title))))


def _blocks(tree: SyntaxTreeNode) -> Iterator[Block]:
    for node in tree.children:
        if node.type == "heading":
            yield heading(_words(node), int(node.tag[1]))
        elif node.type == "paragraph":
            yield paragraph(_words(node))
        elif node.type in ("bullet_list", "ordered_list"):
            yield Block(tuple(_items(node)))
        elif node.type == "table":
            yield Block(tuple(row(map(_words, line.children)) for line in _table_rows(node)))
        elif node.type == "blockquote":
            yield from _blocks(node)


def _items(node: SyntaxTreeNode) -> Iterator[str]:
    number = int(node.attrs.get("start", 1)) if node.type == "ordered_list" else 0
    for entry in node.children:
        words = [_words(c) for c in entry.children if c.type in ("paragraph", "heading")]
        yield item(" ".join(words), f"{number}." if number else "")
        number += 1 if number else 0
        for nested in entry.children:
            if nested.type in ("bullet_list", "ordered_list"):
                yield from _items(nested)


def _table_rows(node: SyntaxTreeNode) -> Iterator[SyntaxTreeNode]:
    for part in node.children:
        yield from part.children


def _words(node: SyntaxTreeNode) -> str:
    """Give the words of a node without marks, links' addresses and raw HTML."""
    if node.type == "text":
        return node.content.replace("**", "")  # marks without a partner
    if node.type == "code_inline":
        return node.content
    if node.type in ("softbreak", "hardbreak"):
        return " "
    if node.type == "image":
        return ""
    return "".join(_words(child) for child in node.children)
