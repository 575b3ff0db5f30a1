"""What the library holds, what became of each file, and a search over both."""

from __future__ import annotations

import streamlit as st

from retriever.errors import IndexMissing
from retriever.labels import kind_of_source
from retriever.schema import LibraryEntry
from retriever.ui import words
from retriever.ui.shared import (
    heading,
    library,
    paragraph,
    problem,
    problems_in_a_box,
)

ROWS = 200
"""Rows of the table on one page."""


def page() -> None:
    """Show the files that could not be read, then the table."""
    heading("Library")
    with problems_in_a_box("The library cannot be shown"):
        source = library()
        try:
            everything = source.entries()
        except IndexMissing as error:
            problem("The library is not ready yet", str(error))
            return
        if not everything:
            problem("The library is empty",
                    f"Put documents into {source.corpus} and run `retriever index`.")
            return
        _show(everything)


def _show(everything: list[LibraryEntry]) -> None:
    failed = [entry for entry in everything if entry.outcome == "failed"]
    read = len(everything) - len(failed)
    passages = sum(entry.passages for entry in everything)
    unread = f"{words.count(len(failed), 'file')} could not be read." if failed else ""
    paragraph(f"{words.count(read, 'document')}, cut into {words.count(passages, 'passage')}. "
              f"{unread}")
    if failed:
        st.html("<h2>Files that could not be read</h2>" + words.failures_html(failed))
    st.html("<h2>All files</h2>")
    wanted = st.text_input("Search in titles, publishers, years, kinds and file names",
                           key="find", bind="query-params")
    found = [entry for entry in everything if _matches(entry, wanted or "")]
    _table(found, len(everything))


def _matches(entry: LibraryEntry, wanted: str) -> bool:
    """Whether every word looked for is somewhere in what the table shows of a file."""
    metadata = entry.metadata
    shown = " ".join(
        (
            metadata.title,
            metadata.publisher,
            metadata.guidance_id,
            str(metadata.year or ""),
            kind_of_source(metadata.source_type),
            entry.path,
            entry.document_id,
            entry.reason,
        )
    ).casefold()
    return all(word in shown for word in wanted.casefold().split())


def _table(found: list[LibraryEntry], total: int) -> None:
    if not found:
        paragraph("No file matches. Look for fewer or other words.")
        return
    shown = found
    if len(found) > ROWS:
        last = -(-len(found) // ROWS)
        number = st.number_input(f"Part of the table, 1 to {last}", 1, last, key="part", width=260)
        shown = found[(number - 1) * ROWS : number * ROWS]
    paragraph(f"Showing {len(shown):,} of {words.count(total, 'file')}.", "aside")
    st.html(words.table_html(shown))


if __name__ == "__main__":
    page()
