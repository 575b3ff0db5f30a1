"""What lies in `corpus/`: which files are documents, their sidecars, and the ids they get."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from retriever.errors import SidecarError
from retriever.loaders.sidecar import Sidecar, read_sidecar

_NOT_DOCUMENTS = {".toml", ".jsonl"}
_EVALUATION = "evaluation"
_TICK = 2_000_000_000  # nanoseconds; the clock of the coarsest file systems in use
_NOTHING_KNOWN: Mapping[str, Known] = MappingProxyType({})


@dataclass(frozen=True)
class Known:
    """What an earlier look at a file gave, which holds as long as nobody wrote to it.

    Attributes:
        stamp: Size, times and place on the disk of the file and its sidecar.
        sha256: Of the file's bytes; `sidecar_sha256` is empty without a sidecar.
        id: The document id that the sidecar states; empty where it states none.
    """

    stamp: str
    sha256: str
    sidecar_sha256: str
    id: str


@dataclass(frozen=True)
class SourceFile:
    """A file found in `corpus/`.

    Attributes:
        path: Relative to `corpus/`, forward slashes.
        sha256: Of its bytes; empty when it cannot be opened (`problem` says why).
        sidecar: Its sidecar record, if it has one that can be read; None also where the file was
            not read because it is as it was (`known`), see `with_sidecar`.
        id: The document id that the sidecar states; empty where it states none.
        stamp: See `Known`; empty where the file is too new to be known by it.
        known: Whether it was taken to be as it was, unread.
        problem: What is wrong before the file is even parsed: a broken sidecar, no permission.
    """

    path: str
    full_path: Path
    sha256: str
    sidecar: Sidecar | None
    sidecar_sha256: str
    id: str = ""
    stamp: str = ""
    known: bool = False
    problem: str = ""


def scan(
    corpus: Path, known: Mapping[str, Known] = _NOTHING_KNOWN, now: int | None = None
) -> list[SourceFile]:
    """Every document file under `corpus`, in order of path.

    Left out: dot-files and dot-folders, sidecars, `corpus/README.md` and `corpus/evaluation/`.

    Args:
        corpus: The librarian's folder.
        known: What was found out before, by path. A file whose stamp is the same is not read.
        now: The time in nanoseconds since 1970; the clock's if left out.
    """
    entries = dict(files_below(corpus))
    # A file written a moment ago may be written again within one tick of the disk's clock.
    settled = (time.time_ns() if now is None else now) - _TICK
    return [
        _source(path, corpus, _state(path, entries), settled, known.get(path))
        for path in sorted(filter(_is_document, entries))
    ]


def with_sidecar(source: SourceFile) -> SourceFile:
    """A file that was not read, with its sidecar's record.

    Its hashes stay those that are known. If somebody wrote to the sidecar this very moment, they
    are not its own, and the next look at the file finds that out.
    """
    try:
        return dataclasses.replace(source, sidecar=read_sidecar(source.full_path), known=False)
    except SidecarError as error:
        return dataclasses.replace(source, problem=str(error), known=False)


def unchanged(corpus: Path, known: Mapping[str, Known]) -> dict[str, Known]:
    """Of what is known of files that which holds: nobody wrote to file or sidecar since."""
    entries = dict(files_below(corpus))
    return {
        path: of
        for path, of in known.items()
        if path in entries and _state(path, entries).stamp == of.stamp
    }


class Presence:
    """Which of some files are there. A folder is looked through again only where it changed.

    Safe for many threads.
    """

    def __init__(self, corpus: Path, paths: Iterable[str]) -> None:
        """Prepare to look.

        Args:
            corpus: The librarian's folder.
            paths: The files to look for, relative to it.
        """
        self._corpus = corpus
        self._wanted: dict[str, set[str]] = {}
        self._seen: dict[str, tuple[object, frozenset[str]]] = {}
        for path in paths:
            folder, _, name = path.rpartition("/")
            self._wanted.setdefault(folder, set()).add(name)

    def missing(self) -> frozenset[str]:
        """Paths where no file is any more."""
        return frozenset(
            path
            for folder, names in self._wanted.items()
            for name in names - self._names(folder)
            # A link is not among the names: what it leads to may go without a trace in its folder.
            if not (self._corpus / (path := f"{folder}/{name}".removeprefix("/"))).exists()
        )

    def _names(self, folder: str) -> frozenset[str]:
        try:
            state = (self._corpus / folder).stat()
            stamp = state.st_mtime_ns, state.st_ctime_ns, state.st_ino
            known = self._seen.get(folder)
            if known and known[0] == stamp:
                return known[1]
            with os.scandir(self._corpus / folder) as entries:
                names = frozenset(e.name for e in entries if e.is_file(follow_symlinks=False))
        except OSError:
            return frozenset()
        if max(stamp[:2]) < time.time_ns() - _TICK:  # else it may change and look the same
            self._seen[folder] = stamp, names
        return names


def files_below(folder: Path) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Every file that is not hidden, with its path relative to `folder`, in no order."""
    waiting = [""]
    while waiting:
        below = waiting.pop()
        with contextlib.suppress(OSError), os.scandir(folder / below) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(f"{below}{entry.name}/")
                elif entry.is_file():
                    yield f"{below}{entry.name}", entry


def is_document(path: Path, corpus: Path) -> bool:
    """Whether a path is that of a document, by its name and folders."""
    return _is_document(path.relative_to(corpus).as_posix())


def _is_document(path: str) -> bool:
    parts = path.split("/")
    if any(part.startswith(".") for part in parts):
        return False
    if parts[0] == _EVALUATION or path == "README.md":
        return False
    return _suffix(path).lower() not in _NOT_DOCUMENTS


def _suffix(path: str) -> str:
    stem, _, ending = path.rpartition("/")[2].rpartition(".")
    return f".{ending}" if stem else ""


@dataclass(frozen=True)
class _State:
    """What changes when a file or its sidecar is written to, and when that last was."""

    stamp: str
    written: int


def _state(path: str, entries: Mapping[str, os.DirEntry[str]]) -> _State:
    """The state of a file and its sidecar.

    The time of the last change of the file's record is part of it: that cannot be set back, so a
    file is read again even if somebody gave it its old size and date.
    """
    beside = entries.get(f"{path}.toml") or entries.get(f"{path.removesuffix(_suffix(path))}.toml")
    parts: list[str | int] = []
    written = 0
    for entry in filter(None, (entries[path], beside)):
        try:
            found = entry.stat()
        except OSError:
            return _State("", 0)
        parts += [entry.name, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]
        written = max(written, found.st_mtime_ns, found.st_ctime_ns)
    return _State(" ".join(map(str, parts)), written)


def read_source(path: Path, corpus: Path) -> SourceFile:
    """What one document file below `corpus` is, and its sidecar."""
    return _source(path.relative_to(corpus).as_posix(), corpus, _State("", 0), 0, None)


def _source(
    path: str, corpus: Path, state: _State, settled: int, known: Known | None
) -> SourceFile:
    full = corpus / path
    if known and known.stamp == state.stamp:
        of_both = known.sha256, None, known.sidecar_sha256
        return SourceFile(path, full, *of_both, known.id, state.stamp, known=True)
    stamp = state.stamp if state.written < settled else ""
    try:
        with full.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        problem = f"cannot be opened ({error.strerror}): check its permissions"
        return SourceFile(path, full, "", None, "", problem=problem)
    try:
        sidecar = read_sidecar(full)
    except SidecarError as error:
        return SourceFile(path, full, digest, None, "", problem=str(error))
    if sidecar is None:
        return SourceFile(path, full, digest, None, "", stamp=stamp)
    return SourceFile(path, full, digest, sidecar, sidecar.sha256, sidecar.id, stamp)


def document_ids(sources: Sequence[SourceFile]) -> dict[str, str]:
    """Path -> document id: the sidecar's, or the file's name as a slug.

    Where two files would have the same id, both carry a piece of their path's hash, so that
    neither depends on which of them came first.
    """
    wanted = {s.path: s.id or slug(PurePosixPath(s.path).stem) for s in sources}
    counts = Counter(wanted.values())
    return {
        path: name if counts[name] == 1 else f"{name}-{_digest(path)[:6]}"
        for path, name in wanted.items()
    }


def slug(stem: str) -> str:
    """A file's stem as an id: lower case, letters, digits, dots and hyphens."""
    return re.sub(r"[^\w.]+", "-", stem.casefold()).strip("-.") or "document"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
