"""What in the library wants attention, the most pressing first, each with what mends it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from html import escape

import streamlit as st

from retriever import Library, upkeep
from retriever.errors import RetrieverError
from retriever.labels import severity_in_words
from retriever.purging import purge
from retriever.schema import Check, Progress
from retriever.ui import keep, keep_words, words
from retriever.ui.shared import desk_links, heading, library, paragraph, problems_in_a_box

SEVERITIES = ("error", "warning", "note", "ok")
ASKED = "ask_questions"
BEHIND = ("index", "freshness", "removed")
"""Checks that indexing mends: a button for that stands below the first of them."""


def page() -> None:
    """Look the library over and say what was found."""
    heading("Check")
    desk_links("check")
    paragraph("What wants your attention in this library, and what mends it.", "lead")
    with problems_in_a_box("The library cannot be looked over"):
        source = library()
        keep.outcome()
        _show(source, _look(source, st.session_state.pop(ASKED, False)))


def _look(source: Library, ask: bool) -> list[Check]:
    if not ask:
        with st.spinner("Looking the library over…"):
            return source.check()
    bar = st.progress(0.0, "Asking the evaluation questions…")

    def progress(step: Progress) -> None:
        bar.progress(step.done / step.total, f"Asked {step.done:,} of {step.total:,} questions")

    found = source.check(ask=True, progress=progress)
    bar.empty()
    return found


def _show(source: Library, checks: list[Check]) -> None:
    wanting = [check for check in checks if check.severity != "ok"]
    behind = next((check.name for check in wanting if check.name in BEHIND), "")
    if not wanting:
        paragraph("All is well.")
    for severity in SEVERITIES:
        of_it = [check for check in checks if check.severity == severity]
        if not of_it:
            continue
        st.html(f"<h2>{escape(severity_in_words(severity))}</h2>")
        if severity == "ok":
            st.html(keep_words.in_order_html(of_it))
            continue
        for name in dict.fromkeys(check.name for check in of_it):
            st.html(keep_words.check_html(name, [c for c in of_it if c.name == name]))
            if name == "kept":
                _offer_purge(source, of_it)
            elif name == behind:
                index = partial(_begin, partial(keep.index_now, source))
                st.button("Bring the index up to date", key="index", on_click=index)
    if source.settings.web.enabled:
        look = partial(_begin, partial(keep.look_at_links, source))
        st.button("Look where addresses lead now", key="links", on_click=look)
    if (source.root / upkeep.QUESTIONS).exists():
        st.button("Ask the evaluation questions now", key="ask", on_click=_ask)


def _begin(start: Callable[[], None]) -> None:
    """Have long work begin; why it cannot is said where other outcomes are."""
    try:
        start()
    except RetrieverError as error:
        keep.refuse(str(error))


def _offer_purge(source: Library, checks: list[Check]) -> None:
    paths = [one.path for check in checks if check.name == "kept" for one in check.concerns]
    keep.who()
    keep.confirmed(
        "purge-all",
        "Delete these for good…",
        f"Of {words.count(len(paths), 'removed document')} all that is kept will be deleted, and "
        "the grades that quote them. Nothing brings it back.",
        "Yes, delete for good",
        partial(_purge, source, paths),
    )


def _purge(source: Library, paths: list[str]) -> None:
    keep.change(source, lambda desk: (purge(desk, path) for path in paths))


def _ask() -> None:
    st.session_state[ASKED] = True


if __name__ == "__main__":
    page()
