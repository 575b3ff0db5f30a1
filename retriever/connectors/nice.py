"""NICE guidance by its number: what its page says of itself, and its PDF."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any

from retriever.connectors import keep
from retriever.connectors.client import Client
from retriever.connectors.pages import WebPage, read_page
from retriever.connectors.records import Candidate, Fetched, Record, Request, Status
from retriever.connectors.services import Nice as Service
from retriever.connectors.shapes import proposed, year
from retriever.connectors.web import Robots
from retriever.errors import FetchError
from retriever.loaders import detect


class Nice:
    """Reads the page of a guidance. See `Connector` for the contract."""

    def __init__(self, client: Client, service: Service) -> None:
        self._client = client
        self._service = service
        self._robots = Robots(client)

    def discover(self, request: Request) -> list[Candidate]:
        """The PDF of one guidance."""
        number = self._number(request.text)
        address, page = self._page(number)
        pdfs = [link for link, _ in page.links if self._service.pdf.search(link)]
        updated = self._day(page, self._service.updated)
        refused = "" if pdfs else (
            "its page names no PDF. Open the page in a browser, save what you need and add the file"
        )
        return [
            Candidate(
                "nice",
                pdfs[0] if pdfs else "",
                title=_title(page, number),
                kind=detect.PDF,
                licence=self._service.licence,
                date=updated or self._day(page, self._service.published),
                status=self._out_of_force(page) or (f"last updated {updated}" if updated else ""),
                refused=refused,
                page=address,
                values=self._values(number, address, page),
            )
        ]

    def fetch(self, candidate: Candidate, folder: Path, known: Record | None = None) -> Fetched:
        """Fetch the PDF, if `robots.txt` lets us."""
        return keep.take(self._client, candidate, folder, known, self._robots.check)

    def status(self, record: Record) -> Status:
        """Whether a guidance is in force, and its PDF the same."""
        number = self._number(str(record.values.get("guidance_id") or record.page))
        try:
            address, page = self._page(number)
        except FetchError as error:
            if error.code in (404, 410):
                return Status("gone", str(error))
            raise
        if said := self._out_of_force(page):
            return Status("withdrawn", f"NICE: {number} {said}.", self._successor(page))
        there = self._service.number.search(address)
        if there and there[0].upper() != number:
            return Status(
                "moved", f"NICE sends readers of {number} to {there[0].upper()}.", address
            )
        updated = self._day(page, self._service.updated)
        if record.date and updated > record.date:
            return Status(
                "changed",
                f"NICE updated {number} on {updated}. Fetch it again, read what changed, and "
                "replace the file.",
                address,
            )
        if not record.fingerprint:
            dated = updated or self._day(page, self._service.published)
            return Status("unknown", keep.unknown(f"NICE has {number}", dated), address)
        return keep.status(self._client, record, self._robots.check)

    def _page(self, number: str) -> tuple[str, WebPage]:
        address = f"{self._service.service}/guidance/{number.lower()}"
        answer, data = self._client.get(address, allow=self._robots.check)
        page = read_page(data, answer.address)
        if not page.text:
            raise FetchError(f"{address} is empty. Open it in a browser, and add what you find.")
        return answer.address, page

    def _number(self, text: str) -> str:
        found = self._service.number.search(text)
        if not found:
            raise FetchError(
                f"'{text}' is not the number of a NICE guidance: give one like NG12 or PH49."
            )
        return found[0].upper()

    def _out_of_force(self, page: WebPage) -> str:
        """What the page says of its end ("was replaced by NG209"); nothing: it says nothing."""
        if found := self._service.replaced.search(page.text):
            return f"was replaced by {found[1].strip()}"
        found = self._service.withdrawn.search(page.text)
        return f"was withdrawn ({found[1].strip()})" if found else ""

    def _successor(self, page: WebPage) -> str:
        """Address of the guidance that the page names as what replaced it."""
        replaced = self._service.replaced.search(page.text)
        number = replaced and self._service.number.search(replaced[1])
        return f"{self._service.service}/guidance/{number[0].lower()}" if number else ""

    def _values(self, number: str, address: str, page: WebPage) -> dict[str, Any]:
        published = self._day(page, self._service.published)
        updated = self._day(page, self._service.updated)
        replaced = self._service.replaced.search(page.text)
        successor = replaced and self._service.number.search(replaced[1])
        if successor:
            status = f"superseded-by: {successor[0].upper()}"
        elif self._out_of_force(page):
            status = "withdrawn"
        else:
            status = f"updated: {updated[:4]}" if updated else ""
        values: dict[str, Any] = {
            "title": _title(page, number),
            "publisher": self._service.publisher,
            "year": year(published),
            "url": address,
            "guidance_id": number,
            "licence": self._service.licence,
            "source_type": self._service.source_type,
            "status": status,
        }
        return proposed(values)

    def _day(self, page: WebPage, pattern: re.Pattern[str]) -> str:
        """A date that the page states, `2015-06-23`; empty where it does not."""
        found = pattern.search(page.text)
        try:
            return datetime.strptime(found[1], "%d %B %Y").date().isoformat() if found else ""
        except ValueError:
            return ""


def _title(page: WebPage, number: str) -> str:
    """The guidance's title without the names of site and section that follow it."""
    return re.split(r"\s+\|\s+", page.title)[0] or number
