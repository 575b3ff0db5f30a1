"""How the command line prints: tables, wrapped text, JSON, TREC runs and a progress bar.

Everything printed comes out of documents that anybody may have written, so control characters
(which a terminal would obey) are shown as a replacement character.
"""

from __future__ import annotations

import json
import math
import shutil
import sys
import textwrap
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from retriever.concepts import Concept, Concepts
from retriever.config import Setting
from retriever.evidence_map import STANDINGS, Cell, EvidenceMap
from retriever.evidence_map import Row as MapRow
from retriever.labels import (
    SCANNED,
    about_kinds,
    about_standings,
    at_a_glance,
    axis_in_words,
    digest_line,
    feature_in_words,
    further_warnings,
    gap_effect_in_words,
    kind_of_finding,
    kind_of_source,
    meaning_of_source,
    read_as,
    reported,
    status_of,
    whom,
)
from retriever.organisations import KIND, Body, Organisations, in_words
from retriever.schema import (
    Answer,
    Check,
    Document,
    FileOutcome,
    Finding,
    Hit,
    IndexReport,
    LibraryEntry,
    Metadata,
    Page,
    Passage,
    Progress,
    Record,
    to_dict,
)

if TYPE_CHECKING:
    from retriever.overview import Overview  # slow to load: not for --help

TEXT_WIDTH = 88
BAR_WIDTH = 24

Row = Sequence[object]


def as_json(value: Any) -> str:
    """Write plain values as indented JSON, letters of all scripts as themselves.

    Bytes of a file's name that are no text (lone surrogates to Python) are escaped.
    """
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def harmless(text: str) -> str:
    """Replace what a terminal must not be sent with U+FFFD; line breaks and tabs may stay."""
    return "".join(
        "\ufffd" if unicodedata.category(char) in ("Cc", "Cs") and char not in "\n\t" else char
        for char in text
    )


def table(headings: Sequence[str], rows: Sequence[Row]) -> str:
    """Lay rows out in columns as wide as their longest cell; None is an empty cell.

    On a terminal, lines are cut to its width; elsewhere they are whole.
    """
    cells = [list(headings), *([_cell(value) for value in row] for row in rows)]
    widths = [max(map(_columns, column)) for column in zip(*cells, strict=True)]
    cells.insert(1, ["-" * width for width in widths])
    limit = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    return "\n".join(_line(row, widths, limit) for row in cells)


def _cell(value: object) -> str:
    return "" if value is None else harmless(" ".join(str(value).split()))


def _columns(text: str) -> int:
    """How many columns of a terminal the text takes."""
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    marks = sum(unicodedata.combining(char) > 0 for char in text)
    return len(text) + wide - marks


def _line(row: Sequence[str], widths: Sequence[int], limit: int | None) -> str:
    paired = zip(row, widths, strict=True)
    line = "  ".join(text + " " * (width - _columns(text)) for text, width in paired).rstrip()
    return line if limit is None or len(line) <= limit else line[: limit - 1] + "…"


def wrapped(text: str, indent: str = "") -> str:
    """Break lines at a readable width, keeping the text's own line breaks."""
    return "\n".join(
        textwrap.fill(
            harmless(line),
            TEXT_WIDTH,
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in text.split("\n")
    )


def pages_label(pages: tuple[int, int] | None) -> str:
    """Say which pages: "page 3", "pages 3 to 4", or nothing for a document without pages."""
    if pages is None:
        return ""
    first, last = pages
    return f"page {first}" if first == last else f"pages {first} to {last}"


def progress_to(stream: TextIO) -> Callable[[Progress], None]:
    """Make a function that shows progress: a bar on a terminal, else a line now and then."""
    return _bar(stream) if stream.isatty() else _occasional_lines(stream)


def _bar(stream: TextIO) -> Callable[[Progress], None]:
    def show(progress: Progress) -> None:
        filled = BAR_WIDTH * progress.done // max(progress.total, 1)
        bar = "#" * filled + "." * (BAR_WIDTH - filled)
        line = f"{progress.stage:<9} [{bar}] {progress.done}/{progress.total} "
        room = shutil.get_terminal_size().columns - len(line) - 1
        stream.write(f"\r\x1b[K{line}{harmless(progress.item)[: max(room, 0)]}")
        if progress.done >= progress.total:
            stream.write("\n")
        stream.flush()

    return show


def _occasional_lines(stream: TextIO) -> Callable[[Progress], None]:
    """Write at the start of each stage and at every further quarter of it."""
    last: tuple[str, int] = ("", 0)

    def show(progress: Progress) -> None:
        nonlocal last
        now = (progress.stage, 4 * progress.done // max(progress.total, 1))
        if now != last:
            stream.write(f"{progress.stage}: {progress.done} of {progress.total}\n")
            stream.flush()
        last = now

    return show


def index_report(report: IndexReport) -> str:
    """What a run of indexing did: the files it touched, the counts, the failed files last."""
    return "\n\n".join(_index_blocks(report))


def _index_blocks(report: IndexReport) -> Iterator[str]:
    changed = [row for row in report.documents if row.outcome in ("added", "updated", "removed")]
    failed = [row for row in report.documents if row.outcome == "failed"]
    if changed:
        yield table(
            ("outcome", "path", "document", "pages", "passages", "note"),
            [_outcome_row(row) for row in changed],
        )
    counts = Counter(row.outcome for row in report.documents)
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
    yield (
        f"{len(report.documents)} files{': ' if outcomes else ''}{outcomes}. "
        f"{report.passages} passages.\nindex {report.index}"
    )
    if failed:
        yield f"{len(failed)} could not be read:\n" + table(
            ("path", "reason"), [(row.path, row.reason) for row in failed]
        )


def _outcome_row(row: FileOutcome) -> Row:
    return (row.outcome, row.path, row.document_id, row.pages, row.passages, row.reason)


_REASONS = 6
_NOT_WEIGHED = "not weighed: only the best found are, in evidence mode, and no abstracts"


def hit_record(hit: Hit, explain: bool = False) -> dict[str, Any]:
    """One row of `retriever search --format json`; `explain` adds each feature's share."""
    record = {
        "rank": hit.rank,
        "passage_id": hit.passage.id,
        "document_id": hit.passage.document_id,
        "title": hit.title,
        "pages": list(hit.passage.pages) if hit.passage.pages else None,
        "score": hit.score,
        "lexical_rank": hit.lexical_rank,
        "vector_rank": hit.vector_rank,
        "text": hit.passage.text,
        "scanned": hit.passage.scanned,
    }
    return {**record, "shares": dict(hit.shares)} if explain else record


def reasons(hit: Hit) -> list[tuple[str, float]]:
    """What speaks most for a passage (above 0) or against it (below), in words, the most first.

    Features that mean the same to a reader are added up. Empty where the passage was not weighed.
    """
    sums: dict[str, float] = {}
    for feature, share in hit.shares.items():
        words = feature_in_words(feature)
        sums[words] = sums.get(words, 0.0) + share
    ordered = sorted(sums.items(), key=lambda item: -abs(item[1]))
    return [(words, share) for words, share in ordered if abs(share) >= 0.05][:_REASONS]


def _reasons_line(hit: Hit) -> str:
    told = ", ".join(f"{words} {share:+.1f}" for words, share in reasons(hit))
    return f"{hit.rank}: {told or _NOT_WEIGHED}"


def hit_table(hits: Sequence[Hit], explain: bool = False) -> str:
    """Passages found, best first, a line each; `explain` adds why each stands where it does."""
    if not hits:
        return "Nothing in the library fits these words and filters."
    rows = [
        (
            hit.rank,
            f"{hit.score:.3f}",
            hit.passage.id,
            pages_label(hit.passage.pages),
            hit.title,
            hit.passage.text,
        )
        for hit in hits
    ]
    listed = table(("rank", "score", "passage", "pages", "title", "text"), rows)
    if scanned := [str(hit.rank) for hit in hits if hit.passage.scanned]:
        listed += f"\n\nNumber {', '.join(scanned)}: {SCANNED[:1].lower()}{SCANNED[1:]}."
    if not explain:
        return listed
    heading = "What speaks for each passage (+) and against it (-), the most first:"
    return "\n".join([listed, "", heading, *map(_reasons_line, hits)])


def run_lines(hits: Sequence[Hit], query_id: str, tag: str) -> Iterator[str]:
    """A TREC run: scores fall strictly, for evaluation tools order equal scores as they like."""
    above = math.inf
    for hit in hits:
        above = min(hit.score, math.nextafter(above, -math.inf))
        yield f"{query_id} Q0 {hit.passage.id} {hit.rank} {above!r} {tag}"


def answer_text(answer: Answer) -> str:
    """An answer for reading: what was found, each quotation with its source, what is missing."""
    return "\n\n".join(_answer_blocks(answer))


def _answer_blocks(answer: Answer) -> Iterator[str]:
    if answer.message:
        yield wrapped(answer.message)
    gaps = [gap for gap in answer.gaps if gap != answer.message]
    if gaps:
        yield "\n".join(wrapped(gap) for gap in gaps)
    if glance := at_a_glance(answer.findings):
        yield "\n".join(wrapped(line) for line in glance)
    for number, finding in enumerate(answer.findings, 1):
        yield _finding_text(number, finding)
    if answer.warnings:
        yield "\n".join(wrapped(f"- {line}") for line in answer.warnings)
    if answer.findings:
        yield _kinds_text(answer.findings)
    if read := read_as(answer.understood):
        yield wrapped(read)
    yield (
        f"Searched {answer.documents_searched} documents, {answer.passages_searched} passages"
        f"{_within(answer.record)} (index {answer.record.index})."
    )


def overview_text(overview: Overview) -> str:
    """An overview for reading: each standing question with quotations, or groups, or the gap."""
    return "\n\n".join(_overview_blocks(overview))


def _overview_blocks(overview: Overview) -> Iterator[str]:
    yield (
        f"{overview.topic.label} ({overview.topic.key}): documents that speak of it: "
        f"{overview.documents} of {overview.searched}"
    )
    for section in overview.sections:
        yield section.heading
        said = (section.gap, section.message, *(each.gap for each in section.axes))
        if any(said):
            yield "\n".join(wrapped(text) for text in said if text)
        for number, finding in enumerate(section.findings, 1):
            yield _finding_text(number, finding)
        rows = [
            (axis_in_words(each.axis), cell.group.label, *_documents_by_standing(cell))
            for each in section.axes
            for cell in each.cells
        ]
        if rows:
            yield table(("by", "group", *STANDINGS), rows)
            yield wrapped(about_standings())
    findings = [finding for section in overview.sections for finding in section.findings]
    if findings:
        yield _kinds_text(findings)
    within = _within(overview.record)
    yield f"Index {overview.record.index}." + (f" Looked for only{within}." if within else "")


def _within(record: Record) -> str:
    """Which collections were searched, or nothing for the whole library."""
    if not record.collections:
        return ""
    named = harmless(", ".join(f"“{name}”" for name in record.collections))
    return f" in the collection{'s' if len(record.collections) > 1 else ''} {named}"


def _kinds_text(findings: Sequence[Finding]) -> str:
    """What each kind of source among the findings is, and what that does not tell."""
    kinds = dict.fromkeys(finding.source_type for finding in findings)
    told = (f"- {kind_of_source(kind)}: {meaning_of_source(kind)}" for kind in kinds)
    return "\n".join(map(wrapped, ("Kinds of source:", *told, about_kinds())))


def _finding_text(number: int, finding: Finding) -> str:
    status = status_of(finding.status, finding.source_type)
    source = (
        finding.publisher or "Publisher not stated",
        str(finding.year or "year not stated"),
        kind_of_source(finding.source_type),
        pages_label(finding.pages),
        f"[{finding.document_id}]",
    )
    lines = (
        *(" – ".join(filter(None, whom(basis, finding.source_type))) for basis in finding.basis),
        " – ".join(reported(finding.direction)) if finding.direction else "",
        kind_of_finding(finding.kind) if finding.kind else "",
        gap_effect_in_words(finding.gap_effect),
        finding.title,
        ", ".join(filter(None, source)),
        f"Status: {status.words}" if status else "",
        f"What replaced it is in this library: [{finding.successor}]" if finding.successor else "",
        *(f"Warning: {warning}" for warning in further_warnings(finding)),
        *finding.terms,
        digest_line(finding.digest),
        finding.url,
    )
    quotation = wrapped(f"“{finding.quote}”", "   ")
    cited = (wrapped(line, "   ") for line in lines if line)
    return f"{number:>2} {quotation[3:]}\n" + "\n".join(cited)


def entry_table(entries: Sequence[LibraryEntry]) -> str:
    """The files of a library, a line each; a failed one with its reason."""
    headings = ("document", "outcome", "kind", "year", "pages", "passages", "title or reason")
    return table(headings, [_entry_row(entry) for entry in entries])


def _entry_row(entry: LibraryEntry) -> Row:
    if entry.outcome == "failed":
        return (entry.path, "failed", None, None, None, None, entry.reason)
    known = entry.metadata
    return (
        entry.document_id,
        entry.outcome,
        known.source_type,
        known.year,
        entry.pages,
        entry.passages,
        known.title,
    )


def document_record(
    document: Document, page: Page | None, passages: Sequence[Passage] | None
) -> dict[str, Any]:
    """`retriever show --format json`: the document, or of its pages and text one page only."""
    record = to_dict(document)
    del record["scanned"]  # where the lines stand on the page, for its picture
    if page:
        record |= {"pages": [to_dict(page)], "text": document.text[page.start : page.end]}
    if passages is not None:
        record["passages"] = [to_dict(passage) for passage in passages]
    return record


def document_text(
    document: Document, page: Page | None, passages: Sequence[Passage] | None
) -> str:
    """What is known about a document, then its passages or its text (of one page, if given)."""
    return "\n\n".join(_document_blocks(document, page, passages))


def _document_blocks(
    document: Document, page: Page | None, passages: Sequence[Passage] | None
) -> Iterator[str]:
    yield "\n".join(_metadata_lines(document))
    if passages is not None:
        yield from map(_passage_text, passages)
    elif page:
        yield wrapped(document.text[page.start : page.end].strip("\n"))
    else:
        yield wrapped(document.text)


def _metadata_lines(document: Document) -> Iterator[str]:
    yield f"{'id':<14} {document.id}"
    yield f"{'file':<14} {harmless(document.path)} ({document.media_type})"
    for name, value in to_dict(document.metadata).items():
        if name == "inferred" or not value:
            continue
        shown = ", ".join(value) if isinstance(value, list) else str(value)
        yield f"{name:<14} {harmless(shown)}{_mark(document.metadata, name)}"
    if document.pages:
        yield f"{'pages':<14} {len(document.pages)}"
    for note in document.notes:
        yield f"{'note':<14} {harmless(note)}"


def _mark(metadata: Metadata, name: str) -> str:
    return " (inferred)" if name in metadata.inferred else ""


def _passage_text(passage: Passage) -> str:
    place = " > ".join(passage.section)
    heading = ", ".join(filter(None, (passage.id, pages_label(passage.pages), place)))
    told = f"\n({SCANNED}.)" if passage.scanned else ""
    return f"[{harmless(heading)}]{told}\n{wrapped(passage.text)}"


def checks_text(checks: Sequence[Check]) -> str:
    """What was looked at, a line each; under a problem what mends it."""
    return "\n".join(map(_check_text, checks))


def _check_text(item: Check) -> str:
    line = harmless(f"{item.severity:<8} {item.name}: {item.message}")
    return f"{line}\n{'':<8} To mend it: {harmless(item.remedy)}" if item.remedy else line


def settings_table(settings: Sequence[Setting]) -> str:
    """Every setting with its value, its default and where it is set."""
    rows = [
        (item.name, _as_toml(item.value), _as_toml(item.default), item.set_in) for item in settings
    ]
    return table(("setting", "value", "default", "set in"), rows)


def _as_toml(value: int | float | str) -> int | float | str:
    return str(value).lower() if isinstance(value, bool) else value


def vocabulary_summary(known: Concepts, bodies: Organisations) -> str:
    """How many entries and words there are of each kind."""
    kinds = dict.fromkeys(concept.kind for concept in known.words)
    rows = [
        (
            kind,
            sum(concept.kind == kind for concept in known.words),
            sum(len(words) for concept, words in known.words.items() if concept.kind == kind),
        )
        for kind in kinds
    ]
    names = sum(len(body.words) + len(body.short) for body in bodies.bodies.values())
    rows.append((KIND, len(bodies.bodies), names))
    return table(("kind", "entries", "words"), rows) + "\n\nThe vocabularies are in order."


def concept_rows(entries: Sequence[Concept], bodies: Sequence[Body], layout: str) -> str:
    """Entries of the vocabularies, a line each."""
    found = [*map(to_dict, entries), *map(_body_row, bodies)]
    if layout == "json":
        return as_json(found)
    rows = [(e["id"], e["kind"], e["axis"], e["label"], ", ".join(e["broader"])) for e in found]
    return table(("id", "kind", "axis", "label", "broader"), rows)


def _body_row(body: Body) -> dict[str, Any]:
    """An organisation as one row among the other entries, which have an axis and are broader."""
    return {"id": body.id, "kind": KIND, "label": body.label, "axis": "", "broader": []}


def entries_shown(
    known: Concepts,
    entries: Sequence[Concept],
    organisations: Organisations,
    bodies: Sequence[Body],
    layout: str,
) -> str:
    """Entries of the vocabularies in full: what is broader and narrower, or before and after."""
    found = [
        {
            **to_dict(entry),
            "broader": sorted(c.label for c in known.broader(entry)),
            "narrower": sorted(c.label for c in known.narrower(entry) if c != entry),
            "words": list(known.words[entry]),
        }
        for entry in entries
    ]
    shown = [_body_record(organisations, body) for body in bodies]
    if layout == "json":
        return as_json([*found, *shown])
    return "\n\n".join([*map(_concept_text, found), *map(_body_text, shown)])


def _concept_text(entry: dict[str, Any]) -> str:
    kind = f"{entry['kind']}, by {entry['axis']}" if entry["axis"] else entry["kind"]
    said = _named_lists(entry, ("broader", "narrower", "words"))
    return "\n".join([f"{entry['label']} ({kind}; id {entry['id']})", *said])


def map_table(drawn: EvidenceMap) -> str:
    """The cells of a map that hold something, and how many groups each row has nothing on."""
    rows = [line for row in drawn.rows for line in _map_lines(drawn, row)]
    said = (
        f"{drawn.searched} documents looked through. A document counts once in a cell; a broader "
        "group takes in the narrower ones."
    )
    unnamed = ", ".join(concept.label for concept in drawn.unnamed)
    blocks = [table((drawn.of, "documents", "group", *STANDINGS), rows), wrapped(said)]
    if unnamed:
        blocks.append(wrapped(f"No document speaks of: {unnamed}."))
    return "\n\n".join(blocks)


def _map_lines(drawn: EvidenceMap, row: MapRow) -> Iterator[Row]:
    cells = [drawn.cell(row.subject, column.group) for column in drawn.columns]
    held = [cell for cell in cells if cell.entries]
    for cell in held:
        numbers = _documents_by_standing(cell)
        yield (row.subject.label, row.documents, cell.group.label, *numbers)
    if empty := len(cells) - len(held):
        groups = f"({empty} {'other ' if held else ''}group{'s' if empty > 1 else ''}: nothing)"
        yield (row.subject.label, row.documents, groups, None, None, None)


def _documents_by_standing(cell: Cell) -> list[int]:
    return [len(cell.documents(standing)) for standing in STANDINGS]


def _named_lists(entry: dict[str, Any], names: Sequence[str]) -> list[str]:
    return [
        wrapped(f"{name}: {', '.join(entry[name])}", "   ") for name in names if entry[name]
    ]


def _body_record(known: Organisations, body: Body) -> dict[str, Any]:
    labels = {key: other.label for key, other in known.bodies.items()}
    return {
        "id": body.id,
        "kind": KIND,
        "label": body.label,
        "from": body.since,
        "until": body.until,
        "after": [b.label for b in known.bodies.values() if body.id in dict(b.later)],
        "successors": [labels[key] for key, _ in body.later],
        "words": [*body.words, *body.short],
        "source": body.source,
    }


def _body_text(entry: dict[str, Any]) -> str:
    dates = [f"{name} {in_words(entry[name])}" for name in ("from", "until") if entry[name]]
    head = f"{entry['label']} ({'; '.join([KIND, *dates, 'id ' + entry['id']])})"
    said = _named_lists(entry, ("after", "successors", "words"))
    return "\n".join([head, *said, wrapped(f"source: {entry['source']}", "   ")])
