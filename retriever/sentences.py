"""Where sentences begin and end, as exact offsets into the text.

Our own rules rather than a library's: a quotation must be whole and its offsets exact, and the
libraries tried were either a thousand times slower than needed (45 microseconds a character) or
took the apostrophe in "person's" for an opening quotation mark and ran sentences together.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files

Span = tuple[int, int]

# A full stop, question or exclamation mark with closing quotes or brackets; then, without a space
# between, a reference number as journals print it ("…fell.12 The…"); then white space.
_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?:(?<=[a-z%)][.])\d{1,3}(?:[,–-]\d{1,3})*)?(?=\s)")
# What NICE prints behind a recommendation belongs to it: "[2015, amended 2022]".
_TAG = re.compile(r"\s+\[(?:new )?\d{4}[^\]\n]{0,60}\]")
_STARTS_SENTENCE = re.compile(r"\s+[\"'“‘(\[]*[A-Z0-9•–£$€≥≤<>]")
_ENUMERATOR = re.compile(r"(?:\(?[0-9]{1,3}(?:\.[0-9]{1,3})*|\(?[a-zA-Z]|[ivxIVX]{1,5})[.)]*$")
_ITEM = re.compile(r"(?:-|\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)]) ")
_WORD_BEFORE = re.compile(r"[^\s(\[\"“‘]+$")
_LINE = re.compile(r"[^\n]+")


def spans(text: str, start: int = 0, end: int | None = None) -> list[Span]:
    """Sentences of `text[start:end]`, in order, without the white space between them.

    A line break always ends a sentence: loaders put each paragraph on one line.

    Returns:
        `(start, end)` offsets into `text`; together they cover everything but white space.
    """
    found: list[Span] = []
    for line in _LINE.finditer(text, start, len(text) if end is None else end):
        found.extend(_in_line(text, line.start(), line.end()))
    return found


def units(text: str, start: int = 0, end: int | None = None) -> list[Span]:
    """As `spans`, but a stem that ends in a colon and the list under it are one sentence.

    "Offer X to people who: - smoke - want to stop" says something only as a whole.
    """
    merged: list[Span] = []
    in_list = False
    for begin, stop in spans(text, start, end):
        gap = text[merged[-1][1] : begin] if merged else ""
        item = _ITEM.match(text, begin) is not None
        begins_list = item and gap in ("\n", "\n\n") and text[merged[-1][1] - 1] == ":"
        goes_on = in_list and ((gap.isspace() and "\n" not in gap) or (item and gap == "\n"))
        if begins_list or goes_on:
            merged[-1] = (merged[-1][0], stop)
            in_list = True
        else:
            merged.append((begin, stop))
            in_list = False
    return merged


def _in_line(text: str, start: int, end: int) -> list[Span]:
    found = []
    begin = _skip_space(text, start, end)
    position = begin
    while match := _END.search(text, position, end):
        stop = match.end()
        if tag := _TAG.match(text, stop, end):
            stop = tag.end()
        position = stop
        if _ends_sentence(text, begin, match, stop, end):
            found.append((begin, stop))
            begin = position = _skip_space(text, stop, end)
    last = end - (len(text[begin:end]) - len(text[begin:end].rstrip()))
    if last > begin:
        found.append((begin, last))
    return found


def _skip_space(text: str, start: int, end: int) -> int:
    while start < end and text[start].isspace():
        start += 1
    return start


def _ends_sentence(text: str, begin: int, match: re.Match[str], stop: int, end: int) -> bool:
    following = _STARTS_SENTENCE.match(text, stop, end)
    if following is None or _inside_brackets(text, begin, match.start(), end):
        return False
    if text[match.start()] != ".":
        return True
    word = _WORD_BEFORE.search(text[begin : match.start()])
    if word is None:
        return True
    return not _carries_on(
        word.group(), text[begin : match.start()], text[following.end() - 1].isdigit()
    )


def _carries_on(word: str, sentence: str, number_follows: bool) -> bool:
    """Whether a full stop behind `word` leaves the sentence going on."""
    if sentence.strip() == word and _ENUMERATOR.match(word):
        return True
    inside, before_number = _abbreviations()
    plain = word.lower()
    if plain in inside or (number_follows and plain in before_number):
        return True
    # Initials ("J. Smith", "U.K. trial"); but "vitamin D. The" ends after a small-letter word.
    if re.fullmatch(r"(?:[A-Z]\.)+[A-Z]", word):
        return True
    before = sentence[: -len(word)].split()
    return len(word) == 1 and word.isupper() and not (before and before[-1][0].islower())


def _inside_brackets(text: str, begin: int, position: int, end: int) -> bool:
    """Whether `position` lies in round brackets that close again soon in the same line."""
    before = text[max(begin, position - 300) : position]
    if before.count("(") <= before.count(")"):
        return False
    after = text[position : min(end, position + 300)]
    closing, opening = after.find(")"), after.find("(")
    return closing > 1 and (opening == -1 or closing < opening)


@cache
def _abbreviations() -> tuple[frozenset[str], frozenset[str]]:
    data = tomllib.loads((files("retriever") / "data" / "abbreviations.toml").read_text("utf-8"))
    return frozenset(data["inside"]), frozenset(data["before_number"])
