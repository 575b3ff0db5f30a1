"""Joins the lines of a paragraph, mending words that were divided at a line's end."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from retriever.loaders.blocks import clean_line
from retriever.vocabulary import DATA

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*(?:-[^\W\d_]+)*")
_DIVIDED = re.compile(r"([^\W\d_]+)-$")
_LEADING = re.compile(r"[^\W\d_]+")
_MINUS = re.compile(r"(?<=[^\W\d_])\u2212(?=[^\W\d_]|$)")  # a minus sign used as a hyphen
_URL = re.compile(r"(?:https?://|www\.)\S*$")
_ADDRESS = re.compile(r"\S*[^\W\d_]\.[^\W\d_A-Z][\w.-]*[\w-]$")
_MAIL_END = re.compile(r"[\w.-]*@\w")
_URL_END = re.compile(r"(?:https?://|www\.)\S*[/\-._=&?]$")


@dataclass(frozen=True)
class Words:
    """The words of a document, as evidence for how a divided word is written."""

    counts: Counter[str]

    @classmethod
    def of(cls, lines: Iterable[str]) -> Words:
        """Count the words that stand whole within lines."""
        counts: Counter[str] = Counter()
        divided = False
        for line in lines:
            words = _WORD.findall(line)
            first = 1 if divided else 0
            divided = line.endswith(("-", "\u00ad"))
            for word in words[first : len(words) - divided]:
                counts[word.lower()] += 1
                parts = word.lower().split("-")
                if len(parts) > 2:
                    counts.update(f"{a}-{b}" for a, b in pairwise(parts))
        return cls(counts)

    def join(self, before: str, after: str) -> str:
        """Join the end of a line and the start of the next: the text that `before` becomes.

        A soft hyphen, or a hyphen that only divides a word, goes; a real hyphen stays.
        """
        if before.endswith("\u00ad"):
            return before[:-1]
        if _ADDRESS.search(before) and (before.endswith("-") or _MAIL_END.match(after)):
            return before
        divided = _DIVIDED.search(before)
        following = _LEADING.match(after)
        if divided and following:
            real = self._is_real(divided.group(1), following.group(0))
            return before if real else before[:-1]
        if before.endswith(("-", "–")) and after[:1].isdigit() and before[-2:-1].isalnum():
            return before
        if before.endswith("/") and before[-2:-1].isalpha() and after[:1].isalpha():
            return before
        if _URL_END.search(before) and not after[:1].isupper():
            return before
        if _URL.search(before) and "/" in after.split(" ", 1)[0]:
            return before
        return before + " "

    def _is_real(self, first: str, second: str) -> bool:
        joined, hyphenated = (first + second).lower(), f"{first}-{second}".lower()
        if self.counts[joined] != self.counts[hyphenated]:
            return self.counts[hyphenated] > self.counts[joined]
        if second[0].isupper() or first.isupper():
            return True
        lists = _word_lists()
        if first.lower() in lists["prefixes"] or second.lower() in lists["endings"]:
            return True
        known = self.counts[second.lower()] > 0 and len(second) > 2
        if first.lower() in lists["weak_prefixes"]:
            return known or first[-1].lower() == second[0].lower() in "aeio"
        return known and self.counts[first.lower()] > 0 and min(len(first), len(second)) > 3


@cache
def _word_lists() -> dict[str, frozenset[str]]:
    data = tomllib.loads((DATA / "hyphens.toml").read_text("utf-8"))
    return {name: frozenset(data[name]) for name in ("prefixes", "weak_prefixes", "endings")}


def flow(lines: Iterable[tuple[int, str]], words: Words) -> tuple[str, list[tuple[int, int]]]:
    """Make one line of text out of a paragraph's lines, given with their page numbers.

    Returns:
        The text, and where in it each page begins: offset and page number, the first at 0.
    """
    text = ""
    breaks: list[tuple[int, int]] = []
    for page, raw in lines:
        soft = raw.rstrip().endswith("\u00ad")
        line = _MINUS.sub("-", clean_line(raw)) + ("\u00ad" if soft else "")
        if not line:
            continue
        text = words.join(text, line) if text else ""
        if not breaks or breaks[-1][1] != page:
            breaks.append((len(text), page))
        text += line
    return text.removesuffix("\u00ad"), breaks
