"""The librarians' desk: add, correct, replace, supersede, remove and bring back documents.

Everything is a change of files below `corpus/` that the journal makes and can undo. The index
catches up afterwards; until then a removed document is left out of every answer, and a correction
shows at once.
"""

from __future__ import annotations

import getpass
import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from retriever import collections, generation
from retriever.corpus import files_below, is_document, slug
from retriever.errors import DeskError
from retriever.generation import FileRecord
from retriever.journal import KEEPING, Change, Event, Journal, Move
from retriever.loaders.sidecar import changed, sidecar_path, written

CORPUS = "corpus"


@dataclass(frozen=True)
class NewFile:
    """A file to be added.

    Attributes:
        content: Where it lies now; it is copied.
        name: Its path below `corpus/`, with forward slashes.
        values: What its sidecar states, by `Metadata` field; empty: no sidecar is written.
    """

    content: Path
    name: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Removed:
    """A document that was removed and can be brought back.

    Attributes:
        path: Where it stood below `corpus/`.
        event: When, by whom and why.
    """

    path: str
    event: Event


class Desk:
    """Changes one library. Safe for several people at once: one change at a time.

    Attributes:
        root: The library's folder.
        journal: Of its changes.
        who: Name for the history.
    """

    def __init__(self, root: Path, who: str = "") -> None:
        """Come to the desk.

        Args:
            root: The library's folder.
            who: Name for the history; the computer's user where empty.
        """
        self.root = root
        self.journal = Journal(root)
        self.who = who or getpass.getuser()

    def add(self, files: Sequence[NewFile], why: str = "") -> list[Event]:
        """Add files, each as a change of its own.

        Raises:
            DeskError: A name is taken or is none of a document, or the same bytes are held
                already; what stands before it was added.
        """
        made = []
        with self.journal.changing() as change:
            for file in files:
                self._check_name(file.name)
                if held := self.held(file.content):
                    raise DeskError(
                        f"{file.content.name} is in the library already, as {held}: the two files "
                        "are the same, byte for byte. It was not added again."
                    )
                change.put(f"{CORPUS}/{file.name}", file.content.read_bytes())
                if file.values:
                    change.put(f"{CORPUS}/{file.name}.toml", written(file.values).encode())
                made.append(self._make(change, "add", file.name, f"Added {file.name}", why))
        return made

    def edit(
        self, path: str, values: Mapping[str, Any], why: str = "", seen: str | None = None
    ) -> Event:
        """Set or clear what is stated of a document.

        Args:
            path: Below `corpus/`.
            values: Field of `Metadata` -> value; None takes the statement out, so that what the
                file itself says holds again.
            why: For the history.
            seen: What `stated` gave when the person began; None: whatever it is now.

        Raises:
            DeskError: Somebody else changed it meanwhile, or there is no such document.
            SidecarError: A value does not fit, or the sidecar there cannot be read.
        """
        with self.journal.changing() as change:
            self._check_there(path)
            old = sidecar_path(self.root / CORPUS / path)
            if seen is not None and seen != self.stated(path):
                raise DeskError(
                    f"What is stated of {path} was changed by somebody else since you opened it"
                    f"{self._by_whom(path)}. Look at it again, and make your change to that."
                )
            text = changed(old.read_text("utf-8-sig") if old else "", values, f"{path}.toml")
            name = self._relative(old) if old else f"{CORPUS}/{path}.toml"
            if old:
                change.take(name)
            change.put(name, text.encode())
            fields = ", ".join(values)
            return self._make(change, "edit", path, f"Changed {fields} of {path}", why)

    def stated(self, path: str) -> str:
        """SHA-256 of a document's sidecar, empty without one: what an edit is an edit of."""
        sidecar = sidecar_path(self.root / CORPUS / path)
        return hashlib.sha256(sidecar.read_bytes()).hexdigest() if sidecar else ""

    def supersede(self, old: str, new: str, new_id: str, why: str = "") -> Event:
        """Say that a document was replaced by another one that is held.

        Args:
            old: Path of the one that no longer holds.
            new: Path of the one that replaced it.
            new_id: The latter's document id or guidance number.
            why: For the history.

        Raises:
            DeskError: One of them is not there, or they are the same.
        """
        if old == new:
            raise DeskError(f"{old} cannot replace itself. Name two documents.")
        with self.journal.changing() as change:
            self._check_there(new)
            self._check_there(old)
            sidecar = sidecar_path(self.root / CORPUS / old)
            before = sidecar.read_text("utf-8-sig") if sidecar else ""
            status = {"status": f"superseded-by: {new_id}"}
            name = self._relative(sidecar) if sidecar else f"{CORPUS}/{old}.toml"
            if sidecar:
                change.take(name)
            change.put(name, changed(before, status, f"{old}.toml").encode())
            said = f"Marked {old} as superseded by {new}"
            return self._make(change, "supersede", old, said, why)

    def replace(self, path: str, content: Path, why: str = "") -> Event:
        """Put another file in the place of one, whose sidecar stays; the old version is kept.

        Raises:
            DeskError: There is no such document, or the same bytes are held already.
        """
        with self.journal.changing() as change:
            self._check_there(path)
            if held := self.held(content):
                raise DeskError(
                    f"{content.name} is in the library already, as {held}: the two files are the "
                    f"same, byte for byte. {path} was left as it is."
                )
            change.take(f"{CORPUS}/{path}")
            change.put(f"{CORPUS}/{path}", content.read_bytes())
            return self._make(change, "replace", path, f"Replaced the file {path}", why)

    def remove(self, path: str, why: str = "") -> Event:
        """Take a document out of the library; it can be brought back until it is purged.

        Raises:
            DeskError: There is no such document.
        """
        with self.journal.changing() as change:
            self._check_there(path)
            document = self.root / CORPUS / path
            sidecar = sidecar_path(document)
            change.take(f"{CORPUS}/{path}")
            # "a.toml" may be the sidecar of "a.pdf" and of "a.docx": it goes with the last.
            if sidecar and not self._shared(sidecar, document):
                change.take(self._relative(sidecar))
            return self._make(change, "remove", path, f"Removed {path}", why)

    def removed(self) -> list[Removed]:
        """What was removed and can be brought back, the latest first."""
        events = self.journal.events()
        holds = self.journal.in_effect(events)
        return [
            Removed(event.documents[0], event)
            for event in reversed(events)
            if event.action == "remove" and holds[event.id] and self._kept(event)
        ]

    def find(self, name: str) -> str:
        """Path below `corpus/` of a document that is there.

        Args:
            name: That path, or the document's id.

        Raises:
            DeskError: There is none of that name.
        """
        for path in (PurePosixPath(name).as_posix(), self.path_of(name)):
            if self._is_there(path):
                return path
        raise DeskError(
            f"The library holds no document '{name}', by that id or as a path below "
            f"{self.root / CORPUS}. "
            "`retriever documents` lists what there is."
        )

    def path_of(self, document_id: str) -> str:
        """Path of the document that has an id in the index, be it there or not; else empty."""
        if not document_id:
            return ""
        known = rows(self.root).items()
        return next((path for path, f in known if f.entry.document_id == document_id), "")

    def find_removed(self, name: str) -> str:
        """Path of a removed document, by that path, its id in the index or its file's name.

        Raises:
            DeskError: None of that name can be brought back, or there are several.
        """
        removed = [one.path for one in self.removed()]
        if name in removed:
            return name
        found = [p for p in removed if name in (self.id_of(p), slug(PurePosixPath(p).stem))]
        if len(found) > 1:
            raise DeskError(f"'{name}' may be {' or '.join(found)}. Name it by its path.")
        return found[0] if found else name

    def id_of(self, path: str) -> str:
        """A document's id in the index; before it is indexed, the one that its name gives it."""
        file = rows(self.root).get(path)
        return (file.entry.document_id if file else "") or slug(PurePosixPath(path).stem)

    def restore(self, path: str, why: str = "") -> Event:
        """Bring a removed document back, as it was.

        Raises:
            DeskError: It was not removed, is purged, or its place is taken.
        """
        for removed in self.removed():
            if removed.path == path:
                return self._turn(removed.event, "restore", f"Brought back {path}", why)
        known = ", ".join(r.path for r in self.removed()[:5])
        raise DeskError(
            f"{path} cannot be brought back: it was not removed, or was purged since. "
            + (f"These can be: {known}." if known else "Nothing can be.")
        )

    def undo(self, event_id: str, why: str = "") -> Event:
        """Undo a change, or make again what was undone.

        Raises:
            DeskError: There is no such change, a later one stands in its way, or it is a purge.
        """
        event = self.journal.event(event_id)
        if event.undoes:
            event = self.journal.event(event.undoes)
        return self._turn(event, "undo", "", why)

    def hindrance(self, event: Event, events: Sequence[Event]) -> str:
        """Why a change cannot be undone, or made again; empty where it can be.

        Args:
            event: The change.
            events: All of the history.
        """
        try:
            self._moves_back(event, events, self.journal.in_effect(events))
        except DeskError as error:
            return str(error)
        return ""

    def purge(self, path: str, why: str = "") -> Event:
        """Delete for good all that the desk keeps of a removed document; see `purging`.

        Raises:
            DeskError: It is still in the library, or nothing of it is kept.
        """
        with self.journal.changing() as change:
            deleted = self.kept(path)
            collections.forget(change, self.root, path, self.who)
            return change.make(
                "purge", [path], f"Deleted {path} for good", self.who, why, deleted=deleted
            )

    def kept(self, path: str) -> list[str]:
        """The files below the library's folder that are kept of a removed document.

        Raises:
            DeskError: It is still in the library, or nothing of it is kept.
        """
        if (self.root / CORPUS / path).exists():
            raise DeskError(f"{path} is in the library. Remove it first, then purge it.")
        if kept := self._kept_of(path):
            return kept
        raise DeskError(f"Nothing is kept of {path}: it was purged, or never held.")

    def held(self, content: Path) -> str:
        """Path of a document with the same bytes, or nothing.

        Only files of the same size are read.
        """
        size = content.stat().st_size
        digest = ""
        corpus = self.root / CORPUS
        for name, entry in files_below(corpus):
            if entry.stat().st_size == size and is_document(corpus / name, corpus):
                digest = digest or _digest(content)
                if _digest(corpus / name) == digest:
                    return name
        return ""

    def _turn(self, event: Event, action: Any, what: str, why: str) -> Event:
        """Undo a change that holds, or make one again that does not."""
        with self.journal.changing() as change:
            events = self.journal.events()
            holds = self.journal.in_effect(events)
            for move in self._moves_back(event, events, holds):
                change.move(move.source, move.target)
            done = "Undid" if holds[event.id] else "Made again"
            said = what or f"{done} change {event.id}: {event.what}"
            return change.make(action, event.documents, said, self.who, why, undoes=event.id)

    def _moves_back(
        self, event: Event, events: Sequence[Event], holds: Mapping[str, bool]
    ) -> list[Move]:
        """What has to be moved to undo a change that holds, or to make one again that does not."""
        if not event.moves:
            raise DeskError(f"Change {event.id} cannot be undone: {event.what}.")
        self._check_last(event, events, holds)
        moves = list(event.moves)
        if holds[event.id]:
            moves = [Move(move.target, move.source) for move in reversed(moves)]
        for move in moves:
            if move.source.startswith(KEEPING) and not (self.root / move.source).exists():
                raise DeskError(f"Change {event.id} cannot be undone: {move.source} was purged.")
        return moves

    def _check_last(
        self, event: Event, events: Sequence[Event], holds: Mapping[str, bool]
    ) -> None:
        """Refuse where a later change that holds has moved the same files."""
        own = _in_force(event)
        for later in events:
            if later.id > event.id and holds.get(later.id) and own & _in_force(later):
                raise DeskError(
                    f"Change {event.id} cannot be undone before change {later.id}, which came "
                    f"after it and concerns the same file ({later.what}). Undo that one first."
                )

    def _make(self, change: Change, action: Any, path: str, what: str, why: str) -> Event:
        return change.make(action, [path], what, self.who, why)

    def _check_name(self, name: str) -> None:
        path = PurePosixPath(name)
        corpus = self.root / CORPUS
        fits = name and not path.is_absolute() and ".." not in path.parts
        if not fits or not is_document(corpus / name, corpus):
            raise DeskError(
                f"'{name}' is no name for a document: give one below corpus/, without a dot in "
                "front, that does not end in .toml or .jsonl."
            )
        if (corpus / name).exists():
            raise DeskError(
                f"The library has a file {name} already, with other content. Give this one "
                "another name, or replace that one."
            )

    def _is_there(self, path: str) -> bool:
        corpus = self.root / CORPUS
        if not path or PurePosixPath(path).is_absolute():
            return False
        return (corpus / path).is_file() and is_document(corpus / path, corpus)

    def _check_there(self, path: str) -> None:
        if not self._is_there(path):
            raise DeskError(
                f"There is no file {path} below {self.root / CORPUS}. `retriever documents` lists "
                "what there is."
            )

    def _shared(self, sidecar: Path, document: Path) -> bool:
        # Whatever it may be shared with begins as its own name does.
        stem = sidecar.name.removesuffix(".toml")
        with os.scandir(document.parent) as entries:
            beside = [e.name for e in entries if e.name.startswith(stem) and e.is_file()]
        others = (document.with_name(name) for name in beside)
        return any(
            other != document and other != sidecar and sidecar_path(other) == sidecar
            for other in others
        )

    def _by_whom(self, path: str) -> str:
        for event in reversed(self.journal.events()):
            if path in event.documents:
                return f" ({event.who}, {event.at}: {event.what})"
        return ""

    def _kept(self, event: Event) -> bool:
        return all((self.root / move.target).exists() for move in event.moves)

    def _kept_of(self, path: str) -> list[str]:
        """The files below `keeping/` that a document's changes put there."""
        places = (
            place
            for event in self.journal.events()
            if path in event.documents
            for move in event.moves
            for place in (move.source, move.target)
        )
        return [
            place
            for place in dict.fromkeys(places)
            if place.startswith(KEEPING)
            and not collections.is_theirs(place)
            and (self.root / place).exists()
        ]

    def _relative(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()


def rows(root: Path) -> Mapping[str, FileRecord]:
    """Path below `corpus/` -> its row in the index in force, which is kept in memory."""
    index = root / "index"
    found = _rows_of(index, generation.current_name(index))
    if not found:  # it may have been replaced while it was read
        _rows_of.cache_clear()
    return found


@lru_cache(maxsize=1)
def _rows_of(index: Path, _: str) -> Mapping[str, FileRecord]:
    return {file.entry.path: file for file in generation.read_files(index)}


def _in_force(event: Event) -> frozenset[str]:
    """The places that a change moved something to or from, but for those where things are kept."""
    places = (place for move in event.moves for place in (move.source, move.target))
    return frozenset(p for p in places if p.startswith(f"{CORPUS}/") or p == collections.FILE)


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
