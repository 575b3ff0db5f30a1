"""What the librarians changed since the index was built, so that readers see it at once.

A correction of a document's record needs no indexing to be seen, and a file that was replaced must
not be quoted from its old text. Which documents may be concerned, the history tells; whether they
are, their files.
"""

from __future__ import annotations

import dataclasses
import hashlib
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from retriever.errors import DeskError, SidecarError
from retriever.generation import FileRecord
from retriever.journal import Journal
from retriever.loaders.sidecar import apply, read_sidecar
from retriever.store import Store

OF_RECORDS = frozenset({"edit", "supersede", "undo", "restore"})
_OF_FILES = frozenset({"replace", "undo", "restore", "add"})


@dataclass(frozen=True)
class Amendments:
    """How the documents differ from their index.

    Attributes:
        files: Document id -> its record as it is now, where that is another.
        replaced: Ids of documents whose file is another one by now.
    """

    files: dict[str, FileRecord]
    replaced: frozenset[str]


def amendments(root: Path, files: Iterable[FileRecord], store: Path) -> Amendments:
    """Read what was changed.

    Args:
        root: The library's folder.
        files: The documents in the index.
        store: Where their texts are kept.
    """
    try:
        events = Journal(root).events()
    except DeskError:  # the History page says so; answers do not depend on it
        return Amendments({}, frozenset())
    of_records = {d for e in events if e.action in OF_RECORDS for d in e.documents}
    of_files = {d for e in events if e.action in _OF_FILES for d in e.documents}
    known = {f.entry.path: f for f in files if f.entry.path in of_records | of_files}
    corpus = root / "corpus"
    replaced = {
        path
        for path, file in known.items()
        if path in of_files and _digest(corpus / path) not in ("", file.sha256)
    }
    amended = (_amended(f, corpus, store) for path, f in known.items() if path in of_records)
    return Amendments(
        {file.entry.document_id: file for file in amended if file is not None},
        frozenset(known[path].entry.document_id for path in replaced),
    )


def _amended(file: FileRecord, corpus: Path, store: Path) -> FileRecord | None:
    """A document's record as its sidecar states it now; None where that is as it was."""
    try:
        sidecar = read_sidecar(corpus / file.entry.path)
        if (sidecar.sha256 if sidecar else "") == file.sidecar_sha256:
            return None
        with Store.open_to_read(store) as texts:
            parsed = texts.parsed(file.parsed_key).parsed
    except (SidecarError, OSError, KeyError, sqlite3.DatabaseError):
        return None  # as it was, until the index is built again and says what is wrong
    if parsed is None:
        return None
    metadata = apply(parsed.metadata, sidecar) if sidecar else parsed.metadata
    return dataclasses.replace(file, entry=dataclasses.replace(file.entry, metadata=metadata))


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ""
