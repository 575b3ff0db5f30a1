"""Another file in the place of a document's own: read first, and put there only if that went well.

What is stated of the document stays, and so do its name, its address and its collections; the old
file is kept, and undoing the change brings it back.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import BinaryIO

from retriever.config import Reading
from retriever.connectors.keep import KINDS
from retriever.desk import CORPUS, Desk
from retriever.errors import DeskError, UnreadableFile
from retriever.intake import Given, clean, file_name
from retriever.journal import KEEPING, Event, aside, cannot_write
from retriever.loaders import detect
from retriever.loaders.worker import read_files
from retriever.unpacking import opened

_TEXTS = {detect.MARKDOWN, detect.PLAIN}  # one may pass for the other


def replace(desk: Desk, path: str, given: Given, limits: Reading, why: str = "") -> Event:
    """Replace a document's file by another one.

    Args:
        desk: Where it is done.
        path: The document's, below `corpus/`.
        given: The new file.
        limits: Time and memory for reading it.
        why: For the history.

    Raises:
        DeskError: There is no such document; or the new file cannot be read, is of another kind
            than the old one, or is held already. Nothing was changed.
        StorageError: The library's folder cannot be written.
    """
    path = desk.find(path)
    folder = desk.root / KEEPING / "incoming"
    try:
        with aside(folder) as place:
            place.mkdir(parents=True)
            # A copy of our own, so that what is put there is what was read.
            content = place / file_name(clean(given.name))
            with _opened(given) as source, content.open("wb") as target:
                shutil.copyfileobj(source, target)
            if desk.held(content):  # before it is read, which takes a while
                return desk.replace(path, content, why)  # refused with the document's name
            _check(content, desk.root / CORPUS / path, given.name, limits)
            return desk.replace(path, content, why)
    except OSError as error:
        raise cannot_write(folder, error) from error


def _opened(given: Given) -> BinaryIO:
    try:
        return opened(given.content)
    except OSError as error:
        raise DeskError(
            f"{given.name} cannot be opened ({error.strerror or error}). Check that it is there "
            "and that you may read it."
        ) from error


def _check(content: Path, old: Path, name: str, limits: Reading) -> None:
    """Refuse a file that cannot be read, or that the document's name would lie about."""
    ((_, result),) = read_files([content], limits)
    if isinstance(result, UnreadableFile):
        raise DeskError(f"{name} cannot take its place, as it cannot be read: {result}")
    try:
        before = detect.media_type(old)
    except UnreadableFile:  # what it was meant to be is not known
        return
    if result[0] != before and not {result[0], before} <= _TEXTS:
        raise DeskError(
            f"{name} is {KINDS[result[0]]} and {old.name} {KINDS[before]}, whose name it would "
            "have. Save it as that; or add it as a document of its own, and mark this one as "
            "replaced by it."
        )
