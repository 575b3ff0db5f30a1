"""Fetched files wait in `keeping/incoming/` until a librarian accepts them, each with its record.

What lies where, below the library's folder:

    keeping/incoming/NAME.pdf         a file that was fetched whole
    keeping/incoming/NAME.pdf.json    where it came from
    keeping/incoming/.KEY.part        one that broke off, and .KEY.json with the version it is of
    keeping/fetched/NAME.pdf.json     the record of a file that was accepted
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from retriever.connectors.client import Answer, Client
from retriever.connectors.pages import read_page
from retriever.connectors.records import Candidate, Fetched, Record, Status
from retriever.corpus import is_document, slug
from retriever.errors import FetchError, LockHeld, StorageError, UnreadableFile
from retriever.journal import KEEPING
from retriever.loaders import detect
from retriever.schema import to_dict

INCOMING = f"{KEEPING}/incoming"
ACCEPTED = f"{KEEPING}/fetched"

_SUFFIXES = {
    detect.PDF: ".pdf",
    detect.DOCX: ".docx",
    detect.HTML: ".html",
    detect.JATS: ".xml",
    detect.MARKDOWN: ".md",
    detect.PLAIN: ".txt",
}
KINDS = {
    detect.PDF: "a PDF",
    detect.DOCX: "a Word file",
    detect.HTML: "a web page",
    detect.JATS: "an article in JATS XML",
    detect.MARKDOWN: "Markdown",
    detect.PLAIN: "plain text",
    detect.PNG: "a picture (PNG)",
    detect.JPEG: "a picture (JPEG)",
    detect.TIFF: "a picture (TIFF)",
}
"""Media types in words."""

STALE = 30  # days: after so long a server hardly ever has the same file still
_LONGEST_NAME = 50  # letters; in bytes with all that is added within what a disk takes

Allow = Callable[[str], None]
"""Called with each address before it is asked; raises FetchError where it must not be."""


def waiting(root: Path) -> list[Record]:
    """What was fetched and waits for a librarian, in order of name.

    Files that a crash left without a record, or records without a file, are not listed: fetching
    the same again mends them.

    Args:
        root: The library's folder.
    """
    return [
        record for record in _records(root / INCOMING) if (root / INCOMING / record.name).is_file()
    ]


def fetched(root: Path) -> list[Record]:
    """The records of all that was ever fetched, in order of name, then of time."""
    records = [*_records(root / INCOMING), *_records(root / ACCEPTED)]
    return sorted(records, key=lambda record: (record.name, record.at))


def known(root: Path, address: str) -> Record | None:
    """What was fetched from an address before, if that very file waits or is in the corpus."""
    for record in reversed(fetched(root)):
        if record.address == address and _held(root, record):
            return record
    return None


def forget(root: Path, copies: Collection[str]) -> None:
    """Delete what was fetched with some bytes, its records, and what broke off.

    Args:
        root: The library's folder.
        copies: SHA-256 of those bytes.
    """
    for folder in (root / INCOMING, root / ACCEPTED):
        for record in list(_records(folder)):
            if record.sha256 in copies:
                (folder / record.name).unlink(missing_ok=True)
                (folder / f"{record.name}.json").unlink()
    if (root / INCOMING).is_dir():
        # What it is of, nobody can tell; it costs another fetch. One at work keeps its own.
        with suppress(LockHeld), _only_one(root / INCOMING):
            drop_parts(root / INCOMING, 0)


def take(
    client: Client,
    candidate: Candidate,
    folder: Path,
    known: Record | None = None,
    allow: Allow | None = None,
) -> Fetched:
    """Fetch a candidate's file into `folder`; see `Connector.fetch`.

    What breaks off is kept and gone on with the next time, where the server offers that and its
    file is still the same.

    Raises:
        FetchError: It cannot be had, or is not what it should be.
        LockHeld: Something else is being fetched.
        StorageError: The folder cannot be written.
    """
    if candidate.refused:
        raise FetchError(f"{candidate.title or candidate.address}: {candidate.refused}")
    with _only_one(folder):
        drop_parts(folder, STALE)
        part = _Part(folder, candidate.address)
        headers = part.headers() or _if_changed(known)
        with client.open(candidate.address, headers, allow) as answer:
            if known and answer.status == 304:
                return _not_changed(known, candidate, folder)
            part.write(answer)
        if answer.status == 416:  # there is no rest: what lies there is not of this version
            part.drop()
            with client.open(candidate.address, allow=allow) as answer:
                part.write(answer)
        return _finish(part, candidate, answer, folder, known)


def status(client: Client, record: Record, allow: Allow | None = None) -> Status:
    """How it stands now with the file itself.

    Raises:
        FetchError: It cannot be had for another reason than that it is gone.
    """
    try:
        answer, data = client.get(record.address, _if_changed(record), allow)
    except FetchError as error:
        if error.code in (404, 410):
            return Status("gone", str(error))
        raise
    if answer.moved and answer.address != record.final_address:
        return Status(
            "moved",
            f"It has another address now: {answer.address}. Correct the link in its record.",
            answer.address,
        )
    if not record.fingerprint:
        return Status("unknown", unknown("It is there"))
    if answer.status == 304 or fingerprint(data, record.media_type) == record.fingerprint:
        return Status("unchanged", "It is as it was when it was fetched.")
    return Status(
        "changed",
        f"It has changed since it was fetched ({record.at[:10]}). Fetch it again, read what "
        "changed, and replace the file.",
    )


def unknown(there: str, dated: str = "") -> str:
    """What is said of a document that nothing is kept of to compare with.

    Args:
        there: Where it was found.
        dated: The day of its last change as its source states it; empty: not stated.
    """
    day = f", last changed on {dated}" if dated else ""
    return (
        f"{there}{day}. Whether it has changed since it was added cannot be told, for it was not "
        "fetched by this program."
    )


def fingerprint(data: bytes, media_type: str) -> str:
    """SHA-256 of what a file says; see `Record.fingerprint`."""
    if media_type == detect.HTML:  # its bytes change with every visit
        data = read_page(data, "").text.encode("utf-8", "replace")
    return hashlib.sha256(data).hexdigest()


def drop_parts(folder: Path, days: int) -> None:
    """Delete what broke off and was not gone on with for so many days."""
    latest = time.time() - days * 86_400
    for pattern in (".*.part", ".*.json", ".*.new"):
        for path in folder.glob(pattern):
            if path.stat().st_mtime <= latest:
                path.unlink()


class _Part:
    """A file on its way in."""

    def __init__(self, folder: Path, address: str) -> None:
        key = hashlib.sha256(address.encode()).hexdigest()[:12]
        self.path = folder / f".{key}.part"
        self._about = folder / f".{key}.json"

    def headers(self) -> dict[str, str]:
        """What to send so that the server goes on where it stopped; empty: from the start."""
        if not (self.path.is_file() and self._about.is_file() and self.path.stat().st_size):
            return {}
        etag = _read_json(self._about).get("etag", "")
        if not etag:
            return {}
        return {"Range": f"bytes={self.path.stat().st_size}-", "If-Range": etag}

    def write(self, answer: Answer) -> None:
        """Write what comes in behind what is there, or in its place."""
        if answer.status not in (200, 206):
            return
        begin = 0
        if answer.status == 206:
            begin = _begin(answer)
            if begin != self.path.stat().st_size:
                raise FetchError(
                    f"{answer.address} went on at the wrong place, and what came was dropped. "
                    "Fetch it again."
                )
        else:
            self.drop()
            etag = answer.headers.get("ETag", "")
            # A mark that is not for the very bytes is no ground to join two halves.
            strong = "" if etag.startswith("W/") or "Content-Encoding" in answer.headers else etag
            _write_json(self._about, {"etag": strong})
        with self.path.open("ab") as stream:
            for chunk in answer.chunks():
                stream.write(chunk)
            stream.flush()
            os.fsync(stream.fileno())

    def drop(self) -> None:
        self.path.unlink(missing_ok=True)
        self._about.unlink(missing_ok=True)

    def become(self, path: Path) -> None:
        """Be the file at `path`."""
        self.path.replace(path)
        self._about.unlink(missing_ok=True)


def _begin(answer: Answer) -> int:
    found = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range", ""))
    return int(found[1]) if found else -1


def _finish(
    part: _Part, candidate: Candidate, answer: Answer, folder: Path, known: Record | None
) -> Fetched:
    """Look at what came, and put it with its record in the folder, in one step."""
    try:
        media_type = _checked(part.path, candidate, answer)
    except FetchError:
        part.drop()
        raise
    data = part.path.read_bytes()
    record = Record(
        name=_name(candidate, media_type, known if known and _path(folder, known) else None),
        connector=candidate.connector,
        address=candidate.address,
        final_address=answer.address,
        page=candidate.page,
        title=candidate.title,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        media_type=media_type,
        fingerprint=fingerprint(data, media_type),
        etag=answer.headers.get("ETag", ""),
        last_modified=answer.headers.get("Last-Modified", ""),
        licence=candidate.licence,
        date=candidate.date,
        status=candidate.status,
        values=candidate.values,
    )
    if known and known.fingerprint == record.fingerprint:
        part.drop()
        return _not_changed(known, candidate, folder)
    # The record first: a file without one would have come from nowhere.
    _write_json(folder / f"{record.name}.json", to_dict(record))
    part.become(folder / record.name)
    return Fetched("changed" if known else "fetched", record, folder / record.name)


def _checked(path: Path, candidate: Candidate, answer: Answer) -> str:
    """The media type of what came, if it is what should have come and can be read.

    Raises:
        FetchError: It is something else.
    """
    where = candidate.address
    if not path.stat().st_size:
        raise FetchError(f"{where} is empty (0 bytes). Try again later, or look at its page.")
    try:
        media_type = detect.media_type(path)
    except UnreadableFile as error:
        raise FetchError(f"{where} gives {error}.") from error
    if media_type == detect.HTML and (fault := read_page(path.read_bytes(), where).fault):
        raise FetchError(
            f"{where} gives {fault}. Open it in a browser; if you may read it there, save it as "
            "PDF and add the file."
        )
    if media_type in detect.PICTURES:
        raise FetchError(
            f"{where} gives {KINDS[media_type]}, not a document. If it is a page that you need, "
            "save it and add the file."
        )
    if candidate.kind and media_type != candidate.kind:
        wanted = KINDS.get(candidate.kind, candidate.kind)
        raise FetchError(
            f"{where} should give {wanted}, but {KINDS[media_type]} came"
            f"{f' (from {answer.address})' if answer.address != where else ''}. Look at it in a "
            "browser."
        )
    return media_type


def _name(candidate: Candidate, media_type: str, waits: Record | None) -> str:
    """A name that tells what it is; that of the file whose place it takes, where one waits."""
    suffix = _SUFFIXES[media_type]
    if waits and waits.name.endswith(suffix):
        return waits.name
    key = hashlib.sha256(candidate.address.encode()).hexdigest()[:8]
    stem = slug(candidate.title or candidate.address)[:_LONGEST_NAME].strip("-.") or "document"
    return f"{stem}-{key}{suffix}"


def _if_changed(known: Record | None) -> dict[str, str]:
    if not known:
        return {}
    stated = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
    return {name: value for name, value in stated.items() if value}


def _held(root: Path, record: Record) -> bool:
    """Whether the file of a record is there as it was fetched: waiting, or in the corpus."""
    corpus = root / "corpus"
    places = [root / INCOMING / record.name, *corpus.rglob("*")]
    return any(
        path.is_file()
        and path.stat().st_size == record.size
        and (path.parent == root / INCOMING or is_document(path, corpus))
        and hashlib.sha256(path.read_bytes()).hexdigest() == record.sha256
        for path in places
    )


def _path(folder: Path, record: Record) -> Path | None:
    path = folder / record.name
    return path if path.is_file() else None


def _not_changed(known: Record, candidate: Candidate, folder: Path) -> Fetched:
    """Of a file that is the same; what its source says of it may not be."""
    path = _path(folder, known)
    record = replace(
        known,
        title=candidate.title,
        licence=candidate.licence,
        date=candidate.date,
        status=candidate.status,
        values=candidate.values,
    )
    if path:
        _write_json(folder / f"{known.name}.json", to_dict(record))
    return Fetched("not-changed", record, path)


def _records(folder: Path) -> Iterator[Record]:
    for path in sorted(folder.glob("*.json")):
        record = _record(_read_json(path))
        if record and path.name == f"{record.name}.json":
            yield record


def _record(data: Mapping[str, Any]) -> Record | None:
    if {field.name for field in fields(Record)} != set(data):
        return None
    record = Record(**data)
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in record.values.items()}
    return replace(record, values=values)


def _read_json(path: Path) -> dict[str, Any]:
    """A file's content; empty where it is damaged, as after a crash."""
    try:
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _write_json(path: Path, data: Mapping[str, Any]) -> None:
    new = path.with_name(f"{path.name}.new" if path.name.startswith(".") else f".{path.name}.new")
    new.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    new.replace(path)


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Fetch one thing at a time, so that no host is asked by two of us at once.

    Raises:
        LockHeld: Something else is being fetched.
        StorageError: The folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock").acquire(timeout=0):
            yield
    except Timeout as error:
        raise LockHeld(
            "Something else is being fetched for this library. Wait until that is done."
        ) from error
    except OSError as error:
        raise StorageError(
            f"Cannot write to {folder}: {error.strerror or error}. Make sure that the disk has "
            "room and that you may write there."
        ) from error
