"""Grade the passages that were found for a question, one at a time, without knowing by what."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path

import streamlit as st

from retriever import Library, judging
from retriever.errors import JudgementError, RetrieverError
from retriever.judgements import HIGHEST_GRADE, Question, jsonl, read_questions
from retriever.labels import grade_in_words
from retriever.schema import Passage
from retriever.ui import evaluator_words, words
from retriever.ui.shared import (
    heading,
    library,
    paragraph,
    problem,
    problems_in_a_box,
    put_into_address,
)

# The names of the address's values; a widget of the same name sets it.
JUDGE, QUESTION, TYPED, FILE, AGAIN = "judge", "question", "text", "file", "again"
KEYS = "keys"

QUESTIONS = "corpus/evaluation/questions.jsonl"
DISAGREEMENTS = 50
"""Rows of a table of disagreements at most."""

_TROUBLE, _SKIPPED, _OFF = "trouble", "skipped", "off"

# A key held down is one press: it must not grade passage after passage that nobody has read.
_ONE_PRESS = """<script>
if (!window.onePress) {
  window.onePress = event => {
    if (event.repeat && "0123su".includes(event.key.toLowerCase())
        && !event.target.matches("input, textarea")) event.stopImmediatePropagation();
  };
  window.addEventListener("keydown", window.onePress, true);
}
</script>"""


@dataclass(frozen=True)
class Sitting:
    """Who judges which question, and what they have said so far."""

    library: Library
    question: Question
    log: judging.Log

    @property
    def root(self) -> Path:
        """The library's folder."""
        return self.library.root

    def graded(self, passages: list[Passage]) -> dict[str, int]:
        """The judge's grades of those passages."""
        return judging.grades(self.log, self.question.id, passages)


def page() -> None:
    """Show the passage to grade next; without a judge and a question, a form to choose them."""
    heading("Judge passages")
    with problems_in_a_box("The page cannot be shown"):
        source = library()
        index = source.index_id
        sitting = None
        with problems_in_a_box("That cannot be judged"):
            sitting = _sitting(source)
        if sitting is None:
            _begin(source)
        else:
            _judge(sitting, index)


def _sitting(source: Library) -> Sitting | None:
    """What the address asks for; None where it names nobody or nothing."""
    params = st.query_params
    if JUDGE not in params or not (QUESTION in params or TYPED in params):
        return None
    judge = judging.judge_name(params[JUDGE])
    log = judging.read_log(source.root, judge)
    if TYPED in params:
        return Sitting(source, judging.question_of(params[TYPED]), log)
    wanted = params[QUESTION]
    known = {question.id: question for question in _questions(source.root, log)}
    if wanted not in known:
        raise JudgementError(
            f"No question has the id '{wanted}'. Choose one from the list below, or name the file "
            "that holds it."
        )
    return Sitting(source, known[wanted], log)


def _questions(root: Path, log: judging.Log | None = None) -> list[Question]:
    """The file's questions, then those of commissioners, then those that the judge typed."""
    path = _file(root)
    questions = read_questions(path) if path.exists() or FILE in st.query_params else []
    others = judging.read_candidates(root).questions() + list(log.questions if log else ())
    known = {question.id for question in questions}
    more = {question.id: question for question in others if question.id not in known}
    return questions + list(more.values())


def _file(root: Path) -> Path:
    return root / Path(st.query_params.get(FILE, "") or QUESTIONS).expanduser()


# Before judging


def _begin(source: Library) -> None:
    paragraph(
        "Choose a question. You will see the best passages that every kind of search finds for "
        "it, mixed and one at a time, and grade each from 0 to 3.",
        "lead",
    )
    with problems_in_a_box("The questions cannot be read"):
        _form(source.root)
    _so_far(source)


def _form(root: Path) -> None:
    with st.expander("Questions from another file", expanded=FILE in st.query_params):
        st.session_state[FILE] = st.query_params.get(FILE, "")
        label = f"Name of a file of questions, or empty for {QUESTIONS}"
        st.text_input(label, st.session_state[FILE], key=FILE, on_change=_choose_file)
    questions = {question.id: question for question in _questions(root)}
    marked = {question.id for question in judging.read_candidates(root).questions()}
    if JUDGE not in st.session_state:
        st.session_state[JUDGE] = st.query_params.get(JUDGE, "")

    def text_of(name: str) -> str:
        by = " (asked by a commissioner)" if name in marked else ""
        return questions[name].text + by

    with st.form("judging", border=False):
        st.text_input(
            "Your name (letters, digits and hyphens)", st.session_state[JUDGE], key=JUDGE
        )
        if questions:
            st.selectbox(
                "Question",
                list(questions),
                index=None,
                key=QUESTION,
                format_func=text_of,
                placeholder="Type part of it",
            )
        typed = "Or a question of your own" if questions else "Question"
        st.text_input(typed, key=TYPED)
        st.form_submit_button("Start judging", key="start", type="primary", on_click=_start)


def _choose_file() -> None:
    put_into_address(FILE, st.session_state[FILE].strip())


def _start() -> None:
    """Put who and what into the address: after a reload, or another day, it is where one was."""
    state = st.session_state
    place = {JUDGE: state[JUDGE], FILE: st.query_params.get(FILE, "")}
    chosen, typed = state.get(QUESTION), state[TYPED].strip()
    place |= {QUESTION: chosen} if chosen and not typed else {TYPED: typed}
    # No name and no question go along too, to be refused in words.
    st.query_params.from_dict(
        {name: value for name, value in place.items() if value or name != FILE}
    )


def _so_far(source: Library) -> None:
    logs = [judging.read_log(source.root, judge) for judge in judging.judges(source.root)]
    st.html("<h2>So far</h2>")
    _passed_over(logs, judging.read_candidates(source.root))
    if not any(log.judgements for log in logs):
        paragraph("Nobody has graded anything in this library yet.")
        return
    st.html(evaluator_words.progress_html(logs))
    kept = [judgement for log in logs for judgement in log.judgements]
    asked = {question.id: question for log in logs for question in log.questions}
    with st.container(horizontal=True):
        st.download_button(
            "Download the grades", jsonl(kept), "judgements.jsonl", "application/jsonl", key="save"
        )
        st.download_button(
            "Download their questions",
            jsonl(list(asked.values())),
            "questions.jsonl",
            "application/jsonl",
            key="save-questions",
        )
    st.html("<h2>Agreement between judges</h2>")
    pairs = judging.agreements(logs)
    if not pairs:
        paragraph("No two judges have graded the same passage for the same question yet.")
    titles = {e.document_id: words.title_of(e) for e in source.entries()}
    for pair in pairs:
        st.html(evaluator_words.agreement_html(pair, titles, DISAGREEMENTS))


def _passed_over(logs: list[judging.Log], candidates: judging.Candidates) -> None:
    for text in [*(text for log in logs for text in log.passed_over), *candidates.passed_over]:
        st.html(words.warning_html(text))


# Judging


def _judge(sitting: Sitting, index: str) -> None:
    entries = {entry.document_id: entry for entry in sitting.library.entries()}
    found = _pool(sitting.library, sitting.question, index)
    passages = [passage for passage in found if passage.document_id in entries]
    graded = sitting.graded(passages)
    st.html(f"<h2>{escape(sitting.question.text)}</h2>")
    st.html(evaluator_words.status_html(_state(sitting, passages, graded)))
    if _TROUBLE in st.session_state:
        problem("Your grade was not kept", st.session_state.pop(_TROUBLE))
    current = _current(passages, graded)
    if current is None:
        _done(sitting, passages)
    else:
        with st.container(key="passage", border=True):
            st.html(evaluator_words.passage_html(current, entries[current.document_id]))
    _buttons(sitting, current, passages)
    st.html(_ONE_PRESS, unsafe_allow_javascript=True)
    st.html(words.links_html([words.page_link(_elsewhere(sitting), "Choose another question")]))
    if graded:
        titles = {name: words.title_of(entry) for name, entry in entries.items()}
        rows = [(p, graded[p.id], _again(p)) for p in passages if p.id in graded]
        st.html(evaluator_words.given_html(rows, titles))
    _passed_over([sitting.log], judging.Candidates())


def _pool(source: Library, question: Question, index: str) -> list[Passage]:
    """The passages to judge, kept while question, index and commissioners' marks are the same."""
    marked = judging.read_candidates(source.root).rows
    key = (question, index, marked)
    if st.session_state.get("pooled", (None,))[0] != key:
        with st.spinner("Searching…"):
            st.session_state["pooled"] = (key, judging.pool(source, question, marked))
    passages: list[Passage] = st.session_state["pooled"][1]
    return passages


def _state(sitting: Sitting, passages: list[Passage], graded: dict[str, int]) -> str:
    said = f"{sitting.log.judge}: {len(graded)} of {words.count(len(passages), 'passage')} graded."
    given = sitting.log.of(sitting.question.id)
    if given:
        said += f" Your last grade: {evaluator_words.grade_text(given[-1].grade)}."
    return said


def _current(passages: list[Passage], graded: dict[str, int]) -> Passage | None:
    """The passage named in the address, else the first without a grade; the skipped come last."""
    again = st.query_params.get(AGAIN)
    named = next((passage for passage in passages if passage.id == again), None)
    if named is not None:
        return named
    skipped: list[str] = st.session_state.get(_SKIPPED, [])
    left = [passage for passage in passages if passage.id not in graded]
    first = [passage for passage in left if passage.id not in skipped]
    later = sorted(set(left) - set(first), key=lambda passage: skipped.index(passage.id))
    return next(iter([*first, *later]), None)


def _buttons(sitting: Sitting, current: Passage | None, passages: list[Passage]) -> None:
    """The keys are off where a judge wants them off: single keys trip up those who dictate."""
    on = st.query_params.get(KEYS) != _OFF
    given = sitting.log.of(sitting.question.id)
    if current is not None:
        if current.pages:
            where = words.page_numbers(current.pages).lower()
            st.checkbox(f"Grade all of {where} instead of this passage", key=f"all-{current.id}")
        with st.container(horizontal=True, key="grades"):
            for grade in range(HIGHEST_GRADE + 1):
                st.button(
                    grade_in_words(grade),
                    key=f"grade-{grade}-{current.id}",
                    on_click=partial(_grade, sitting, passages, current, grade),
                    shortcut=str(grade) if on else None,
                )
    with st.container(horizontal=True, key="others"):
        if current is not None:
            st.button(
                "Skip",
                key=f"skip-{current.id}",
                on_click=partial(_skip, current),
                shortcut="s" if on else None,
            )
        st.button(
            "Take back the last grade",
            key=f"undo-{len(given)}",
            on_click=partial(_undo, sitting),
            shortcut="u" if on else None,
            disabled=not given,
        )
    st.session_state[KEYS] = on
    label = "Single keys grade: 0, 1, 2, 3; u takes back, s skips"
    st.checkbox(label, key=KEYS, on_change=_switch_keys)
    with st.expander("What the grades mean"):
        st.html(evaluator_words.grades_explained_html())


def _done(sitting: Sitting, passages: list[Passage]) -> None:
    if not passages:
        paragraph("No search finds a passage for this question, so there is nothing to grade.")
    else:
        st.html("<h3>All passages of this question are graded</h3>")
    started = {judgement.question_id for judgement in sitting.log.judgements}
    left = [q for q in _questions(sitting.root) if q.id not in started | {sitting.question.id}]
    if left:
        to = words.address("judge", _who(sitting) | {QUESTION: left[0].id})
        paragraph(f"{words.count(len(left), 'question')} of the list not begun.")
        st.html(words.links_html([words.page_link(to, f"Next question: {left[0].text}")]))


def _who(sitting: Sitting) -> dict[str, object]:
    carried = {name: st.query_params.get(name, "") for name in (FILE, KEYS)}
    return {JUDGE: sitting.log.judge, **carried}


def _elsewhere(sitting: Sitting) -> str:
    return words.address("judge", _who(sitting))


def _again(passage: Passage) -> str:
    """This address with a passage to grade once more."""
    return words.address("judge", st.query_params.to_dict() | {AGAIN: passage.id})


# What the buttons do


def _grade(sitting: Sitting, passages: list[Passage], passage: Passage, grade: int) -> None:
    """Keep a grade.

    The same key pressed twice before the next passage is there means one grade: what has been
    graded meanwhile is left as it is, unless the address says to grade it again.
    """
    try:
        log = judging.read_log(sitting.root, sitting.log.judge)
        done = passage.id in judging.grades(log, sitting.question.id, passages)
        if done and st.query_params.get(AGAIN) != passage.id:
            return
        pages = st.session_state.get(f"all-{passage.id}", False)
        judging.give(sitting.root, log.judge, sitting.question, passage, grade, pages)
    except RetrieverError as error:
        st.session_state[_TROUBLE] = str(error)
        return
    st.query_params.pop(AGAIN, None)


def _undo(sitting: Sitting) -> None:
    """Take back the grade that was the last one when the button was drawn, and no other."""
    last = sitting.log.of(sitting.question.id)[-1]
    try:
        log = judging.read_log(sitting.root, sitting.log.judge)
        if last in log.judgements:
            judging.take_back(sitting.root, sitting.question, last)
    except RetrieverError as error:
        st.session_state[_TROUBLE] = str(error)


def _switch_keys() -> None:
    put_into_address(KEYS, "" if st.session_state[KEYS] else _OFF)


def _skip(passage: Passage) -> None:
    skipped = [name for name in st.session_state.get(_SKIPPED, []) if name != passage.id]
    st.session_state[_SKIPPED] = [*skipped, passage.id]


if __name__ == "__main__":
    page()
