"""Which document of the library a reference or a row is about: one, or said why not.

A document is told by its DOI, its guidance number or its title. Where more than one may be meant,
or something speaks against it, nothing is guessed.
"""

from __future__ import annotations

import difflib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from retriever.corpus import is_document
from retriever.desk import CORPUS, Desk
from retriever.references import Reference, doi_in, folded
from retriever.schema import LibraryEntry, Metadata
from retriever.sheets import Row

_NEARLY = "title but for a letter, year and first author"
_SHORT = 3  # words; a shorter title is that of many documents
_LONG_WORD = 6  # letters; in a shorter one, one letter makes another word
_LIKE = 0.5  # share of the words that two titles have in common, to be worth a hint


@dataclass(frozen=True)
class Found:
    """A document, and how it is known to be meant."""

    entry: LibraryEntry
    by: str


class Documents:
    """Finds the documents that references and rows are about."""

    def __init__(self, desk: Desk, entries: Sequence[LibraryEntry]) -> None:
        self._desk = desk
        self._entries = entries
        self._by_path = {entry.path: entry for entry in entries}
        self._by_id = {entry.document_id: entry for entry in entries if entry.document_id}
        self._by_doi = _index(entries, lambda e: (e.metadata.doi or doi_in(e.metadata.url)).lower())
        self._by_number = _index(entries, lambda e: e.metadata.guidance_id.replace(" ", "").lower())
        self._by_title = _index(entries, lambda e: "".join(folded(e.metadata.title)))

    def find(self, reference: Reference) -> Found | str:
        """The document that a reference is about; else why that is not sure, or nothing."""
        values = reference.values
        places = (
            ("DOI", self._by_doi, values.get("doi", "").lower()),
            ("guidance number", self._by_number, values.get("guidance_id", "").lower()),
        )
        for by, index, key in places:
            if found := index.get(key, ()) if key else ():
                return _only(found, by)
        return self._by_words(values)

    def same_file(self, file: Path) -> Found | None:
        """The document that is this very file."""
        path = self._desk.held(file)
        return Found(self._at(path), "file") if path else None

    def named(self, row: Row) -> Found | str:
        """The document that a row names; else what is wrong."""
        path = row.path.replace("\\", "/").removeprefix(f"{CORPUS}/")
        by_id = self._by_id.get(row.document)
        if not path:
            if by_id:
                return Found(by_id, "document")
            near = _near(row.document, self._by_id)
            return f"The library holds no document '{row.document}'.{near}"
        if not self._is_there(path):
            return f"There is no document '{path}' below corpus/.{_near(path, self._by_path)}"
        if by_id and by_id.path != path:
            return (
                f"The row names two documents: {path} by its path, and '{row.document}', which is "
                f"{by_id.path}. Empty one of the two cells."
            )
        return Found(self._at(path), "path")

    def nearest(self, title: str) -> str:
        """A hint: the document whose title has most words in common with this one, if many."""
        words = frozenset(folded(title))
        shared = Counter(n for word in words for n in self._holding.get(word, ()))
        likeness = {
            number: count / len(words.union(folded(self._entries[number].metadata.title)))
            for number, count in shared.most_common(20)
        }
        best = max(likeness, key=lambda number: likeness[number], default=None)
        if best is None or likeness[best] < _LIKE:
            return "No document has its DOI, its guidance number or its title."
        entry = self._entries[best]
        return (
            "No document has its DOI, its guidance number or its title. The nearest title is "
            f"'{entry.metadata.title}' ({_name(entry)})."
        )

    def _at(self, path: str) -> LibraryEntry:
        """A document's entry; of a file that is not indexed yet only its path is known."""
        unread = LibraryEntry(path, "", "failed", "", "", Metadata(), None, 0)
        return self._by_path.get(path, unread)

    def _is_there(self, path: str) -> bool:
        relative, corpus = PurePosixPath(path), self._desk.root / CORPUS
        inside = not relative.is_absolute() and ".." not in relative.parts
        return inside and is_document(corpus / path, corpus) and (corpus / path).is_file()

    def _by_words(self, values: Mapping[str, Any]) -> Found | str:
        """By the title, or nearly so with year and first author.

        Never where the year, the DOI or the guidance number is another.
        """
        title = folded(values.get("title", ""))
        same = self._by_title.get("".join(title), []) if title else []
        found = same or [
            entry
            for entry in self._but_for_a_letter(title)
            if _same_beginnings(values, entry.metadata)
        ]
        fitting = [entry for entry in found if not _otherwise(values, entry.metadata)]
        if fitting:
            if len(title) < _SHORT and fitting[0].metadata.year != values.get("year", 0):
                return (
                    f"{_names(fitting)} has this title, but it is too short to tell by it alone. "
                    "Give the record a DOI or the document's year."
                )
            return _only(fitting, "title" if same else _NEARLY)
        if found:
            return f"{_name(found[0])} has this title, but {_otherwise(values, found[0].metadata)}."
        return ""

    def _but_for_a_letter(self, title: Sequence[str]) -> list[LibraryEntry]:
        found = []
        for place, word in enumerate(title):
            for number, other in self._but_for_a_word.get(_gap(title, place), ()):
                if _one_letter_apart(word, other):
                    found.append(self._entries[number])
        return found

    @cached_property
    def _but_for_a_word(self) -> dict[tuple[str, ...], list[tuple[int, str]]]:
        """A title without one of its words -> numbers of the entries that have it, and the word."""
        found: dict[tuple[str, ...], list[tuple[int, str]]] = defaultdict(list)
        for number, entry in enumerate(self._entries):
            title = folded(entry.metadata.title)
            for place, word in enumerate(title):
                if len(word) >= _LONG_WORD and len(title) >= _SHORT:
                    found[_gap(title, place)].append((number, word))
        return found

    @cached_property
    def _holding(self) -> dict[str, list[int]]:
        """Word -> numbers of the entries whose title has it."""
        found: dict[str, list[int]] = defaultdict(list)
        for number, entry in enumerate(self._entries):
            for word in frozenset(folded(entry.metadata.title)):
                found[word].append(number)
        return found


def _index(
    entries: Sequence[LibraryEntry], key: Callable[[LibraryEntry], str]
) -> dict[str, list[LibraryEntry]]:
    found: dict[str, list[LibraryEntry]] = defaultdict(list)
    for entry in entries:
        if known := key(entry):
            found[known].append(entry)
    return found


def _only(found: Sequence[LibraryEntry], by: str) -> Found | str:
    if len(found) == 1:
        return Found(found[0], by)
    return (
        f"Its {by} is that of {_names(found)}. Which is meant is not guessed: correct their "
        "records, or use a table with the column 'document'."
    )


def _otherwise(values: Mapping[str, Any], known: Metadata) -> str:
    """What speaks against a reference and a document being the same, or nothing."""
    for name, words in (("doi", "DOI"), ("guidance_id", "guidance number")):
        here, there = values.get(name, ""), getattr(known, name)
        if here and there and here.lower() != there.lower():
            return f"its {words} is {there}, not {here}"
    here, there = values.get("year"), known.year
    if here and there and abs(here - there) > 1:  # print may follow a year after the web
        return f"it is of {there}, not {here}"
    return ""


def _same_beginnings(values: Mapping[str, Any], known: Metadata) -> bool:
    """Whether year and first author are stated on both sides and agree."""
    here, there = values.get("authors"), known.authors
    if not (here and there and known.year):
        return False
    return values.get("year") == known.year and folded(here[0])[:1] == folded(there[0])[:1]


def _gap(title: Sequence[str], place: int) -> tuple[str, ...]:
    return (*title[:place], "", *title[place + 1 :])


def _one_letter_apart(one: str, other: str) -> bool:
    """Whether one letter is another, missing or added; never a figure or the first letter."""
    if min(len(one), len(other)) < _LONG_WORD or not (one + other).isalpha():
        return False
    if one[0] != other[0]:  # "maternal" and "paternal"
        return False
    if len(one) == len(other):
        return sum(a != b for a, b in zip(one, other, strict=True)) == 1
    short, long = sorted((one, other), key=len)
    return any(short == long[:n] + long[n + 1 :] for n in range(len(long)))


def _near(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, [*known], n=1)
    return f" Did you mean '{near[0]}'?" if near else " `retriever documents` lists all of them."


def _name(entry: LibraryEntry) -> str:
    return entry.document_id or entry.path


def _names(entries: Sequence[LibraryEntry]) -> str:
    return " and ".join(map(_name, entries))
