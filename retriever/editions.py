"""Whether a document is held already in other words' clothes: a copy, or another edition.

Texts are compared by their runs of five words. A sketch of each text (MinHash: for each of 128
orders of all runs, the first run of the text) is kept in `index/editions.npz`, so that one text is
compared with thousands in a moment; what looks alike is then compared run by run.

    Broder, A. Z. (1997). On the resemblance and containment of documents. Proceedings of
    Compression and Complexity of Sequences.
"""

from __future__ import annotations

import difflib
import re
import sqlite3
import time
import uuid
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from retriever import generation
from retriever.generation import FileRecord
from retriever.schema import Metadata, Progress
from retriever.store import Store

Sketch = NDArray[np.uint32]

ALIKE = 1 / 3
"""Of all runs of two texts, the share that both have, from which on they are shown as alike.

Two texts as long as one another reach it when half of each stands in the other. Of 88,410 pairs of
421 guidelines, policies, needs assessments and studies, copies and editions shared 0.88 and more;
the nearest of the others were guidelines written as sisters (0.36 and 0.28), then 0.19 and less.
Runs that more than three documents share are left in: without them these are 0.33 and 0.26, and
nothing else comes or goes.
"""

_RUN = 5  # words: fewer are shared by chance, more are broken by every small correction
_PLACES = 128
_LOOK = 0.2  # three standard errors of the estimate (0.042 at one third) below `ALIKE`
_AT_ONCE = 4096  # runs sketched at once: 4 MB
_FILE = "editions.npz"
_LONG = 3600  # seconds: none is being written for so long
_LINES = 2000  # compared for differences at most
_WORD = re.compile(r"\w+")
_SEED = 20261126
_rng = np.random.default_rng(_SEED)
_FACTORS = _rng.integers(0, 2**63, _PLACES, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
_OFFSETS = _rng.integers(0, 2**63, _PLACES, dtype=np.uint64)
_POWERS = np.cumprod(np.full(_RUN, 0x9E3779B97F4A7C15, dtype=np.uint64))


@dataclass(frozen=True)
class Like:
    """A document that another one may be a copy or an edition of.

    Attributes:
        path: Where it stands below `corpus/`, or is to stand.
        same_number: Whether both carry the same guidance number.
        same_doi: Whether both carry the same DOI.
        of_new: Share, 0 to 1, of the new text's runs that it has too; `of_held` of its own that
            the new one has.
    """

    path: str
    same_number: bool
    same_doi: bool
    of_new: float
    of_held: float


@dataclass(frozen=True)
class Known:
    """What is to be compared with.

    Attributes:
        path: Below `corpus/`.
        sketch: Its text's.
        text: Gives its text when it is needed; empty where it cannot be had.
    """

    path: str
    metadata: Metadata
    sketch: Sketch
    text: Callable[[], str]


class Shelf:
    """Documents to compare a new one with.

    Attributes:
        known: What is on it.
    """

    def __init__(self, known: Sequence[Known]) -> None:
        self.known = list(known)
        self._sketches = np.vstack([one.sketch for one in known]) if known else _none()

    @classmethod
    def of_library(cls, index: Path) -> Self:
        """The documents of the index in force, as far as they are sketched; see `catch_up`."""
        sketches = _read(index)
        return cls(
            [
                Known(
                    file.entry.path,
                    file.entry.metadata,
                    sketches[file.parsed_key],
                    _Text(index, file.parsed_key),
                )
                for file in generation.read_files(index)
                if file.parsed_key in sketches
            ]
        )

    def add(self, known: Known) -> None:
        """Put one more on it."""
        self.known.append(known)
        self._sketches = np.vstack([self._sketches, known.sketch])

    def like(self, metadata: Metadata, sketch: Sketch, text: str) -> list[Like]:
        """What a document is a copy or another edition of, the most alike first."""
        estimates = (self._sketches == sketch).mean(axis=1) if self.known else np.empty(0)
        found = []
        for known, estimate in zip(self.known, estimates, strict=True):
            number = _same(metadata.guidance_id, known.metadata.guidance_id)
            doi = _same(metadata.doi, known.metadata.doi)
            if not (number or doi or estimate >= _LOOK):
                continue
            of_new, of_held, together = in_common(text, known.text())
            if number or doi or together >= ALIKE:
                found.append(Like(known.path, number, doi, of_new, of_held))
        return sorted(found, key=lambda one: (-one.of_new - one.of_held, one.path))


@dataclass(frozen=True)
class _Text:
    """Fetches a document's text from the store."""

    index: Path
    key: str

    def __call__(self) -> str:
        try:
            with Store.open_to_read(self.index / "store.sqlite") as store:
                parsed = store.parsed(self.key).parsed
        except (KeyError, sqlite3.DatabaseError):  # indexed anew meanwhile
            return ""
        return parsed.text if parsed else ""


def catch_up(index: Path, progress: Callable[[Progress], None] = lambda _: None) -> None:
    """Sketch the documents of the index in force that are not yet, and forget those that left."""
    files = [file for file in generation.read_files(index) if file.parsed_key]
    kept = _read(index)
    missing = [file for file in files if file.parsed_key not in kept]
    if not missing and len(kept) == len({file.parsed_key for file in files}):
        return
    for number, file in enumerate(missing):
        progress(Progress("comparing", number, len(missing), file.entry.path))
        kept[file.parsed_key] = sketch(_Text(index, file.parsed_key)())
    _write(index, files, kept)


def forget(index: Path) -> None:
    """Forget the sketches of documents that are in the index in force no more."""
    kept = _read(index)
    files = [file for file in generation.read_files(index) if file.parsed_key in kept]
    if len({file.parsed_key for file in files}) < len(kept):
        _write(index, files, kept)


def sketch(text: str) -> Sketch:
    """A text's sketch, shape `(128,)`: two agree in the share of places that they share of runs."""
    first = np.full(_PLACES, np.iinfo(np.uint32).max, dtype=np.uint32)
    runs = _runs(text)
    for start in range(0, len(runs), _AT_ONCE):
        some = runs[start : start + _AT_ONCE, None]
        order = ((some * _FACTORS + _OFFSETS) >> np.uint64(32)).astype(np.uint32)
        first = np.minimum(first, order.min(axis=0))
    return first


def in_common(new: str, held: str) -> tuple[float, float, float]:
    """Shares, 0 to 1, of runs in common: of the new text's, of the held one's, and of all."""
    ours, theirs = _runs(new), _runs(held)
    if not len(ours) or not len(theirs):
        return 0.0, 0.0, 0.0
    both = len(np.intersect1d(ours, theirs, assume_unique=True))
    return both / len(ours), both / len(theirs), both / (len(ours) + len(theirs) - both)


def differences(held: str, new: str, most: int) -> list[tuple[str, str]]:
    """The first places where two texts differ: lines of the held one, and of the new one."""
    one, other = (text.split("\n")[:_LINES] for text in (held, new))
    matcher = difflib.SequenceMatcher(None, one, other, autojunk=False)
    changed = (code for code in matcher.get_opcodes() if code[0] != "equal")
    pairs = ((_joined(one[a:b]), _joined(other[c:d])) for _, a, b, c, d in changed)
    return [pair for pair in pairs if any(pair)][:most]


def _joined(lines: Sequence[str]) -> str:
    return "\n".join(lines).strip()


def _runs(text: str) -> NDArray[np.uint64]:
    """The different runs of a text, each as a number, ascending."""
    words = _WORD.findall(text.casefold())
    if not words:
        return np.empty(0, dtype=np.uint64)
    known = {word: zlib.crc32(word.encode("utf-8", "surrogatepass")) for word in set(words)}
    numbers = np.array([known[word] for word in words], dtype=np.uint64)
    length = max(len(numbers) - _RUN + 1, 1)
    numbers = np.pad(numbers, (0, max(0, _RUN - len(numbers))))
    runs = np.zeros(length, dtype=np.uint64)
    for place, power in enumerate(_POWERS):
        runs += numbers[place : place + length] * power
    return np.unique(runs)


def _same(one: str, other: str) -> bool:
    """Whether two numbers are the same but for case, spaces and signs between."""
    ours, theirs = ("".join(filter(str.isalnum, text.casefold())) for text in (one, other))
    return bool(ours) and ours == theirs


def _none() -> Sketch:
    return np.empty((0, _PLACES), dtype=np.uint32)


def _read(index: Path) -> dict[str, Sketch]:
    """Key of a text in the store -> its sketch; empty where none was made, or it is damaged."""
    try:
        with np.load(index / _FILE, allow_pickle=False) as kept:
            if kept["made_by"].tolist() != _made_by():
                return {}
            return dict(zip(kept["keys"].tolist(), kept["sketches"], strict=True))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return {}


def _write(index: Path, files: Iterable[FileRecord], sketches: dict[str, Sketch]) -> None:
    keys = sorted({file.parsed_key for file in files})
    rows = np.vstack([sketches[key] for key in keys]) if keys else _none()
    for torn in index.glob(".*.npz"):  # a crash came while it was written
        if time.time() - torn.stat().st_mtime > _LONG:
            torn.unlink(missing_ok=True)
    new = index / f".{uuid.uuid4().hex}.npz"
    np.savez(new, keys=np.array(keys), sketches=rows, made_by=np.array(_made_by()))
    new.replace(index / _FILE)


def _made_by() -> list[int]:
    return [_RUN, _PLACES, _SEED]
