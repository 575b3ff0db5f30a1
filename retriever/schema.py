"""The records that travel through the retriever. Read this file first; it imports nothing of ours.

All records are frozen dataclasses. Offsets (`start`, `end`) count characters of `Document.text`,
half open, so `document.text[start:end]` is the text meant. Page numbers count from 1.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Self

Mode = Literal["evidence", "hybrid", "lexical", "vector"]
Outcome = Literal["answered", "indirect-only", "not-held"]
Match = Literal["direct", "studied", "related", "general"]
FileState = Literal["added", "updated", "unchanged", "removed", "failed"]

MATCHES: tuple[Match, ...] = ("direct", "studied", "related", "general")
"""From what reports for the very group to what names no such group."""

MODES: tuple[Mode, ...] = ("evidence", "hybrid", "lexical", "vector")

SOURCE_TYPES: tuple[str, ...] = (
    "nice-guidance",
    "policy-paper",
    "evaluation-report",
    "systematic-review",
    "randomised-trial",
    "observational-study",
    "qualitative-study",
    "needs-assessment",
    "other",
)


def to_dict(record: Any) -> dict[str, Any]:
    """Turn a record into plain dicts and lists (JSON-ready, tuples as lists)."""
    plain = _plain(record)
    assert isinstance(plain, dict)  # noqa: S101  a dataclass always gives a dict
    return plain


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


@dataclass(frozen=True)
class Page:
    """One page of a document: its number (from 1) and the span of text that stands on it.

    Attributes:
        certainty: How certain text recognition was of the page, 0 to 1; None for a page whose
            text the file holds itself.
    """

    number: int
    start: int
    end: int
    certainty: float | None = None


def pages_of(pages: Sequence[Page], start: int, end: int) -> tuple[int, int] | None:
    """First and last number of the pages that hold text of a span, or None without pages."""
    numbers = [page.number for page in pages if page.start < end and start < page.end]
    return (numbers[0], numbers[-1]) if numbers else None


def is_scanned(pages: Sequence[Page], start: int, end: int) -> bool:
    """Whether some of a span was read by text recognition."""
    return any(
        page.certainty is not None and page.start < end and start < page.end for page in pages
    )


@dataclass(frozen=True)
class ScannedLine:
    """A line that text recognition read, and where it stands on its page as that is seen.

    Attributes:
        x0: Middle of its beginning, as a share of the page's width; `x1` of its end.
        y0: The same from the top, as a share of the page's height; likewise `y1` and `height`.
    """

    page: int
    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    height: float


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it, up to the next heading of the same or a higher level.

    Attributes:
        heading: The heading's text, as in the document's text.
        level: 1 for the top level, 2 below it, and so on.
        start: Where the heading itself begins in the document's text.
        body: Where the text under the heading begins.
        end: Where the section ends (subsections included).
    """

    heading: str
    level: int
    start: int
    body: int
    end: int


@dataclass(frozen=True)
class Metadata:
    """What is known about a document. Empty strings and tuples mean "not stated".

    Attributes:
        source_type: One of `SOURCE_TYPES`.
        status: `current`, `updated: YEAR`, `superseded-by: X`, `withdrawn` or `unknown`.
        digest: Where the document is a digest of the source that its other fields name: whose
            words it is in. A quotation from it is the digest's, not the source's.
        inferred: Names of the fields that were worked out from the file rather than set by its
            sidecar, in field order. Shown to people as "inferred".
    """

    title: str = ""
    authors: tuple[str, ...] = ()
    publisher: str = ""
    year: int | None = None
    url: str = ""
    doi: str = ""
    guidance_id: str = ""
    licence: str = ""
    source_type: str = "other"
    status: str = "unknown"
    country: str = ""
    language: str = ""
    settings: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    deprivation: tuple[str, ...] = ()
    ethnic_groups: tuple[str, ...] = ()
    other_groups: tuple[str, ...] = ()
    interventions: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    digest: str = ""
    inferred: tuple[str, ...] = ()

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Rebuild from `to_dict`'s output."""
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in data.items()
        }
        return cls(**values)


@dataclass(frozen=True)
class Parsed:
    """What a loader makes of one file, before sidecar and identity are added.

    Attributes:
        text: Clean text. A paragraph, heading, list item or table row is one line (no line break
            inside it). Blocks (paragraphs, headings, whole lists, whole tables) are parted by a
            blank line; items of one list and rows of one table by a single line break. List items
            begin with "- " or with their own number; table cells are joined with " | ".
        pages: The pages in order, or empty when the format has none. They cover the text without
            gaps; a paragraph that runs over a page's end belongs to the page where each part is.
        sections: In order of start; nested by level. Text before the first heading is in none.
        metadata: What the file itself states or what can be inferred from it.
        notes: Things a librarian should know ("3 pages hold no text"), in plain words.
        scanned: The lines of pages that were read by text recognition, page by page.
    """

    text: str
    pages: tuple[Page, ...] = ()
    sections: tuple[Section, ...] = ()
    metadata: Metadata = field(default_factory=Metadata)
    notes: tuple[str, ...] = ()
    scanned: tuple[ScannedLine, ...] = ()

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Rebuild from `to_dict`'s output."""
        return cls(**{**data, **_parsed_parts(data)})


def _parsed_parts(data: dict[str, Any]) -> dict[str, Any]:
    return {
        "pages": tuple(Page(**page) for page in data["pages"]),
        "sections": tuple(Section(**section) for section in data["sections"]),
        "metadata": Metadata.from_dict(data["metadata"]),
        "notes": tuple(data["notes"]),
        "scanned": tuple(ScannedLine(**line) for line in data.get("scanned", ())),
    }


@dataclass(frozen=True)
class Document:
    """One readable file of the library.

    Attributes:
        id: Stable name, from the file's name (or its sidecar's `id`).
        path: Where the file is, relative to `corpus/`, with forward slashes.
        media_type: What the file was found to be, for example `application/pdf`.
        sha256: Of the file's bytes, in hexadecimal.
        text: See `Parsed.text`; likewise `pages`, `sections`, `metadata`, `notes`, `scanned`.
    """

    id: str
    path: str
    media_type: str
    sha256: str
    text: str
    pages: tuple[Page, ...] = ()
    sections: tuple[Section, ...] = ()
    metadata: Metadata = field(default_factory=Metadata)
    notes: tuple[str, ...] = ()
    scanned: tuple[ScannedLine, ...] = ()

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Rebuild from `to_dict`'s output."""
        return cls(**{**data, **_parsed_parts(data)})

    def pages_of(self, start: int, end: int) -> tuple[int, int] | None:
        """First and last page number that hold text of the span, or None without pages."""
        return pages_of(self.pages, start, end)


@dataclass(frozen=True)
class Passage:
    """A run of whole sentences out of one section: `document.text[start:end] == text`.

    Attributes:
        id: The document's id, a colon and a running number.
        section: The headings above the passage, outermost first.
        pages: First and last page, or None without pages.
        scanned: Whether some of it was read by text recognition.
    """

    id: str
    document_id: str
    start: int
    end: int
    text: str
    section: tuple[str, ...] = ()
    pages: tuple[int, int] | None = None
    scanned: bool = False

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Rebuild from `to_dict`'s output."""
        pages = data["pages"]
        return cls(
            **{
                **data,
                "section": tuple(data["section"]),
                "pages": (pages[0], pages[1]) if pages else None,
            }
        )


@dataclass(frozen=True)
class Filters:
    """Restrictions on what is searched. Empty or None means no restriction.

    Documents without a stated year are left out when a year bound is set.

    Attributes:
        collections: Names of collections: what is in one of them is searched.
    """

    source_types: tuple[str, ...] = ()
    publishers: tuple[str, ...] = ()
    year_from: int | None = None
    year_to: int | None = None
    document_ids: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change:
    """What a person took out of a question and added, each as `group:bangladeshi`."""

    without: tuple[str, ...] = ()
    added: tuple[str, ...] = ()


@dataclass(frozen=True)
class Query:
    """A question as understood, as far as the vocabularies know its words.

    Attributes:
        text: What is searched for: the question, without what a person took out and with what
            was added.
        populations: Labels of the groups asked about, by axes that quotations are labelled by.
        deprivation: Whether one of them is by deprivation; None before the question was read.
        topics: Labels of what it is about: topics, else interventions, else outcomes.
        intents: What it wants to know: `effectiveness`, `cost`, ...
    """

    text: str
    populations: tuple[str, ...] = ()
    deprivation: bool | None = None
    topics: tuple[str, ...] = ()
    intents: tuple[str, ...] = ()


@dataclass(frozen=True)
class Hit:
    """One passage found, with how each arm of the search saw it.

    Attributes:
        rank: From 1.
        score: What the list is sorted by; comparable within one answer only.
        lexical_rank: From 1, or None where BM25 did not find it; likewise `vector_rank`.
        lexical_score: BM25 score; 0.0 where no word matched.
        vector_score: Cosine similarity to the question, -1 to 1; None in lexical mode.
        shares: In evidence mode, what each of the ranker's features adds to the passage's place
            (below 0: takes from it), by the feature's name; empty for passages not weighed.
    """

    rank: int
    passage: Passage
    title: str
    score: float
    lexical_rank: int | None = None
    vector_rank: int | None = None
    lexical_score: float = 0.0
    vector_score: float | None = None
    shares: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Basis:
    """Whom a quotation is about, by one group that was asked about, and by which words.

    Attributes:
        axis: `ethnicity`, `deprivation`, ...
        match: `direct`: it reports for the group asked about, or a narrower one; `studied`: the
            group took part, or has a result elsewhere in the document; `related`: it reports for a
            broader or neighbouring group; `general`: no such group is named, or it is named
            by the way (then `group` is not empty).
        asked: The group asked about, as people are shown it.
        group: The group that is named; empty where none is.
        words: The words that name it.
        place: Where they stand: `quotation`, `heading`, `title`, or `document` for elsewhere in it.
    """

    axis: str
    match: Match
    asked: str
    group: str = ""
    words: str = ""
    place: str = ""


@dataclass(frozen=True)
class Finding:
    """A quotation that answers: `document.text[start:end] == quote`.

    Attributes:
        match: Axis asked about -> the closest `Basis.match`; empty where no group was asked about.
        kind: The kind of finding (effectiveness, cost, ...), see `readings.KIND_CLASSES`; None
            where the quoted words do not clearly tell.
        populations: Labels of the groups that it reports something for, asked about or not.
        status: The source's status, see `Metadata.status`.
        section: The headings above the quotation, outermost first.
        digest: See `Metadata.digest`; empty for an original.
        basis: What `match` rests on, in the order of the question.
        direction: What the quoted words report of an outcome, with what was done against what it
            was compared with: `increase`, `decrease`, `no clear difference` or `mixed`; None: not
            stated. It does not say whether that is good.
        warnings: What speaks against relying on it, the most serious first.
        successor: Id of the document of this library that replaces its own; empty without one.
        gap_effect: What it says became of a gap between groups: `narrows`, `widens` or
            `no difference`; None where it does not say.
        terms: Words of its time explained: what became of an organisation, an abbreviation.
        scanned: Whether some of it was read by text recognition; `warnings` say so too.
    """

    quote: str
    document_id: str
    title: str
    publisher: str
    year: int | None
    source_type: str
    pages: tuple[int, int] | None
    start: int
    end: int
    match: dict[str, Match]
    kind: str | None
    populations: tuple[str, ...]
    status: str
    url: str
    passage_id: str
    section: tuple[str, ...] = ()
    digest: str = ""
    basis: tuple[Basis, ...] = ()
    direction: str | None = None
    warnings: tuple[str, ...] = ()
    successor: str = ""
    terms: tuple[str, ...] = ()
    gap_effect: str | None = None
    scanned: bool = False


@dataclass(frozen=True)
class Record:
    """What gave an answer: the index's fingerprint, our version, the time (UTC, ISO 8601).

    Attributes:
        collections: What was searched; empty for the whole library.
    """

    index: str
    version: str
    asked_at: str
    collections: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """Findings, most useful first, or in plain words that the library holds none.

    Attributes:
        outcome: `answered`; `indirect-only`: the findings are the nearest there is, and `gaps` say
            what of the question they do not speak of; `not-held`: there is nothing near.
        documents_searched: How many documents the filters let through; likewise passages.
        message: One plain sentence on the outcome.
        nearness: How near the library comes to the question, see `coverage.nearness`.
        covered: The chance, 0 to 1, that it answers all that was asked; 0 where it is not near.
    """

    question: str
    understood: Query
    outcome: Outcome
    findings: tuple[Finding, ...]
    gaps: tuple[str, ...]
    warnings: tuple[str, ...]
    record: Record
    documents_searched: int = 0
    passages_searched: int = 0
    message: str = ""
    nearness: float = 0.0
    covered: float = 0.0


@dataclass(frozen=True)
class FileOutcome:
    """What indexing made of one file of `corpus/`.

    Attributes:
        path: Relative to `corpus/`.
        document_id: Empty for a file that could not be read.
        reason: For a failed file what is wrong and what to do; else notes, or empty.
        pages: None where the format has no pages.
    """

    path: str
    document_id: str
    outcome: FileState
    reason: str = ""
    pages: int | None = None
    passages: int = 0


@dataclass(frozen=True)
class IndexReport:
    """The outcome of an indexing run; `index` is the fingerprint of the index in force after it."""

    documents: tuple[FileOutcome, ...]
    index: str
    passages: int = 0
    embedded: int = 0
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class LibraryEntry:
    """One row of the library's table: a file, what became of it, and its metadata."""

    path: str
    document_id: str
    outcome: Literal["indexed", "failed"]
    reason: str
    media_type: str
    metadata: Metadata
    pages: int | None
    passages: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Progress:
    """How far indexing (`done` counts files, then passages), evaluating or a backup has come."""

    stage: Literal["comparing", "reading", "embedding", "writing", "asking", "looking", "fetching"]
    done: int
    total: int
    item: str = ""


@dataclass(frozen=True)
class Concern:
    """A document that a check is about, by its path below `corpus/`, and what is wrong with it."""

    path: str
    what: str = ""


@dataclass(frozen=True)
class Check:
    """One thing `retriever check` looked at, and what mends it.

    Attributes:
        severity: `ok`; `note`: could be better; `warning`: may mislead, or is not found; `error`:
            questions cannot be answered.
        concerns: The documents concerned, in order of their paths.
    """

    name: str
    severity: Literal["ok", "note", "warning", "error"]
    message: str
    remedy: str = ""
    concerns: tuple[Concern, ...] = ()
