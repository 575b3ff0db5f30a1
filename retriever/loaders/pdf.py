"""Loads PDF files: text in reading order, pages, sections and metadata.

pdf_content     drawing instructions -> positioned runs of text
pdf_fonts       bytes of a font -> text and widths
pdf_structure   the tags of a tagged file
pdf_furniture   running heads, feet, page numbers, contents listings
pdf_layout      runs -> lines, columns in reading order
pdf_blocks      lines -> paragraphs, list items, table rows
pdf_poster      boxes of a poster or infographic -> the same
pdf_words       words divided at a line's end
pdf_assemble    blocks -> text, pages, sections
pdf_scans       pictures of pages without text -> runs of text
pdf_metadata    title, publisher, year and the like
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pypdf import PasswordType, PdfReader
from pypdf.errors import PyPdfError

from retriever.config import Reading
from retriever.errors import UnreadableFile
from retriever.loaders.pdf_assemble import assemble, outline_key
from retriever.loaders.pdf_blocks import Block, notes_last, positioned_blocks, tagged_blocks
from retriever.loaders.pdf_content import PageText, Run, read_page
from retriever.loaders.pdf_fonts import Typefaces
from retriever.loaders.pdf_furniture import without_furniture
from retriever.loaders.pdf_layout import segments_by_position, upright_runs
from retriever.loaders.pdf_metadata import Printed, read_metadata
from retriever.loaders.pdf_poster import is_poster, poster_blocks
from retriever.loaders.pdf_scans import (
    listed,
    no_text,
    read_scans,
    scan_notes,
    scanned_lines,
    with_certainty,
    with_scans,
)
from retriever.loaders.pdf_structure import Tag, read_structure
from retriever.schema import Parsed

_WORD = re.compile(r"[^\W\d_]{2}")
# Below this share of tagged text a page's tags are taken to be incomplete.
_TAGGED_SHARE = 0.6


def load_pdf(path: Path, limits: Reading) -> Parsed:
    """Read a PDF file.

    Raises:
        UnreadableFile: No text, a password, a broken file or too many pages.
    """
    with _warnings() as warnings, path.open("rb") as stream:
        reader = _open(stream, limits)
        pages, failed = _read_pages(reader)
        scans = read_scans(path, _without_words(pages, failed), limits)
        pages = with_scans(pages, scans.found)
        blocks = _blocks(pages, _structure(reader))
        text, spans, sections = assemble(blocks, _outline(reader))
        if not _WORD.search(text):
            raise UnreadableFile(no_text(scans))
        empty = [n for n, (_, runs) in enumerate(pages, 1) if not runs and n not in failed]
        metadata = read_metadata(_information(reader), _printed(pages), blocks)
    return Parsed(
        text,
        with_certainty(spans, scans.found),
        sections,
        metadata,
        (*_notes(failed, warnings), *scan_notes(scans, empty)),
        scanned_lines(scans.found),
    )


def _without_words(
    pages: Sequence[tuple[PageText, list[Run]]], failed: Collection[int]
) -> list[int]:
    """Numbers of the pages that hold no word of their own."""
    return [
        number
        for number, (_, runs) in enumerate(pages, 1)
        if number not in failed and not _WORD.search(" ".join(run.text for run in runs))
    ]


@contextmanager
def _warnings() -> Iterator[list[str]]:
    """Collect what pypdf logs instead of letting it reach the screen."""
    collected: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            collected.append(record.getMessage())

    logger, handler = logging.getLogger("pypdf"), Collector()
    propagate = logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield collected
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagate


def _open(stream: Any, limits: Reading) -> PdfReader:
    try:
        reader = PdfReader(stream)
        if reader.is_encrypted and reader.decrypt("") == PasswordType.NOT_DECRYPTED:
            raise UnreadableFile(
                "needs a password: save a copy without one and put that in its place"
            )
        count = len(reader.pages)
    except UnreadableFile:
        raise
    except Exception as error:  # a damaged file can fail anywhere inside the parser
        raise UnreadableFile(
            f"broken PDF ({_reason(error)}): fetch it again, or open it in a PDF viewer and "
            "save a new copy"
        ) from error
    if count == 0:
        raise UnreadableFile("a PDF without pages: fetch it again or export it again")
    if count > limits.max_pages:
        raise UnreadableFile(
            f"{count} pages, over the limit of {limits.max_pages}: split it, or raise "
            "reading.max_pages in retriever.toml"
        )
    return reader


def _reason(error: Exception) -> str:
    text = str(error).strip().rstrip(".").splitlines()
    return text[0] if text and isinstance(error, PyPdfError) else type(error).__name__


def _read_pages(reader: PdfReader) -> tuple[list[tuple[PageText, list[Run]]], list[int]]:
    """Runs of every page, and the numbers of the pages that could not be read."""
    typefaces = Typefaces()
    pages: list[tuple[PageText, list[Run]]] = []
    failed: list[int] = []
    for index in range(len(reader.pages)):
        try:
            page = read_page(reader.pages[index], typefaces)
        except (MemoryError, RecursionError):
            raise
        except Exception:  # one damaged page must not cost the others
            failed.append(index + 1)
            page = PageText([], 595.0, 842.0)
        pages.append((page, upright_runs(page)))
    return pages, failed


def _structure(reader: PdfReader) -> dict[tuple[int, int], Tag]:
    try:
        return read_structure(reader)
    except (PyPdfError, AttributeError, KeyError, TypeError, ValueError):
        return {}  # without usable tags, positions decide


def _blocks(
    pages: Sequence[tuple[PageText, list[Run]]], structure: dict[tuple[int, int], Tag]
) -> list[list[Block]]:
    by_page: dict[int, dict[int, Tag]] = {}
    for (index, mark), tag in structure.items():
        by_page.setdefault(index, {})[mark] = tag
    kept = [(p, [run for run in runs if not run.artifact]) for p, runs in pages]
    return [
        _page_blocks(pages[index][0], runs, by_page.get(index, {}), index + 1)
        for index, runs in enumerate(without_furniture(kept))
    ]


def _page_blocks(layout: PageText, runs: list[Run], tags: dict[int, Tag], page: int) -> list[Block]:
    inked = [run for run in runs if run.text.strip()]
    tagged = sum(len(run.text) for run in inked if run.mark in tags)
    if tagged and tagged >= _TAGGED_SHARE * sum(len(run.text) for run in inked):
        return notes_last(tagged_blocks(runs, tags, page))
    if is_poster(layout, runs, page):
        return poster_blocks(runs, page)
    return notes_last(positioned_blocks(runs, page))


def _printed(pages: Sequence[tuple[PageText, list[Run]]]) -> Printed:
    """What the first and last pages print, with heads and feet."""

    def text(index: int) -> str:
        rows = segments_by_position(pages[index][1], index + 1)
        return "\n".join(" ".join(segment.text for segment in row) for row in rows)

    first = next((i for i, (_, runs) in enumerate(pages) if runs), 0)
    front = "\n".join(text(index) for index in range(first, min(first + 2, len(pages))))
    return Printed(text(first), front, text(len(pages) - 1))


def _outline(reader: PdfReader) -> dict[str, int]:
    """Levels of the headings that the bookmarks name."""
    levels: dict[str, int] = {}
    try:
        _collect_outline(reader.outline, 1, levels)
    except (PyPdfError, AttributeError, KeyError, TypeError, ValueError, RecursionError):
        return {}  # damaged bookmarks: type size decides
    return levels


def _collect_outline(entries: Sequence[Any], level: int, levels: dict[str, int]) -> None:
    for entry in entries:
        if isinstance(entry, list):
            _collect_outline(entry, level + 1, levels)
        else:
            levels.setdefault(outline_key(str(entry.title or "")), min(level, 6))
    levels.pop("", None)


def _information(reader: PdfReader) -> dict[str, str]:
    """The file's own title, author and creation date, as far as they can be read."""
    try:
        found = dict(reader.metadata or {})
    except (PyPdfError, AttributeError, KeyError, TypeError, ValueError):
        return {}
    return {str(key).lstrip("/"): str(value) for key, value in found.items()}


def _notes(failed: list[int], warnings: list[str]) -> Iterator[str]:
    if failed:
        yield f"{listed(failed)} could not be read: damaged, fetch the file again"
    if warnings:
        yield f"the file departs from the PDF standard ({len(warnings)} warnings while reading)"
