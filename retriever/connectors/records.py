"""What connectors speak of: what there is, what was fetched, and how it stands with it now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

State = Literal["unchanged", "changed", "moved", "withdrawn", "gone", "unknown"]


@dataclass(frozen=True)
class Request:
    """What a person asks a connector for.

    Attributes:
        text: An address, a path, a number or a query, as the connector takes it.
        limit: How many documents at most.
    """

    text: str
    limit: int = 20


@dataclass(frozen=True)
class Candidate:
    """A document that could be fetched, or that cannot be and why.

    Attributes:
        connector: Which one found it.
        address: Where its file is; empty where there is none to be had.
        title: As its source gives it.
        kind: Media type that its file should have; empty: any that can be read.
        licence: As its source states it; empty: not stated.
        date: When it was published or last changed, as its source states it, `2023-05-04`.
        status: What its source says of it ("withdrawn on 4 May 2023: …"); empty: nothing.
        refused: Why it cannot be fetched and what to do; empty: it can.
        page: The page that people open.
        values: Metadata proposed, by field of `schema.Metadata`; all of it stated by the source.
    """

    connector: str
    address: str
    title: str
    kind: str = ""
    licence: str = ""
    date: str = ""
    status: str = ""
    refused: str = ""
    page: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Record:
    """Where a file came from; kept beside it as JSON, and after it was accepted.

    Attributes:
        name: The file's name.
        connector: Which one fetched it.
        address: What was asked for; `final_address` after redirects; `page` that people open.
        title: As its source gives it.
        at: When, in UTC, ISO 8601.
        sha256: Of the file's bytes. size: How many.
        media_type: What the file was found to be.
        fingerprint: Of what it says: of a web page its visible words, else `sha256`.
        etag: The server's mark for this version; empty without. Likewise `last_modified`.
        licence: As its source states it; likewise `date` and `status`, see `Candidate`.
        values: Metadata proposed, by field of `schema.Metadata`.
    """

    name: str
    connector: str
    address: str
    final_address: str
    page: str
    title: str
    at: str = ""
    sha256: str = ""
    size: int = 0
    media_type: str = ""
    fingerprint: str = ""
    etag: str = ""
    last_modified: str = ""
    licence: str = ""
    date: str = ""
    status: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Fetched:
    """A file that lies there now.

    Attributes:
        outcome: `fetched` for the first time; `changed`: another version came in the place of one
            that was fetched before; `not-changed`: it is the one that was fetched before.
        path: Where it lies; None where it was not changed and lies here no more.
    """

    outcome: Literal["fetched", "changed", "not-changed"]
    record: Record
    path: Path | None


@dataclass(frozen=True)
class Outcome:
    """What became of one document that was asked for.

    Attributes:
        wanted: What the person asked for.
        outcome: As `Fetched.outcome`; `found`: it could be fetched; `not-fetched`: it cannot be,
            for a reason of its source's; `failed`: it could not be, and might be another time.
        says: What the person is told.
        candidate: The document; of it only the title is known where nothing was found.
        record: Of the file that lies there now; None without.
    """

    wanted: str
    outcome: Literal["fetched", "changed", "not-changed", "found", "not-fetched", "failed"]
    says: str
    candidate: Candidate
    record: Record | None = None


@dataclass(frozen=True)
class Status:
    """How it stands with a document where it came from.

    Attributes:
        state: `moved` has a new address; `gone` is not there any more; `unknown` is there, but
            nothing is kept to compare it with.
        says: What a librarian is told: one or two sentences, with what to do.
        address: The new address, or that of what replaced it; empty without.
    """

    state: State
    says: str
    address: str = ""


class Connector(Protocol):
    """One service.

    Raises:
        FetchError: The service cannot be asked, or does not have it; says what to do.
    """

    def discover(self, request: Request) -> list[Candidate]:
        """What there is."""

    def fetch(self, candidate: Candidate, folder: Path, known: Record | None = None) -> Fetched:
        """Put a candidate's file into a folder, with its record beside it.

        Args:
            candidate: One that is not refused.
            folder: Where fetched files wait.
            known: What was fetched of it before and is still held.
        """

    def status(self, record: Record) -> Status:
        """How it stands now with what was fetched."""
