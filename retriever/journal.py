"""What was changed in the library's files, by whom, when and why; each change can be undone.

    keeping/history.jsonl       one event a line, only ever added to
    keeping/kept/EVENT/         files that an event took away, and what it was undone to
    keeping/pending.json        the event at work; there only while it is

A change is a list of moves of files within the library's folder. Nothing is written over and
nothing deleted, so the moves the other way round undo it; only a purge deletes. The moves are
written down before the first is made, so whoever comes after a crash makes the rest: a change is
there wholly or not at all.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, Literal, get_args

from filelock import FileLock, Timeout

from retriever.errors import DeskError, LockHeld, StorageError
from retriever.schema import to_dict

Action = Literal[
    "add", "edit", "replace", "supersede", "remove", "restore", "purge", "undo", "collection"
]
ACTIONS: tuple[Action, ...] = get_args(Action)
KEEPING = "keeping"
_ASIDE = ".taking-"  # and the process that writes there
_TAIL = 65_536  # bytes
_WAIT = 30.0  # seconds for another change to end: none takes long


@dataclass(frozen=True)
class Move:
    """A file moved from one place to another, both relative to the library's folder."""

    source: str
    target: str


@dataclass(frozen=True)
class Event:
    """A change that was made.

    Attributes:
        id: Running number as text, `000042`.
        at: When, in UTC, `2026-11-26T09:30:00+00:00`.
        who: Who made it; as they gave it, or the computer's user.
        documents: Paths below `corpus/` of the documents concerned.
        what: What was done, in one sentence.
        why: Why, if they said so.
        moves: What was moved, in order.
        undoes: Id of the event that this one undid or brought back; else empty.
        deleted: Files that are gone for good.
    """

    id: str
    at: str
    who: str
    action: Action
    documents: tuple[str, ...]
    what: str
    why: str = ""
    moves: tuple[Move, ...] = ()
    undoes: str = ""
    deleted: tuple[str, ...] = ()


class Journal:
    """The history of one library's files. Safe for many processes."""

    def __init__(self, root: Path) -> None:
        """Open the history below a library's folder; nothing is written until something changes."""
        self.root = root
        self.folder = root / KEEPING
        self._history = self.folder / "history.jsonl"
        self._pending = self.folder / "pending.json"

    def events(self) -> list[Event]:
        """Every change, the first one first.

        Raises:
            DeskError: A line of the history is damaged; names it.
        """
        if not self._history.exists():
            return []
        lines = self._history.read_text("utf-8").splitlines()
        return [self._event(line, number) for number, line in enumerate(lines, start=1)]

    def since(self, position: int) -> tuple[list[Event], int]:
        """The changes entered after a place in the history.

        Args:
            position: Where an earlier call ended; 0 for the beginning.

        Returns:
            Them, the first one first, and where they end.

        Raises:
            DeskError: A line of the history is damaged; or it is shorter than it was.
        """
        try:
            with self._history.open("rb") as stream:
                stream.seek(position)
                content = stream.read()
                end = stream.seek(0, os.SEEK_END)
        except FileNotFoundError:
            content, end = b"", 0
        if end < position:
            raise DeskError(f"{self._history} is shorter than it was: it was put back.")
        whole = content[: content.rfind(b"\n") + 1]  # the last line may be being written
        events = [self._event(line, n) for n, line in enumerate(whole.decode().splitlines(), 1)]
        return events, position + len(whole)

    def stamp(self) -> tuple[int, int]:
        """Another one whenever something was changed since, cheap to ask for."""
        try:
            state = self._history.stat()
        except OSError:
            return 0, 0
        return state.st_size, state.st_mtime_ns

    def in_effect(self, events: Sequence[Event]) -> dict[str, bool]:
        """Id of each change that is no undoing -> whether it holds, or is undone."""
        holds: dict[str, bool] = {}
        for event in events:
            if event.undoes:
                holds[event.undoes] = not holds[event.undoes]
            else:
                holds[event.id] = True
        return holds

    def event(self, event_id: str) -> Event:
        """One change.

        Raises:
            DeskError: There is none of that number.
        """
        wanted = event_id.zfill(6)
        for event in self.events():
            if event.id == wanted:
                return event
        raise DeskError(f"The history has no change {event_id}. `retriever history` lists them.")

    @contextmanager
    def changing(self) -> Iterator[Change]:
        """Be the only one who changes files; finishes first what a crash left undone.

        Raises:
            LockHeld: Somebody else's change does not come to its end.
            StorageError: The folder cannot be written.
        """
        try:
            self.folder.mkdir(exist_ok=True)
            with FileLock(self.folder / "lock").acquire(timeout=_WAIT):
                for torn in self.folder.glob(".*.new"):  # a crash came while it was written
                    torn.unlink()
                sweep(self.folder)
                self._finish()
                yield Change(self, self._last_number() + 1)
        except Timeout as error:
            raise LockHeld(
                "Another change to the library is being made and does not end. Try again; if it "
                "goes on, see whether a retriever process hangs."
            ) from error
        except OSError as error:
            raise cannot_write(self.folder, error) from error

    def finish(self) -> None:
        """Finish what a crash left undone; does nothing otherwise."""
        if self._pending.exists():
            with self.changing():
                pass

    def _make(self, event: Event) -> None:
        """Write down what is to be moved, move it, and enter it in the history."""
        there: dict[str, bool] = {}  # as it will be when the moves before are made
        for move in event.moves:
            if not there.get(move.source, (self.root / move.source).exists()):
                raise DeskError(f"{move.source} is not there any more. Look at the page again.")
            if there.get(move.target, (self.root / move.target).exists()):
                raise DeskError(f"{move.target} is there already. Choose another name.")
            there |= {move.source: False, move.target: True}
        write_whole(self._pending, json.dumps(to_dict(event), ensure_ascii=False))
        self._finish()

    def _finish(self) -> None:
        """Do what is left of the event at work."""
        if not self._pending.exists():
            return
        event = _event_from(json.loads(self._pending.read_text("utf-8")))
        for move in event.moves:
            source, target = self.root / move.source, self.root / move.target
            if source.exists() and not target.exists():  # else it was made before the crash
                target.parent.mkdir(parents=True, exist_ok=True)
                source.replace(target)
        for name in event.deleted:
            (self.root / name).unlink(missing_ok=True)
        self._enter(event)
        self._pending.unlink()
        self._tidy(event)

    def _enter(self, event: Event) -> None:
        """Add an event to the history, unless a crash came right after that."""
        text = self._history.read_text("utf-8") if self._history.exists() else ""
        whole, _, torn = text.rpartition("\n")
        if torn:  # a crash came while the line was being written
            write_whole(self._history, f"{whole}\n" if whole else "")
        last = whole.rpartition("\n")[2]
        if last and json.loads(last)["id"] == event.id:
            return
        with self._history.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(to_dict(event), ensure_ascii=False) + "\n")
            stream.flush()
            os.fsync(stream.fileno())

    def _tidy(self, event: Event) -> None:
        """Take away folders below `keeping/` that are empty now."""
        for name in (*(move.source for move in event.moves), *event.deleted):
            folder = (self.root / name).parent
            while folder != self.folder and self.folder in folder.parents:
                try:
                    folder.rmdir()
                except OSError:
                    break
                folder = folder.parent

    def _last_number(self) -> int:
        """The number of the last event, from the end of the history, however long that is."""
        if not self._history.exists():
            return 0
        with self._history.open("rb") as stream:
            stream.seek(max(0, stream.seek(0, os.SEEK_END) - _TAIL))
            lines = stream.read().splitlines()
        try:
            return int(json.loads(lines[-1])["id"]) if lines else 0
        except ValueError:  # a line longer than the tail, or a damaged one
            events = self.events()
            return int(events[-1].id) if events else 0

    def _event(self, line: str, number: int) -> Event:
        try:
            return _event_from(json.loads(line))
        except (ValueError, TypeError, KeyError) as error:
            raise DeskError(
                f"{self._history}, line {number} is damaged: {error}. Put the file back from a "
                "backup, or take that line out; the documents themselves are not touched by this."
            ) from error


class Change:
    """A change in the making; once made, the next one is."""

    def __init__(self, journal: Journal, number: int) -> None:
        self._journal = journal
        self._begin(number)

    def _begin(self, number: int) -> None:
        self.id = f"{number:06d}"
        self._moves: list[Move] = []
        # What somebody got ready and did not come to change.
        shutil.rmtree(self._journal.folder / "kept" / self.id, ignore_errors=True)

    def take(self, path: str) -> None:
        """Take a file away and keep it.

        Args:
            path: Relative to the library's folder.
        """
        self._moves.append(Move(path, f"{KEEPING}/kept/{self.id}/old/{path}"))

    def put(self, path: str, content: bytes) -> None:
        """Put new content where nothing is, or where what was there is taken away.

        Args:
            path: Relative to the library's folder.
            content: The file's bytes.
        """
        staged = f"{KEEPING}/kept/{self.id}/new/{path}"
        write_whole(self._journal.root / staged, content)
        self._moves.append(Move(staged, path))

    def move(self, source: str, target: str) -> None:
        """Move a file; both places relative to the library's folder."""
        self._moves.append(Move(source, target))

    def make(
        self,
        action: Action,
        documents: Sequence[str],
        what: str,
        who: str,
        why: str = "",
        undoes: str = "",
        deleted: Sequence[str] = (),
    ) -> Event:
        """Do it all, and enter it in the history.

        Raises:
            DeskError: A file is not where it should be, or something is in its new place; nothing
                was changed.
        """
        event = Event(
            id=self.id,
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            who=who,
            action=action,
            documents=tuple(documents),
            what=what,
            why=why,
            moves=tuple(self._moves),
            undoes=undoes,
            deleted=tuple(deleted),
        )
        self._journal._make(event)
        self._begin(int(event.id) + 1)
        return event


def cannot_write(folder: Path, error: OSError) -> StorageError:
    """What a person should know when something below `keeping/` could not be written."""
    return StorageError(
        f"Cannot write below {folder}: {error.strerror or error}. Make sure that the disk has room "
        "and that you may write there. What was begun is finished, or was not begun, with the "
        "next change."
    )


def write_whole(path: Path, content: bytes | str) -> None:
    """Write a file in one step: it is there whole, or as it was before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{uuid.uuid4().hex}.new")
    with new.open("wb") as stream:
        stream.write(content if isinstance(content, bytes) else content.encode())
        stream.flush()
        os.fsync(stream.fileno())
    new.replace(path)


@contextmanager
def aside(folder: Path) -> Iterator[Path]:
    """A new place in a folder, for nobody else, with all that was put there gone afterwards.

    What a crash leaves of one, `sweep` takes away.
    """
    place = folder / f"{_ASIDE}{os.getpid()}-{uuid.uuid4().hex}"
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def sweep(folder: Path) -> None:
    """Take away what processes that are no more left of `aside`."""
    for path in folder.glob(f"{_ASIDE}*"):
        if not _runs(int(path.name.removeprefix(_ASIDE).partition("-")[0])):
            shutil.rmtree(path, ignore_errors=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _event_from(data: Mapping[str, Any]) -> Event:
    """An event as it was written down.

    Raises:
        ValueError, TypeError, KeyError: It is none; or it moves or deletes what is no file of the
            library, as only a history that somebody has forged does.
    """
    values = dict(data)
    values["moves"] = tuple(Move(**move) for move in values["moves"])
    for name in ("documents", "deleted"):
        values[name] = tuple(values[name])
    event = Event(**values)
    for place in (*(p for m in event.moves for p in (m.source, m.target)), *event.deleted):
        path = PurePosixPath(place)
        if path.parts[:1] not in (("corpus",), (KEEPING,)) or ".." in path.parts:
            raise ValueError(f"{place} is no file of the library")
    return event
