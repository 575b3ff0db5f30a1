"""Pages of a PDF that hold no text: their pictures are read, and stand in for it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pypdfium2 as pdfium
from PIL import Image

from retriever.config import Reading
from retriever.loaders import recognition
from retriever.loaders.pdf_content import PageText, Run
from retriever.loaders.recognition import Scan
from retriever.schema import Page, ScannedLine

_LIKE_BODY = 1.25  # times as high as most; boxes round letters are no exact measure
_LIKE_BODY_IF_SHORT = 1.6  # those round a few letters still less
_FEW = 15
_EM = 1.25  # a line's box is so much higher than its type size
_SAME_EDGE = 0.4  # of the type size
_BASELINE = 0.3  # of the type size, below the box's middle
_LISTED = 8


@dataclass(frozen=True)
class Scans:
    """The pages that were read off their pictures.

    Attributes:
        found: Page number -> what was read; only what is legible.
        why_not: What to do so that they are read; empty where they were.
    """

    found: Mapping[int, Scan] = field(default_factory=dict)
    why_not: str = ""


def read_scans(path: Path, numbers: Sequence[int], limits: Reading) -> Scans:
    """Read some pages of a PDF off their pictures.

    Raises:
        UnreadableFile: The recognition's package is damaged.
        MemoryError: There is not enough.
    """
    return read_pictures(_drawn(path, numbers), len(numbers), limits)


def read_pictures(
    pictures: Iterable[tuple[int, Image.Image]], count: int, limits: Reading
) -> Scans:
    """Read so many pages off their pictures, each given with its number; errors: `read_scans`."""
    if not count:
        return Scans()
    if why_not := recognition.why_not(limits):
        return Scans(why_not=why_not)
    if count > limits.max_scanned_pages:
        return Scans(
            why_not=f"these are {count} pages, over the limit of {limits.max_scanned_pages} for "
            "text recognition: split the file, or raise reading.max_scanned_pages in retriever.toml"
        )
    read = {number: recognition.read_picture(image, limits) for number, image in pictures}
    return Scans({number: scan for number, scan in read.items() if scan.legible})


def _drawn(path: Path, numbers: Sequence[int]) -> Iterator[tuple[int, Image.Image]]:
    """The pictures of some pages, one at a time; what cannot be drawn is left out."""
    try:
        document = pdfium.PdfDocument(path)
    except pdfium.PdfiumError:
        return
    with closing(document):
        for number in numbers:
            try:
                with closing(document[number - 1]) as page:
                    bitmap = page.render(scale=recognition.size_for(*page.get_size()))
                    image = bitmap.to_pil().convert("RGB")
            except (pdfium.PdfiumError, IndexError):
                continue
            yield number, image


def with_scans(
    pages: Sequence[tuple[PageText, list[Run]]], scans: Mapping[int, Scan]
) -> list[tuple[PageText, list[Run]]]:
    """The pages of a document, those that were read off their pictures with runs of text.

    Sizes of type decide what is a heading. Those of a picture's lines are rough, so all that are
    about as high as most are taken to be of one size: that of the document's own text where it
    has some, to which the page is enlarged or made smaller.
    """
    straight = {number: recognition.straight(scan) for number, scan in scans.items()}
    usual = recognition.body_height(list(straight.values()))
    body = _body_size([run for _, runs in pages for run in runs])
    return [
        _as_page(straight[number], page, usual, body) if number in straight else (page, runs)
        for number, (page, runs) in enumerate(pages, 1)
    ]


def _body_size(runs: Sequence[Run]) -> float:
    sizes: Counter[float] = Counter()
    for run in runs:
        if letters := len(run.text.strip()):
            sizes[run.size] += letters
    return max(sizes, key=lambda size: sizes[size], default=0.0)


def _as_page(scan: Scan, page: PageText, usual: float, body: float) -> tuple[PageText, list[Run]]:
    points = max(page.width, page.height) / max(scan.width, scan.height)  # a pixel's
    size = usual * points / _EM
    if body:
        points, size = points * body / size, body
    runs = []
    for line in scan.lines:
        higher = line.height / usual
        most = _LIKE_BODY if len(line.text) >= _FEW else _LIKE_BODY_IF_SHORT
        own = size if 1 / most < higher < most else size * higher
        base = points * (line.y0 + line.y1) / 2 + _BASELINE * own
        ends = points * line.x0, points * line.x1
        runs.append(Run(line.text, *ends, base, own, False, 0, None, False))
    _line_up(runs)
    return PageText(runs, points * scan.width, points * scan.height), runs


def _line_up(runs: Sequence[Run]) -> None:
    """Have lines begin at the same place that begin at nearly the same: a column has one edge."""
    edge = -math.inf
    for run in sorted(runs, key=lambda run: run.x0):
        if run.x0 - edge > _SAME_EDGE * run.size:
            edge = run.x0
        run.x0 = edge


def with_certainty(pages: Sequence[Page], scans: Mapping[int, Scan]) -> tuple[Page, ...]:
    """Pages with how certainly each was read off its picture, if it was."""
    return tuple(
        Page(page.number, page.start, page.end, round(scans[page.number].certainty, 3))
        if page.number in scans
        else page
        for page in pages
    )


def scanned_lines(scans: Mapping[int, Scan]) -> tuple[ScannedLine, ...]:
    """Where the lines stand on their pages, page by page."""
    return tuple(
        ScannedLine(
            number,
            line.text,
            round(line.x0 / scan.width, 4),
            round(line.y0 / scan.height, 4),
            round(line.x1 / scan.width, 4),
            round(line.y1 / scan.height, 4),
            round(line.height / scan.height, 4),
        )
        for number, scan in sorted(scans.items())
        for line in scan.lines
    )


def no_text(scans: Scans) -> str:
    """Why a file without a word cannot be read, and what to do."""
    if not scans.why_not:
        return (
            "no text layer, and text recognition found no words either: blank, handwritten or too "
            "faint; scan it again at 300 dots per inch, or remove it from the folder"
        )
    return (
        f"no text layer: needs OCR; {scans.why_not}. Or run it through a text recognition program "
        "such as OCRmyPDF and put the result in its place"
    )


def scan_notes(scans: Scans, empty: Sequence[int]) -> Iterator[str]:
    """What a librarian should know of pages that were read off their pictures, or were not.

    Args:
        scans: What was read.
        empty: Numbers of the pages that are still without text.
    """
    if scans.found:
        yield f"{listed(sorted(scans.found))} {recognition.READ}"
    doubted = [
        number
        for number, scan in sorted(scans.found.items())
        if scan.certainty < recognition.DOUBTED
    ]
    if doubted:
        yield (
            f"text recognition was unsure of {listed(doubted)}: compare the words with the page; "
            "if they are wrong, scan it again at 300 dots per inch"
        )
    if empty and scans.why_not:
        yield f"without text: {listed(empty)} (blank, or pictures that need OCR: {scans.why_not})"
    elif empty:
        yield f"without text: {listed(empty)} (blank, or pictures without words)"


def listed(numbers: Sequence[int]) -> str:
    """Numbers of pages in words, the first few of many."""
    shown = ", ".join(str(number) for number in numbers[:_LISTED])
    more = f" and {len(numbers) - _LISTED} more" if len(numbers) > _LISTED else ""
    return f"page{'s' if len(numbers) > 1 else ''} {shown}{more}"
