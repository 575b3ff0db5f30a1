"""What the pages say and how it is written as HTML. Everything from a document is escaped."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import quote, urlencode, urlsplit

from retriever.labels import (
    LABELS,
    SCANNED,
    about_kinds,
    at_a_glance,
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
from retriever.schema import Answer, Document, Finding, LibraryEntry, Metadata, Page, Passage

_CURRENT = ' aria-current="page"'

SHORT_LIST = 5
"""Failed files that are shown without being asked for."""


def page_numbers(pages: tuple[int, int] | None) -> str:
    """First and last page in words; empty for a document without pages."""
    if pages is None:
        return ""
    return f"Page {pages[0]}" if pages[0] == pages[1] else f"Pages {pages[0]} to {pages[1]}"


def count(number: int, thing: str) -> str:
    """A number and what it counts: `1 document`, `2,300 passages`."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def title_of(entry: LibraryEntry) -> str:
    """A document's title, or its file where it has none."""
    return entry.metadata.title or entry.path


def part_label(kind: str, label: str) -> str:
    """Part of a question as it is offered: `Bangladeshi people (group)`."""
    return label if kind == "intent" else f"{label} ({kind})"


def address(page: str, values: Mapping[str, object]) -> str:
    """The relative address of a page, with its values encoded; None and empty are left out."""
    given = {name: value for name, value in values.items() if value not in (None, "", [])}
    return f"{page}?{urlencode(given, doseq=True)}"


def page_link(to: str, text: str, about: str = "", current: bool = False) -> str:
    """A link to an address of ours.

    Args:
        to: The address.
        text: What people see.
        about: Tells it from its like to those who hear the page.
        current: Whether it leads to the page that it stands on.
    """
    more = f'<span class="heard">: {escape(about)}</span>' if about else ""
    return f'<a href="{escape(to)}"{_CURRENT if current else ""}>{escape(text)}{more}</a>'


def links_html(links: Sequence[str], label: str = "") -> str:
    """Links in a row; with a label they are a way through the pages."""
    row = '<ul class="links">' + "".join(f"<li>{link}</li>" for link in links) + "</ul>"
    return f'<nav aria-label="{escape(label)}">{row}</nav>' if label else row


def banner_html(service: str, pages: Sequence[tuple[str, str, bool]]) -> str:
    """The service's name and links to its pages.

    Args:
        service: Its name.
        pages: Of each page its title, its address, and whether it is the one shown.
    """
    links = "".join(
        f'<li><a href="{escape(to)}"{_CURRENT if shown else ""}>{escape(title)}</a></li>'
        for title, to, shown in pages
    )
    return (f'<div class="banner"><p>{escape(service)}</p>'
            f'<nav aria-label="Service"><ul>{links}</ul></nav></div>')


def link(url: str, text: str) -> str:
    """A link where the address is one that a browser may safely open, else plain text."""
    if is_web_address(url):
        return f'<a href="{escape(url)}" rel="noreferrer">{escape(text)}</a>'
    return escape(text)


def is_web_address(url: str) -> bool:
    """Whether an address is http or https and names a host."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def warning_html(text: str) -> str:
    """A call-out that says in words that it is a warning."""
    return f'<p class="warning"><strong>Warning:</strong> {escape(text)}</p>'


def status_html(status: str, source_type: str) -> str:
    """A source's status as a line of a card; empty where there is nothing to say."""
    words = status_of(status, source_type)
    if words is None:
        return ""
    if words.warning:
        return warning_html(words.words)
    return f'<p class="status"><strong>Status:</strong> {escape(words.words)}</p>'


def digest_html(digest: str) -> str:
    """A line that says whose words a quotation from a digest is in; empty for an original."""
    if not digest:
        return ""
    return f'<p class="status"><strong>Digest, not the original:</strong> {escape(digest)}</p>'


def byline_html(publisher: str, year: int | None, source_type: str, pages: str = "") -> str:
    """Who says it, when, what kind of source it is and where in it, as one list."""
    items = [
        publisher or "Publisher not stated",
        str(year) if year else "Year not stated",
        kind_of_source(source_type),
        pages,
    ]
    return '<ul class="byline">' + "".join(f"<li>{escape(i)}</li>" for i in items if i) + "</ul>"


def kind_html(source_type: str) -> str:
    """What a kind of source is, folded away until it is asked for."""
    asked = f"What “{kind_of_source(source_type)}” means"
    return (f'<details class="kind"><summary>{escape(asked)}</summary>'
            f"<p>{escape(meaning_of_source(source_type))}</p></details>")


def place_in_document(found: Finding | Passage) -> dict[str, object]:
    """The values of the Document page's address that show where something stands."""
    return {
        "document": found.document_id,
        "start": found.start,
        "end": found.end,
        "page": found.pages[0] if found.pages else None,
    }


def quotation_html(quotation: str, marks: Sequence[tuple[int, int]] = ()) -> str:
    """A quotation, word for word, with some of its words marked."""
    return f'<blockquote class="quotation">{marked_html(quotation, marks)}</blockquote>'


def marked_html(text: str, marks: Sequence[tuple[int, int]]) -> str:
    """A text with some of its words marked; the marks are in order and do not overlap."""
    parts, at = [], 0
    for start, end in marks:
        parts += [escape(text[at:start]), f"<mark>{escape(text[start:end])}</mark>"]
        at = end
    return "".join([*parts, escape(text[at:])])


def _named_in(finding: Finding) -> list[tuple[int, int]]:
    """Where a quotation names the groups asked about, by the words that its labels rest on."""
    words = {basis.words for basis in finding.basis if basis.place == "quotation"}
    if not words:
        return []
    # The longest first, so that of words within words the whole is marked.
    ordered = sorted(words, key=len, reverse=True)
    pattern = rf"\b(?:{'|'.join(map(re.escape, ordered))})\b"
    return [match.span() for match in re.finditer(pattern, finding.quote)]


def summary_html(answer: Answer, filtered: bool) -> str:
    """How much was found and searched, and what to beware of.

    Args:
        answer: The answer.
        filtered: Whether filters left some documents out.
    """
    scope = " that the filters let through" if filtered else ""
    searched = (f"Searched {count(answer.passages_searched, 'passage')} in "
                f"{count(answer.documents_searched, 'document')}{scope}.")
    # The message of an answer without findings is often its only gap.
    gaps = [gap for gap in answer.gaps if gap != answer.message]
    kinds = about_kinds() if answer.findings else ""
    said = [text for text in (read_as(answer.understood), searched, kinds) if text]
    return "".join(
        [
            f"<h2>{escape(_headline(answer))}</h2>",
            f"<p>{escape(answer.message)}</p>" if answer.message else "",
            *(f'<p class="gap"><strong>Gap:</strong> {escape(gap)}</p>' for gap in gaps),
            *(f'<p>{escape(line)}</p>' for line in at_a_glance(answer.findings)),
            *(f"<p>{escape(text)}</p>" for text in said),
            *(warning_html(warning) for warning in answer.warnings),
        ]
    )


def _headline(answer: Answer) -> str:
    found = len(answer.findings)
    if answer.outcome == "indirect-only":
        return f"No plain answer: {count(found, 'finding')} nearest to it"
    if not found:
        return "Nothing found"
    direct = {b.asked for f in answer.findings for b in f.basis if b.match == "direct"}
    asked = {b.asked for f in answer.findings for b in f.basis}
    without = [label for label in answer.understood.populations if label in asked - direct]
    none = f", none of them for {' or '.join(without)}" if without else ""
    return count(found, "finding") + none


def finding_html(finding: Finding, links: Sequence[tuple[str, str]]) -> str:
    """A finding's card.

    Args:
        finding: What to show.
        links: Text and address of what can be done next.
    """
    title = finding.title or finding.document_id
    section = " > ".join(heading for heading in finding.section if heading != finding.title)
    return "".join(
        [
            f'<h3 class="card-title">{escape(title)}</h3>',
            quotation_html(finding.quote, _named_in(finding)),
            whom_html(finding),
            reading_html(finding),
            gap_html(finding),
            byline_html(finding.publisher, finding.year, finding.source_type,
                        page_numbers(finding.pages)),
            kind_html(finding.source_type),
            f'<p class="section">In the section: {escape(section)}</p>' if section else "",
            digest_html(finding.digest),
            status_html(finding.status, finding.source_type),
            warnings_html(finding),
            *(f'<p class="term">{escape(term)}</p>' for term in finding.terms),
            links_html([page_link(to, text, about=title) for text, to in links]),
        ]
    )


def gap_html(finding: Finding) -> str:
    """What a finding says became of a gap between groups; empty where it does not say."""
    said = gap_effect_in_words(finding.gap_effect)
    return f'<p class="gap-effect">{escape(said)}</p>' if said else ""


def scanned_html(scanned: bool) -> str:
    """A line that says that words were read by text recognition; empty where they were not."""
    return f'<p class="scanned"><strong>Warning:</strong> {SCANNED}</p>' if scanned else ""


def warnings_html(finding: Finding) -> str:
    """What speaks against relying on a finding, beside its status and its being a digest."""
    lines = [
        f"<li><strong>Warning:</strong> {escape(warning)}</li>"
        for warning in further_warnings(finding)
    ]
    return f'<ul class="warnings">{"".join(lines)}</ul>' if lines else ""


def whom_html(finding: Finding) -> str:
    """For each group asked about, whether the quotation is about it, and by which words."""
    lines = [
        f'<li class="{basis.match}"><strong>{escape(said)}</strong>'
        + (f' <span class="aside">({escape(rests)})</span>' if rests else "")
        + "</li>"
        for basis in finding.basis
        for said, rests in [whom(basis, finding.source_type)]
    ]
    return f'<ul class="whom">{"".join(lines)}</ul>' if lines else ""


def reading_html(finding: Finding) -> str:
    """What the quoted words report: which way it went and of what kind it is; either if known."""
    found = ""
    if finding.direction:
        said, meaning = reported(finding.direction)
        aside = f'<span class="aside">({escape(meaning)})</span>'
        found = f'<p class="reading"><strong>{escape(said)}</strong> {aside}</p>'
    if finding.kind:
        found += f'<p class="reading">{escape(kind_of_finding(finding.kind))}</p>'
    return found


def noted(useful: bool) -> str:
    """What is said to a commissioner who has marked a finding."""
    mark = "useful" if useful else "not useful"
    return (f"Noted as {mark}, with your question, for this library's evaluators to judge. "
            "It changes no answer by itself.")


def noted_html(text: str) -> str:
    """A line that is read out when it appears."""
    return f'<p role="status" class="aside">{escape(text)}</p>'


def metadata_html(document: Document) -> str:
    """A document's record as a table; what was not set by a librarian is marked as inferred."""
    metadata = document.metadata
    values = {name: _value_html(name, metadata) for name in LABELS["fields"]}
    body = "".join(
        _row(label, values[name], name in metadata.inferred)
        for name, label in LABELS["fields"].items()
        if values[name]
    )
    body += _row("File", escape(document.path), inferred=False)
    body += "".join(_row("Note", escape(note), inferred=False) for note in document.notes)
    return f'<table class="record"><tbody>{body}</tbody></table>'


def _row(label: str, value: str, inferred: bool) -> str:
    mark = ' <span class="tag">inferred</span>' if inferred else ""
    return f'<tr><th scope="row">{escape(label)}</th><td>{value}{mark}</td></tr>'


def _value_html(name: str, metadata: Metadata) -> str:
    value = getattr(metadata, name)
    if name == "url":
        return link(value, value)
    if name == "doi":
        return link("https://doi.org/" + quote(value), value) if value else ""
    if name == "source_type":
        return escape(kind_of_source(value))
    if name == "status":
        words = status_of(value, metadata.source_type)
        return escape(words.words) if words else ""
    return escape("; ".join(value) if isinstance(value, tuple) else str(value or ""))


def text_html(document: Document, part: Page, marked: tuple[int, int] | None) -> str:
    """The text of one page or part, block by block, with the quotation marked.

    Args:
        document: Whose text it is.
        part: The span to show.
        marked: The quotation's span in the document's text, or None.
    """
    headings = {section.start for section in document.sections}
    blocks, start = [], part.start
    for block in document.text[part.start : part.end].split("\n\n"):
        end = start + len(block)
        if block.strip():
            kind = ' class="text-heading"' if start in headings else ""
            blocks.append(f"<p{kind}>{_marked_html(document.text, start, end, marked)}</p>")
        start = end + 2
    return f'<div class="page-text">{"".join(blocks)}</div>'


def _marked_html(text: str, start: int, end: int, marked: tuple[int, int] | None) -> str:
    if marked is None or marked[1] <= start or end <= marked[0]:
        return escape(text[start:end])
    first, last = max(start, marked[0]), min(end, marked[1])
    return (f"{escape(text[start:first])}<mark>{escape(text[first:last])}</mark>"
            f"{escape(text[last:end])}")


def table_html(entries: Sequence[LibraryEntry]) -> str:
    """The library's table. On a narrow screen the style turns each row into a block."""
    columns = ("Document", "Kind of source", "Publisher", "Year", "Pages", "Passages", "Outcome")
    head = "".join(f'<th scope="col">{column}</th>' for column in columns)
    body = "".join(_entry_row(entry, columns) for entry in entries)
    return f'<table class="documents"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _entry_row(entry: LibraryEntry, columns: Sequence[str]) -> str:
    read = entry.outcome == "indexed"
    place = {"document": entry.document_id} if read else {"file": entry.path}
    title = page_link(address("document", place), title_of(entry))
    cells = (
        title,
        escape(kind_of_source(entry.metadata.source_type)) if read else "",
        escape(entry.metadata.publisher),
        str(entry.metadata.year or ""),
        str(entry.pages or ""),
        f"{entry.passages:,}" if read else "",
        escape("; ".join(("Read", *entry.notes)) if read else f"Not read: {entry.reason}"),
    )
    head = f'<th scope="row">{cells[0]}</th>'
    rest = "".join(
        f'<td data-label="{label}">{cell}</td>' if cell else '<td class="none"></td>'
        for label, cell in zip(columns[1:], cells[1:], strict=True)
    )
    return f"<tr>{head}{rest}</tr>"


def failures_html(entries: Sequence[LibraryEntry]) -> str:
    """The files that could not be read, each with its reason; many are folded away."""
    rows = "".join(
        f"<li><strong>{escape(entry.path)}</strong><br>{escape(entry.reason)}</li>"
        for entry in entries
    )
    listed = f"<ul>{rows}</ul>"
    if len(entries) <= SHORT_LIST:
        return listed
    return f"<details><summary>Show all {len(entries)} and why</summary>{listed}</details>"
