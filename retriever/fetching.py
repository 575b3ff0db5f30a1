"""Documents from the web as long work: what there is, or the documents, and what became of each.

What became of them is kept in a file of the job's, so that it can be shown when the page was
closed meanwhile, and so that work which was stopped goes on behind what is done. Nothing here adds
anything to the library: what was fetched becomes a batch, which waits for a librarian's yes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from retriever.config import Reading
from retriever.connectors import (
    Candidate,
    Client,
    Outcome,
    fetch_all,
    fetched,
    of_address,
    services,
)
from retriever.connectors.services import Services
from retriever.desk import CORPUS, rows
from retriever.errors import FetchError
from retriever.incoming import Incoming
from retriever.journal import write_whole
from retriever.schema import Progress, to_dict
from retriever.waiting import UNDECIDED

Kind = Literal["web", "govuk", "nice", "europepmc"]
"""What a person has in hand; the connector that is asked unless an address leads to another."""

HERE = ("fetched", "changed", "not-changed")
"""Outcomes after which a document need not be fetched again."""


@dataclass(frozen=True)
class Line:
    """A document that was asked for.

    Attributes:
        wanted: What the person asked for, as `connectors.asked_of` takes it.
        outcome: See `connectors.Outcome`; likewise `says`.
        address: Where its file is; empty where there is none to be had.
        kind: Media type; what it was found to be once it is here, before that see
            `connectors.Candidate`, as for `title`, `licence`, `date`, `status` and `page`.
        held: What the library held of it before, in words; empty: nothing that is known.
    """

    wanted: str
    outcome: str
    says: str
    title: str
    address: str = ""
    kind: str = ""
    licence: str = ""
    date: str = ""
    status: str = ""
    page: str = ""
    held: str = ""


@dataclass(frozen=True)
class Kept:
    """What became of what a job was to fetch.

    Attributes:
        lines: Each document as far as the job has come; those done before it was stopped first.
        batch: Which batch they wait in; empty before they are taken in, and without any.
    """

    lines: tuple[Line, ...] = ()
    batch: str = ""


def asked(kind: Kind, text: str, known: Services | None = None) -> str:
    """What a person typed, as `connectors.asked_of` takes it.

    Args:
        kind: What they say it is.
        text: An address, a path, a number or a query.
        known: The services; those of the packaged file where left out.

    Raises:
        FetchError: It cannot be of that kind.
    """
    text = " ".join(text.split())
    if re.match(r"www\.|(?:[\w-]+\.)+[a-z]{2,}/", text, re.IGNORECASE):
        text = f"https://{text}"  # as people copy and say addresses
    if not re.match(r"\w+://", text):
        return f"{kind}:{text}"
    name, rest = of_address(text, known or services())
    if kind == "govuk" and name != kind:
        raise FetchError(f"{text} is not on GOV.UK. Choose “An address on the web” for it.")
    if kind == "europepmc" and name != kind:
        rest, name = text, kind  # such as a DOI with its resolver before it
    return f"{name}:{rest}"


def kept(path: Path) -> Kept:
    """What a job has written down; nothing where it has not begun, was forgotten, or is damaged."""
    try:
        data = json.loads(path.read_text("utf-8"))
        return Kept(tuple(Line(**line) for line in data["lines"]), data["batch"])
    except (OSError, ValueError, KeyError, TypeError):
        return Kept()


def fetch(
    root: Path,
    place: Path,
    wanted: Sequence[str],
    limit: int,
    client: Client,
    progress: Callable[[Progress], None] = lambda _: None,
    dry_run: bool = False,
    known: Services | None = None,
) -> Kept:
    """Fetch documents, so that they can be taken in, but for those that `place` says are here.

    Args:
        root: The library's folder.
        place: Where is kept what became of each, as soon as it is known.
        wanted: Each as `asked` gives it.
        limit: How many documents at most for each.
        client: The polite one.
        progress: Told before something is asked for or fetched; what it raises ends the work
            between two documents.
        dry_run: Only say what there is.
        known: The services; those of the packaged file where left out.

    Raises:
        LockHeld: Something else is being fetched for this library.
        StorageError: The library's folder cannot be written.
    """
    before = kept(place)
    so_far = replace(before, lines=tuple(line for line in before.lines if line.outcome in HERE))
    _keep(place, so_far)
    done = {line.address for line in so_far.lines}
    held = _held(root)
    for outcome in fetch_all(client, root, wanted, limit, dry_run, known, progress, done):
        so_far = replace(so_far, lines=(*so_far.lines, _line(outcome, held)))
        _keep(place, so_far)
    return so_far


def take_in(root: Path, place: Path, who: str, limits: Reading) -> Kept:
    """Make what was fetched a batch, if it is in none yet, and write down which.

    Args:
        root: The library's folder.
        place: Where is kept what became of each.
        who: Whose batch it is.
        limits: For reading a file.

    Raises:
        StorageError: The library's folder cannot be written.
    """
    incoming, before = Incoming(root, who), kept(place)
    if not incoming.fetched():
        return before
    return _keep(place, replace(before, batch=incoming.take_in_fetched(limits).id))


def in_words(lines: Sequence[Line]) -> str:
    """How many documents were fetched, and how many were not."""
    got, same, failed, refused = (
        sum(line.outcome in outcomes for line in lines)
        for outcomes in (("fetched", "changed"), ("not-changed",), ("failed",), ("not-fetched",))
    )
    return " ".join(
        filter(
            None,
            (
                f"{_count(got)} fetched." if got or not same else "",
                f"{_count(same)} not fetched again: unchanged since the last time." if same else "",
                f"{failed} could not be fetched: the list says why." if failed else "",
                f"{refused} cannot be had: the list says why." if refused else "",
            ),
        )
    )


def _count(number: int) -> str:
    return "1 document was" if number == 1 else f"{number or 'No'} documents were"


def _keep(place: Path, what: Kept) -> Kept:
    write_whole(place, json.dumps(to_dict(what), ensure_ascii=False))
    return what


def _line(outcome: Outcome, held: Mapping[str, str]) -> Line:
    one = outcome.candidate
    return Line(
        wanted=outcome.wanted,
        outcome=outcome.outcome,
        says=outcome.says,
        # Where nothing was found the title is what was asked for, with the connector before it.
        title=one.title if one.connector else one.title.partition(":")[2],
        address=one.address,
        kind=outcome.record.media_type if outcome.record else one.kind,
        licence=one.licence,
        date=one.date,
        status=one.status,
        page=one.page,
        held=next((held[mark] for mark in _marks(one) if mark in held), ""),
    )


def _marks(candidate: Candidate) -> list[str]:
    """What tells a candidate from other documents, the surest first."""
    stated = candidate.values
    return [
        f"file {_bare(candidate.address)}",
        *_numbers(stated.get("guidance_id"), stated.get("doi")),
        f"page {_bare(candidate.address)}",
        f"page {_bare(candidate.page)}",
    ]


def _numbers(guidance: Any, doi: Any) -> list[str]:
    numbers = (("guidance", guidance), ("doi", doi))
    return [f"{name} {str(value).casefold()}" for name, value in numbers if value]


def _bare(address: str) -> str:
    """An address without what makes no other document of it."""
    return re.sub(r"^https?://(?:www\.)?|/$", "", address.casefold())


def _held(root: Path) -> dict[str, str]:
    """What is known to be here, by the marks of `_marks`, in words."""
    there = {path: row for path, row in rows(root).items() if (root / CORPUS / path).is_file()}
    by_content = {row.sha256: path for path, row in there.items()}
    held: dict[str, str] = {}
    for path, row in there.items():
        known = row.entry.metadata
        for mark in _numbers(known.guidance_id, known.doi):
            what = "guidance number" if mark.startswith("guidance ") else "DOI"
            held.setdefault(mark, f"{path} has the same {what}")
        if known.url:
            held.setdefault(f"page {_bare(known.url)}", f"{path} names the same address")
    for one in fetched(root):
        if path := by_content.get(one.sha256, ""):
            held[f"file {_bare(one.address)}"] = f"in the library as {path}, fetched {one.at[:10]}"
    incoming = Incoming(root)
    waits = [file.record for batch in incoming.batches() for file in batch.having(*UNDECIDED)]
    waits += [to_dict(record) for record in incoming.fetched()]
    for record in waits:
        if record:
            held[f"file {_bare(record['address'])}"] = "waits for your yes"
    return held
