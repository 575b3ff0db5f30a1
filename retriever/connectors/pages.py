"""What a web page says of itself: title, licence, links; and whether there is anything on it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from retriever.connectors.addresses import joined
from retriever.loaders.detect import decode

Element = etree._Element

_UNSEEN = {"script", "style", "noscript", "template", "head", "svg"}
_INLINE = {"a", "abbr", "b", "cite", "code", "em", "i", "q", "small", "span", "strong", "sub",
           "sup", "time", "u"}  # fmt: skip
_FEW, _SIGN_IN = 30, 150  # words


@dataclass(frozen=True)
class WebPage:
    """A web page.

    Attributes:
        title: What it is called; empty without.
        meta: Its meta elements by name or property, lower case; the first of each.
        links: Each link as whole address and words.
        licence: Where it names one in the way that programs read.
        text: The words that a person sees, single-spaced.
        fault: Why it is no document ("a sign-in page"); empty: nothing speaks against it.
    """

    title: str
    meta: dict[str, str]
    links: tuple[tuple[str, str], ...]
    licence: str
    text: str
    fault: str


def read_page(data: bytes, address: str) -> WebPage:
    """Read a page.

    Args:
        data: Its bytes.
        address: Where it came from, for links that begin there.
    """
    root = _root(data)
    if root is None:
        return WebPage("", {}, (), "", "", "a page without any content")
    meta: dict[str, str] = {}
    for element in root.iter("meta"):
        name = (element.get("name") or element.get("property") or "").lower()
        meta.setdefault(name, " ".join((element.get("content") or "").split()))
    text = " ".join("".join(_seen(root)).split())
    titles = (meta.get(name) for name in ("citation_title", "dc.title", "og:title"))
    return WebPage(
        title=next(filter(None, titles), "") or _title(root),
        meta=meta,
        links=tuple(_links(root, address)),
        licence=_licence(root, meta, address),
        text=text,
        fault=_fault(root, text),
    )


def _root(data: bytes) -> Element | None:
    if not data.strip():
        return None
    try:
        text = decode(data)[0].encode("utf-8", "replace")
        return etree.fromstring(text, etree.HTMLParser(no_network=True, encoding="utf-8"))
    except (etree.XMLSyntaxError, ValueError):
        return None


def _seen(element: Element) -> Iterator[str]:
    """The words of an element and what is in it, but for what no browser shows."""
    if isinstance(element.tag, str) and element.tag.lower() not in _UNSEEN:
        gap = "" if element.tag.lower() in _INLINE else " "
        yield gap + (element.text or "")
        for child in element:
            yield from _seen(child)
            yield child.tail or ""
        yield gap


def _title(root: Element) -> str:
    for element in root.iter("title", "h1"):
        if words := " ".join("".join(map(str, element.itertext())).split()):
            return words
    return ""


def _links(root: Element, address: str) -> Iterator[tuple[str, str]]:
    for element in root.iter("a"):
        target = joined(address, element.get("href") or "")
        if re.match(r"https?://", target):
            yield target, " ".join("".join(map(str, element.itertext())).split())


def _licence(root: Element, meta: dict[str, str], address: str) -> str:
    for name in ("dc.rights", "dcterms.license", "dcterms.rights"):
        if meta.get(name):
            return meta[name]
    for element in root.iter("a", "link"):
        if "license" in (element.get("rel") or "").lower().split():
            return joined(address, element.get("href") or "")
    return ""


def _fault(root: Element, text: str) -> str:
    words = len(text.split())
    if words < _SIGN_IN and root.xpath("//input[translate(@type,'PASWORD','pasword')='password']"):
        return "a sign-in page"
    if words < _FEW:
        return "a page with hardly any text (it is filled in by scripts, or is an error page)"
    return ""
