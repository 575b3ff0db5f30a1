"""Quotation -> the terms by which `readings` tells what it reports, from its own words alone.

A term is a run of words, or a run of marks: what classes of words, intervals and p-values stand in
a quotation, in order. "Uptake rose significantly compared with usual care (95% CI 1.1 to 1.4)" has
the marks `up significant than COMPARED CI-ABOVE`, whatever rose. The words are in
`data/wording.toml`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Self

from retriever import concepts
from retriever.errors import SettingsError
from retriever.evidence import word_pattern

FILE = "wording.toml"
CLASSES = {
    "direction": (
        "up", "down", "same", "no", "significant", "difference", "effect", "than", "change",
        "between", "but", "trend",
    ),
    "judging": ("words",),
    "kind": (
        "cost", "recommendation", "harm", "uptake", "implementation", "context", "inequality",
        "likely",
    ),
    "comparison": ("named", "group", "against", "ratio", "interval"),
    "parts": ("joins",),
}  # fmt: skip
COMPARED = "COMPARED"
_ABOVE, _BELOW, _ACROSS = "CI-ABOVE", "CI-BELOW", "CI-ACROSS"
_SURE, _UNSURE = "P-BELOW", "P-ABOVE"
_FIGURE, _PERCENT, _POUNDS = "#", "PERCENT", "POUNDS"
_MARKS = {COMPARED, _ABOVE, _BELOW, _ACROSS, _SURE, _UNSURE}

_NUMBER = r"[-−–]?\d+(?:[.·,]\d+)*"
_P_VALUE = re.compile(
    r"\bp(?:[- ]?values?)?\s?(?:of|was|is)?\s?([<>=≤≥:])\s?(0?[.·]\d+)", re.IGNORECASE
)
_FROM_TO = re.compile(rf"\bfrom ({_NUMBER})\s?%?[^.;]{{0,40}}? to ({_NUMBER})", re.IGNORECASE)
_PER_CENT = re.compile(rf"({_NUMBER})\s?(?:%|per cent\b)", re.IGNORECASE)
_MONEY = re.compile(r"[£$€]\s?[-−]?\d[\d.,]*")
_TOKEN = re.compile(r"[A-Z]+-[A-Z]+|[A-Za-z]+|#")
_SENTENCE = r"(?<=[\w\])%])[.;]\s"
_RATIO_STANDS_WITHIN = 60  # characters before an interval
_LONG = 40  # words
_BESIDE = 2  # words
_BY_FIGURES = {  # what shows each of two ways: marks, and figures that are compared
    "up": {_ABOVE, "!from up", "!shares up", "!figures up"},
    "down": {_BELOW, "!from down", "!shares down", "!figures down"},
}


@dataclass(frozen=True)
class Words:
    """The lists of words, see `data/wording.toml`: table -> class -> words."""

    lists: Mapping[str, Mapping[str, Sequence[str]]]

    @classmethod
    def parse(cls, text: str, name: str = FILE) -> Self:
        """Read the file's text.

        Raises:
            SettingsError: A list is missing, unknown or empty, or holds what is no word.
        """
        try:
            data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise SettingsError(f"{name} is not valid TOML: {error}. Mend the line.") from error
        for table, names in CLASSES.items():
            lists = data.get(table)
            if not isinstance(lists, dict) or set(lists) != set(names):
                raise SettingsError(f"{name}: [{table}] must hold these lists: {', '.join(names)}.")
            for key, words in lists.items():
                good = isinstance(words, list) and words
                if not good or not all(isinstance(w, str) and w.strip() for w in words):
                    raise SettingsError(
                        f"{name}: {table}.{key} must be a list of words, not {words!r}."
                    )
        return cls({table: data[table] for table in CLASSES})

    @cached_property
    def interval(self) -> re.Pattern[str]:
        """A confidence interval with its two ends."""
        names = "|".join(map(re.escape, self.lists["comparison"]["interval"]))
        return re.compile(
            rf"\b(?:9\d(?:\.\d)?\s?%\s?)?(?:{names})(?!\w)[\s:=,(\[]*(?:of\s)?"
            rf"({_NUMBER})\s?%?\s?(?:to|,|;|–|-|−)\s?({_NUMBER})\s?%?",
            re.IGNORECASE,
        )

    @cached_property
    def ratio(self) -> re.Pattern[str]:
        """A word for a ratio."""
        return word_pattern(self.lists["comparison"]["ratio"])

    @cached_property
    def compared(self) -> re.Pattern[str]:
        """Whom people were compared with."""
        named = "|".join(map(re.escape, self.lists["comparison"]["named"]))
        group = "|".join(map(re.escape, self.lists["comparison"]["group"]))
        return re.compile(rf"\b(?:the )?(?:{named})(?: (?:{group}))?\b", re.IGNORECASE)

    @cached_property
    def figures(self) -> re.Pattern[str]:
        """Two figures with a word between that compares them."""
        against = "|".join(map(re.escape, self.lists["comparison"]["against"]))
        return re.compile(
            rf"({_NUMBER})\s?%?[^.;]{{0,30}}\b(?:{against})\s[^.;\d]{{0,30}}({_NUMBER})",
            re.IGNORECASE,
        )

    @cached_property
    def parts(self) -> re.Pattern[str]:
        """Where a quotation falls into parts."""
        joins = "|".join(map(re.escape, self.lists["parts"]["joins"]))
        return re.compile(rf"{_SENTENCE}|,?\s(?:{joins})\s", re.IGNORECASE)

    def classes(self, table: str) -> dict[str, str | None]:
        """Word -> its class by a table; filled as words are met."""
        return self._classes[table]

    @cached_property
    def _classes(self) -> dict[str, dict[str, str | None]]:
        return {table: _Known(self.lists[table]) for table in ("direction", "judging", "kind")}


class _Known(dict[str, str | None]):
    """Word -> class; looks up each word once."""

    def __init__(self, lists: Mapping[str, Sequence[str]]) -> None:
        super().__init__()
        self._patterns = {name: word_pattern(words) for name, words in lists.items()}

    def __missing__(self, word: str) -> str | None:
        found = (name for name, pattern in self._patterns.items() if pattern.fullmatch(word))
        self[word] = next(found, None)
        return self[word]


@cache
def packaged() -> Words:
    """The words that come with the program.

    Raises:
        SettingsError: The file is broken.
    """
    return Words.parse((files("retriever") / "data" / FILE).read_text("utf-8"))


def parts(quotation: str) -> list[str]:
    """The parts of a quotation that may report on different things, in order."""
    return [part for part in packaged().parts.split(quotation) if part.strip()]


def marks(text: str) -> list[str]:
    """The marks of direction in a text, in order; `up down` ("greater reduction") as `down`."""
    return _marks(_tokens(text), packaged())


def only_judges(text: str, way: str) -> bool:
    """Whether a text says good or bad, and neither its other words nor its figures say `way`.

    "HbA1c improved" has no number that is known to have risen or fallen, and neither has "a greater
    improvement": a word of up or down beside a judging one belongs to it.

    Args:
        text: A quotation.
        way: `up` or `down`.
    """
    tokens, words = _tokens(text), packaged()
    judging = [at for at, token in enumerate(tokens) if words.classes("judging")[token]]
    if not judging or _BY_FIGURES[way] & {*tokens, *_figures(text, words)}:
        return False
    said = [at for at, token in enumerate(tokens) if words.classes("direction")[token] == way]
    return all(any(abs(at - other) <= _BESIDE for other in judging) for at in said)


def direction_terms(text: str) -> frozenset[str]:
    """The terms that tell the reported direction: runs of words and of marks, and figures."""
    tokens = _tokens(text)
    found = _runs(tokens, 3, "")
    found |= _runs(_marks(tokens, packaged()), 4, "~")
    return frozenset(found | set(_figures(text, packaged())))


def kind_terms(text: str) -> frozenset[str]:
    """The terms that tell the kind of finding: words, marks, groups named, and the length."""
    tokens = _tokens(text, money=True)
    words = packaged()
    kinds = _kind_marks(tokens, words)
    found = {*tokens, f"length {min(4, len(text.split()) // (_LONG // 4))}"}
    found |= _runs(kinds, 2, "=") | {f"={kind} twice" for kind in kinds if kinds.count(kind) > 1}
    found |= _runs(_marks(tokens, words), 3, "~")
    if tokens:
        found.add(f"first {words.classes('kind')[tokens[0]] or tokens[0]}")
    for concept in concepts.packaged().named(text):
        found |= {f"names {concept.kind}", f"names {concept.axis or concept.kind}"}
    return frozenset(found)


def _tokens(text: str, money: bool = False) -> list[str]:
    """Words in small letters; intervals, p-values and figures as marks, runs of figures as one."""
    words = packaged()
    plain = text.lower()
    plain = words.interval.sub(lambda m: f" {_interval(m, words)} ", plain)
    plain = _P_VALUE.sub(lambda m: f" {_chance(m)} ", plain)
    plain = words.compared.sub(f" {COMPARED} ", plain)
    if money:
        plain = _PER_CENT.sub(f" {_PERCENT} ", _MONEY.sub(f" {_POUNDS} ", plain))
    plain = re.sub(_NUMBER, f" {_FIGURE} ", plain)
    found: list[str] = []
    for token in _TOKEN.findall(plain):
        if not (token == _FIGURE and found and found[-1] == _FIGURE):
            found.append(token)
    return found


def _interval(match: re.Match[str], words: Words) -> str:
    """Whether an interval lies above no difference, below it, or across it."""
    low, high = _value(match[1]), _value(match[2])
    before = match.string[max(0, match.start() - _RATIO_STANDS_WITHIN) : match.start()]
    none = 1.0 if low >= 0 and words.ratio.search(before) else 0.0
    if low < none < high:
        return _ACROSS
    return _ABOVE if low >= none else _BELOW


def _chance(match: re.Match[str]) -> str:
    value = _value(match[2])
    if match[1] in "<≤":
        return _SURE if value <= 0.05 else _UNSURE
    return _UNSURE if match[1] in ">≥" or value >= 0.05 else _SURE


def _value(number: str) -> float:
    plain = re.sub("[−–]", "-", number).replace("·", ".").replace(",", "")
    whole, _, rest = plain.partition(".")
    return float(f"{whole}.{rest.replace('.', '') or 0}")


def _figures(text: str, words: Words) -> Iterator[str]:
    """What the first figures that are compared show."""
    if match := _FROM_TO.search(text):
        yield f"!from {'up' if _value(match[2]) > _value(match[1]) else 'down'}"
    shares = [_value(number) for number in _PER_CENT.findall(text)[:2]]
    if len(shares) == 2 and shares[0] != shares[1]:
        yield f"!shares {'up' if shares[0] > shares[1] else 'down'}"
    if match := words.figures.search(text):
        one, other = _value(match[1]), _value(match[2])
        yield f"!figures {'same' if one == other else 'up' if one > other else 'down'}"


def _marks(tokens: Sequence[str], words: Words) -> list[str]:
    known = words.classes("direction")
    found: list[str] = []
    for token in tokens:
        mark = token if token in _MARKS else known[token]
        if mark is None or (mark == COMPARED and found and found[-1] == COMPARED):
            continue
        if mark == "down" and found and found[-1] == "up":
            found.pop()
        found.append(mark)
    return found


def _kind_marks(tokens: Sequence[str], words: Words) -> list[str]:
    kinds, directions = words.classes("kind"), words.classes("direction")
    own = {_FIGURE: "figure", _PERCENT: "per cent", _POUNDS: "cost"}
    found: list[str] = []
    for token in tokens:
        mark = own.get(token) or kinds[token] or directions[token]
        if mark and not (found and found[-1] == mark):
            found.append(mark)
    return found


def _runs(tokens: Sequence[str], longest: int, sign: str) -> set[str]:
    """Every run of up to `longest` tokens, joined by spaces behind `sign`."""
    return {
        sign + " ".join(tokens[at : at + length])
        for length in range(1, longest + 1)
        for at in range(len(tokens) - length + 1)
    }
