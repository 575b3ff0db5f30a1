"""Finds what is printed on page after page and is no part of the text.

Running heads, running feet and page numbers stand at the edge of the page and come again, figures
apart, on page after page. Contents listings say again what the headings say.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from retriever.loaders.pdf_content import PageText, Run
from retriever.loaders.pdf_layout import Segment, segments_by_position

# The part of the page's height, at the top and at the bottom, where furniture stands.
_EDGE = 0.17
_MARGIN = 0.06
_ROWS = 5
# Of the pages from the first to the last with it; every other page in a book with facing pages.
_DENSITY = 0.4
_TOLERANCE = 6.0
# A row of this many cells is part of a table, even if it comes again as the table's head.
_TABLE_CELLS = 4

_NUMBER = re.compile(r"[0-9]{1,9}")
_ROMAN = re.compile(r"[ivxlc]+")
_PAGE_NUMBER = re.compile(
    r"[-–| ]*(page|p\.?)?[-–| ]*\d{1,4}([-–| ]*(of|/) *\d{1,4})?[-–| .]*(page)?", re.IGNORECASE
)
_LEADER = re.compile(r"(\.\s?){5,}\s*\S{0,6}$|(…\s?){2,}\s*\S{0,6}$|(_\s?){8,}\s*\d{1,4}$")


def without_furniture(pages: Sequence[tuple[PageText, list[Run]]]) -> list[list[Run]]:
    """The runs of each page without running heads, feet and page numbers."""
    edges = [_edges(page, runs, number) for number, (page, runs) in enumerate(pages, 1)]
    places: dict[str, list[_Place]] = defaultdict(list)
    for edge in edges:
        for place in chain.from_iterable([*edge.head, *edge.foot, *edge.side]):
            places[_likeness(place.segment.text)].append(place)
    return [
        _without(runs, [place.segment for place in _furniture(edge, places)])
        for (_, runs), edge in zip(pages, edges, strict=True)
    ]


@dataclass(frozen=True)
class _Place:
    """A segment at the page's edge, with its distance from the top or (negative) the bottom."""

    segment: Segment
    height: float

    def is_near(self, other: _Place) -> bool:
        """Whether both stand at the same place, by left end, right end or middle.

        Their figures, if any, must be the same or count with the pages.
        """
        a, b = self.segment, other.segment
        apart = min(abs(a.x0 - b.x0), abs(a.x1 - b.x1), abs(a.x0 + a.x1 - b.x0 - b.x1) / 2)
        if abs(self.height - other.height) > _TOLERANCE or apart > 2 * _TOLERANCE:
            return False
        figures = zip(_NUMBER.findall(a.text), _NUMBER.findall(b.text), strict=False)
        return all(x == y or int(x) - int(y) == a.page - b.page for x, y in figures)


@dataclass(frozen=True)
class _Edges:
    """Rows of a page from each edge inwards."""

    head: list[list[_Place]]
    foot: list[list[_Place]]
    side: list[list[_Place]]


def _edges(page: PageText, runs: Sequence[Run], number: int) -> _Edges:
    top, bottom = page.height * _EDGE, page.height * (1 - _EDGE)
    left, right = page.width * _MARGIN, page.width * (1 - _MARGIN)
    head = segments_by_position((run for run in runs if run.y <= top), number)[:_ROWS]
    foot = segments_by_position((run for run in runs if run.y >= bottom), number)[-_ROWS:]
    side = segments_by_position(
        (r for r in runs if top < r.y < bottom and (r.x1 < left or r.x0 > right)), number
    )
    return _Edges(
        [[_Place(segment, segment.y) for segment in row] for row in head],
        [[_Place(segment, segment.y - page.height) for segment in row] for row in reversed(foot)],
        [[_Place(segment, segment.y) for segment in row] for row in side],
    )


def _likeness(text: str) -> str:
    return "#" if _ROMAN.fullmatch(text.lower()) else _NUMBER.sub("#", text.lower())


def _furniture(edge: _Edges, places: dict[str, list[_Place]]) -> Iterable[_Place]:
    """The page's furniture: from each edge inwards up to the first row that is text."""
    for rows in (edge.head, edge.foot):
        for index, row in enumerate(rows):
            found = _repeated(row, places) if len(row) < _TABLE_CELLS else []
            if index == 0 and _PAGE_NUMBER.fullmatch(" ".join(p.segment.text for p in row)):
                found = row
            yield from found
            if not found:
                break
    for row in edge.side:
        yield from _repeated(row, places)


def _repeated(row: list[_Place], places: dict[str, list[_Place]]) -> list[_Place]:
    """What comes again of a row; beside text that does not, only what is set in another size.

    The cells of a long table come again too, but in the size of the cells beside them.
    """
    again = [place for place in row if _comes_again(place, places[_likeness(place.segment.text)])]
    own = [place.segment.size for place in row if place not in again]
    return [p for p in again if all(abs(size - p.segment.size) > 0.08 * size for size in own)]


def _comes_again(place: _Place, alike: list[_Place]) -> bool:
    near = {other.segment.page for other in alike if place.is_near(other)}
    needed = 3 if max(near) > 4 else 2
    return len(near) >= needed and len(near) >= _DENSITY * (max(near) - min(near) + 1)


def _without(runs: list[Run], segments: list[Segment]) -> list[Run]:
    bands = [(s.y, s.x0 - 1, s.x1 + 1, s.size) for s in segments]
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
