"""How the command line prints: tables, wrapped text, JSON and a progress bar.

Everything printed comes out of documents that anybody may have written, so control characters
(which a terminal would obey) are shown as a replacement character.
"""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any, TextIO

from retriever.schema import Progress

TEXT_WIDTH = 88
BAR_WIDTH = 24

Row = Sequence[object]


def as_json(value: Any) -> str:
    """Write plain values as indented JSON, letters of all scripts as themselves."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def harmless(text: str) -> str:
    """Replace control characters, line breaks and tabs excepted, with U+FFFD."""
    return "".join(
        "\ufffd" if unicodedata.category(char) == "Cc" and char not in "\n\t" else char
        for char in text
    )


def table(headings: Sequence[str], rows: Sequence[Row]) -> str:
    """Lay rows out in columns as wide as their longest cell; None is an empty cell.

    On a terminal, lines are cut to its width; elsewhere they are whole.
    """
    cells = [list(headings), *([_cell(value) for value in row] for row in rows)]
    widths = [max(map(_columns, column)) for column in zip(*cells, strict=True)]
    cells.insert(1, ["-" * width for width in widths])
    limit = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    return "\n".join(_line(row, widths, limit) for row in cells)


def _cell(value: object) -> str:
    return "" if value is None else harmless(" ".join(str(value).split()))


def _columns(text: str) -> int:
    """How many columns of a terminal the text takes."""
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    marks = sum(unicodedata.combining(char) > 0 for char in text)
    return len(text) + wide - marks


def _line(row: Sequence[str], widths: Sequence[int], limit: int | None) -> str:
    paired = zip(row, widths, strict=True)
    line = "  ".join(text + " " * (width - _columns(text)) for text, width in paired).rstrip()
    return line if limit is None or len(line) <= limit else line[: limit - 1] + "…"


def wrapped(text: str, indent: str = "") -> str:
    """Break lines at a readable width, keeping the text's own line breaks."""
    return "\n".join(
        textwrap.fill(
            harmless(line),
            TEXT_WIDTH,
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in text.split("\n")
    )


def pages_label(pages: tuple[int, int] | None) -> str:
    """Say which pages: "page 3", "pages 3 to 4", or nothing for a document without pages."""
    if pages is None:
        return ""
    first, last = pages
    return f"page {first}" if first == last else f"pages {first} to {last}"


def progress_to(stream: TextIO) -> Callable[[Progress], None]:
    """Make a function that shows progress: a bar on a terminal, else a line now and then."""
    return _bar(stream) if stream.isatty() else _occasional_lines(stream)


def _bar(stream: TextIO) -> Callable[[Progress], None]:
    def show(progress: Progress) -> None:
        filled = BAR_WIDTH * progress.done // max(progress.total, 1)
        bar = "#" * filled + "." * (BAR_WIDTH - filled)
        line = f"{progress.stage:<9} [{bar}] {progress.done}/{progress.total} "
        room = shutil.get_terminal_size().columns - len(line) - 1
        stream.write(f"\r\x1b[K{line}{harmless(progress.item)[: max(room, 0)]}")
        if progress.done >= progress.total:
            stream.write("\n")
        stream.flush()

    return show


def _occasional_lines(stream: TextIO) -> Callable[[Progress], None]:
    """Write at the start of each stage and at every further quarter of it."""
    last: tuple[str, int] = ("", 0)

    def show(progress: Progress) -> None:
        nonlocal last
        now = (progress.stage, 4 * progress.done // max(progress.total, 1))
        if now != last:
            stream.write(f"{progress.stage}: {progress.done} of {progress.total}\n")
            stream.flush()
        last = now

    return show
