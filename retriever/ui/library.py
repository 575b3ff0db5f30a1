"""What the library holds, what became of each file, and a search over both."""

from __future__ import annotations

from functools import partial

import streamlit as st

from retriever import Library, upkeep
from retriever.desk import Desk
from retriever.errors import IndexMissing
from retriever.labels import kind_of_source
from retriever.purging import purge
from retriever.schema import LibraryEntry
from retriever.ui import keep, keep_words, words
from retriever.ui.shared import (
    desk_links,
    heading,
    library,
    paragraph,
    problem,
    problems_in_a_box,
    slot,
)

ROWS = 200
"""Rows of the table on one page."""


def page() -> None:
    """Show the files that could not be read, what was removed, then the table."""
    heading("Library")
    desk_links("library")
    with problems_in_a_box("The library cannot be shown"):
        source = library()
        keep.outcome()
        try:
            everything = source.entries()
        except IndexMissing as error:
            problem("The library is not ready yet", str(error))
            return
        if not everything:
            problem("The library is empty",
                    f"Put documents into {source.corpus} and run `retriever index`.")
            _removed(source)
            return
        _show(source, everything)


def _show(source: Library, everything: list[LibraryEntry]) -> None:
    failed = [entry for entry in everything if entry.outcome == "failed"]
    read = len(everything) - len(failed)
    passages = sum(entry.passages for entry in everything)
    unread = f"{words.count(len(failed), 'file')} could not be read." if failed else ""
    paragraph(f"{words.count(read, 'document')}, cut into {words.count(passages, 'passage')}. "
              f"{unread}")
    with slot():
        if failed:
            st.html("<h2>Files that could not be read</h2>" + words.failures_html(failed))
    with slot():
        _removed(source)
    st.html("<h2>All files</h2>")
    wanted = st.text_input("Search in titles, publishers, years, kinds and file names",
                           key="find", bind="query-params")
    found = [entry for entry in everything if _matches(entry, wanted or "")]
    _table(found, len(everything))


def _removed(source: Library) -> None:
    """What was removed, to be brought back or deleted for good."""
    with problems_in_a_box("What was removed cannot be shown"):
        removed = {one.path: one for one in reversed(Desk(source.root).removed())}
        if not removed:
            return
        st.html("<h2>Removed documents</h2>")
        with st.expander(f"{words.count(len(removed), 'document')}, to be brought back or deleted "
                         "for good", key="removed", expanded=keep.asking()):
            days = source.settings.desk.keep_removed_days
            until = {path: upkeep.due(one, days) for path, one in removed.items()}
            rows = [(one, until[path]) for path, one in reversed(removed.items())]
            st.html(keep_words.removed_html(rows))
            keep.who()
            path = st.selectbox("Removed document", [one.path for one, _ in rows], key="back")
            st.button("Bring it back", key="restore", on_click=partial(_restore, source, path))
            keep.confirmed(
                f"purge-{path}",
                "Delete it for good…",
                f"All that is kept of {path} will be deleted: the file, its earlier versions, what "
                "was stated of it and the grades that quote it. Nothing brings it back. Left "
                "alone, it is kept until "
                f"{keep_words.in_full(until[path])}, or longer.",
                "Yes, delete it for good",
                partial(_purge, source, path),
            )


def _restore(source: Library, path: str) -> None:
    keep.change(source, lambda desk: [desk.restore(path)])


def _purge(source: Library, path: str) -> None:
    keep.change(source, lambda desk: [purge(desk, path)])


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
