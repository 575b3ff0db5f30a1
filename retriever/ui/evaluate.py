"""Measure systems on judged questions, and look at where they differ."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from html import escape
from pathlib import Path

import streamlit as st

from retriever import Library, judging, report
from retriever.errors import EvaluationError, UnknownDocument
from retriever.evaluation import MEASURES, Evaluation, evaluate
from retriever.evaluation_files import KEPT, SHIPPED, keep, read_inputs, read_kept
from retriever.judgements import Judgement, Question, read_questions
from retriever.schema import MODES, Passage
from retriever.ui import evaluator_words, words
from retriever.ui.shared import (
    choice,
    heading,
    library,
    paragraph,
    problem,
    problems_in_a_box,
)

# The names of the address's values: which kept evaluation, what is looked at, which question.
RUN, MEASURE, SYSTEM, OPEN = "run", "measure", "system", "open"

MORE_MEASURES = ("nDCG@5", "P@5", "AP@20", "Success@1", "Success@10", "R@100")
OTHERS_SHOWN = 10
"""Kept evaluations that are linked to, the newest first."""

_HALVES = {
    "": "All questions",
    "develop": "Those to choose settings by (develop)",
    "report": "Those to report (report)",
}
_THEIRS = "with the questions"


def page() -> None:
    """Show the evaluation or the question named in the address, else the form."""
    heading("Evaluate")
    with problems_in_a_box("That cannot be evaluated"):
        source = library()
        if RUN in st.query_params:
            _look(source, st.query_params[RUN])
        else:
            _begin(source)


# Evaluating


def _begin(source: Library) -> None:
    index = source.index_id
    paragraph(
        "Measure how well each kind of search finds what people judged to be an answer, and "
        "whether one is really better than another.",
        "lead",
    )
    judges = judging.judges(source.root)
    with st.form("evaluating", border=False):
        st.multiselect("Systems", MODES, list(MODES), key="systems")
        st.multiselect(
            "Measures",
            [*MEASURES, *MORE_MEASURES],
            list(MEASURES),
            key="measures",
            accept_new_options=True,
        )
        st.selectbox("Questions", list(_HALVES), key="half", format_func=_HALVES.__getitem__)
        st.checkbox("Also ask every question, and measure answers and refusals", key="answers")
        with st.expander("Other questions, judgements and baseline"):
            shipped = SHIPPED / "questions.jsonl"
            st.text_input(f"File of questions, or empty for {shipped}", key="questions")
            st.text_input(
                "File of judgements, or empty for those beside or in the questions",
                key="judgements",
            )
            st.multiselect(
                "Judgements",
                [_THEIRS, *judges],
                [_THEIRS],
                key="sources",
                format_func=lambda name: f"Those {name}" if name == _THEIRS else f"By {name}",
            )
            st.selectbox("Compare with", ["", *MODES], key="baseline", format_func=_baseline)
        pressed = st.form_submit_button("Evaluate", key="evaluate", type="primary")
    if pressed:
        with problems_in_a_box("The systems cannot be evaluated"):
            st.query_params[RUN] = _evaluate(source)
            st.rerun()
    _kept(source.root)
    paragraph(f"Index in force: {index}", "aside")


def _baseline(name: str) -> str:
    return name or "hybrid, or the first system where that is not chosen"


def _evaluate(source: Library) -> str:
    """Evaluate what the form says and keep it; gives the name under which it is kept."""
    state = st.session_state
    questions, judgements = _inputs(source.root)
    bar = st.progress(0.0, "Reading the questions")
    shown = [0]

    def progress(done: int, total: int, text: str) -> None:
        if (percent := 100 * done // max(total, 1)) > shown[0]:
            shown[0] = percent
            bar.progress(percent / 100, f"{done:,} of {total:,} steps: {text}")

    evaluation = evaluate(
        source,
        questions,
        judgements,
        state["systems"],
        state["measures"],
        baseline=state["baseline"] or None,
        answers=state["answers"],
        progress=progress,
    )
    bar.empty()
    return keep(evaluation, source.root / KEPT).stem


def _inputs(root: Path) -> tuple[list[Question], list[Judgement]]:
    """The questions and judgements that the form names.

    Raises:
        RetrieverError: They cannot be read, or no judgements were chosen.
    """
    state = st.session_state
    half, sources = state["half"], state["sources"]
    logs = [judging.read_log(root, name) for name in sources if name != _THEIRS]
    if not sources:
        raise EvaluationError("No judgements are chosen. Choose whose judgements are to count.")
    judgements: list[Judgement] = []
    if _THEIRS in sources:
        questions, judgements = read_inputs(
            root, _named(root, "questions"), _named(root, "judgements"), half
        )
    else:
        path = _named(root, "questions") or root / SHIPPED / "questions.jsonl"
        asked = read_questions(path) if path.exists() or state["questions"].strip() else []
        questions = [question for question in asked if half in ("", question.half)]
        half = "" if not asked else half
    known = {question.id for question in questions}
    for log in logs:
        judgements += log.judgements
        # What a judge typed is in no half.
        typed = [q for q in log.questions if q.id not in known and q.text and not half]
        questions += typed
        known |= {question.id for question in typed}
    return questions, judgements


def _named(root: Path, key: str) -> Path | None:
    text = st.session_state[key].strip()
    return root / Path(text).expanduser() if text else None


def _kept(root: Path) -> None:
    newest = sorted((root / KEPT).glob("*.json"), key=_written, reverse=True)[:OTHERS_SHOWN]
    if not newest:
        return
    links = [
        words.page_link(
            words.address("evaluate", {RUN: path.stem}),
            f"{datetime.fromtimestamp(_written(path)):%-d %B %Y, %H:%M}",
            about=path.stem,
        )
        for path in newest
    ]
    items = "".join(f"<li>{link}</li>" for link in links)
    st.html(f"<h2>Kept evaluations</h2><ul>{items}</ul>")


def _written(path: Path) -> float:
    return path.stat().st_mtime


# Looking at an evaluation


def _look(source: Library, name: str) -> None:
    evaluation = _read(source.root, name)
    wanted = st.query_params.get(OPEN, "")
    question = next((q for q in evaluation.questions if q.id == wanted), None)
    if wanted and question is None:
        problem("This question was not scored", f"The evaluation has no question '{wanted}'.")
    if question is None:
        _result(source, evaluation, name)
    else:
        _question(source, evaluation, question)


def _read(root: Path, name: str) -> Evaluation:
    """A kept evaluation by its name.

    Raises:
        EvaluationError: There is none of that name, or it cannot be read.
    """
    # The name comes out of the address: it must not lead anywhere else.
    if not re.fullmatch("[0-9a-f]{16}", name):
        raise EvaluationError(
            f"'{name}' names no kept evaluation. Open the Evaluate page and choose one there."
        )
    return read_kept(root / KEPT / f"{name}.json")


def _result(source: Library, evaluation: Evaluation, name: str) -> None:
    st.html(words.links_html([words.page_link("evaluate", "Evaluate something else")]))
    st.html("<h2>Result</h2>")
    for text in _about(source, evaluation):
        paragraph(text)
    st.html(evaluator_words.scores_html(evaluation))
    measure = choice("Look at the measure", MEASURE, evaluation.measures)
    _differences(evaluation, measure)
    if evaluation.slices:
        st.html("<h2>For whom, and for what</h2>")
        st.html(evaluator_words.slices_html(evaluation, measure))
    if evaluation.answers:
        st.html("<h2>Answers</h2>" + evaluator_words.answers_html(evaluation.answers))
    if evaluation.refusals:
        st.html("<h2>Refusals</h2>" + evaluator_words.refusals_html(evaluation.refusals))
    st.html("<h2>Judgements that were not found</h2>")
    if evaluation.unfound:
        st.html(evaluator_words.unfound_html(evaluation.unfound))
    else:
        paragraph("Every judgement holds for some passage of the library.")
    _files(source.root, evaluation, name)


def _about(source: Library, evaluation: Evaluation) -> Iterator[str]:
    yield (
        f"{words.count(len(evaluation.questions), 'question')} scored. Intervals are 95%, by "
        f"bootstrap over the questions. Seed {evaluation.seed}, version {evaluation.version}."
    )
    if evaluation.baseline:
        yield (
            f"Differences are to {evaluation.baseline}; p by a paired two-sided randomisation "
            "test, corrected after Holm for the number of systems."
        )
    yield from evaluation.notes
    if evaluation.index != source.index_id:
        yield (
            "The index has changed since: the passages shown below a question may read "
            "differently now."
        )


def _others(evaluation: Evaluation) -> list[str]:
    return [system for system in evaluation.systems if system != evaluation.baseline]


def _differences(evaluation: Evaluation, measure: str) -> None:
    """The scores of each question: first as a table, then their differences as a chart."""
    st.html("<h2>Question by question</h2>")
    baseline, here = evaluation.baseline, st.query_params.to_dict()
    system, compared = evaluation.systems[0], [evaluation.systems[0]]
    if baseline:
        system = choice(f"Compare {baseline} with", SYSTEM, _others(evaluation))
        compared = [baseline, system]
    scored = []
    for question in evaluation.questions:
        by_system = evaluation.per_question[question.id]
        to = words.address("evaluate", here | {OPEN: question.id})
        scores = tuple(by_system[name][measure] for name in compared)
        scored.append(evaluator_words.Scored(question.text, to, scores))
    scored.sort(key=lambda one: one.difference)
    distances = [one.difference for one in scored]
    better, worse = sum(d > 0 for d in distances), sum(d < 0 for d in distances)
    if baseline:
        paragraph(
            f"{system} is better than {baseline} on {words.count(better, 'question')}, worse on "
            f"{worse:,}, and equal on {len(scored) - better - worse:,}."
        )
    paragraph("Open a question to see what was found for it.")
    st.html(evaluator_words.questions_html(scored, measure, compared))
    if baseline:
        st.bar_chart(
            {"number": list(range(1, len(scored) + 1)), "difference": distances},
            x="number",
            y="difference",
            x_label="Number of the question in the table",
            y_label=f"{system} less {baseline}",
            height=320,
            alt=f"The differences of the table above as bars: {better} up, {worse} down.",
        )


def _files(root: Path, evaluation: Evaluation, name: str) -> None:
    st.html("<h2>Kept</h2>")
    paragraph(f"In {root / KEPT}, under the name {name}. The same evaluation gives the same files.")
    with st.container(horizontal=True):
        for number, (label, kind, suffix) in enumerate(
            (("Report", "html", "html"), ("All figures", "json", "json"), ("Scores", "csv", "csv"))
        ):
            st.download_button(
                f"{label} ({suffix.upper()})",
                report.FORMATS[kind](evaluation),
                f"{name}.{suffix}",
                key=f"file-{number}",
            )
        for path in sorted((root / KEPT).glob(f"{name}.*.run")):
            st.download_button(
                f"Run {path.name.removeprefix(name + '.').removesuffix('.run')}",
                path.read_bytes(),
                path.name,
                "text/plain",
                key=path.name,
            )


# One question


def _question(source: Library, evaluation: Evaluation, question: Question) -> None:
    params = st.query_params.to_dict()
    back = words.address("evaluate", {key: v for key, v in params.items() if key != OPEN})
    st.html(words.links_html([words.page_link(back, "Back to the result")]))
    st.html(f"<h2>{escape(question.text)}</h2>")
    shown = [evaluation.systems[0]]
    if evaluation.baseline:
        other = choice(
            f"Beside {evaluation.baseline}, the ranking of", SYSTEM, _others(evaluation)
        )
        shown = [evaluation.baseline, other]
    scores = evaluation.per_question[question.id]
    st.html(
        evaluator_words.table_html(
            "Scores of this question",
            ("System", *evaluation.measures),
            [
                (escape(system), *(f"{scores[system][m]:.3f}" for m in evaluation.measures))
                for system in shown
            ],
        )
    )
    titles = {e.document_id: words.title_of(e) for e in source.entries()}
    rankings = evaluation.rankings[question.id]
    passages = _passages(source, evaluation, [p.id for s in shown for p in rankings[s]])
    if evaluation.index != source.index_id:
        st.html(
            words.warning_html(
                "The index has changed since this was evaluated, so passages are named here and "
                "not shown. Evaluate again to read them."
            )
        )
    for column, system in zip(st.columns(len(shown), gap="medium"), shown, strict=True):
        with column:
            ranked = evaluator_words.ranking_html(rankings[system], passages, titles)
            st.html(f"<h3>{escape(system)}</h3>{ranked}")
    lost = [judgement for judgement in evaluation.unfound if judgement.question_id == question.id]
    if lost:
        st.html("<h3>Judgements that were not found</h3>" + evaluator_words.unfound_html(lost))


def _passages(source: Library, evaluation: Evaluation, ids: list[str]) -> dict[str, Passage]:
    """The passages of those ids; none where the index is another, whose ids mean other texts."""
    if evaluation.index != source.index_id:
        return {}
    found: dict[str, Passage] = {}
    for document_id in {name.rpartition(":")[0] for name in ids}:
        try:
            found |= {passage.id: passage for passage in source.passages(document_id)}
        except UnknownDocument:  # removed since, or a place that names a whole document
            continue
    return found


if __name__ == "__main__":
    page()
