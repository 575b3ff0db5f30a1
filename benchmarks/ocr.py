"""How well text recognition reads: pages of real PDFs are made into bad scans and read again.

    python -m benchmarks.ocr FOLDER [--pages 30] [--doubtful]

Each page is drawn at 150 or 200 dots per inch, turned by up to a degree, blurred, made uneven and
saved as a JPEG of poor quality; `--doubtful` makes it worse, as by a fax. What our own loader
reads off the page itself is held to be the truth. Pages of one document each; documents that are
held back are left out. Nothing is kept.
"""

from __future__ import annotations

import argparse
import io
import random
import re
import statistics
import tempfile
import time
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
from PIL import Image, ImageFilter
from pypdf import PdfReader, PdfWriter

from benchmarks.libraries import held_back
from retriever.config import Reading
from retriever.errors import UnreadableFile
from retriever.loaders.pdf import load_pdf
from retriever.schema import Parsed

_FEWEST = 800  # characters of a page worth reading
_NO_OCR = Reading(ocr="off")


@dataclass(frozen=True)
class Measured:
    """One page: shares of the truth's characters and words, in order; words missing anywhere."""

    name: str
    characters: float
    words: float
    missing: float
    certainty: float
    seconds: float


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("folder", type=Path)
    options.add_argument("--pages", type=int, default=30)
    options.add_argument("--doubtful", action="store_true")
    asked = options.parse_args()
    measured = []
    with tempfile.TemporaryDirectory() as folder:
        for name, page in pages(asked.folder, asked.pages, Path(folder)):
            measured.append(measure(name, page, asked.doubtful))
            print(line(measured[-1]), flush=True)
    if not measured:
        raise SystemExit(f"{asked.folder} holds no PDF with a page of text.")
    for what, middle in (("mean", statistics.mean), ("median", statistics.median)):
        columns = zip(*(row(one) for one in measured), strict=True)
        print(line(Measured(what, *(middle(column) for column in columns))))


def row(one: Measured) -> tuple[float, ...]:
    return one.characters, one.words, one.missing, one.certainty, one.seconds


def line(one: Measured) -> str:
    return (
        f"{one.name[:40]:<40} characters wrong {one.characters:6.1%}  words wrong {one.words:6.1%}"
        f"  words missing {one.missing:6.1%}  certainty {one.certainty:.3f}"
        f"  {one.seconds:5.1f} s"
    )


def pages(folder: Path, wanted: int, work: Path) -> Iterator[tuple[str, Path]]:
    """One page each of some documents, as a file of its own, in an order that stays the same."""
    chance = random.Random(1)
    found = [path for path in sorted(folder.rglob("*.pdf")) if not held_back(path.stem)]
    chance.shuffle(found)
    given = 0
    for path in found:
        if given == wanted:
            return
        try:
            spans = load_pdf(path, _NO_OCR).pages
        except UnreadableFile:
            continue
        full = [page.number for page in spans if page.end - page.start >= _FEWEST]
        if full:
            number = chance.choice(full)
            given += 1
            yield f"{path.stem[:34]} {number}", single(path, number, work / f"{given}.pdf")


def single(path: Path, number: int, target: Path) -> Path:
    writer = PdfWriter()
    writer.add_page(PdfReader(path).pages[number - 1])
    writer.write(target)
    return target


def measure(name: str, path: Path, doubtful: bool) -> Measured:
    truth = load_pdf(path, _NO_OCR)
    scan = path.with_suffix(".scan.pdf")
    scan.write_bytes(scanned(path, random.Random(name), doubtful))
    begun = time.perf_counter()
    try:
        read = load_pdf(scan, Reading())
    except UnreadableFile:
        read = Parsed("")
    seconds = time.perf_counter() - begun
    wanted, got = plain(truth.text), plain(read.text)
    words, others = wanted.split(), got.split()
    missing = Counter(words) - Counter(others)
    return Measured(
        name,
        edits(wanted, got) / len(wanted),
        edits(words, others) / len(words),
        missing.total() / len(words),
        (read.pages[0].certainty or 0.0) if read.pages else 0.0,
        seconds,
    )


def scanned(path: Path, chance: random.Random, doubtful: bool) -> bytes:
    """A one-page PDF that is nothing but a bad picture of another's page."""
    dots = 100 if doubtful else chance.choice((150, 200))
    with pdfium.PdfDocument(path) as document:
        image = document[0].render(scale=dots / 72).to_pil().convert("L")
    size = image.width / dots * 72, image.height / dots * 72
    image = image.rotate(chance.uniform(-1, 1), resample=Image.Resampling.BICUBIC, fillcolor=255)
    image = image.filter(ImageFilter.GaussianBlur(1.0 if doubtful else 0.6))
    noise = np.random.default_rng(chance.randrange(1 << 30))
    grey = np.asarray(image) * 0.9 + 12 + noise.normal(0, 25 if doubtful else 10, image.size[::-1])
    stream = io.BytesIO()
    Image.fromarray(grey.clip(0, 255).astype(np.uint8)).save(
        stream, "PDF", resolution=image.width / size[0] * 72, quality=30 if doubtful else 50
    )
    return stream.getvalue()


def plain(text: str) -> str:
    """Text by its words and signs: which quotation marks, dashes and bullets there are is left."""
    text = unicodedata.normalize("NFKC", text)
    for signs, sign in (("’‘", "'"), ("“”", '"'), ("–—", "-"), ("•|", " ")):
        text = re.sub(f"[{signs}]", sign, text)
    text = re.sub(r"^\s*[-o·]\s+", " ", text, flags=re.MULTILINE)
    return " ".join(text.split())


def edits(one: Sequence[str], other: Sequence[str]) -> int:
    """The fewest things to put in, take out or change that make `one` of a stretch of `other`.

    What stands before and after that stretch is free: on the scan of a single page the running
    head and foot are not told from its text, while a tagged file marks them.
    """
    known: dict[str, int] = {}
    a, b = (np.array([known.setdefault(e, len(known)) for e in side]) for side in (one, other))
    places = np.arange(len(b) + 1)
    costs = np.zeros(len(b) + 1, dtype=int)
    for number, each in enumerate(a, 1):
        changed = np.minimum(costs[:-1] + (b != each), costs[1:] + 1)
        best = np.concatenate(([number], changed))
        costs = np.minimum.accumulate(best - places) + places
    return int(costs.min())


if __name__ == "__main__":
    main()
