"""Text -> the terms that BM25 counts: folded, stemmed, and findable however they are written.

"HbA1c", "NG209", "COVID-19" and "type 2" are written with and without spaces and hyphens, so a
short word with a number behind it gives its parts and the joined form, whichever way it stands.
"""

from __future__ import annotations

import re
import threading
import tomllib
import unicodedata
from functools import cache, lru_cache
from importlib.resources import files

import Stemmer

_WORD = re.compile(r"\d+(?:[.,]\d+)+|[^\W_]+")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_POSSESSIVE = re.compile(r"['’]s\b")
_APOSTROPHE = re.compile(r"(?<=\w)['’](?=\w)")
_PARTS = re.compile(r"[^\W\d_]+|\d+")
_JOINER = re.compile(r"[\s‐‑–-]")
_local = threading.local()  # a Stemmer must not be shared between threads
_LONGEST_PREFIX = 6  # "COVID"; longer words with a number behind them are no name
_LONGEST_NUMBER = 4  # "TA1045"


def tokenise(text: str) -> list[str]:
    """Terms of a text in order, repeats kept, stop words left out.

    A hyphenated word gives its parts and the joined form; a short word with a number gives its
    parts and the joined form; everything else gives one stemmed term. Documents and questions go
    through this same function.
    """
    folded = _fold(text)
    stop = _stop_words()
    terms: list[str] = []
    previous: re.Match[str] | None = None
    for match in _WORD.finditer(folded):
        word = match.group()
        if previous is not None and (joined := _joined(folded, previous, match)):
            terms.append(joined)
        previous = match
        if word not in stop:
            terms.extend(_terms_of(word))
    return terms


def tokenise_query(text: str) -> list[str]:
    """Terms of a question: as `tokenise`, but a question of stop words alone keeps them."""
    return tokenise(text) or [_stem(match.group()) for match in _WORD.finditer(_fold(text))]


def _fold(text: str) -> str:
    """Lower case, no accents, no ligatures, no possessives: "Women’s naïve ﬁnding"."""
    decomposed = unicodedata.normalize("NFKD", text)
    plain = "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()
    return _APOSTROPHE.sub("", _POSSESSIVE.sub("", plain))


@lru_cache(maxsize=200_000)
def _terms_of(word: str) -> tuple[str, ...]:
    if word[0].isdigit() and ("," in word or "." in word):
        return (word.replace(",", "") if _THOUSANDS.fullmatch(word) else word,)
    parts = _PARTS.findall(word)
    if len(parts) == 2 and parts[1].isdigit():
        return (word, _stem(parts[0]), parts[1])
    return (_stem(word),)


def _joined(text: str, first: re.Match[str], second: re.Match[str]) -> str:
    """The joined form of two neighbouring words, or nothing where they do not belong together."""
    gap = text[first.end() : second.start()]
    if len(gap) != 1 or not _JOINER.fullmatch(gap):
        return ""
    head, tail = first.group(), second.group()
    if not head.isalpha():
        return ""
    if tail[0].isdigit():
        short = len(head) <= _LONGEST_PREFIX and len(tail) <= _LONGEST_NUMBER
        return head + tail if short and tail.isalnum() else ""
    return _stem(head + tail) if not gap.isspace() and tail.isalpha() else ""


@lru_cache(maxsize=200_000)
def _stem(word: str) -> str:
    if not hasattr(_local, "stemmer"):
        _local.stemmer = Stemmer.Stemmer("english")
    return str(_local.stemmer.stemWord(word))


@cache
def _stop_words() -> frozenset[str]:
    data = tomllib.loads((files("retriever") / "data" / "stopwords.toml").read_text("utf-8"))
    return frozenset(data["words"])
