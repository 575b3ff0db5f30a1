"""GOV.UK publications through the Content API: what is attached, and whether it still holds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from retriever.connectors import keep
from retriever.connectors.addresses import joined
from retriever.connectors.client import Client
from retriever.connectors.pages import read_page
from retriever.connectors.records import Candidate, Fetched, Record, Request, Status
from retriever.connectors.services import GovUk as Service
from retriever.connectors.shapes import proposed, rows, table, text, year
from retriever.errors import FetchError
from retriever.loaders import detect

Item = Mapping[str, Any]


class GovUk:
    """Finds publications and the documents of collections. See `Connector` for the contract."""

    def __init__(self, client: Client, service: Service) -> None:
        self._client = client
        self._service = service

    def discover(self, request: Request) -> list[Candidate]:
        """What is attached to the page at a path; of a collection, what its documents have."""
        item = self._item(request.text)
        found: list[Candidate] = []
        for candidates in self._all(item):
            found += candidates
            if len(found) >= request.limit:
                break
        if not found:
            raise FetchError(
                f"{self._web(item)} has no document of its own (it is a "
                f"{text(item, 'document_type').replace('_', ' ') or 'page'}). Give the path of a "
                "publication, guidance or collection."
            )
        return found[: request.limit]

    def fetch(self, candidate: Candidate, folder: Path, known: Record | None = None) -> Fetched:
        """Fetch one attachment or page."""
        return keep.take(self._client, candidate, folder, known)

    def status(self, record: Record) -> Status:
        """Whether the page still stands where it stood, and has the same file."""
        path = urlsplit(record.page or record.address).path
        try:
            item = self._item(path)
        except FetchError as error:
            if error.code in (404, 410):
                return Status("gone", str(error))
            raise
        if notice := _withdrawn(item):
            said, successor = _notice(notice, self._service.service)
            more = f" It names {successor}: see whether that replaces it." if successor else ""
            return Status("withdrawn", f"GOV.UK: {said}{more}", successor)
        if not f"{path}/".startswith(f"{_base(item)}/"):
            return Status(
                "moved",
                f"GOV.UK has it at {self._web(item)} now. Correct the link in its record.",
                self._web(item),
            )
        return self._file(record, item)

    def _file(self, record: Record, item: Item) -> Status:
        """How it stands with the file of a page that still stands."""
        if not record.fingerprint:
            says = keep.unknown("It stands on GOV.UK", _day(item))
            return Status("unknown", says, self._web(item))
        listed = [candidate.address for candidate in self._own(item)]
        if record.address not in listed:
            return Status(
                "changed",
                f"{self._web(item)} does not list this file any more; it was last changed on "
                f"{_day(item)}. Fetch it again and see what replaced the file.",
                self._web(item),
            )
        return keep.status(self._client, record)

    def _all(self, item: Item) -> Iterator[list[Candidate]]:
        yield self._own(item)
        for link in rows(item, "links", "documents"):
            if link.get("withdrawn"):
                yield [self._left(link, "withdrawn by its publisher")]
                continue
            try:
                yield self._own(self._item(text(link, "base_path")))
            except FetchError as error:
                if not error.code:
                    raise
                yield [self._left(link, str(error))]

    def _own(self, item: Item) -> list[Candidate]:
        attachments = [part for part in rows(item, "details", "attachments") if text(part, "url")]
        if parts := rows(item, "details", "parts"):
            return [self._part(item, part, n) for n, part in enumerate(parts)]
        found = [self._attachment(item, part) for part in attachments]
        only_cover = bool(attachments) and text(item, "schema_name") in self._service.covers
        collection = bool(rows(item, "links", "documents"))
        if table(item, "details").get("body") and not only_cover and not collection:
            page = self._candidate(item, self._web(item), text(item, "title"), detect.HTML)
            found.insert(0, page)
        return found

    def _attachment(self, item: Item, part: Item) -> Candidate:
        address = joined(self._service.service, text(part, "url"))
        how = text(part, "attachment_type")
        kind = detect.HTML if how == "html" else text(part, "content_type")
        title = text(part, "title") or text(item, "title")
        refused = ""
        if how == "external":
            refused = f"it lies on another site: fetch {address} by itself"
        elif kind and kind not in self._service.readable:
            refused = f"a file of the kind {kind}, which cannot be read here"
        return self._candidate(item, address, title, kind, refused)

    def _part(self, item: Item, part: Item, number: int) -> Candidate:
        """One page of a guide; the first stands at the guide's own address."""
        address = f"{self._web(item)}/{text(part, 'slug')}" if number else self._web(item)
        title = f"{text(item, 'title')}: {text(part, 'title')}"
        return self._candidate(item, address, title, detect.HTML)

    def _candidate(
        self, item: Item, address: str, title: str, kind: str, refused: str = ""
    ) -> Candidate:
        organisations = _organisations(item)
        first = text(item, "first_published_at") or text(item, "public_updated_at")
        values: dict[str, Any] = {
            "title": title,
            "publisher": organisations[0] if organisations else "",
            "year": year(first),
            "url": self._web(item),
            "licence": self._service.licence,
            "source_type": self._service.source_types.get(text(item, "document_type"), ""),
        }
        status = ""
        if notice := _withdrawn(item):
            status = _notice(notice, self._service.service)[0]
            values["status"] = "withdrawn"
        return Candidate(
            "govuk",
            address,
            title=title,
            kind=kind if kind != detect.PLAIN else "",
            licence=self._service.licence,
            date=_day(item),
            status=status,
            refused=refused,
            page=self._web(item),
            values=proposed(values),
        )

    def _left(self, link: Item, why: str) -> Candidate:
        return Candidate(
            "govuk",
            "",
            title=text(link, "title"),
            refused=why,
            page=joined(self._service.service, text(link, "base_path")),
        )

    def _web(self, item: Item) -> str:
        return joined(self._service.service, _base(item))

    def _item(self, path: str) -> Item:
        """What the Content API says of a path.

        Raises:
            FetchError: There is nothing, not any more, or the answer is no content item.
        """
        clean = quote(path.strip().strip("/"), safe="/%:@.,_~-")
        address = f"{self._service.service}/api/content/{clean}"
        try:
            _, data = self._client.get(address, {"Accept": "application/json"})
        except FetchError as error:  # people know the page, not the interface
            raise FetchError(str(error).replace("/api/content/", "/"), error.code) from error
        try:
            item = json.loads(data)
        except ValueError:
            item = None
        if not _base(item).startswith("/"):
            raise FetchError(
                f"{address} did not answer as the GOV.UK Content API does. Try again later; if it "
                "goes on, fetch the document by its own address."
            )
        if text(item, "document_type") == "gone":
            details = table(item, "details")
            raise FetchError(_gone(self._web(item), details, self._service.service), 410)
        if text(item, "document_type") == "redirect":
            raise FetchError(
                f"{self._web(item)} sends readers to another page. Open it in a browser and give "
                "the path that it leads to.",
                404,
            )
        return table(item)


def _base(item: Item) -> str:
    return text(item, "base_path")


def _day(item: Item) -> str:
    return text(item, "public_updated_at")[:10]


def _organisations(item: Item) -> list[str]:
    """Who published it, the first one first."""
    names = ("primary_publishing_organisation", "organisations")
    titles = (text(part, "title") for name in names for part in rows(item, "links", name))
    return list(dict.fromkeys(filter(None, titles)))


def _withdrawn(item: Item) -> Item:
    """The notice of a page that was withdrawn; the API gives an empty one where it was not."""
    return table(item, "withdrawn_notice")


def _notice(notice: Item, service: str) -> tuple[str, str]:
    """What it says in plain words, and the first address that it names."""
    page = read_page(text(notice, "explanation").encode(), service)
    day = text(notice, "withdrawn_at")[:10]
    said = f"withdrawn on {day}" if day else "withdrawn"
    links = [address for address, _ in page.links]
    return f"{said}: {page.text}" if page.text else f"{said}.", links[0] if links else ""


def _gone(address: str, details: Item, service: str) -> str:
    page = read_page(text(details, "explanation").encode(), service)
    other = text(details, "alternative_path")
    return " ".join(
        filter(
            None,
            (
                f"{address} was taken down by its publisher (410).",
                page.text,
                f"It names {joined(service, other)} instead." if other else "",
            ),
        )
    )
