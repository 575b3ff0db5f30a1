"""Draws evidence maps of one index (`evidence_map.py`) and reads their cells."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain

from retriever.concepts import AXES, Concept
from retriever.equity import Equity, stronger
from retriever.errors import BadQuestion
from retriever.evidence_map import ROWS, Cell, Column, Entry, EvidenceMap, Reading, Row, Standing
from retriever.naming import Naming
from retriever.schema import Passage
from retriever.whom import Relation, Tag, is_compared_with, is_labelled, labelled_axes

_STANDING: Mapping[Relation, Standing] = {
    "reported": "reported",
    "studied": "studied",
    "absent": "mentioned",
    "mentioned": "mentioned",
}


class Mapper:
    """Draws maps of one index. Safe for many threads.

    The first map by an axis reads every passage that names one of its groups, which takes seconds
    in a large library; what was read is kept as long as the index is in memory.
    """

    def __init__(self, naming: Naming, equity: Equity, source_types: Mapping[str, str]) -> None:
        """Prepare for an index.

        Args:
            naming: What its passages and documents name.
            equity: Whom its passages are about.
            source_types: Document id -> kind of source.
        """
        self._naming = naming
        self._concepts = naming.concepts
        self._equity = equity
        self._source_types = source_types
        self._relations = lru_cache(maxsize=None)(self._read)
        self._cells = lru_cache(maxsize=None)(self._fill)

    def draw(self, of: str, axis: str, documents: Collection[str], find: str = "") -> EvidenceMap:
        """Draw a map.

        Args:
            of: What the rows are, one of `ROWS`.
            axis: What the groups are by, one of `whom.labelled_axes`.
            documents: Ids of the documents that may be looked at.
            find: Keep only the rows with all these words in their label or words.

        Raises:
            BadQuestion: There are no such rows, or there is no map by that axis.
        """
        self._check(of, axis)
        allowed = frozenset(documents)
        subjects = [c for c in self._concepts.words if c.kind == ROWS[of] and self._fits(c, find)]
        naming = {c: len(self._naming.documents(c) & allowed) for c in subjects}
        rows = sorted((c for c in subjects if naming[c]), key=lambda c: (-naming[c], c.label))
        wanted = {c.key for c in rows}
        held = {
            key: Cell(cell.subject, cell.group, entries)
            for key, cell in self._cells(of, axis).items()
            if key[0] in wanted
            and (entries := tuple(e for e in cell.entries if e.document_id in allowed))
        }
        return EvidenceMap(
            of,
            axis,
            tuple(Row(c, naming[c]) for c in rows),
            tuple(self._column(g, allowed) for g in self._groups(axis)),
            tuple(c for c in subjects if not naming[c]),
            held,
            len(allowed),
        )

    def row(self, subject: Concept, axis: str, documents: Collection[str]) -> tuple[Cell, ...]:
        """The cells of one row that hold something, as `draw` fills them; in order of the groups.

        Only what is on the subject is read, so that one row does not take as long as a map.

        Args:
            subject: A topic or an intervention.
            axis: What the groups are by, one of `whom.labelled_axes`.
            documents: Ids of the documents that may be looked at.
        """
        groups = self._groups(axis)
        allowed = self._naming.documents(subject) & frozenset(documents)
        entries: dict[Concept, list[Entry]] = defaultdict(list)
        for document in (d for d in self._naming.passages if d in allowed):
            relations = self._relations_of(self._equity.near(document, (subject,)), groups)
            for group, found in self._on(document, subject, relations).items():
                kind = self._source_types[document]
                entries[group].append(Entry(document, kind, tuple(found)))
        return tuple(Cell(subject, g, tuple(entries[g])) for g in groups if g in entries)

    def reporting(self, group: Concept) -> frozenset[str]:
        """Ids of the documents that report something for a group, or a narrower one.

        Args:
            group: One of an axis that there are maps by.
        """
        return frozenset(
            passage.rpartition(":")[0]
            for passage, relations in self._relations(group.axis).items()
            if relations.get(group) == "reported"
        )

    def read(self, cell: Cell) -> list[Reading]:
        """The passages of a cell, document by document, in order of the text."""
        within = self._naming.narrower(cell.group)
        found = []
        for entry in cell.entries:
            by_id = {p.id: p for p in self._naming.passages[entry.document_id]}
            for name, _ in entry.passages:
                passage = by_id[name]
                tags = _strongest([t for t in self._equity.tags(passage) if t.group in within])
                marks = [
                    (m.start, m.end)
                    for m in self._concepts.mentions(passage.text)
                    if m.concept in within
                ]
                found.append(Reading(passage, tags, tuple(dict.fromkeys(marks))))
        return found

    def _check(self, of: str, axis: str) -> None:
        if of not in ROWS:
            raise BadQuestion(f"A map has no rows '{of}'. Choose one of {', '.join(ROWS)}.")
        axes = labelled_axes()
        if axis not in axes:
            unsaid = ", ".join(axis for axis in AXES if axis not in axes)
            raise BadQuestion(
                f"There is no map of groups by '{axis}'. Choose one of {', '.join(axes)}. "
                f"({unsaid}: these often go without saying, so an empty cell would mean nothing.)"
            )

    def _groups(self, axis: str) -> list[Concept]:
        """The columns: not those that others are only compared with, which are not looked for."""
        return [
            concept
            for concept in self._concepts.words
            if concept.axis == axis and is_labelled(concept) and not is_compared_with(concept)
        ]

    def _column(self, group: Concept, allowed: frozenset[str]) -> Column:
        narrower = self._naming.narrower(group)
        includes = tuple(c for c in self._concepts.words if c in narrower and c != group)
        return Column(group, includes, len(self._naming.documents(group) & allowed))

    def _fits(self, concept: Concept, find: str) -> bool:
        known = " ".join((concept.id, concept.label, *self._concepts.words[concept])).casefold()
        return all(word in known for word in find.casefold().split())

    def _read(self, axis: str) -> dict[str, dict[Concept, Relation]]:
        """Id of a passage -> the groups of an axis, with the strongest it does for each."""
        every = chain.from_iterable(self._naming.passages.values())
        return self._relations_of(every, self._groups(axis))

    def _relations_of(
        self, passages: Iterable[Passage], groups: Sequence[Concept]
    ) -> dict[str, dict[Concept, Relation]]:
        columns = frozenset(groups)
        found = {}
        for passage in passages:
            named = columns & self._naming.named(passage)
            if named and (relations := self._relations_in(passage, named)):
                found[passage.id] = relations
        return found

    def _relations_in(
        self, passage: Passage, groups: frozenset[Concept]
    ) -> dict[Concept, Relation]:
        best: dict[Concept, Relation] = {}
        for tag in self._equity.tags(passage):
            for group in self._concepts.with_broader([tag.group]) & groups:
                if group not in best or stronger(tag.relation, best[group]):
                    best[group] = tag.relation
        return best

    def _fill(self, of: str, axis: str) -> dict[tuple[str, str], Cell]:
        """The cells that hold something, over all documents."""
        relations = self._relations(axis)
        cells: dict[tuple[Concept, Concept], list[Entry]] = defaultdict(list)
        for document, passages in self._naming.passages.items():
            if not any(passage.id in relations for passage in passages):
                continue
            for subject in self._subjects(of, document):
                for group, found in self._on(document, subject, relations).items():
                    kind = self._source_types[document]
                    cells[subject, group].append(Entry(document, kind, tuple(found)))
        return {
            (subject.key, group.key): Cell(subject, group, tuple(entries))
            for (subject, group), entries in cells.items()
        }

    def _subjects(self, of: str, document: str) -> list[Concept]:
        return [
            concept
            for concept in self._concepts.words
            if concept.kind == ROWS[of] and document in self._naming.documents(concept)
        ]

    def _on(
        self, document: str, subject: Concept, relations: Mapping[str, Mapping[Concept, Relation]]
    ) -> dict[Concept, list[tuple[str, Standing]]]:
        """Group -> the passages of a document on a subject that have to do with the group."""
        found: dict[Concept, list[tuple[str, Standing]]] = defaultdict(list)
        for passage in self._equity.near(document, (subject,)):
            for group, relation in relations.get(passage.id, {}).items():
                found[group].append((passage.id, _STANDING[relation]))
        return found


def _strongest(tags: Sequence[Tag]) -> tuple[Tag, ...]:
    """Of some tags those of the strongest relation, each group once; there must be one."""
    best = tags[0].relation
    for tag in tags:
        if stronger(tag.relation, best):
            best = tag.relation
    by_group: dict[Concept, Tag] = {}
    for tag in tags:
        if tag.relation == best:
            by_group.setdefault(tag.group, tag)
    return tuple(by_group.values())
