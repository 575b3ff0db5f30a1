"""One document: its pages with a quotation marked, the text beside them, and its record."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

import streamlit as st

from retriever import Library
from retriever.errors import RetrieverError, UnknownDocument, UnreadableFile
from retriever.loaders.detect import PDF, PICTURES
from retriever.schema import is_scanned
from retriever.ui import edit, keep_words, words
from retriever.ui.shared import (
    heading,
    library,
    paragraph,
    picture,
    problem,
)
from retriever.ui.view import View


def page() -> None:
    """Show the document named in the address, or let one be chosen."""
    wanted = st.query_params.get("document", "")
    try:
        source = library()
        if edit.FILE in st.query_params:
            edit.show(source, st.query_params[edit.FILE])
            return
        if not wanted:
            _choose(source)
            return
        document = source.document(wanted)
    except UnknownDocument:
        _say_failed(f"The library holds no document called “{wanted}”. It may have been removed or "
                    "renamed since the link was made: look for it in the library.")
        return
    except RetrieverError as error:
        _say_failed(str(error))
        return
    _show(source, View.from_address(document, st.query_params.to_dict()))


def _say_failed(message: str) -> None:
    heading("This document cannot be shown")
    problem("What happened", message)
    st.html(words.links_html([words.page_link("library", "Go to the library")]))


def _choose(source: Library) -> None:
    titles = {
        entry.document_id: words.title_of(entry)
        for entry in source.entries()
        if entry.outcome == "indexed"
    }
    heading("Documents")
    st.selectbox(
        "Choose a document",
        sorted(titles, key=lambda name: titles[name].casefold()),
        index=None,
        key="chosen",
        format_func=titles.__getitem__,
        placeholder="Type part of its title",
        on_change=_open_chosen,
    )


def _open_chosen() -> None:
    st.query_params["document"] = st.session_state["chosen"]


def _show(source: Library, view: View) -> None:
    document, metadata = view.document, view.document.metadata
    if view.asked:
        findings = "./?" + urlencode(parse_qsl(view.asked))
        st.html(words.links_html([words.page_link(findings, "Back to the findings")]))
    heading(metadata.title or document.path)
    st.html(
        words.byline_html(metadata.publisher, metadata.year, metadata.source_type)
        + words.status_html(metadata.status, metadata.source_type)
    )
    if words.is_web_address(metadata.url):
        st.html(f"<p>{words.link(metadata.url, 'Open the source at its publisher')}</p>")
    if view.quotation:
        quotation = document.text[slice(*view.quotation)]
        scanned = is_scanned(document.pages, *view.quotation)
        st.html(
            "<h2>Quotation</h2>"
            + words.quotation_html(quotation)
            + words.scanned_html(scanned)
        )
    _navigation(view)
    _page(source, view)
    _about(view)


def _navigation(view: View) -> None:
    if len(view.parts) == 1:
        st.html("<h2>Text</h2>" if view.unit == "part" else "<h2>Page 1 of 1</h2>")
        return
    st.html(f"<h2>{view.unit.capitalize()} {view.number} of {len(view.parts)}</h2>")
    turns = [(f"Previous {view.unit}", view.number - 1), (f"Next {view.unit}", view.number + 1)]
    if view.quoted_on and view.number not in view.quoted_on:
        turns.append((f"Back to the quotation, {view.unit} {view.quoted_on[0]}", view.quoted_on[0]))
    links = [
        words.page_link(words.address("document", view.address_of(number)), text)
        for text, number in turns
        if 1 <= number <= len(view.parts)
    ]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.html(words.links_html(links, label=f"Other {view.unit}s"), width="content")
        st.session_state["turn_to"] = view.number
        st.number_input(f"Go to {view.unit}", 1, len(view.parts), key="turn_to",
                        on_change=_turn, width=180)


def _turn() -> None:
    st.query_params["page"] = str(st.session_state["turn_to"])


def _page(source: Library, view: View) -> None:
    text = words.text_html(view.document, view.part, view.quotation)
    text = words.scanned_html(view.part.certainty is not None) + text
    if view.document.media_type not in {PDF, *PICTURES}:
        _say_where(view)
        st.html(text)
        return
    left, right = st.columns(2, gap="medium")
    with left:
        _picture(source, view)
    with right:
        st.html("<h3>Text of this page</h3>" + text)


def _picture(source: Library, view: View) -> None:
    document = view.document
    st.html("<h3>Picture of this page</h3>")
    try:
        lines = tuple(line for line in document.scanned if line.page == view.number)
        drawn = picture(source.file_of(document.id), document.sha256, view.number,
                        view.quotation_here, lines)
    except UnreadableFile as error:
        problem("The picture cannot be drawn", str(error))
        return
    _say_where(view, outlined=bool(drawn.boxes))
    st.image(drawn.png, width="stretch", alt=_alternative(view, bool(drawn.boxes)))


def _say_where(view: View, outlined: bool | None = None) -> None:
    """Says in words where the quotation is: marks alone do not reach everybody.

    Args:
        view: What is shown.
        outlined: Whether the quotation is outlined on the picture; None where there is none.
    """
    if not view.quoted_on:
        return
    if not view.quotation_here:
        paragraph(f"The quotation is not on this {view.unit}.")
        return
    where = {
        None: "The quotation is marked in the text below.",
        True: "The quotation is outlined on the picture and marked in the text.",
        False: "The quotation's words could not be found on the picture. They are marked in the "
               "text.",
    }[outlined]
    others = [number for number in view.quoted_on if number != view.number]
    if others:
        where += f" Part of it is on {view.unit} {' and '.join(map(str, others))}."
    paragraph(where)


def _alternative(view: View, outlined: bool) -> str:
    marked = ", with the quotation outlined" if outlined else ""
    return (f"Page {view.number} of {view.document.metadata.title or view.document.path}{marked}. "
            "Its words follow as text.")


def _about(view: View) -> None:
    st.html("<h2>About this document</h2>" + words.metadata_html(view.document))
    if view.document.metadata.inferred:
        paragraph("Inferred: worked out from the file, not set by a librarian.", "aside")
    alone = words.address("./", {"in": view.document.id})
    links = [
        words.page_link(alone, "Ask a question of this document only"),
        words.page_link(keep_words.edit_address(view.document.path), "Edit or remove it"),
        words.page_link(keep_words.history_address(view.document.path), "Its history"),
    ]
    st.html(words.links_html(links))


if __name__ == "__main__":
    page()
