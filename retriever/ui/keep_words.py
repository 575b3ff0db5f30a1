"""What the librarians' pages say, as HTML. Everything from a document or a person is escaped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from html import escape

from retriever.desk import Removed
from retriever.health import Count, Held
from retriever.journal import Event
from retriever.labels import (
    LABELS,
    action_in_words,
    check_in_words,
    kind_of_source,
    mending_in_words,
)
from retriever.schema import Check, Concern
from retriever.ui import words
from retriever.ui.evaluator_words import table_html

INFERRED = "inferred, confirmed by nobody"
INDEXING = (
    "The index is being brought up to date; people can go on asking. The page Add documents shows "
    "how far that is."
)
LOOKING = (
    "It is being looked where the addresses of documents lead, one after the other. The page Add "
    "documents shows how far that is; come back here when it has ended."
)
_GONE = ("removed", "kept")  # checks on documents that are not there
_SHOWN = 10
"""Documents of a check that are shown without being asked for."""


def when(at: str) -> str:
    """A moment of the history, as people read it."""
    day = date.fromisoformat(at[:10])
    return f"{in_full(day)}, {at[11:16]} UTC"


def in_full(day: date) -> str:
    """A day as people read it."""
    return f"{day.day} {day:%B %Y}"


def done_html(text: str) -> str:
    """What was done; read out when it appears."""
    return f'<p role="status" class="done"><strong>Done:</strong> {escape(text)}</p>'


def question_html(text: str) -> str:
    """What is asked before something is done; read out when it appears."""
    return f'<p role="alert"><strong>Are you sure?</strong> {escape(text)}</p>'


def edit_address(path: str) -> str:
    """Where what is stated of a document is edited, and it can be removed."""
    return words.address("document", {"file": path})


def history_address(path: str) -> str:
    """The history of one document."""
    return words.address("history", {"document": path})


def event_html(event: Event, holds: bool) -> str:
    """One change: when, who, what and why.

    Args:
        event: The change.
        holds: Whether it holds, or is undone.
    """
    links = ", ".join(
        words.page_link(history_address(path), path, about=f"its history, change {int(event.id)}")
        for path in event.documents
    )
    undone = "" if holds else ' <span class="tag">undone</span>'
    return "".join(
        [
            f'<h3 class="card-title">Change {int(event.id)}: '
            f"{escape(action_in_words(event.action))}{undone}</h3>",
            f"<p>{escape(event.what)}.</p>",
            f"<p><strong>Why:</strong> {escape(event.why)}</p>" if event.why else "",
            f'<ul class="byline"><li>{escape(event.who)}</li><li>{when(event.at)}</li></ul>',
            f'<p class="aside">{links}</p>' if links else "",
        ]
    )


def removed_html(removed: Sequence[tuple[Removed, date]]) -> str:
    """Removed documents, each with the day after which it may be deleted for good."""
    rows = [
        (
            escape(one.path),
            when(one.event.at),
            escape(one.event.who),
            escape(one.event.why),
            in_full(day),
        )
        for one, day in removed
    ]
    columns = ("Document", "Removed", "By", "Why", "Kept at least until")
    return table_html("Removed documents that can be brought back", columns, rows, "documents")


def conflict_html(rows: Sequence[tuple[str, object, object, object]]) -> str:
    """What somebody else changed meanwhile, beside what the person was about to state.

    Args:
        rows: Of each field its name, and the value as it was when they began, as it is now, and
            as they typed it.
    """
    cells = [
        (escape(field_in_words(name)), *(escape(value_in_words(name, v)) for v in values))
        for name, *values in rows
    ]
    columns = ("Field", "When you opened it", "Now", "In your form")
    return table_html("What was changed meanwhile", columns, cells, "documents")


def field_in_words(name: str) -> str:
    """The name of a field."""
    return str(LABELS["fields"][name])


def value_in_words(name: str, value: object) -> str:
    """The value of a field."""
    if value in (None, "", ()):
        return "not stated"
    if name == "source_type":
        return kind_of_source(str(value))
    return "; ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def check_html(name: str, checks: Sequence[Check]) -> str:
    """What a check found: the documents, each with a link to where it is mended, and the remedy."""
    concerns = [concern for check in checks for concern in check.concerns]
    parts = [f"<h3>{escape(check_in_words(name))}</h3>"]
    if concerns:
        there = edit_address if name not in _GONE else history_address
        listed = _concerns_html(concerns, there)
        parts.append(f"<p>{words.count(len(concerns), 'document')}.</p>{listed}")
    else:
        parts += [f"<p>{escape(check.message)}</p>" for check in checks]
    on_the_page = mending_in_words(name)
    remedies = dict.fromkeys(on_the_page or check.remedy for check in checks if check.remedy)
    parts += [f"<p><strong>To mend it:</strong> {escape(remedy)}</p>" for remedy in remedies]
    return "".join(parts)


def in_order_html(checks: Sequence[Check]) -> str:
    """What is as it should be."""
    return f"<ul>{''.join(f'<li>{escape(check.message)}</li>' for check in checks)}</ul>"


def _concerns_html(concerns: Sequence[Concern], there: Callable[[str], str]) -> str:
    rows = [
        f"<li>{words.page_link(there(one.path), one.path)}"
        + (f": {escape(one.what)}" if one.what else "")
        + "</li>"
        for one in concerns
    ]
    listed = f'<ul class="concerns">{"".join(rows)}</ul>'
    if len(rows) <= _SHOWN:
        return listed
    return f"<details><summary>Show all {len(rows):,}</summary>{listed}</details>"


def counts_html(caption: str, column: str, counts: Sequence[Count]) -> str:
    """How many documents are of what."""
    rows = [(escape(count.label), f"{count.documents:,}") for count in counts]
    return table_html(caption, (column, "Documents"), rows)


def groups_html(caption: str, groups: Sequence[Held]) -> str:
    """For how many groups how many documents report something."""
    rows = [
        (
            words.page_link(
                words.address("map", {"axis": one.concept.axis, "groups": one.concept.id}),
                one.concept.label,
            ),
            f"{one.reported:,}",
            f"{one.documents:,}",
        )
        for one in groups
    ]
    return table_html(caption, ("Group", "Report for it", "Name it"), rows)


def topics_html(caption: str, topics: Sequence[Held]) -> str:
    """How many documents speak of which topic."""
    rows = [
        (
            words.page_link(
                words.address("overview", {"of": one.concept.key}), one.concept.label
            ),
            f"{one.documents:,}",
        )
        for one in topics
    ]
    return table_html(caption, ("Topic", "Documents"), rows)


def folded_html(summary: str, inner: str) -> str:
    """Something that is shown when it is asked for."""
    return f"<details><summary>{escape(summary)}</summary>{inner}</details>"


def names_html(held: Sequence[Held]) -> str:
    """Topics or groups by their names, one after the other."""
    return f"<p>{escape(', '.join(one.concept.label for one in held))}.</p>"
