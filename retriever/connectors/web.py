"""Any web page or PDF by its address, as far as its site's `robots.txt` lets programs."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.robotparser import RobotFileParser

from retriever.connectors import keep
from retriever.connectors.addresses import joined
from retriever.connectors.client import NAME, Client
from retriever.connectors.pages import WebPage, read_page
from retriever.connectors.records import Candidate, Fetched, Record, Request, Status
from retriever.connectors.shapes import proposed
from retriever.errors import FetchError
from retriever.loaders import detect

_DATES = ("citation_publication_date", "dc.date", "dcterms.issued", "article:published_time")


class Robots:
    """What sites ask of programs in `robots.txt`; each site is asked once."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._rules: dict[str, RobotFileParser] = {}

    def check(self, address: str) -> None:
        """Refuse an address that programs are asked to leave alone.

        Raises:
            FetchError: They are, or the site cannot be asked.
        """
        rules = self._of(address)
        if not rules.can_fetch(NAME, address):
            raise FetchError(
                f"{urlsplit(address).hostname} asks programs not to fetch {address} "
                "(robots.txt). Open it in a browser, save it and add the file."
            )
        if delay := rules.crawl_delay(NAME):
            self._client.slow_down(urlsplit(address).hostname or "", float(delay))

    def _of(self, address: str) -> RobotFileParser:
        site = joined(address, "/robots.txt")
        if site not in self._rules:
            rules = RobotFileParser(site)
            try:
                _, data = self._client.get(site)
                rules.parse(data.decode("utf-8", "replace").splitlines())
            except FetchError as error:
                if not 400 <= error.code < 500 or error.code == 429:
                    raise
                rules.parse([])  # a site without rules lets everything
            self._rules[site] = rules
        return self._rules[site]


class Web:
    """Fetches what stands at an address. See `Connector` for the contract."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._robots = Robots(client)

    def discover(self, request: Request) -> list[Candidate]:
        """The page or file at an address, and the PDF that a page names as its own text."""
        with self._client.open(request.text, allow=self._robots.check) as answer:
            if answer.media_type not in (detect.HTML, "application/xhtml+xml"):
                last = unquote(urlsplit(answer.address).path.rpartition("/")[2])
                kind = detect.PDF if answer.media_type == detect.PDF else ""
                return [
                    Candidate(
                        "web",
                        request.text,
                        title=last.removesuffix(".pdf") or answer.address,
                        kind=kind,
                        page=answer.address,
                        values=proposed({"url": answer.address}),
                    )
                ]
            page = read_page(answer.read(), answer.address)
        found = [self._page(request.text, answer.address, page)]
        if pdf := page.meta.get("citation_pdf_url"):
            found.append(_beside(found[0], joined(answer.address, pdf)))
        return found[: request.limit]

    def fetch(self, candidate: Candidate, folder: Path, known: Record | None = None) -> Fetched:
        """Fetch it, if `robots.txt` lets us."""
        return keep.take(self._client, candidate, folder, known, self._robots.check)

    def status(self, record: Record) -> Status:
        """Whether it is there, elsewhere, and the same."""
        return keep.status(self._client, record, self._robots.check)

    def _page(self, asked: str, address: str, page: WebPage) -> Candidate:
        fault = page.fault and (
            f"it is {page.fault}. Open it in a browser; if you may read it there, save it as PDF "
            "and add the file."
        )
        values = proposed({"url": address, "licence": page.licence})
        return Candidate(
            "web",
            asked,
            title=page.title or address,
            kind=detect.HTML,
            licence=page.licence,
            date=_date(page),
            refused=fault,
            page=address,
            values=values,
        )


def _beside(page: Candidate, pdf: str) -> Candidate:
    return Candidate(
        "web",
        pdf,
        title=page.title,
        kind=detect.PDF,
        licence=page.licence,
        date=page.date,
        page=page.page,
        values=page.values,
    )


def _date(page: WebPage) -> str:
    stated = next((page.meta[name] for name in _DATES if page.meta.get(name)), "")
    found = re.match(r"\d{4}(?:[-/]\d{1,2}(?:[-/]\d{1,2})?)?", stated)
    return found[0].replace("/", "-") if found else ""
