"""What the evaluators' pages say, as HTML. Everything from a document or a file is escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from retriever.answer_measures import AnswerMeasures, Curve, Refusals
from retriever.comparison import Score
from retriever.evaluation import Evaluation, Ranked
from retriever.judgements import Judgement
from retriever.judging import Agreement, Disagreement, Log
from retriever.labels import LABELS, grade_in_words, kind_of_source
from retriever.measures import Estimate
from retriever.schema import LibraryEntry, Passage
from retriever.ui import words

EXCERPT = 160
"""Characters of a passage that stand for it in a table."""


def table_html(
    caption: str, columns: Sequence[str], rows: Sequence[Sequence[str]], kind: str = "figures"
) -> str:
    """A table; the first cell of each row is its heading.

    Args:
        caption: What it shows.
        columns: Their names.
        rows: Cells as HTML, already escaped.
        kind: Its class in the style.
    """
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    body = "".join(_row(row, columns) for row in rows)
    return (
        f'<table class="{kind}"><caption>{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _row(cells: Sequence[str], columns: Sequence[str]) -> str:
    rest = "".join(
        f'<td data-label="{escape(column)}">{cell}</td>' if cell else '<td class="none"></td>'
        for column, cell in zip(columns[1:], cells[1:], strict=True)
    )
    return f'<tr><th scope="row">{cells[0]}</th>{rest}</tr>'


def grade_text(grade: int) -> str:
    """A grade as number and words."""
    return f"{grade}, {grade_in_words(grade).lower()}"


def grades_explained_html() -> str:
    """What each grade means, best first."""
    items = "".join(
        f"<dt>{grade} {escape(words_['label'])}</dt><dd>{escape(words_['meaning'])}</dd>"
        for grade, words_ in sorted(LABELS["grades"].items(), reverse=True)
    )
    return f'<dl class="grades">{items}</dl>'


def status_html(text: str) -> str:
    """A line that is read out when it changes."""
    return f'<p role="status" class="state">{escape(text)}</p>'


def passage_html(passage: Passage, entry: LibraryEntry) -> str:
    """A passage to judge, with all that says where it stands and nothing of how it was found."""
    metadata = entry.metadata
    title = words.title_of(entry)
    section = " > ".join(heading for heading in passage.section if heading != title)
    blocks = "".join(f"<p>{escape(b)}</p>" for b in passage.text.split("\n\n") if b.strip())
    place = words.place_in_document(passage)
    shown = words.page_link(words.address("document", place), "Show in document", about=title)
    return "".join(
        [
            f'<h3 class="card-title">{escape(title)}</h3>',
            words.byline_html(
                metadata.publisher,
                metadata.year,
                metadata.source_type,
                words.page_numbers(passage.pages),
            ),
            f'<p class="section">In the section: {escape(section)}</p>' if section else "",
            f'<div class="page-text">{blocks}</div>',
            words.links_html([shown]),
        ]
    )


def given_html(rows: Sequence[tuple[Passage, int, str]], titles: Mapping[str, str]) -> str:
    """The grades that a judge has given for one question.

    Args:
        rows: Of each passage its grade and the address where it is graded again.
        titles: Of the documents, by id.
    """
    cells = [
        (
            escape(titles[passage.document_id]),
            escape(excerpt(passage.text)),
            escape(grade_text(grade)),
            words.page_link(again, "Grade again", about=excerpt(passage.text)),
        )
        for passage, grade, again in rows
    ]
    table = table_html(
        "Your grades for this question", ("Document", "Passage", "Grade", "Change"), cells
    )
    return f"<details><summary>Show your grades for this question</summary>{table}</details>"


def progress_html(logs: Sequence[Log]) -> str:
    """How far each judge has come."""
    rows = [
        (
            escape(log.judge),
            f"{len(log.judgements):,}",
            f"{len({j.question_id for j in log.judgements}):,}",
        )
        for log in logs
    ]
    return table_html(
        "How far each judge has come", ("Judge", "Passages graded", "Questions begun"), rows
    )


def agreement_html(pair: Agreement, titles: Mapping[str, str], most: int) -> str:
    """How far two judges agree, and what they disagree on.

    Args:
        pair: The comparison.
        titles: Of the documents, by id.
        most: Rows shown at most.
    """
    first, second = pair.judges
    kappa = (
        f"Weighted kappa is {pair.kappa:.2f}: 1 is full agreement, 0 what chance would give."
        if pair.kappa is not None
        else "Weighted kappa cannot be worked out: each gave one and the same grade throughout."
    )
    said = (
        f"Both graded {words.count(pair.common, 'passage')} and gave the same grade to "
        f"{pair.same:,}. {kappa}"
    )
    html = f"<h3>{escape(first)} and {escape(second)}</h3><p>{escape(said)}</p>"
    if not pair.disagreements:
        return html
    shown = pair.disagreements[:most]
    caption = (
        f"Where they disagree, widest apart first ({len(shown):,} of {len(pair.disagreements):,})"
    )
    rows = [_disagreement(row, titles) for row in shown]
    return html + table_html(caption, ("Question", "Document", "Passage", first, second), rows)


def _disagreement(row: Disagreement, titles: Mapping[str, str]) -> tuple[str, ...]:
    what = excerpt(row.quote) or words.page_numbers(row.pages)
    return (
        escape(row.question.text or row.question.id),
        escape(titles.get(row.document_id, row.document_id)),
        escape(what),
        *(escape(grade_text(grade)) for grade in row.grades),
    )


def excerpt(text: str) -> str:
    """The beginning of a text, cut between words."""
    plain = " ".join(text.split())
    if len(plain) <= EXCERPT:
        return plain
    return plain[:EXCERPT].rpartition(" ")[0] + " …"


def scores_html(evaluation: Evaluation) -> str:
    """Each system on each measure, with intervals and the comparison with the baseline."""
    columns = ["System", "Measure", "Mean", "95% interval"]
    if evaluation.baseline:
        columns += [f"Difference to {evaluation.baseline}", "95% interval of it", "p (Holm)"]
    ordered = sorted(evaluation.scores, key=lambda s: evaluation.measures.index(s.measure))
    rows = [_score_row(score, compared=bool(evaluation.baseline)) for score in ordered]
    return table_html("Systems and measures", columns, rows)


def _score_row(score: Score, compared: bool) -> tuple[str, ...]:
    estimate = score.estimate
    row = (escape(score.system), escape(score.measure), _number(estimate.mean), _interval(estimate))
    if not compared:
        return row
    if score.difference is None:
        return (*row, "Baseline", "", "")
    difference = score.difference
    signed = f"{difference.low:+.3f} to {difference.high:+.3f}"
    return (*row, f"{difference.mean:+.3f}", signed, _p(score.p_holm))


def _number(value: float) -> str:
    return f"{value:.3f}"


def _interval(estimate: Estimate) -> str:
    return f"{estimate.low:.3f} to {estimate.high:.3f}"


def _p(value: float | None) -> str:
    if value is None:
        return ""
    return "below 0.001" if value < 0.001 else f"{value:.3f}"


@dataclass(frozen=True)
class Scored:
    """A question, the address that opens it, and its score by one system or by two."""

    text: str
    address: str
    scores: tuple[float, ...]

    @property
    def difference(self) -> float:
        """How much better the last system is than the first; with one system, its score."""
        return self.scores[-1] - self.scores[0] if len(self.scores) > 1 else self.scores[0]


def questions_html(rows: Sequence[Scored], measure: str, systems: Sequence[str]) -> str:
    """The score of each question, and the difference between two, as a table in its own box."""
    caption = f"{measure} of each question, the worst first"
    columns = ["Number", "Question", *systems]
    cells = [
        [str(number), words.page_link(row.address, row.text), *map(_number, row.scores)]
        for number, row in enumerate(rows, start=1)
    ]
    if len(systems) > 1:
        columns.append("Difference")
        cells = [[*line, f"{row.difference:+.3f}"] for line, row in zip(cells, rows, strict=True)]
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(caption)}">'
        f"{table_html(caption, columns, cells)}</div>"
    )


def slices_html(evaluation: Evaluation, measure: str) -> str:
    """A measure for each slice of the questions; those with too few questions say so."""
    rows = []
    for part in evaluation.slices:
        value = kind_of_source(part.value) if part.field == "source type" else part.value
        cells = [part.estimates[system][measure] for system in evaluation.systems]
        scores = [f"{_number(cell.mean)} ({_interval(cell)})" for cell in cells]
        name = f"{part.field.capitalize()}: {value}"
        note = "Too few to tell" if part.few else ""
        rows.append((escape(name), f"{part.count:,}", *scores, note))
    columns = ("Slice", "Questions", *evaluation.systems, "Note")
    return table_html(f"{measure} by slice of the questions", columns, rows)


def answers_html(answers: AnswerMeasures) -> str:
    """How often findings held what was judged, and whether every quotation is exact."""
    rows = [
        (f"Among the first {first}", _number(share.mean), _interval(share))
        for first, share in answers.found.items()
    ]
    table = table_html(
        f"Share of {words.count(answers.count, 'question')} with a finding that holds what was "
        "judged",
        ("Where", "Share", "95% interval"),
        rows,
    )
    exact = (
        f"{answers.exact:,} of {words.count(answers.findings, 'finding')} stand word for word at "
        "their place and on their stated page."
    )
    return f"{table}<p>{exact}</p>"


def refusals_html(refusals: Refusals) -> str:
    """Which questions were refused, and what another threshold would do."""
    shares = [(f"Not held: {n}", n, share) for n, share in refusals.unanswerable.items()]
    if refusals.answerable:
        shares.append(("Answerable", "answerable", refusals.answerable))
    rows = [
        (escape(label), f"{refusals.counts[name]:,}", _number(share.mean), _interval(share))
        for label, name, share in shares
    ]
    refused = table_html(
        "Questions refused", ("Kind of question", "Questions", "Refused", "95% interval"), rows
    )
    return refused + "".join(map(_curve_html, refusals.curves))


def _curve_html(curve: Curve) -> str:
    return table_html(
        f"Refused below each value of {curve.setting}",
        ("Threshold", "Not held", "Answerable", "Note"),
        [
            (
                f"{point.threshold:.2f}",
                "" if point.unanswerable is None else _number(point.unanswerable),
                "" if point.answerable is None else _number(point.answerable),
                "; ".join(_notes_on(point.threshold, curve)),
            )
            for point in curve.points
        ],
    )


def _notes_on(threshold: float, curve: Curve) -> list[str]:
    notes = ["In force"] if threshold == curve.threshold else []
    if threshold == curve.suggested:
        notes.append("Highest that refuses at most 3 in 100 answerable questions")
    return notes


def unfound_html(judgements: Sequence[Judgement]) -> str:
    """Judgements that no passage of the library holds any more."""
    rows = [
        (
            escape(judgement.question_id),
            escape(judgement.document_id),
            escape(grade_text(judgement.grade)),
            escape(excerpt(judgement.quote) or words.page_numbers(judgement.pages)),
        )
        for judgement in judgements
    ]
    caption = "Judgements that no passage of the library holds; they count as not found"
    return table_html(caption, ("Question", "Document", "Grade", "What was judged"), rows)


def ranking_html(
    ranking: Sequence[Ranked], passages: Mapping[str, Passage], titles: Mapping[str, str]
) -> str:
    """One system's places for a question, each with its grade in words.

    Args:
        ranking: The places, best first.
        passages: The library's, by id; a place that is not among them is shown by its id alone.
        titles: Of the documents, by id.
    """
    if not ranking:
        return "<p>Nothing was found.</p>"
    items = "".join(f"<li>{_place_html(place, passages, titles)}</li>" for place in ranking)
    return f'<ol class="ranking">{items}</ol>'


def _place_html(place: Ranked, passages: Mapping[str, Passage], titles: Mapping[str, str]) -> str:
    grade = (
        "Not judged"
        if place.grade is None
        else f"<strong>Judged {escape(grade_text(place.grade))}</strong>"
    )
    passage = passages.get(place.id)
    if passage is None:
        return f"<p>{escape(titles.get(place.id, place.id))}</p><p>{grade}</p>"
    title = titles.get(passage.document_id, passage.document_id)
    where = {
        "document": passage.document_id,
        "start": passage.start,
        "end": passage.end,
        "page": passage.pages[0] if passage.pages else None,
    }
    link = words.page_link(words.address("document", where), title, about=place.id)
    pages = words.page_numbers(passage.pages)
    return (
        f"<p>{link}{f', {pages.lower()}' if pages else ''}</p>"
        f"<p>{escape(excerpt(passage.text))}</p><p>{grade}</p>"
    )
