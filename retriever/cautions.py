"""What a reader must know before relying on a quotation: warnings, and the terms that it uses.

A source that was replaced, is old, or is from another country may still be the best there is, so
it is shown, and what speaks against it stands beside it. The words and the number of years are the
librarians' (`data/cautions.toml`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TypeVar

from retriever import concepts
from retriever.errors import SettingsError
from retriever.evidence import word_pattern
from retriever.generation import FileRecord
from retriever.labels import SCANNED, digest_line, status_of
from retriever.schema import Finding, Metadata
from retriever.shortforms import ShortForms, explained
from retriever.vocabulary import DATA, read_toml

_CAUTIONS = DATA / "cautions.toml"
_LISTS = ("home_words", "not_home", "many", "lumped", "known_abbreviations")
_REPLACED = "superseded-by:"
_IN_BRACKETS = re.compile(r"\s*\([^)]*\)")
_GUIDANCE = re.compile(r"\b[A-Z]{2,5}\s?\d+\b")
T = TypeVar("T")


@dataclass(frozen=True)
class Cautions:
    """The words and figures of `cautions.toml`; see there."""

    old_after_years: int
    home: str
    home_words: re.Pattern[str]
    not_home: re.Pattern[str]
    many: re.Pattern[str]
    lumped: re.Pattern[str]
    lumped_group: str
    known_abbreviations: frozenset[str]


def is_replaced(metadata: Metadata) -> bool:
    """Whether a source is no longer in force."""
    return metadata.status == "withdrawn" or metadata.status.startswith(_REPLACED)


def successor(document_id: str, files: Mapping[str, FileRecord]) -> str:
    """Id of the document of the library that replaces another; empty where none is held.

    Where that was replaced in turn, the last of them that is held.
    """
    last, seen = "", {document_id}
    at = _next(document_id, files)
    while at and at not in seen:
        seen.add(at)
        last, at = at, _next(at, files)
    return last


def _next(document_id: str, files: Mapping[str, FileRecord]) -> str:
    status = files[document_id].entry.metadata.status
    if not status.startswith(_REPLACED):
        return ""
    name = _IN_BRACKETS.sub("", status.removeprefix(_REPLACED))
    names = {plain(name), *map(plain, _GUIDANCE.findall(name))} - {""}
    for other, file in files.items():
        known = file.entry.metadata
        if other != document_id and names & _names_of(known.guidance_id, other, known.title):
            return other
    return ""


@lru_cache(maxsize=100_000)
def _names_of(*names: str) -> frozenset[str]:
    """What a document may be called; all of them are looked through for each one replaced."""
    return frozenset(map(plain, names))


def plain(name: str) -> str:
    """A name by its letters and digits: "NG 246" is "ng246"."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def behind_successors(
    ranked: Sequence[T], documents: Sequence[str], files: Mapping[str, FileRecord]
) -> list[T]:
    """Things in order, those of a replaced document moved behind the last of its successor's.

    Args:
        ranked: Anything, best first.
        documents: The document of each.
        files: The library's documents, by id.
    """
    last = {document: place for place, document in enumerate(documents)}
    places = [
        max(float(place), last.get(successor(document, files), -1) + 0.5)
        for place, document in enumerate(documents)
    ]
    order = sorted(range(len(ranked)), key=lambda at: places[at])
    return [ranked[at] for at in order]


def of_finding(
    quote: str, metadata: Metadata, asked_in: int, scanned: bool = False
) -> tuple[str, ...]:
    """What speaks against relying on a quotation, most serious first, each in a few words.

    Args:
        quote: The quotation.
        metadata: What is known of its document.
        asked_in: The year in which it is read.
        scanned: Whether some of it was read by text recognition.
    """
    status = status_of(metadata.status, metadata.source_type)
    found = (
        status.words if status is not None and status.warning else "",
        SCANNED if scanned else "",
        _old(metadata.year, asked_in),
        _elsewhere(metadata.country),
        _lumps(quote),
        digest_line(metadata.digest),
    )
    return tuple(filter(None, found))


def _old(year: int | None, asked_in: int) -> str:
    if year is None or asked_in - year <= packaged().old_after_years:
        return ""
    return f"Older than {packaged().old_after_years} years: from {year}"


def _elsewhere(country: str) -> str:
    words = packaged()
    named = words.not_home.sub("", country)
    if not country or words.home_words.search(named) or words.many.search(named):
        return ""
    return f"From another country than {words.home}: {country}"


def _lumps(quote: str) -> str:
    """A warning where several ethnic groups stand as one and none of them is named."""
    match = packaged().lumped.search(quote)
    if match is None:
        return ""
    known = concepts.packaged()
    whole = known.by_key[f"group:{packaged().lumped_group}"]
    if (known.narrower(whole) - {whole}) & known.named(packaged().lumped.sub(" ", quote)):
        return ""
    return f"Says “{match.group()}” without naming the groups: results may differ between them"


def abbreviations(quote: str, forms: ShortForms) -> list[str]:
    """The abbreviations in a quotation that its document explains elsewhere: "PBC: practice …"."""
    known = packaged().known_abbreviations
    return [
        f"{short}: {long}" for short, long in explained(quote, forms) if short not in known
    ]


def of_answer(
    findings: Sequence[Finding], files: Mapping[str, FileRecord], asked_in: int
) -> tuple[str, ...]:
    """What speaks against relying on some of the findings, each thing said once.

    Args:
        findings: Those of one answer.
        files: The library's documents, by id.
        asked_in: The year in which it is read.
    """
    documents = list(dict.fromkeys(finding.document_id for finding in findings))
    known = [files[document].entry.metadata for document in documents]
    countries = dict.fromkeys(m.country for m in known if _elsewhere(m.country))
    lumps = [f.quote for f in findings if _lumps(f.quote)]
    said = dict.fromkeys(match.group() for match in map(packaged().lumped.search, lumps) if match)
    digests = sum(bool(metadata.digest) for metadata in known)
    scans = len({finding.document_id for finding in findings if finding.scanned})
    return (
        *(text for document in documents if (text := _out_of_force(document, files))),
        *_counted(
            scans,
            "quoted from a scan, read by text recognition: check the wording against the page.",
        ),
        *_counted(
            sum(bool(_old(metadata.year, asked_in)) for metadata in known),
            f"older than {packaged().old_after_years} years.",
        ),
        *_counted(
            sum(bool(_elsewhere(metadata.country)) for metadata in known),
            f"from another country than {packaged().home}: {'; '.join(countries)}.",
        ),
        *(
            f"What is said of “{words}” is said of several ethnic groups together: results may "
            "differ between them."
            for words in said
        ),
        *_counted(
            digests,
            f"{'a digest' if digests == 1 else 'digests'}, not the original: the words are the "
            "digest's. Read the original before deciding.",
        ),
    )


def _counted(number: int, what: str) -> list[str]:
    are = "is" if number == 1 else "are"
    return [f"{number} of the documents quoted {are} {what}"] if number else []


def _out_of_force(document: str, files: Mapping[str, FileRecord]) -> str:
    metadata = files[document].entry.metadata
    if metadata.status == "withdrawn":
        return f"{metadata.title} was withdrawn."
    if not is_replaced(metadata):
        return ""
    said = f"{metadata.title} was replaced by {metadata.status.removeprefix(_REPLACED).strip()}."
    held = successor(document, files)
    return f"{said} That is in this library: {files[held].entry.metadata.title}." if held else said


def read(path: Path = _CAUTIONS) -> Cautions:
    """Read the words and figures.

    Raises:
        SettingsError: The file is not TOML, or something is missing or of the wrong kind.
    """
    data = read_toml(path)
    for name in _LISTS:
        values = data.get(name)
        if not isinstance(values, list) or not all(isinstance(v, str) and v for v in values):
            raise SettingsError(f"{path}: {name} must be a list of words. Correct it.")
    years, group = data.get("old_after_years"), str(data.get("lumped_group"))
    if type(years) is not int or years < 1:
        raise SettingsError(f"{path}: old_after_years must be a whole number of years.")
    if f"group:{group}" not in concepts.packaged().by_key:
        raise SettingsError(f"{path}: lumped_group names '{group}', which is no group.")
    if not isinstance(data.get("home"), str):
        raise SettingsError(f"{path}: home must be the name of a country.")
    patterns = {name: word_pattern(data[name]) for name in _LISTS[:-1]}
    known = frozenset(data["known_abbreviations"])
    return Cautions(years, data["home"], lumped_group=group, known_abbreviations=known, **patterns)


@cache
def packaged() -> Cautions:
    """What comes with the program.

    Raises:
        SettingsError: As `read`.
    """
    return read()
