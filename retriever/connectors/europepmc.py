"""Articles of Europe PMC, by id or by query: open-access full text as JATS, with its licence."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from retriever.connectors import keep
from retriever.connectors.client import Client
from retriever.connectors.records import Candidate, Fetched, Record, Request, Status
from retriever.connectors.services import EuropePmc as Service
from retriever.connectors.shapes import proposed, rows, table, text, year
from retriever.errors import FetchError
from retriever.loaders import detect

Result = Mapping[str, Any]

_MOST = 100  # results on a page
_IDS = (
    (re.compile(r"(PMC\d+)", re.IGNORECASE), "PMCID:{0}"),
    (re.compile(r"(?:PMID:?\s*)?(\d{5,9})", re.IGNORECASE), "EXT_ID:{0} AND SRC:MED"),
    (re.compile(r"(PPR\d+)", re.IGNORECASE), "EXT_ID:{0} AND SRC:PPR"),
    (re.compile(r"(?:doi:\s*|https?://doi\.org/)?(10\.\d{4,9}/\S+)", re.IGNORECASE), 'DOI:"{0}"'),
)


class EuropePmc:
    """Finds articles and fetches those that are open access. See `Connector` for the contract."""

    def __init__(self, client: Client, service: Service) -> None:
        self._client = client
        self._service = service

    def discover(self, request: Request) -> list[Candidate]:
        """The articles that a PMCID, PMID, DOI or query finds, in Europe PMC's order."""
        found = []
        for result in self._results(_query(request.text), request.limit):
            found.append(self._candidate(result))
            if len(found) == request.limit:
                break
        if not found:
            raise FetchError(
                f"Europe PMC finds nothing for '{request.text}'. Check the number or the query."
            )
        return found

    def fetch(self, candidate: Candidate, folder: Path, known: Record | None = None) -> Fetched:
        """Fetch the full text of an article."""
        return keep.take(self._client, candidate, folder, known)

    def status(self, record: Record) -> Status:
        """Whether an article is still there, was taken back, or has another text."""
        wanted = _query(_id(record))
        result = next(self._results(wanted, 1), None)
        if result is None:
            return Status("gone", f"Europe PMC does not know it any more ({wanted}).")
        candidate = self._candidate(result)
        if candidate.status:
            return Status(
                "withdrawn",
                f"Europe PMC: {candidate.status}. Mark it as withdrawn in its record.",
            )
        if candidate.refused:
            return Status("gone", f"Its full text is not given out any more: {candidate.refused}.")
        if candidate.address != record.address:  # held under another address, such as its DOI
            return Status("unknown", "It is in Europe PMC, and was not taken back there.")
        return keep.status(self._client, record)

    def _results(self, query: str, limit: int) -> Iterator[Result]:
        """Results page by page, as far as they are asked for.

        Raises:
            FetchError: The service cannot be asked, or answers otherwise than it should.
        """
        mark = "*"
        while True:
            page = self._page(query, mark, min(max(limit, 1), _MOST))
            results = rows(page, "resultList", "result")
            yield from results
            following = text(page, "nextCursorMark")
            if not results or not following or following == mark:
                return
            mark = following

    def _page(self, query: str, mark: str, size: int) -> Mapping[str, Any]:
        asked = urlencode(
            {
                "query": query,
                "format": "json",
                "resultType": "core",
                "pageSize": size,
                "cursorMark": mark,
            }
        )
        _, data = self._client.get(f"{self._service.service}/search?{asked}")
        try:
            page = json.loads(data)
        except ValueError:
            page = None
        if isinstance(table(page, "resultList").get("result"), list):
            return table(page)
        said = text(page, "errMsg")
        raise FetchError(
            f"Europe PMC did not answer as it should{f': {said}' if said else ''}. Check the "
            "query; if it is right, try again later."
        )

    def _candidate(self, result: Result) -> Candidate:
        licence = _licence(result, self._service)
        open_access = text(result, "isOpenAccess") == "Y"
        identity = quote(text(result, "pmcid") or text(result, "id"), safe="")
        return Candidate(
            "europepmc",
            f"{self._service.service}/{identity}/fullTextXML" if open_access and identity else "",
            title=_title(result),
            kind=detect.JATS,
            licence=licence,
            date=text(result, "firstPublicationDate") or text(result, "pubYear"),
            status=self._taken_back(result),
            refused="" if open_access else _closed(result),
            page=self._page_of(result),
            values=self._values(result, licence),
        )

    def _values(self, result: Result, licence: str) -> dict[str, Any]:
        doi = text(result, "doi")
        authors = (text(author, "fullName") for author in rows(result, "authorList", "author"))
        values: dict[str, Any] = {
            "title": _title(result),
            "authors": tuple(filter(None, authors)),
            "publisher": text(result, "journalInfo", "journal", "title"),
            "year": year(text(result, "pubYear")),
            "url": f"https://doi.org/{doi}" if doi else self._page_of(result),
            "doi": doi,
            "licence": licence,
            "status": "withdrawn" if self._taken_back(result) else "",
        }
        return proposed(values)

    def _page_of(self, result: Result) -> str:
        return self._service.page.format(source=text(result, "source"), id=text(result, "id"))

    def _taken_back(self, result: Result) -> str:
        types = table(result, "pubTypeList").get("pubType")
        said = {str(name).casefold() for name in types} if isinstance(types, list) else set()
        notices = rows(result, "commentCorrectionList", "commentCorrection")
        said |= {text(notice, "type").casefold() for notice in notices}
        return next((name for name in self._service.retracted if name.casefold() in said), "")


def _closed(result: Result) -> str:
    place = "in Europe PMC, but only to be read there" if text(result, "inEPMC") == "Y" else \
        "not in Europe PMC"
    return (
        f"it is not open access: its full text is {place}. If you may use it, save it from its "
        "publisher's page and add the file"
    )


def _licence(result: Result, service: Service) -> str:
    stated = text(result, "license")
    return service.licences.get(stated.casefold(), stated)


def _title(result: Result) -> str:
    """A title without tags and without the full stop that Europe PMC puts behind it."""
    return re.sub(r"<[^>]*>", "", text(result, "title")).removesuffix(".")


def _query(asked: str) -> str:
    for pattern, query in _IDS:
        if found := pattern.fullmatch(asked.strip()):
            return query.format(found[1])
    return asked.strip()


def _id(record: Record) -> str:
    """How an article is known: the number in its address, or its DOI."""
    found = re.search(r"(PMC\d+|PPR\d+)|/MED/(\d+)", f"{record.address} {record.page}")
    if found:
        return found[1] or found[2]
    return str(record.values.get("doi", "")) or record.address
