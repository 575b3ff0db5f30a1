"""Takes in what somebody gives: files, zips, sidecars, tables; and finds the files names."""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from retriever import sheets
from retriever.corpus import is_document, slug
from retriever.errors import DeskError, SidecarError
from retriever.loaders.sidecar import read_sidecar
from retriever.sheets import Row, Sheet
from retriever.unpacking import Refused, is_archive, opened, unpack

_STEM = 120  # characters of a file's name: with its endings it must fit on every disk
_ENDING = 20
_CHUNK = 1_000_000
_TABLES = (".csv", ".xlsx")


@dataclass(frozen=True)
class Given:
    """A file as somebody gave it.

    Attributes:
        name: With folders, if it has any.
        stated: What is stated of it, by `Metadata` field.
        record: Where it was fetched from, see `connectors.records`; empty if it was not.
    """

    name: str
    content: bytes | Path
    stated: Mapping[str, Any] = field(default_factory=dict)
    record: Mapping[str, Any] = field(default_factory=dict)


NOBODY = Given("", b"")
"""Of whom nothing is known: what came in a zip."""


@dataclass(frozen=True)
class Taken:
    """A file that was taken in.

    Attributes:
        path: Where it lies.
        name: A path for it below `corpus/`, which may be taken.
        original: Its name as it was given.
        stated: By whoever gave it, by its sidecar or by a table; the last of these goes before.
        record: See `Given`.
    """

    path: Path
    sha256: str
    name: str
    original: str
    stated: Mapping[str, Any]
    record: Mapping[str, Any]


class Intake:
    """Writes what is given into a folder: each file into one of its own, `files/0001/NAME`."""

    def __init__(self, folder: Path, limit: int, corpus: Path) -> None:
        """Begin.

        Args:
            folder: Where to; made with the first file.
            limit: Bytes that one file out of a zip may have.
            corpus: The library's documents.
        """
        self.refused: list[Refused] = []
        self._folder = folder
        self._limit = limit
        self._corpus = corpus
        self._placed = 0
        self._sidecars: dict[str, Path] = {}
        self._tables: list[Sheet] = []
        self._taken: list[Taken] = []

    def take(self, given: Given) -> None:
        """Take one in: a file, a zip of files, a sidecar, or a table of metadata.

        Raises:
            OSError: The disk is full or cannot be written.
        """
        try:
            stream = opened(given.content)
        except OSError as error:
            self._refuse(
                given.name,
                f"cannot be opened ({error.strerror or error}): check that it is there and that "
                "you may read it",
            )
            return
        with stream:
            if is_archive(stream):
                self._unpack(given.name, stream)
                return
            stream.seek(0)
            path = self._place(given.name)
            with path.open("wb") as target:
                shutil.copyfileobj(stream, target, _CHUNK)
        self._enter(given.name, path, given)

    def ended(self) -> list[Taken]:
        """Put to the files what sidecars and tables state of them.

        Returns:
            The files, in order; `refused` then also names what belongs to none of them.
        """
        taken = self._with_sidecars(self._taken)
        for table in self._tables:
            taken = self._with_table(taken, table)
        shutil.rmtree(self._folder / "placed", ignore_errors=True)
        return taken

    def _with_sidecars(self, files: list[Taken]) -> list[Taken]:
        found, used = [], set()
        for file in files:
            path = PurePosixPath(file.original)
            names = (f"{path}.toml", str(path.with_suffix(".toml")))
            name = next((name for name in names if name in self._sidecars), "")
            used.add(name)
            stated = self._stated(name, file.path) if name else {}
            found.append(dataclasses.replace(file, stated={**stated, **file.stated}))
        for name in self._sidecars.keys() - used:
            self._refuse(name, "states something of a document that is not here: add both together")
        return found

    def _stated(self, name: str, path: Path) -> dict[str, Any]:
        """What a sidecar states; nothing, and the sidecar refused, where it is broken."""
        beside = path.with_name(f"{path.name}.toml")
        shutil.copy(self._sidecars[name], beside)
        try:
            sidecar = read_sidecar(path)
        except SidecarError as error:
            self._refuse(name, str(error))
            return {}
        finally:
            beside.unlink()
        assert sidecar is not None  # noqa: S101  it was put there
        return {**sidecar.values, **({"id": sidecar.id} if sidecar.id else {})}

    def _with_table(self, files: list[Taken], table: Sheet) -> list[Taken]:
        """The files with what a table states of them; what it only infers is left out."""
        for fault in table.faults:
            self._refuse(fault.place, fault.message)
        of: dict[int, dict[str, Any]] = {}
        for row in table.rows:
            numbers = [n for n, file in enumerate(files) if _is_of(row, file)]
            if len(numbers) == 1:
                stated = {k: v for k, v in row.values.items() if k not in row.inferred}
                of[numbers[0]] = {**of.get(numbers[0], {}), **stated}
            else:
                self._refuse(
                    f"row {row.number} of the table",
                    f"'{row.path or row.document}' is {'none' if not numbers else 'several'} of "
                    "the files that were given: write a file's name as it was given into the "
                    "column path",
                )
        return [
            dataclasses.replace(file, stated={**file.stated, **of.get(number, {})})
            for number, file in enumerate(files)
        ]

    def _unpack(self, archive: str, stream: BinaryIO) -> None:
        stream.seek(0)
        entries = unpack(stream, self._limit, self._place)
        empty = True
        for entry in entries:
            empty = False
            if isinstance(entry, Refused):
                self._refuse(f"{archive}: {entry.name}", entry.reason)
            else:
                self._enter(*entry)
        if empty:
            self._refuse(archive, "a zip without a file in it: pack it anew, or drop the files")

    def _place(self, name: str) -> Path:
        self._placed += 1
        path = self._folder / "placed" / f"{self._placed}" / file_name(clean(name))
        path.parent.mkdir(parents=True)
        return path

    def _enter(self, name: str, path: Path, given: Given = NOBODY) -> None:
        """Sort what was written: a sidecar, a table, a document, or none of these."""
        name = clean(name)
        if name.lower().endswith(".toml"):
            self._sidecars[name] = path
            return
        if name.lower().endswith(_TABLES):
            with suppress(DeskError):  # it names no documents: a file like others
                self._tables.append(sheets.read(path))
                return
        below = _below(name)
        if not below or not is_document(self._corpus / below, self._corpus):
            path.unlink()
            self._refuse(
                name,
                "its name is none for a document (it begins with a dot, ends in .jsonl, is "
                "README.md, or lies in evaluation/): give it another name",
            )
            return
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        home = self._folder / "files" / f"{len(self._taken) + 1:04d}"
        home.mkdir(parents=True)
        path = path.replace(home / path.name)
        self._taken.append(Taken(path, digest, below, name, given.stated, given.record))

    def _refuse(self, name: str, reason: str) -> None:
        self.refused.append(Refused(clean(name), reason))


class Held:
    """Finds the document with the same bytes as a file, reading only those of its size."""

    def __init__(self, corpus: Path) -> None:
        """Look at the sizes of the documents."""
        self._corpus = corpus
        self._by_size: defaultdict[int, list[Path]] = defaultdict(list)
        for path in sorted(_documents(corpus)):
            self._by_size[path.stat().st_size].append(path)

    def same(self, content: Path, sha256: str) -> str:
        """Its path below `corpus/`, or nothing."""
        for path in self._by_size[content.stat().st_size]:
            with path.open("rb") as stream:
                if hashlib.file_digest(stream, "sha256").hexdigest() == sha256:
                    return path.relative_to(self._corpus).as_posix()
        return ""


class Names:
    """Gives files names that nothing else has.

    Two documents of one name, in two folders, would both be given other ids than the one has now.
    """

    def __init__(self, corpus: Path, taken: Iterable[str]) -> None:
        """Look at the names there are.

        Args:
            corpus: The library's documents.
            taken: Ids, and stems of names, that are taken besides.
        """
        self._ids = {slug(path.stem) for path in _documents(corpus)} | set(map(slug, taken))

    def free(self, name: str) -> str:
        """The name, or with a number behind it if it is taken; taken from then on."""
        path = PurePosixPath(name)
        stem, number = path.stem, 1
        while slug(stem) in self._ids:
            number += 1
            stem = f"{path.stem}-{number}"
        self._ids.add(slug(stem))
        return path.with_name(stem + path.suffix).as_posix()


def _is_of(row: Row, file: Taken) -> bool:
    """Whether a row of a table is about a file: by its name with or without folders, or its id."""
    path = PurePosixPath(file.original)
    if row.path:
        return clean(row.path) in (file.original, file.name, path.name)
    return slug(row.document) == slug(path.stem)


def clean(name: str) -> str:
    """A name as text that can be written everywhere, its folders parted by forward slashes."""
    text = name.encode("utf-8", "replace").decode("utf-8").replace("\\", "/")
    return unicodedata.normalize("NFC", "".join(c for c in text if c.isprintable())).strip()


def file_name(name: str) -> str:
    """The last part of a name, short enough for every disk."""
    path = PurePosixPath(name)
    return f"{path.stem[:_STEM]}{path.suffix[:_ENDING]}" or "file"


def _below(name: str) -> str:
    """A name as a path below `corpus/`; empty where it is none."""
    parts = [part for part in PurePosixPath(name).parts if part not in ("/", ".")]
    if not parts or ".." in parts:
        return ""
    return "/".join([*(part[:_STEM] for part in parts[:-1]), file_name(parts[-1])])


def _documents(corpus: Path) -> Iterable[Path]:
    return (path for path in corpus.rglob("*") if path.is_file() and is_document(path, corpus))
