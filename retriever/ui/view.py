"""Which page or part of a document is shown, and where the quotation stands in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from retriever.schema import Document, Page

PART_LENGTH = 4000
"""Characters shown at once of a document that has no pages."""


@dataclass(frozen=True)
class View:
    """One page or part of a document, and the quotation to mark.

    Attributes:
        parts: The document's pages; parts of its text where it has no pages. Never empty.
        number: Which of them is shown, from 1.
        quotation: The quotation's span in the document's text, or None.
        asked: The address's values of the answer that led here; empty without one.
    """

    document: Document
    parts: tuple[Page, ...]
    number: int
    quotation: tuple[int, int] | None
    asked: str = ""

    @classmethod
    def from_address(cls, document: Document, address: Mapping[str, str]) -> View:
        """What an address asks for; a page or place that the document does not have is left out.

        Args:
            document: The document that the address names.
            address: `page`, `start` and `end`, each a number, and `asked`; all optional.
        """
        parts = document.pages or tuple(_parts(document.text)) or (Page(1, 0, 0),)
        start, end = _number(address.get("start")), _number(address.get("end"))
        quotation = None
        if start is not None and end is not None and start < end <= len(document.text):
            quotation = (start, end)
        number = _number(address.get("page"))
        if number is None or not 1 <= number <= len(parts):
            number = _first_holding(parts, quotation)
        return cls(document, parts, number, quotation, address.get("asked", ""))

    @property
    def part(self) -> Page:
        """The page or part shown."""
        return self.parts[self.number - 1]

    @property
    def unit(self) -> str:
        """What a part is called."""
        return "page" if self.document.pages else "part"

    @property
    def quoted_on(self) -> list[int]:
        """The numbers of the pages or parts that hold some of the quotation."""
        if self.quotation is None:
            return []
        start, end = self.quotation
        return [part.number for part in self.parts if start < part.end and part.start < end]

    @property
    def quotation_here(self) -> str:
        """What of the quotation stands on the page or part shown."""
        if self.quotation is None:
            return ""
        start, end = self.quotation
        return self.document.text[max(start, self.part.start) : min(end, self.part.end)]

    def address_of(self, number: int) -> dict[str, object]:
        """The address's values for another page or part of the same document."""
        start, end = self.quotation or (None, None)
        return {"document": self.document.id, "start": start, "end": end, "page": number,
                "asked": self.asked}


def _number(value: str | None) -> int | None:
    """A number out of an address, or None where there is none that could be meant."""
    fits = value is not None and value.isascii() and value.isdecimal() and len(value) < 10
    return int(value) if fits and value else None


def _first_holding(parts: tuple[Page, ...], quotation: tuple[int, int] | None) -> int:
    at = quotation[0] if quotation else 0
    return next((part.number for part in parts if at < part.end), 1)


def _parts(text: str) -> Iterator[Page]:
    start, number = 0, 1
    while start < len(text):
        end = _cut(text, start)
        yield Page(number, start, end)
        start, number = end, number + 1


def _cut(text: str, start: int) -> int:
    """Where a part that begins at `start` ends: after a block, else a line, else a word."""
    limit = start + PART_LENGTH
    if limit >= len(text):
        return len(text)
    for separator in ("\n\n", "\n", " "):
        at = text.rfind(separator, start, limit)
        if at > start:
            return at + len(separator)
    return limit
