"""Collections: named sets of documents to search within; made, filled, described, taken away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import streamlit as st

from retriever import Library
from retriever.collections import LONGEST, Collection, Shelves, read
from retriever.errors import IndexMissing
from retriever.journal import Event
from retriever.ui import keep, words
from retriever.ui.shared import (
    choice,
    desk_links,
    heading,
    library,
    paragraph,
    problems_in_a_box,
    put_into_address,
    slot,
)

NAME = "collection"
"""The name of the address's value, and of the list to choose from."""

_MADE = "made"  # how often a collection was made


def page() -> None:
    """Show one collection as a form, and a form for a new one."""
    heading("Collections")
    desk_links("collections")
    paragraph(
        "A collection is a named set of documents, for a locality or a programme. People choose it "
        "on the pages Ask and Evidence map to search only what is in it.",
        "lead",
    )
    with problems_in_a_box("The collections cannot be shown"):
        source = library()
        keep.outcome()
        keep.who()
        known = {one.name: one for one in read(source.root)}
        with slot():
            if known:
                _show(source, known[choice("Collection", NAME, list(known))])
        _new(source)


def _show(source: Library, one: Collection) -> None:
    titles = _titles(source)
    # Another key once something was changed, so that the form shows it as it is now.
    key = f"{one.name}-{hash(one)}-{{}}".format
    st.html("<h2>What is in it</h2>" + _listed_html(one, titles))
    with st.form(key("form"), border=False):
        st.text_input("Name", one.name, max_chars=LONGEST, key=key("name"))
        st.text_input("What it is for", one.note, key=key("note"))
        st.multiselect(
            "Documents in it",
            list(dict.fromkeys([*one.documents, *titles])),
            list(one.documents),
            key=key("documents"),
            format_func=lambda path: titles.get(path, path),
            placeholder="Type part of a title",
        )
        st.text_input("Why (for the history)", key=key("why"))
        save = partial(_save, source, one, key)
        st.form_submit_button("Save", key="save", type="primary", on_click=save)
    keep.confirmed(
        f"delete-{one.name}",
        "Delete this collection…",
        f"The collection “{one.name}” will be there no more; its documents stay in the library. "
        "The History can bring it back.",
        "Yes, delete it",
        partial(_delete, source, one.name),
    )


def _titles(source: Library) -> dict[str, str]:
    """The title of each document of the library by its path, in order of the titles."""
    try:
        entries = [entry for entry in source.entries() if entry.outcome == "indexed"]
    except IndexMissing:
        return {}
    titles = {entry.path: words.title_of(entry) for entry in entries}
    return dict(sorted(titles.items(), key=lambda item: (item[1].casefold(), item[0])))


def _listed_html(one: Collection, titles: dict[str, str]) -> str:
    if not one.documents:
        return "<p>No document yet.</p>"
    rows = (
        words.page_link(words.address("document", {"file": path}), titles.get(path, path))
        + ("" if path in titles else " (not in the index)")
        for path in one.documents
    )
    items = "".join(f"<li>{row}</li>" for row in rows)
    return f"<p>{words.count(len(one.documents), 'document')}.</p><ul>{items}</ul>"


def _save(source: Library, one: Collection, key: Callable[[str], str]) -> None:
    name, note, why = (
        " ".join(st.session_state[key(field)].split()) for field in ("name", "note", "why")
    )
    documents = st.session_state[key("documents")]
    if (name, note, set(documents)) == (one.name, one.note, set(one.documents)):
        keep.refuse("Nothing in the form differs from what holds already.")
    elif keep.change(
        source,
        lambda desk: _changes(Shelves(desk.root, desk.who), one, name, note, documents, why),
    ):
        put_into_address(NAME, name)


def _changes(
    shelves: Shelves, one: Collection, name: str, note: str, documents: list[str], why: str
) -> Iterator[Event]:
    """Make only what differs, so that what somebody else has changed meanwhile stays."""
    if note != one.note:
        yield shelves.describe(one.name, note, why)
    if new := [path for path in documents if path not in one.documents]:
        yield shelves.add(one.name, new, why)
    if gone := [path for path in one.documents if path not in documents]:
        yield shelves.take_out(one.name, gone, why)
    if name != one.name:
        yield shelves.rename(one.name, name, why)


def _delete(source: Library, name: str) -> None:
    keep.change(source, lambda desk: [Shelves(desk.root, desk.who).delete(name)])


def _new(source: Library) -> None:
    st.html("<h2>Make a new one</h2>")
    key = f"new-{st.session_state.setdefault(_MADE, 0)}-{{}}".format
    with st.form(key("form"), border=False):
        st.text_input("Name", max_chars=LONGEST, key=key("name"))
        st.text_input("What it is for", key=key("note"))
        make = partial(_make, source, key)
        st.form_submit_button("Make it", key="make", on_click=make)


def _make(source: Library, key: Callable[[str], str]) -> None:
    name = " ".join(st.session_state[key("name")].split())
    note = st.session_state[key("note")]
    if keep.change(source, lambda desk: [Shelves(desk.root, desk.who).make(name, note)]):
        st.session_state[_MADE] += 1
        put_into_address(NAME, name)


if __name__ == "__main__":
    page()
