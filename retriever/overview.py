"""One topic -> what commissioners ask of every topic: does it work, for whom, at what cost.

The questions are the librarians' (`[[standing]]` in `data/intents.toml`). Two are asked like any
other question, of the documents that name the topic, and of the quotations that come nearest only
those stay that name it and speak to the point. For whom is read as the evidence map reads it. What
is not held is said, and never more than was looked at.
"""

from __future__ import annotations

import difflib
import functools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retriever.answer import finding_to_json
from retriever.concepts import Concept, Concepts
from retriever.config import Answers
from retriever.equity import Silence, silence_in_words
from retriever.errors import BadQuestion, SettingsError
from retriever.evidence import signals
from retriever.evidence_map import ROWS, STANDINGS, Cell, Row
from retriever.intents import INTENTS, Intent
from retriever.intents import read as read_intents
from retriever.labels import axis_in_words
from retriever.naming import Naming
from retriever.readings import KIND_CLASSES
from retriever.schema import Answer, Filters, Finding, Record, to_dict
from retriever.search import Searcher
from retriever.vocabulary import read_toml
from retriever.whom import labelled_axes

MOST = 3
"""Findings shown for one question."""

UNKNOWN = "unknown"
"""Stands in `directed` for quotations whose kind is not known."""

_NEEDED = {"heading", "question", "intent", "kinds", "missing"}
_KINDS = tuple(ROWS.values())
_NEAR = 0.6

Ask = Callable[[str, Filters, int | None], Answer]


@dataclass(frozen=True)
class StandingQuestion:
    """A question that is asked of every topic.

    Attributes:
        heading: As it is shown.
        question: As it is put, with `{topic}`; empty for the one that population groups answer.
        intent: What it wants to know; None where the groups answer.
        kinds: Kinds of finding that speak to the point.
        directed: Kinds that do where the quotation says which way it went; `UNKNOWN` among them.
        missing: What a quotation does not do that is left out: "says what it costs".
    """

    heading: str
    question: str = ""
    intent: Intent | None = None
    kinds: tuple[str, ...] = ()
    directed: tuple[str, ...] = ()
    missing: str = ""


@dataclass(frozen=True)
class ByAxis:
    """What documents on a topic do for the groups of one axis.

    Attributes:
        cells: As on the evidence map, those with most results first; groups that are named in no
            connection with the topic have none.
        gap: Says that nothing is reported for any of them; empty where something is.
    """

    axis: str
    cells: tuple[Cell, ...]
    gap: str


@dataclass(frozen=True)
class Section:
    """What a library holds on one standing question: findings, or groups by axis.

    Attributes:
        question: As it was asked; empty where population groups answer.
        findings: The most useful first, at most `MOST`.
        axes: Every axis by which quotations are labelled, where groups answer.
        gap: Says what is not held; empty where there are findings or groups were looked for.
        message: What is to be known of the findings as a whole; may be empty.
    """

    heading: str
    question: str
    findings: tuple[Finding, ...] = ()
    axes: tuple[ByAxis, ...] = ()
    gap: str = ""
    message: str = ""


@dataclass(frozen=True)
class Overview:
    """What a library holds on a topic or an intervention, by the standing questions.

    Attributes:
        documents: How many documents name it, or a narrower one, somewhere.
        searched: How many there are.
        sections: In order of the file.
    """

    topic: Concept
    documents: int
    searched: int
    sections: tuple[Section, ...]
    record: Record


def read(path: Path = INTENTS) -> tuple[StandingQuestion, ...]:
    """Read the standing questions.

    Raises:
        SettingsError: The file is not TOML or an entry is wrong; names file and entry.
    """
    intents = read_intents(path)
    entries = read_toml(path).get("standing", [])
    found = tuple(
        _standing(entry, intents, f"{path}, [[standing]] number {number}")
        for number, entry in enumerate(entries, start=1)
    )
    if sum(not each.question for each in found) != 1:
        raise SettingsError(
            f"{path}: one entry of [[standing]], and no more, must have a heading alone: the one "
            "that the population groups answer. Correct that."
        )
    return found


def _standing(
    entry: Mapping[str, Any], intents: Mapping[str, Intent], where: str
) -> StandingQuestion:
    if set(entry) not in ({"heading"}, _NEEDED, _NEEDED | {"directed"}):
        needs = f"a heading alone, or {', '.join(sorted(_NEEDED))}"
        raise SettingsError(f"{where}: needs {needs}; takes directed. Correct its keys.")
    for name in entry.keys() - {"kinds", "directed"}:
        if not isinstance(entry[name], str) or not entry[name]:
            raise SettingsError(f"{where}: {name} must be text, not {entry[name]!r}.")
    if set(entry) == {"heading"}:
        return StandingQuestion(entry["heading"])
    if set("{}") & set("".join(entry["question"].split("{topic}", 1))) or (
        "{topic}" not in entry["question"]
    ):
        raise SettingsError(
            f"{where}: question needs {{topic}} where the name goes, and no other braces."
        )
    intent = intents.get(f"intent:{entry['intent']}")
    if intent is None:
        raise SettingsError(f"{where}: intent '{entry['intent']}' is no entry of [intents].")
    return StandingQuestion(
        entry["heading"],
        entry["question"],
        intent,
        _kinds(entry["kinds"], KIND_CLASSES, f"{where}: kinds"),
        _kinds(entry.get("directed", []), (*KIND_CLASSES, UNKNOWN), f"{where}: directed"),
        entry["missing"],
    )


def _kinds(values: Any, known: Sequence[str], where: str) -> tuple[str, ...]:
    if not isinstance(values, list) or any(value not in known for value in values):
        raise SettingsError(f"{where} must be a list out of {', '.join(known)}, not {values!r}.")
    return tuple(values)


@functools.cache
def packaged() -> tuple[StandingQuestion, ...]:
    """The standing questions that come with the program.

    Raises:
        SettingsError: As `read`.
    """
    return read()


def in_short() -> str:
    """The standing questions in a phrase: `does it work, for whom, at what cost`."""
    headings = (each.heading.rstrip("?") for each in packaged())
    return ", ".join(heading[:1].lower() + heading[1:] for heading in headings)


def find(asked: str, concepts: Concepts) -> Concept:
    """The topic, or else the intervention, that an id, a key, a label or its words stand for.

    Words must name it and nothing beside it, so that a slip does not lead to a broader topic.

    Raises:
        BadQuestion: There is none, and the nearest are named; or there are several of a kind.
    """
    folded = " ".join(asked.split()).casefold()
    known = [c for c in concepts.words if c.kind in _KINDS]
    inside = [m for m in concepts.mentions(asked.strip()) if m.concept in known]
    exact = [c for c in known if folded in (c.key, c.id, c.label.casefold())]
    whole = [m.concept for m in inside if m.end - m.start == len(asked.strip())]
    for kind in _KINDS:
        found = [c for c in exact or whole if c.kind == kind]
        if len(found) > 1:
            several = _named(found)
            raise BadQuestion(f"'{asked}' stands for several: {several}. Name one of them.")
        if found:
            return found[0]
    spelled = {name: c for c in reversed(known) for name in (c.key, c.id, c.label.casefold())}
    close = difflib.get_close_matches(folded, spelled, n=3, cutoff=_NEAR)
    near = dict.fromkeys([*(m.concept for m in inside), *(spelled[name] for name in close)])
    hint = f" Did you mean {_named(list(near)[:3])}?" if near else ""
    raise BadQuestion(
        f"The vocabularies know no topic or intervention '{asked}'.{hint} "
        "`retriever vocabulary list` shows all."
    )


def _named(concepts: Sequence[Concept]) -> str:
    return " or ".join(f"{concept.label} ({concept.key})" for concept in concepts)


def subjects(naming: Naming, documents: Collection[str]) -> list[Row]:
    """Topics and interventions that some of these documents name, in order of their labels."""
    allowed = frozenset(documents)
    rows = [
        Row(concept, len(naming.documents(concept) & allowed))
        for concept in naming.concepts.words
        if concept.kind in _KINDS
    ]
    return sorted((row for row in rows if row.documents), key=lambda row: row.subject.label)


def compose(
    topic: Concept,
    ask: Ask,
    searcher: Searcher,
    documents: Sequence[str],
    settings: Answers,
    record: Record,
) -> Overview:
    """Answer the standing questions on a topic.

    Args:
        topic: A topic or an intervention.
        ask: Question, restrictions and the most findings out of one document -> answer.
        searcher: The index.
        documents: Ids of the documents that may be looked at.
        settings: How findings are chosen.
        record: What gave this overview.
    """
    on_topic = [one for one in documents if one in searcher.naming.documents(topic)]
    # Of one document alone all findings may come.
    most = settings.findings if len(on_topic) == 1 else None
    sections = []
    for standing in packaged():
        question = standing.question.format(topic=topic.label)
        if not on_topic:
            gap = f"Not held: {_nowhere(topic, len(documents))}"
            sections.append(Section(standing.heading, question, gap=gap))
        elif standing.intent is None:
            axes = tuple(_by_axis(topic, axis, searcher, on_topic) for axis in labelled_axes())
            sections.append(Section(standing.heading, question, axes=axes))
        else:
            answer = ask(question, Filters(document_ids=tuple(on_topic)), most)
            sections.append(_told(topic, standing, standing.intent, answer, searcher, on_topic))
    return Overview(topic, len(on_topic), len(documents), tuple(sections), record)


def _nowhere(topic: Concept, searched: int) -> str:
    if searched == 1:
        return f"the one document looked through does not speak of {topic.label}."
    return f"none of the {searched:,} documents looked through speaks of {topic.label}."


def _told(
    topic: Concept,
    standing: StandingQuestion,
    intent: Intent,
    answer: Answer,
    searcher: Searcher,
    on_topic: Sequence[str],
) -> Section:
    kept = tuple(
        finding
        for finding in answer.findings
        if _to_the_point(finding, standing, intent)
        and _names(topic, finding, searcher.naming.concepts)
    )[:MOST]
    asked = answer.question
    if kept:
        return Section(standing.heading, asked, kept, message=answer.message)
    if searcher.equity.silent(on_topic, intent):
        said = silence_in_words(Silence(intent, (topic,), None, len(on_topic)))
        return Section(standing.heading, asked, gap=f"Not held: {said[:1].lower()}{said[1:]}")
    gap = _not_found(topic, standing, answer, len(on_topic))
    return Section(standing.heading, asked, gap=gap)


def _to_the_point(finding: Finding, standing: StandingQuestion, intent: Intent) -> bool:
    """Whether a quotation speaks to the point; where that is in doubt it does not."""
    kind = finding.kind or UNKNOWN
    told = finding.direction is not None
    if kind not in standing.kinds and not (told and kind in standing.directed):
        return False
    if intent.speaks is None:
        return told or signals(finding.quote).result > 0
    return bool(intent.speaks.search(finding.quote))


def _names(topic: Concept, finding: Finding, concepts: Concepts) -> bool:
    """Whether a quotation, a heading above it or its document's title names a topic."""
    texts = (finding.quote, *finding.section, finding.title)
    return any(topic in concepts.with_broader(concepts.named(text)) for text in texts)


def _not_found(topic: Concept, standing: StandingQuestion, answer: Answer, count: int) -> str:
    """Says what was looked at and in vain; sentences that were not looked at may hold it."""
    number = len(answer.findings)
    speak = "1 document speaks" if count == 1 else f"{count:,} documents speak"
    if not number:
        return f"Not found: {speak} of {topic.label}; no passage comes near to “{answer.question}”"
    nearest = "quotation that comes" if number == 1 else f"{number} quotations that come"
    return (
        f"Not found: {speak} of {topic.label}; among the {nearest} nearest is none that names it "
        f"and {standing.missing}. Other sentences of theirs may."
    )


def _by_axis(topic: Concept, axis: str, searcher: Searcher, on_topic: Sequence[str]) -> ByAxis:
    cells = searcher.mapper.row(topic, axis, on_topic)
    ordered = sorted(cells, key=lambda cell: [-len(cell.documents(s)) for s in STANDINGS])
    gap = ""
    if not any(cell.standing == "reported" for cell in cells):
        gap = f"No document on {topic.label} reports a result by {axis_in_words(axis)}."
    return ByAxis(axis, tuple(ordered), gap)


def to_json(overview: Overview) -> dict[str, Any]:
    """An overview as plain values; shape as in README.md."""
    topic = overview.topic
    return {
        "topic": {"key": topic.key, "kind": topic.kind, "id": topic.id, "label": topic.label},
        "documents": overview.documents,
        "documents_searched": overview.searched,
        "sections": [_section_to_json(section) for section in overview.sections],
        "record": to_dict(overview.record),
    }


def _section_to_json(section: Section) -> dict[str, Any]:
    return {
        "heading": section.heading,
        "question": section.question,
        "findings": [finding_to_json(finding) for finding in section.findings],
        "axes": [
            {"axis": each.axis, "groups": [_cell_to_json(c) for c in each.cells], "gap": each.gap}
            for each in section.axes
        ],
        "gap": section.gap,
        "message": section.message,
    }


def _cell_to_json(cell: Cell) -> dict[str, Any]:
    return {
        "id": cell.group.id,
        "label": cell.group.label,
        **{standing: list(cell.documents(standing)) for standing in STANDINGS},
    }
