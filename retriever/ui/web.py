"""From the web, on the page Add documents: say what is wanted, see what there is, fetch it."""

from __future__ import annotations

from functools import partial

import streamlit as st

from retriever import Library, fetching
from retriever.config import load_settings
from retriever.errors import DeskError, RetrieverError
from retriever.incoming import Incoming
from retriever.ui import add_words, web_words, words
from retriever.ui.shared import paragraph, problem, problems_in_a_box, slot
from retriever.work import OVER, What, Work

MOST = 100
"""Documents that are fetched at once for one line of what is wanted."""

_KIND, _TEXT, _LIMIT = "web-kind", "web-text", "web-limit"
_JOB = "web-job"  # what this person had done last
_WRONG = "web-wrong"  # told once, after the page has run anew
_USUAL = 20
_BUTTONS: tuple[tuple[What, str], ...] = (("find", "See what there is"), ("fetch", "Fetch"))


def section(source: Library, work: Work, who: str) -> None:
    """Show the form, and what became of what was asked for last. Asks the web for nothing."""
    st.html("<h2>From the web</h2>")
    with problems_in_a_box("Nothing can be fetched from the web"):
        # Read anew, as the work does, so that switching it on needs no new start.
        if not load_settings(source.root).web.enabled:
            paragraph(web_words.OFF)
            return
        _form(work, who)
        with slot():
            _tell()
        with slot():
            _last(source, work)


def is_fetching(work: Work) -> bool:
    """Whether documents are being fetched, or will be."""
    return any(job.what == "fetch" and job.state not in OVER for job in work.jobs())


def _form(work: Work, who: str) -> None:
    paragraph(web_words.LEAD)
    st.radio(
        "What do you have?",
        list(web_words.KINDS),
        key=_KIND,
        format_func=lambda kind: web_words.KINDS[kind].name,
        captions=[kind.example for kind in web_words.KINDS.values()],
    )
    st.text_area("What is wanted, one per line", key=_TEXT, height=100)
    st.number_input("Documents at most for each line", 1, MOST, _USUAL, key=_LIMIT, width=300)
    with st.container(horizontal=True):
        for what, label in _BUTTONS:
            st.button(label, key=f"web-{what}", on_click=partial(_begin, work, who, what))


def _begin(work: Work, who: str, what: What) -> None:
    """Have it done in a process of its own; why it cannot be is told below the form."""
    state = st.session_state
    try:
        wanted = [
            fetching.asked(state[_KIND], line) for line in state[_TEXT].split("\n") if line.strip()
        ]
        if not wanted:
            raise DeskError("Nothing was named. Fill in what is wanted, then press the button.")
        state[_JOB] = work.start(what, who, wanted=wanted, limit=state[_LIMIT]).id
    except RetrieverError as error:
        state[_WRONG] = str(error)


def _tell() -> None:
    if wrong := st.session_state.pop(_WRONG, ""):
        problem("That cannot be asked for", wrong)


def _last(source: Library, work: Work) -> None:
    """What became of what this person asked for last, or else of what anybody did."""
    jobs = [job for job in work.jobs() if job.what in ("find", "fetch")]
    own = st.session_state.get(_JOB)
    job = next((job for job in jobs if job.id == own), jobs[0] if jobs else None)
    if job is None:
        return
    if job.state not in OVER:
        paragraph(web_words.AT_WORK, "aside")
    kept = fetching.kept(work.fetched(job.id))
    if not kept.lines:
        return
    with st.expander(add_words.plain(web_words.heading(job)), expanded=job.id == own):
        if job.state in OVER:
            paragraph(job.message)
        if kept.batch:
            _where(source, kept.batch)
        st.html(web_words.lines_html(kept.lines, job))


def _where(source: Library, batch_id: str) -> None:
    """Lead to the files that were fetched, as long as they are listed."""
    try:
        batch = Incoming(source.root).batch(batch_id)
    except DeskError:
        paragraph("Its files were decided on: the History tells which were added.")
        return
    to = words.address("add", {"batch": batch_id})
    st.html(words.links_html([words.page_link(to, add_words.batch_name(batch))]))
