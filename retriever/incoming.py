"""Files that wait for a librarian's yes: read, looked at, compared with what is held.

    keeping/incoming/BATCH/batch.json       what became of each file so far
                           files/0001/NAME  the file as it was given, its sidecar beside it
                           read/SHA256.json what reading it gave

Nothing here is in the library. A file comes into it when a librarian says so, by a change that
the journal makes; what was decided is written down before, so whoever comes after a crash does the
rest. What was read off a file is a proposal: only what somebody confirmed is stated of it.
"""

from __future__ import annotations

import base64
import dataclasses
import getpass
import json
import re
import shutil
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from retriever import generation, handed
from retriever.config import Reading
from retriever.connectors import keep
from retriever.connectors.records import Record
from retriever.corpus import slug
from retriever.desk import CORPUS, Desk, NewFile
from retriever.editions import Known, Shelf, Sketch, catch_up, differences, sketch
from retriever.errors import DeskError, LockHeld, SidecarError, UnreadableFile
from retriever.indexing import parsed_key
from retriever.intake import Given, Held, Intake, Names, Taken, file_name
from retriever.journal import KEEPING, Event, aside, cannot_write, sweep, write_whole
from retriever.loaders.sidecar import Sidecar, apply, read_sidecar, written
from retriever.loaders.worker import Result, reading
from retriever.schema import Parsed, Progress, to_dict
from retriever.unpacking import Refused
from retriever.waiting import (
    UNDECIDED,
    Batch,
    Decision,
    Outcome,
    Preview,
    SideBySide,
    Taking,
    Waiting,
    batch_from,
    faults,
    to_json,
)

_WAIT = 60.0  # seconds for another librarian's file to be taken in
_FIRST_PAGE = 3_000  # characters of a document without pages that are its first page
_HEADINGS = 60
_DIFFERENCES = 5


class Incoming:
    """The files that wait before one library. Safe for several people and processes at once."""

    def __init__(self, root: Path, who: str = "") -> None:
        """Look at what waits.

        Args:
            root: The library's folder.
            who: Name for the history; the computer's user where empty.
        """
        self.root = root
        self.folder = root / KEEPING / "incoming"
        self._who = who or getpass.getuser()
        self._index = root / "index"

    def take_in(self, given: Iterable[Given], limits: Reading) -> Batch:
        """Keep files until they are decided on, with what sidecars and tables state of them.

        Files with the same bytes as a document, or as another one that waits, are told at once.

        Raises:
            DeskError: There was not one file.
            StorageError: The folder cannot be written.
        """
        try:
            with aside(self.folder) as new:
                intake = Intake(new, limits.max_megabytes * 1_000_000, self.root / CORPUS)
                for one in given:
                    intake.take(one)
                taken = intake.ended()
                if not taken and not intake.refused:
                    raise DeskError("There is no file in what was given. Choose files, or a zip.")
                with self._locked():
                    self._sweep()
                    batch = self._identified(taken, intake.refused)
                    write_whole(new / "batch.json", to_json(batch))
                    new.rename(self.folder / batch.id)
        except OSError as error:
            raise cannot_write(self.folder, error) from error
        return batch

    def fetched(self) -> list[Record]:
        """What was fetched from the web and is in no batch yet, in order of name."""
        return keep.waiting(self.root)

    def take_in_fetched(self, limits: Reading) -> Batch:
        """Make what was fetched from the web a batch; its sources' words are proposed as stated.

        Raises:
            DeskError: Nothing was fetched.
            StorageError: As `take_in`.
        """
        records = self.fetched()
        batch = self.take_in(
            [
                Given(
                    record.name,
                    self.folder / record.name,
                    {"url": record.page or record.address, **_licence(record), **record.values},
                    to_dict(record),
                )
                for record in records
            ],
            limits,
        )
        for record in records:
            (self.folder / record.name).unlink(missing_ok=True)
            (self.folder / f"{record.name}.json").unlink(missing_ok=True)
        return batch

    def batches(self) -> list[Batch]:
        """Every batch, the oldest first; finishes first what a crash left undone."""
        if not self.folder.is_dir():
            return []
        with self._locked():
            return [self._finished(batch) for batch in self._all()]

    def batch(self, batch_id: str) -> Batch:
        """One batch, as it is now.

        Raises:
            DeskError: It is not there any more.
        """
        path = self.folder / batch_id / "batch.json"
        if not re.fullmatch(r"[\w-]+", batch_id) or not path.is_file():
            raise DeskError(
                f"There is no batch '{batch_id}' any more: everything in it was decided on, or "
                "somebody closed it. The History tells what was added."
            )
        return batch_from(json.loads(path.read_text("utf-8")))

    def close(self, batch_id: str) -> None:
        """Forget a batch and delete its files, also those not decided on."""
        with self._locked():
            self.batch(batch_id)
            gone = self.folder / f".closed-{uuid.uuid4().hex}"
            (self.folder / batch_id).rename(gone)
            shutil.rmtree(gone, ignore_errors=True)

    def read(
        self,
        batch_id: str,
        limits: Reading,
        progress: Callable[[Progress], None] = lambda _: None,
    ) -> Batch:
        """Read what was not read yet, and compare it with what is held.

        What was read before a crash or a stop is kept. An error that `progress` raises ends it
        between two files.

        Args:
            batch_id: Which.
            limits: Time and memory for one file.
            progress: Told of every file before it is read.
        """
        self.batch(batch_id)
        # The page has read what the command line took in, too: the second finds nothing to do.
        with FileLock(self.folder / batch_id / "reading.lock"):
            self._read(batch_id, limits, progress)
        return self.batch(batch_id)

    def _read(
        self, batch_id: str, limits: Reading, progress: Callable[[Progress], None]
    ) -> None:
        catch_up(self._index, progress)
        unread = self.batch(batch_id).having("unread")
        shelf = self._shelf()
        kept = [file for file in unread if self._read_path(batch_id, file).exists()]
        rest = [file for file in unread if file not in kept]
        with reading([self._content(batch_id, file) for file in rest], limits) as results:
            for number, file in enumerate([*kept, *rest]):
                progress(Progress("reading", number, len(unread), file.original))
                if file in kept:
                    result = self._kept(batch_id, file)
                else:
                    _, result = next(results)
                    self._keep(batch_id, file, result, parsed_key(file.sha256, limits))
                self._judge(batch_id, file, result, shelf)
        progress(Progress("reading", len(unread), len(unread)))

    def preview(self, batch_id: str, number: int) -> Preview:
        """What was read off a file.

        Raises:
            DeskError: It was not read, could not be, or is decided on.
        """
        media_type, parsed = self._parsed(batch_id, self.batch(batch_id).file(number))
        end = parsed.pages[0].end if parsed.pages else _FIRST_PAGE
        return Preview(
            media_type,
            parsed.text[: min(end, _FIRST_PAGE)].strip(),
            tuple((s.level, s.heading) for s in parsed.sections[:_HEADINGS]),
            len(parsed.text.split()),
        )

    def compare(self, batch_id: str, number: int) -> list[SideBySide]:
        """A file beside each document that it is like.

        Raises:
            DeskError: As `preview`.
        """
        batch = self.batch(batch_id)
        file = batch.file(number)
        _, parsed = self._parsed(batch_id, file)
        known = {one.path: one for one in self._known()}
        return [
            SideBySide(
                like,
                known[like.path].metadata,
                not (self.root / CORPUS / like.path).exists(),
                tuple(differences(known[like.path].text(), parsed.text, _DIFFERENCES)),
            )
            for like in file.likes
            if like.path in known
        ]

    def accept(
        self,
        batch_id: str,
        number: int,
        values: Mapping[str, Any] | None = None,
        name: str = "",
        why: str = "",
    ) -> list[Event]:
        """Add a file to the library, also where it is like another document.

        Args:
            batch_id: Its batch.
            number: Its number there.
            values: Confirmed `Metadata` fields; they go before what its sidecar states.
            name: Path below `corpus/`; the proposed one where empty.
            why: For the history.

        Returns:
            The change that was made; none if the same file stood there already.

        Raises:
            DeskError: It is decided on already, or as `Desk.add`; it goes on waiting.
            SidecarError: A value does not fit; it goes on waiting.
        """
        return self._take(batch_id, number, values or {}, name, why, "")

    def as_edition(
        self,
        batch_id: str,
        number: int,
        of: str,
        decision: Decision,
        values: Mapping[str, Any] | None = None,
        name: str = "",
        why: str = "",
    ) -> list[Event]:
        """Decide what a file is that is like a document.

        Args:
            batch_id: Its batch.
            number: Its number there.
            of: Path of the document below `corpus/`.
            decision: `same`: it is not added; `new-edition`: it is added, and the document marked
                as superseded by it; `different`: it is added beside it.
            values: As for `accept`.
            name: As for `accept`.
            why: For the history.

        Returns:
            The changes that were made.

        Raises:
            DeskError: As `accept`; or the document is not in the library.
            SidecarError: As `accept`.
        """
        if decision == "same":
            self._settle(batch_id, number, "left-out", f"the same as {of}")
            return []
        replaces = of if decision == "new-edition" else ""
        if replaces and not (self.root / CORPUS / replaces).is_file():
            raise DeskError(
                f"{replaces} is not in the library, so nothing can be a new edition of it. If it "
                "waits here too, add it first."
            )
        return self._take(batch_id, number, values or {}, name, why, replaces)

    def refuse(self, batch_id: str, number: int, reason: str = "") -> None:
        """Leave a file out; its content is deleted.

        Raises:
            DeskError: It is decided on already.
        """
        self._settle(batch_id, number, "left-out", reason)

    def forget(self, copies: Collection[str], reason: str) -> None:
        """Leave out all files with some bytes, and take away what a crash left half written.

        Args:
            copies: SHA-256 of those bytes.
            reason: Why, in words.
        """
        if not self.folder.is_dir():
            return
        for batch in self.batches():
            with self._locked():
                for file in self.batch(batch.id).files:
                    if file.sha256 in copies:
                        waits = file.outcome in (*UNDECIDED, "failed")
                        ending: Outcome = "left-out" if waits else file.outcome
                        self._end(batch.id, file, ending, reason if waits else file.reason)
        with self._locked():
            self._sweep()

    # --- taking in ------------------------------------------------------------------------------

    def _identified(self, given: Iterable[Taken], refused: list[Refused]) -> Batch:
        """Give the files their names and say which of them are held or wait already."""
        waiting = [file for batch in self._all() for file in batch.having(*UNDECIDED)]
        by_hash = {file.sha256: file.name for file in waiting}
        held = Held(self.root / CORPUS)
        names = Names(self.root / CORPUS, self._taken_ids(waiting))
        files = []
        for number, taken in enumerate(given, start=1):
            same = held.same(taken.path, taken.sha256) or by_hash.get(taken.sha256, "")
            file = Waiting(number, taken.name, taken.original, taken.sha256)
            if same:
                shutil.rmtree(taken.path.parent)
                files.append(dataclasses.replace(file, outcome="same", same_as=same))
                continue
            name = by_hash[taken.sha256] = names.free(taken.name)
            stated, record = dict(taken.stated), dict(taken.record)
            files.append(dataclasses.replace(file, name=name, stated=stated, record=record))
        now = datetime.now(UTC)
        at = now.isoformat(timespec="seconds")
        return Batch(self._free_id(now), at, self._who, tuple(files), tuple(refused))

    def _taken_ids(self, waiting: Iterable[Waiting]) -> Iterator[str]:
        yield from (file.entry.document_id for file in generation.read_files(self._index))
        yield from (PurePosixPath(file.name).stem for file in waiting)

    def _free_id(self, now: datetime) -> str:
        name, number = f"{now:%Y%m%d-%H%M%S}", 1
        while (self.folder / (f"{name}-{number}" if number > 1 else name)).exists():
            number += 1
        return f"{name}-{number}" if number > 1 else name

    def _sweep(self) -> None:
        """Take away what a crash left of files that were being taken in, closed or written."""
        for path in self.folder.glob(".closed-*"):
            shutil.rmtree(path, ignore_errors=True)
        sweep(self.folder)
        for torn in self.folder.glob("[!.]*/**/.*.new"):  # whoever writes them has the lock
            torn.unlink(missing_ok=True)

    # --- reading --------------------------------------------------------------------------------

    def _judge(self, batch_id: str, file: Waiting, result: Result, shelf: Shelf) -> None:
        """Write down what reading gave, and what the file is like."""
        if isinstance(result, UnreadableFile):
            self._was_read(batch_id, file, outcome="failed", reason=str(result))
            return
        _, parsed = result
        metadata = parsed.metadata
        if file.stated:
            stated = {k: v for k, v in _fields(file.stated).items() if k != "id"}
            metadata = apply(metadata, Sidecar("", stated, ""))
        own = sketch(parsed.text)
        likes = shelf.like(metadata, own, parsed.text)
        shelf.add(Known(file.name, metadata, own, lambda: self._text(batch_id, file)))
        self._was_read(
            batch_id,
            file,
            outcome="like" if likes else "ready",
            likes=tuple(likes),
            metadata=metadata,
            pages=len(parsed.pages) or None,
            faults=faults(parsed),
            sketch=base64.b64encode(own.tobytes()).decode("ascii"),
        )

    def _was_read(self, batch_id: str, file: Waiting, **found: Any) -> None:
        """Write down what came of reading a file, unless it was decided on meanwhile."""
        with self._locked():
            if self.batch(batch_id).file(file.number).outcome == "unread":
                self._change(batch_id, file.number, **found)
            else:
                self._read_path(batch_id, file).unlink(missing_ok=True)

    def _shelf(self) -> Shelf:
        return Shelf(self._known())

    def _known(self) -> list[Known]:
        """The documents of the index, and what waits or was added since and is not in it yet."""
        known = {
            one.path: one
            for one in Shelf.of_library(self._index).known
            if (self.root / CORPUS / one.path).exists()
        }
        for batch in self._all():
            for file in batch.having("ready", "like"):
                known.setdefault(file.name, self._known_file(batch.id, file))
        return list(known.values())

    def _known_file(self, batch_id: str, file: Waiting) -> Known:
        own: Sketch = np.frombuffer(base64.b64decode(file.sketch), dtype=np.uint32)
        return Known(file.name, file.metadata, own, lambda: self._text(batch_id, file))

    def _text(self, batch_id: str, file: Waiting) -> str:
        try:
            return self._parsed(batch_id, file)[1].text
        except DeskError:  # decided on meanwhile
            return ""

    def _read_path(self, batch_id: str, file: Waiting) -> Path:
        return self.folder / batch_id / "read" / f"{file.sha256}.json"

    def _keep(self, batch_id: str, file: Waiting, result: Result, key: str) -> None:
        if isinstance(result, UnreadableFile):
            kept: dict[str, Any] = {"problem": str(result)}
        else:
            kept = {"media_type": result[0], "parsed": to_dict(result[1]), "key": key}
        with self._locked():
            write_whole(self._read_path(batch_id, file), json.dumps(kept))

    def _kept(self, batch_id: str, file: Waiting) -> Result:
        kept = json.loads(self._read_path(batch_id, file).read_text("utf-8"))
        if "problem" in kept:
            return UnreadableFile(kept["problem"])
        return kept["media_type"], Parsed.from_dict(kept["parsed"])

    def _parsed(self, batch_id: str, file: Waiting) -> tuple[str, Parsed]:
        try:
            result = self._kept(batch_id, file)
        except OSError as error:
            raise DeskError(
                f"{file.original} cannot be shown: it was not read yet, or is decided on."
            ) from error
        if isinstance(result, UnreadableFile):
            raise DeskError(f"{file.original} could not be read: {result}")
        return result

    # --- deciding -------------------------------------------------------------------------------

    def _take(
        self,
        batch_id: str,
        number: int,
        values: Mapping[str, Any],
        name: str,
        why: str,
        replaces: str,
    ) -> list[Event]:
        with self._locked():
            file = self._undecided(batch_id, number)
            stated = {**file.stated, **values}
            written(stated)  # refused before anything is written down
            taking = Taking(self._who, why, name or file.name, stated, replaces)
            file = self._change(batch_id, number, taking=taking)
            return self._carry_out(batch_id, file, taking)

    def _carry_out(self, batch_id: str, file: Waiting, taking: Taking) -> list[Event]:
        """Do what was decided, as far as it is not done; may be called again after a crash."""
        desk = Desk(self.root, taking.who)
        content = self._content(batch_id, file)
        made = []
        desk.journal.finish()  # a crash may have come in the midst of the very same
        try:
            held = desk.held(content)
            if held and held != taking.name:
                self._end(batch_id, dataclasses.replace(file, same_as=held), "same")
                raise DeskError(
                    f"{file.original} was not added: the library holds the same file by now, as "
                    f"{held}."
                )
            if not held:
                new = NewFile(content, taking.name, _fields(taking.values))
                made += desk.add([new], taking.why)
            if taking.replaces:
                made += self._supersede(desk, taking)
        except (DeskError, SidecarError):
            if self.batch(batch_id).file(file.number).taking:
                self._change(batch_id, file.number, taking=None)
            raise
        if file.record:
            place = self.root / keep.ACCEPTED / f"{file.record['name']}.json"
            write_whole(place, json.dumps(file.record, ensure_ascii=False, indent=1) + "\n")
        self._hand_over(batch_id, file)
        self._end(batch_id, dataclasses.replace(file, name=taking.name), "added")
        return made

    def _hand_over(self, batch_id: str, file: Waiting) -> None:
        """Leave what was read of a file to the index, which then need not read it again."""
        with suppress(OSError, ValueError, KeyError):  # it reads it, then
            kept = json.loads(self._read_path(batch_id, file).read_text("utf-8"))
            parsed = Parsed.from_dict(kept["parsed"])
            handed.hand(self._index, kept["key"], kept["media_type"], parsed)

    def _supersede(self, desk: Desk, taking: Taking) -> list[Event]:
        """Mark the older edition, unless that was done before a crash."""
        new_id = str(taking.values.get("id") or slug(PurePosixPath(taking.name).stem))
        sidecar = read_sidecar(self.root / CORPUS / taking.replaces)
        if sidecar and sidecar.values.get("status") == f"superseded-by: {new_id}":
            return []
        return [desk.supersede(taking.replaces, taking.name, new_id, taking.why)]

    def _finished(self, batch: Batch) -> Batch:
        """Carry out what was decided before a crash; what cannot be goes on waiting, with why."""
        for file in batch.files:
            if file.taking:
                try:
                    self._carry_out(batch.id, file, file.taking)
                except (DeskError, SidecarError) as error:
                    self._change(batch.id, file.number, reason=str(error))
        return self.batch(batch.id) if any(file.taking for file in batch.files) else batch

    def _settle(self, batch_id: str, number: int, outcome: Outcome, reason: str) -> None:
        with self._locked():
            file = self._undecided(batch_id, number, "failed")
            self._end(batch_id, file, outcome, reason)

    def _undecided(self, batch_id: str, number: int, *more: Outcome) -> Waiting:
        file = self.batch(batch_id).file(number)
        if file.outcome not in (*UNDECIDED, *more) or file.taking:
            raise DeskError(
                f"{file.original} is decided on already, by you or somebody else: it is "
                f"{file.outcome.replace('-', ' ')}. Look at the page again."
            )
        return file

    def _end(self, batch_id: str, file: Waiting, outcome: Outcome, reason: str = "") -> None:
        """Write down that a file was decided on, and delete all that came off it."""
        ended = Waiting(
            file.number, file.name, file.original, file.sha256, outcome, reason, file.same_as
        )
        self._put(batch_id, ended)
        shutil.rmtree(self._content(batch_id, file).parent, ignore_errors=True)
        self._read_path(batch_id, file).unlink(missing_ok=True)

    # --- on the disk ----------------------------------------------------------------------------

    def _content(self, batch_id: str, file: Waiting) -> Path:
        folder = self.folder / batch_id / "files" / f"{file.number:04d}"
        return folder / file_name(file.original)

    def _change(self, batch_id: str, number: int, **changes: Any) -> Waiting:
        """Change what is written down of one file."""
        with self._locked():
            file = dataclasses.replace(self.batch(batch_id).file(number), **changes)
            self._put(batch_id, file)
        return file

    def _put(self, batch_id: str, file: Waiting) -> None:
        """Write down a file in the place of what stands there of it."""
        with self._locked():
            batch = self.batch(batch_id)
            files = (*batch.files[: file.number - 1], file, *batch.files[file.number :])
            changed = to_json(dataclasses.replace(batch, files=files))
            write_whole(self.folder / batch_id / "batch.json", changed)

    def _all(self) -> list[Batch]:
        paths = self.folder.glob("[!.]*/batch.json")
        return [batch_from(json.loads(path.read_text("utf-8"))) for path in sorted(paths)]

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Be the only one who writes down what became of files; goes with the process."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            # One lock for each place on the disk, so that whoever has it may take it again.
            with FileLock(self.folder / "lock", is_singleton=True).acquire(timeout=_WAIT):
                yield
        except Timeout as error:
            raise LockHeld(
                "Somebody else's files are being taken in, and that does not end. Try again in a "
                "minute; if it goes on, see whether a retriever process hangs."
            ) from error
        except OSError as error:
            raise cannot_write(self.folder, error) from error


def _licence(record: Record) -> dict[str, str]:
    return {"licence": record.licence} if record.licence else {}


def _fields(stated: Mapping[str, Any]) -> dict[str, Any]:
    """Values as they were before they were written down as JSON."""
    return {k: tuple(v) if isinstance(v, list) else v for k, v in stated.items()}
