"""Files are read in processes of their own: what one file does, no other feels."""

from __future__ import annotations

import dataclasses
import gc
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from retriever.config import Reading
from retriever.errors import UnreadableFile
from retriever.loaders.worker import read_files
from retriever.schema import Page, Parsed

HOSTILE = "hostile_readers:read"
LIMITS = Reading(memory_megabytes=256)
IMPATIENT = Reading(timeout_seconds=1)


def files(folder: Path, *orders: str) -> list[Path]:
    paths = []
    for number, order in enumerate(orders):
        path = folder / f"{number} é.txt"
        path.write_text(order, encoding="utf-8")
        paths.append(path)
    return paths


def outcome(result: tuple[str, Parsed] | UnreadableFile) -> str:
    return str(result) if isinstance(result, UnreadableFile) else result[1].text.partition(" (")[0]


def outcomes(paths: list[Path], limits: Reading = LIMITS) -> list[str]:
    return [outcome(result) for _, result in read_files(paths, limits, HOSTILE)]


def process_of(result: tuple[str, Parsed] | UnreadableFile) -> int:
    assert not isinstance(result, UnreadableFile)
    found = re.search(r"\((\d+)\)", result[1].text)
    assert found
    return int(found[1])


def test_everything_a_reader_gives_arrives_unchanged(tmp_path: Path) -> None:
    [(path, result)] = list(read_files(files(tmp_path, "good"), LIMITS, HOSTILE))
    assert path == tmp_path / "0 é.txt"
    assert not isinstance(result, UnreadableFile)
    media_type, parsed = result
    assert media_type == "text/plain"
    assert parsed.pages == (Page(1, 0, 4),)
    assert parsed.sections[0].heading == "h"
    assert parsed.metadata.authors == ("A", "B")
    assert parsed.metadata.title == "😀 titre é"
    assert parsed.notes == ("a note",)


def test_files_of_our_own_kinds_are_read_unless_told_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "page.txt"
    path.write_text("One plain paragraph.", encoding="utf-8")
    [(_, result)] = list(read_files([path], Reading()))
    assert not isinstance(result, UnreadableFile)
    assert result[1].text == "One plain paragraph."


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ("hang", "took longer than 1 seconds to read: .*raise reading.timeout_seconds"),
        ("a page, then hang", "took longer than 1 seconds to read: "),
        ("crash", r"crash \(Abort.*open it, save it again .*add that"),
        ("eat memory", "more than 256 MB of memory.*raise reading.memory_megabytes"),
        ("fail", "broken or unusual .*unforeseen fault.*save it again as PDF or DOCX"),
        ("refuse", "no good: add another"),
    ],
)
def test_a_bad_file_is_its_own_outcome_and_nobody_elses(
    tmp_path: Path, order: str, words: str
) -> None:
    limits = IMPATIENT if order.endswith("hang") else LIMITS
    before, bad, after = outcomes(files(tmp_path, "before", order, "after"), limits)
    assert (before, after) == ("before", "after")
    assert re.search(words, bad)


def test_what_a_reader_prints_disturbs_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert outcomes(files(tmp_path, "print", "next")) == ["print", "next"]
    assert capfd.readouterr() == ("", "")


def test_signs_of_life_between_pages_are_not_taken_for_the_answer(tmp_path: Path) -> None:
    assert outcomes(files(tmp_path, "page after page", "next")) == ["page after page", "next"]


def test_a_worker_is_kept_from_file_to_file_and_replaced_after_a_crash(tmp_path: Path) -> None:
    results = list(read_files(files(tmp_path, "a", "b", "crash", "c"), LIMITS, HOSTILE))
    first, second, third = (process_of(results[i][1]) for i in (0, 1, 3))
    assert first == second != third


@pytest.mark.parametrize("workers", [1, 3])
def test_results_come_in_the_order_asked_for(tmp_path: Path, workers: int) -> None:
    orders = [f"file {number}" for number in range(12)]
    limits = dataclasses.replace(LIMITS, workers=workers)
    assert outcomes(files(tmp_path, *orders), limits) == orders


def test_several_workers_are_several_processes(tmp_path: Path) -> None:
    limits = dataclasses.replace(IMPATIENT, workers=2)
    paths = files(tmp_path, "hang", "a", "b", "c")
    results = [result for _, result in read_files(paths, limits, HOSTILE)]
    assert [outcome(result) for result in results[1:]] == ["a", "b", "c"]
    assert len({process_of(result) for result in results[1:]}) == 1  # the other one hangs


def test_no_process_is_left_when_all_is_read(tmp_path: Path) -> None:
    outcomes(files(tmp_path, "a", "crash", "b"))
    assert psutil.Process().children() == []


def test_no_process_is_left_when_the_rest_is_not_wanted(tmp_path: Path) -> None:
    results = read_files(files(tmp_path, "a", "hang", "b"), Reading(), HOSTILE)
    next(results)
    assert len(psutil.Process().children()) == 1
    results.close()
    del results
    gc.collect()  # a pipe left open would be a ResourceWarning, which is an error here
    assert psutil.Process().children() == []


def test_no_files_need_no_process() -> None:
    assert list(read_files([], LIMITS, HOSTILE)) == []


def test_a_missing_part_of_the_program_is_not_blamed_on_the_file(tmp_path: Path) -> None:
    [(_, result)] = list(read_files(files(tmp_path, "a"), LIMITS, "no_such_module:read"))
    assert "part of this program is missing" in str(result)
    assert "scripts/run" in str(result)


READING = """
import sys
from pathlib import Path
from retriever.config import Reading
from retriever.loaders.worker import read_files
paths = [Path(name) for name in sys.argv[1:]]
for path, result in read_files(paths, Reading(), "hostile_readers:read"):
    print(result[1].text, flush=True)
    if path == paths[-1]:
        sys.stdin.read()
"""


def started(paths: list[Path]) -> tuple[subprocess.Popen[str], psutil.Process]:
    """Start a program that reads `paths`, and give it and its worker once the first is read."""
    folders = [str(Path(__file__).parent), str(Path(__file__).parents[1])]
    program = subprocess.Popen(
        [sys.executable, "-c", READING, *map(str, paths)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(folders)},
        stdin=subprocess.PIPE,  # held open: the program waits for its end with the last file read
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert program.stdout is not None
    assert program.stdout.readline().startswith("a")
    [worker] = psutil.Process(program.pid).children()
    return program, worker


def test_ctrl_c_ends_reading_and_its_worker(tmp_path: Path) -> None:
    program, worker = started(files(tmp_path, "a", "b", "hang"))
    with program:
        os.killpg(program.pid, signal.SIGINT)
        _, errors = program.communicate(timeout=30)
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert psutil.wait_procs([worker], timeout=30)[1] == []


def test_ctrl_c_is_heard_whichever_thread_the_system_gives_it_to(tmp_path: Path) -> None:
    program, _ = started(files(tmp_path, "a", "hang"))
    with program:
        others = [thread.id for thread in psutil.Process(program.pid).threads()]
        others.remove(program.pid)  # the main thread
        os.kill(others[0], signal.SIGINT)
        _, errors = program.communicate(timeout=30)
    assert errors.rstrip().endswith("KeyboardInterrupt")


def test_an_idle_worker_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    program, worker = started(files(tmp_path, "a", "b"))
    with program:
        program.kill()
    assert psutil.wait_procs([worker], timeout=30)[1] == []
