"""Files of references as tags and what stands under them: RIS, PubMed and Web of Science.

Every program writes RIS in its own way: with other spaces, without an end of the record, with
values broken over lines. Here each record becomes tag -> values, whole and in their order; what
the tags mean is told in `references.py`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import rispy
from rispy.config import TAG_KEY_MAPPING

from retriever.loaders.blocks import clean_line
from retriever.loaders.detect import decode

Shape = Literal["RIS", "PubMed", "Web of Science"]
Tags = Mapping[str, tuple[str, ...]]
Line = tuple[str, str]  # tag and value

_LINE_END = re.compile(r"\r\n?")
_BEGIN = re.compile(r"\s*TY\s{0,4}-\s*\w")
_TAG = re.compile(r" {0,3}([A-Z][A-Z0-9]) {2}-(?!-) *(.*)")
_END = re.compile(r"\s*ER(?: {2}-.*|\s{0,4}-?\s*)")
# Where a program writes other spaces, only tags that there are: "UK - wide" is text.
_KNOWN = "|".join(sorted(TAG_KEY_MAPPING.keys() - {"UK", "ER"}))
_LOOSE_TAG = re.compile(rf"\s{{0,3}}({_KNOWN})\s{{0,4}}-(?=\s|$)\s*(.*)")
_PUBMED_TAG = re.compile(r"([A-Z][A-Z0-9]{1,3}) {0,2}-(?: (.*)|$)")
_WOS_LINE = re.compile(r"(?!E[RF])[A-Z][A-Z0-9] |  ")
_SHAPES: dict[Shape, re.Pattern[str]] = {
    "PubMed": re.compile(r"^PMID *- ?\d", re.MULTILINE),
    "Web of Science": re.compile(r"^PT [A-Z]\s*$", re.MULTILINE),
}


@dataclass(frozen=True)
class Tagged:
    """One record of a file.

    Attributes:
        number: Its place in the file, from 1.
        tags: Tag -> values, each one line, in their order. Without `TY`, a RIS record has no
            beginning.
    """

    number: int
    tags: Tags


class _Writer(rispy.RisWriter):  # type: ignore[misc]
    """Writes no line with a record's number above it."""

    def set_header(self, count: int) -> str:
        return ""


def read(data: bytes) -> tuple[Shape, list[Tagged], str]:
    """Read the records of a file.

    Args:
        data: The file's bytes, in UTF-8, UTF-16 or Windows-1252.

    Returns:
        What kind of file it is, its records in order, and a note for the librarian where the
        encoding had to be guessed (else empty).
    """
    text, note = decode(data)
    if note:  # records of several programs may have been put into one file
        text = "\n".join(decode(line)[0] for line in data.split(b"\n"))
    text = _LINE_END.sub("\n", unicodedata.normalize("NFC", text.replace("\ufeff", "")))
    lines = text.split("\n")
    shape: Shape = next((s for s, begins in _SHAPES.items() if begins.search(text)), "RIS")
    records = {"RIS": _ris, "PubMed": _pubmed, "Web of Science": _web_of_science}[shape](lines)
    return shape, [Tagged(number, tags) for number, tags in enumerate(records, start=1)], note


def write(records: Sequence[Mapping[str, str | list[str]]]) -> str:
    """RIS text of records, whose values are named as in `rispy`, each value one line."""
    return str(_Writer().formats(records))


def _ris(lines: Iterable[str]) -> Iterator[Tags]:
    """Records of RIS, each read by the parser once its lines are as the format has them."""
    for record in _records(lines):
        known = {"TY": "TY"} | {tag: tag for tag, _ in record}
        parser = rispy.RisParser(mapping=known, list_tags=[*known], delimiter_tags_mapping={})
        begun = record if record[0][0] == "TY" else [("TY", ""), *record]
        text = "\n".join(f"{tag}  - {value}" for tag, value in [*begun, ("ER", "")])
        (found,) = parser.parse(text)
        stated = {tag: values for tag, values in found.items() if tag != "TY"}
        yield _cleaned(stated if record[0][0] != "TY" else {**stated, "TY": [found["TY"]]})


def _records(lines: Iterable[str]) -> Iterator[list[Line]]:
    """Lines of RIS as records of tags and values, with what is broken over lines put together.

    A record ends at its `ER`, else where the next begins or the file ends.
    """
    record: list[Line] = []
    tag_pattern = _TAG
    for line in lines:
        if _BEGIN.match(line):
            tag_pattern = _TAG if _TAG.match(line) else _LOOSE_TAG
            if record:
                yield record
            record = []
        if _END.fullmatch(line):
            if record:
                yield record
            record = []
        elif found := tag_pattern.match(line):
            record.append((found[1], found[2]))
        elif record and line.strip():
            tag, value = record[-1]
            record[-1] = (tag, f"{value} {line.strip()}")
    if record:
        yield record


def _pubmed(lines: Iterable[str]) -> Iterator[Tags]:
    """Records of PubMed's own format: tags of up to four letters, each record from its PMID on."""
    record: dict[str, list[str]] = {}
    values: list[str] = []
    for line in lines:
        found = _PUBMED_TAG.match(line)
        if found and found[1] == "PMID" and record:
            yield _cleaned(record)
            record = {}
        if found:
            values = record.setdefault(found[1], [])
            values.append(found[2] or "")
        elif values and line.strip():
            values[-1] += f" {line.strip()}"
    if record:
        yield _cleaned(record)


def _web_of_science(lines: Iterable[str]) -> Iterator[Tags]:
    """Records of Web of Science's own format; each author has a line."""
    record: list[str] = []
    for line in [*lines, "PT end"]:
        if line.startswith("PT ") and record:
            known = {line[:2]: line[:2] for line in [*record, "ER"]}
            parser = rispy.WokParser(
                mapping=known, list_tags=["AU", "AF", "CA"], skip_unknown_tags=True
            )
            (found,) = parser.parse("\n".join([*record, "ER"]))
            yield _cleaned({t: [v] if isinstance(v, str) else v for t, v in found.items()})
            record = []
        if line.startswith("PT ") or (record and _WOS_LINE.match(line)):
            record.append(line)


def _cleaned(record: Mapping[str, Iterable[str]]) -> Tags:
    values = {tag: tuple(filter(None, map(clean_line, texts))) for tag, texts in record.items()}
    return {tag: texts for tag, texts in values.items() if texts or tag == "TY"}
