"""For whom the library reports something, and for whom not: subjects against population groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import urlencode

import streamlit as st

from retriever import Library
from retriever.evidence_map import (
    ROWS,
    STANDINGS,
    Cell,
    Column,
    EvidenceMap,
    Reading,
    Row,
    to_csv,
)
from retriever.labels import axis_in_words, kind_of_source
from retriever.schema import SOURCE_TYPES, Filters
from retriever.ui import map_picture, map_words, words
from retriever.ui.shared import (
    choice,
    choices,
    collection_names,
    heading,
    library,
    paragraph,
    problem,
    problems_in_a_box,
    put_into_address,
)
from retriever.whom import labelled_axes

# The names of the address's values; each widget's key is the same.
OF, AXIS, FIND, KIND, COLLECTION, FIRST, LAST, GROUPS = (
    "rows",
    "axis",
    "find",
    "kind",
    "collection",
    "from",
    "to",
    "groups",
)
# The cell that is opened.
SUBJECT, GROUP = "row", "group"

AT_ONCE = 30
"""Rows shown at once."""

DOCUMENTS = 10
"""Documents of a cell shown at once."""

_YEARS = 1800, 2200


def page() -> None:
    """Show the map, or the cell that the address names."""
    heading("Evidence map")
    with problems_in_a_box("The map cannot be drawn"):
        source = library()
        if SUBJECT in st.query_params or GROUP in st.query_params:
            _open_cell(source)
        else:
            _show(source)


# The map


def _show(source: Library) -> None:
    paragraph(
        "For whom does this library report something, and for whom does it hold nothing? Empty "
        "cells are the message.",
        "lead",
    )
    _filters(source)
    drawn = _draw(source, st.query_params.get(FIND, ""))
    columns = _columns(drawn)
    st.html(map_words.meanings_html())
    paragraph(
        "A document counts once in a cell, by the strongest it does for the group. A broader group "
        "takes in the narrower ones. The counts are worked out from words, sentence by sentence, "
        "and some are wrong: they say where to look. Read a cell's passages before you rely on it.",
        "aside",
    )
    if drawn.rows and columns:
        _table_and_picture(drawn, columns)
    else:
        none = "speaks of any of these" if columns else "names any of these groups"
        paragraph(
            f"No document that the filters let through {none}. Look for fewer or other words, "
            "choose other groups, or remove a filter."
        )
    st.html(map_words.left_out_html(drawn))
    if said := map_words.on_axis(drawn.axis):
        paragraph(said, "aside")
    _look_up(drawn)


def _filters(source: Library) -> None:
    """The widgets above the map; their values stand in the address."""
    kinds = sorted(
        {e.metadata.source_type for e in source.entries() if e.outcome == "indexed"},
        key=kind_of_source,
    )
    left, right = st.columns(2)
    with left:
        choice("Rows", OF, list(ROWS), map_words.capital)
    with right:
        choice("Groups by", AXIS, labelled_axes(), _axis)
    st.session_state[FIND] = st.query_params.get(FIND, "")
    st.text_input(
        "Only rows with these words",
        st.session_state[FIND],
        key=FIND,
        on_change=_typed,
        args=(FIND,),
    )
    with st.expander("Filters", key="filters"):
        choices("Kind of source", KIND, kinds, kind_of_source)
        choices("Collection", COLLECTION, collection_names(source))
        for column, label, name in zip(
            st.columns(2), ("From year", "To year"), (FIRST, LAST), strict=True
        ):
            st.session_state[name] = _year(name)
            column.number_input(
                label,
                *_YEARS,
                st.session_state[name],
                key=name,
                placeholder="Any",
                on_change=_typed,
                args=(name,),
            )
    known = {OF: list(ROWS), AXIS: list(labelled_axes()), KIND: kinds}
    for value in _left_out(known):
        st.html(
            words.warning_html(
                f"The address asks for “{value}”, which is not to be had here. It was left out."
            )
        )


def _axis(axis: str) -> str:
    return map_words.capital(axis_in_words(axis))


def _typed(name: str) -> None:
    value = st.session_state[name]
    put_into_address(name, "" if value is None else str(value))


def _year(name: str) -> int | None:
    value = st.query_params.get(name, "")
    fits = value.isascii() and value.isdecimal() and len(value) == 4
    year = int(value) if fits else 0
    return year if _YEARS[0] <= year <= _YEARS[1] else None


def _left_out(known: dict[str, list[str]]) -> list[str]:
    """The values in the address that cannot be meant, so that nobody trusts another map."""
    unknown = [
        value
        for name, values in known.items()
        for value in st.query_params.get_all(name)
        if value not in values
    ]
    years = [name for name in (FIRST, LAST) if name in st.query_params and _year(name) is None]
    return [*unknown, *(st.query_params[name] for name in years)]


def _draw(source: Library, find: str) -> EvidenceMap:
    """The map that the address asks for."""
    params = st.query_params
    of, axis = params.get(OF, ""), params.get(AXIS, "")
    filters = Filters(
        source_types=tuple(kind for kind in params.get_all(KIND) if kind in SOURCE_TYPES),
        year_from=_year(FIRST),
        year_to=_year(LAST),
        collections=tuple(params.get_all(COLLECTION)),
    )
    with st.spinner("Reading whom the documents are about…"):
        return source.evidence_map(
            of if of in ROWS else next(iter(ROWS)),
            axis if axis in labelled_axes() else labelled_axes()[0],
            filters,
            find,
        )


def _columns(drawn: EvidenceMap) -> list[Column]:
    """The groups to show: those chosen, else all that some document names."""
    named = [column for column in drawn.columns if column.documents]
    labels = {column.group.id: column.group.label for column in drawn.columns}
    chosen = choices("Only these groups", GROUPS, list(labels), labels.__getitem__)
    return [column for column in drawn.columns if column.group.id in chosen] or named


def _table_and_picture(drawn: EvidenceMap, columns: Sequence[Column]) -> None:
    rows = drawn.rows
    st.html("<h2>Map as a table</h2>")
    if len(rows) > AT_ONCE:
        last = -(-len(rows) // AT_ONCE)
        number = st.number_input(f"Part of the map, 1 to {last}", 1, last, key="part", width=260)
        rows = rows[(number - 1) * AT_ONCE : number * AT_ONCE]
    held = sum(bool(drawn.cell(row.subject, c.group).entries) for row in rows for c in columns)
    paragraph(
        f"Showing {len(rows):,} of {len(drawn.rows):,} {drawn.of}, those that most documents speak "
        f"of first, by {words.count(len(columns), 'group')}. {held:,} of these "
        f"{len(rows) * len(columns):,} cells hold something. "
        f"{words.count(drawn.searched, 'document')} looked through.",
        "aside",
    )
    st.html(map_words.map_html(drawn, rows, columns, _address_of))
    st.download_button("Whole map (CSV)", to_csv(drawn), f"{_name(drawn)}.csv", key="csv")
    st.html("<h2>Map as a picture</h2>")
    with st.spinner("Drawing the map…"):
        picture = map_picture.draw(drawn, rows, columns)
    described = map_picture.described(drawn, rows, columns)
    st.html(map_words.picture_html(picture.png, picture.width, described))
    st.download_button(
        "This picture (PNG)", picture.png, f"{_name(drawn)}.png", "image/png", key="png"
    )


def _name(drawn: EvidenceMap) -> str:
    return f"evidence-map-{drawn.of}-{drawn.axis}"


def _address_of(cell: Cell) -> str:
    return _address({SUBJECT: cell.subject.id, GROUP: cell.group.id})


def _address(more: Mapping[str, str]) -> str:
    """This page's address without a cell, and with some more values."""
    kept = [
        (name, value)
        for name in st.query_params
        if name not in (SUBJECT, GROUP)
        for value in st.query_params.get_all(name)
    ]
    return f"map?{urlencode([*kept, *more.items()])}"


def _look_up(drawn: EvidenceMap) -> None:
    """Any cell by name, the empty ones too."""
    st.html("<h2>Look up one cell</h2>")
    subjects = {c.id: c.label for c in (*(row.subject for row in drawn.rows), *drawn.unnamed)}
    groups = {column.group.id: column.group.label for column in drawn.columns}
    if not subjects:
        return
    with st.form("cell", border=False):
        left, right = st.columns(2)
        left.selectbox(
            map_words.capital(drawn.of.removesuffix("s")),
            sorted(subjects, key=lambda name: subjects[name].casefold()),
            key="subject",
            format_func=subjects.__getitem__,
        )
        right.selectbox("Group", list(groups), key="group_of", format_func=groups.__getitem__)
        st.form_submit_button("Open", key="open", on_click=_look)


def _look() -> None:
    put_into_address(SUBJECT, st.session_state["subject"])
    put_into_address(GROUP, st.session_state["group_of"])


# One cell


def _open_cell(source: Library) -> None:
    st.html(words.links_html([words.page_link(_address({}), "Back to the map")]))
    drawn = _draw(source, find="")
    rows = {row.subject.id: row for row in drawn.rows}
    rows |= {concept.id: Row(concept, 0) for concept in drawn.unnamed}
    columns = {column.group.id: column for column in drawn.columns}
    row = rows.get(st.query_params.get(SUBJECT, ""))
    column = columns.get(st.query_params.get(GROUP, ""))
    if row is None or column is None:
        problem(
            "The map has no such cell",
            f"There is no map of {drawn.of} by {axis_in_words(drawn.axis)} with the row "
            f"“{st.query_params.get(SUBJECT, '')}” and the group "
            f"“{st.query_params.get(GROUP, '')}”. Go back to the map and choose one there.",
        )
        return
    _cell(source, drawn, row, column)


def _cell(source: Library, drawn: EvidenceMap, row: Row, column: Column) -> None:
    cell = drawn.cell(row.subject, column.group)
    title = f"{map_words.capital(cell.subject.label)}: {cell.group.label}"
    st.html(f"<h2>{escape(title)}</h2>")
    if column.includes:
        paragraph(map_words.taking_in(column))
    if restricted := _restricted():
        paragraph(restricted)
    if not cell.entries:
        st.html(f'<p class="gap">{escape(map_words.nothing(cell, row.documents, drawn))}</p>')
        return
    paragraph(map_words.held(cell, row.documents, drawn))
    paragraph(map_words.kinds_in_words(cell), "aside")
    _documents(source, cell)


def _restricted() -> str:
    """In words, the filters that the cell stands under; empty without any."""
    kinds = [kind_of_source(kind) for kind in st.query_params.get_all(KIND)]
    years = [
        f"{word} {_year(name)}" for word, name in (("from", FIRST), ("to", LAST)) if _year(name)
    ]
    collections = [f"in “{name}”" for name in st.query_params.get_all(COLLECTION)]
    limits = [*kinds, *collections, *years]
    return f"Only documents that the filters let through: {', '.join(limits)}." if limits else ""


def _documents(source: Library, cell: Cell) -> None:
    entries = {entry.document_id: entry for entry in source.entries()}
    readings: dict[str, list[Reading]] = {}
    for reading in source.read_cell(cell):
        readings.setdefault(reading.passage.document_id, []).append(reading)
    ordered = sorted(
        cell.entries,
        key=lambda e: (
            STANDINGS.index(e.standing),
            -(entries[e.document_id].metadata.year or 0),
            words.title_of(entries[e.document_id]).casefold(),
        ),
    )
    if len(ordered) > DOCUMENTS:
        last = -(-len(ordered) // DOCUMENTS)
        number = st.number_input(
            f"Part of the documents, 1 to {last}", 1, last, key="documents", width=260
        )
        ordered = ordered[(number - 1) * DOCUMENTS : number * DOCUMENTS]
    for number, one in enumerate(ordered, start=1):
        entry = entries[one.document_id]
        with st.container(key=f"finding-{number}", border=True):
            st.html(
                map_words.document_html(
                    words.title_of(entry),
                    entry.metadata,
                    one.standing,
                    sorted(readings[one.document_id], key=map_words.strength),
                )
            )


if __name__ == "__main__":
    page()
