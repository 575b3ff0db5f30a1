"""Reads the words in the picture of a page, where the extra `ocr` is installed.

The models come inside the package; nothing is fetched. What is read is a reading, not the page: a
document says of each such page how certain it was (`schema.Page.certainty`), and whoever quotes
from it says so too.
"""

from __future__ import annotations

import importlib.util
import math
import os
import re
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image

from retriever.config import Reading
from retriever.errors import UnreadableFile

PAGE_DONE: ContextVar[Callable[[], None]] = ContextVar("PAGE_DONE", default=lambda: None)
"""Called after each page, for whoever limits the time: every page may take as long as a file."""

SWITCH_ON = (
    "switch text recognition (OCR) on by installing it: "
    "`pip install -c constraints.txt -e '.[ocr]'`, or start with `scripts/run --ocr`"
)
"""What to do without the extra. A file of which this was said is read again once it is there."""

READ = "read from a scan by text recognition (OCR)"
"""How a note ends that names the pages of which that is so."""

SWITCHED_OFF = 'set ocr = "auto" under [reading] in retriever.toml'

LONGER_SIDE = 2000
"""Pixels of a picture's longer side, 170 to the inch on A4: more cost time and memory."""

SURE = 0.75
"""Pages read with less certainty are left out: stains, handwriting, pictures without words."""

DOUBTED = 0.97
"""Pages read with less certainty are named: some one word in ten is wrong (`benchmarks/ocr.py`)."""

_PACKAGES = ("rapidocr", "onnxruntime")
_MAY_STAND_ON_ITS_HEAD = 0.9
_LEAST = 0.5  # certainty of a line
_MOST_THREADS = 4  # each one costs memory
_LONG = 0.5  # of the longest line's length: such a line shows how far its page leans
# A blank that the engine left out behind a sign; there is none in "nice.org.uk".
_RUN_ON = re.compile(r"(?<=[a-z]{2}[.,;:)])(?=[A-Z][a-z])|(?<=[a-z]{2}[,;)])(?=[a-z]{2})")
_FLAT = 4.0  # spread of brightness, of 255, of a page with nothing on it
_WORD = re.compile(r"[^\W\d_]{2}")
_MARGIN = 0.3  # of its height: so far a box reaches beyond its first and last letter
_ON_END = 1.5  # times higher than wide


@dataclass(frozen=True)
class Line:
    """A line of words, in pixels of the picture, `y` growing downwards.

    Attributes:
        x0: Middle of its left end; likewise `y0`.
        x1: Middle of its right end; likewise `y1`.
        certainty: 0 to 1.
    """

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    height: float
    certainty: float


@dataclass(frozen=True)
class Scan:
    """What was read off a page's picture.

    Attributes:
        width: Of the picture as it was given, in pixels; likewise `height`.
        turn: By how many degrees, against the clock, it was turned to be read.
    """

    lines: tuple[Line, ...]
    width: int
    height: int
    turn: int = 0

    @property
    def certainty(self) -> float:
        """How certain the reading is: the lines' mean, by their length; 0 without lines."""
        letters = sum(len(line.text) for line in self.lines)
        whole = sum(line.certainty * len(line.text) for line in self.lines)
        return whole / letters if letters else 0.0

    @property
    def legible(self) -> bool:
        """Whether there are words, read with some certainty."""
        return self.certainty >= SURE and any(_WORD.search(line.text) for line in self.lines)


def why_not(limits: Reading) -> str:
    """What to do so that pictures of pages are read; empty where they are."""
    if limits.ocr == "off":
        return SWITCHED_OFF
    return "" if is_installed() else SWITCH_ON


def is_installed() -> bool:
    """Whether the extra is there."""
    return all(importlib.util.find_spec(name) for name in _PACKAGES)


def read_picture(image: Image.Image, limits: Reading) -> Scan:
    """Read a page's picture, whichever way up it is.

    Args:
        image: The page; its longer side is best `LONGER_SIDE` pixels long.
        limits: Among them the number of readers at work at the same time.

    Raises:
        UnreadableFile: The package is damaged.
        MemoryError: There is not enough.
    """
    grey = np.asarray(image.convert("L"))
    blank = float(grey.std()) < _FLAT
    scan = Scan((), image.width, image.height) if blank else _upright(image, _threads(limits))
    PAGE_DONE.get()()
    return scan


def straight(scan: Scan) -> Scan:
    """The page as it would lie if it had been turned and laid straight on the scanner."""
    lines = [_turned(line, scan.turn, scan.width, scan.height) for line in scan.lines]
    width, height = scan.width, scan.height
    if scan.turn in (90, 270):
        width, height = height, width
    lengths = [line.x1 - line.x0 for line in lines]
    leaning = [
        math.atan2(line.y1 - line.y0, length)
        for line, length in zip(lines, lengths, strict=True)
        if length >= _LONG * max(lengths)
    ]
    angle = median(leaning) if leaning else 0.0
    return Scan(tuple(_leant(line, -angle, width / 2, height / 2) for line in lines), width, height)


def _threads(limits: Reading) -> int:
    return max(1, min(_MOST_THREADS, (os.cpu_count() or 1) // limits.workers))


def _upright(image: Image.Image, threads: int) -> Scan:
    """Read a page that may lie on its side or stand on its head."""
    lines = _lines(image, threads)
    best = Scan(tuple(line for line, _ in lines), image.width, image.height)
    on_end = sum(len(line.text) for line, tall in lines if tall)
    letters = sum(len(line.text) for line, _ in lines)
    turns: tuple[int, ...] = ()
    if on_end > letters / 2:
        turns = (90, 270)
    elif letters and best.certainty < _MAY_STAND_ON_ITS_HEAD:
        turns = (180,)
    for turn in turns:
        turned = image.rotate(turn, expand=True)
        found = tuple(line for line, _ in _lines(turned, threads))
        scan = Scan(found, turned.width, turned.height)
        if scan.certainty > best.certainty or turn == 90:
            back = tuple(_turned(line, -turn, turned.width, turned.height) for line in found)
            best = Scan(back, image.width, image.height, turn)
    return best


def _turned(line: Line, turn: int, width: int, height: int) -> Line:
    """A line of a picture after that was turned against the clock.

    Args:
        line: In the picture before.
        turn: 0, 90, 180 or 270 degrees, or less than 0 for with the clock.
        width: Of the picture before.
        height: Likewise.
    """

    def at(x: float, y: float) -> tuple[float, float]:
        return {0: (x, y), 90: (y, width - x), 180: (width - x, height - y), 270: (height - y, x)}[
            turn % 360
        ]

    (x0, y0), (x1, y1) = at(line.x0, line.y0), at(line.x1, line.y1)
    return Line(line.text, x0, y0, x1, y1, line.height, line.certainty)


def _leant(line: Line, angle: float, x: float, y: float) -> Line:
    """A line after its page was turned by an angle about a point."""
    cos, sin = math.cos(angle), math.sin(angle)

    def at(px: float, py: float) -> tuple[float, float]:
        return (x + cos * (px - x) - sin * (py - y), y + sin * (px - x) + cos * (py - y))

    (x0, y0), (x1, y1) = at(line.x0, line.y0), at(line.x1, line.y1)
    return Line(line.text, x0, y0, x1, y1, line.height, line.certainty)


def _lines(image: Image.Image, threads: int) -> list[tuple[Line, bool]]:
    """The lines that the engine finds, and whether each stands on end."""
    engine = _engine(threads)
    colours = np.asarray(image.convert("RGB"))[:, :, ::-1]
    try:
        found = engine(np.ascontiguousarray(colours))
    except Exception as error:  # each of the libraries below has errors of its own
        if re.search(r"alloc|memory", str(error), re.IGNORECASE):
            raise MemoryError from error
        raise
    if found.boxes is None or found.txts is None:
        return []
    return [
        _line(corners, text.strip(), float(score))
        for corners, text, score in zip(found.boxes, found.txts, found.scores, strict=True)
        if text.strip() and score >= _LEAST
    ]


def _line(corners: Any, text: str, certainty: float) -> tuple[Line, bool]:
    """A line by its corners: top left, top right, bottom right, bottom left."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = ((float(x), float(y)) for x, y in corners)
    width, height = math.dist((ax, ay), (bx, by)), math.dist((ax, ay), (dx, dy))
    margin = min(_MARGIN * height / max(width, 1.0), 0.2)  # as a share of the width
    left, right = ((ax + dx) / 2, (ay + dy) / 2), ((bx + cx) / 2, (by + cy) / 2)
    across, down = right[0] - left[0], right[1] - left[1]
    middle = (
        left[0] + margin * across,
        left[1] + margin * down,
        right[0] - margin * across,
        right[1] - margin * down,
    )
    on_end = len(text) > 1 and height > _ON_END * width
    return Line(_RUN_ON.sub(" ", text), *middle, height, certainty), on_end


@cache
def _engine(threads: int) -> Any:
    """The engine with its packaged models.

    Raises:
        UnreadableFile: They are not there.
    """
    import cv2
    import rapidocr

    cv2.setNumThreads(threads)
    return rapidocr.RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.use_cls": False,  # `_upright` finds out which way up a page is
            "Global.max_side_len": LONGER_SIDE,
            "Global.text_score": _LEAST,
            # Named, because an engine that looks for its models itself fetches what it lacks.
            "Det.model_path": _model(Path(rapidocr.__file__).parent, "det"),
            "Rec.model_path": _model(Path(rapidocr.__file__).parent, "rec"),
            "EngineConfig.onnxruntime.intra_op_num_threads": threads,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )


def _model(package: Path, part: str) -> str:
    found = sorted((package / "models").glob(f"*_{part}_*.onnx"))
    if not found:
        raise UnreadableFile(
            f"text recognition lacks its model of {part}: install it again, "
            "`pip install --force-reinstall -c constraints.txt rapidocr`"
        )
    return str(found[0])


def size_for(width: float, height: float) -> float:
    """By how much to enlarge a page so that its longer side is `LONGER_SIDE` pixels."""
    return LONGER_SIDE / max(width, height, 1.0)


def body_height(scans: Sequence[Scan]) -> float:
    """The height in pixels of most letters of some pages' pictures; 0 without any."""
    heights = [line.height for scan in scans for line in scan.lines for _ in line.text]
    return median(heights) if heights else 0.0
