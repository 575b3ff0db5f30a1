"""Puts positioned runs of text into lines, and the lines of a page into reading order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from retriever.loaders.pdf_content import PageText, Run

# Distances in ems of the text they stand in.
_WORD_GAP = 0.15
_GAP_AFTER_STOP = 0.05
_CELL_GAP = 1.2
_SEGMENT_GAP = 0.6
_SAME_BASELINE = 0.5
_RAISED = 0.65
_SPREAD_LETTERS = 5
# A column of running text has at least this many lines, and lines of this many characters.
_COLUMN_LINES = 4
_COLUMN_CHARACTERS = 18
_COLUMN_FILL = 0.5
_COLUMN_LETTERS = 0.65


@dataclass(slots=True)
class Segment:
    """Text on one baseline without a gap that may part two columns or cells."""

    text: str
    page: int
    x0: float
    x1: float
    y: float
    size: float
    bold: bool


@dataclass(slots=True)
class Line:
    """One line of a page in reading order: the segments that belong together.

    Attributes:
        column: Right edge of the column the line stands in.
    """

    segments: list[Segment]
    column: float = 0.0

    @property
    def text(self) -> str:
        """The whole line."""
        return " ".join(segment.text for segment in self.segments)

    @property
    def page(self) -> int:
        """Page number, from 1."""
        return self.segments[0].page

    @property
    def x0(self) -> float:
        """Left end."""
        return self.segments[0].x0

    @property
    def x1(self) -> float:
        """Right end."""
        return self.segments[-1].x1

    @property
    def y(self) -> float:
        """Baseline, from the top of the page."""
        return self.segments[0].y

    @property
    def size(self) -> float:
        """Type size of the longest segment."""
        return max(self.segments, key=lambda segment: len(segment.text)).size

    @property
    def bold(self) -> bool:
        """Whether all of it is bold."""
        return all(segment.bold for segment in self.segments)


def upright_runs(page: PageText) -> list[Run]:
    """The runs in the page's main direction of writing, inside the page.

    Text turned against it is the lettering of charts and margins, which has no place in a
    sentence.
    """
    weights: dict[int, int] = {}
    for run in page.runs:
        weights[run.angle] = weights.get(run.angle, 0) + len(run.text.strip())
    if not weights:
        return []
    main = max(weights, key=lambda angle: (weights[angle], -angle))
    runs = [run for run in page.runs if run.angle == main and run.size > 0.5]
    if main == 0:
        runs = [run for run in runs if -5 <= run.y <= page.height + 5 and run.x0 <= page.width]
    return runs


def segments_by_position(runs: Iterable[Run], page: int) -> list[list[Segment]]:
    """Rows of segments from top to bottom, each row from left to right."""
    rows: list[list[Run]] = []
    for run in sorted(runs, key=lambda run: (run.y, run.x0)):
        if rows and run.y - rows[-1][0].y <= _reach(run, rows[-1][0]):
            rows[-1].append(run)
        else:
            rows.append([run])
    split = (_split(sorted(row, key=lambda run: run.x0), page) for row in rows)
    return [row for row in split if row]


def lines_in_sequence(runs: Iterable[Run], page: int) -> list[Line]:
    """Lines of one block of a tagged file, whose runs come in logical order."""
    rows: list[list[Run]] = []
    for run in runs:
        if rows and _on_same_line(rows[-1], run):
            rows[-1].append(run)
        else:
            rows.append([run])
    split = (_split(sorted(row, key=lambda run: run.x0), page) for row in rows)
    return _as_lines([segments for segments in split if segments])


def _on_same_line(row: list[Run], run: Run) -> bool:
    return any(abs(run.y - other.y) <= _reach(run, other) for other in (row[-1], row[0]))


def _reach(run: Run, other: Run) -> float:
    """How far apart two baselines may be on one line, more where one is raised or lowered."""
    large, small = max(run.size, other.size), min(run.size, other.size)
    return (_RAISED if small < 0.85 * large else _SAME_BASELINE) * large


def _split(row: Sequence[Run], page: int) -> list[Segment]:
    """Cut a row of runs at gaps wider than between words; blank runs only part words."""
    parts: list[list[Run]] = []
    spreads: list[float] = []
    end = 0.0
    for run, spread in zip(row, _spreads(row), strict=True):
        if not run.text.strip() and not parts:
            continue
        if parts and _repeats(parts[-1], run):
            continue
        blank = not run.text.strip()
        gap = (_SEGMENT_GAP + spread) * max(run.size, parts[-1][-1].size) if parts else 0.0
        if parts and (blank or run.x0 - end <= gap):
            parts[-1].append(run)
            spreads[-1] = max(spreads[-1], spread)
        else:
            parts.append([run])
            spreads.append(spread)
        if not blank:
            end = max(end, run.x1) if len(parts[-1]) > 1 else run.x1
    segments = [_segment(part, page, gap) for part, gap in zip(parts, spreads, strict=True)]
    return [segment for segment in segments if segment.text]


def _spreads(row: Sequence[Run]) -> list[float]:
    """For each run how far, in ems, letters are spread out for looks where it stands."""
    spreads = [0.0] * len(row)
    first = 0
    for index in range(len(row) + 1):
        if index < len(row) and len(row[index].text.strip()) <= 2:
            continue
        if index - first >= _SPREAD_LETTERS:
            streak = row[first:index]
            gaps = [(b.x0 - a.x1) / max(b.size, 0.1) for a, b in pairwise(streak)]
            spreads[first:index] = [max(0.0, median(gaps))] * len(streak)
        first = index + 1
    return spreads


def _repeats(part: list[Run], run: Run) -> bool:
    """Whether the run is drawn a second time at the same place (shadows, false bold)."""
    near = 0.2 * run.size
    for other in part[-3:] if run.text.strip() else []:
        same_place = abs(other.x0 - run.x0) < near and abs(other.y - run.y) < near
        if same_place and other.text == run.text:
            other.bold = True
            return True
    return False


def _segment(part: list[Run], page: int, spread: float) -> Segment:
    while len(part) > 1 and not part[-1].text.strip():
        part.pop()
    longest = max(part, key=lambda run: len(run.text.strip()))
    letters = sum(len(run.text.strip()) for run in part)
    bold = sum(len(run.text.strip()) for run in part if run.bold)
    text = _spell(part, _WORD_GAP + spread)
    return Segment(text, page, part[0].x0, part[-1].x1, longest.y, longest.size,
                   bold > 0.8 * letters)  # fmt: skip


def _spell(part: list[Run], gap: float) -> str:
    """Join runs with blanks where the gap is wider than `gap` ems."""
    text, base, raised = part[0].text, part[0], ""
    for before, run in pairwise(part):
        blank = " " if _is_apart(text + raised, before, run, gap) else ""
        if run.size < 0.85 * base.size and base.y - run.y > 0.15 * base.size:
            raised += blank + run.text
        else:
            text += _raised(text, raised) + blank
            if raised and run.text[0] in ",.;:)":
                text = text.rstrip()
            text, base, raised = text + run.text, run, ""
    return close_up(text + _raised(text, raised))


def _is_apart(text: str, before: Run, run: Run, gap: float) -> bool:
    size = max(before.size, run.size)
    stopped = _STOP.search(text) and run.text[:1].isalpha()
    apart = (run.x0 - before.x1) / max(size, 0.1)
    return apart > (_GAP_AFTER_STOP if stopped else gap) or run.x0 < before.x0 - 2 * size


_STOP = re.compile(r"[^\W\d_]{2}[)\"'”’]?[.,;:!?]$")
_NOTE_MARK = re.compile(
    r"\s*(?:[\d,\s]+(?:\((?:e\.g|i\.e)\.\))?|[ivxl]+(?:,\s*[ivxl]+)*|[*†‡§]+)\s*"
)
_WORD_END = re.compile(r"[^\W\d_]{3}[\"'”’)]?\s*$|[.,;:)\]”]\s*$"
                       r"|\b(?:19|20)\d\d(?:[-–/]\d{2,4})?\s*$"
                       # two letters are a word too, but for units, of which there are powers
                       r"|\b(?!(?:[cdkmn]m|ft|in)\b)[a-z]{2}\s*$")  # fmt: skip


def _raised(before: str, text: str) -> str:
    """Raised text: the mark of a footnote is left out, a power of a number keeps its meaning."""
    if _NOTE_MARK.fullmatch(text) and _WORD_END.search(before):
        return " " if text != text.strip() else ""
    if before[-1:].isdigit() and text[:1].isdigit():
        return f"^{text}"
    return text


_SPREAD = re.compile(r"(?:\S\s){4,}\S(?:\s{2,}(?:\S\s)*\S)*")


def close_up(text: str) -> str:
    """Mend words typed with a blank after each letter ("N E E D S")."""
    stripped = text.strip()
    if _SPREAD.fullmatch(stripped):
        return " ".join(word.replace(" ", "") for word in re.split(r"\s{2,}", stripped))
    return " ".join(text.split())


def reading_order(rows: list[list[Segment]]) -> list[Line]:
    """Lines of a page in reading order: columns of running text are read one after another."""
    gutter = _find_gutter(rows)
    if gutter is None:
        return _as_lines(rows)
    first, last, x = gutter
    inside = rows[first:last]
    left = [[s for s in row if s.x0 < x] for row in inside]
    right = [[s for s in row if s.x0 >= x] for row in inside]
    return [
        *reading_order(rows[:first]),
        *reading_order([row for row in left if row]),
        *reading_order([row for row in right if row]),
        *reading_order(rows[last:]),
    ]


def _as_lines(rows: list[list[Segment]]) -> list[Line]:
    edge = max((row[-1].x1 for row in rows), default=0.0)
    return [Line(_cells(row), edge) for row in rows]


def _cells(row: list[Segment]) -> list[Segment]:
    """Join segments that are not as far apart as cells; figures side by side are cells."""
    cells = [row[0]]
    for segment in row[1:]:
        last = cells[-1]
        near = segment.x0 - last.x1 <= _CELL_GAP * max(last.size, segment.size)
        if near and not (_FIGURES.fullmatch(last.text) and _FIGURES.fullmatch(segment.text)):
            cells[-1] = _joined(last, segment)
        else:
            cells.append(segment)
    return cells


_FIGURES = re.compile(r"[\d.,%()*<>=+-]*\d[\d.,%()*]*")


def _joined(first: Segment, second: Segment) -> Segment:
    larger = max(first, second, key=lambda segment: len(segment.text))
    return Segment(f"{first.text} {second.text}", first.page, first.x0, second.x1,
                   larger.y, larger.size, first.bold and second.bold)  # fmt: skip


def _find_gutter(rows: list[list[Segment]]) -> tuple[int, int, float] | None:
    """The stretch of rows that is set in columns and where its columns part, if any."""
    starts = {round(segment.x0) for row in rows for segment in row[1:]}
    best: tuple[int, tuple[int, int, float]] | None = None
    for x in sorted(starts):
        for first, last in _stretches(rows, x - 1):
            weight = _columns_weight(rows[first:last], x - 1)
            if weight and (best is None or weight > best[0]):
                best = (weight, (first, last, x - 1))
    return best[1] if best else None


def _stretches(rows: list[list[Segment]], x: float) -> Iterable[tuple[int, int]]:
    """Runs of rows that no segment crosses at `x`, trimmed to where both sides are used."""
    first = 0
    for index in range(len(rows) + 1):
        crossed = index == len(rows) or any(s.x0 < x - 1 and s.x1 > x for s in rows[index])
        if not crossed:
            continue
        if index - first >= _COLUMN_LINES:
            yield first, index
        first = index + 1


def _columns_weight(rows: list[list[Segment]], x: float) -> int:
    """How many lines the shorter column has, or 0 where these are no columns of text."""
    left = [part for row in rows if (part := [s for s in row if s.x0 < x])]
    right = [part for row in rows if (part := [s for s in row if s.x0 >= x])]
    if not _is_text(left) or not _is_text(right):
        return 0
    return min(len(left), len(right))


def _is_text(rows: list[list[Segment]]) -> bool:
    """Whether the rows look like lines of running text rather than cells of a table."""
    if len(rows) < _COLUMN_LINES:
        return False
    width = max(row[-1].x1 for row in rows) - min(row[0].x0 for row in rows)
    fill = median(row[-1].x1 - row[0].x0 for row in rows) / max(width, 1)
    texts = ["".join(s.text for s in row) for row in rows]
    letters = sum(sum(map(str.isalpha, text)) for text in texts)
    if letters < _COLUMN_LETTERS * sum(map(len, texts)):
        return False
    return median(map(len, texts)) >= _COLUMN_CHARACTERS and fill >= _COLUMN_FILL
