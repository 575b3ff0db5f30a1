"""A picture of one page of a PDF, or of a scan, with a quotation marked on it.

The clean text that quotations come from differs from what stands on the page: words broken at a
line end are joined, ligatures are spelt out, running heads are gone. Quotation and page are
therefore compared by their letters and digits alone.
"""

from __future__ import annotations

import io
import threading
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from PIL import Image, ImageChops, ImageDraw

from retriever.errors import UnreadableFile
from retriever.loaders.detect import PICTURES, media_type
from retriever.loaders.picture import page_of
from retriever.schema import ScannedLine

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels from the picture's top left corner."""

MAX_PIXELS = 2400
"""A picture's longer side is never longer: posters and plans are drawn at a smaller scale."""

MIN_RUN = 8
"""Letters in a row that must agree before a part of a quotation counts as found."""

MIN_FOUND = 0.6
"""The share of a quotation's letters that must be found for anything to be marked."""

_TINT = (255, 235, 120)
_OUTLINE = (33, 43, 50)

# pdfium is not thread safe: two pages drawn at once in one process can crash it.
_PDFIUM = threading.Lock()


@dataclass(frozen=True)
class Picture:
    """A page as PNG. `boxes` are the marked lines, empty when the quotation was not found."""

    png: bytes
    width: int
    height: int
    boxes: tuple[Box, ...] = ()


def render(
    file: Path,
    page: int,
    quotation: str = "",
    scale: float = 2.0,
    scanned: Sequence[ScannedLine] = (),
) -> Picture:
    """Draw a page and mark a quotation on it by a tint and an outline.

    Args:
        file: A PDF, or a picture; a PDF that is encrypted with an empty password opens.
        page: From 1.
        quotation: The words to mark, as in the document's clean text; only what stands on this
            page. Empty marks nothing.
        scale: Pixels per point; lowered where the picture would exceed `MAX_PIXELS`.
        scanned: The lines that text recognition read off this page, for words that are nowhere
            but in its picture.

    Returns:
        The picture; without boxes when the quotation cannot be found on the page.

    Raises:
        UnreadableFile: The file cannot be opened or has no such page.
    """
    boxes: tuple[Box, ...] = ()
    if _is_picture(file):
        image = page_of(file, page)
        image.thumbnail((MAX_PIXELS, MAX_PIXELS))
    else:
        with _PDFIUM, _page(file, page) as source:
            image, boxes = _draw(source, quotation, scale)
    boxes = boxes or tuple(_scanned_boxes(quotation, scanned, image.size))
    return Picture(_png(_marked(image, boxes)), image.width, image.height, boxes)


def _is_picture(file: Path) -> bool:
    """Whether it is a picture; why a file cannot be opened, whoever draws it says."""
    try:
        return media_type(file) in PICTURES
    except (OSError, UnreadableFile):
        return False


@contextmanager
def _page(pdf: Path, number: int) -> Iterator[Any]:
    try:
        document = pdfium.PdfDocument(pdf)
    except (pdfium.PdfiumError, OSError) as error:
        raise UnreadableFile(
            f"The pages of {pdf.name} cannot be drawn ({error}): check that the file is still in "
            "the library's folder and opens in a PDF reader."
        ) from error
    try:
        if not 1 <= number <= len(document):
            raise UnreadableFile(
                f"{pdf.name} has no page {number}: choose one from 1 to {len(document)}."
            )
        page = document[number - 1]
        try:
            yield page
        finally:
            page.close()
    finally:
        document.close()


def _draw(page: Any, quotation: str, scale: float) -> tuple[Image.Image, tuple[Box, ...]]:
    scale = min(scale, MAX_PIXELS / max(page.get_size()))
    bitmap = page.render(scale=scale)
    try:
        # A copy, since the bitmap's memory goes when it is closed.
        image = bitmap.to_pil().convert("RGB")
        # Lines are put together before the page is turned, while they still run across.
        lines = _line_boxes(_quoted(quotation, page)) if _plain(quotation) else []
        position = bitmap.get_posconv(page)
        return image, tuple(_turned(box, position) for box in lines)
    finally:
        bitmap.close()


def _quoted(quotation: str, page: Any) -> list[Box]:
    """The boxes of the quotation's characters in points: left, bottom, right, top."""
    text = page.get_textpage()
    try:
        characters = [
            chr(pdfium_c.FPDFText_GetUnicode(text, index)) for index in range(text.count_chars())
        ]
        return [text.get_charbox(index) for index in _find(_plain(quotation), characters)]
    finally:
        text.close()


def _find(wanted: str, characters: Sequence[str]) -> list[int]:
    """Which of the page's characters are the quotation's, signs behind a word included."""
    letters = [
        (letter, index) for index, text in enumerate(characters) for letter in _plain(text)
    ]
    page = "".join(letter for letter, _ in letters)
    found = {letters[at][1] for at in _find_letters(wanted, page)}
    for index, text in enumerate(characters):
        if index - 1 in found and text.isprintable() and not text.isalnum() and text != " ":
            found.add(index)
    return sorted(found)


def _scanned_boxes(
    quotation: str, lines: Sequence[ScannedLine], size: tuple[int, int]
) -> list[Box]:
    """Where a quotation stands by lines that were read off the picture.

    Args:
        quotation: Empty marks nothing.
        lines: Those of the page.
        size: Width and height of the picture in pixels.
    """
    wanted = _plain(quotation)
    characters = [text for line in lines for text in line.text]
    places = [box for line in lines for box in _letter_boxes(line, size)]
    return _line_boxes([places[at] for at in _find(wanted, characters)]) if wanted else []


def _letter_boxes(line: ScannedLine, size: tuple[int, int]) -> Iterator[Box]:
    """The boxes of a line's letters, as if they were equally wide."""
    width, height = size
    half = line.height * height / 2
    step_x = (line.x1 - line.x0) * width / len(line.text)
    step_y = (line.y1 - line.y0) * height / len(line.text)
    for number in range(len(line.text)):
        x, y = line.x0 * width + number * step_x, line.y0 * height + number * step_y
        ends = sorted((x, x + step_x)), sorted((y, y + step_y))
        if abs(step_x) >= abs(step_y):
            yield ends[0][0], y - half, ends[0][1], y + half
        else:
            yield x - half, ends[1][0], x + half, ends[1][1]


def _turned(box: Box, position: Any) -> Box:
    """A box of the page as a box of the picture, whichever way the page is turned."""
    corners = position.to_bitmap(*box[:2]), position.to_bitmap(*box[2:])
    across, down = [x for x, _ in corners], [y for _, y in corners]
    return min(across), min(down), max(across), max(down)


def _plain(text: str) -> str:
    """Letters and digits only: no ligatures, accents apart, no case, no signs, no spaces."""
    return "".join(
        letter for letter in unicodedata.normalize("NFKD", text).casefold() if letter.isalnum()
    )


def _find_letters(wanted: str, page: str) -> list[int]:
    """Where the quotation's letters stand among the page's letters, in page order."""
    at = page.find(wanted)
    if at >= 0:
        return list(range(at, at + len(wanted)))
    return _find_in_parts(wanted, page)


def _find_in_parts(wanted: str, page: str) -> list[int]:
    """As `_find_letters`, where a footnote sign or a running head interrupts the quotation."""
    matcher = SequenceMatcher(None, wanted, page, autojunk=False)
    runs = [run for run in matcher.get_matching_blocks() if run.size >= min(MIN_RUN, len(wanted))]
    found = [index for run in runs for index in range(run.b, run.b + run.size)]
    return found if len(found) >= MIN_FOUND * len(wanted) else []


def _line_boxes(boxes: Sequence[Box]) -> list[Box]:
    """Merge the boxes of characters, in reading order, into one box for each line they stand on."""
    lines: list[Box] = []
    for box in boxes:
        if lines and _continues(lines[-1], box):
            last = lines[-1]
            lines[-1] = (min(last[0], box[0]), min(last[1], box[1]),
                         max(last[2], box[2]), max(last[3], box[3]))
        else:
            lines.append(box)
    return lines


def _continues(line: Box, box: Box) -> bool:
    """Whether a character stands on a line: at its height, and no column's gap away."""
    height = max(line[3] - line[1], box[3] - box[1])
    overlap = min(line[3], box[3]) - max(line[1], box[1])
    gap = max(box[0] - line[2], line[0] - box[2])
    return overlap > 0.3 * min(line[3] - line[1], box[3] - box[1]) and gap < 3 * height


def _marked(image: Image.Image, boxes: Sequence[Box]) -> Image.Image:
    if not boxes:
        return image
    frames = [_frame(box) for box in boxes]
    tint = Image.new("RGB", image.size, "white")
    for frame in frames:
        ImageDraw.Draw(tint).rectangle(frame, fill=_TINT)
    # Multiplied rather than laid over, so that black letters stay black.
    marked = ImageChops.multiply(image, tint)
    for frame in frames:
        ImageDraw.Draw(marked).rectangle(frame, outline=_OUTLINE, width=2)
    return marked


def _frame(box: Box) -> Box:
    left, top, right, bottom = box
    margin = 2 + 0.15 * (bottom - top)
    return left - margin, top - margin, right + margin, bottom + margin


def _png(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG", compress_level=3)
    return stream.getvalue()
