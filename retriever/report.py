"""An evaluation to read: as text or an HTML page of tables, or one row per question as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape

from retriever import output
from retriever.answer_measures import AnswerMeasures, Curve, Refusals
from retriever.comparison import Score
from retriever.evaluation import Evaluation
from retriever.labels import kind_of_source
from retriever.measures import Estimate

_STYLE = """
body { font: 1rem/1.5 Arial, sans-serif; color: #212b32; background: #fff; margin: 2rem auto;
  max-width: 80rem; padding: 0 1rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; margin: 1rem 0 2rem; }
caption { font-weight: bold; text-align: left; padding: .5rem 0; }
th, td { border-bottom: 1px solid #768692; padding: .35rem .8rem .35rem 0; text-align: left;
  vertical-align: top; font-variant-numeric: tabular-nums; }
"""


@dataclass(frozen=True)
class Table:
    """One table of a report; the first column names the row."""

    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def as_text(evaluation: Evaluation) -> str:
    """The whole report but the scores of each question, for a terminal."""
    blocks = [output.wrapped(line) for line in _about(evaluation)]
    blocks += [
        f"{found.caption}\n\n{output.table(found.headings, found.rows)}"
        for found in _tables(evaluation)
    ]
    return "\n\n".join(blocks)


def as_html(evaluation: Evaluation) -> str:
    """The whole report as one page that stands alone: no scripts, nothing fetched."""
    tables = [*_tables(evaluation), _per_question(evaluation)]
    parts = [f"<p>{escape(line)}</p>" for line in _about(evaluation)]
    parts += [_html_table(number, found) for number, found in enumerate(tables, start=1)]
    body = "\n".join(parts)
    return (
        '<!DOCTYPE html>\n<html lang="en-GB">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Evaluation of retrieval</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<main>\n<h1>Evaluation of retrieval</h1>\n{body}\n</main>\n</body>\n</html>"
    )


def as_csv(evaluation: Evaluation) -> str:
    """One row per question and system, with what is known of the question and its scores."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    known = ("question_id", "text", "kind", "groups", "axes", "topics", "form", "half")
    writer.writerow([*known, "system", *evaluation.measures])
    for question in evaluation.questions:
        about = [question.id, question.text, question.kind]
        about += ["; ".join(v) for v in (question.groups, question.axes, question.topics)]
        about += [question.form, question.half]
        for system in evaluation.systems:
            scores = evaluation.per_question[question.id][system]
            writer.writerow([*about, system, *(scores[m] for m in evaluation.measures)])
    return stream.getvalue().rstrip("\n")


def _html_table(number: int, table: Table) -> str:
    caption = f"caption-{number}"
    head = "".join(f'<th scope="col">{escape(heading)}</th>' for heading in table.headings)
    rows = "\n".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in table.rows
    )
    # A wide table is scrolled in its own box, which must be reached by keyboard.
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-labelledby="{caption}">\n<table>\n'
        f'<caption id="{caption}">{escape(table.caption)}</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>\n</div>"
    )


def _about(evaluation: Evaluation) -> Iterator[str]:
    """What was measured and how, and what a reader must know, in sentences."""
    yield (
        f"{len(evaluation.questions)} questions scored. Intervals are 95%, by bootstrap over the "
        f"questions. Seed {evaluation.seed}, version {evaluation.version}."
    )
    if evaluation.baseline:
        yield (
            f"Differences are to {evaluation.baseline}; p by a paired two-sided randomisation "
            "test, corrected after Holm for the number of systems."
        )
    yield f"Index {evaluation.index}, settings {evaluation.settings}."
    yield from evaluation.notes
    if evaluation.unfound:
        yield (
            f"{len(evaluation.unfound)} judgements hold for no passage of the library any more; "
            "they count as not found."
        )


def _tables(evaluation: Evaluation) -> Iterator[Table]:
    yield Table(
        "Systems",
        ("measure", "system", "mean", "95% interval", "difference", "95% interval", "p", "p, Holm"),
        tuple(
            _score_row(score)
            for measure in evaluation.measures
            for score in evaluation.scores
            if score.measure == measure
        ),
    )
    if evaluation.slices:
        yield _slice_table(evaluation)
    if evaluation.answers:
        yield _answer_table(evaluation.answers)
    if evaluation.refusals:
        yield _refusal_table(evaluation.refusals)
        yield from map(_curve_table, evaluation.refusals.curves)
    if evaluation.unfound:
        yield Table(
            "Judgements that hold for no passage of the library",
            ("question", "document", "grade", "quotation or pages"),
            tuple(
                (u.question_id, u.document_id, str(u.grade), u.quote or output.pages_label(u.pages))
                for u in evaluation.unfound
            ),
        )


def _score_row(score: Score) -> tuple[str, ...]:
    own = (score.measure, score.system, _number(score.estimate.mean), _interval(score.estimate))
    if score.difference is None:
        return (*own, "", "", "", "")
    distance = (f"{score.difference.mean:+.3f}", _interval(score.difference, "+"))
    return (*own, *distance, _p(score.p), _p(score.p_holm))


def _slice_table(evaluation: Evaluation) -> Table:
    measure = evaluation.measures[0]
    rows = []
    for part in evaluation.slices:
        value = kind_of_source(part.value) if part.field == "source type" else part.value
        cells = [part.estimates[system][measure] for system in evaluation.systems]
        scores = [f"{_number(cell.mean)} ({_interval(cell)})" for cell in cells]
        flag = "too few to tell" if part.few else ""
        rows.append((f"{part.field}: {value}", str(part.count), *scores, flag))
    headings = ("slice", "questions", *evaluation.systems, "note")
    return Table(f"{measure} by slice", headings, tuple(rows))


def _answer_table(answers: AnswerMeasures) -> Table:
    rows = [
        (
            f"a finding holds what was judged, among the first {k}",
            str(answers.count),
            _number(share.mean),
            _interval(share),
        )
        for k, share in answers.found.items()
    ]
    exact = answers.exact / answers.findings if answers.findings else 1.0
    rows.append(
        (
            "findings word for word at their place and page",
            str(answers.findings),
            f"{exact:.3f}",
            "",
        )
    )
    return Table("Answers", ("what", "count", "share", "95% interval"), tuple(rows))


def _refusal_table(refusals: Refusals) -> Table:
    parts: list[tuple[str, str, Estimate]] = [
        (f"cannot be answered: {name}", name, share)
        for name, share in refusals.unanswerable.items()
    ]
    if refusals.answerable:
        parts.append(("can be answered", "answerable", refusals.answerable))
    rows = tuple(
        (label, str(refusals.counts[name]), _number(share.mean), _interval(share))
        for label, name, share in parts
    )
    return Table("Questions refused", ("questions", "count", "refused", "95% interval"), rows)


def _curve_table(curve: Curve) -> Table:
    rows = []
    for point in curve.points:
        marks = ["in force"] if point.threshold == curve.threshold else []
        if point.threshold == curve.suggested:
            marks.append("highest with at most 3 in 100 answerable refused")
        shares = (_number(point.unanswerable), _number(point.answerable))
        rows.append((f"{point.threshold:.2f}", *shares, ", ".join(marks)))
    headings = ("threshold", "unanswerable refused", "answerable refused", "note")
    return Table(f"Refusing below a value of {curve.setting}", headings, tuple(rows))


def _per_question(evaluation: Evaluation) -> Table:
    rows = tuple(
        (question.id, question.text, system, *(_number(scores[m]) for m in evaluation.measures))
        for question in evaluation.questions
        for system, scores in evaluation.per_question[question.id].items()
    )
    headings = ("question", "text", "system", *evaluation.measures)
    return Table("Every question", headings, rows)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _interval(estimate: Estimate, sign: str = "") -> str:
    return f"{estimate.low:{sign}.3f} to {estimate.high:{sign}.3f}"


def _p(value: float | None) -> str:
    if value is None:
        return ""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


FORMATS: dict[str, Callable[[Evaluation], str]] = {
    "table": as_text,
    "json": lambda evaluation: output.as_json(evaluation.to_dict()),
    "csv": as_csv,
    "html": as_html,
}
