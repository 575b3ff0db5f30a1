"""What in a library wants a librarian's attention, each with what mends it (`schema.Check`).

Where the addresses of documents lead is told as it was when somebody last looked (`links`):
nothing here asks the web.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Literal

from retriever import cautions
from retriever.amendments import OF_RECORDS
from retriever.corpus import Known, SourceFile, read_source, scan, with_sidecar
from retriever.desk import CORPUS, Desk, Removed, rows
from retriever.errors import DeskError, JudgementError
from retriever.generation import FileRecord
from retriever.journal import Event, Journal
from retriever.judgements import read_questions
from retriever.labels import LABELS
from retriever.legibility import fault
from retriever.links import Look
from retriever.loaders.pdf_scans import listed
from retriever.loaders.recognition import DOUBTED
from retriever.schema import Check, Concern, Passage

QUESTIONS = Path("corpus", "evaluation", "questions.jsonl")
FIRST = 10
"""A document is found by a question if one of its passages is among so many."""

_WANTED = ("title", "publisher", "year", "source_type")
_NAMED = 5  # documents that a message names
_EDIT = "retriever edit DOCUMENT FIELD=VALUE"


# --- the files of corpus/ and their rows in the index ------------------------------------------


def of_files(root: Path, read: Mapping[str, Known]) -> list[Check]:
    """Whether the index has caught up with the files, and which of them could not be read.

    Args:
        root: The library's folder.
        read: What is known of files without reading them again, by path.
    """
    corpus, known = root / CORPUS, rows(root)
    sources = {source.path: source for source in scan(corpus, read)}
    if not sources:
        mending = f"Put documents into {corpus}, then: retriever index"
        return [Check("documents", "warning", f"{corpus} holds no documents.", mending)]
    told = _told(root)
    behind = [
        Concern(path, reason)
        for path, source in sources.items()
        if (reason := needs_indexing(source, known.get(path), path in told))
    ]
    checks = _found(
        "freshness", "warning", "Not in the index as they are now", "retriever index", behind
    ) or [Check("freshness", "ok", "The index is up to date with the documents.")]
    checks += _found(
        "removed",
        "note",
        "Gone from corpus/ and left out of every answer, but their text is still in index/",
        "retriever index",
        [Concern(path) for path in known.keys() - sources.keys()],
    )
    return [*checks, *_failed(known, sources)]


def _failed(known: Mapping[str, FileRecord], sources: Collection[str]) -> list[Check]:
    failed = {
        path: known[path].entry.reason
        for path in sorted(known)
        if path in sources and known[path].entry.outcome == "failed"
    }
    mending = "Mend or replace the file, then: retriever index"
    return [
        Check("file", "warning", f"{path}: {reason}", mending, (Concern(path, reason),))
        for path, reason in failed.items()
    ]


def needs_indexing(source: SourceFile, file: FileRecord | None, told: bool) -> str:
    """Why the index must be built again before readers see a document as it is; else empty.

    Args:
        source: The document as it is.
        file: Its row in the index, if there is one.
        told: Whether its record was changed at the desk, so that readers see that at once.
    """
    if file is None:
        return "not read yet"
    if source.sha256 != file.sha256:
        return "its file is another one by now"
    if source.sidecar_sha256 == file.sidecar_sha256:
        return ""
    if source.known:  # without its sidecar, which was not read for this
        source = with_sidecar(source)
    if file.entry.outcome == "failed":
        return "could not be read, and its record was changed since"
    sidecar = source.sidecar
    if sidecar is None and source.problem:
        return source.problem
    if sidecar and sidecar.id and sidecar.id != file.entry.document_id:
        return "its id was changed"
    metadata = file.entry.metadata
    read_off = "" if metadata.title and "title" not in metadata.inferred else metadata.title
    if (sidecar.values if sidecar else {}).get("title", read_off) != metadata.title:
        return "its title was changed, and passages are searched with it"
    return "" if told else "its record was changed by hand"


def after(root: Path, events: Sequence[Event]) -> str:
    """What is to be done after some changes, in one sentence, and why; empty without any."""
    if not events:
        return ""
    wanting = wanting_index(root, events)
    if not wanting:
        return "Readers see it at once; `retriever index` is not needed."
    return f"Run `retriever index`: {wanting}."


def wanting_index(root: Path, events: Sequence[Event]) -> str:
    """Which of the changed documents the index must be brought up to date for, and why; or ""."""
    known, corpus = rows(root), root / CORPUS
    reasons = {}
    for event in events:
        for path in event.documents:
            row = known.get(path)
            if (corpus / path).is_file():
                reasons[path] = needs_indexing(read_source(corpus / path, corpus), row, told=True)
            elif event.action == "purge" and row is not None:
                reasons[path] = "no answer shows it, but its text is still in index/"
            else:
                reasons[path] = ""
    wanting = [f"{path} ({reason})" for path, reason in reasons.items() if reason]
    return _some(wanting) if wanting else ""


def _told(root: Path) -> frozenset[str]:
    """Paths of the documents whose record was changed at the desk."""
    try:
        events = Journal(root).events()
    except DeskError:  # the History page says so
        return frozenset()
    return frozenset(path for e in events if e.action in OF_RECORDS for path in e.documents)


# --- what is stated of the documents -----------------------------------------------------------


def of_records(files: Mapping[str, FileRecord], year: int) -> list[Check]:
    """What is missing, guessed or no longer true of what is stated of the documents.

    Args:
        files: The documents that are there, by id.
        year: The present one.
    """
    known = {file.entry.path: file.entry.metadata for file in files.values()}
    missing = {
        path: [name for name in _WANTED if getattr(metadata, name) in ("", None, "other")]
        for path, metadata in known.items()
    }
    guessed = {path: [n for n in m.inferred if n in _WANTED] for path, m in known.items()}
    withdrawn = [Concern(path) for path, m in known.items() if m.status == "withdrawn"]
    latest = year - cautions.packaged().old_after_years
    old = [
        Concern(path, f"from {metadata.year}")
        for path, metadata in known.items()
        if metadata.year and metadata.year < latest and metadata.status == "current"
    ]
    return [
        *_found(
            "edition",
            "warning",
            "Replaced by what the library does not hold",
            "Add what replaced it; or name it: retriever supersede OLD NEW",
            _without_successor(files),
        ),
        *_found(
            "twice",
            "warning",
            "Of the same guidance number, and none is marked as replaced",
            "Say which one holds: retriever supersede OLD NEW",
            _held_twice(files),
        ),
        *_found(
            "old",
            "warning",
            f"Older than {year - latest} years and still marked as current",
            f"Look at the source, then: {_EDIT}",
            old,
        ),
        *_found(
            "withdrawn",
            "note",
            "Withdrawn and still shown, with a warning",
            "If nobody needs it any more: retriever remove DOCUMENT",
            withdrawn,
        ),
        *_found(
            "missing",
            "note",
            "Without what readers choose documents by",
            _EDIT,
            [Concern(path, f"no {_fields(names)}") for path, names in missing.items() if names],
        ),
        *_found(
            "inferred",
            "note",
            "Worked out from the file and confirmed by nobody",
            _EDIT,
            [Concern(path, _fields(names)) for path, names in guessed.items() if names],
        ),
    ]


def _without_successor(files: Mapping[str, FileRecord]) -> list[Concern]:
    return [
        Concern(file.entry.path, file.entry.metadata.status)
        for document, file in files.items()
        if cautions.is_replaced(file.entry.metadata)
        and file.entry.metadata.status != "withdrawn"
        and not cautions.successor(document, files)
    ]


def _held_twice(files: Mapping[str, FileRecord]) -> list[Concern]:
    numbers: dict[str, list[FileRecord]] = defaultdict(list)
    for file in files.values():
        number = cautions.plain(file.entry.metadata.guidance_id)
        if number and not cautions.is_replaced(file.entry.metadata):
            numbers[number].append(file)
    return [
        Concern(file.entry.path, file.entry.metadata.guidance_id)
        for held in numbers.values()
        if len(held) > 1
        for file in held
    ]


def _fields(names: Iterable[str]) -> str:
    return ", ".join(str(LABELS["fields"][name]).lower() for name in names)


# --- what was read -----------------------------------------------------------------------------


def unreadable(passages: Iterable[Passage]) -> dict[str, list[str]]:
    """Id of a document -> why each of its passages that nobody can read is one, and where."""
    reasons: dict[str, list[str]] = defaultdict(list)
    for passage in passages:
        if reason := fault(passage.text):
            where = f" (page {passage.pages[0]})" if passage.pages else ""
            reasons[passage.document_id].append(f"{reason}{where}")
    return dict(reasons)


def of_passages(
    reasons: Mapping[str, Sequence[str]], files: Mapping[str, FileRecord]
) -> list[Check]:
    """The documents with passages that nobody can read.

    Args:
        reasons: As `unreadable` tells them.
        files: The documents that are there, by id.
    """
    concerns = [
        Concern(
            files[document].entry.path, f"{_counted(len(found), 'passage')}, the first: {found[0]}"
        )
        for document, found in reasons.items()
        if document in files
    ]
    mending = "Put a better copy in its place: one saved anew as PDF, or read again by OCR"
    return _found("garbled", "warning", "With passages that cannot be read", mending, concerns)


# --- where addresses lead ----------------------------------------------------------------------


def of_links(looks: Mapping[str, Look], files: Mapping[str, FileRecord]) -> list[Check]:
    """The documents whose addresses do not lead to them as they are.

    Args:
        looks: What was found when somebody looked, by path.
        files: The documents that are there, by id.
    """
    there = {file.entry.path: file.entry.metadata for file in files.values()}
    told = [
        one
        for path, one in looks.items()
        if path in there and (one.fetched or one.address == there[path].url)
    ]
    checks: list[Check] = []
    for state, (severity, headline, mending) in _OF_LINKS.items():
        concerns = [
            Concern(one.path, f"{one.says} Looked at on {one.at}.")
            for one in told
            if one.state == state
            and not (state == "withdrawn" and cautions.is_replaced(there[one.path]))
        ]
        checks += _found(f"link_{state}", severity, headline, mending, concerns)
    looking = "`retriever check --links` looks at them"
    if not told:
        return [Check("links", "ok", f"Nobody looked where addresses lead yet. {looking}.")]
    days = sorted(one.at for one in told)
    said = f"Of {_counted(len(told), 'document')} the address was looked at, between {days[0]}"
    return [*checks, Check("links", "ok", f"{said} and {days[-1]}. {looking} again.")]


_LINK = "Correct its link: retriever edit DOCUMENT url=ADDRESS"
_OF_LINKS: dict[str, tuple[Literal["note", "warning"], str, str]] = {
    "withdrawn": (
        "warning",
        "Withdrawn or replaced, as their source says",
        "Say so: retriever edit DOCUMENT status=withdrawn, or retriever supersede OLD NEW",
    ),
    "changed": (
        "warning",
        "Changed at their source since",
        "Fetch it again, then: retriever replace DOCUMENT FILE",
    ),
    "gone": ("warning", "With an address that leads nowhere", _LINK),
    "moved": ("note", "With an address that has moved", _LINK),
    "failed": ("note", "With an address that could not be looked at", "Look again later"),
}


def of_scans(files: Mapping[str, FileRecord]) -> list[Check]:
    """The documents with pages of which text recognition was unsure.

    Args:
        files: The documents that are there, by id.
    """
    doubted = {
        file.entry.path: [
            page.number
            for page in file.pages
            if page.certainty is not None and page.certainty < DOUBTED
        ]
        for file in files.values()
    }
    return _found(
        "scans",
        "warning",
        "Read from scans, and text recognition was unsure of pages",
        "Compare its text with the page; if it is wrong, scan it again at 300 dots per inch",
        [Concern(path, listed(numbers)) for path, numbers in doubted.items() if numbers],
    )


# --- what was removed --------------------------------------------------------------------------


def due(removed: Removed, keep_days: int) -> date:
    """The day after which a removed document may be deleted for good."""
    return (datetime.fromisoformat(removed.event.at) + timedelta(days=keep_days)).date()


def kept_long(desk: Desk, keep_days: int, today: date) -> list[Removed]:
    """Removed documents that were last removed longer ago, each once.

    Raises:
        DeskError: The history is damaged.
    """
    latest: dict[str, Removed] = {}
    for one in desk.removed():  # the latest first
        latest.setdefault(one.path, one)
    return [one for one in latest.values() if due(one, keep_days) < today]


def of_removed(desk: Desk, keep_days: int, today: date) -> list[Check]:
    """Removed documents that have been kept for long enough.

    Args:
        desk: Where they were removed.
        keep_days: For how long they are to be kept.
        today: The present day.
    """
    try:
        over = kept_long(desk, keep_days, today)
    except DeskError as error:
        return [Check("history", "error", str(error), "Mend that line, or put a backup back")]
    return _found(
        "kept",
        "note",
        f"Removed more than {_counted(keep_days, 'day')} ago and still on the disk",
        f"If nobody wants it back: retriever purge --older-than {keep_days}",
        [Concern(one.path, f"removed {one.event.at[:10]}") for one in over],
    )


# --- what questions find -----------------------------------------------------------------------


def of_questions(
    root: Path,
    files: Mapping[str, FileRecord],
    find: Callable[[str, int, int], Iterable[str]] | None,
) -> list[Check]:
    """Which documents no question finds; nobody's questions are written down, so ours are asked.

    Args:
        root: The library's folder.
        files: The documents that are there, by id.
        find: Given a question, its number and how many there are, the ids of the documents among
            its first `FIRST` passages; None: do not ask.
    """
    path = root / QUESTIONS
    try:
        questions = [q.text for q in read_questions(path)] if path.exists() else []
    except JudgementError as error:
        return [Check("found", "warning", str(error), f"Mend {path}")]
    unknown = "Which documents no question finds is not known: no questions are written down"
    if not questions:
        return [Check("found", "ok", f"{unknown}, and there are none in {path}.")]
    if find is None:
        asking = f"`retriever check --ask` asks the {len(questions):,} of {path.name}"
        return [Check("found", "ok", f"{unknown}. {asking}.")]
    found: set[str] = set()
    for number, question in enumerate(questions, start=1):
        found.update(find(question, number, len(questions)))
    never = [Concern(file.entry.path) for name, file in files.items() if name not in found]
    asked = f"any of the questions of {path.name}, which are {len(questions):,}"
    return (
        _found(
            "found",
            "note",
            f"Not among the first {FIRST} passages for {asked}",
            "Look whether they belong here, and whether their text was read well",
            never,
        )
        or [Check("found", "ok", f"Every document is found by one of {path.name}.")]
    )


# --- in words ----------------------------------------------------------------------------------


def _found(
    name: str,
    severity: Literal["note", "warning"],
    headline: str,
    remedy: str,
    concerns: Sequence[Concern],
) -> list[Check]:
    """One check where documents are concerned, none where there are none."""
    if not concerns:
        return []
    ordered = sorted(concerns, key=lambda concern: concern.path)
    said = [f"{one.path} ({one.what})" if one.what else one.path for one in ordered]
    message = f"{headline}: {_counted(len(ordered), 'document')}, {_some(said)}."
    return [Check(name, severity, message, remedy, tuple(ordered))]


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return "; ".join(names[:_NAMED]) + more


def _counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"
