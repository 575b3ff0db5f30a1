"""Whether the addresses of documents still lead to them, as it was when somebody last looked.

    keeping/links.json      of each document that has an address, how that was found, and when

Looking asks other computers, so it is done only when somebody wants it, and only where the web is
switched on. What was looked at longest ago comes first: a look that was stopped goes on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from retriever.connectors import Client, Record, State, Status, held, look_all
from retriever.connectors.services import Services
from retriever.errors import FetchError
from retriever.journal import KEEPING, write_whole
from retriever.schema import Progress, to_dict

_FILE = f"{KEEPING}/links.json"
_EVERY = 20  # looked at between two times that what was found is written down


@dataclass(frozen=True)
class Look:
    """How a document's address was found.

    Attributes:
        path: The document's, below `corpus/`.
        address: What was asked.
        fetched: Whether the very file was fetched from there; else its record names the address.
        state: See `connectors.records.Status`; `failed`: it could not be told.
        says: What a librarian is told.
        at: The day in UTC, `2026-11-26`.
    """

    path: str
    address: str
    fetched: bool
    state: State | Literal["failed"]
    says: str
    at: str


def looks(root: Path) -> dict[str, Look]:
    """What was found, by the documents' paths; empty where nobody looked, or it is damaged."""
    try:
        rows = json.loads((root / _FILE).read_text("utf-8"))
        return {row["path"]: Look(**row) for row in rows}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def look(
    root: Path,
    client: Client,
    progress: Callable[[Progress], None] = lambda _: None,
    known: Services | None = None,
) -> dict[str, Look]:
    """Ask all addresses, and keep what is found.

    Args:
        root: The library's folder.
        client: The polite one.
        progress: Told of each document before it is looked at; what it raises ends the look.
        known: The services; those of the packaged file where left out.

    Returns:
        What was found, by the documents' paths.
    """
    before = looks(root)
    records = sorted(held(root, known), key=lambda record: (_last(before, record), record.name))
    found = {record.name: before[record.name] for record in records if record.name in before}
    try:
        results = look_all(client, records, known)
        for number, record in enumerate(records):
            progress(Progress("looking", number, len(records), record.name))
            _, status = next(results)
            found[record.name] = _as_found(record, status)
            if number % _EVERY == 0:
                _keep(root, found)
    finally:
        _keep(root, found)
    progress(Progress("looking", len(records), len(records)))
    return found


def _as_found(record: Record, status: Status | FetchError) -> Look:
    state: State | Literal["failed"] = "failed"
    says = str(status)
    if isinstance(status, Status):
        state, says = status.state, status.says
    today = datetime.now(UTC).date().isoformat()
    return Look(record.name, record.address, bool(record.sha256), state, says, today)


def forget(root: Path, path: str) -> None:
    """Forget the address of a document that is deleted for good."""
    found = looks(root)
    if found.pop(path, None):
        _keep(root, found)


def _keep(root: Path, found: Mapping[str, Look]) -> None:
    rows = [to_dict(found[path]) for path in sorted(found)]
    write_whole(root / _FILE, json.dumps(rows, ensure_ascii=False, indent=1) + "\n")


def _last(before: Mapping[str, Look], record: Record) -> str:
    """The day when a document's address was last looked at; empty where it never was."""
    one = before.get(record.name)
    return one.at if one and one.address == record.address else ""
