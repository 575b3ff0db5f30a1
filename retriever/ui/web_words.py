"""What the section From the web says, as HTML. Everything from a source is escaped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any, NamedTuple

from retriever.connectors.keep import KINDS as FILES
from retriever.fetching import Kind, Line
from retriever.ui import words
from retriever.work import Job

OFF = (
    "Fetching from the web is switched off; to switch it on, put the line “enabled = true” under "
    "“[web]” into the file retriever.toml in the library's folder, and load this page again."
)
LEAD = (
    "Name it, and see what there is or have it fetched. What is fetched is read and waits further "
    "down for your yes; nothing is in the library before."
)
AT_WORK = "Work in progress, at the top of this page, shows how far it is."


class Example(NamedTuple):
    """What people call a kind of thing that can be fetched, and how one is named, as Markdown.

    What is typed stands as code: of an address the browser would make a link otherwise.
    """

    name: str
    example: str


KINDS: dict[Kind, Example] = {
    "web": Example(
        "An address on the web",
        "Of a web page or a PDF, such as `https://www.example.org/report.pdf`",
    ),
    "govuk": Example(
        "A GOV.UK publication",
        "Its address, or what follows `www.gov.uk/`, such as "
        "`government/publications/womens-health-strategy-for-england`",
    ),
    "nice": Example("A NICE guideline", "Its number, such as `NG12`"),
    "europepmc": Example(
        "Articles of Europe PMC",
        "A PMCID, PubMed number or DOI, or words to search for, such as `bowel cancer screening "
        "AND OPEN_ACCESS:y` (only what is open access can be fetched)",
    ),
}

_OUTCOMES = {
    "found": "Can be fetched",
    "not-fetched": "Cannot be fetched",
    "failed": "Failed",
    "fetched": "Fetched",
    "changed": "Fetched: another version than the one fetched before",
    "not-changed": "Not fetched again: unchanged since it was fetched",
}
_SAID = ("not-fetched", "failed")  # what their source says, or what to do, is told as well
_FIRST = ("failed", "not-fetched", "found", "changed", "fetched", "not-changed")
_COLUMNS = ("Document", "Outcome", "Held already", "Kind", "Licence", "Date", "Its source says")
_NOT_STATED = "not stated"


def heading(job: Job) -> str:
    """Whose work it was, what, and when it was asked for."""
    at = datetime.fromisoformat(job.queued).astimezone()
    what = "What there is on the web" if job.what == "find" else "What was fetched from the web"
    return f"{what}, asked for on {at:%-d %B %Y} at {at:%H:%M} by {job.who}"


def lines_html(lines: Sequence[Line], job: Job) -> str:
    """The table of documents that were asked for; what failed comes first."""
    head = "".join(f'<th scope="col">{column}</th>' for column in _COLUMNS)
    rows = sorted(lines, key=lambda line: _FIRST.index(line.outcome))
    return (
        f'<table class="documents"><caption class="heard">{escape(heading(job))}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(map(_row, rows))}</tbody></table>"
    )


def _row(line: Line) -> str:
    cells = "".join(
        f'<td data-label="{label}">{cell}</td>' if cell else '<td class="none"></td>'
        for label, cell in zip(_COLUMNS[1:], _cells(line), strict=True)
    )
    return f'<tr><th scope="row">{_named(line)}</th>{cells}</tr>'


def _named(line: Line) -> str:
    """The title, and the address of the page that people open."""
    address = line.page or line.address
    return "<br>".join(filter(None, (escape(line.title), words.link(address, address))))


def _cells(line: Line) -> Iterator[str]:
    says = f": {line.says}" if line.outcome in _SAID else ""
    yield _long(f"{_OUTCOMES[line.outcome]}{says}")
    if line.page or line.address:
        yield escape(line.held or "not found")
        yield escape(_kind(line.kind))
        yield _long(line.licence or _NOT_STATED)
        yield escape(line.date or _NOT_STATED)
        yield escape(line.status or _NOT_STATED)
    else:  # nothing is known of what was not found
        yield from ("", "", "", "", "")


def _long(text: str) -> str:
    return f'<span class="long">{escape(text)}</span>'


def _kind(media_type: str) -> str:
    return FILES.get(media_type, media_type) if media_type else "told when it is fetched"


def origin_html(record: Mapping[str, Any]) -> str:
    """Where a file that waits was fetched from, and what its source states of it.

    Args:
        record: As `waiting.Waiting` has it.
    """
    address = str(record["page"] or record["address"])
    licence = escape(str(record["licence"] or _NOT_STATED))
    status = f" Its source says: {escape(str(record['status']))}" if record["status"] else ""
    day = datetime.fromisoformat(record["at"]).astimezone()
    return (
        f"<p>Fetched on {day:%-d %B %Y} from {words.link(address, address)}. Licence, as its "
        f"source states it: {licence}.{status}</p>"
    )
