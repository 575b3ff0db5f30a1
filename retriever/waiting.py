"""Records of files that wait for a librarian's yes, and how they are written down."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from retriever.editions import Like
from retriever.errors import DeskError
from retriever.schema import Metadata, Parsed, to_dict
from retriever.unpacking import Refused

Outcome = Literal["unread", "ready", "like", "same", "failed", "added", "left-out"]
Decision = Literal["same", "new-edition", "different"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
UNDECIDED: tuple[Outcome, ...] = ("unread", "ready", "like")

_ODD = 0.005  # share of characters from which on a text is suspected: clean ones have none
_THIN = 200  # characters a page: a page of print has 1,500 to 3,500, a slide 300


@dataclass(frozen=True)
class Taking:
    """What a librarian decided for a file; written down before it is done."""

    who: str
    why: str
    name: str
    values: dict[str, Any]
    replaces: str = ""


@dataclass(frozen=True)
class Waiting:
    """A file that waits, or did.

    Attributes:
        number: From 1, within its batch.
        name: Its path below `corpus/` if it is added.
        original: Its name as it was given.
        outcome: `unread`; `ready` to be added; `like` another document, which has to be decided;
            the `same` as one; `failed`: it could not be read; `added`; `left-out`.
        reason: Of a failed one what is wrong and what to do; of one left out, why.
        same_as: Path of the document with the same bytes.
        likes: What it may be a copy or another edition of.
        stated: What its sidecar, a table or the source it was fetched from states, by `Metadata`
            field.
        metadata: What is proposed: `stated`, and what was read off the file (`inferred`).
        faults: What makes one doubt that it was read well.
        sketch: Of its text, see `editions`; base64.
        record: Where it was fetched from, see `connectors.records`; empty if it was not.
        taking: A decision that is being carried out.
    """

    number: int
    name: str
    original: str
    sha256: str
    outcome: Outcome = "unread"
    reason: str = ""
    same_as: str = ""
    likes: tuple[Like, ...] = ()
    stated: dict[str, Any] = field(default_factory=dict)
    metadata: Metadata = field(default_factory=Metadata)
    pages: int | None = None
    faults: tuple[str, ...] = ()
    sketch: str = ""
    record: dict[str, Any] = field(default_factory=dict)
    taking: Taking | None = None


@dataclass(frozen=True)
class Batch:
    """Files that came together.

    Attributes:
        id: The name of its folder.
        refused: What was not taken in.
    """

    id: str
    at: str
    who: str
    files: tuple[Waiting, ...]
    refused: tuple[Refused, ...] = ()

    def file(self, number: int) -> Waiting:
        """One of its files.

        Raises:
            DeskError: It has none of that number.
        """
        if 1 <= number <= len(self.files):
            return self.files[number - 1]
        raise DeskError(f"The batch {self.id} has no file {number}. Look at the page again.")

    def having(self, *outcomes: Outcome) -> list[Waiting]:
        """Its files with one of some outcomes, in order."""
        return [file for file in self.files if file.outcome in outcomes]


@dataclass(frozen=True)
class Preview:
    """What was read off a file.

    Attributes:
        first_page: Text of the first page, or of the beginning where there are no pages.
        headings: Level and words of the first headings.
        words: How many there are in all.
    """

    media_type: str
    first_page: str
    headings: tuple[tuple[int, str], ...]
    words: int


@dataclass(frozen=True)
class SideBySide:
    """A waiting file beside a document that it is like.

    Attributes:
        held: The document's metadata.
        waits: Whether that one is no document of the library yet.
        differences: The first places where they differ: the held one's words, the new one's.
    """

    like: Like
    held: Metadata
    waits: bool
    differences: tuple[tuple[str, str], ...]


def confirmed(
    proposed: Metadata, shown: Mapping[str, Any], checked: Collection[str]
) -> dict[str, Any]:
    """What a librarian states of a file, by what they were shown and what they left standing.

    A value that was only inferred, and was left as it was, is stated if they say they checked it.

    Args:
        proposed: What was proposed.
        shown: Field of `Metadata` -> value as they left it; empty: nothing.
        checked: Names of inferred fields that they say they checked.

    Returns:
        The values for the sidecar; None takes a statement out.
    """
    stated: dict[str, Any] = {}
    for name, value in shown.items():
        left = value == getattr(proposed, name)
        if not left or (name in checked and name in proposed.inferred):
            stated[name] = value or None
    return stated


def faults(parsed: Parsed) -> tuple[str, ...]:
    """What makes one doubt that a file was read well, in words; its loader's notes first."""
    found = list(parsed.notes)
    letters = [letter for letter in parsed.text if not letter.isspace()]
    odd = sum(_is_odd(letter) for letter in letters)
    if odd > len(letters) * _ODD:
        found.append(
            f"{100 * odd / len(letters):.1f}% of its characters belong to no script, as when a "
            "font cannot be read: compare the first page with the original; if it is garbled, "
            "save it again as PDF or DOCX"
        )
    pages = len(parsed.pages)
    if pages and len(letters) < pages * _THIN:
        found.append(
            f"very little text for {pages} page{'s' if pages > 1 else ''} "
            f"({len(letters) // pages} characters each): if they are pictures, run text "
            "recognition (OCR) and add the result"
        )
    return tuple(found)


def _is_odd(letter: str) -> bool:
    return letter == "\ufffd" or unicodedata.category(letter) in ("Co", "Cn", "Cc", "Cs")


def to_json(batch: Batch) -> str:
    """A batch as it is written down."""
    return json.dumps(to_dict(batch))


def batch_from(data: dict[str, Any]) -> Batch:
    """A batch as it was written down."""
    return Batch(
        data["id"],
        data["at"],
        data["who"],
        tuple(_waiting_from(file) for file in data["files"]),
        tuple(Refused(**one) for one in data["refused"]),
    )


def _waiting_from(data: dict[str, Any]) -> Waiting:
    return Waiting(
        **{
            **data,
            "likes": tuple(Like(**like) for like in data["likes"]),
            "metadata": Metadata.from_dict(data["metadata"]),
            "faults": tuple(data["faults"]),
            "taking": Taking(**data["taking"]) if data["taking"] else None,
        }
    )


def outcome_counts(batch: Batch) -> dict[Outcome, int]:
    """How many files there are of each outcome, in the order of `OUTCOMES`; those with some."""
    counts = Counter(file.outcome for file in batch.files)
    return {outcome: counts[outcome] for outcome in OUTCOMES if counts[outcome]}
