"""What is in a zip, as documents: nothing outside, no links, no traps, no more than fits.

Sizes are counted while unpacking, since what an archive says of itself may be a lie.
"""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

MOST_ENTRIES = 2_000
MOST_BYTES = 2_000_000_000
"""What one archive may unpack to, in all."""

_RATIO = 100  # times its packed size: text packs to a tenth, what packs to a hundredth is a trap
_FREE = 1_000_000  # bytes that may be unpacked whatever the ratio
_CHUNK = 1_000_000
_OFFICE = {"[Content_Types].xml", "mimetype", "word/document.xml"}
_NOBODYS = ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini")  # put there by computers
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    NotImplementedError,
    RuntimeError,
)


@dataclass(frozen=True)
class Refused:
    """Something that was not taken in, and why, with what to do."""

    name: str
    reason: str


class _Trap(Exception):
    """An entry unpacks to more than may be."""


def is_archive(content: BinaryIO) -> bool:
    """Whether it is a zip of files, and not a Word file or another of those that are zips too."""
    if content.read(2) != b"PK" or not zipfile.is_zipfile(content):
        return False  # a PDF may have a zip behind it
    try:
        with zipfile.ZipFile(content) as archive:
            return not _OFFICE & set(archive.namelist())
    except _BROKEN:
        return False


def unpack(
    content: BinaryIO, limit: int, place: Callable[[str], Path]
) -> Iterator[Refused | tuple[str, Path]]:
    """Unpack the files of a zip.

    Args:
        content: The archive.
        limit: Bytes that one file may have.
        place: Told an entry's name, says where to write it.

    Yields:
        For each entry its name with its folders and where it was written; or why it was refused.
    """
    left = MOST_BYTES
    with zipfile.ZipFile(content) as archive:
        entries = [entry for entry in archive.infolist() if _is_somebodys(entry)]
        for entry in entries[:MOST_ENTRIES]:
            if reason := _refusal(entry):
                yield Refused(entry.filename, reason)
                continue
            path = place(entry.filename)
            try:
                left -= _write(archive, entry, path, min(limit, left))
            except (_Trap, *_BROKEN) as error:
                path.unlink(missing_ok=True)
                yield Refused(entry.filename, _why(error))
            else:
                yield entry.filename, path
        for entry in entries[MOST_ENTRIES:]:
            yield Refused(
                entry.filename,
                f"the zip holds more than {MOST_ENTRIES:,} files: pack this one into another",
            )


def _is_somebodys(entry: zipfile.ZipInfo) -> bool:
    parts = PurePosixPath(entry.filename).parts
    return not entry.is_dir() and not any(part in _NOBODYS for part in parts)


def _refusal(entry: zipfile.ZipInfo) -> str:
    """What speaks against an entry before it is opened; nothing if nothing does."""
    name = entry.filename
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in path.parts[0]:
        return "its name leads out of the zip: unpack it by hand and look at what it is"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "a link to another file, not a document: add that file itself"
    if entry.flag_bits & 0x1:
        return "locked with a password: unpack it with the password and add what is in it"
    return ""


def _write(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, limit: int) -> int:
    """Unpack one entry; gives its size."""
    packed = max(entry.compress_size, 1)
    size = 0
    with archive.open(entry) as source, path.open("wb") as target:
        while chunk := source.read(_CHUNK):
            size += len(chunk)
            if size > _FREE and size > packed * _RATIO:
                raise _Trap(
                    f"unpacks to more than {_RATIO} times its size, as traps do: if it is a "
                    "document, unpack it by hand and add it"
                )
            if size > limit:
                raise _Trap(
                    "too large, by itself or with the others of its zip: unpack it by hand and "
                    "add it in parts"
                )
            target.write(chunk)
    return size


def _why(error: BaseException) -> str:
    if isinstance(error, _Trap):
        return str(error)
    return f"damaged in the zip ({error or type(error).__name__}): fetch or pack it again"


def opened(content: bytes | Path) -> BinaryIO:
    """Open what was given, to be read from its beginning."""
    return io.BytesIO(content) if isinstance(content, bytes) else content.open("rb")
