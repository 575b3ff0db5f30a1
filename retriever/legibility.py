"""Whether a passage can be read: fonts without a key, and text recognition, leave rubbish behind.

Rubbish is found by no question and may be quoted by chance, so librarians are told of it. The
limits are far from what whole documents show: none of the 28,035 passages of the development
library is said to be garbled.
"""

from __future__ import annotations

import re

_FEWEST_LETTERS = 100  # of a passage that is told by its letters: a short one may be all acronyms
_ODD = 0.02  # of all characters, and at least
_FEWEST_ODD = 3
_APART = 0.2  # of all characters; likewise the next
_TOGETHER = 0.2
_FEWEST_VOWELS, _MOST_VOWELS = 0.24, 0.55  # of the letters a to z; English has about 0.4
_COMMON = 0.3  # of the letters a to z: the six commonest of English; of English they are half
_SMALL = re.compile(r"(?<!\w)[a-z]{2,}(?!\w)")  # names and codes are of other letters
_NO_LETTER = re.compile(
    "[\ufffd\ue000-\uf8ff\U000f0000-\U0010ffff\x00-\x08\x0b-\x1f\x7f-\x9f]"
)
_SPACED = re.compile(r"(?<![^\W\d_])(?:[^\W\d_] ){5,}")
_LONG = re.compile(r"(?<![\w./@-])[^\W\d_]{28,}(?![\w./@-])")
_GLYPH = re.compile(r"\(cid:\d+\)|/g\d{2,}\b")
_MISREAD = re.compile("[\u00c2\u00c3][\u0080-\u00bf]|\u00e2\u20ac.")


def fault(text: str) -> str:
    """Why a passage cannot be read, in a few words; empty where nothing speaks against it."""
    odd = len(_NO_LETTER.findall(text)) + len(_GLYPH.findall(text))
    if odd > max(_ODD * len(text), _FEWEST_ODD - 1):
        return f"{odd:,} of its {len(text):,} characters stand for no letter"
    if len(found := _MISREAD.findall(text)) > 1:
        return f"accents and quotation marks were misread, as in “{found[0]}”"
    if len(text) < _FEWEST_LETTERS:
        return ""
    if sum(map(len, _SPACED.findall(text))) > _APART * len(text):
        return "its letters stand apart, one by one"
    if sum(map(len, _LONG.findall(text))) > _TOGETHER * len(text):
        return "its words run together"
    return _by_letters(text)


def _by_letters(text: str) -> str:
    latin = "".join(_SMALL.findall(text))
    if len(latin) < _FEWEST_LETTERS:
        return ""  # a table of figures, or another script
    vowels, common = (
        sum(map(latin.count, some)) / len(latin) for some in ("aeiouy", "etaoin")
    )
    if _FEWEST_VOWELS <= vowels <= _MOST_VOWELS and common >= _COMMON:
        return ""
    return "its letters make no words"
