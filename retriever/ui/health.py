"""What the library is made of, and where it is thin."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from retriever.health import Count, Health, Held, thin
from retriever.labels import axis_in_words
from retriever.ui import health_picture, keep_words, map_words, words
from retriever.ui.shared import (
    desk_links,
    heading,
    library,
    paragraph,
    problem,
    problems_in_a_box,
)

AT_ONCE = 15
"""Publishers and countries shown at once."""


def page() -> None:
    """Show the counts, each as a table and then as a picture."""
    heading("Library health")
    desk_links("health")
    with problems_in_a_box("The library cannot be counted"):
        source = library()
        with st.spinner("Reading whom the documents are about…"):
            health = source.health()
        if not health.documents:
            problem("The library is empty", "There is nothing to count yet.")
            return
        _show(health)


def _show(health: Health) -> None:
    paragraph(
        f"{words.count(health.documents, 'document')}. Groups and topics are told by the words of "
        "the vocabularies, sentence by sentence, and some counts are wrong: they say where to "
        "look.",
        "lead",
    )
    _thin(health)
    _counts("Kinds of source", "Kind of source", health.kinds)
    _counts("Years", "Years", health.years)
    _groups(health.groups)
    _topics(health.topics)
    for title, column, counts in (
        ("Publishers", "Publisher", health.publishers),
        ("Countries", "Country", health.countries),
    ):
        caption = f"{title}: how many documents"
        table = keep_words.counts_html(caption, column, counts[:AT_ONCE])
        st.html(f"<h2>{title}</h2>{table}")
        if more := counts[AT_ONCE:]:
            table = keep_words.counts_html(f"{title}: the others", column, more)
            st.html(keep_words.folded_html(f"Show {len(more):,} more", table))


def _thin(health: Health) -> None:
    st.html("<h2>Where it is thin</h2>")
    groups, topics = thin(health.groups), thin(health.topics)
    no_groups, no_topics = ([one for one in few if not one.reported] for few in (groups, topics))
    paragraph(
        f"Of {len(health.groups):,} population groups, no document reports a result or advice for "
        f"{len(no_groups):,}, and only one document does for {len(groups) - len(no_groups):,} more."
    )
    paragraph(
        f"Of {len(health.topics):,} topics, no document speaks of {len(no_topics):,}, and only one "
        f"does of {len(topics) - len(no_topics):,} more."
    )
    for summary, some in (
        ("Groups for which nothing is reported", no_groups),
        ("Groups that one document reports for", groups[len(no_groups) :]),
        ("Topics of which no document speaks", no_topics),
        ("Topics of which one document speaks", topics[len(no_topics) :]),
    ):
        if some:
            names = keep_words.names_html(some)
            st.html(keep_words.folded_html(f"{summary} ({len(some):,})", names))


def _counts(title: str, column: str, counts: Sequence[Count]) -> None:
    caption = f"{title}: how many documents"
    st.html(f"<h2>{title}</h2>" + keep_words.counts_html(caption, column, counts))
    _picture(title, counts)


def _picture(title: str, counts: Sequence[Count]) -> None:
    drawn = health_picture.draw(f"{title}: documents", counts)
    described = f"The table above as bars: {title.lower()}, {words.count(len(counts), 'bar')}."
    label = f"{title} as a picture"
    st.html(map_words.picture_html(drawn.png, drawn.width, described, label))


def _groups(groups: Sequence[Held]) -> None:
    st.html("<h2>Population groups</h2>")
    paragraph(
        "How many documents report a result or advice for a group, or for a narrower one, and how "
        "many name it at all. What no document names is above.",
        "aside",
    )
    for axis in dict.fromkeys(one.concept.axis for one in groups):
        named = [one for one in groups if one.concept.axis == axis and one.documents]
        if not named:
            continue
        title = map_words.capital(axis_in_words(axis))
        caption = f"Groups by {axis_in_words(axis)}: how many documents"
        st.html(f"<h3>{escape(title)}</h3>" + keep_words.groups_html(caption, named))
        bars = [Count(one.concept.label, one.reported) for one in named]
        _picture(f"Groups by {axis_in_words(axis)}, reported for", bars)


def _topics(topics: Sequence[Held]) -> None:
    named = sorted((one for one in topics if one.documents), key=lambda one: -one.documents)
    st.html("<h2>Topics</h2>")
    if named:
        first = named[:AT_ONCE]
        st.html(keep_words.topics_html("The topics that most documents speak of", first))
        _picture("Topics", [Count(one.concept.label, one.documents) for one in first])
    if more := named[AT_ONCE:]:
        table = keep_words.topics_html("The other topics", more)
        st.html(keep_words.folded_html(f"Show {len(more):,} more", table))


if __name__ == "__main__":
    page()
