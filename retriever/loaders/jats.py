"""Journal articles as JATS XML (the archive format of PubMed Central), read by lxml.

The text holds title, abstract, body, tables and figure captions. References, affiliations,
acknowledgements and other back matter are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

from lxml import etree

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
)
from retriever.schema import Metadata, Parsed

Element = etree._Element

# Elements whose words are no part of the running text.
_SKIPPED = {
    "fn", "graphic", "inline-graphic", "media", "object-id", "supplementary-material", "tex-math",
    "ref-list", "permissions", "label", "index-term", "processing-meta", "fn-group", "ack",
    "author-notes", "email",
}  # fmt: skip
# Elements that stand apart from the paragraph they are put in.
_BLOCKS = {
    "table-wrap", "table-wrap-group", "fig", "fig-group", "list", "def-list", "disp-quote",
    "boxed-text", "disp-formula-group", "table", "sec", "p", "verse-group", "speech", "statement",
}  # fmt: skip
_APART = {"list", "def-list", "label"}
_RAISABLE = "0123456789+-\u2212 "
_RAISED = str.maketrans(_RAISABLE[:-1], "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻")


def load_jats(path: Path, limits: Reading) -> Parsed:
    """Read a JATS article. See `Loader` for the contract."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.parse(str(path), parser).getroot()
    except etree.XMLSyntaxError as error:
        raise UnreadableFile(
            f"broken XML ({error.msg}): fetch the article again, or add its PDF"
        ) from error
    _strip_namespaces(root)
    article = root if root.tag == "article" else root.find(".//article")
    if article is None:
        raise UnreadableFile("an XML file without an article in it: add the article itself")
    text, sections = assemble(_article(article))
    return Parsed(text=text, sections=sections, metadata=_metadata(article))


def _article(article: Element) -> Iterator[Block]:
    title = _text_at(article, "front/article-meta/title-group/article-title")
    if title:
        yield heading(title, 1)
    for abstract in article.findall("front/article-meta/abstract"):
        if abstract.get("abstract-type") in ("graphical", "teaser", "toc"):
            continue
        if abstract.find("title") is None:
            yield heading("Abstract", 2)
        yield from _children(abstract, 2)
    for part in ("body", "floats-group"):
        for found in article.findall(part):
            yield from _children(found, 1)


def _children(parent: Element, level: int) -> Iterator[Block]:
    for child in parent:
        yield from _block(child, level)


def _block(element: Element, level: int) -> Iterator[Block]:
    name = _name(element)
    if not name:  # an entity between blocks
        return
    if name in ("sec", "app", "boxed-text"):
        yield from _children(element, level + 1)
    elif name == "title":
        yield heading(_labelled(element), level)
    elif name in ("table-wrap", "fig"):
        yield from _captioned(element)
    elif name == "table":
        yield Block(tuple(_rows(element)))
    elif name in ("list", "def-list"):
        yield Block(tuple(_items(element)))
    elif name == "p" or name not in _SKIPPED:
        yield from _mixed(element, level)


def _mixed(element: Element, level: int) -> Iterator[Block]:
    """Give a paragraph, cut where a table, list or figure stands inside it."""
    words = [element.text or ""]
    for child in element:
        if _name(child) in _BLOCKS:
            yield paragraph("".join(words))
            yield from _block(child, level)
            words = []
        else:
            words.append(_inline(child))
        words.append(child.tail or "")
    yield paragraph("".join(words))


def _labelled(element: Element) -> str:
    """Put the number of a section or table, which stands in an element beside it, before it."""
    parent = element.getparent()
    label = _text_at(parent, "label") if parent is not None else ""
    return f"{label} {_inline_text(element)}".strip()


def _captioned(element: Element) -> Iterator[Block]:
    caption = element.find("caption")
    parts = [_inline_text(part) for part in caption] if caption is not None else []
    yield paragraph(" ".join([_text_at(element, "label"), *parts[:1]]))
    for part in parts[1:]:
        yield paragraph(part)
    for table in element.iter("table"):
        yield Block(tuple(_rows(table)))
    for note in element.iterfind("table-wrap-foot//p"):
        yield paragraph(_inline_text(note))


def _rows(table: Element) -> Iterator[str]:
    for line in table.iter("tr"):
        yield row(_inline_text(cell) for cell in line)


def _items(element: Element) -> Iterator[str]:
    ordered = element.get("list-type") == "order"
    for count, entry in enumerate(element.iterchildren("list-item", "def-item"), start=1):
        label = _text_at(entry, "label") or (f"{count}." if ordered else "")
        number = label if label[:1].isalnum() or label[:1] == "(" else ""
        words = [_inline_text(part) for part in entry if _name(part) not in _APART]
        yield item(" ".join(words), number)
        for part in entry.iterchildren("list", "def-list"):
            yield from _items(part)


def _inline_text(element: Element) -> str:
    return clean_line((element.text or "") + _inside(element))


def _inside(element: Element) -> str:
    return "".join(_inline(child) + (child.tail or "") for child in element)


def _inline(element: Element) -> str:
    """Give the words of an element within a line."""
    if not isinstance(element.tag, str):
        return _entity(element)
    name = _name(element)
    if name in _SKIPPED:
        return ""
    words = (element.text or "") + _inside(element)
    if name == "sup" and clean_line(words).strip(_RAISABLE) == "":
        return words.translate(_RAISED)
    if name in ("break", "hr", "p", "list-item", "title", "def"):
        return f" {words} "
    return words


def _entity(element: Element) -> str:
    """Resolve a named entity that the DTD, which is never loaded, would have defined."""
    return unescape(element.text or "")


def _name(element: Element) -> str:
    return element.tag if isinstance(element.tag, str) else ""


def _strip_namespaces(root: Element) -> None:
    for element in root.iter():
        if isinstance(element.tag, str):
            element.tag = etree.QName(element).localname


def _text_at(element: Element, path: str) -> str:
    found = element.find(path)
    return "" if found is None else _inline_text(found)


def _metadata(article: Element) -> Metadata:
    meta = article.find("front/article-meta")
    if meta is None:
        return Metadata()
    doi = next((_inline_text(i) for i in meta.findall("article-id")
                if i.get("pub-id-type") == "doi"), "")
    journal = article.find("front/journal-meta//journal-title")
    return infer(
        Metadata(),
        title=_text_at(meta, "title-group/article-title"),
        authors=tuple(_authors(meta)),
        publisher="" if journal is None else _inline_text(journal),
        year=_year(meta),
        url=f"https://doi.org/{doi}" if doi else "",
        doi=doi,
        licence=_licence(meta),
        language=(article.get("{http://www.w3.org/XML/1998/namespace}lang") or "").lower(),
    )


def _authors(meta: Element) -> Iterator[str]:
    for contributor in meta.findall("contrib-group/contrib"):
        if contributor.get("contrib-type", "author") != "author":
            continue
        given = _text_at(contributor, ".//given-names")
        surname = _text_at(contributor, ".//surname")
        name = f"{given} {surname}".strip() or _text_at(contributor, ".//collab")
        if name:
            yield name


def _year(meta: Element) -> int | None:
    years = [_text_at(date, "year") for date in meta.findall("pub-date")]
    plausible = [int(year) for year in years if re.fullmatch(r"(?:19|20)\d\d", year)]
    return min(plausible, default=None)


_CREATIVE_COMMONS = re.compile(
    r"creativecommons\.org/(?:licenses/([a-z-]+)/(\d\.\d)|publicdomain/zero/(\d\.\d))"
)


def _licence(meta: Element) -> str:
    for licence in meta.iter("license"):
        found = _CREATIVE_COMMONS.search(etree.tostring(licence, encoding="unicode"))
        if found and found[3]:
            return f"CC0 {found[3]}"
        if found:
            return f"CC {found[1].upper()} {found[2]}"
    return ""
