"""Web pages, read by trafilatura: the main text without menus, scripts and adverts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import trafilatura
from lxml import etree
from trafilatura.settings import Document

from retriever.config import Reading
from retriever.errors import UnreadableFile
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

Element = etree._Element

_LEAST_WORDS = 30
_PUBLIC = re.compile(r"https?://(?!localhost|127\.)")  # not where its writer tried the page out


def load_html(path: Path, limits: Reading) -> Parsed:
    """Read a saved web page. See `Loader` for the contract."""
    page, note = decode(path.read_bytes())
    found = trafilatura.bare_extraction(
        page, favor_recall=True, include_tables=True, include_comments=False, with_metadata=True,
        deduplicate=False,
    )  # fmt: skip
    if not isinstance(found, Document):
        raise _without_prose()
    text, sections = assemble(_blocks(found.body))
    if len(text.split()) < _LEAST_WORDS:
        raise _without_prose()
    metadata = infer(
        Metadata(),
        title=clean_line(found.title or ""),
        authors=tuple(filter(None, map(clean_line, (found.author or "").split(";")))),
        publisher=clean_line(found.sitename or ""),
        year=year_in(found.date or ""),
        url=found.url if _PUBLIC.match(found.url or "") else "",
    )
    return Parsed(text=text, sections=sections, metadata=metadata, notes=(note,) if note else ())


def _without_prose() -> UnreadableFile:
    return UnreadableFile(
        "a web page with hardly any text (nearly all of it is script, data or pictures, or "
        "it is a sign-in or error page): open the real page in a browser, save it as PDF "
        "and add that"
    )


def _blocks(parent: Element) -> Iterator[Block]:
    for element in parent:
        if element.tag == "head":
            yield heading(_words(element), int((element.get("rend") or "h2")[-1]))
        elif element.tag == "list":
            yield Block(tuple(_items(element)))
        elif element.tag == "table":
            yield Block(tuple(row(map(_words, line.iter("cell"))) for line in element.iter("row")))
        elif element.tag in ("div", "quote"):
            yield from _blocks(element) if len(element) else [paragraph(_words(element))]
        else:
            yield paragraph(_words(element))


def _items(element: Element) -> Iterator[str]:
    for entry in element.findall("item"):
        nested = entry.findall("list")
        for part in nested:
            entry.remove(part)
        yield item(_words(entry))
        for part in nested:
            yield from _items(part)


def _words(element: Element) -> str:
    return " ".join("".join(str(words) for words in element.itertext()).split())
