"""Topics or interventions against population groups: for whom a library reports what, and not.

A cell counts the documents on its row's subject by the strongest thing that any of them does for
its column's group: it *reports* something for the group, the group took part (*studied*), or it is
only *mentioned*, by the way or as missing. What counts is what the answers count by (`equity.py`),
worked out from the words of the library in force (`mapper.py`); nobody codes anything by hand.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from retriever.concepts import Concept
from retriever.schema import Passage
from retriever.whom import Tag

Standing = Literal["reported", "studied", "mentioned"]
STANDINGS: tuple[Standing, ...] = get_args(Standing)
"""What a document or passage does for a group, the strongest first."""

ROWS: Mapping[str, str] = {"topics": "topic", "interventions": "intervention"}
"""What the rows may be -> the kind of concept."""


@dataclass(frozen=True)
class Entry:
    """What one document holds in one cell.

    Attributes:
        passages: Id of each passage and what it does for the group, in order of the text; at
            least one.
    """

    document_id: str
    source_type: str
    passages: tuple[tuple[str, Standing], ...]

    @property
    def standing(self) -> Standing:
        """The strongest of its passages; by this the document counts, once."""
        return min((standing for _, standing in self.passages), key=STANDINGS.index)


@dataclass(frozen=True)
class Cell:
    """What the library holds on a subject for a group; without entries, nothing."""

    subject: Concept
    group: Concept
    entries: tuple[Entry, ...] = ()

    @property
    def standing(self) -> Standing | None:
        """The strongest of its documents; None where it holds nothing."""
        return min((e.standing for e in self.entries), key=STANDINGS.index, default=None)

    def documents(self, standing: Standing) -> tuple[str, ...]:
        """Ids of the documents of which this is the strongest."""
        return tuple(e.document_id for e in self.entries if e.standing == standing)

    def passages(self, standing: Standing) -> tuple[str, ...]:
        """Ids of the passages that do this for the group."""
        return tuple(
            passage for e in self.entries for passage, found in e.passages if found == standing
        )

    def source_types(self, standing: Standing) -> dict[str, int]:
        """Kind of source -> how many of those documents are of it, the commonest first."""
        kinds = Counter(e.source_type for e in self.entries if e.standing == standing)
        return dict(sorted(kinds.items(), key=lambda item: (-item[1], item[0])))


@dataclass(frozen=True)
class Column:
    """A population group.

    Attributes:
        includes: The narrower groups that are counted with it.
        documents: How many documents name it, or a narrower one, on whatever subject.
    """

    group: Concept
    includes: tuple[Concept, ...]
    documents: int


@dataclass(frozen=True)
class Row:
    """A topic or an intervention, and how many documents speak of it, or of a narrower one."""

    subject: Concept
    documents: int


@dataclass(frozen=True)
class EvidenceMap:
    """A map, drawn. Every row meets every column; a pair that is not in `held` holds nothing.

    Attributes:
        rows: Those that some document speaks of, the commonest first.
        columns: All groups of the axis, in order of the vocabulary.
        unnamed: What no document speaks of, and is no row therefore.
        held: Keys of subject and group -> the cell.
        searched: How many documents were looked through.
    """

    of: str
    axis: str
    rows: tuple[Row, ...]
    columns: tuple[Column, ...]
    unnamed: tuple[Concept, ...]
    held: Mapping[tuple[str, str], Cell]
    searched: int

    def cell(self, subject: Concept, group: Concept) -> Cell:
        """The cell of a subject and a group."""
        return self.held.get((subject.key, group.key), Cell(subject, group))


@dataclass(frozen=True)
class Reading:
    """A passage of a cell, and why it stands there.

    Attributes:
        tags: The strongest tags of the group and the narrower ones, each group once; all of one
            relation, at least one.
        marks: Where in the passage's text the words stand that name the group, in order; none where
            it is taken from a heading or the title.
    """

    passage: Passage
    tags: tuple[Tag, ...]
    marks: tuple[tuple[int, int], ...]


def to_json(drawn: EvidenceMap) -> dict[str, Any]:
    """A map as plain values; pairs of a row and a column that are not in `cells` hold nothing."""
    return {
        "rows_are": drawn.of,
        "axis": drawn.axis,
        "documents_searched": drawn.searched,
        "rows": [
            {"id": r.subject.id, "label": r.subject.label, "documents": r.documents}
            for r in drawn.rows
        ],
        "columns": [
            {
                "id": c.group.id,
                "label": c.group.label,
                "includes": [group.id for group in c.includes],
                "documents": c.documents,
            }
            for c in drawn.columns
        ],
        "unnamed": [{"id": c.id, "label": c.label} for c in drawn.unnamed],
        "cells": [
            _cell_record(cell)
            for row in drawn.rows
            for column in drawn.columns
            if (cell := drawn.cell(row.subject, column.group)).entries
        ],
    }


def _cell_record(cell: Cell) -> dict[str, Any]:
    return {
        "row": cell.subject.id,
        "column": cell.group.id,
        **{standing: len(cell.documents(standing)) for standing in STANDINGS},
        "documents": {standing: list(cell.documents(standing)) for standing in STANDINGS},
        "passages": {standing: list(cell.passages(standing)) for standing in STANDINGS},
        "source_types": {standing: cell.source_types(standing) for standing in STANDINGS},
    }


def to_csv(drawn: EvidenceMap) -> str:
    """A map as CSV, one line per cell, the empty ones included."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    numbers = [*STANDINGS, *(f"passages_{standing}" for standing in STANDINGS)]
    kinds = [f"source_types_{standing}" for standing in STANDINGS]
    named = ["row", "row_label", "row_documents", "axis", "group", "group_label", "group_includes"]
    writer.writerow([*named, *numbers, *kinds])
    for row in drawn.rows:
        for column in drawn.columns:
            cell = drawn.cell(row.subject, column.group)
            about = [row.subject.id, row.subject.label, row.documents, drawn.axis]
            narrower = "; ".join(group.id for group in column.includes)
            about += [column.group.id, column.group.label, narrower]
            writer.writerow([*about, *_counts(cell)])
    return stream.getvalue().rstrip("\n")


def _counts(cell: Cell) -> list[object]:
    documents = [len(cell.documents(standing)) for standing in STANDINGS]
    passages = [len(cell.passages(standing)) for standing in STANDINGS]
    kinds = [
        "; ".join(f"{kind}: {count}" for kind, count in cell.source_types(standing).items())
        for standing in STANDINGS
    ]
    return [*documents, *passages, *kinds]
