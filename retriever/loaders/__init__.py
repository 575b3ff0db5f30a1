"""Loaders: one per format, told apart by what is in the file.

A new format is one file with one function, one line in `LOADERS` and one media type in `detect`.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Protocol

from retriever.config import Reading
from retriever.errors import UnreadableFile
from retriever.loaders import detect
from retriever.loaders.blocks import infer
from retriever.loaders.docx import load_docx
from retriever.loaders.html import load_html
from retriever.loaders.jats import load_jats
from retriever.loaders.pdf import load_pdf
from retriever.loaders.picture import load_picture
from retriever.loaders.text import load_markdown, load_plain
from retriever.schema import Parsed
from retriever.vocabulary import infer_source_type

_HEAD_CHARACTERS = 3000


class Loader(Protocol):
    """Reads one file of one format.

    Raises:
        UnreadableFile: What is wrong and what to do, without the file's name.
    """

    def __call__(self, path: Path, limits: Reading) -> Parsed:
        """Read `path` within `limits`."""


LOADERS: dict[str, Loader] = {
    detect.PDF: load_pdf,
    detect.DOCX: load_docx,
    detect.HTML: load_html,
    detect.JATS: load_jats,
    detect.MARKDOWN: load_markdown,
    detect.PLAIN: load_plain,
    detect.PNG: load_picture,
    detect.JPEG: load_picture,
    detect.TIFF: load_picture,
}


def read(path: Path, limits: Reading) -> tuple[str, Parsed]:
    """Read one file: check its size, find out what it is, load it.

    Returns:
        The media type found and what the loader made of the file.

    Raises:
        UnreadableFile: What is wrong and what to do, without the file's name.
    """
    try:
        _check_size(path.stat().st_size, limits)
        media_type = detect.media_type(path)
        parsed = LOADERS[media_type](path, limits)
    except OSError as error:
        raise UnreadableFile(
            f"cannot be opened ({error.strerror or error}): check that the file is still there "
            "and that you may read it"
        ) from error
    if not parsed.text:
        raise UnreadableFile("holds no text: open it and check that it is the right file")
    return media_type, _with_source_type(parsed)


def _check_size(size: int, limits: Reading) -> None:
    if size == 0:
        raise UnreadableFile("empty (0 bytes): fetch or export the document again")
    if size > limits.max_megabytes * 1_000_000:
        raise UnreadableFile(
            f"{size / 1_000_000:.1f} MB, over the limit of {limits.max_megabytes} MB: split it, "
            "or raise reading.max_megabytes in retriever.toml"
        )


def _with_source_type(parsed: Parsed) -> Parsed:
    metadata = parsed.metadata
    if metadata.source_type != "other":
        return parsed
    source_type = infer_source_type(metadata, parsed.text[:_HEAD_CHARACTERS])
    if source_type == "other":
        return parsed
    return dataclasses.replace(parsed, metadata=infer(metadata, source_type=source_type))
