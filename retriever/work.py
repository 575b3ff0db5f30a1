"""Long work in a process of its own: it goes on when the page is closed, and shows how far it is.

    keeping/work/0001.json    a job: what, how far, how it ended
                 0001.stop    somebody asks for its end; the job stops between two files
                 0001.log     what its process printed, for when it failed unexpectedly
                 0001.fetched what there is on the web, or what became of each document of it
                 lock         held by the process at work, and gone with it

    python -m retriever.work ROOT     does the jobs that wait, one after another, the oldest first

A job whose process was killed is known by the lock that nobody holds. It goes on where it was:
what reading a file gave is kept by the file's bytes, and indexing has its store.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from filelock import FileLock, Timeout

from retriever.errors import DeskError, RetrieverError
from retriever.journal import KEEPING, cannot_write, write_whole
from retriever.schema import Progress, to_dict

if TYPE_CHECKING:
    from retriever import fetching

What = Literal["read", "index", "links", "find", "fetch"]
State = Literal["waiting", "working", "done", "stopped", "failed", "killed"]
OVER: tuple[State, ...] = ("done", "stopped", "failed", "killed")
CAN_GO_ON: tuple[State, ...] = ("stopped", "failed", "killed")

_KEPT = 50  # jobs whose end is remembered
_EVERY = 0.2  # seconds between two notes of how far a job is, and between two looks at it
_STARTING = timedelta(seconds=30)  # a process that has not begun by then never will
_NICENESS = 10  # readers' questions go first
# A process that is started by one that ends at once is nobody's child, so it is no zombie when it
# ends, and does not end with the page.
_LAUNCH = (
    "import subprocess, sys; log = open(sys.argv[1], 'ab'); "
    "subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=log, stderr=log, "
    "start_new_session=True)"
)


@dataclass(frozen=True)
class Job:
    """Some long work.

    Attributes:
        id: Running number, `0001`.
        what: `read`: read a batch of files that wait; `index`: bring the index up to date;
            `links`: look where the addresses of documents lead; `find`: say what there is on the
            web; `fetch`: fetch it and have it read as a batch.
        batch: For `read`, which batch.
        queued: When it was asked for, in UTC; likewise `started` and `ended`, empty before.
        stage: What it is at: `comparing`, `reading`, `embedding`, `writing`, `looking` or
            `fetching`.
        done: Files of this stage that are done; `total`: all of them; `item`: the one at work.
        message: How it ended, in words.
        wanted: For `find` and `fetch`, what, each as `fetching.asked` gives it.
        limit: For `find` and `fetch`, how many documents at most for each.
    """

    id: str
    what: What
    who: str
    state: State
    queued: str
    batch: str = ""
    started: str = ""
    ended: str = ""
    stage: str = ""
    done: int = 0
    total: int = 0
    item: str = ""
    message: str = ""
    wanted: tuple[str, ...] = ()
    limit: int = 0


class _Stopped(Exception):
    """Somebody asked for the job's end."""


class Work:
    """The long work of one library. Safe for many processes; one job at a time."""

    def __init__(self, root: Path) -> None:
        """Look at a library's work; nothing is written until a job is started."""
        self.root = root
        self.folder = root / KEEPING / "work"

    def start(
        self, what: What, who: str, batch: str = "", wanted: Sequence[str] = (), limit: int = 0
    ) -> Job:
        """Have something done as soon as what is at work has ended; see `Job` for what it takes.

        What waits already is not asked for twice.
        """
        asked = (what, batch, tuple(wanted), limit)
        with self._locked():
            jobs = self.jobs()
            for job in jobs:
                if job.state == "waiting" and _asked(job) == asked:
                    return job
            number = int(jobs[0].id) + 1 if jobs else 1
            job = Job(
                f"{number:04d}", what, who, "waiting", _now(), batch, wanted=asked[2], limit=limit
            )
            self._save(job)
            for old in jobs[_KEPT:]:
                self._forget(old)
        self._launch(job)
        return job

    def jobs(self) -> list[Job]:
        """Every job that is remembered, the latest first."""
        before = self._written()
        if not self._nobody_works():
            return before
        # What was at work before nobody was, and still is after, is at work no more.
        then = {(job.id, job.started, job.queued) for job in before if _needs_a_process(job)}
        return [
            _killed(job)
            if _needs_a_process(job) and (job.id, job.started, job.queued) in then
            else job
            for job in self._written()
        ]

    def _written(self) -> list[Job]:
        jobs = (_job_from(path) for path in sorted(self.folder.glob("*.json"), reverse=True))
        return [job for job in jobs if job]

    def job(self, job_id: str) -> Job:
        """One job, as it is now.

        Raises:
            DeskError: There is none of that number.
        """
        for job in self.jobs():
            if job.id == job_id.zfill(4):
                return job
        raise DeskError(f"There is no job {job_id}. `retriever work` lists what there is.")

    def unfinished(self) -> list[Job]:
        """Jobs that wait or are at work, and the last ones if they can go on; the oldest first.

        A job that ended badly is left out once one of the same kind came after it.
        """
        seen, found = set(), []
        for job in self.jobs():
            last = (job.what, job.batch) not in seen
            seen.add((job.what, job.batch))
            if job.state not in OVER or (last and job.state in CAN_GO_ON):
                found.append(job)
        return found[::-1]

    def stop(self, job_id: str) -> None:
        """Ask for a job's end; it stops between two files, and can go on later.

        Raises:
            DeskError: There is no such job, or it has ended already.
        """
        job = self.job(job_id)
        if job.state in OVER:
            raise DeskError(f"Job {job.id} has ended already: {job.message or job.state}.")
        self._stop_path(job).touch()

    def resume(self, job_id: str) -> Job:
        """Have a job go on that was stopped, killed or failed; what it did is not done again.

        Raises:
            DeskError: There is no such job, or it need not go on.
        """
        job = self.job(job_id)
        if job.state not in CAN_GO_ON:
            raise DeskError(f"Job {job.id} need not go on: it is {job.state}.")
        self._stop_path(job).unlink(missing_ok=True)
        job = dataclasses.replace(job, state="waiting", queued=_now(), ended="", message="")
        self._save(job)
        self._launch(job)
        return job

    def fetched(self, job_id: str) -> Path:
        """The file in which a `find` or `fetch` keeps what became of each document."""
        return self.folder / f"{job_id}.fetched"

    def forget_logs(self) -> None:
        """Delete what jobs printed and found that have ended: it may hold words of any document."""
        for job in self.jobs():
            if job.state in OVER:
                (self.folder / f"{job.id}.log").unlink(missing_ok=True)
                self.fetched(job.id).unlink(missing_ok=True)

    def follow(self, job_id: str, show: Callable[[Progress], None]) -> Job:
        """Show a job's progress until it ends; gives how it ended."""
        while (job := self.job(job_id)).state not in OVER:
            if job.stage:
                # A job writes down the names of its stages, which are those of `Progress`.
                stage: Any = job.stage
                show(Progress(stage, job.done, job.total, job.item))
            time.sleep(_EVERY)
        return job

    # --- in the process of its own ----------------------------------------------------------------

    def run(self) -> None:
        """Do the jobs that wait, the oldest first, when the one at work has ended."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / "lock"):
            for job in self._written():
                if job.state == "working":  # its process was killed: we hold the lock
                    self._save(_killed(job))
            while waiting := [job for job in self._written() if job.state == "waiting"]:
                self._do(waiting[-1])

    def _do(self, job: Job) -> None:
        job = dataclasses.replace(job, state="working", started=_now())
        self._save(job)
        note = _Notes(self, job)
        state: State = "done"
        try:
            note.check()
            message = _JOBS[job.what](self.root, job, note)
        except _Stopped:
            state, message = "stopped", "Stopped, as somebody asked. It can go on later."
        except RetrieverError as error:
            state, message = "failed", str(error)
        except Exception as error:
            state = "failed"
            message = (
                f"Something unforeseen went wrong ({type(error).__name__}: {error}). Let it go "
                f"on; if it fails again, see {self.folder / job.id}.log."
            )
            sys.excepthook(type(error), error, error.__traceback__)
        self._stop_path(job).unlink(missing_ok=True)
        ended = dataclasses.replace(note.job, state=state, ended=_now(), message=message, item="")
        self._save(ended)

    # --- on the disk --------------------------------------------------------------------------

    def _launch(self, job: Job) -> None:
        threads = str(max(1, (os.cpu_count() or 1) // 2))  # the other half is for readers
        environment = {
            "OMP_NUM_THREADS": threads,
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        }
        log = self.folder / f"{job.id}.log"
        work = [sys.executable, "-m", "retriever.work", str(self.root.resolve())]
        subprocess.run(  # noqa: S603  our own interpreter and code
            [sys.executable, "-S", "-c", _LAUNCH, str(log), *work], env=environment, check=True
        )

    def _save(self, job: Job) -> None:
        write_whole(self.folder / f"{job.id}.json", json.dumps(to_dict(job)))

    def _stop_path(self, job: Job) -> Path:
        return self.folder / f"{job.id}.stop"

    def _forget(self, job: Job) -> None:
        if job.state in OVER:
            for path in self.folder.glob(f"{job.id}.*"):
                path.unlink(missing_ok=True)

    def _nobody_works(self) -> bool:
        try:
            with FileLock(self.folder / "lock").acquire(timeout=0):
                return True
        except Timeout:
            return False
        except OSError:  # no folder yet
            return True

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Be the only one who gives jobs their numbers."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self.folder / "numbers"):
                yield
        except OSError as error:
            raise cannot_write(self.folder, error) from error


class _Notes:
    """Writes down how far a job is, now and then, and ends it when somebody asks for that."""

    def __init__(self, work: Work, job: Job) -> None:
        self.job = job
        self._work = work
        self._noted = 0.0

    def __call__(self, progress: Progress) -> None:
        self.check()
        self.job = dataclasses.replace(
            self.job,
            stage=progress.stage,
            done=progress.done,
            total=progress.total,
            item=progress.item,
        )
        if time.monotonic() - self._noted >= _EVERY:
            self._work._save(self.job)
            self._noted = time.monotonic()

    def check(self) -> None:
        if self._work._stop_path(self.job).exists():
            raise _Stopped


def _read(root: Path, job: Job, note: Callable[[Progress], None]) -> str:
    from retriever.config import load_settings
    from retriever.incoming import Incoming  # slow to load: not while a job only waits

    batch = Incoming(root, job.who).read(job.batch, load_settings(root).reading, note)
    failed = len(batch.having("failed"))
    unread = f" {failed} could not be read: the list says why." if failed else ""
    files = "1 file was" if len(batch.files) == 1 else f"{len(batch.files)} files were"
    return f"{files} looked at.{unread}"


def _index(root: Path, job: Job, note: Callable[[Progress], None]) -> str:
    from retriever.editions import catch_up
    from retriever.library import Library

    library = Library.open(root)
    report = library.index(note)
    catch_up(library.index_folder, note)
    failed = sum(row.outcome == "failed" for row in report.documents)
    unread = f" {failed} could not be read: the Library page says why." if failed else ""
    return f"The index is up to date: {len(report.documents) - failed} documents.{unread}"


def _links(root: Path, job: Job, note: Callable[[Progress], None]) -> str:
    from retriever import links
    from retriever.config import load_settings
    from retriever.connectors import Client

    found = links.look(root, Client(load_settings(root).web), note)
    return f"Looked where {len(found)} addresses lead: the Check page says what was found."


def _find(root: Path, job: Job, note: Callable[[Progress], None]) -> str:
    kept = _from_the_web(root, job, note)
    failed = sum(line.outcome == "failed" for line in kept.lines)
    wrong = f" {failed} could not be had: the list says why." if failed else ""
    found = len(kept.lines) - failed
    return f"Found {found} {'document' if found == 1 else 'documents'} on the web.{wrong}"


def _fetch(root: Path, job: Job, note: Callable[[Progress], None]) -> str:
    from retriever import fetching
    from retriever.config import load_settings

    work = Work(root)
    kept = _from_the_web(root, job, note)
    kept = fetching.take_in(root, work.fetched(job.id), job.who, load_settings(root).reading)
    if kept.batch:
        work.start("read", job.who, kept.batch)  # does as soon as this job has ended
    return fetching.in_words(kept.lines)


def _from_the_web(root: Path, job: Job, note: Callable[[Progress], None]) -> fetching.Kept:
    from retriever import fetching
    from retriever.config import load_settings
    from retriever.connectors import Client

    client = Client(load_settings(root).web)
    place = Work(root).fetched(job.id)
    dry_run = job.what == "find"
    return fetching.fetch(root, place, job.wanted, job.limit, client, note, dry_run)


_JOBS: dict[What, Callable[[Path, Job, _Notes], str]] = {
    "read": _read,
    "index": _index,
    "links": _links,
    "find": _find,
    "fetch": _fetch,
}


def _asked(job: Job) -> tuple[What, str, tuple[str, ...], int]:
    """What tells a job from others that are not the same work."""
    return job.what, job.batch, job.wanted, job.limit


def _needs_a_process(job: Job) -> bool:
    """Whether there should be a process that holds the lock for a job."""
    late = datetime.now(UTC) - datetime.fromisoformat(job.queued) > _STARTING
    return job.state == "working" or (job.state == "waiting" and late)


def _killed(job: Job) -> Job:
    message = "Its process was ended from outside, or the computer was. It can go on."
    return dataclasses.replace(job, state="killed", message=message)


def _job_from(path: Path) -> Job | None:
    try:
        job = Job(**json.loads(path.read_text("utf-8")))
        return dataclasses.replace(job, wanted=tuple(job.wanted))
    except (OSError, ValueError, TypeError):  # forgotten meanwhile, or of another version
        return None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def main() -> None:
    """Do the jobs that wait in the library whose folder is named on the command line."""
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    Work(Path(sys.argv[1])).run()


if __name__ == "__main__":
    main()
