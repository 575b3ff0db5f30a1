"""Deletes a removed document for good, wherever below the library's folder something of it lies.

What other places hold goes first, and what the desk keeps of it last, in one change. So whoever
comes after a crash finds it among the removed ones still, and may delete it again.

What stays is its name: in the history, which says who deleted it, and in lists of files. `index/`
forgets its text when it is next brought up to date.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import PurePosixPath

from retriever import judging, links
from retriever.connectors import keep
from retriever.corpus import slug
from retriever.desk import CORPUS, Desk, rows
from retriever.errors import SidecarError
from retriever.incoming import Incoming
from retriever.journal import Event
from retriever.loaders.sidecar import read_sidecar
from retriever.work import Work


def purge(desk: Desk, path: str, why: str = "") -> Event:
    """Delete all that is kept of a removed document. Nothing brings it back.

    Args:
        desk: Where it was removed.
        path: Below `corpus/`.
        why: For the history.

    Raises:
        DeskError: It is still in the library, or nothing of it is kept.
        StorageError: The library's folder cannot be written.
    """
    copies, names = _copies(desk, path), _names(desk, path)
    Incoming(desk.root).forget(copies, f"the same as {path}, which was deleted for good")
    keep.forget(desk.root, copies)
    judging.forget(desk.root, names)
    links.forget(desk.root, path)
    Work(desk.root).forget_logs()
    return desk.purge(path, why)


def _copies(desk: Desk, path: str) -> frozenset[str]:
    """SHA-256 of each file that is kept of a document, but for those that another one has too."""
    kept = [desk.root / place for place in desk.kept(path)]
    return frozenset(
        hashlib.sha256(file.read_bytes()).hexdigest() for file in kept if not desk.held(file)
    )


def _names(desk: Desk, path: str) -> frozenset[str]:
    """The ids that it may have had, but for those that a document of the library has."""
    kept = [desk.root / place for place in desk.kept(path)]
    name = PurePosixPath(path).name
    names = {desk.id_of(path), slug(PurePosixPath(path).stem)}
    for file in kept:
        with suppress(SidecarError):  # a broken one never gave an id
            if file.name == name and (sidecar := read_sidecar(file)) and sidecar.id:
                names.add(sidecar.id)
    there = {
        file.entry.document_id
        for other, file in rows(desk.root).items()
        if other != path and (desk.root / CORPUS / other).exists()
    }
    return frozenset(names - there)
