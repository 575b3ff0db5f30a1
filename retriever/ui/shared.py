"""What the pages share: the library, its style, and boxes for what went wrong."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from html import escape
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from retriever import Library, collections
from retriever.errors import DeskError, RetrieverError
from retriever.page_picture import Picture, render
from retriever.schema import ScannedLine
from retriever.ui import words

SERVICE = "Evidence retriever"

_FOLDER = Path(__file__).parent
ASK = _FOLDER / "ask.py"
DOCUMENT = _FOLDER / "document.py"
LIBRARY = _FOLDER / "library.py"
JUDGE = _FOLDER / "judge.py"
EVALUATE = _FOLDER / "evaluate.py"
MAP = _FOLDER / "map.py"
OVERVIEW = _FOLDER / "overview.py"
VOCABULARY = _FOLDER / "vocabulary.py"
ADD = _FOLDER / "add.py"
HISTORY = _FOLDER / "history.py"
CHECK = _FOLDER / "check.py"
HEALTH = _FOLDER / "health.py"
METADATA = _FOLDER / "metadata.py"
COLLECTIONS = _FOLDER / "shelves.py"

_DESK = (
    ("Documents", "library"),
    ("Add documents", "add"),
    ("History", "history"),
    ("Check", "check"),
    ("Library health", "health"),
    ("Collections", "collections"),
    ("Metadata in bulk", "metadata"),
)
"""The librarians' pages: title and address."""

# A file of our own: Streamlit fetches its named icons and emojis from other computers.
ICON = str(_FOLDER / "icon.svg")


def library() -> Library:
    """The library in force, opened once for all sessions.

    Raises:
        RetrieverError: Its settings cannot be read.
    """
    return _open(os.environ.get("RETRIEVER_LIBRARY"))


@st.cache_resource(show_spinner="Opening the library…", on_release=Library.close)
def _open(folder: str | None) -> Library:
    library = Library.open(folder)
    threading.Thread(target=_warm_up, args=(library,), daemon=True).start()
    return library


def _warm_up(library: Library) -> None:
    """Load the model while the person is still typing; what goes wrong is said when they ask."""
    with suppress(RetrieverError):
        library.warm_up()


@st.cache_data(show_spinner="Drawing the page…", max_entries=64)
def picture(
    file: Path, sha256: str, page: int, quotation: str, scanned: tuple[ScannedLine, ...] = ()
) -> Picture:
    """A page's picture, kept for as long as the file's bytes (`sha256`) are the same.

    Raises:
        UnreadableFile: The file is gone or has no such page.
    """
    return render(file, page, quotation, scanned=scanned)


def collection_names(source: Library) -> list[str]:
    """The names of the collections; a damaged file of theirs keeps nobody from reading."""
    try:
        return [one.name for one in collections.read(source.root)]
    except DeskError as error:
        st.html(words.warning_html(str(error)))
        return []


def put_into_address(name: str, value: str | list[str]) -> None:
    """Put a value, or several, into the address, or take it out where it is empty."""
    st.query_params.pop(name, None)
    if value:
        st.query_params[name] = value


def choice(
    label: str, name: str, options: Sequence[str], in_words: Callable[[str], str] = str
) -> str:
    """A list to choose from whose choice stands in the address; the first unless it says else."""
    wanted = st.query_params.get(name, "")
    st.session_state[name] = wanted if wanted in options else options[0]
    chosen: str = st.selectbox(
        label,
        options,
        options.index(st.session_state[name]),
        key=name,
        format_func=in_words,
        on_change=partial(_chosen, name),
    )
    return chosen


def choices(
    label: str, name: str, options: Sequence[str], in_words: Callable[[str], str] = str
) -> list[str]:
    """A list to choose several from, which stand in the address; none means any."""
    wanted = st.query_params.get_all(name)
    st.session_state[name] = [option for option in options if option in wanted]
    return st.multiselect(
        label,
        options,
        st.session_state[name],
        key=name,
        format_func=in_words,
        placeholder="Any",
        on_change=partial(_chosen, name),
    )


def _chosen(name: str) -> None:
    put_into_address(name, st.session_state[name])


def style() -> None:
    """Lay the project's style over Streamlit's."""
    st.html(_FOLDER / "style.css")


def banner(pages: Sequence[st.Page], current: st.Page) -> None:
    """The service's name and the links to its pages.

    Streamlit's own navigation leaves the address as it is when a link leads to the page it stands
    on, and hides behind a button on a phone.
    """
    st.html(
        words.banner_html(
            SERVICE, [(page.title, page.url_path or "./", page == current) for page in pages]
        )
    )


def desk_links(current: str) -> None:
    """The links between the librarians' pages; they stand below the heading of each."""
    links = [words.page_link(to, text, current=to == current) for text, to in _DESK]
    st.html(words.links_html(links, label="Library"))


def heading(text: str) -> None:
    """The page's only H1; also the browser tab's title."""
    st.set_page_config(page_title=f"{text} - {SERVICE}")
    st.html(f"<h1>{escape(text)}</h1>")


def paragraph(text: str, kind: str = "") -> None:
    """A paragraph of plain text: nothing in it is read as Markdown or HTML."""
    st.html(f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>")


def problem(title: str, message: str) -> None:
    """A box that says what went wrong and what to do."""
    st.html(
        f'<div class="problem" role="alert"><h2>{escape(title)}</h2><p>{escape(message)}</p></div>'
    )


def slot() -> DeltaGenerator:
    """A place of its own for what is not always there.

    Without it all that stands below moves when it comes or goes; the browser then builds it anew,
    and loses what is just being typed, uploaded or clicked there.
    """
    return st.container()


@contextmanager
def problems_in_a_box(title: str) -> Iterator[None]:
    """Show an error meant for a person as a box. Any other error goes on to the terminal."""
    try:
        yield
    except RetrieverError as error:
        problem(title, str(error))
