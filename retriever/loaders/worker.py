"""Reads files in processes of their own, so that a parser's hang or crash costs one file only.

A worker process is kept from file to file and replaced when it had to be killed. It is asked over
its standard input, one line of JSON per file, and answers the same way on its standard output.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from retriever.config import Reading
from retriever.errors import UnreadableFile
from retriever.loaders import recognition
from retriever.schema import Parsed, to_dict

Result = tuple[str, Parsed] | UnreadableFile

_AHEAD = 2  # files asked for per worker before the first of them is taken
_START_SECONDS = 60
_GRACE_SECONDS = 5
_HEED_SECONDS = 0.2  # how long Ctrl-C may go unheard
_SAVE_AGAIN = "open it, save it again as PDF or DOCX and add that"
_PAGE_DONE = b"\n"  # what the worker says in between


def read_files(
    paths: Sequence[Path], limits: Reading, reader: str = "retriever.loaders:read"
) -> Iterator[tuple[Path, Result]]:
    """As `reading`, for those who have nothing else to do before the first result.

    Yields:
        Each path in the order given with its media type and content, or why it cannot be read.
    """
    with reading(paths, limits, reader) as results:
        yield from results


@contextmanager
def reading(
    paths: Sequence[Path], limits: Reading, reader: str = "retriever.loaders:read"
) -> Iterator[Iterator[tuple[Path, Result]]]:
    """Read files in worker processes, some ahead of what is taken, from the block's beginning on.

    Args:
        paths: The files.
        limits: Time, memory and number of workers.
        reader: `module:function` that reads one file like `loaders.read`; imported by the worker.

    Yields:
        The results, as `read_files` gives them. The processes end with the block, also when it is
        left early or Ctrl-C is pressed.
    """
    workers = [_Worker(limits, reader) for _ in range(min(limits.workers, len(paths)))]
    if not workers:
        yield iter(())
        return
    idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
    for worker in workers:
        idle.put(worker)

    def read_one(path: Path) -> Result:
        worker = idle.get()
        try:
            return worker.read(path)
        finally:
            idle.put(worker)

    pool = ThreadPoolExecutor(len(workers), thread_name_prefix="reading")
    try:
        ahead = _AHEAD * len(workers)
        waiting = deque((path, pool.submit(read_one, path)) for path in paths[:ahead])
        yield _results(waiting, paths[ahead:], lambda path: pool.submit(read_one, path))
    finally:
        for worker in workers:
            worker.stop()
        pool.shutdown(wait=True, cancel_futures=True)
        for worker in workers:
            worker.close()


def _results(
    waiting: deque[tuple[Path, Future[Result]]],
    later: Sequence[Path],
    submit: Callable[[Path], Future[Result]],
) -> Iterator[tuple[Path, Result]]:
    for path in later:
        yield _first(waiting)
        waiting.append((path, submit(path)))
    while waiting:
        yield _first(waiting)


def _first(waiting: deque[tuple[Path, Future[Result]]]) -> tuple[Path, Result]:
    path, future = waiting.popleft()
    # A signal that another thread of ours was given, or that came just before the wait began, does
    # not end a wait: Ctrl-C is seen when it next ends by itself.
    while not future.done():
        wait([future], timeout=_HEED_SECONDS)
    return path, future.result()


class _Worker:
    """The parent's end of one worker process, which is started with the first file.

    One thread at a time reads and closes; `stop` may be called from any thread.
    """

    def __init__(self, limits: Reading, reader: str) -> None:
        self._limits = limits
        self._reader = reader
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._stopped = False

    def read(self, path: Path) -> Result:
        """Have one file read."""
        process = self._running()
        if process is None:
            return UnreadableFile("reading was stopped: index again")
        answer, late = _ask(process, path, self._limits.timeout_seconds)
        if answer is None:
            code = process.wait()
            self.close()
            return UnreadableFile(_why_it_ended(code, late, self._limits))
        if late or answer["out_of_memory"]:
            self.close()
        if answer["problem"]:
            return UnreadableFile(answer["problem"])
        return answer["media_type"], Parsed.from_dict(answer["parsed"])

    def stop(self) -> None:
        """End the process, also in the middle of a file, and start no other."""
        with self._lock:
            self._stopped = True
            if self._process is not None:
                self._process.kill()

    def close(self) -> None:
        """End the process and free what it held; the next file starts another."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.kill()
            with process:  # closes its pipes and waits for its end
                pass

    def _running(self) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._stopped:
                return None
            if self._process is not None:
                return self._process
            self._process = process = _start(self._limits, self._reader)
        _receive(process, _START_SECONDS)  # its start is not to count as the first file's time
        return process


def _start(limits: Reading, reader: str) -> subprocess.Popen[bytes]:
    # The worker must find what we find, wherever we were started from. It may not print: its
    # libraries' chatter would spoil the progress bar, and what matters comes as an answer.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = "from retriever.loaders.worker import serve; serve()"
    return subprocess.Popen(  # noqa: S603  our own interpreter and code
        [sys.executable, "-c", command, reader, json.dumps(to_dict(limits))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    )


def _ask(
    process: subprocess.Popen[bytes], path: Path, seconds: int
) -> tuple[dict[str, Any] | None, bool]:
    """Have a file read.

    Args:
        process: The reading process.
        path: The file.
        seconds: How long it may take, and again after each page that text recognition has read.

    Returns:
        The answer, or None when the process ended without one, and whether time ran out.
    """
    assert process.stdin is not None  # noqa: S101  it is a pipe
    try:
        # Past the buffer, so that nothing is left in it to fail on closing.
        os.write(process.stdin.fileno(), json.dumps(str(path)).encode() + b"\n")
    except BrokenPipeError:
        return None, False
    line, late = _receive(process, seconds)
    while line == _PAGE_DONE and not late:
        line, late = _receive(process, seconds)
    return (json.loads(line) if line.endswith(b"\n") and line != _PAGE_DONE else None), late


def _receive(process: subprocess.Popen[bytes], seconds: int) -> tuple[bytes, bool]:
    """Wait for a line, at most so long; then the process is killed and the line cut short."""
    assert process.stdout is not None  # noqa: S101  it is a pipe
    late = threading.Event()

    def give_up() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(seconds, give_up)
    timer.start()
    try:
        return process.stdout.readline(), late.is_set()
    finally:
        timer.cancel()
        timer.join()


def _why_it_ended(code: int, late: bool, limits: Reading) -> str:
    if late:
        return (
            f"took longer than {limits.timeout_seconds} seconds to read: {_SAVE_AGAIN}, "
            "or raise reading.timeout_seconds in retriever.toml"
        )
    cause = f"exit status {code}"
    if code < 0:
        cause = signal.strsignal(-code) or f"signal {-code}"
    return (
        f"made the program that reads it crash ({cause}): {_SAVE_AGAIN}; if it is very large, "
        f"raise reading.memory_megabytes ({limits.memory_megabytes}) in retriever.toml"
    )


# --- the worker process's end ------------------------------------------------------------------


def serve() -> None:
    """Read files named on standard input until it ends; called in the worker process only."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    reader, limits = sys.argv[1], Reading(**json.loads(sys.argv[2]))
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # whatever a library prints must not end up among the answers
    _limit_memory(limits)
    _prepare(reader)
    print(file=answers, flush=True)  # ready

    def page_done() -> None:
        _set_alarm(limits.timeout_seconds + _GRACE_SECONDS)
        print(file=answers, flush=True)

    recognition.PAGE_DONE.set(page_done)
    for line in sys.stdin:
        _set_alarm(limits.timeout_seconds + _GRACE_SECONDS)
        answer = _answer(reader, Path(json.loads(line)), limits)
        _set_alarm(0)
        print(json.dumps(answer), file=answers, flush=True)


def _prepare(reader: str) -> None:
    with contextlib.suppress(ImportError):  # said with each file, see `_answer`
        importlib.import_module(reader.partition(":")[0])


def _limit_memory(limits: Reading) -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    size = limits.memory_megabytes * 1_000_000
    # macOS refuses; a lower limit that is already set stays.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (size, size))


def _set_alarm(seconds: int) -> None:
    """End this process after so long, for when the parent that should do it is gone itself."""
    if hasattr(signal, "alarm"):
        signal.alarm(seconds)


def _answer(reader: str, path: Path, limits: Reading) -> dict[str, Any]:
    answer = {"problem": "", "media_type": "", "parsed": None, "out_of_memory": False}
    try:
        module, _, function = reader.partition(":")
        media_type, parsed = getattr(importlib.import_module(module), function)(path, limits)
        return {**answer, "media_type": media_type, "parsed": to_dict(parsed)}
    except UnreadableFile as error:
        return {**answer, "problem": str(error)}
    except MemoryError:
        problem = (
            f"needs more than {limits.memory_megabytes} MB of memory to read: split it, or raise "
            "reading.memory_megabytes in retriever.toml"
        )
        return {**answer, "problem": problem, "out_of_memory": True}
    except ImportError as error:
        problem = f"a part of this program is missing ({error}): install it again with scripts/run"
        return {**answer, "problem": problem}
    except Exception as error:
        problem = f"broken or unusual ({type(error).__name__}: {error}): {_SAVE_AGAIN}"
        return {**answer, "problem": " ".join(problem.split())}
