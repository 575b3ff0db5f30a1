"""What was done to the library's documents: look through it, take it away, undo it."""

from __future__ import annotations

from functools import partial

import streamlit as st

from retriever import Library
from retriever.desk import Desk
from retriever.history import Choice, chosen, day_of, to_csv
from retriever.journal import ACTIONS, Event
from retriever.labels import action_in_words
from retriever.ui import keep, keep_words, words
from retriever.ui.shared import (
    choice,
    desk_links,
    heading,
    library,
    paragraph,
    problems_in_a_box,
    put_into_address,
)

# The names of the address's values; each widget's key is the same.
DOCUMENT, WHO, ACTION, SINCE, UNTIL = "document", "who", "action", "since", "until"

AT_ONCE = 20
"""Changes shown at once."""


def page() -> None:
    """Show the changes that the address asks for, the latest first."""
    heading("History")
    desk_links("history")
    paragraph(
        "Who did what to which document, when and why. Nothing is ever taken out of it, and all "
        "but a deletion for good can be undone.",
        "lead",
    )
    with problems_in_a_box("The history cannot be shown"):
        source = library()
        keep.outcome()
        desk = Desk(source.root)
        events = desk.journal.events()
        if not events:
            paragraph("Nothing has been changed yet.")
            return
        _filters(events)
        _show(source, desk, events)


def _filters(events: list[Event]) -> None:
    asked = st.query_params.get(WHO, "")  # of whom there may be nothing
    people = sorted({asked, *(event.who for event in events)} - {""}, key=str.casefold)
    left, right = st.columns(2)
    _text(left, "Document: a path or part of one", DOCUMENT)
    with right:
        choice("By", WHO, ["", *people], lambda name: name or "Anybody")
    left, middle, right = st.columns(3)
    with left:
        choice("What was done", ACTION, ["", *ACTIONS], _action)
    _text(middle, "From the day (2026-11-26)", SINCE)
    _text(right, "To the day", UNTIL)


def _action(action: str) -> str:
    return action_in_words(action) if action else "Anything"


def _text(column: st.delta_generator.DeltaGenerator, label: str, name: str) -> None:
    st.session_state[name] = st.query_params.get(name, "")
    column.text_input(label, st.session_state[name], key=name, on_change=partial(_typed, name))


def _typed(name: str) -> None:
    put_into_address(name, st.session_state[name].strip())


def _show(source: Library, desk: Desk, events: list[Event]) -> None:
    get = st.query_params.get
    wanted = Choice(
        get(DOCUMENT, ""),
        get(WHO, ""),
        get(ACTION, ""),
        day_of(get(SINCE, "")),
        day_of(get(UNTIL, "")),
    )
    found = chosen(events, wanted)
    if not found:
        paragraph("No change is of that kind. Take a filter away.")
        return
    st.html("<h2>Changes</h2>")
    shown = found
    if len(found) > AT_ONCE:
        last = -(-len(found) // AT_ONCE)
        label = f"Part of the history, 1 to {last}"
        number = st.number_input(label, 1, last, key="part", width=260)
        shown = found[(number - 1) * AT_ONCE : number * AT_ONCE]
    paragraph(f"Showing {len(shown):,} of {words.count(len(events), 'change')}.", "aside")
    st.download_button("These changes (CSV)", to_csv(found), "history.csv", "text/csv", key="csv")
    keep.who()
    st.text_input("Why you undo a change, if you do", key="why_undo", width=420)
    holds = desk.journal.in_effect(events)
    for event in shown:
        with st.container(border=True, key=f"change-{event.id}"):
            st.html(keep_words.event_html(event, holds.get(event.id, True)))
            _undo(source, desk, events, event, holds)


def _undo(
    source: Library, desk: Desk, events: list[Event], event: Event, holds: dict[str, bool]
) -> None:
    """The button that undoes a change, or why there is none."""
    if event.undoes:
        paragraph(f"To turn this round, go to change {int(event.undoes)}.", "aside")
        return
    if hindrance := desk.hindrance(event, events):
        paragraph(hindrance, "aside")
        return
    number = int(event.id)
    st.button(
        f"Undo change {number}" if holds[event.id] else f"Make change {number} again",
        key=f"undo-{event.id}",
        on_click=partial(_turn, source, event.id),
    )


def _turn(source: Library, event_id: str) -> None:
    why = st.session_state["why_undo"].strip()
    if keep.change(source, lambda desk: [desk.undo(event_id, why)]):
        st.session_state["why_undo"] = ""


if __name__ == "__main__":
    page()
