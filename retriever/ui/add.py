"""Add documents: drop files, see what was read of each, confirm, add."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from html import escape
from typing import Any

import streamlit as st

from retriever import Library
from retriever.errors import RetrieverError
from retriever.incoming import Incoming
from retriever.intake import Given
from retriever.labels import kind_of_source, status_of
from retriever.schema import SOURCE_TYPES, Metadata
from retriever.ui import add_words, keep, web, web_words, words
from retriever.ui.shared import (
    desk_links,
    heading,
    library,
    paragraph,
    problem,
    problems_in_a_box,
    slot,
)
from retriever.waiting import UNDECIDED, Batch, Decision, Waiting, confirmed
from retriever.work import OVER, Job, Work

ROWS = 20
"""Files to be decided on that are offered at once."""

BATCH = "batch"
"""The name of the address's value that says which files are looked at."""

_WHO = "adding"
_DROPS = "drops"  # how often files were taken in
_SAID, _TROUBLE = "said", "trouble"  # told until something else is done
_EVERY = 1.0  # seconds between two looks at the work
_STATUSES = ("unknown", "current", "withdrawn")
_ONE_LINE = ("title", "publisher", "year", "guidance_id", "url", "doi", "licence", "country")
_LINES = (
    "authors",
    "settings",
    "topics",
    "deprivation",
    "ethnic_groups",
    "other_groups",
)


def page() -> None:
    """Show the work in progress, the form for files, and what waits."""
    heading("Add documents")
    desk_links("add")
    with problems_in_a_box("Documents cannot be added"):
        source = library()
        paragraph(
            "Files that you drop here are read and compared with what the library holds. Nothing "
            "is in the library before you say so.",
            "lead",
        )
        st.session_state[_WHO] = keep.who()
        with slot():
            _tell()
        work = Work(source.root)
        with slot():
            _progress(work)
        with slot():
            _drop(source, work)
        with slot():
            web.section(source, work, _who())
        _waiting(source, work)


def _incoming(source: Library) -> Incoming:
    return Incoming(source.root, _who())


def _who() -> str:
    return str(st.session_state[_WHO])


def _tell() -> None:
    """Say what came of the button that was pressed last."""
    if said := st.session_state.get(_SAID):
        st.html(words.noted_html(said))
    if trouble := st.session_state.get(_TROUBLE):
        problem("That could not be done", trouble)


def _forget_what_was_told() -> None:
    for name in (_SAID, _TROUBLE):
        st.session_state.pop(name, None)


# The work in progress


def _progress(work: Work) -> None:
    jobs = work.unfinished()
    running = [job.id for job in jobs if job.state not in OVER]
    if not jobs:
        return
    st.html("<h2>Work in progress</h2>")
    show = st.fragment(_jobs, run_every=_EVERY if running else None)
    show(work, running)


def _jobs(work: Work, running: list[str]) -> None:
    """Show each job; once one has ended, the whole page is shown anew."""
    jobs = work.unfinished()
    still = [job.id for job in jobs if job.state not in OVER]
    if still != running:
        st.session_state[_SAID] = " ".join(
            job.message for job in work.jobs() if job.id in running and job.state == "done"
        )
        st.rerun()
    for job in jobs:
        _job(work, job)


def _job(work: Work, job: Job) -> None:
    if job.state in OVER:
        paragraph(add_words.ended_in_words(job))
        st.button("Go on", key=f"resume-{job.id}", on_click=partial(_told, work.resume, job.id))
        return
    share = job.done / job.total if job.total else 0.0
    st.progress(min(share, 1.0), add_words.plain(add_words.job_in_words(job)))
    if job.state == "working":
        st.button("Stop", key=f"stop-{job.id}", on_click=partial(_told, work.stop, job.id))


def _told(change: Any, *arguments: Any) -> None:
    """Make a change; what goes wrong is told when the page is shown anew."""
    _forget_what_was_told()
    try:
        change(*arguments)
    except RetrieverError as error:
        st.session_state[_TROUBLE] = str(error)


# Giving files


def _drop(source: Library, work: Work) -> None:
    st.html("<h2>Choose files</h2>")
    paragraph(
        "What a sidecar (NAME.toml) or a table of metadata (CSV or .xlsx, a file's name under the "
        "heading “path”) states of the files comes along if you drop it with them.",
        "aside",
    )
    files = st.file_uploader(
        "PDF, Word, web pages, JATS, Markdown, text, or a zip of them",
        accept_multiple_files=True,
        key=f"files-{st.session_state.setdefault(_DROPS, 0)}",
    )
    with slot():
        if files:  # they are here: until the last one is, the button would take none
            paragraph(f"{words.count(len(files), 'file')} chosen.")
    pressed = st.button("Read these files", key="read", type="primary")
    fetched = len(_incoming(source).fetched())
    if fetched and not web.is_fetching(work):  # which takes them in at its end
        label = f"Read {words.count(fetched, 'document')} fetched from the web"
        if st.button(label, key="read-fetched"):
            _read(work, _incoming(source).take_in_fetched(source.settings.reading))
    if not pressed:
        return
    if not files:
        problem("No files were chosen", "Choose or drop files first, then press the button.")
        return
    with problems_in_a_box("The files could not be taken in"):
        given = (Given(file.name, file.getvalue()) for file in files)
        _read(work, _incoming(source).take_in(given, source.settings.reading))


def _read(work: Work, batch: Batch) -> None:
    """Have a batch read, and show it.

    Nothing of Streamlit's stands before the start: where the page is left, it ends the run there.
    """
    _have_read(work, batch)
    _forget_what_was_told()
    st.session_state[_DROPS] += 1  # another key: the files that were taken in are let go
    st.query_params[BATCH] = batch.id
    st.rerun()


def _have_read(work: Work, batch: Batch) -> bool:
    """Start the reading of a batch that no job knows of; tells whether there was need to."""
    if not batch.having("unread") or any(job.batch == batch.id for job in work.jobs()):
        return False
    work.start("read", batch.who, batch.id)
    return True


# What waits


def _waiting(source: Library, work: Work) -> None:
    batches = _incoming(source).batches()[::-1]
    if not batches:
        return
    wanted = st.query_params.get(BATCH, "")
    batch = next((one for one in batches if one.id == wanted), batches[0])
    if _have_read(work, batch):  # its files were taken in, and the page or the computer ended then
        st.rerun()
    st.html(f"<h2>{escape(add_words.batch_name(batch))}</h2>")
    with slot():
        _other_batches([one for one in batches if one is not batch])
    paragraph(add_words.summary(batch))
    st.html(add_words.outcomes_html(batch))
    undecided = batch.having(*UNDECIDED)
    with st.container(horizontal=True):
        if ready := batch.having("ready"):
            label = f"Add all {len(ready)} that are ready as they are"
            add_all = partial(_add_all, source, work, batch, ready)
            st.button(label, key="add-all", type="primary", on_click=add_all)
        label = "Leave out the rest and close" if undecided else "Close this list"
        close = partial(_told, _incoming(source).close, batch.id)
        st.button(label, key="close", on_click=close)
    if ready:
        paragraph(
            "As they are: of those only what a sidecar states counts as checked, and what was "
            "inferred stays marked as inferred.",
            "aside",
        )
    _decide(source, work, batch)


def _other_batches(others: list[Batch]) -> None:
    if not others:
        return
    links = [
        words.page_link(
            words.address("add", {BATCH: one.id}), add_words.batch_name(one)
        )
        for one in others
    ]
    st.html(words.links_html(links, label="Other files that wait"))


def _add_all(source: Library, work: Work, batch: Batch, ready: list[Waiting]) -> None:
    _forget_what_was_told()
    incoming, bar, wrong = _incoming(source), st.progress(0.0), []
    for number, file in enumerate(ready):
        bar.progress(number / len(ready), add_words.plain(f"Adding {file.original}"))
        try:
            incoming.accept(batch.id, file.number)
        except RetrieverError as error:
            wrong.append(str(error))
    _added(work, len(ready) - len(wrong))
    st.session_state[_TROUBLE] = " ".join(wrong)


def _added(work: Work, number: int) -> None:
    if number:
        work.start("index", _who())
        st.session_state[_SAID] = (
            f"{words.count(number, 'document')} added. The index is being brought up to date; "
            "people can go on asking."
        )


# One file


def _decide(source: Library, work: Work, batch: Batch) -> None:
    files = [*batch.having("like"), *batch.having("ready")]  # what is to be decided comes first
    if not files:
        return
    st.html("<h2>Look at each file</h2>")
    shown = files
    if len(files) > ROWS:
        last = -(-len(files) // ROWS)
        number = st.number_input(f"Part of the list, 1 to {last}", 1, last, key="part", width=260)
        shown = files[(number - 1) * ROWS : number * ROWS]
        paragraph(f"Showing {len(shown)} of {words.count(len(files), 'file')}.", "aside")
    for file in shown:
        state = add_words.OUTCOMES[file.outcome]
        label = add_words.plain(f"{file.original} ({state.lower()})")
        # Only what is open is filled, so that two hundred files are as fast as one.
        folded = st.expander(label, key=_key(batch, file, "open"), on_change="rerun")
        if folded.open:
            with folded, problems_in_a_box("This file cannot be shown"):
                _look(source, work, batch, file)


def _look(source: Library, work: Work, batch: Batch, file: Waiting) -> None:
    incoming = _incoming(source)
    if file.reason:
        problem("It could not be added", file.reason)
    if file.record:
        st.html(web_words.origin_html(file.record))
    beside = incoming.compare(batch.id, file.number) if file.outcome == "like" else []
    for one in beside:
        st.html(add_words.side_by_side_html(file, one))
    st.html(add_words.preview_html(incoming.preview(batch.id, file.number), file))
    st.html("<h3>What is known of it</h3>" + add_words.asked_html(file.metadata))
    with st.form(_key(batch, file, "form"), border=False):
        _fields(batch, file)
        others = [one.like.path for one in beside]
        if len(others) > 1:
            st.selectbox("Compared with", others, key=_key(batch, file, "of"))
        # Called back, so that no click is lost where the page runs anew at the same moment.
        _buttons(batch, file, others, partial(_carry_out, source, work, batch, file, others))


def _fields(batch: Batch, file: Waiting) -> None:
    st.text_input("File name in the library", file.name, key=_key(batch, file, "name"))
    for name in _ONE_LINE:
        value = getattr(file.metadata, name)
        st.text_input(
            _label(file.metadata, name), str(value or ""), key=_key(batch, file, name)
        )
        _checked(batch, file, name)
    st.selectbox(
        _label(file.metadata, "source_type"),
        SOURCE_TYPES,
        SOURCE_TYPES.index(file.metadata.source_type),
        key=_key(batch, file, "source_type"),
        format_func=kind_of_source,
    )
    _checked(batch, file, "source_type")
    statuses = list(dict.fromkeys((file.metadata.status, *_STATUSES)))
    st.selectbox(
        _label(file.metadata, "status"),
        statuses,
        key=_key(batch, file, "status"),
        format_func=_status,
    )
    _checked(batch, file, "status")
    for name in _LINES:
        st.text_area(
            f"{_label(file.metadata, name)}, one per line",
            "\n".join(getattr(file.metadata, name)),
            key=_key(batch, file, name),
            height=80,
        )
        _checked(batch, file, name)
    st.text_input("Why it is added, for the history", key=_key(batch, file, "why"))


def _label(metadata: Metadata, name: str) -> str:
    mark = " (inferred, not checked)" if name in metadata.inferred else ""
    return f"{add_words.field(name)}{mark}"


def _checked(batch: Batch, file: Waiting, name: str) -> None:
    if name in file.metadata.inferred:
        st.checkbox(
            f"{add_words.field(name)}: I have checked it", key=_key(batch, file, f"{name}-checked")
        )


def _status(status: str) -> str:
    # "Not checked" is what it is of every kind of source here: it is what the form asks.
    words_of = status_of(status, "policy-paper")
    return words_of.words if words_of else status


def _buttons(
    batch: Batch, file: Waiting, others: list[str], do: Callable[[str], None]
) -> None:
    said = {"add": "Add", "leave": "Leave out"}
    if others:
        said = {
            "same": "The same: leave it out",
            "new-edition": "A new edition: add it, and mark the other one as replaced",
            "different": "A different document: add it too",
        }
    with st.container(horizontal=not others):
        for pressed, label in said.items():
            st.form_submit_button(
                label,
                key=_key(batch, file, pressed),
                type="primary" if pressed == "add" else "secondary",
                on_click=do,
                args=(pressed,),
            )


def _carry_out(
    source: Library, work: Work, batch: Batch, file: Waiting, others: list[str], pressed: str
) -> None:
    """Do what a button of a file's form says."""
    _forget_what_was_told()
    incoming = _incoming(source)
    try:
        if pressed == "leave":
            incoming.refuse(batch.id, file.number)
            st.session_state[_SAID] = f"{file.original} was left out."
        elif pressed == "add":
            incoming.accept(batch.id, file.number, *_filled_in(batch, file))
            _added(work, 1)
        else:
            decision: Decision = pressed  # type: ignore[assignment]  # a key of `_buttons`
            of = st.session_state.get(_key(batch, file, "of")) or others[0]
            made = incoming.as_edition(
                batch.id, file.number, of, decision, *_filled_in(batch, file)
            )
            st.session_state[_SAID] = f"{file.original} was left out: it is the same as {of}."
            _added(work, 1 if made else 0)
    except RetrieverError as error:
        st.session_state[_TROUBLE] = str(error)


def _filled_in(batch: Batch, file: Waiting) -> tuple[dict[str, Any], str, str]:
    """What the form states of a file, its name in the library, and why it is added."""
    shown = dict(_shown(batch, file))
    checked = {
        name
        for name in file.metadata.inferred
        if st.session_state.get(_key(batch, file, f"{name}-checked"))
    }
    values = confirmed(file.metadata, shown, checked)
    name, why = (st.session_state[_key(batch, file, key)].strip() for key in ("name", "why"))
    return values, name, why


def _shown(batch: Batch, file: Waiting) -> Iterator[tuple[str, Any]]:
    state = st.session_state
    for name in (*_ONE_LINE, "source_type", "status"):
        value = state[_key(batch, file, name)].strip()
        if name == "year":
            # What is no number is refused with the record's own words.
            yield name, int(value) if re.fullmatch(r"\d+", value) else value or None
        else:
            yield name, value
    for name in _LINES:
        lines = (line.strip() for line in state[_key(batch, file, name)].split("\n"))
        yield name, tuple(line for line in lines if line)


def _key(batch: Batch, file: Waiting, name: str) -> str:
    return f"{batch.id}-{file.number}-{name}"


if __name__ == "__main__":
    page()
