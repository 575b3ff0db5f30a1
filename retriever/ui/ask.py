"""The first page: ask a question, read what the documents say word for word."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from html import escape
from importlib.resources import files
from urllib.parse import urlencode

import streamlit as st

from retriever import Library, judging
from retriever.errors import IndexMissing, RetrieverError
from retriever.evidence_map import ROWS
from retriever.labels import kind_of_source
from retriever.overview import in_short
from retriever.question import change_between, every_part, parts
from retriever.schema import Answer, Change, Filters, Finding, LibraryEntry
from retriever.ui import words
from retriever.ui.shared import (
    collection_names,
    heading,
    library,
    paragraph,
    problem,
    problems_in_a_box,
)

# The names of the address's values; each widget's key is the same.
QUESTION, KIND, PUBLISHER, FIRST, LAST, ONLY = "q", "kind", "publisher", "from", "to", "in"
COLLECTION = "collection"
FILTERS = (KIND, PUBLISHER, COLLECTION, FIRST, LAST, ONLY)
WITHOUT, ADDED = "without", "with"
CHIPS = "chips"

OVERVIEWS = 2
"""Topics of a question whose overviews are linked to."""


def page() -> None:
    """Show the form, and below it the answer to the question in the address."""
    heading("Ask the evidence")
    paragraph(
        "Every answer is a word-for-word quotation from a document in this library, with its "
        "source and page.",
        "lead",
    )
    with problems_in_a_box("The question cannot be answered"):
        source = library()
        try:
            read = [entry for entry in source.entries() if entry.outcome == "indexed"]
        except IndexMissing as error:
            problem("The library is not ready yet", str(error))
            return
        if not read:
            _say_empty(source)
            return
        _form(read, collection_names(source))
        if QUESTION in st.query_params:
            _answer(source, read)
        else:
            _examples()


def _say_empty(source: Library) -> None:
    failed = len(source.entries())
    if failed:
        problem(
            "No document in the library could be read",
            f"The library's folder holds {words.count(failed, 'file')}, none with usable text. "
            "The Library page says why for each.",
        )
    else:
        problem(
            "The library is empty",
            f"Put documents into {source.corpus} and run `retriever index`.",
        )
    st.html(words.links_html([words.page_link("library", "Go to the library")]))


def _form(read: list[LibraryEntry], collections: list[str]) -> None:
    titles = {entry.document_id: words.title_of(entry) for entry in read}
    kinds = sorted({entry.metadata.source_type for entry in read}, key=kind_of_source)
    publishers = sorted({entry.metadata.publisher for entry in read if entry.metadata.publisher})
    choices = {KIND: kinds, PUBLISHER: publishers, COLLECTION: collections, ONLY: list(titles)}
    _fill_from_address(choices)
    with st.form("ask", border=False):
        st.text_input("Your question", st.session_state[QUESTION], key=QUESTION)
        with st.expander(_filters_label(), key="filters"):
            _several("Kind of source", kinds, KIND, kind_of_source)
            _several("Publisher", publishers, PUBLISHER)
            _several("Collection", collections, COLLECTION)
            first, last = st.columns(2)
            for column, label, name in ((first, "From year", FIRST), (last, "To year", LAST)):
                year = st.session_state[name]
                column.number_input(label, 1800, 2200, year, key=name, placeholder="Any")
            _several("Document", list(titles), ONLY, titles.__getitem__)
        st.form_submit_button("Search", key="search", type="primary",
                              on_click=_write_address)
    for value in _left_out(choices):
        st.html(words.warning_html(f"The address asks for “{value}”, which no document here has. "
                                   "That filter was left out."))


def _several(
    label: str, options: list[str], name: str, in_words: Callable[[str], str] = str
) -> None:
    st.multiselect(
        label,
        options,
        st.session_state[name],
        key=name,
        format_func=in_words,
        placeholder="Any",
    )


def _filters_label() -> str:
    chosen = sum(bool(st.session_state[name]) for name in FILTERS)
    return f"Filters ({chosen} in use)" if chosen else "Filters"


def _fill_from_address(choices: dict[str, list[str]]) -> None:
    """Set the form's widgets to what the address says, whenever that or the choices change."""
    address = {name: st.query_params.get_all(name) for name in (QUESTION, *FILTERS)}
    given = address, choices
    if QUESTION in st.session_state and st.session_state.get("asked") == given:
        return
    st.session_state["asked"] = given
    st.session_state[QUESTION] = " ".join(address[QUESTION])
    for name in (FIRST, LAST):
        st.session_state[name] = _year(address[name])
    for name, known in choices.items():
        st.session_state[name] = [value for value in address[name] if value in known]


def _left_out(choices: dict[str, list[str]]) -> list[str]:
    """The values in the address that the form cannot hold, so that nobody trusts a wider search."""
    unknown = [
        value
        for name, known in choices.items()
        for value in st.query_params.get_all(name)
        if value not in known
    ]
    years = [
        value
        for name in (FIRST, LAST)
        for value in st.query_params.get_all(name)
        if _year([value]) is None
    ]
    return unknown + years


def _year(values: list[str]) -> int | None:
    return int(values[0]) if values and values[0].isdecimal() and len(values[0]) == 4 else None


def _write_address() -> None:
    """Put the form's values into the address, so that the answer can be linked to."""
    values = {name: st.session_state[name] for name in (QUESTION, *FILTERS)}
    st.query_params.from_dict(
        {
            name: value if isinstance(value, list) else str(value)
            for name, value in values.items()
            if value or name == QUESTION
        }
    )


def _filters() -> Filters:
    return Filters(
        source_types=tuple(st.session_state[KIND]),
        publishers=tuple(st.session_state[PUBLISHER]),
        year_from=st.session_state[FIRST],
        year_to=st.session_state[LAST],
        document_ids=tuple(st.session_state[ONLY]),
        collections=tuple(st.session_state[COLLECTION]),
    )


def _answer(source: Library, read: list[LibraryEntry]) -> None:
    filters = _filters()
    question = " ".join(st.query_params.get_all(QUESTION))
    # Asked of one document, it may fill the whole answer.
    only = len(filters.document_ids) == 1
    _chips(question)
    with st.spinner("Searching…"):
        answer = source.ask(
            question,
            filters,
            per_document=source.settings.answers.findings if only else None,
            change=_change(),
        )
    _summary(answer, filters)
    for number, finding in enumerate(answer.findings, start=1):
        with st.container(key=f"finding-{number}", border=True):
            st.html(words.finding_html(finding, _links(finding, only)))
            _useful(source, question, finding, number)


def _change() -> Change:
    get = st.query_params.get_all
    return Change(tuple(get(WITHOUT)), tuple(get(ADDED)))


def _chips(question: str) -> None:
    """What the question was understood to hold, to be taken out or added to; then it asks anew."""
    known = {part.key: words.part_label(part.kind, part.label) for part in every_part()}
    change = _change()
    held = [part.key for part in parts(question) if part.key not in change.without]
    now = [question, *held, *change.added]
    if st.session_state.get("understood") != now:
        st.session_state["understood"] = now
        st.session_state[CHIPS] = [key for key in dict.fromkeys(now[1:]) if key in known]
    st.multiselect(
        "Understood as",
        list(known),
        st.session_state[CHIPS],
        key=CHIPS,
        format_func=known.__getitem__,
        placeholder="Nothing that the vocabularies know: add a group, a topic …",
        help="Take out what is wrong and add what is missing. The question is then asked anew.",
        on_change=_ask_anew,
        args=(question,),
    )


def _ask_anew(question: str) -> None:
    """Put into the address what was taken out of the question and added to it."""
    change = change_between(question, st.session_state[CHIPS])
    st.query_params[WITHOUT] = list(change.without)
    st.query_params[ADDED] = list(change.added)


def _useful(source: Library, question: str, finding: Finding, number: int) -> None:
    """Ask whether a finding is of use, and say what became of what was said."""
    about = question, finding.passage_id, finding.quote
    said = st.session_state.setdefault("said", {}).get(about)
    with st.container(horizontal=True, vertical_alignment="center", key=f"use-{number}"):
        for useful, label in ((True, "Useful"), (False, "Not useful")):
            st.button(
                label,
                key=f"useful-{number}" if useful else f"useless-{number}",
                on_click=_note,
                args=(source, question, finding, useful),
            )
        if said:
            st.html(words.noted_html(said))


def _note(source: Library, question: str, finding: Finding, useful: bool) -> None:
    key = question, finding.passage_id, finding.quote
    try:
        judging.note_candidate(source.root, question, finding, useful)
        st.session_state["said"][key] = words.noted(useful)
    except RetrieverError as error:
        st.session_state["said"][key] = str(error)


def _summary(answer: Answer, filters: Filters) -> None:
    st.html(words.summary_html(answer, filtered=filters != Filters()))
    if not answer.findings:
        _what_next(filters)
    if overviews := _overviews(answer):
        st.html(words.links_html(overviews))
    if filters != Filters():
        whole = words.address("", {QUESTION: answer.question})
        st.html(words.links_html([words.page_link(whole, "Ask the whole library instead")]))


def _overviews(answer: Answer) -> list[str]:
    """Links to the overviews of what a question is about."""
    understood = answer.understood
    topics = [
        part
        for part in parts(understood.text)
        if part.kind in ROWS.values() and part.label in understood.topics
    ]
    return [
        words.page_link(
            words.address("overview", {"of": part.key}), f"Overview of {part.label}: {in_short()}"
        )
        for part in topics[:OVERVIEWS]
    ]


def _what_next(filters: Filters) -> None:
    steps = ["Ask in other words, or more broadly."]
    if filters != Filters():
        steps.append("Remove a filter: it may leave out the document you need.")
    steps.append("Look in the library for what it holds, and ask its librarian to add what is "
                 "missing.")
    st.html("<h3>What you can do</h3><ul>" + "".join(f"<li>{escape(s)}</li>" for s in steps)
            + "</ul>")


def _links(finding: Finding, only: bool) -> list[tuple[str, str]]:
    place = {**words.place_in_document(finding), "asked": _asked()}
    links = [("Show in document", words.address("document", place))]
    if finding.successor:
        newer = {"document": finding.successor, "asked": _asked()}
        links.append(("Open what replaced it", words.address("document", newer)))
    if not only:
        changed = {name: st.query_params.get_all(name) for name in (WITHOUT, ADDED)}
        more = {QUESTION: st.query_params[QUESTION], ONLY: finding.document_id, **changed}
        links.append(("More from this document", words.address("", more)))
    return links


def _asked() -> str:
    """This page's own address, for the way back."""
    return urlencode(
        [(name, value) for name in st.query_params for value in st.query_params.get_all(name)]
    )


def _examples() -> None:
    examples = tomllib.loads(
        files("retriever").joinpath("data/examples.toml").read_text(encoding="utf-8")
    )["questions"]
    rows = "".join(
        f"<li>{words.page_link(words.address('', {QUESTION: question}), question)}</li>"
        for question in examples
    )
    st.html(f"<h2>Questions to try</h2><ul>{rows}</ul>")


if __name__ == "__main__":
    page()
