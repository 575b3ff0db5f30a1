"""One topic or intervention: does it work, for whom, at what cost."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from retriever import Library
from retriever.evidence_map import ROWS, STANDINGS, Cell, Row
from retriever.labels import LABELS, about_kinds, about_standings, axis_in_words
from retriever.overview import MOST, ByAxis, Overview, Section
from retriever.schema import Finding
from retriever.ui import map_words, words
from retriever.ui.shared import (
    heading,
    library,
    paragraph,
    problems_in_a_box,
    put_into_address,
)

OF = "of"
"""The name of the address's value, and the key of the list to choose from."""


def page() -> None:
    """Show the list to choose from, and below it the overview that the address names."""
    heading("Topic overview")
    paragraph(
        "What commissioners ask of every topic, answered out of this library in one view; and "
        "what it does not hold.",
        "lead",
    )
    paragraph(
        f"At most {MOST} quotations are shown for a question, those that come nearest and speak to "
        "the point. They are not all that is held: ask a question of your own for more.",
        "aside",
    )
    with problems_in_a_box("The overview cannot be shown"):
        source = library()
        _choose(source)
        if wanted := st.query_params.get(OF, ""):
            with st.spinner("Looking through what is held on it…"):
                overview = source.overview(wanted)
            _show(overview)


def _choose(source: Library) -> None:
    rows = {row.subject.key: row for row in source.subjects()}
    wanted = st.query_params.get(OF, "")
    st.session_state[OF] = wanted if wanted in rows else None
    st.selectbox(
        "Topic or intervention",
        list(rows),
        list(rows).index(wanted) if wanted in rows else None,
        key=OF,
        format_func=lambda key: _offered(rows[key]),
        placeholder="Choose one that some document speaks of",
        on_change=_chosen,
    )


def _offered(row: Row) -> str:
    speak = words.count(row.documents, "document")
    return f"{words.part_label(row.subject.kind, row.subject.label)}: {speak}"


def _chosen() -> None:
    put_into_address(OF, st.session_state[OF] or "")


def _show(overview: Overview) -> None:
    topic, searched = overview.topic, words.count(overview.searched, "document")
    paragraph(
        f"{map_words.capital(topic.label)} ({topic.kind}). Documents that speak of it: "
        f"{overview.documents:,} of the {searched} in this library."
    )
    number = 0
    for section in overview.sections:
        st.html(f"<h2>{escape(section.heading)}</h2>")
        if section.gap:
            st.html(f'<p class="gap">{escape(section.gap)}</p>')
        if section.message:
            paragraph(section.message)
        for finding in section.findings:
            number += 1
            with st.container(key=f"finding-{number}", border=True):
                st.html(words.finding_html(finding, _links(finding)))
        if section.axes:
            _groups(overview, section)
    if number:
        paragraph(about_kinds(), "aside")


def _links(finding: Finding) -> list[tuple[str, str]]:
    place = words.place_in_document(finding)
    links = [("Show in document", words.address("document", place))]
    if finding.successor:
        newer = words.address("document", {"document": finding.successor})
        links.append(("Open what replaced it", newer))
    return links


def _groups(overview: Overview, section: Section) -> None:
    """For whom something is reported: what is missing first, then the groups as a table."""
    gaps = "".join(
        f'<p class="gap"><strong>Gap:</strong> {escape(each.gap)}</p>'
        for each in section.axes
        if each.gap
    )
    held = [each for each in section.axes if each.cells]
    st.html(gaps + map_words.meanings_html() + (_table_html(overview, held) if held else ""))
    paragraph(about_standings(), "aside")


def _table_html(overview: Overview, axes: Sequence[ByAxis]) -> str:
    said = escape(
        f"Groups in documents on {overview.topic.label}: how many documents report something, "
        "studied the group, or only mention it"
    )
    head = "".join(
        f'<th scope="col">{escape(map_words.capital(LABELS["standings"][standing]["label"]))}</th>'
        for standing in STANDINGS
    )
    body = "".join(_axis_html(each) for each in axes)
    return (
        f'<div class="scroll map-box" role="region" tabindex="0" aria-label="{said}">'
        f'<table class="map"><caption><span>{said}</span></caption>'
        f'<thead><tr><th scope="col">Group</th>{head}</tr></thead>{body}</table></div>'
    )


def _axis_html(by_axis: ByAxis) -> str:
    columns = len(STANDINGS) + 1
    name = escape(f"By {axis_in_words(by_axis.axis)}")
    rows = "".join(_row_html(by_axis.axis, cell) for cell in by_axis.cells)
    return (
        f'<tbody><tr><th scope="rowgroup" colspan="{columns}">{name}</th></tr>{rows}</tbody>'
    )


def _row_html(axis: str, cell: Cell) -> str:
    to = words.address("map", _place(axis, cell))
    cells = "".join(
        f'<td class="{standing if count else "empty"}">{count or "none"}</td>'
        for standing in STANDINGS
        for count in [len(cell.documents(standing))]
    )
    name = words.page_link(to, cell.group.label)
    return f'<tr><th scope="row">{name}</th>{cells}</tr>'


def _place(axis: str, cell: Cell) -> dict[str, object]:
    """Where the map opens a cell."""
    rows = next(rows for rows, kind in ROWS.items() if kind == cell.subject.kind)
    return {"rows": rows, "axis": axis, "row": cell.subject.id, "group": cell.group.id}


if __name__ == "__main__":
    page()
