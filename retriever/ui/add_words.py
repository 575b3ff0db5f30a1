"""What the page Add documents says, as HTML. Everything from a file is escaped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from html import escape

from retriever.editions import Like
from retriever.labels import LABELS, kind_of_source
from retriever.schema import Metadata
from retriever.ui import words
from retriever.waiting import Batch, Outcome, Preview, SideBySide, Waiting, outcome_counts
from retriever.work import Job

OUTCOMES: dict[Outcome, str] = {
    "unread": "Not read yet",
    "ready": "Ready to add",
    "like": "Like another document: decide",
    "same": "Held already",
    "failed": "Could not be read",
    "added": "Added",
    "left-out": "Left out",
}
_COLUMNS = ("File", "Outcome", "Title", "Year", "Kind of source", "Why, and what to do")
_WORK = {
    "read": "Reading the files",
    "index": "Bringing the index up to date",
    "links": "Looking where addresses lead",
    "find": "Seeing what there is on the web",
    "fetch": "Fetching from the web",
}
_STAGES = {
    "comparing": "preparing to compare texts",
    "reading": "reading",
    "embedding": "embedding",
    "writing": "writing the index",
    "looking": "asking",
    "fetching": "fetching",
}


# In the table: what wants a look comes before what does not.
_FIRST: tuple[Outcome, ...] = ("like", "failed", "same", "unread", "ready", "added", "left-out")


def plain(text: str) -> str:
    """Text as Streamlit's labels show it word for word: they read Markdown."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(text.split()))


def field(name: str) -> str:
    """A field of a record in words."""
    return "Link to the source" if name == "url" else str(LABELS["fields"][name])


def batch_name(batch: Batch) -> str:
    """When files were given, and by whom."""
    at = datetime.fromisoformat(batch.at).astimezone()
    return f"Files given on {at:%-d %B %Y} at {at:%H:%M} by {batch.who}"


def summary(batch: Batch) -> str:
    """How many files there are of each outcome, in one line."""
    counts = (f"{OUTCOMES[outcome]}: {n}" for outcome, n in outcome_counts(batch).items())
    refused = [f"Not taken in: {len(batch.refused)}"] if batch.refused else []
    return "; ".join([*counts, *refused]) + "."


def outcomes_html(batch: Batch) -> str:
    """The table of a batch: what became of each file, and what to do."""
    head = "".join(f'<th scope="col">{column}</th>' for column in _COLUMNS)
    rows = "".join(
        _row(
            file.original,
            escape(OUTCOMES[file.outcome]),
            *_record(file.metadata),
            escape(_why(file)),
        )
        for file in sorted(batch.files, key=lambda file: _FIRST.index(file.outcome))
    )
    rows += "".join(
        _row(one.name, "Not taken in", "", "", "", escape(_sentence(one.reason)))
        for one in batch.refused
    )
    return (
        '<table class="documents"><caption class="heard">What became of each file</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _record(metadata: Metadata) -> Iterator[str]:
    """Title, year and kind of source, each marked if it was inferred."""
    kind = kind_of_source(metadata.source_type) if metadata != Metadata() else ""
    shown = {"title": metadata.title, "year": str(metadata.year or ""), "source_type": kind}
    for name, value in shown.items():
        mark = ' <span class="tag">inferred</span>' if name in metadata.inferred else ""
        yield f"{escape(value)}{mark}"


def _row(name: str, *cells: str) -> str:
    """A row of the table; the cells are HTML."""
    rest = "".join(
        f'<td data-label="{label}">{cell}</td>' if cell else '<td class="none"></td>'
        for label, cell in zip(_COLUMNS[1:], cells, strict=True)
    )
    return f'<tr><th scope="row">{escape(name)}</th>{rest}</tr>'


def _why(file: Waiting) -> str:
    if file.outcome == "same":
        return f"The same file, byte for byte, as {file.same_as}. It is not added again."
    if file.outcome == "like":
        return " ".join(like_in_words(like) for like in file.likes)
    if file.outcome == "ready":
        faults = "; ".join(fault.removesuffix(".") for fault in file.faults)
        doubts = f"Look at it first: {faults}." if faults else ""
        return f"{_sentence(file.reason)} {doubts}".strip()
    if file.outcome == "added":
        return f"As {file.name}."
    return _sentence(file.reason)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}" if text else ""


def like_in_words(like: Like) -> str:
    """Why a file is taken to be like a document."""
    reasons = [
        "has the same guidance number" if like.same_number else "",
        "has the same DOI" if like.same_doi else "",
        f"has {like.of_new:.0%} of this text" if like.of_new else "",
    ]
    return f"{like.path} {' and '.join(filter(None, reasons))}."


def preview_html(preview: Preview, file: Waiting) -> str:
    """What was read off a file: doubts, counts, headings, the first page."""
    doubts = "".join(words.warning_html(_sentence(fault)) for fault in file.faults)
    pages = f"{words.count(file.pages, 'page')}, " if file.pages else "No pages, "
    headings = "".join(
        f'<li class="level-{min(level, 3)}">{escape(text)}</li>'
        for level, text in preview.headings
    )
    listed = (
        f"<details><summary>{words.count(len(preview.headings), 'heading')}</summary>"
        f"<ul>{headings}</ul></details>"
        if headings
        else "<p>No headings were found.</p>"
    )
    blocks = "".join(f"<p>{escape(block)}</p>" for block in preview.first_page.split("\n\n"))
    return (
        f"{doubts}<p>{pages}{words.count(preview.words, 'word')}.</p>{listed}"
        f"<h3>{'First page' if file.pages else 'Beginning'}, as it was read</h3>"
        f'<div class="page-text scroll" role="region" tabindex="0" '
        f'aria-label="Beginning of {escape(file.original)}">{blocks}</div>'
    )


def side_by_side_html(file: Waiting, beside: SideBySide) -> str:
    """A file and a document that it is like, in two columns, with their first differences."""
    like = beside.like
    rows = [
        ("Title", file.metadata.title, beside.held.title),
        ("Year", str(file.metadata.year or ""), str(beside.held.year or "")),
        ("Guidance number", file.metadata.guidance_id, beside.held.guidance_id),
        ("DOI", file.metadata.doi, beside.held.doi),
        ("Text that the other one has too", f"{like.of_new:.0%}", f"{like.of_held:.0%}"),
    ]
    rows += [
        (f"Difference {number}", _shortened(new), _shortened(old))
        for number, (old, new) in enumerate(beside.differences, start=1)
    ]
    body = "".join(
        f'<tr><th scope="row">{name}</th><td data-label="This file">{_cell(ours)}</td>'
        f'<td data-label="The other one">{_cell(theirs)}</td></tr>'
        for name, ours, theirs in rows
        if ours or theirs
    )
    state = "waits here too" if beside.waits else "is in the library"
    return (
        f"<h3>Beside {escape(like.path)}</h3><p>It {state}.</p>"
        f'<table class="documents"><caption class="heard">This file beside {escape(like.path)}'
        '</caption><thead><tr><th scope="col">What</th><th scope="col">This file</th>'
        f'<th scope="col">The other one</th></tr></thead><tbody>{body}</tbody></table>'
    )


def _cell(text: str) -> str:
    return escape(text) if text else '<span class="aside">nothing</span>'


def _shortened(text: str) -> str:
    return text if len(text) <= 300 else f"{text[:300]}…"


def asked_html(metadata: Metadata) -> str:
    """What is asked of the person who fills in a form."""
    inferred = [field(name) for name in metadata.inferred if name in LABELS["fields"]]
    if not inferred:
        return "<p>Nothing of its record was inferred. What you fill in counts as checked.</p>"
    return (
        f"<p>Inferred, that is, worked out from the file: {escape(', '.join(inferred))}. An "
        "inferred value counts as checked only if you tick that it is, or change it.</p>"
    )


def job_in_words(job: Job) -> str:
    """What a job is at."""
    if job.state == "waiting":
        return f"{_WORK[job.what]}: begins as soon as it can."
    stage = _STAGES.get(job.stage, "beginning")
    count = f", {job.done:,} of {job.total:,}" if job.total else ""
    return f"{_WORK[job.what]}: {stage}{count}{f': {job.item}' if job.item else ''}"


def ended_in_words(job: Job) -> str:
    """How a job ended that can go on."""
    return f"{_WORK[job.what]} did not come to its end. {job.message}"
