"""What the librarians changed since the index was built, so that readers see it at once.

A correction of a document's record needs no indexing to be seen, and a file that was replaced must
not be quoted from its old text. Which documents may be concerned, the history tells; whether they
are, their files.
"""

from __future__ import annotations

import dataclasses
import hashlib
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from retriever.corpus import unchanged
from retriever.errors import DeskError, SidecarError
from retriever.generation import FileRecord
from retriever.journal import Journal
from retriever.loaders.sidecar import apply, read_sidecar
from retriever.store import Store

OF_RECORDS = frozenset({"edit", "supersede", "undo", "restore"})
_OF_FILES = frozenset({"replace", "undo", "restore", "add"})
_MANY = 100  # documents; for fewer it is quicker to read them than to look at all the files there


@dataclass(frozen=True)
class Amendments:
    """How the documents differ from their index.

    Attributes:
        files: Document id -> its record as it is now, where that is another.
        replaced: Ids of documents whose file is another one by now.
        known: Path -> the record in the index that was looked at.
        of_records: Paths of documents whose record may have been changed; `of_files` whose file.
        read_to: How far the history was read.
    """

    files: Mapping[str, FileRecord]
    replaced: frozenset[str]
    known: Mapping[str, FileRecord]
    of_records: frozenset[str] = frozenset()
    of_files: frozenset[str] = frozenset()
    read_to: int = 0


def amendments(
    root: Path,
    files: Iterable[FileRecord],
    store: Path,
    code: str,
    before: Amendments | None = None,
) -> Amendments:
    """Read what was changed.

    Args:
        root: The library's folder.
        files: The documents in the index.
        store: Where their texts are kept.
        code: As `Store.known_files`.
        before: What an earlier call gave, perhaps for another index: only what was changed since,
            or is another record, is looked at again.
    """
    known = {file.entry.path: file for file in files}
    try:
        events, end = Journal(root).since(before.read_to if before else 0)
    except DeskError:  # the History page says so; answers do not depend on it
        if before is not None and before.read_to:
            return amendments(root, known.values(), store, code)
        return Amendments({}, frozenset(), known)
    of_records = {d for e in events if e.action in OF_RECORDS for d in e.documents}
    of_files = {d for e in events if e.action in _OF_FILES for d in e.documents}
    changed = of_records | of_files
    if before is not None:
        of_records |= before.of_records
        of_files |= before.of_files
        ids = before.files.keys() | before.replaced
        changed |= {
            path
            for path, file in known.items()
            if before.known.get(path) is not file or file.entry.document_id in ids
        }
    look_at = changed & (of_records | of_files) & known.keys()
    if len(look_at) > _MANY:
        look_at -= _same(root, known, store, code)
    corpus = root / "corpus"
    replaced = {
        known[path].entry.document_id
        for path in look_at & of_files
        if _digest(corpus / path) not in ("", known[path].sha256)
    }
    amended = (_amended(known[path], corpus, store) for path in look_at & of_records)
    return Amendments(
        {file.entry.document_id: file for file in amended if file is not None},
        frozenset(replaced),
        known,
        frozenset(of_records),
        frozenset(of_files),
        end,
    )


def _same(root: Path, known: Mapping[str, FileRecord], store: Path, code: str) -> set[str]:
    """Paths of documents that nobody wrote to, nor to their sidecars, since they were indexed."""
    try:
        with Store.open_to_read(store) as kept:
            seen = unchanged(root / "corpus", kept.known_files(code))
    except sqlite3.DatabaseError:
        return set()
    return {
        path
        for path, file in known.items()
        if (of := seen.get(path))
        and (of.sha256, of.sidecar_sha256) == (file.sha256, file.sidecar_sha256)
    }


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
