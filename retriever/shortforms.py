"""The abbreviations that a document explains, so that either form finds the other.

"... mean arterial pressure (MAP) ..." once, and "MAP fell by 4 mmHg" for the rest of the paper:
a question about arterial pressure must find the second sentence. What a document explains counts
in that document only: "MAP" is a medicines access programme in another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain

from retriever.tokens import tokenise

ShortForms = tuple[tuple[str, str], ...]
"""Pairs of short and long form, as the document writes them, in the order of the short forms."""

_SHORT = r"[A-Za-z0-9][A-Za-z0-9/&-]{1,9}"
# "mean arterial pressure (MAP)", "(MAP; mmHg)", "(“CCGs”)"
_IN_BRACKETS = re.compile(rf"[(\[][‘’“”'\"]?({_SHORT})[‘’“”'\"]?\s*[)\],;:]")
# "MAP (mean arterial pressure)"
_LONG_IN_BRACKETS = re.compile(rf"(?<![\w(])({_SHORT})\s\(([a-z][^()\d]{{4,80}})\)")
# "MAP = mean arterial pressure; CI = ...", "MAP, mean arterial pressure;", a row of a glossary
_EXPLAINED = re.compile(
    rf"(?:^|[;.|(]\s?|:\s)({_SHORT})(?:\s?[=:|–-]\s?|,\s|\s\|\s)"
    r"([A-Za-z][^;.|()=\d\n]{4,80}?)(?=\s?[;.|()\n]|$)",
    re.MULTILINE,
)
_BREAK = re.compile(r"[.;:]\s|[()\[\]]")
_WORD = re.compile(r"[^\W_]+(?:[-’'][^\W_]+)*")
_CAPITALS = 2


def short_forms(text: str) -> ShortForms:
    """The abbreviations explained in a text; of several explanations of one the first.

    A long form must hold the letters of its short form in order, the first at the beginning of a
    word: Schwartz and Hearst 2003, "A simple algorithm for identifying abbreviation definitions
    in biomedical text".
    """
    found: dict[str, str] = {}
    for short, before in _candidates(text):
        name = short[:-1] if short.endswith("s") and short[-2].isupper() else short
        if name not in found and _is_short_form(name):
            long = _long_form(name, before)
            if long:
                found[name] = long
    return tuple(sorted(found.items()))


def terms_with(text: str, forms: ShortForms) -> tuple[list[str], list[tuple[str, ...]]]:
    """A text's terms, and the terms of the other forms of what it names.

    Returns:
        The terms as `tokenise` gives them; and for each abbreviation in the text the terms of its
        long form, for each long form in it that of its abbreviation.
    """
    terms = tokenise(text)
    others = []
    held = f" {' '.join(terms)} "
    for short, long in forms:
        if short in text and _whole(short).search(text):
            others.append(_terms(long))
        elif f" {' '.join(_terms(long))} " in held:
            others.append(_terms(short))
    return terms, others


def all_terms(text: str, forms: ShortForms) -> list[str]:
    """A text's terms, then those of the other forms of what it names."""
    terms, others = terms_with(text, forms)
    return list(chain(terms, *others))


def explained(text: str, forms: ShortForms) -> list[tuple[str, str]]:
    """The abbreviations in a text that it does not spell out itself, with their long forms."""
    held = f" {' '.join(tokenise(text))} "
    named = [form for form in forms if form[0] in text and _whole(form[0]).search(text)]
    return [(short, long) for short, long in named if f" {' '.join(_terms(long))} " not in held]


@lru_cache(maxsize=20_000)
def _terms(form: str) -> tuple[str, ...]:
    return tuple(tokenise(form))


@lru_cache(maxsize=20_000)
def _whole(short: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-]){re.escape(short)}s?(?![\w])")


def _candidates(text: str) -> Iterator[tuple[str, str]]:
    """Short forms, each with the words that may explain it."""
    for match in _IN_BRACKETS.finditer(text):
        line = text[max(0, match.start() - 160) : match.start()].rsplit("\n", 1)[-1]
        yield match[1], line
    for pattern in (_LONG_IN_BRACKETS, _EXPLAINED):
        for match in pattern.finditer(text):
            if len(match[2].split()) <= _most_words(match[1]):
                yield match[1], match[2]


def _most_words(short: str) -> int:
    return min(len(short) + 5, 2 * len(short))


def _is_short_form(short: str) -> bool:
    return sum(letter.isupper() for letter in short) >= _CAPITALS


def _long_form(short: str, words: str) -> str:
    """The words at the end of `words` that explain a short form, or nothing."""
    letters = [letter for letter in short.lower() if letter.isalnum()]
    spans = [match.span() for match in _WORD.finditer(words)][-_most_words(short) :]
    if not spans:
        return ""
    low, at = words.lower(), spans[-1][1]
    for place, letter in reversed(list(enumerate(letters))):
        at -= 1
        while at >= spans[0][0] and not (
            low[at] == letter and (place or at == 0 or not low[at - 1].isalnum())
        ):
            at -= 1
        if at < spans[0][0]:
            return ""
    long = words[at : spans[-1][1]]
    known = {word.lower() for word in _WORD.findall(long)}
    wrong = short.lower() in known or len(long) <= len(short) + 2 or _BREAK.search(long)
    return "" if wrong else long


def of_passages(texts: Sequence[str]) -> ShortForms:
    """The abbreviations explained in a document, given its passages in order."""
    return short_forms("\n".join(texts))
