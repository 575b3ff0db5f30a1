"""Long work goes on by itself, one job at a time, and after a kill where it was."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from conftest import MakeLibrary
from filelock import FileLock

from retriever import Library
from retriever.errors import DeskError
from retriever.incoming import Incoming
from retriever.intake import Given
from retriever.schema import Progress
from retriever.work import Job, Work

FILES = {"policy.md": "# Policy\n\nLetters are sent.\n", "calls.md": "# Calls\n\nCalls help.\n"}
LONG_AGO = "2020-01-01T00:00:00+00:00"


@pytest.fixture
def library(make_library: MakeLibrary) -> Library:
    return make_library(FILES, index=False)


@pytest.fixture
def work(library: Library) -> Iterator[Work]:
    """The library's work; no process of it is left at the test's end."""
    work = Work(library.root)
    yield work
    assert psutil.wait_procs(processes(library.root), timeout=60)[1] == []


def processes(root: Path) -> list[psutil.Process]:
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if {"retriever.work", str(root)} <= set(process.info["cmdline"] or ())
    ]


def ended(work: Work, job: Job) -> Job:
    return work.follow(job.id, lambda _: None)


def put(work: Work, **changes: str) -> Job:
    """Write a job down as a process would have left it."""
    job = {"id": "0001", "what": "index", "who": "Ann", "state": "working", "queued": LONG_AGO}
    work.folder.mkdir(parents=True, exist_ok=True)
    (work.folder / f"{job['id']}.json").write_text(json.dumps(job | changes))
    return work.job((job | changes)["id"])


def test_the_index_is_brought_up_to_date_by_a_process_of_its_own(
    library: Library, work: Work
) -> None:
    told: list[Progress] = []
    job = work.follow(work.start("index", "Ann").id, told.append)
    assert (job.state, job.who) == ("done", "Ann")
    assert job.message == "The index is up to date: 2 documents."
    assert {entry.path for entry in library.entries()} == set(FILES)
    assert (library.index_folder / "editions.npz").exists()


def test_a_batch_is_read(library: Library, work: Work) -> None:
    incoming = Incoming(library.root, "Ann")
    given = [Given("a.md", b"# A\n\nText.\n"), Given("empty.md", b"")]
    batch = incoming.take_in(given, library.settings.reading)
    job = ended(work, work.start("read", "Ann", batch.id))
    assert job.message == "2 files were looked at. 1 could not be read: the list says why."
    assert [file.outcome for file in incoming.batch(batch.id).files] == ["ready", "failed"]


def test_a_second_job_waits_for_the_first_and_is_not_asked_for_twice(
    library: Library, work: Work
) -> None:
    work.folder.mkdir(parents=True)
    with FileLock(work.folder / "lock"):  # as a process at work does
        first = work.start("index", "Ann")
        assert work.start("index", "Ben") == first
        assert work.job(first.id).state == "waiting"
        second = work.start("read", "Ben", "gone")
        assert [job.id for job in work.unfinished()] == [first.id, second.id]
    assert ended(work, first).state == "done"
    assert "no batch 'gone'" in ended(work, second).message
    assert work.job(second.id).started >= work.job(first.id).ended


def test_a_job_that_is_to_stop_stops_and_goes_on_later(library: Library, work: Work) -> None:
    work.folder.mkdir(parents=True)
    with FileLock(work.folder / "lock"):
        job = work.start("index", "Ann")
        work.stop(job.id)
    assert ended(work, job).state == "stopped"
    assert [one.id for one in work.unfinished()] == [job.id]
    assert ended(work, work.resume(job.id)).state == "done"
    assert work.unfinished() == []
    with pytest.raises(DeskError, match="need not go on"):
        work.resume(job.id)
    with pytest.raises(DeskError, match="has ended already"):
        work.stop(job.id)


def test_a_killed_job_is_seen_as_such_and_goes_on(library: Library, work: Work) -> None:
    program = "from pathlib import Path; import sys; from retriever.work import Work, _JOBS\n" \
        "_JOBS['index'] = lambda *_: print('at work', flush=True) or sys.stdin.read()\n" \
        "Work(Path(sys.argv[1])).run()"
    put(work, state="waiting")
    with subprocess.Popen(
        [sys.executable, "-c", program, str(library.root)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"at work\n"
        assert work.job("1").state == "working"
        process.send_signal(signal.SIGKILL)
    job = work.job("1")
    assert job.state == "killed"
    assert "ended from outside" in job.message
    assert ended(work, work.resume(job.id)).state == "done"


def test_a_job_whose_process_never_came_can_go_on(library: Library, work: Work) -> None:
    job = put(work, state="waiting")
    assert job.state == "killed"
    assert ended(work, work.resume(job.id)).state == "done"


def test_what_goes_wrong_is_told(library: Library, work: Work) -> None:
    (library.root / "retriever.toml").write_text("[nothing]\n")
    job = ended(work, work.start("index", "Ann"))
    assert job.state == "failed"
    assert "unknown setting" in job.message


def test_a_bad_end_is_forgotten_once_the_same_was_done(library: Library, work: Work) -> None:
    put(work, state="failed", message="The disk was full.")
    assert [job.message for job in work.unfinished()] == ["The disk was full."]
    ended(work, work.start("index", "Ann"))
    assert work.unfinished() == []
    assert len(work.jobs()) == 2


def test_an_unknown_job_is_said(work: Work) -> None:
    assert work.jobs() == []
    with pytest.raises(DeskError, match="no job 7"):
        work.job("7")
