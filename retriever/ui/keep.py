"""What the librarians' pages share: whose name stands in the history, changes and their outcome."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from urllib.parse import quote, unquote

import streamlit as st

from retriever import Library, upkeep
from retriever.desk import Desk
from retriever.errors import RetrieverError
from retriever.journal import Event
from retriever.ui import keep_words
from retriever.ui.shared import problem, slot
from retriever.work import What, Work

WHO = "who_changes"
_COOKIE = "retriever_name"
_NAME, _TOLD, _SAID, _WRONG, _SURE = "name", "told", "changed", "not_changed", "sure"

_ONE_BY_ONE = 5  # changes that are told one by one

Make = Callable[[Desk], Iterable[Event]]


def who() -> str:
    """Ask for the person's name, which goes into the history; the computer's user unless said."""
    state = st.session_state
    if _NAME not in state:
        state[_NAME] = unquote(st.context.cookies.to_dict().get(_COOKIE, "")) or getpass.getuser()
    state.setdefault(WHO, state[_NAME])
    label = "Your name, for the history"
    st.text_input(
        label, state[WHO], key=WHO, max_chars=80, on_change=_remember, width=420
    )
    place = slot()
    if state.pop(_TOLD, False):
        # Each link of ours begins a new session of Streamlit's: the browser keeps the name.
        name = quote(state[_NAME], safe="", errors="replace")
        kept = f"{_COOKIE}={name}; path=/; SameSite=Strict"
        place.html(f"<script>document.cookie = '{kept}'</script>", unsafe_allow_javascript=True)
    return str(state[_NAME])


def _remember() -> None:
    # A widget's own value is forgotten when a page is left.
    st.session_state[_NAME] = st.session_state[WHO].strip() or getpass.getuser()
    st.session_state[_TOLD] = True


def change(source: Library, make: Make) -> bool:
    """Make changes; what came of them is said where `outcome` stands. Tells if all were made."""
    for name in (_SURE, _SAID, _WRONG):
        st.session_state.pop(name, None)
    desk, events = Desk(source.root, st.session_state.get(_NAME, "")), []
    try:
        for event in make(desk):
            events.append(event)  # noqa: PERF402  those before an error were made
    except RetrieverError as error:
        st.session_state[_WRONG] = str(error)
    if events:
        st.session_state[_SAID] = f"{_made(events)} {_carried_on(source, events)}"
    return _WRONG not in st.session_state


def _made(events: Sequence[Event]) -> str:
    if len(events) <= _ONE_BY_ONE:
        return " ".join(f"{event.what} (change {int(event.id)})." for event in events)
    first, last = (int(event.id) for event in (events[0], events[-1]))
    return f"{len(events):,} changes were made, {first} to {last}: the History page tells each."


def _carried_on(source: Library, events: Sequence[Event]) -> str:
    """Have the index brought up to date where changes want it; says what people see when."""
    wanting = upkeep.wanting_index(source.root, events)
    if not wanting:
        return "Readers see it at once."
    Work(source.root).start("index", events[-1].who)
    return (
        f"The index is being brought up to date for it, while people go on asking: {wanting}. The "
        "Add documents page shows how far that is."
    )


def index_now(source: Library) -> None:
    """Have the index brought up to date, in a process of its own."""
    _start(source, "index", keep_words.INDEXING)


def look_at_links(source: Library) -> None:
    """Have it looked where addresses lead, in a process of its own."""
    _start(source, "links", keep_words.LOOKING)


def _start(source: Library, what: What, said: str) -> None:
    Work(source.root).start(what, st.session_state.get(_NAME) or getpass.getuser())
    st.session_state.pop(_WRONG, None)
    st.session_state[_SAID] = said


def refuse(message: str) -> None:
    """Say where `outcome` stands that nothing was changed, and why."""
    st.session_state.pop(_SAID, None)
    st.session_state[_WRONG] = message


def wrong() -> str:
    """Why the last change was not made; it is not said again."""
    return str(st.session_state.pop(_WRONG, ""))


def outcome() -> None:
    """Say what became of the last change, until there is another one or the page is left."""
    with slot():
        if message := st.session_state.get(_WRONG):
            some = _SAID in st.session_state
            problem("Not all of it was done" if some else "Nothing was changed", message)
        if said := st.session_state.get(_SAID):
            st.html(keep_words.done_html(said))


def confirmed(name: str, label: str, question: str, yes: str, do: Callable[[], None]) -> None:
    """A button that asks before anything is done.

    Args:
        name: Tells it from the others on the page.
        label: The button's words.
        question: What is asked, with what will come of it.
        yes: The words of the button that does it.
        do: Called then.
    """
    if st.session_state.get(_SURE) != name:
        st.button(label, key=f"ask-{name}", on_click=partial(_ask, name))
        return
    with st.container(border=True, key=f"sure-{name}"):
        st.html(keep_words.question_html(question))
        with st.container(horizontal=True):
            st.button(yes, key=f"yes-{name}", type="primary", on_click=do)
            st.button("No, leave it", key=f"no-{name}", on_click=partial(_ask, ""))


def asking() -> bool:
    """Whether something is being asked before it is done."""
    return bool(st.session_state.get(_SURE))


def _ask(name: str) -> None:
    st.session_state[_SURE] = name
