"""Scans made on the spot: text drawn into a picture, which leans a little and is specked."""

from __future__ import annotations

import io
import os
import random
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont
from pypdf import PdfReader, PdfWriter
from reportlab.pdfgen.canvas import Canvas

from retriever.loaders.recognition import is_installed

_FONTS = (
    "/usr/share/fonts/truetype/liberation/LiberationSerif-Regular.ttf",
    "/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf",
)
_SIZE, _STEP = 34, 48  # pixels, at 150 to the inch


def required() -> None:
    """Skip where the extra or the fonts are not installed; continuous integration has both."""
    if is_installed() and any(Path(font).exists() for font in _FONTS):
        return
    if os.environ.get("CI"):
        pytest.fail("the extra `ocr` and the packages fonts-liberation or fonts-dejavu are needed")
    pytest.skip("needs the extra `ocr`, and fonts-liberation or fonts-dejavu")


def page(*lines: str, lean: float = 0.7, size: tuple[int, int] = (1240, 1754)) -> Image.Image:
    """A scanned page with these lines; a blank one has specks only."""
    image = Image.new("L", size, 250)
    pen, chance = ImageDraw.Draw(image), random.Random(1)
    font = ImageFont.truetype(next(f for f in _FONTS if Path(f).exists()), _SIZE)
    for number, line in enumerate(lines):
        pen.text((140, 120 + number * _STEP), line, fill=25, font=font)
    for _ in range(300):
        image.putpixel((chance.randrange(size[0]), chance.randrange(size[1])), 120)
    return image.rotate(lean, fillcolor=250, resample=Image.Resampling.BICUBIC)


def pdf(*pages: Image.Image | list[str]) -> bytes:
    """A PDF of scanned pages and, given as lines, pages with text of their own."""
    writer = PdfWriter()
    for one in pages:
        stream = io.BytesIO()
        if isinstance(one, list):
            canvas = Canvas(stream)
            for number, line in enumerate(one):
                canvas.drawString(72, 740 - 16 * number, line)
            canvas.save()
        else:
            one.save(stream, "PDF", resolution=150)
        writer.append(PdfReader(stream))
    whole = io.BytesIO()
    writer.write(whole)
    return whole.getvalue()
