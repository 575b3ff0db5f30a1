"""Reads a PDF page's drawing instructions into positioned runs of text.

pypdf parses the file, its streams and its fonts; this module keeps the pen's position, because
everything later (columns, tables, word gaps, running heads) is decided by where text stands.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from pypdf import PageObject
from pypdf.generic import (
    ArrayObject,
    ContentStream,
    DictionaryObject,
    NameObject,
    StreamObject,
)

from retriever.loaders.pdf_fonts import Typeface, Typefaces

Matrix = tuple[float, float, float, float, float, float]

IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
_MAX_FORM_DEPTH = 8
# A shift inside a string larger than this (in ems) may part two words or two cells.
_RUN_GAP = 0.06
_WIDE_SPACE = 0.5
_STROKED = 2  # letters filled and outlined: how some programs make bold type


@dataclass(slots=True)
class Run:
    """Text drawn without a noticeable gap.

    Coordinates are in points as the page is seen, `y` (the baseline) growing downwards. Text that
    is turned relative to the page has `angle` 90, 180 or 270 and coordinates in its own frame.

    Attributes:
        mark: Number of the marked content the text belongs to on its page (None: unmarked).
        artifact: Marked by the producer as a running head, foot or page number.
    """

    text: str
    x0: float
    x1: float
    y: float
    size: float
    bold: bool
    angle: int
    mark: int | None
    artifact: bool


@dataclass(frozen=True)
class PageText:
    """The runs of one page in drawing order, and the page's size as seen."""

    runs: list[Run]
    width: float
    height: float


@dataclass(slots=True)
class _State:
    """The part of the graphics state that places text."""

    matrix: Matrix = IDENTITY
    typeface: Typeface | None = None
    size: float = 12.0
    char_space: float = 0.0
    word_space: float = 0.0
    scale: float = 1.0
    leading: float = 0.0
    rise: float = 0.0
    mode: float = 0.0


def read_page(page: PageObject, typefaces: Typefaces) -> PageText:
    """Read the text of a page with its positions."""
    box = page.cropbox
    turn = (page.rotation or 0) % 360
    left, bottom = float(box.left), float(box.bottom)
    width, height = float(box.width), float(box.height)
    to_view = _view_matrix(turn, left, bottom, width, height)
    if turn in (90, 270):
        width, height = height, width
    interpreter = _Interpreter(page.pdf, typefaces, to_view)
    contents = page.get("/Contents")
    if contents is not None:
        interpreter.read(contents.get_object(), _resources(page))
    for run in interpreter.runs:
        if run.angle == 0:
            run.y += height
    return PageText(interpreter.runs, width, height)


def _view_matrix(turn: int, left: float, bottom: float, width: float, height: float) -> Matrix:
    """Matrix from the page's own coordinates to the page as seen (y upwards)."""
    if turn == 90:
        return (0.0, -1.0, 1.0, 0.0, -bottom, left + width)
    if turn == 180:
        return (-1.0, 0.0, 0.0, -1.0, left + width, bottom + height)
    if turn == 270:
        return (0.0, 1.0, -1.0, 0.0, bottom + height, -left)
    return (1.0, 0.0, 0.0, 1.0, -left, -bottom)


def _resources(holder: DictionaryObject) -> DictionaryObject:
    current: Any = holder
    while isinstance(current, DictionaryObject):
        if "/Resources" in current:
            found = current["/Resources"].get_object()
            return found if isinstance(found, DictionaryObject) else DictionaryObject()
        parent = current.get("/Parent")
        current = parent.get_object() if parent is not None else None
    return DictionaryObject()


def multiply(first: Matrix, second: Matrix) -> Matrix:
    """The transformation that does `first`, then `second`."""
    a, b, c, d, e, f = first
    g, h, i, j, k, m = second
    return (
        a * g + b * i, a * h + b * j,
        c * g + d * i, c * h + d * j,
        e * g + f * i + k, e * h + f * j + m,
    )


class _Interpreter:
    """Follows the text operators of PDF 32000-1, chapter 9."""

    def __init__(self, pdf: Any, typefaces: Typefaces, to_view: Matrix) -> None:
        self.runs: list[Run] = []
        self._pdf = pdf
        self._typefaces = typefaces
        self._state = _State(matrix=to_view)
        self._stack: list[_State] = []
        self._text = self._line = IDENTITY
        self._marks: list[tuple[int | None, bool]] = []
        self._fonts: dict[str, Typeface] = {}
        self._forms: DictionaryObject = DictionaryObject()
        self._depth = 0
        self._operators: dict[bytes, Callable[[list[Any]], None]] = {
            b"q": self._save, b"Q": self._restore, b"cm": self._transform,
            b"BT": self._begin_text, b"Tf": self._font, b"Td": self._move, b"TD": self._move_set,
            b"Tm": self._place, b"T*": self._next_line, b"Tj": self._show, b"TJ": self._show_all,
            b"'": self._show_next, b'"': self._show_spaced, b"Do": self._form,
            b"Tc": self._set("char_space"), b"Tw": self._set("word_space"),
            b"Tr": self._set("mode"), b"Tz": self._set("scale", 0.01), b"TL": self._set("leading"),
            b"Ts": self._set("rise"),
            b"BDC": self._begin_mark, b"BMC": self._begin_mark, b"EMC": self._end_mark,
        }

    def read(self, content: Any, resources: DictionaryObject) -> None:
        """Run a content stream; the state is left as it was."""
        outer = (self._fonts, self._forms, self._state, self._stack)
        self._fonts = self._typefaces.of(resources)
        forms = resources.get("/XObject")
        forms = forms.get_object() if forms is not None else None
        self._forms = forms if isinstance(forms, DictionaryObject) else DictionaryObject()
        self._stack, self._state = [], replace(self._state)
        stream = ContentStream(content, self._pdf, "bytes")
        stream.set_data(_without_paths(stream.get_data()))
        for operands, operator in stream.operations:
            handler = self._operators.get(operator)
            if handler is not None:
                handler(operands)
        self._fonts, self._forms, self._state, self._stack = outer

    def _save(self, _: list[Any]) -> None:
        self._stack.append(replace(self._state))

    def _restore(self, _: list[Any]) -> None:
        if self._stack:
            self._state = self._stack.pop()

    def _transform(self, operands: list[Any]) -> None:
        self._state.matrix = multiply(_matrix(operands), self._state.matrix)

    def _begin_text(self, _: list[Any]) -> None:
        self._text = self._line = IDENTITY

    def _font(self, operands: list[Any]) -> None:
        if len(operands) >= 2:
            self._state.typeface = self._fonts.get(str(operands[0]))
            self._state.size = _number(operands[1])

    def _set(self, name: str, factor: float = 1.0) -> Callable[[list[Any]], None]:
        def setter(operands: list[Any]) -> None:
            if operands:
                setattr(self._state, name, _number(operands[0]) * factor)

        return setter

    def _move(self, operands: list[Any]) -> None:
        if len(operands) >= 2:
            shift = (1.0, 0.0, 0.0, 1.0, _number(operands[0]), _number(operands[1]))
            self._text = self._line = multiply(shift, self._line)

    def _move_set(self, operands: list[Any]) -> None:
        if len(operands) >= 2:
            self._state.leading = -_number(operands[1])
        self._move(operands)

    def _place(self, operands: list[Any]) -> None:
        self._text = self._line = _matrix(operands)

    def _next_line(self, _: list[Any]) -> None:
        self._move([0.0, -self._state.leading])

    def _show(self, operands: list[Any]) -> None:
        self._show_pieces(operands[:1])

    def _show_next(self, operands: list[Any]) -> None:
        self._next_line(operands)
        self._show(operands)

    def _show_spaced(self, operands: list[Any]) -> None:
        if len(operands) >= 3:
            self._state.word_space = _number(operands[0])
            self._state.char_space = _number(operands[1])
            self._show_next(operands[2:])

    def _show_all(self, operands: list[Any]) -> None:
        if operands and isinstance(operands[0], ArrayObject):
            self._show_pieces(operands[0])

    def _show_pieces(self, pieces: Iterable[Any]) -> None:
        """Show strings; numbers between them move the pen back by thousandths of an em."""
        state = self._state
        if state.typeface is None:
            return
        pen = start = 0.0
        text: list[str] = []
        wide = state.word_space > _WIDE_SPACE * state.size
        for piece in self._words(pieces) if wide else pieces:
            if wide and piece == b" ":
                self._emit(text, start, pen)
                pen += self._advance(piece, [])
                text, start = [], pen
            elif isinstance(piece, bytes):
                pen += self._advance(piece, text)
            elif isinstance(piece, int | float):
                gap = -float(piece) / 1000 * state.size * state.scale
                if abs(gap) > _RUN_GAP * abs(state.size * state.scale):
                    self._emit(text, start, pen)
                    text, start = [], pen + gap
                pen += gap
        self._emit(text, start, pen)
        self._text = multiply((1.0, 0.0, 0.0, 1.0, pen, 0.0), self._text)

    @staticmethod
    def _words(pieces: Iterable[Any]) -> Iterator[Any]:
        """Split strings at blanks, which a large word spacing can make as wide as a column gap."""
        for piece in pieces:
            if isinstance(piece, bytes):
                yield from (part for part in re.split(b"( )", piece) if part)
            else:
                yield piece

    def _advance(self, value: bytes, text: list[str]) -> float:
        state = self._state
        assert state.typeface is not None  # noqa: S101  checked by the caller
        glyphs = state.typeface.glyphs(value)
        width = sum(glyph[1] for glyph in glyphs) / 1000 * state.size
        width += state.char_space * len(glyphs) + state.word_space * value.count(b" ")
        text.extend(glyph[0] for glyph in glyphs)
        return width * state.scale

    def _emit(self, pieces: list[str], start: float, end: float) -> None:
        text = "".join(pieces)
        if not text:
            return
        state = self._state
        a, b, c, d, e, f = multiply(self._text, state.matrix)
        size = abs(state.size) * math.hypot(c, d)
        angle = _angle(a, b)
        x0, y0 = e + start * a + state.rise * c, f + start * b + state.rise * d
        x1, y1 = e + end * a + state.rise * c, f + end * b + state.rise * d
        left, right, base = _upright(angle, x0, y0, x1, y1)
        mark, artifact = self._marks[-1] if self._marks else (None, False)
        bold = bool(state.typeface and state.typeface.bold) or state.mode == _STROKED
        self.runs.append(Run(text, left, right, base, size, bold, angle, mark, artifact))

    def _begin_mark(self, operands: list[Any]) -> None:
        mark, artifact = self._marks[-1] if self._marks else (None, False)
        properties = operands[1] if len(operands) > 1 else None
        if isinstance(properties, DictionaryObject):
            number = properties.get("/MCID")
            if isinstance(number, int) and self._depth == 0:
                mark = int(number)
            if operands[0] == "/Artifact" and properties.get("/Type") == "/Pagination":
                artifact = True
        self._marks.append((mark, artifact))

    def _end_mark(self, _: list[Any]) -> None:
        if self._marks:
            self._marks.pop()

    def _form(self, operands: list[Any]) -> None:
        name = operands[0] if operands else None
        if not isinstance(name, NameObject) or name not in self._forms:
            return
        form = self._forms[name].get_object()
        if not isinstance(form, StreamObject) or form.get("/Subtype") != "/Form":
            return
        if self._depth >= _MAX_FORM_DEPTH:
            return
        outer, text, line = self._state, self._text, self._line
        self._state = replace(outer, matrix=multiply(_matrix(form.get("/Matrix")), outer.matrix))
        self._depth += 1
        self.read(form, _resources(form))
        self._depth -= 1
        self._state, self._text, self._line = outer, text, line


# Either a whole text object, which is kept, or the drawing of a line or curve outside of one.
_PATH = re.compile(
    rb"(?<!\S)BT(?=\s).*?(?<=\s)ET(?!\S)|(?<!\S)(?:[-+]?[\d.]+\s+){2,6}(?:m|l|c|v|y|re)(?!\S)",
    re.DOTALL,
)


def _without_paths(content: bytes) -> bytes:
    """Leave out the drawing of lines: maps hold so much of it that parsing it takes seconds."""
    return _PATH.sub(lambda found: found[0] if found[0].startswith(b"BT") else b"", content)


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _matrix(values: Any) -> Matrix:
    if values is None or len(values) < 6:
        return IDENTITY
    a, b, c, d, e, f = (_number(value) for value in values[:6])
    return (a, b, c, d, e, f)


def _angle(a: float, b: float) -> int:
    """Direction of writing to the nearest quarter turn (slanted text counts as turned)."""
    if abs(b) < 0.2 * abs(a):
        return 0 if a > 0 else 180
    return 90 if b > 0 else 270


def _upright(
    angle: int, x0: float, y0: float, x1: float, y1: float
) -> tuple[float, float, float]:
    """Left end, right end and baseline (downwards) in the frame where the text is upright."""
    if angle == 0:
        return x0, x1, -y0
    if angle == 180:
        return -x0, -x1, y0
    if angle == 90:
        return y0, y1, x0
    return -y0, -y1, -x0
