"""The words by which groups, topics, interventions and outcomes are known, and who keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from retriever import concepts, whom_words
from retriever.concepts import Concept, Concepts
from retriever.labels import axis_in_words
from retriever.ui import words
from retriever.ui.evaluator_words import table_html
from retriever.ui.shared import (
    choice,
    heading,
    paragraph,
    problems_in_a_box,
    put_into_address,
)
from retriever.vocabulary import origin

# The names of the address's values.
KIND, FIND = "entries", "find"

_FILES = (
    (concepts.POPULATIONS, "Population groups"),
    (concepts.SUBJECTS, "Topics, interventions and outcomes"),
    (whom_words.WORDS, "Words that tell whether a sentence reports something for a group"),
)


def page() -> None:
    """Show the entries of one kind, and the files that they come from."""
    heading("Vocabulary")
    paragraph(
        "The words by which questions and documents are understood. What is not here is not "
        "recognised.",
        "lead",
    )
    with problems_in_a_box("The vocabularies cannot be shown"):
        known = concepts.packaged()
        _entries(known)
        _traps(known)
        _files()


def _entries(known: Concepts) -> None:
    wanted = st.query_params.get(FIND, "")
    found = {
        kinds: [c for c in known.words if c.kind == kind and _fits(known, c, wanted)]
        for kinds, kind in concepts.KINDS.items()
    }
    left, right = st.columns(2)
    st.session_state[FIND] = wanted
    right.text_input("Search in names and words", wanted, key=FIND, on_change=_search)
    with left:
        kinds = choice("Show", KIND, list(found), lambda name: _counted(name, found[name]))
    if not found[kinds]:
        others = [_counted(name, entries) for name, entries in found.items() if entries]
        elsewhere = f" There are matches among: {', '.join(others)}." if others else ""
        paragraph(f"None of the {kinds} matches “{wanted}”.{elsewhere}")
    for axis in dict.fromkeys(concept.axis for concept in found[kinds]):
        entries = [concept for concept in found[kinds] if concept.axis == axis]
        name = f"{kinds.capitalize()} by {axis_in_words(axis)}" if axis else kinds.capitalize()
        st.html(f"<h2>{escape(name)}</h2>" + _table(known, name, entries))


def _search() -> None:
    put_into_address(FIND, st.session_state[FIND])


def _counted(name: str, entries: Sequence[Concept]) -> str:
    return f"{name.capitalize()} ({len(entries):,})"


def _fits(known: Concepts, concept: Concept, wanted: str) -> bool:
    shown = " ".join((concept.id, concept.label, *known.words[concept])).casefold()
    return all(word in shown for word in wanted.casefold().split())


def _table(known: Concepts, name: str, entries: Sequence[Concept]) -> str:
    rows = [
        (
            escape(concept.label),
            escape(", ".join(known.words[concept])),
            escape(", ".join(sorted(above.label for above in known.broader(concept)))),
            escape(concept.id),
        )
        for concept in entries
    ]
    caption = f"{name}: {words.count(len(rows), 'entry').replace('entrys', 'entries')}"
    return table_html(caption, ("Name", "Words", "Broader", "Id"), rows, kind="documents")


def _traps(known: Concepts) -> None:
    st.html(
        "<h2>Words that never mean a group</h2>"
        "<p>They hold the word of a group and are about something else, so they name nobody: "
        f"{escape(', '.join(known.traps['group']))}.</p>"
    )


def _files() -> None:
    rows = [
        (
            escape(stated.path.name),
            escape(holds),
            *map(escape, (stated.date, stated.version)),
            escape(stated.source),
        )
        for path, holds in _FILES
        for stated in [origin(path)]
    ]
    st.html(
        "<h2>Who keeps these words</h2>"
        f"<p>Librarians edit these files in <code>{escape(str(concepts.POPULATIONS.parent))}"
        "</code>; the head of each says how. A * stands for any ending of a word.</p>"
        + table_html(
            "Files of words", ("File", "Holds", "Date", "Version", "Source"), rows, "documents"
        )
        + "<p>After a change, <code>retriever vocabulary check</code> names the first entry that "
        "is wrong, with its line; <code>retriever index</code> then finds again what each passage "
        "names.</p>"
    )


if __name__ == "__main__":
    page()
