"""`index/store.sqlite`: what was parsed, cut and embedded, so that only changes cost time.

Every row is named by what it was made from (hashes of file, settings, code, model), so a row is
either right or absent. Deleting the file loses nothing but time.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from retriever.corpus import Known
from retriever.errors import StorageError
from retriever.schema import Parsed, to_dict

Vectors = NDArray[np.float32]

_TABLES = """
CREATE TABLE IF NOT EXISTS parsed (
    key TEXT PRIMARY KEY, media_type TEXT NOT NULL, parsed TEXT, reason TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS passages (key TEXT PRIMARY KEY, rows TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS embeddings (
    model TEXT NOT NULL, text TEXT NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (model, text)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS texts (passages TEXT PRIMARY KEY, keys BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS unread (key TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS files (
    path BLOB PRIMARY KEY, code TEXT NOT NULL, stamp TEXT NOT NULL, sha256 TEXT NOT NULL,
    sidecar_sha256 TEXT NOT NULL, id TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS parsed_keys ON parsed (key);
CREATE INDEX IF NOT EXISTS passage_keys ON passages (key);
CREATE INDEX IF NOT EXISTS text_keys ON embeddings (model, text);
"""
_KEY = 32  # bytes of a text's key in the table of texts
_COMMIT = 0.5  # seconds; a killed run repeats at most so much


@dataclass(frozen=True)
class ParsedRow:
    """What reading a file gave: `parsed`, or None and the reason why not."""

    media_type: str
    parsed: Parsed | None
    reason: str = ""


@dataclass(frozen=True)
class PassageRow:
    """A passage before it is given its document's id.

    Attributes:
        start: Where it is in the document's text; likewise `end`.
        terms: What BM25 counts of it.
        names: Keys of the concepts that it and the headings above it name.
    """

    start: int
    end: int
    section: tuple[str, ...]
    pages: tuple[int, int] | None
    terms: tuple[str, ...]
    names: tuple[str, ...] = ()


def text_key(text: str) -> str:
    """The name under which a text's vector is kept: its SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()


class Store:
    """The cache behind an index. Not shared between threads: open one where it is needed."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._committed = time.monotonic()

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open for writing; made if absent, made anew if it is damaged.

        Raises:
            StorageError: The file cannot be written.
        """
        store = cls(_connect(path, "rwc"), path)
        try:
            store._prepare()
        except sqlite3.DatabaseError as error:
            store.close()
            if isinstance(error, sqlite3.OperationalError):
                raise storage_error(path, error) from error
            path.unlink()  # not a database, or torn: it is only a cache
            store = cls(_connect(path, "rwc"), path)
            store._prepare()
        return store

    @classmethod
    def open_to_read(cls, path: Path) -> Self:
        """Open an existing store without writing to it.

        Raises:
            sqlite3.DatabaseError: Absent or damaged.
        """
        return cls(_connect(path, "ro"), path)

    def _prepare(self) -> None:
        # What is deleted is overwritten: a purged document is to be in no file.
        self._connection.execute("PRAGMA secure_delete = ON")
        # Nothing is written before it is kept, so that whoever reads a document never waits.
        self._connection.execute("PRAGMA cache_spill = OFF")
        self._connection.executescript(_TABLES)

    def close(self) -> None:
        """Keep what was saved, and close the file."""
        try:
            with self._writing(last=True):
                pass
        finally:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def parsed_keys(self) -> set[str]:
        """The keys of all files that were read, also of those that could not be."""
        return {row[0] for row in self._connection.execute("SELECT key FROM parsed")}

    def parsed(self, key: str) -> ParsedRow:
        """What reading gave.

        Raises:
            KeyError: That file was not read yet.
        """
        row = self._connection.execute(
            "SELECT media_type, parsed, reason FROM parsed WHERE key = ?", (key,)
        ).fetchone()
        if row is None:
            raise KeyError(key)
        return ParsedRow(row[0], Parsed.from_dict(json.loads(row[1])) if row[1] else None, row[2])

    def save_parsed(self, key: str, row: ParsedRow, unread: bool = False) -> None:
        """Keep what reading a file gave.

        Args:
            key: What it is kept under.
            row: What it gave.
            unread: Whether pages of it wait for text recognition.
        """
        text = json.dumps(to_dict(row.parsed), ensure_ascii=False) if row.parsed else None
        with self._writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO parsed VALUES (?, ?, ?, ?)",
                (key, row.media_type, text, row.reason),
            )
            if unread:
                connection.execute("INSERT OR REPLACE INTO unread VALUES (?)", (key,))

    def failed(self) -> list[str]:
        """Keys of files that could not be read."""
        rows = self._connection.execute("SELECT key FROM parsed WHERE parsed IS NULL")
        return [row[0] for row in rows]

    def unread(self) -> list[str]:
        """Keys of files of which pages wait for text recognition."""
        return [row[0] for row in self._connection.execute("SELECT key FROM unread")]

    def forget_parsed(self, keys: Sequence[str]) -> None:
        """Drop what reading gave, so that those files are read again."""
        with self._writing() as connection:
            for table in ("parsed", "unread"):
                delete = f"DELETE FROM {table} WHERE key = ?"  # noqa: S608  names of ours
                connection.executemany(delete, [(key,) for key in keys])

    def passages(self, key: str) -> list[PassageRow] | None:
        """The passages of a document, or None where it was not cut yet."""
        row = self._connection.execute("SELECT rows FROM passages WHERE key = ?", (key,)).fetchone()
        return None if row is None else [_passage_from(item) for item in json.loads(row[0])]

    def save_passages(self, key: str, rows: Sequence[PassageRow]) -> None:
        """Keep the passages of a document."""
        text = json.dumps(
            [
                [r.start, r.end, r.section, r.pages, " ".join(r.terms), " ".join(r.names)]
                for r in rows
            ],
            ensure_ascii=False,
        )
        with self._writing() as connection:
            connection.execute("INSERT OR REPLACE INTO passages VALUES (?, ?)", (key, text))

    def vectors(self, model: str, keys: Iterable[str]) -> dict[str, bytes]:
        """The vectors of a model (float32 bytes) that are kept of some texts, by `text_key`."""
        found = {}
        for key in keys:
            row = self._connection.execute(
                "SELECT vector FROM embeddings WHERE model = ? AND text = ?", (model, key)
            ).fetchone()
            if row is not None:
                found[key] = row[0]
        return found

    def save_vectors(self, model: str, keys: Sequence[str], vectors: Vectors) -> None:
        """Keep vectors of shape `(len(keys), dimension)`."""
        with self._writing() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO embeddings VALUES (?, ?, ?)",
                [(model, key, row.tobytes()) for key, row in zip(keys, vectors, strict=True)],
            )

    def known_files(self, code: str) -> dict[str, Known]:
        """What an earlier look at the files of `corpus/` gave, by path.

        Args:
            code: Fingerprint of the code that looked; another one may see more in a sidecar.
        """
        rows = self._connection.execute(
            "SELECT path, stamp, sha256, sidecar_sha256, id FROM files WHERE code = ?", (code,)
        )
        return {os.fsdecode(path): Known(*row) for path, *row in rows}

    def save_known_files(self, code: str, files: Mapping[str, Known]) -> None:
        """Keep what a look at the files gave."""
        with self._writing() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (os.fsencode(path), code, f.stamp, f.sha256, f.sidecar_sha256, f.id)
                    for path, f in files.items()
                ],
            )

    def forget_files(self, paths: Iterable[str]) -> None:
        """Drop what is kept of files that are no longer there."""
        with self._writing() as connection:
            gone = [(os.fsencode(path),) for path in paths]
            connection.executemany("DELETE FROM files WHERE path = ?", gone)

    def text_keys(self) -> dict[str, bytes]:
        """Key of a document's passages -> the `text_key` of each, as bytes one after the other."""
        return dict(self._connection.execute("SELECT passages, keys FROM texts"))

    def save_text_keys(self, passages: str, keys: Sequence[str]) -> None:
        """Keep which texts are embedded for a document, given the key of its passages."""
        with self._writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO texts VALUES (?, ?)",
                (passages, bytes.fromhex("".join(keys))),
            )

    def prune(self, parsed: set[str], passages: set[str], model: str) -> None:
        """Drop everything that is not named; vectors of other models are kept.

        Vectors are kept that the texts of the passages named take.
        """
        with self._writing(last=True) as connection:
            self._drop(connection, "parsed", "key", parsed, "")
            self._drop(connection, "unread", "key", parsed, "")
            self._drop(connection, "passages", "key", passages, "")
            self._drop(connection, "texts", "passages", passages, "")
            texts = set()
            for keys in self.text_keys().values():
                held = keys.hex()
                texts |= {held[at : at + 2 * _KEY] for at in range(0, len(held), 2 * _KEY)}
            self._drop(connection, "embeddings", "text", texts, model)

    def _drop(
        self, connection: sqlite3.Connection, table: str, column: str, keep: set[str], model: str
    ) -> None:
        where, values = (" WHERE model = ?", (model,)) if model else ("", ())
        # Table and column names are ours, from the four calls above.
        found = connection.execute(f"SELECT {column} FROM {table}{where}", values)  # noqa: S608
        gone = [(row[0], *values) for row in found if row[0] not in keep]
        and_model = " AND model = ?" if model else ""
        delete = f"DELETE FROM {table} WHERE {column} = ?{and_model}"  # noqa: S608
        connection.executemany(delete, gone)

    @contextmanager
    def _writing(self, last: bool = False) -> Iterator[sqlite3.Connection]:
        """Write, and now and then make sure that it is on the disk: that costs most of the time.

        Args:
            last: Make sure of it now.
        """
        try:
            yield self._connection
            if last or time.monotonic() - self._committed > _COMMIT:
                self._connection.commit()
                self._committed = time.monotonic()
        except sqlite3.OperationalError as error:
            raise storage_error(self._path, error) from error


def storage_error(path: Path, error: Exception) -> StorageError:
    """What a person should know when `path` could not be written."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return StorageError(
        f"Cannot write {path}: {reason}. Make sure that the disk has room and that you may write "
        "to the folder; then run `retriever index` again. The index in force is untouched."
    )


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    try:
        return sqlite3.connect(
            f"{path.resolve().as_uri()}?mode={mode}",
            uri=True,
            timeout=30.0,
            check_same_thread=False,
        )
    except sqlite3.OperationalError as error:
        if mode == "ro":
            raise
        raise storage_error(path, error) from error


def _passage_from(item: list[Any]) -> PassageRow:
    start, end, section, pages, terms, names = item
    return PassageRow(
        start,
        end,
        tuple(section),
        (pages[0], pages[1]) if pages else None,
        tuple(terms.split()),
        tuple(names.split()),
    )
