"""What the evaluators' pages say, as HTML. Everything from a document or a file is escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from retriever.judging import Agreement, Disagreement, Log
from retriever.labels import LABELS, grade_in_words
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
        f'<td data-label="{escape(column)}">{cell}</td>'
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
    place = {
        "document": passage.document_id,
        "start": passage.start,
        "end": passage.end,
        "page": passage.pages[0] if passage.pages else None,
    }
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
