"""Pictures of pages: PNG, JPEG, and TIFF with any number of them. Text recognition reads them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps, UnidentifiedImageError

from retriever.config import Reading
from retriever.errors import UnreadableFile
from retriever.loaders import recognition
from retriever.loaders.pdf_assemble import assemble
from retriever.loaders.pdf_blocks import notes_last, positioned_blocks
from retriever.loaders.pdf_content import PageText
from retriever.loaders.pdf_furniture import without_furniture
from retriever.loaders.pdf_metadata import Printed, read_metadata
from retriever.loaders.pdf_scans import (
    read_pictures,
    scan_notes,
    scanned_lines,
    with_certainty,
    with_scans,
)
from retriever.schema import Parsed

_A4 = 842.0  # points of a page's longer side: pictures seldom say truly how large it is


def load_picture(path: Path, limits: Reading) -> Parsed:
    """Read a picture. See `Loader` for the contract."""
    if why_not := recognition.why_not(limits):
        raise UnreadableFile(
            f"a picture, not a document: {why_not}. Or run text recognition (OCR) on it, save the "
            "result as PDF and add that"
        )
    with _opened(path) as picture:
        count = int(getattr(picture, "n_frames", 1))
        sizes = [_size(picture, number) for number in range(1, count + 1)]
        scans = read_pictures(_frames(picture, count), count, limits)
    if not scans.found:
        raise UnreadableFile(
            f"a picture, not a document: {scans.why_not}"
            if scans.why_not
            else "a picture in which text recognition found no words: photograph or scan the page "
            "again, larger and in better light, or remove it from the folder"
        )
    pages = with_scans([(PageText([], *size), []) for size in sizes], scans.found)
    runs = without_furniture(pages)
    blocks = [notes_last(positioned_blocks(each, number)) for number, each in enumerate(runs, 1)]
    text, spans, sections = assemble(blocks, {})
    front = "\n".join(run.text for run in pages[0][1])
    metadata = read_metadata({}, Printed(front, front, front), blocks)
    empty = [number for number, (_, found) in enumerate(pages, 1) if not found]
    return Parsed(
        text,
        with_certainty(spans, scans.found),
        sections,
        metadata,
        tuple(scan_notes(scans, empty)),
        scanned_lines(scans.found),
    )


def page_of(path: Path, number: int) -> Image.Image:
    """One page of a picture, upright, from 1.

    Raises:
        UnreadableFile: It is damaged, or has no such page.
    """
    with _opened(path) as picture:
        if not 1 <= number <= int(getattr(picture, "n_frames", 1)):
            raise UnreadableFile(f"{path.name} has no page {number}")
        return _frame(picture, number)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        with Image.open(path) as picture:
            yield picture
    except (
        UnidentifiedImageError,
        Image.DecompressionBombError,
        OSError,
        EOFError,
        SyntaxError,
        ValueError,
    ) as error:
        raise UnreadableFile(
            "a picture that is damaged or far too large: open it in a picture viewer, save it "
            "again as PNG and add that"
        ) from error


def _frames(picture: Any, count: int) -> Iterator[tuple[int, Image.Image]]:
    for number in range(1, count + 1):
        image = _frame(picture, number)
        scale = recognition.size_for(*image.size)
        yield number, image.resize((round(image.width * scale), round(image.height * scale)))


def _frame(picture: Any, number: int) -> Image.Image:
    picture.seek(number - 1)
    upright = ImageOps.exif_transpose(picture) or picture
    return upright.convert("RGB")


def _size(picture: Any, number: int) -> tuple[float, float]:
    """Width and height of a page in points."""
    picture.seek(number - 1)
    scale = _A4 / max(picture.size)
    return picture.width * scale, picture.height * scale
