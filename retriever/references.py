"""What the records of reference managers and databases say of documents, and ours for them.

A record is taken at its word: what it does not state plainly stays not stated, and what it states
in a way that cannot be true is left out and named. The words are the librarians'
(`data/references.toml`).
"""

from __future__ import annotations

import html
import re
import unicodedata
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from retriever import ris
from retriever.errors import DeskError, SettingsError, SidecarError
from retriever.labels import digest_line
from retriever.loaders.blocks import clean_line
from retriever.loaders.recognition import READ
from retriever.loaders.sidecar import changed
from retriever.ris import Shape, Tagged, Tags
from retriever.schema import SOURCE_TYPES, LibraryEntry, Metadata
from retriever.vocabulary import DATA, read_toml

RULES = DATA / "references.toml"
_MAX_BYTES = 50_000_000
_DOI = re.compile(r"10\.\d{4,9}/\S+")
_DOI_LINK = re.compile(r"doi\.org/", re.IGNORECASE)
_YEAR = re.compile(r"(?<!\d)(?:1[89]|20)\d\d(?!\d)")
_LINK = re.compile(r"https?://\S+?(?=[;,]?\s|[;,]\s*https?://|;?$)")
_MARKUP = re.compile(r"</?(?:i|b|em|strong|sub|sup|u|scp|p)>", re.IGNORECASE)
_INITIALS = re.compile(r"(?P<family>[^,]*[a-zà-ÿ][^,]*?)(?P<between>, | )(?P<initials>[A-Z]{1,4})")
_LAST_STOP = re.compile(r"(?<=[^\W\d_]{2})\.$")
_JOURNALS = frozenset({"JOUR", "EJOUR", "MGZN", "NEWS", "INPR", "ABST"})
_TOLD_BY = ("title", "doi", "guidance_id")
_NOT_CHECKED = "Inferred from the file, not checked: "


@dataclass(frozen=True)
class Reference:
    """What one record states of a document.

    Attributes:
        number: The record's place in its file, from 1.
        values: Field of `Metadata` -> value; only what is stated.
        inferred: Fields that the record itself marks as inferred, as ours do.
        files: Files that it says belong to it, as they are written there.
    """

    number: int
    values: Mapping[str, Any]
    inferred: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fault:
    """Something that could not be used: where it is, what is wrong with it, and what to do."""

    place: str
    message: str


@dataclass(frozen=True)
class References:
    """A file of references, as it was read.

    Attributes:
        shape: What wrote it: RIS, or PubMed's or Web of Science's own format.
        found: In the file's order, without those that cannot be used.
        faults: What was left out: whole records, and fields of others.
        note: What to know of the file as a whole, or nothing.
    """

    shape: Shape
    found: tuple[Reference, ...]
    faults: tuple[Fault, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class _Fields:
    """Under which tags something stands, the first one first."""

    title: tuple[str, ...]
    authors: tuple[str, ...]
    journal: tuple[str, ...]
    year: tuple[str, ...]
    doi: tuple[str, ...]
    kind: tuple[str, ...]
    publisher: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


_FIELDS: dict[Shape, _Fields] = {
    "RIS": _Fields(
        title=("TI", "T1", "CT", "BT"),
        authors=("AU", "A1"),
        journal=("JF", "T2", "JO", "JA", "J2", "J1"),
        year=("PY", "Y1", "DA"),
        doi=("DO", "DI", "M3", "ID"),
        kind=("M3", "PT"),
        publisher=("PB",),
        links=("UR", "LK", "L2", "L3"),
        numbers=("M1", "SN", "IS"),
        notes=("T2", "T3", "N1"),
    ),
    "PubMed": _Fields(
        title=("TI", "BTI", "TT"),
        authors=("FAU", "CN"),
        journal=("JT", "TA"),
        year=("DP", "DEP"),
        doi=("LID", "AID"),
        kind=("PT",),
    ),
    "Web of Science": _Fields(
        title=("TI",),
        authors=("AF", "CA"),
        journal=("SO",),
        year=("PY", "EY"),
        doi=("DI", "D2"),
        kind=("DT",),
        publisher=("PU",),
    ),
}
_SHORT_NAMES = {"FAU": "AU", "AF": "AU"}  # where a record has no whole names
_OWN_DOI = ("DO", "DI")  # tags for nothing but a DOI


def read(path: Path) -> References:
    """Read a file of references, whichever program wrote it.

    Raises:
        DeskError: The file cannot be read, or holds no reference at all.
        SettingsError: `references.toml` is wrong.
    """
    shape, records, note = ris.read(_bytes(path))
    if not records:
        raise DeskError(
            f"{path.name} holds no reference: no line of it begins a record (TY, PMID or PT). "
            "Export the references again, as RIS."
        )
    found, faults = [], []
    for record in records:
        reference, wrong = _reference(record, shape)
        place = f"{path.name}, record {record.number}"
        faults += [Fault(place, message) for message in wrong]
        if reference:
            found.append(reference)
    return References(shape, tuple(found), tuple(faults), note)


def written(entries: Iterable[LibraryEntry]) -> str:
    """Documents as RIS, in their order; what was inferred is named in a note of its record."""
    return ris.write([_record(entry) for entry in entries])


def can_be_told(known: Metadata) -> bool:
    """Whether enough is known of a document to tell it by a record: title, DOI or number."""
    return any(getattr(known, name) for name in _TOLD_BY)


def folded(text: str) -> tuple[str, ...]:
    """The words of a title or name as they are compared: no capitals, no accents, one spelling."""
    letters = unicodedata.normalize("NFKD", text).casefold().replace("&", " and ")
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    words = re.findall(r"[^\W_]+", re.sub(r"(?<=\w)['’](?=\w)", "", plain))
    return tuple(_folded_word(word) for word in words)


def doi_in(text: str) -> str:
    """The first DOI that stands in a text or an address, or nothing."""
    found = _DOI.search(urllib.parse.unquote(html.unescape(text)))
    if not found:
        return ""
    doi = found[0].rstrip('.,;]"')
    return doi[:-1] if doi.endswith(")") and doi.count(")") > doi.count("(") else doi


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise DeskError(
                f"{path.name} is larger than {_MAX_BYTES // 1_000_000} MB. Export the references "
                "in several parts, without their files."
            )
        return path.read_bytes()
    except OSError as error:
        raise DeskError(
            f"{path} cannot be read ({error.strerror}). Check its name, and that you may open it."
        ) from error


def _reference(record: Tagged, shape: Shape) -> tuple[Reference | None, list[str]]:
    """What a record states, and what of it cannot be used."""
    tags, at = record.tags, _FIELDS[shape]
    if shape == "RIS" and "TY" not in tags:
        return None, [
            "It has no line TY, so where it begins is not sure; it was left out. Export it again, "
            "or write 'TY  - GEN' above it."
        ]
    stated: dict[str, Any] = {
        "title": _title(tags, at),
        "authors": _authors(tags, at),
        "publisher": _publisher(tags, at),
        "year": _year(tags, at),
        "doi": _doi(tags, at),
        "url": _link(tags, at),
        "language": _language(tags),
        "guidance_id": _guidance_number(tags, at),
        "source_type": _source_type(tags, at),
    }
    values, wrong = _usable({name: value for name, value in stated.items() if value})
    wrong += _unreadable(tags, at, values)
    if not any(values.get(name) for name in _TOLD_BY):
        return None, [
            "It states no title, DOI or guidance number, so no document can be told by it; it was "
            "left out. Complete it where it comes from, and export it again."
        ]
    files = tuple(name for text in tags.get("L1", ()) for name in _file_names(text))
    return Reference(record.number, values, _not_checked(tags), files), wrong


def _usable(stated: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    values: dict[str, Any] = {}
    wrong = []
    for name, value in stated.items():
        try:
            changed("", {name: value}, "the record")
            values[name] = value
        except SidecarError as error:
            wrong.append(f"{str(error).removeprefix('the record: ')} It was left out.")
    return values, wrong


def _unreadable(tags: Tags, at: _Fields, values: Mapping[str, Any]) -> Iterator[str]:
    """Fields that are there and were not understood."""
    for tag in at.year[:1]:
        if tags.get(tag) and "year" not in values and not _year(tags, at):
            yield (
                f"year: '{tags[tag][0]}' ({tag}) names no year. It was left out; correct it where "
                "it comes from."
            )
    for tag in _OWN_DOI:
        if tags.get(tag) and "doi" not in values:
            yield (
                f"doi: '{tags[tag][0]}' ({tag}) is no DOI like 10.1136/bmj.n71. It was left out; "
                "correct it where it comes from."
            )
    links = [text for text in _texts(tags, at.links[:1]) if text]
    if links and not any(_LINK.search(text) for text in links):
        yield (
            f"url: '{links[0]}' is no web address that begins with http:// or https://. It was "
            "left out; correct it where it comes from."
        )


def _texts(tags: Tags, names: Iterable[str]) -> Iterator[str]:
    for name in names:
        yield from tags.get(name, ())


def _first(tags: Tags, names: Iterable[str]) -> str:
    return next(_texts(tags, names), "")


def _plain(text: str) -> str:
    """Without the markup and entities that databases leave in names and titles."""
    return clean_line(_MARKUP.sub("", html.unescape(text)))


def _title(tags: Tags, at: _Fields) -> str:
    return _LAST_STOP.sub("", _plain(_first(tags, at.title)))


def _authors(tags: Tags, at: _Fields) -> tuple[str, ...]:
    """Every author once, as "Family, Given"; initials as in the sidecars, "Family AB"."""
    names = [
        name if name in tags else _SHORT_NAMES.get(name, name) for name in at.authors
    ]
    nobody = rules()["authors"]["nobody"]
    authors = (
        _without_comma(part.strip().rstrip(",").strip())
        for text in _texts(tags, names)
        for part in _plain(text).split(";")
    )
    return tuple(dict.fromkeys(a for a in authors if a and a.casefold() not in nobody))


def _without_comma(name: str) -> str:
    found = _INITIALS.fullmatch(name)
    return f"{found['family']} {found['initials']}" if found else name


def _with_comma(name: str) -> str:
    """The name for RIS, where a comma parts family and given names."""
    found = _INITIALS.fullmatch(name)
    if not found or found["initials"] in rules()["authors"]["no_initials"]:
        return name
    return f"{found['family']}, {found['initials']}"


def _is_article(tags: Tags, at: _Fields) -> bool:
    """Whether it is an article in a journal; PubMed and Web of Science have little else."""
    return at is not _FIELDS["RIS"] or _first(tags, ("TY",)).upper() in _JOURNALS


def _publisher(tags: Tags, at: _Fields) -> str:
    """The journal of an article, as the library has it; else who published it."""
    names = (*at.journal, *at.publisher) if _is_article(tags, at) else at.publisher
    return _plain(_first(tags, names))


def _year(tags: Tags, at: _Fields) -> int | None:
    found = (_YEAR.search(text) for text in _texts(tags, at.year))
    return next((int(year[0]) for year in found if year), None)


def _doi(tags: Tags, at: _Fields) -> str:
    linked = (text for text in _texts(tags, at.links) if _DOI_LINK.search(text))
    found = map(doi_in, (*_texts(tags, at.doi), *linked))
    return next(filter(None, found), "")


def _link(tags: Tags, at: _Fields) -> str:
    """The first address that leads to the original, not to a search in a database."""
    for text in _texts(tags, at.links):
        for address in _LINK.findall(html.unescape(text)):
            host = _host(address)
            databases = rules()["links"]["databases"]
            if host and not any(f".{host}".endswith(f".{base}") for base in databases):
                return str(address)
    return ""


def _host(address: str) -> str:
    try:
        return urllib.parse.urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _language(tags: Tags) -> str:
    stated = _plain(_first(tags, ("LA",)))
    return str(rules()["languages"].get(stated.casefold(), stated))


def _guidance_number(tags: Tags, at: _Fields) -> str:
    """Its guidance number: from its address, else a field of its own, its title, a note.

    Where two stand in one of these places, one may replace the other, and none is taken.
    """
    known = rules()["guidance"]
    number = rf"(?:{'|'.join(known['prefixes'])}) ?\d+"
    places = (
        (at.links, known["links"]),
        (at.numbers, ["^(NUMBER)$"]),
        (at.title, known["titles"]),
        (at.notes, known["notes"]),
    )
    for names, patterns in places if not _is_article(tags, at) else ():
        found = {
            match[1].replace(" ", "").upper()
            for text in _texts(tags, names)
            for pattern in patterns
            for match in re.finditer(pattern.replace("NUMBER", number), text.rstrip("."), re.I)
        }
        if found:
            return found.pop() if len(found) == 1 else ""
    return ""


def _source_type(tags: Tags, at: _Fields) -> str:
    known = {kind: kind for kind in SOURCE_TYPES} | rules()["source_types"]
    stated = (part.strip().casefold() for t in _texts(tags, at.kind) for part in t.split(";"))
    found = {known[word] for word in stated if word in known}
    return found.pop() if len(found) == 1 else ""


def _file_names(text: str) -> Iterator[str]:
    for part in text.split(";"):
        name = urllib.parse.unquote(part.strip()).replace("\\", "/")
        if name and not name.lower().startswith(("http:", "https:")):
            yield name


def _not_checked(tags: Tags) -> tuple[str, ...]:
    notes = (_plain(text) for text in tags.get("N1", ()))
    marked = [note.partition(_NOT_CHECKED)[2] for note in notes if _NOT_CHECKED in note]
    return tuple(name.strip(" .") for text in marked for name in text.split(","))


def _record(entry: LibraryEntry) -> dict[str, str | list[str]]:
    """A document's record, named as in `rispy`; without what is not stated."""
    known = entry.metadata
    kind = rules()["export"][known.source_type]
    if kind in _JOURNALS and not known.doi:
        kind = "GEN"
    record: dict[str, str | list[str]] = {
        "type_of_reference": kind,
        "title": known.title,
        "authors": [_with_comma(clean_line(name)) for name in known.authors],
        "secondary_title" if kind in _JOURNALS else "publisher": known.publisher,
        "year": str(known.year or ""),
        "doi": known.doi,
        "urls": [known.url] if known.url else [],
        "language": known.language,
        "note": known.guidance_id,
        "type_of_work": "" if known.source_type == "other" else known.source_type,
        "keywords": list(known.topics),
        "notes": [*_notes(known), *(note for note in entry.notes if note.endswith(READ))],
        "id": entry.document_id or entry.path,
    }
    return {name: _one_line(value) for name, value in record.items() if value}


def _notes(known: Metadata) -> list[str]:
    notes = (
        digest_line(known.digest),
        f"Status: {known.status}" if known.status != "unknown" else "",
        _NOT_CHECKED + ", ".join(known.inferred) if known.inferred else "",
    )
    return [note for note in notes if note]


def _one_line(value: str | list[str]) -> str | list[str]:
    return clean_line(value) if isinstance(value, str) else [clean_line(part) for part in value]


def _folded_word(word: str) -> str:
    for one, other in rules()["titles"]["same"]:
        if word.endswith(one):
            return word[: -len(one)] + str(other)
    return word


_TABLES: dict[str, Sequence[str]] = {
    "source_types": (),
    "languages": (),
    "links": ("databases",),
    "guidance": ("prefixes", "titles", "notes", "links"),
    "authors": ("nobody", "no_initials"),
    "titles": ("same",),
    "export": SOURCE_TYPES,
}


@cache
def rules(path: Path = RULES) -> dict[str, Any]:
    """Read and check `references.toml`.

    Raises:
        SettingsError: It is not TOML, lacks something, or names an unknown kind of source.
    """
    stated = read_toml(path)
    for table, keys in _TABLES.items():
        missing = [key for key in keys if key not in stated.get(table, {})]
        if table not in stated or missing:
            what = f"{table}.{missing[0]}" if missing else f"[{table}]"
            raise SettingsError(f"{path} lacks {what}. Put it back as it was, or see its head.")
    for words, kind in stated["source_types"].items():
        if kind not in SOURCE_TYPES:
            raise SettingsError(
                f"{path}, source_types: '{words}' must be one of {', '.join(SOURCE_TYPES)}, not "
                f"{kind!r}. Correct that line."
            )
    return stated
