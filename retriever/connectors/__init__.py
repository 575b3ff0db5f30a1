"""Documents from the web: one connector per service. Off unless `[web]` in the settings says so.

A new service is one file with one class, one line in `CONNECTORS` and its words in
`retriever/data/connectors.toml`. Nothing here adds anything to the library: what is fetched waits
until a librarian accepts it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
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
    Record,
    Request,
    State,
    Status,
)
from retriever.connectors.services import Services, services
from retriever.connectors.web import Web
from retriever.errors import FetchError

__all__ = [
    "CONNECTORS", "Candidate", "Client", "Connector", "Fetched", "Record", "Request", "State",
    "Status", "asked_of", "fetch", "fetched", "of_address", "open_connector", "services", "waiting",
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
    return "web", address


def fetch(connector: Connector, candidate: Candidate, root: Path) -> Fetched:
    """Fetch a candidate, so that it waits for the librarian; not again if it has not changed.

    Args:
        connector: The one that found it.
        candidate: One that is not refused.
        root: The library's folder.

    Raises:
        FetchError: It cannot be had; says why and what to do.
    """
    before = keep.known(root, candidate.address)
    return connector.fetch(candidate, root / keep.INCOMING, before)
