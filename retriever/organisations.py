"""Organisations and what came before and after them: PCT to CCG to ICB.

A question about integrated care boards must find what older papers say of commissioning, in the
words of their time; and whoever reads "PCT" in an answer must be told what became of them. The
bodies are the librarians' (`data/organisations.toml`); the head of that file says how.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

from retriever.concepts import Concept, Concepts
from retriever.errors import SettingsError
from retriever.shortforms import ShortForms
from retriever.vocabulary import DATA, lines_of, read_toml

ORGANISATIONS = DATA / "organisations.toml"
KIND = "organisation"
RELATIONS = ("successors", "part_to", "renamed")

_TEXTS = ("label", "from", "until", "source")
_LISTS = ("words", "short", *RELATIONS)
_DATE = re.compile(r"(\d{4})(?:-(0[1-9]|1[0-2]))?")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


@dataclass(frozen=True)
class Body:
    """One entry.

    Attributes:
        words: Its name in full, as in the vocabularies; `short`: its abbreviations.
        since: `2013-04`, `2013` or empty; likewise `until`, when its successors took over.
        later: Id of each body that came after it, and the relation: one of `RELATIONS`.
        source: Where the dates can be looked up.
    """

    id: str
    label: str
    words: tuple[str, ...]
    short: tuple[str, ...]
    since: str
    until: str
    later: tuple[tuple[str, str], ...]
    source: str


class Organisations:
    """The bodies, ready to look for. Safe for many threads.

    Attributes:
        bodies: Id -> body, in the order of the file.
    """

    def __init__(
        self, bodies: Mapping[str, Body], verbs: Mapping[str, Mapping[str, str]]
    ) -> None:
        """Prepare to look.

        Args:
            bodies: Id -> body.
            verbs: `forward` and `backward` -> relation -> how a reader is told of it.
        """
        self.bodies = bodies
        self._verbs = verbs
        self._names = Concepts(
            {
                Concept(body.id, KIND, body.label): (*body.words, *_with_plurals(body.short))
                for body in bodies.values()
            }
        )

    @classmethod
    def read(cls, path: Path = ORGANISATIONS) -> Organisations:
        """Read and check the organisations.

        Raises:
            SettingsError: The file is not TOML or an entry is wrong; names file, line and entry.
        """
        tables, lines = read_toml(path), lines_of(path)
        entries = tables.get("organisations", {})
        where = {
            key: f"{path}, line {lines.get(f'[organisations.{key}]', 1)}, [organisations.{key}]"
            for key in entries
        }
        bodies = {key: _body(key, entry, where[key]) for key, entry in entries.items()}
        _check_later(bodies, where)
        _check_once(bodies, where)
        return cls(bodies, {way: _verbs(tables, way, path) for way in ("forward", "backward")})

    def find(self, asked: str) -> list[Body]:
        """The bodies that an id, a label or words stand for, in order of the file."""
        folded = asked.strip().casefold()
        named = self.asked(asked)
        return [
            body
            for body in self.bodies.values()
            if folded in (body.id, body.label.casefold()) or body in named
        ]

    def asked(self, question: str) -> list[Body]:
        """The bodies that a question names; "CCG" also as "ccg", but "LINk" only so."""
        found = {}
        for mention in self._names.mentions(question):
            body = self.bodies[mention.concept.id]
            said = question[mention.start : mention.end]
            written = _with_plurals(body.short)
            loose = [short.casefold() for short in written if short.rstrip("s").isupper()]
            if said in written or said.casefold() in loose or not _is_short(said, body):
                found[body.id] = body
        return list(found.values())

    def named(self, text: str, passages: Sequence[str], forms: ShortForms) -> dict[str, str]:
        """The bodies that a text out of a document names: id -> the words that name it.

        Args:
            text: The text.
            passages: Those of its document: an abbreviation counts only where one of them gives
                the name in full.
            forms: The abbreviations that the document explains.
        """
        found: dict[str, str] = {}
        for mention in self._names.mentions(text):
            body = self.bodies[mention.concept.id]
            said = text[mention.start : mention.end]
            if not _is_short(said, body) or (
                said in _with_plurals(body.short) and _stands_for(body, passages, forms)
            ):
                found.setdefault(body.id, said)
        return found

    def line(self, body: Body) -> list[Body]:
        """The bodies before and after one, at whatever distance, in the order of the file."""
        return [
            other
            for other in self.bodies.values()
            if other is not body and (self._way(body, other) or self._way(other, body))
        ]

    def terms(self, asked: Sequence[Body], named: Mapping[str, str]) -> list[str]:
        """What became of the bodies that a quotation names in the place of those asked about.

        Args:
            asked: The bodies asked about.
            named: What the quotation names, as `named` gives it.

        Returns:
            Sentences without a full stop; none for a body asked about that is named itself.
        """
        return [
            f"Says “{said}”, {told}"
            for body in asked
            if body.id not in named
            for other, said in named.items()
            if (told := self._told(self.bodies[other], body))
        ]

    def _told(self, said: Body, asked: Body) -> str:
        """The way from the body that a source names to the one asked about; empty without one."""
        if way := self._way(said, asked):
            steps = [(self._verbs["forward"][r], self._after(b, r)) for b, r, _ in way]
            return ", ".join(
                f"{verb} {' and '.join(after for _, after in same)}"
                for verb, same in groupby(steps, key=lambda step: step[0])
            )
        return ", ".join(
            f"{self._verbs['backward'][relation]} {before.label} in {in_words(before.until)}"
            for before, relation, _ in reversed(self._way(asked, said))
        )

    def _after(self, body: Body, relation: str) -> str:
        """All that came after a body in one way, and when."""
        labels = [self.bodies[key].label for key, other in body.later if other == relation]
        return f"{' and '.join(labels)} in {in_words(body.until)}"

    def _way(self, first: Body, last: Body) -> list[tuple[Body, str, Body]]:
        """The changes that lead from a body to a later one; empty where none do."""
        for key, relation in first.later:
            later = self.bodies[key]
            rest = self._way(later, last)
            if later is last or rest:
                return [(first, relation, later), *rest]
        return []


def in_words(date: str) -> str:
    """"2013-04" as "April 2013"; a year alone as it stands."""
    year, _, month = date.partition("-")
    return f"{_MONTHS[int(month) - 1]} {year}" if month else year


def _with_plurals(short: Sequence[str]) -> tuple[str, ...]:
    return (*short, *(f"{one}s" for one in short))


def _is_short(said: str, body: Body) -> bool:
    """Whether what was found is an abbreviation, whatever its capitals."""
    return said.casefold() in {one.casefold() for one in _with_plurals(body.short)}


def _stands_for(body: Body, passages: Sequence[str], forms: ShortForms) -> bool:
    """Whether a document gives a body's name in full, and its abbreviation no other meaning."""
    pattern = name_pattern(body.words)
    if any(short in body.short and not pattern.search(long) for short, long in forms):
        return False
    return any(pattern.search(text) for text in passages)


@lru_cache(maxsize=1024)
def name_pattern(words: tuple[str, ...], exact: bool = False) -> re.Pattern[str]:
    """Finds any of some names, a hyphen for a space; `exact`: capitals as written, plural too."""
    parts = [
        r"[\s-]".join(map(re.escape, word.removesuffix("*").split()))
        + (r"\w*" if word.endswith("*") else "s?" if exact else "")
        for word in words
    ]
    return re.compile(rf"\b(?:{'|'.join(parts)})(?!\w)", 0 if exact else re.IGNORECASE)


def _verbs(tables: Mapping[str, Any], way: str, path: Path) -> dict[str, str]:
    verbs = tables.get(way)
    if not isinstance(verbs, dict) or not all(
        isinstance(verbs.get(relation), str) for relation in RELATIONS
    ):
        raise SettingsError(f"{path}: [{way}] must give words for {', '.join(RELATIONS)}.")
    return verbs


def _body(key: str, entry: Any, where: str) -> Body:
    if not isinstance(entry, dict) or not {"label", "words", "source"} <= set(entry) <= {
        *_TEXTS,
        *_LISTS,
    }:
        raise SettingsError(
            f"{where}: needs label, words and source, and takes {', '.join((*_TEXTS, *_LISTS))}."
        )
    for name in _TEXTS:
        value = entry.get(name, "")
        if not isinstance(value, str):
            raise SettingsError(f"{where}: {name} must be text, not {value!r}.")
        if name in ("from", "until") and value and not _DATE.fullmatch(value):
            raise SettingsError(
                f"{where}: {name} must be a year and month such as 2013-04, or a year, not "
                f"{value!r}."
            )
    for name in _LISTS:
        value = entry.get(name, [])
        if not isinstance(value, list) or not all(isinstance(v, str) and v for v in value):
            raise SettingsError(f"{where}: {name} must be a list of words, not {value!r}.")
    if not entry["words"]:
        raise SettingsError(f"{where}: words must name it in full at least once.")
    since, until = entry.get("from", ""), entry.get("until", "")
    if until and until[: len(since)] < since[: len(until)]:
        raise SettingsError(f"{where}: until {until} is before from {since}. Correct one of them.")
    later = tuple((name, r) for r in RELATIONS for name in entry.get(r, ()))
    if later and not until:
        raise SettingsError(f"{where}: something came after it, so it needs until, the date.")
    return Body(
        key,
        entry["label"],
        tuple(entry["words"]),
        tuple(entry.get("short", ())),
        since,
        until,
        later,
        entry["source"],
    )


def _check_later(bodies: Mapping[str, Body], where: Mapping[str, str]) -> None:
    """Refuse a successor that there is none of, and bodies that follow one another in a ring."""
    for body in bodies.values():
        for key, relation in body.later:
            if key not in bodies:
                raise SettingsError(
                    f"{where[body.id]}: {relation} names '{key}', which is no entry. Add it, or "
                    "correct the name."
                )
    for body in bodies.values():
        reached, waiting = set(), [body.id]
        while waiting:
            for key, _ in bodies[waiting.pop()].later:
                if key == body.id:
                    raise SettingsError(
                        f"{where[body.id]}: it comes after itself, by way of its successors. "
                        "Take one of them out."
                    )
                if key not in reached:
                    reached.add(key)
                    waiting.append(key)


def _check_once(bodies: Mapping[str, Body], where: Mapping[str, str]) -> None:
    stands: dict[str, str] = {}
    for body in bodies.values():
        for word in (*body.words, *body.short):
            other = stands.setdefault(word.casefold(), body.id)
            if other != body.id:
                raise SettingsError(
                    f"{where[body.id]}: '{word}' stands in '{other}' already. Keep it in one."
                )


@cache
def packaged() -> Organisations:
    """The organisations that come with the program.

    Raises:
        SettingsError: As `Organisations.read`.
    """
    return Organisations.read()
