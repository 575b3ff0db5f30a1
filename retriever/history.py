"""The history of a library's changes, as people look through it and take it away."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from retriever.errors import DeskError
from retriever.journal import ACTIONS, Event

COLUMNS = ("id", "at", "who", "action", "documents", "what", "why", "undoes")


@dataclass(frozen=True)
class Choice:
    """Which changes are wanted; empty or None means any.

    Attributes:
        document: A path below `corpus/`, or part of one.
        who: The whole name, in any case of letters.
        action: One of `journal.ACTIONS`.
        since: The first day, in UTC; `until` is the last.
    """

    document: str = ""
    who: str = ""
    action: str = ""
    since: date | None = None
    until: date | None = None


def chosen(events: Sequence[Event], choice: Choice) -> list[Event]:
    """The changes wanted, the latest first.

    Raises:
        DeskError: There is no such kind of change, or the days are the wrong way round.
    """
    if choice.action and choice.action not in ACTIONS:
        raise DeskError(
            f"There is no kind of change '{choice.action}'. Choose one of {', '.join(ACTIONS)}."
        )
    if choice.since and choice.until and choice.since > choice.until:
        raise DeskError(
            f"No day is from {choice.since} and to {choice.until}: swap the two days."
        )
    return [event for event in reversed(events) if _fits(event, choice)]


def _fits(event: Event, choice: Choice) -> bool:
    day = event.at[:10]
    wanted = choice.document.casefold()
    return (
        (not wanted or any(wanted in path.casefold() for path in event.documents))
        and choice.who.casefold() in ("", event.who.casefold())
        and choice.action in ("", event.action)
        and (choice.since is None or choice.since.isoformat() <= day)
        and (choice.until is None or day <= choice.until.isoformat())
    )


def day_of(text: str) -> date | None:
    """A day as `2026-11-26`; None for nothing.

    Raises:
        DeskError: It is none.
    """
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise DeskError(f"'{text}' is no day. Write it as year-month-day: 2026-11-26.") from error


def to_csv(events: Sequence[Event]) -> str:
    """Changes as CSV, a line each.

    What a spreadsheet would take for a formula has an apostrophe in front.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for event in events:
        cells = (event.id, event.at, event.who, event.action, "; ".join(event.documents))
        writer.writerow(map(_harmless, (*cells, event.what, event.why, event.undoes)))
    return stream.getvalue().rstrip("\n")


def in_words(event: Event) -> str:
    """A change in a line, and below it why it was made."""
    line = f"{event.id}  {event.at[:16].replace('T', ' ')}  {event.who}: {event.what}"
    return f"{line}\n        because: {event.why}" if event.why else line


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell[:1] in tuple("=+-@\t\r") else cell
