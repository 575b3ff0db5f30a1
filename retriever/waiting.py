"""Records of files that wait for a librarian's yes, and how they are written down."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from retriever.editions import Like
from retriever.errors import DeskError
from retriever.legibility import fault
from retriever.schema import Metadata, Parsed, to_dict
from retriever.unpacking import Refused

Outcome = Literal["unread", "ready", "like", "same", "failed", "added", "left-out"]
Decision = Literal["same", "new-edition", "different"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
UNDECIDED: tuple[Outcome, ...] = ("unread", "ready", "like")

_PART = 2_000  # characters of a text without pages that are looked at together
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
    parts = _parts(parsed)
    garbled = [(place, why) for place, part in parts if (why := fault(part))]
    if garbled:
        place, why = garbled[0]
        found.append(
            f"{len(garbled)} of its {len(parts)} {'pages' if parsed.pages else 'parts'} cannot be "
            f"read, the first of them {place} ({why}): compare with the original; if it is "
            "garbled, save it again as PDF or DOCX"
        )
    pages, letters = len(parsed.pages), len("".join(parsed.text.split()))
    if pages and letters < pages * _THIN:
        found.append(
            f"very little text for {pages} page{'s' if pages > 1 else ''} "
            f"({letters // pages} characters each): if they are pictures, run text "
            "recognition (OCR) and add the result"
        )
    return tuple(found)


def _parts(parsed: Parsed) -> list[tuple[str, str]]:
    """The text page by page, or in parts as long as one where there are none; each with where."""
    text = parsed.text
    if parsed.pages:
        return [(f"page {page.number}", text[page.start : page.end]) for page in parsed.pages]
    starts = range(0, len(text), _PART)
    return [(f"part {n}", text[at : at + _PART]) for n, at in enumerate(starts, start=1)]


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
