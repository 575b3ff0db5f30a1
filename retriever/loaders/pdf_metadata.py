"""Works out a PDF's title, publisher, year and the like from what it states and prints."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from itertools import chain
from typing import Any

from retriever.loaders.blocks import clean_line
from retriever.loaders.pdf_blocks import Block, unfold
from retriever.schema import Metadata
from retriever.vocabulary import DATA

_TITLE_LENGTH = (5, 220)
_TITLE_PAGES = 3
_TITLE_WORDS = 3  # shorter titles go on in the next line of the title page
# A publisher or date on the first page is the document's own if it is this much of its line.
_LINE_SHARE = 0.4
_OWN_LINE = 0.6
_COPYRIGHT = re.compile(r"[^\n]*(?:©|\(c\)|copyright)[^\n]*", re.IGNORECASE)
_MONTHS = ("january|february|march|april|may|june|july|august|september|october|november|december|"
           "jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec")  # fmt: skip
_DATE = rf"(?:\d{{1,2}}(?:st|nd|rd|th)?\s+)?(?:(?:{_MONTHS})\.?,?\s+)?((?:19|20)\d\d)\b"
_DATE_ONLY = re.compile(_DATE, re.IGNORECASE)
# Patterns for the year, the surest first.
_YEARS = (
    re.compile(rf"\b(?:last updated|updated on|revised)\s*:?\s*{_DATE}", re.IGNORECASE),
    re.compile(rf"\b(?:published|publication date|issued|date)\s*:?\s*{_DATE}", re.IGNORECASE),
    re.compile(rf"\b(?:{_MONTHS})\.?,?\s+((?:19|20)\d\d)\b", re.IGNORECASE),
    re.compile(r"(?:©|\(c\)|copyright)\D{0,40}((?:19|20)\d\d)\b", re.IGNORECASE),
)
_TITLE_YEAR = re.compile(r"\b((?:19|20)\d\d)\b")
_CREATED = re.compile(r"(?:D:)?((?:19|20)\d\d)")
_DOI = re.compile(r"\b(?:doi\.org/|doi:?\s*)(10\.\d{4,9}/[^\s\"<>]+)", re.IGNORECASE)


@dataclass(frozen=True)
class Printed:
    """What the pages print, running heads and feet included, a line of the page per line.

    Attributes:
        first: The first page that has text.
        front: The first two pages.
        last: The last page.
    """

    first: str
    front: str
    last: str


def read_metadata(
    information: Mapping[str, str], printed: Printed, blocks: Sequence[Sequence[Block]]
) -> Metadata:
    """Metadata with every field that was found listed in `inferred`.

    Args:
        information: The file's own fields (Title, Author, Keywords, CreationDate).
        printed: What the pages print.
        blocks: The blocks of each page.
    """
    author = clean_line(information.get("Author", ""))
    publisher = _publisher(author, printed)
    title = _title(clean_line(information.get("Title", "")), blocks, printed)
    found: dict[str, Any] = {
        "title": title,
        "authors": _authors(author),
        "publisher": publisher,
        "year": _year(title, printed, information.get("CreationDate", "")),
        "doi": _doi(printed),
        "guidance_id": _guidance(publisher, printed, information.get("Keywords", "")),
        "licence": _licence(printed),
    }
    inferred = tuple(f.name for f in fields(Metadata) if found.get(f.name))
    return Metadata(**found, inferred=inferred)


def _title(stated: str, pages: Sequence[Sequence[Block]], printed: Printed) -> str:
    """The stated title if the first pages print it; else the largest type on the title page."""
    sane = not _any(_rules()["titles"]["junk"], stated) and len(stated) >= _TITLE_LENGTH[0]
    words = re.findall(r"\w{3,}", stated.lower())
    front = printed.front.lower()
    if sane and len(words) >= 3 and all(word in front for word in words):
        return stated
    largest = (title for page in pages[:_TITLE_PAGES] if (title := _largest(page)))
    return next(largest, stated if sane else "")


def _largest(cover: Sequence[Block]) -> str:
    candidates = [block for whole in cover for block in unfold(whole) if _can_be_title(block)]
    if not candidates:
        return ""
    size = max(block.size for block in candidates)
    first = next(i for i, block in enumerate(candidates) if block.size == size)
    title = candidates[first].text
    for block in candidates[first + 1 :]:
        unfinished = title.endswith(":") or len(title.split()) < _TITLE_WORDS
        if len(title) > _TITLE_LENGTH[1] / 2 or not (unfinished or block.size > size - 0.5):
            break
        title = f"{title} {block.text}"
    return clean_line(title)


def _can_be_title(block: Block) -> bool:
    text = block.text.strip()
    fits = block.kind != "row" and _TITLE_LENGTH[0] <= len(text) <= _TITLE_LENGTH[1]
    return fits and bool(re.search(r"[^\W\d_]{3}", text)) and not _DATE_ONLY.fullmatch(text)


def _authors(stated: str) -> tuple[str, ...]:
    names = [name.strip() for name in re.split(r"[;,]| and ", stated)]
    publishers = [pattern for rule in _rules()["publisher"] for pattern in rule["patterns"]]
    if _any(publishers, stated):
        return ()
    return tuple(name for name in names if name and not _any(_rules()["titles"]["authors"], name))


def _publisher(author: str, printed: Printed) -> str:
    copyright_lines = "\n".join(_COPYRIGHT.findall(f"{printed.front}\n{printed.last}"))
    names = chain.from_iterable(map(_publishers, (author, copyright_lines)))
    return next(chain(names, _publishers(printed.first, _LINE_SHARE)), "")


def _publishers(text: str, share: float = 0.0) -> Iterator[str]:
    """Publishers named in a text, in lines of which the name makes up at least `share`."""
    for rule in _rules()["publisher"]:
        for line in text.split("\n"):
            found = _first(rule["patterns"], line, 0 if "name" not in rule else re.IGNORECASE)
            if found and len(found.group()) >= share * len(line):
                yield str(rule.get("name", " ".join(found.group().split())))


def _guidance(publisher: str, printed: Printed, keywords: str) -> str:
    for rule in _rules()["guidance"]:
        if rule["publisher"] == publisher:
            found = _first(rule["patterns"], f"{keywords}\n{printed.front}", 0)
            if found:
                return found.group(1).upper()
    return ""


def _licence(printed: Printed) -> str:
    text = f"{printed.front}\n{printed.last}"
    names = (rule["name"] for rule in _rules()["licence"] if _any(rule["patterns"], text))
    return str(next(names, ""))


def _year(title: str, printed: Printed, created: str) -> int | None:
    for pattern in _YEARS:
        for line in printed.first.split("\n"):
            found = pattern.search(line)
            if found and len(found.group()) >= _LINE_SHARE * len(line):
                return int(found.group(1))
    sure = _TITLE_YEAR.search(title) or _CREATED.match(created)
    return int(sure.group(1)) if sure else None


def _doi(printed: Printed) -> str:
    """The only DOI of the first pages, if it has a line of the first page to itself.

    Any other is more likely that of a work cited.
    """
    if len(set(_DOI.findall(printed.front))) != 1:
        return ""
    for line in printed.first.split("\n"):
        found = _DOI.search(line)
        if found and len(found.group()) >= _OWN_LINE * len(line):
            return found.group(1).rstrip(".,;)")
    return ""


def _any(patterns: Iterable[str], text: str) -> bool:
    return _first(patterns, text, re.IGNORECASE) is not None


def _first(patterns: Iterable[str], text: str, flags: int) -> re.Match[str] | None:
    matches = (re.search(pattern, text, flags) for pattern in patterns)
    return next((match for match in matches if match), None)


@cache
def _rules() -> dict[str, Any]:
    return tomllib.loads((DATA / "publishers.toml").read_text("utf-8"))
