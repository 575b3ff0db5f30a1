"""The librarians' side of one document: correct its record, say what replaced it, remove it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

import streamlit as st

from retriever import Library
from retriever.desk import Desk
from retriever.errors import DeskError, IndexMissing
from retriever.intake import Given
from retriever.labels import LABELS, kind_of_source
from retriever.replacing import replace
from retriever.schema import SOURCE_TYPES, Metadata
from retriever.ui import keep, keep_words, words
from retriever.ui.shared import heading, paragraph, problem, slot

FILE = "file"

_NO_FIELDS = ("inferred",)
_LISTS = tuple(f.name for f in fields(Metadata) if f.default == () and f.name not in _NO_FIELDS)
_PUT = "files_put"  # how often a file was replaced
_FORM, _CONFLICT, _STATUS_MORE, _CONFIRM, _WHY = "form", "conflict", "status_more", "confirm", "why"


@dataclass(frozen=True)
class Form:
    """What a form was filled with when it was opened.

    Attributes:
        seen: `Desk.stated` at that time.
        values: Field -> value.
        inferred: The fields that nobody has confirmed.
    """

    path: str
    seen: str
    values: Mapping[str, Any]
    inferred: tuple[str, ...]


def show(source: Library, path: str) -> None:
    """Show what can be done to a document.

    Args:
        source: The library.
        path: The document's, below `corpus/`.
    """
    desk = Desk(source.root)
    try:
        path = desk.find(path)
    except DeskError:
        heading("This document is not in the library")
        keep.outcome()
        problem(
            "What happened",
            f"There is no file {path}. If it was removed, the Library page brings it back.",
        )
        links = [
            words.page_link("library", "Go to the library"),
            words.page_link(keep_words.history_address(path), "Its history"),
        ]
        st.html(words.links_html(links))
        return
    if _form_of(path) is None:
        _open(source, desk, path)
    form = st.session_state[_FORM]
    heading(f"Edit: {form.values['title'] or path}")
    _links(desk, path)
    keep.outcome()
    keep.who()
    _record(source, form)
    _file(source, path)
    _replaced(source, desk, path)
    _remove(source, path)


def _links(desk: Desk, path: str) -> None:
    shown = words.address("document", {"document": desk.id_of(path)})
    links = [
        words.page_link(shown, "Read this document"),
        words.page_link(keep_words.history_address(path), "Its history"),
        words.page_link("library", "All documents"),
    ]
    st.html(words.links_html(links))
    paragraph(f"File: {path}", "aside")


# What is stated of it


def _form_of(path: str) -> Form | None:
    form = st.session_state.get(_FORM)
    return form if isinstance(form, Form) and form.path == path else None


def _open(source: Library, desk: Desk, path: str) -> None:
    """Fill the form with what is known now."""
    seen = desk.stated(path)
    record = source.record(path)
    values = {f.name: getattr(record, f.name) for f in fields(record) if f.name not in _NO_FIELDS}
    st.session_state[_FORM] = Form(path, seen, values, record.inferred)
    st.session_state[_CONFIRM] = []
    st.session_state.pop(_CONFLICT, None)
    for name, value in values.items():
        _fill(name, value)


def _fill(name: str, value: Any) -> None:
    if name == "status":
        kind, _, more = value.partition(": ")
        st.session_state[_STATUS_MORE] = more
        value = kind
    st.session_state[f"field-{name}"] = "\n".join(value) if name in _LISTS else value


def _record(source: Library, form: Form) -> None:
    st.html("<h2>What is stated of it</h2>")
    with slot():
        if conflict := st.session_state.get(_CONFLICT):
            problem("Somebody else changed this document", conflict[0])
            st.html(keep_words.conflict_html(conflict[1]))
            paragraph(
                "Your form still holds what you typed. Correct it, and save again: only the fields "
                "that differ from what is stated now are changed."
            )
    paragraph(
        f"A field marked “{keep_words.INFERRED}” was worked out from the file. An emptied field is "
        "stated no longer; what the file itself says then holds again.",
        "aside",
    )
    for name in form.values:  # a form's widgets forget what they hold when another page is shown
        if f"field-{name}" not in st.session_state:
            _fill(name, form.values[name])
    with st.form("record", border=False):
        names = iter(form.values)
        _field(next(names), form)  # the title
        for left in names:
            columns = st.columns(2)
            for column, name in zip(columns, (left, next(names, "")), strict=True):
                if name:
                    with column:
                        _field(name, form)
        if form.inferred:
            st.multiselect(
                "Confirm as they stand",
                form.inferred,
                key=_CONFIRM,
                format_func=keep_words.field_in_words,
                placeholder="None",
                help="These are then stated by you, and no longer marked as inferred.",
            )
        st.text_input("Why (for the history)", key=f"{_WHY}-edit")
        st.form_submit_button(
            "Save", key="save", type="primary", on_click=partial(_save, source, form)
        )


def _field(name: str, form: Form) -> None:
    key, label = f"field-{name}", keep_words.field_in_words(name)
    if name in form.inferred:
        label = f"{label} ({keep_words.INFERRED})"
    if name == "source_type":
        at = SOURCE_TYPES.index(st.session_state[key])
        st.selectbox(label, SOURCE_TYPES, at, key=key, format_func=kind_of_source)
    elif name == "status":
        kinds = list(LABELS["statuses"])
        if st.session_state[key] not in kinds:
            kinds.append(st.session_state[key])
        at = kinds.index(st.session_state[key])
        st.selectbox(label, kinds, at, key=key, format_func=_status)
        more = "Which year, or what replaced it (where the status asks)"
        st.text_input(more, st.session_state[_STATUS_MORE], key=_STATUS_MORE)
    elif name == "year":
        year = st.session_state[key]
        st.number_input(label, 1900, 2200, year, key=key, placeholder="Not stated", width=260)
    elif name in _LISTS:
        st.text_area(f"{label}, one on each line", st.session_state[key], key=key, height=96)
    else:
        st.text_input(label, st.session_state[key], key=key)


def _status(kind: str) -> str:
    known = LABELS["statuses"].get(kind)
    return known["label"].format("…").partition(":")[0] if known else kind


def _typed(form: Form) -> dict[str, Any]:
    """What the form holds, by field."""
    typed: dict[str, Any] = {}
    for name in form.values:
        value = st.session_state[f"field-{name}"]
        if name in _LISTS:
            value = tuple(line.strip() for line in value.splitlines() if line.strip())
        elif name == "status":
            more = st.session_state[_STATUS_MORE].strip()
            wants_more = "{}" in LABELS["statuses"].get(value, {}).get("label", "")
            value = f"{value}: {more}" if wants_more else value
        elif isinstance(value, str):
            value = value.strip()
        typed[name] = value
    return typed


def _save(source: Library, form: Form) -> None:
    typed = _typed(form)
    changed = {name: value for name, value in typed.items() if value != form.values[name]}
    stated = changed | {name: typed[name] for name in st.session_state[_CONFIRM]}
    empty = [name for name in stated if stated[name] in ("", None, ()) and name in form.inferred]
    desk = Desk(source.root)
    if empty:
        names = ", ".join(map(keep_words.field_in_words, empty))
        keep.refuse(f"{names}: this was read off the file and cannot be emptied. State what is so.")
    elif not stated:
        keep.refuse("Nothing in the form differs from what is stated already.")
    elif keep.change(
        source,
        lambda desk: [
            desk.edit(form.path, stated, st.session_state[f"{_WHY}-edit"].strip(), form.seen)
        ],
    ):
        del st.session_state[_FORM]
        st.session_state[f"{_WHY}-edit"] = ""
    elif desk.stated(form.path) != form.seen:
        _meet(source, desk, form, typed, changed)


def _meet(
    source: Library, desk: Desk, form: Form, typed: Mapping[str, Any], changed: Mapping[str, Any]
) -> None:
    """Somebody else was faster: keep what was typed, and show it beside what is stated now."""
    _open(source, desk, form.path)
    now = st.session_state[_FORM].values
    rows = [
        (name, form.values[name], now[name], typed[name])
        for name in now
        if now[name] != form.values[name]
    ]
    for name in changed:
        _fill(name, changed[name])
    st.session_state[_CONFLICT] = (keep.wrong(), rows)


# Another file, what replaced it, and its removal


def _file(source: Library, path: str) -> None:
    st.html("<h2>Replace the file</h2>")
    paragraph(
        "For a better copy of the same document. It is read first. What is stated of the document "
        "stays, and so does its name; the old file is kept, and undoing the change in the History "
        "brings it back."
    )
    with slot():
        chosen = st.file_uploader(f"The file to take the place of {path}", key=_uploader())
    with slot():
        if chosen:  # it is here: until then the button would find none
            paragraph(f"Chosen: {chosen.name}.")
    st.text_input("Why (for the history)", key=f"{_WHY}-replace")
    st.button("Replace the file", key="replace", on_click=partial(_put, source, path))


def _uploader() -> str:
    """The uploader's key: another one once its file was put in place, so that it is let go."""
    return f"new-file-{st.session_state.setdefault(_PUT, 0)}"


def _put(source: Library, path: str) -> None:
    file = st.session_state.get(_uploader())
    why = st.session_state[f"{_WHY}-replace"].strip()
    if file is None:
        keep.refuse("Choose the new file first, then press the button.")
        return
    given = Given(file.name, file.getvalue())
    limits = source.settings.reading
    if keep.change(source, lambda desk: [replace(desk, path, given, limits, why)]):
        st.session_state[_PUT] += 1
        st.session_state[f"{_WHY}-replace"] = ""
        st.session_state.pop(_FORM, None)




def _replaced(source: Library, desk: Desk, path: str) -> None:
    st.html("<h2>Replaced by a newer edition</h2>")
    try:
        titles = {
            entry.path: words.title_of(entry)
            for entry in source.entries()
            if entry.outcome == "indexed" and entry.path != path
        }
    except IndexMissing:
        titles = {}
    if not titles:
        paragraph("The library holds no other document.")
        return
    paragraph("It stays in the library with a warning, and stands behind what replaced it.")
    with st.form("replaced", border=False):
        st.selectbox(
            "Replaced by",
            sorted(titles, key=lambda name: titles[name].casefold()),
            index=None,
            key="successor",
            format_func=titles.__getitem__,
            placeholder="Type part of its title",
        )
        st.text_input("Why (for the history)", key=f"{_WHY}-supersede")
        st.form_submit_button(
            "Mark as replaced", key="supersede", on_click=partial(_supersede, source, path)
        )


def _supersede(source: Library, path: str) -> None:
    new = st.session_state["successor"]
    why = st.session_state[f"{_WHY}-supersede"].strip()
    if not new:
        keep.refuse("Choose what replaced it.")
    elif keep.change(source, lambda desk: [desk.supersede(path, new, desk.id_of(new), why)]):
        del st.session_state[_FORM]


def _remove(source: Library, path: str) -> None:
    st.html("<h2>Remove from the library</h2>")
    days = source.settings.desk.keep_removed_days
    st.text_input("Why (for the history)", key=f"{_WHY}-remove")
    keep.confirmed(
        "remove",
        "Remove…",
        f"{path} will be found by no question any more, from now on. It can be brought back on the "
        f"Library page for at least {words.count(days, 'day')}.",
        "Yes, remove it",
        partial(_take_away, source, path),
    )


def _take_away(source: Library, path: str) -> None:
    why = st.session_state[f"{_WHY}-remove"].strip()
    if keep.change(source, lambda desk: [desk.remove(path, why)]):
        st.session_state.pop(_FORM, None)
