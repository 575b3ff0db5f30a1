"""Finds what is printed on page after page and is no part of the text.

Running heads, running feet and page numbers stand at the edge of the page and come again, figures
apart, on page after page. Contents listings say again what the headings say.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from retriever.loaders.pdf_content import PageText, Run
from retriever.loaders.pdf_layout import Segment, segments_by_position

# The part of the page's height, at the top and at the bottom, where furniture stands.
_EDGE = 0.17
_ROWS = 5
# Of the pages from the first to the last with it; every other page in a book with facing pages.
_DENSITY = 0.4
_TOLERANCE = 6.0

_NUMBER = re.compile(r"\d+")
_ROMAN = re.compile(r"[ivxlc]+")
_PAGE_NUMBER = re.compile(
    r"[-–| ]*(page|p\.?)?[-–| ]*\d{1,4}([-–| ]*(of|/) *\d{1,4})?[-–| .]*(page)?", re.IGNORECASE
)
_LEADER = re.compile(r"(\.\s?){5,}\s*\S{0,6}$|(…\s?){2,}\s*\S{0,6}$|(_\s?){8,}\s*\d{1,4}$")


def without_furniture(pages: Sequence[tuple[PageText, list[Run]]]) -> list[list[Run]]:
    """The runs of each page without running heads, feet and page numbers."""
    edges = [_edge_rows(page, runs, number) for number, (page, runs) in enumerate(pages, 1)]
    places: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for rows in edges:
        for row, height in rows:
            places[_likeness(row)].append((row[0].page, height))
    return [
        _without(runs, [row for row, height in rows if _is_furniture(row, height, places, rows)])
        for (_, runs), rows in zip(pages, edges, strict=True)
    ]


def _edge_rows(
    page: PageText, runs: Sequence[Run], number: int
) -> list[tuple[list[Segment], float]]:
    """Outermost rows of a page, each with its distance from the top, or (negative) the bottom."""
    top, bottom = page.height * _EDGE, page.height * (1 - _EDGE)
    head = segments_by_position((run for run in runs if run.y <= top), number)[:_ROWS]
    foot = segments_by_position((run for run in runs if run.y >= bottom), number)[-_ROWS:]
    return [(row, row[0].y) for row in head] + [(row, row[0].y - page.height) for row in foot]


def _likeness(row: Sequence[Segment]) -> str:
    text = " ".join(segment.text for segment in row).lower()
    return "#" if _ROMAN.fullmatch(text) else _NUMBER.sub("#", text)


def _is_furniture(
    row: list[Segment],
    height: float,
    places: dict[str, list[tuple[int, float]]],
    rows: list[tuple[list[Segment], float]],
) -> bool:
    near = {p for p, h in places[_likeness(row)] if abs(h - height) <= _TOLERANCE}
    needed = 3 if len(near) > 2 or max(near) > 4 else 2
    if len(near) >= needed and len(near) >= _DENSITY * (max(near) - min(near) + 1):
        return True
    outermost = row in (rows[0][0], rows[-1][0])
    return outermost and bool(_PAGE_NUMBER.fullmatch(" ".join(s.text for s in row)))


def _without(runs: list[Run], rows: list[list[Segment]]) -> list[Run]:
    bands = [(s.y, s.x0 - 1, s.x1 + 1, s.size) for row in rows for s in row]
    return [
        run
        for run in runs
        if not any(
            abs(run.y - y) <= 0.45 * max(size, run.size) and run.x0 >= x0 and run.x0 <= x1
            for y, x0, x1, size in bands
        )
    ]


def is_contents_entry(text: str) -> bool:
    """Whether a line ends in dot leaders and perhaps a page number."""
    return bool(_LEADER.search(text))


def contents_span(texts: Iterable[str]) -> tuple[int, int]:
    """First and last (exclusive) index of a page's contents listing; equal if it has none."""
    entries = [index for index, text in enumerate(texts) if is_contents_entry(text)]
    return (entries[0], entries[-1] + 1) if len(entries) >= 3 else (0, 0)
