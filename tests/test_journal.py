"""A change is there wholly or not at all, wherever a crash comes."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest

from retriever.errors import DeskError
from retriever.journal import Event, Journal, Move
from retriever.schema import to_dict

MOVES = (
    Move("corpus/a.md", "keeping/kept/000001/old/corpus/a.md"),
    Move("keeping/kept/000001/new/corpus/a.md", "corpus/a.md"),
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in {"corpus/a.md": "old", "keeping/kept/000001/new/corpus/a.md": "new"}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def event() -> Event:
    return Event("000001", "2026-11-26T10:00:00+00:00", "Ann", "replace", ("a.md",), "Replaced a",
                 moves=MOVES)


@pytest.mark.parametrize("made", [0, 1, 2])
@pytest.mark.parametrize("history", ["", '{"id": "0000', "whole"])
def test_what_a_crash_left_undone_is_finished(root: Path, made: int, history: str) -> None:
    line = json.dumps(to_dict(event()))
    (root / "keeping/pending.json").write_text(line)
    for move in MOVES[:made]:
        target = root / move.target
        target.parent.mkdir(parents=True, exist_ok=True)
        (root / move.source).rename(target)
    if history:
        (root / "keeping/history.jsonl").write_text(f"{line}\n" if history == "whole" else history)
    journal = Journal(root)
    journal.finish()
    assert (root / "corpus/a.md").read_text() == "new"
    assert (root / MOVES[0].target).read_text() == "old"
    assert journal.events() == [event()]
    assert not (root / "keeping/pending.json").exists()


def test_a_change_that_was_only_got_ready_leaves_nothing(root: Path) -> None:
    Journal(root).finish()
    with Journal(root).changing():
        pass
    assert (root / "corpus/a.md").read_text() == "old"
    assert not (root / "keeping/kept/000001").exists()
    assert Journal(root).events() == []


def test_nothing_is_written_over(root: Path) -> None:
    (root / "corpus/b.md").write_text("other")
    with Journal(root).changing() as change:
        change.move("corpus/a.md", "corpus/b.md")
        with pytest.raises(DeskError, match=r"corpus/b\.md is there already"):
            change.make("edit", ["a.md"], "Moved a", "Ann")
    assert (root / "corpus/b.md").read_text() == "other"
    assert (root / "corpus/a.md").read_text() == "old"


def test_a_damaged_line_of_the_history_is_named(root: Path) -> None:
    (root / "keeping/history.jsonl").write_text('{"id": "000001"}\n')
    with pytest.raises(DeskError, match=r"history\.jsonl, line 1 is damaged"):
        Journal(root).events()


@pytest.mark.parametrize("place", ["/etc/passwd", "corpus/../../out", "retriever.toml", ""])
def test_a_forged_history_moves_nothing_outside_the_library(root: Path, place: str) -> None:
    forged = dataclasses.replace(event(), moves=(Move(place, "corpus/b.md"),))
    (root / "keeping/history.jsonl").write_text(json.dumps(to_dict(forged)) + "\n")
    with pytest.raises(DeskError, match="is no file of the library"):
        Journal(root).events()


SCRIPT = """
import sys
from pathlib import Path
from retriever.journal import Journal
journal = Journal(Path(sys.argv[1]))
with journal.changing() as change:
    print("ready", flush=True)
    sys.stdin.read()
"""


def test_a_killed_process_leaves_no_lock(root: Path) -> None:
    command = [sys.executable, "-c", SCRIPT, str(root)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.kill()
        process.wait()
    with Journal(root).changing() as change:
        change.take("corpus/a.md")
        made = change.make("remove", ["a.md"], "Removed a", "Bea")
    assert Journal(root).events() == [made]
