"""What the evidence map's page says, as HTML. Everything from a document is escaped."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Sequence
from html import escape

from retriever.concepts import Concept
from retriever.evidence_map import STANDINGS, Cell, Column, EvidenceMap, Reading, Row
from retriever.labels import (
    LABELS,
    axis_in_words,
    kind_of_source,
    place_in_words,
    relation_in_words,
)
from retriever.schema import Metadata
from retriever.ui import words
from retriever.whom import often_unsaid

AT_ONCE = 3
"""Passages of a document that are shown without being asked for."""


def capital(text: str) -> str:
    """A text with its first letter a capital."""
    return text[:1].upper() + text[1:]


def on_axis(axis: str) -> str:
    """What is to be known of a map by an axis; empty where there is nothing."""
    if not often_unsaid(axis):
        return ""
    return (
        f"Groups by {axis_in_words(axis)} often go without saying, so an empty cell tells less "
        "here than elsewhere."
    )


def meanings_html() -> str:
    """What the words in the cells mean."""
    items = "".join(
        f'<li class="{standing}"><strong>{escape(said["label"].capitalize())}:</strong> '
        f"{escape(said['meaning'])}</li>"
        for standing, said in LABELS["standings"].items()
    )
    return f'<ul class="standings">{items}</ul>'


def caption(drawn: EvidenceMap) -> str:
    """What the table and the picture show."""
    return (
        f"{drawn.of.capitalize()} by {axis_in_words(drawn.axis)}: how many documents report "
        "something, studied the group, or only mention it"
    )


def map_html(
    drawn: EvidenceMap,
    rows: Sequence[Row],
    columns: Sequence[Column],
    address: Callable[[Cell], str],
) -> str:
    """The map, or a part of it, as a table in a box of its own.

    Args:
        drawn: The map.
        rows: Those to show.
        columns: Those to show.
        address: Where a cell is opened.
    """
    head = "".join(f'<th scope="col">{_heading_html(column)}</th>' for column in columns)
    body = "".join(_row_html(drawn, row, columns, address) for row in rows)
    said = escape(caption(drawn))
    first = escape(drawn.of.removesuffix("s").capitalize())
    return (
        f'<div class="scroll map-box" role="region" tabindex="0" aria-label="{said}">'
        f'<table class="map"><caption><span>{said}</span></caption>'
        f'<thead><tr><th scope="col">{first}</th>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _heading_html(column: Column) -> str:
    narrower = (
        f' <span class="aside">with {words.count(len(column.includes), "narrower group")}</span>'
        if column.includes
        else ""
    )
    return escape(column.group.label) + narrower


def _row_html(
    drawn: EvidenceMap, row: Row, columns: Sequence[Column], address: Callable[[Cell], str]
) -> str:
    cells = "".join(_cell_html(drawn.cell(row.subject, c.group), address) for c in columns)
    speak = words.count(row.documents, "document")
    head = f'{escape(row.subject.label)} <span class="aside">{speak}</span>'
    return f'<tr><th scope="row">{head}</th>{cells}</tr>'


def _cell_html(cell: Cell, address: Callable[[Cell], str]) -> str:
    if not cell.entries:
        return '<td class="empty">none</td>'
    about = escape(f"{cell.subject.label}, {cell.group.label}")
    counts = "".join(f"<span>{escape(count)} </span>" for count in counts_in_words(cell))
    return (
        f'<td class="{cell.standing}"><a href="{escape(address(cell))}">{counts}'
        f'<span class="heard">: {about}</span></a></td>'
    )


def counts_in_words(cell: Cell) -> list[str]:
    """How many documents of a cell do what: `2 reported`; those that are none are left out."""
    counts = ((len(cell.documents(standing)), standing) for standing in STANDINGS)
    return [
        f"{count:,} {LABELS['standings'][standing]['label']}" for count, standing in counts if count
    ]


def picture_html(
    png: bytes, width: int, described: str, label: str = "Map as a picture"
) -> str:
    """A picture in a box of its own, `width` pixels wide however narrow the page is."""
    data = base64.b64encode(png).decode("ascii")
    return (
        f'<div class="scroll picture-box" role="region" tabindex="0" aria-label="{escape(label)}">'
        f'<img src="data:image/png;base64,{data}" width="{width}" alt="{escape(described)}"></div>'
    )


def left_out_html(drawn: EvidenceMap) -> str:
    """What no document names, and which groups take in which."""
    unnamed = [column.group for column in drawn.columns if not column.documents]
    parts = [
        _listed_html(f"No document speaks of these {drawn.of}", drawn.unnamed),
        _listed_html("No document names these groups", unnamed),
    ]
    broad = [column for column in drawn.columns if column.includes and column.documents]
    if broad:
        items = "".join(f"<li>{escape(taking_in(column))}</li>" for column in broad)
        parts.append(
            f"<details><summary>Which groups take in narrower ones ({len(broad)})</summary>"
            f"<ul>{items}</ul></details>"
        )
    return "".join(parts)


def _listed_html(title: str, concepts: Sequence[Concept]) -> str:
    if not concepts:
        return ""
    return (
        f"<details><summary>{escape(title)} ({len(concepts)})</summary>"
        f"<p>{_joined(concepts)}.</p></details>"
    )


def _joined(concepts: Iterable[Concept]) -> str:
    return escape(", ".join(concept.label for concept in concepts))


def taking_in(column: Column) -> str:
    """Which narrower groups are counted with a group."""
    labels = ", ".join(concept.label for concept in column.includes)
    return f"{capital(column.group.label)} here take in {labels}."


def strength(reading: Reading) -> int:
    """What passages of a document are sorted by: the place of what they do, the strongest 0."""
    return list(LABELS["relations"]).index(reading.tags[0].relation)


def held(cell: Cell, speaking: int, drawn: EvidenceMap) -> str:
    """What is said of a cell that holds something; arguments as of `nothing`."""
    counts = ", ".join(counts_in_words(cell))
    return f"{_speaking(cell, speaking, drawn)}. For {cell.group.label}: {counts}."


def nothing(cell: Cell, speaking: int, drawn: EvidenceMap) -> str:
    """What is said of a cell that holds nothing.

    Args:
        cell: The cell.
        speaking: How many documents speak of its subject at all.
        drawn: The map.
    """
    said = f"The library holds nothing on {cell.subject.label} for {cell.group.label}."
    rest = f", and not of {cell.group.label} in that connection" if speaking else ""
    return f"{said} {_speaking(cell, speaking, drawn)}{rest}."


def _speaking(cell: Cell, speaking: int, drawn: EvidenceMap) -> str:
    count = f"{speaking:,}" if speaking else "None"
    verb = "speak" if speaking > 1 else "speaks"
    through = words.count(drawn.searched, "document")
    return f"{count} of the {through} looked through {verb} of {cell.subject.label}"


def kinds_in_words(cell: Cell) -> str:
    """The kinds of source of a cell's documents, by what they do for the group."""
    parts = []
    for standing in STANDINGS:
        kinds = cell.source_types(standing)
        if kinds:
            label = LABELS["standings"][standing]["label"].capitalize()
            counted = (f"{kind_of_source(kind)} ({count})" for kind, count in kinds.items())
            parts.append(f"{label}: {', '.join(counted)}.")
    return " ".join(parts)


def document_html(
    title: str, metadata: Metadata, standing: str, readings: Sequence[Reading]
) -> str:
    """A document of a cell with its passages, the strongest first; many are folded away."""
    said = LABELS["standings"][standing]
    shown = "".join(_reading_html(title, reading) for reading in readings[:AT_ONCE])
    folded = readings[AT_ONCE:]
    if folded:
        more = f"Show {words.count(len(folded), 'more passage')} of this document"
        rest = "".join(_reading_html(title, reading) for reading in folded)
        shown += f"<details><summary>{more}</summary>{rest}</details>"
    return "".join(
        [
            f'<h3 class="card-title">{escape(title)}</h3>',
            words.byline_html(metadata.publisher, metadata.year, metadata.source_type),
            f'<p class="standing {standing}"><strong>{escape(said["label"].capitalize())}:'
            f"</strong> {escape(said['meaning'])}</p>",
            words.digest_html(metadata.digest),
            words.status_html(metadata.status, metadata.source_type),
            shown,
        ]
    )


def _reading_html(title: str, reading: Reading) -> str:
    passage, tags = reading.passage, reading.tags
    said = relation_in_words(tags[0].relation, [tag.group.label for tag in tags])
    rests = "; ".join(
        place_in_words(place, [tag.words for tag in tags if tag.place == place])
        for place in dict.fromkeys(tag.place for tag in tags)
    )
    section = " > ".join(heading for heading in passage.section if heading != title)
    where = [words.page_numbers(passage.pages), f"In the section: {section}" if section else ""]
    place = words.place_in_document(passage)
    shown = words.page_link(words.address("document", place), "Show in document", about=title)
    return "".join(
        [
            words.quotation_html(passage.text, reading.marks),
            words.scanned_html(passage.scanned),
            f'<p><strong>{escape(said)}</strong> <span class="aside">({escape(rests)})</span></p>',
            f'<p class="section">{escape(" · ".join(filter(None, where)))}</p>'
            if any(where)
            else "",
            words.links_html([shown]),
        ]
    )
