"""Text -> the population groups, topics, interventions and outcomes that it names.

The words are the librarians' (`data/populations.toml`, `data/subjects.toml`); each file's head says
how they are written. A word is found as a whole word, whatever its capitals; `*` at its end stands
for any ending, and a space also for a hyphen. Of words that overlap the longest counts. A list of
topics may share its last words ("cervical and breast screening") or its first one ("hepatitis B
and C").
"""

from __future__ import annotations

import functools
import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retriever.errors import SettingsError
from retriever.vocabulary import DATA, lines_of, read_toml

POPULATIONS, SUBJECTS = DATA / "populations.toml", DATA / "subjects.toml"
KINDS = {"groups": "group", "topics": "topic", "interventions": "intervention",
         "outcomes": "outcome"}

AXES = (
    "ethnicity",
    "deprivation",
    "migration",
    "inclusion",
    "place",
    "sex",
    "sexuality",
    "age",
    "disability",
    "occupation",
    "religion",
)
"""What a group may be a group by."""

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_TRAPPED = {f"no {kind}": kind for kind in KINDS.values()}  # what a trap is looked for as
_AND = frozenset({"and", "or"})
_NUMBERS = frozenset({"one", "two", "three", "ii", "iii"})


@dataclass(frozen=True)
class Concept:
    """One entry of a vocabulary.

    Attributes:
        id: Its name in the file, unique among entries of its kind.
        kind: `group`, `topic`, `intervention` or `outcome`.
        label: What people are shown.
        axis: Of a group: `ethnicity`, `deprivation`, ...; else empty.
        broader: Ids of the entries of the same kind that take this one in.
    """

    id: str
    kind: str
    label: str
    axis: str = ""
    broader: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Its name among all kinds: `group:bangladeshi`."""
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True)
class Mention:
    """A concept's word in a text: `text[start:end]`."""

    concept: Concept
    start: int
    end: int


class Concepts:
    """The vocabularies, ready to look for. Safe for many threads.

    Attributes:
        words: Concept -> the words that name it, as written in the files.
        by_key: `Concept.key` -> concept.
        traps: Kind -> words that hold a word of that kind and never mean what it means.
    """

    def __init__(
        self,
        words: Mapping[Concept, Sequence[str]],
        traps: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Prepare to look.

        Args:
            words: Concept -> the words that name it.
            traps: Kind -> words that hold a word of that kind and never mean what it means.
        """
        self.words = {concept: tuple(written) for concept, written in words.items()}
        self.by_key = {concept.key: concept for concept in words}
        self.traps = dict(traps or {})
        self.broader = functools.cache(self._broader)
        self.narrower = functools.cache(self._narrower)
        # First word, or its beginning -> whole entries: (further words, concept).
        self._exact: dict[str, list[tuple[tuple[str, ...], Concept]]] = defaultdict(list)
        self._begins: dict[str, list[tuple[tuple[str, ...], Concept]]] = defaultdict(list)
        never = {Concept("", trap, ""): self.traps.get(kind, ()) for trap, kind in _TRAPPED.items()}
        for concept, written in (*words.items(), *never.items()):
            for first, *rest in filter(None, map(_parts, written)):
                table = self._begins if first.endswith("*") else self._exact
                table[first.removesuffix("*")].append((tuple(rest), concept))

    @classmethod
    def read(cls, populations: Path = POPULATIONS, subjects: Path = SUBJECTS) -> Concepts:
        """Read and check the vocabularies.

        Raises:
            SettingsError: A file is not TOML or an entry is wrong; names file and entry.
        """
        words: dict[Concept, Sequence[str]] = {}
        traps: dict[str, Sequence[str]] = {}
        tables = {path: read_toml(path) for path in (populations, subjects)}
        for name, kind in KINDS.items():
            origin = populations if kind == "group" else subjects
            entries = tables[origin].get(name, {})
            traps[kind] = _traps(tables[origin].get("traps", {}), name, origin)
            lines = lines_of(origin)
            stands: dict[str, str] = {}
            for key, entry in entries.items():
                where = f"{origin}, line {lines.get(f'[{name}.{key}]', 1)}, [{name}.{key}]"
                concept = _concept(key, kind, entry, where)
                words[concept] = entry["words"]
                _check_broader(entry, entries, where)
                _check_once(entry["words"], stands, key, where)
        return cls(words, traps)

    def find(self, asked: str) -> list[Concept]:
        """The entries that an id, a key, a label or words stand for, in order of the files."""
        folded = asked.strip().casefold()
        named = self.named(asked)
        return [
            c
            for c in self.words
            if folded in (c.id, c.key, c.label.casefold()) or c in named
        ]

    def _broader(self, concept: Concept) -> frozenset[Concept]:
        """Every concept that takes this one in, at whatever distance."""
        found: set[Concept] = set()
        waiting = list(concept.broader)
        while waiting:
            above = self.by_key[f"{concept.kind}:{waiting.pop()}"]
            if above not in found:
                found.add(above)
                waiting.extend(above.broader)
        return frozenset(found)

    def _narrower(self, concept: Concept) -> frozenset[Concept]:
        """Every concept that this one takes in, at whatever distance, and itself."""
        return frozenset(c for c in self.words if c == concept or concept in self.broader(c))

    def mentions(self, text: str) -> list[Mention]:
        """What a text names, in order.

        Of overlapping words of one kind only the longest counts, and words inside a group's name
        name nothing else: "low-income families" says nothing of incomes.
        """
        words = [(_bare(m.group()), m.start(), m.end()) for m in _WORD.finditer(_fold(text))]
        until: dict[str, int] = {}  # kind -> where the last mention of it ends, in words
        found = []
        for at in range(len(words)):
            best = _longest(self._at(words, at))
            for trap in best.keys() & _TRAPPED.keys():
                kind, length = _TRAPPED[trap], best.pop(trap)[0]
                if length >= best.get(kind, (0, ()))[0]:
                    best.pop(kind, None)
                    until[kind] = max(until.get(kind, 0), at + length)
            for kind, (length, concepts) in best.items():
                end = words[at + length - 1][2]
                if kind == "group" and text[end : end + 2].lstrip().startswith("%"):
                    continue  # "over 80%" is no age
                if at >= until.get(kind, 0):
                    until[kind] = at + length
                    found += [Mention(concept, words[at][1], end) for concept in concepts]
        groups = [(m.start, m.end) for m in found if m.concept.kind == "group"]
        return [m for m in found if m.concept.kind == "group" or not _inside(m, groups)]

    def named(self, text: str) -> frozenset[Concept]:
        """The concepts that a text names."""
        return frozenset(mention.concept for mention in self.mentions(text))

    def with_broader(self, concepts: Iterable[Concept]) -> frozenset[Concept]:
        """The concepts and all that take them in: "Bangladeshi" also names Asian people."""
        return frozenset().union(*({c, *self.broader(c)} for c in concepts))

    def _at(
        self, words: Sequence[tuple[str, int, int]], at: int
    ) -> Iterator[tuple[int, Concept]]:
        """Entries that begin at a word: how many words each takes, and its concept."""
        first = words[at][0]
        entries = list(self._exact.get(first, ()))
        for length in range(2, len(first) + 1):
            entries += self._begins.get(first[:length], ())
        shared = _shared_ends(words, at) if entries else ()
        for rest, concept in entries:
            if rest and shared and concept.kind == "topic":
                for taken, end in shared:
                    own = rest[: taken - 1]
                    if _fit(own, words, at + 1) and _fit(rest[taken - 1 :], words, end):
                        yield taken, concept
            if _fit(rest, words, at + 1):
                yield 1 + len(rest), concept
        for rest, concept in self._exact.get(_shared_head(words, at), ()):
            if rest and concept.kind == "topic" and _fit(rest, words, at):
                yield len(rest), concept


def _shared_ends(words: Sequence[tuple[str, int, int]], at: int) -> list[tuple[int, int]]:
    """Where a list that begins at a word says what all in it share.

    In "cervical and breast screening" the first has one word of its own, in "type 1 and type 2
    diabetes" and "type 1 and 2 diabetes" two. Lists are of three at most.

    Returns:
        How many words the first has of its own, and where what is shared begins.
    """
    found = []
    for place in range(at + 1, min(at + 5, len(words))):
        if words[place][0] in _AND:
            found += [(1, place + 2)] if place < at + 4 else []
            if place > at + 1 and all(
                _is_number(word) or word == words[at][0] for word, _, _ in words[at + 1 : place]
            ):
                found += [(2, place + 2), (2, place + 3)]
    return found


def _shared_head(words: Sequence[tuple[str, int, int]], at: int) -> str:
    """What a letter or number shares with the first of its list: of "hepatitis B and C" the word.

    Empty where it goes on no such list. "A" is mostly an article, and "and a" no list.
    """
    if words[at][0] == "a" or not _is_number(words[at][0]):
        return ""
    before = at - 1
    while before > at - 5 and before >= 0 and (
        words[before][0] in _AND or _is_number(words[before][0])
    ):
        before -= 1
    listed = before >= 0 and before < at - 1 and _is_number(words[before + 1][0])
    return words[before][0] if listed else ""


def _is_number(word: str) -> bool:
    """Whether a word is a letter or a number that tells kinds apart: "B", "2", "II"."""
    return len(word) == 1 or word in _NUMBERS


def _fit(wanted: Sequence[str], words: Sequence[tuple[str, int, int]], at: int) -> bool:
    """Whether the words wanted stand at a place."""
    return len(words) >= at + len(wanted) and all(
        _fits(want, words[at + place][0]) for place, want in enumerate(wanted)
    )


def _longest(found: Iterator[tuple[int, Concept]]) -> dict[str, tuple[int, tuple[Concept, ...]]]:
    """Kind -> length of its longest entry, and the concepts that have one so long."""
    best: dict[str, tuple[int, tuple[Concept, ...]]] = {}
    for length, concept in found:
        longest, concepts = best.get(concept.kind, (0, ()))
        if length > longest:
            best[concept.kind] = (length, (concept,))
        elif length == longest and concept not in concepts:
            best[concept.kind] = (length, (*concepts, concept))
    return best


def _inside(mention: Mention, spans: Sequence[tuple[int, int]]) -> bool:
    length = mention.end - mention.start
    return any(
        start <= mention.start and mention.end <= end and length < end - start
        for start, end in spans
    )


def _fits(want: str, have: str) -> bool:
    return have.startswith(want[:-1]) if want.endswith("*") else have == want


def _parts(written: str) -> list[str]:
    """An entry's words, folded; the `*` stays at the end of the last."""
    words = [_bare(match.group()) for match in _WORD.finditer(_fold(written))]
    if words and written.endswith("*"):
        words[-1] += "*"
    return words


def _bare(word: str) -> str:
    """A word without its possessive: "women's" names women."""
    return word.removesuffix("'s").removesuffix("’s")


def _fold(text: str) -> str:
    """Lower case without accents, letter for letter, so that offsets stay true."""
    return "".join(_plain(letter) for letter in text)


@functools.lru_cache(maxsize=4096)
def _plain(letter: str) -> str:
    plain = unicodedata.normalize("NFKD", letter)[:1].lower()
    return plain if len(plain) == 1 else letter


def _concept(key: str, kind: str, entry: Any, where: str) -> Concept:
    allowed = {"label", "words", "broader", *(["axis"] if kind == "group" else [])}
    if not isinstance(entry, dict) or not {"label", "words"} <= set(entry) <= allowed:
        raise SettingsError(f"{where}: needs label and words, and takes {', '.join(allowed)}.")
    if not entry["words"] or not all(isinstance(w, str) and _parts(w) for w in entry["words"]):
        raise SettingsError(f"{where}: words must be a list of words, not {entry['words']!r}.")
    axis, broader = entry.get("axis", ""), tuple(entry.get("broader", ()))
    if kind == "group" and axis not in AXES:
        raise SettingsError(f"{where}: axis must be one of {', '.join(AXES)}, not {axis!r}.")
    return Concept(key, kind, entry["label"], axis, broader)


def _traps(table: Mapping[str, Any], name: str, origin: Path) -> Sequence[str]:
    """The words of a file's `[traps]` for one of its tables; under `words` for the groups."""
    words = table.get("words" if name == "groups" else name, [])
    if not isinstance(words, list) or not all(isinstance(w, str) and _parts(w) for w in words):
        raise SettingsError(f"{origin}, [traps]: {name} must be a list of words, not {words!r}.")
    return words


def _check_broader(entry: Mapping[str, Any], entries: Mapping[str, Any], where: str) -> None:
    for name in entry.get("broader", ()):
        if name not in entries:
            raise SettingsError(f"{where}: broader names '{name}', which is no entry beside it.")


def _check_once(words: Sequence[str], stands: dict[str, str], key: str, where: str) -> None:
    """Refuse a word that an entry before has: it would name both."""
    for word in words:
        other = stands.setdefault(" ".join(_parts(word)), key)
        if other != key:
            raise SettingsError(f"{where}: '{word}' stands in '{other}' already. Keep it in one.")


@functools.cache
def fingerprint() -> str:
    """Hash of the packaged vocabularies and of this module: of all that decides what is named."""
    digest = hashlib.sha256()
    for path in (Path(__file__), POPULATIONS, SUBJECTS):
        digest.update(path.read_bytes())
    return digest.hexdigest()


@functools.cache
def packaged() -> Concepts:
    """The vocabularies that come with the program.

    Raises:
        SettingsError: As `Concepts.read`.
    """
    return Concepts.read()
