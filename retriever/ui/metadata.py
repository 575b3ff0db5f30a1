"""Metadata of many documents at once: taken in from references or a table, and out as files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from html import escape
from pathlib import Path, PurePath
from typing import Any

import streamlit as st

from retriever import Library, bulk, output, references, sheets
from retriever.bulk import Plan
from retriever.desk import Desk
from retriever.journal import Event
from retriever.schema import to_dict
from retriever.ui import keep, keep_words, words
from retriever.ui.evaluator_words import table_html
from retriever.ui.shared import (
    desk_links,
    heading,
    library,
    paragraph,
    problems_in_a_box,
    slot,
)

_TABLES = (".csv", ".tsv", ".xlsx")
_GIVEN, _OVERWRITE, _WHY = "given", "overwrite", "why-bulk"
_PLANNED = "planned"  # (what the plan was made of, the plan, what to know of the file)


def page() -> None:
    """Offer to take metadata in, a trial first, and out."""
    heading("Metadata in bulk")
    desk_links("metadata")
    paragraph(
        "Set titles, publishers, years and the rest for many documents at once: from a reference "
        "manager, or from a table. Nothing is changed before you have seen what would be.",
        "lead",
    )
    with problems_in_a_box("The library cannot be read"):
        source = library()
        keep.outcome()
        keep.who()
        _take_in(source)
        _take_out(source)


def _take_in(source: Library) -> None:
    st.html("<h2>Take metadata in</h2>")
    paragraph(
        "References as RIS, PubMed or Web of Science write them are matched to documents by DOI, "
        "guidance number or title. A table (CSV or .xlsx) says in its column “path” or “document” "
        "which document a row is about; the table below is one to begin with.",
        "aside",
    )
    file = st.file_uploader("File of references, or table", key=_GIVEN)
    st.checkbox(
        "References also change what is stated otherwise (a table always does)", key=_OVERWRITE
    )
    with slot():
        if file is None:
            st.session_state.pop(_PLANNED, None)
            return
        with problems_in_a_box(f"{file.name} cannot be used"):
            made_of = file.file_id, st.session_state[_OVERWRITE]
            if st.session_state.get(_PLANNED, (None,))[0] != made_of:
                with st.spinner("Looking for the documents…"):
                    planned = _plan(source, file.name, file.getvalue(), made_of[1])
                st.session_state[_PLANNED] = made_of, *planned
            _, plan, note = st.session_state[_PLANNED]
            _show(source, plan, note)


def _plan(source: Library, name: str, content: bytes, overwrite: bool) -> tuple[Plan, str]:
    """What a file would change, and what to know of it as a whole."""
    desk, entries = Desk(source.root), source.entries()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / PurePath(name).name
        path.write_bytes(content)
        if path.suffix.lower() in _TABLES:
            sheet = sheets.read(path)
            return bulk.plan_rows(desk, entries, sheet, path), sheet.note
        found = references.read(path)
        return bulk.plan_references(desk, entries, found, path, overwrite), found.note


def _show(source: Library, plan: Plan, note: str) -> None:
    changing = sum(bool(one.values) for one in plan.corrections)
    st.html("<h3>What was done</h3>" if plan.changed else "<h3>What would be done</h3>")
    if note:
        paragraph(note)
    same = len(plan.corrections) - changing
    paragraph(
        f"Documents changed: {changing}."
        if plan.changed
        else f"Documents that would change: {changing}. With nothing to change: {same}."
    )
    st.html("".join(_tables(plan)))
    if changing and not plan.changed:
        st.text_input("Why (for the history)", key=_WHY)
        label = f"Change {words.count(changing, 'document')}"
        carry_out = partial(_carry_out, source, plan)
        st.button(label, key="carry-out", type="primary", on_click=carry_out)


def _tables(plan: Plan) -> Iterator[str]:
    changes = [(one.path, one.by, change) for one in plan.corrections for change in one.changes]
    for outcome, caption, last in (
        ("set", "What is set", "Is to be" if not plan.changed else "Is now"),
        ("kept", "Kept, because it is stated otherwise", "In the file"),
    ):
        rows = [
            (
                words.page_link(keep_words.edit_address(path), path),
                escape(by),
                escape(keep_words.field_in_words(change.field)),
                _value(change.old) + _inferred(change.confirms),
                _value(change.new),
            )
            for path, by, change in changes
            if change.outcome == outcome
        ]
        if rows:
            columns = ("Document", "Known by", "Field", "Was", last)
            yield table_html(f"{caption}: {len(rows):,}", columns, rows, "documents")
    left = [(item.place, item.title, item.reason) for item in plan.left]
    left += [(item.place, item.name, _NOT_HELD) for item in plan.additions]
    faults = [(fault.place, fault.message) for fault in plan.faults]
    yield _listed("About no document of the library", ("Where", "Title", "Why"), left)
    yield _listed("Could not be used", ("Where", "What, and what to do"), faults)


def _listed(caption: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of plain words; nothing without rows."""
    if not rows:
        return ""
    cells = [tuple(map(escape, row)) for row in rows]
    return table_html(f"{caption}: {len(rows):,}", columns, cells, "documents")


_NOT_HELD = "The library does not hold this file: drop it on the page Add documents."


def _value(value: Any) -> str:
    return escape("; ".join(map(str, value)) if isinstance(value, tuple) else str(value or ""))


def _inferred(confirms: bool) -> str:
    return ' <span class="tag">inferred</span>' if confirms else ""


def _carry_out(source: Library, plan: Plan) -> None:
    made_of, _, note = st.session_state[_PLANNED]
    why = st.session_state[_WHY].strip()

    def make(desk: Desk) -> list[Event]:
        done = bulk.carry_out(plan, desk, why)
        st.session_state[_PLANNED] = made_of, done, note
        made = {one.event for one in done.corrections if one.event}
        return [event for event in desk.journal.events() if event.id in made]

    keep.change(source, make)


def _take_out(source: Library) -> None:
    st.html("<h2>Take metadata out</h2>")
    paragraph("What is known of every document, for a reference manager or a table.", "aside")
    with st.container(horizontal=True):
        for layout, (label, media_type) in _LAYOUTS.items():
            st.download_button(
                label,
                partial(_written, source, layout),
                f"library.{layout}",
                media_type,
                key=f"export-{layout}",
                on_click="ignore",
            )


_LAYOUTS = {
    "ris": ("References (RIS)", "application/x-research-info-systems"),
    "csv": ("Table (CSV)", "text/csv"),
    "json": ("JSON", "application/json"),
}


def _written(source: Library, layout: str) -> bytes:
    """The library's documents as a file; made when somebody asks for it."""
    entries = source.entries()
    if layout == "ris":
        told = [entry for entry in entries if references.can_be_told(entry.metadata)]
        return references.written(told).encode()
    if layout == "csv":
        return sheets.written(entries).encode()
    return output.as_json([to_dict(entry) for entry in entries]).encode()


if __name__ == "__main__":
    page()
