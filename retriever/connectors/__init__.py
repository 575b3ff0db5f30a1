"""Documents from the web: one connector per service. Off unless `[web]` in the settings says so.

A new service is one file with one class, one line in `CONNECTORS` and its words in
`retriever/data/connectors.toml`. Nothing here adds anything to the library: what is fetched waits
until a librarian accepts it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from retriever.connectors import keep
from retriever.connectors.client import Client
from retriever.connectors.europepmc import EuropePmc
from retriever.connectors.govuk import GovUk
from retriever.connectors.keep import fetched, waiting
from retriever.connectors.nice import Nice
from retriever.connectors.records import (
    Candidate,
    Connector,
    Fetched,
    Outcome,
    Record,
    Request,
    State,
    Status,
)
from retriever.connectors.services import Services, services
from retriever.connectors.web import Web
from retriever.corpus import scan
from retriever.errors import FetchError
from retriever.schema import Progress

__all__ = [
    "CONNECTORS", "Candidate", "Client", "Connector", "Fetched", "Outcome", "Record", "Request",
    "State", "Status", "asked_of", "fetch_all", "fetched", "held", "look_all", "of_address",
    "open_connector", "services", "waiting",
]  # fmt: skip

CONNECTORS: dict[str, Callable[[Client, Services], Connector]] = {
    "web": lambda client, _: Web(client),
    "govuk": lambda client, known: GovUk(client, known.govuk),
    "europepmc": lambda client, known: EuropePmc(client, known.europepmc),
    "nice": lambda client, known: Nice(client, known.nice),
}


def open_connector(name: str, client: Client, known: Services | None = None) -> Connector:
    """The connector of that name."""
    return CONNECTORS[name](client, known or services())


def asked_of(text: str, known: Services | None = None) -> tuple[str, str]:
    """Which connector a person means, and what is asked of it.

    Args:
        text: `govuk:PATH`, `europepmc:QUERY`, `nice:NG12`, or an address.
        known: The services; those of the packaged file where left out.

    Raises:
        FetchError: It is none of these.
    """
    name, colon, rest = text.strip().partition(":")
    if colon and name.lower() in CONNECTORS and rest.strip():
        return name.lower(), rest.strip()
    if re.match(r"https?://", text.strip()):
        return of_address(text.strip(), known or services())
    raise FetchError(
        f"'{text}' is nothing that can be fetched: give an address that begins with https://, or "
        "govuk:PATH, europepmc:QUERY or nice:NUMBER."
    )


def of_address(address: str, known: Services) -> tuple[str, str]:
    """Which connector knows most of an address, and what to ask of it."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "web", address
    site = f"{parts.scheme}://{parts.netloc}".lower()
    guidance = re.match(r"/guidance/([a-z]+\d+)(?:/|$)", parts.path, re.IGNORECASE)
    if site == known.nice.service and guidance and known.nice.number.fullmatch(guidance[1]):
        return "nice", guidance[1].upper()
    if site == known.govuk.service and parts.path.strip("/"):
        return "govuk", parts.path
    article = re.escape(known.europepmc.page).replace(r"\{source\}", r"\w+")
    if found := re.fullmatch(article.replace(r"\{id\}", r"(\w+)"), address):
        return "europepmc", found[1]
    return "web", address


def fetch_all(
    client: Client,
    root: Path,
    wanted: Sequence[str],
    limit: int = 20,
    dry_run: bool = False,
    known: Services | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
    done: Collection[str] = (),
) -> Iterator[Outcome]:
    """Fetch what people ask for, so that it waits; one that fails does not stop the others.

    Args:
        client: The polite one.
        root: The library's folder.
        wanted: Each as `asked_of` takes it.
        limit: How many documents at most for each.
        dry_run: Only say what there is.
        known: The services; those of the packaged file where left out.
        progress: Told before something is asked for or fetched; what it raises ends the work.
        done: Addresses of documents that are passed over.

    Yields:
        What became of each document as soon as it is known, in the order of its source.

    Raises:
        LockHeld: Something else is being fetched for this library.
        StorageError: The folder cannot be written.
    """
    for asked_for, text in enumerate(wanted):
        try:
            name, asked = asked_of(text, known)
            progress(Progress("looking", asked_for, len(wanted), asked))
            connector = open_connector(name, client, known)
            candidates = connector.discover(Request(asked, limit))
        except FetchError as error:
            yield Outcome(text, "failed", str(error), Candidate("", "", title=text))
            continue
        for number, candidate in enumerate(candidates):
            if candidate.address and candidate.address in done:
                continue
            if not dry_run:
                progress(Progress("fetching", number, len(candidates), candidate.title))
            yield _fetched(connector, candidate, root, text, dry_run)


def _fetched(
    connector: Connector, candidate: Candidate, root: Path, wanted: str, dry_run: bool
) -> Outcome:
    if candidate.refused:
        says = f"{candidate.refused[:1].upper()}{candidate.refused[1:]}".rstrip(".")
        return Outcome(wanted, "not-fetched", f"{says}.", candidate)
    if dry_run:
        return Outcome(wanted, "found", "It can be fetched.", candidate)
    try:
        before = keep.known(root, candidate.address)
        done = connector.fetch(candidate, root / keep.INCOMING, before)
    except FetchError as error:
        return Outcome(wanted, "failed", str(error), candidate)
    where = done.path.relative_to(root).as_posix() if done.path else ""
    says = _SAYS[done.outcome, bool(where)].format(where)
    return Outcome(wanted, done.outcome, says, candidate, done.record)


_SAYS = {
    ("fetched", True): "It lies in {} and waits for you to accept it.",
    ("changed", True): "Another version than before; it lies in {} and waits for you to accept it.",
    ("not-changed", True): "It has not changed since it was fetched, and still waits in {}.",
    ("not-changed", False): "It has not changed since it was fetched, and is in the library.",
}


def look_all(
    client: Client, records: Sequence[Record], known: Services | None = None
) -> Iterator[tuple[Record, Status | FetchError]]:
    """Look how it stands now with documents that came from an address.

    Args:
        client: The polite one.
        records: Those of `held`.
        known: The services; those of the packaged file where left out.

    Yields:
        Each record with how it stands, or why that could not be told.
    """
    open_ones: dict[str, Connector] = {}
    for record in records:
        name = record.connector
        if name not in open_ones:
            open_ones[name] = open_connector(name, client, known)
        try:
            yield record, open_ones[name].status(record)
        except FetchError as error:
            yield record, error


def held(root: Path, known: Services | None = None) -> list[Record]:
    """Documents of the library that came from an address, in order of path.

    Of those that were not fetched by this program only the address in their sidecar is known;
    the others have what was written down when they were fetched. `name` is the path below
    `corpus/`.

    Args:
        root: The library's folder.
        known: The services; those of the packaged file where left out.
    """
    by_content = {record.sha256: record for record in fetched(root)}
    found = []
    for source in scan(root / "corpus"):
        values = source.sidecar.values if source.sidecar else {}
        if record := by_content.get(source.sha256):
            found.append(replace(record, name=source.path))
        elif address := values.get("url"):
            connector, _ = of_address(address, known or services())
            title = values.get("title", "")
            found.append(
                Record(source.path, connector, address, address, address, title, values=values)
            )
    return found
