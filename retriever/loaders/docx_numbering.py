"""Numbers of a Word file's lists and headings: Word stores only how to count them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from lxml import etree

Element = etree._Element

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


@dataclass(frozen=True)
class _Level:
    form: str
    pattern: str
    start: int


def value(element: Element | None, path: str) -> str:
    """Give the `w:val` of the element at `path` (names parted by slashes), or nothing."""
    if element is None:
        return ""
    found = element.find("/".join(W + name for name in path.split("/")))
    return "" if found is None else found.get(f"{W}val", "")


class Numbering:
    """Counts through a document's numbered paragraphs in order."""

    def __init__(self, root: Element | None) -> None:
        self._levels: dict[str, dict[int, _Level]] = {}
        self._abstract: dict[str, str] = {}
        self._counts: dict[str, dict[int, int]] = defaultdict(dict)
        for part in [] if root is None else root.iter(f"{W}abstractNum"):
            self._levels[part.get(f"{W}abstractNumId", "")] = dict(map(_level, _levels(part)))
        self._restarts: dict[tuple[str, int], int] = {}
        for part in [] if root is None else root.iter(f"{W}num"):
            number_id = part.get(f"{W}numId", "")
            self._abstract[number_id] = value(part, "abstractNumId")
            for override in part.iterchildren(f"{W}lvlOverride"):
                if start := value(override, "startOverride"):
                    self._restarts[number_id, int(override.get(f"{W}ilvl", "0"))] = int(start)

    def label(self, number_id: str, depth: int) -> str | None:
        """Count one paragraph.

        Args:
            number_id: The paragraph's `w:numId`.
            depth: Its `w:ilvl`, from 0.

        Returns:
            Its number as shown ("1.2", "(a)"), empty for a bullet, None for no list at all.
        """
        abstract = self._abstract.get(number_id, "")
        levels = self._levels.get(abstract, {})
        level = levels.get(depth)
        if level is None:
            return None
        counts = self._counts[abstract]
        for above in range(depth):  # a level passed over counts as begun
            counts.setdefault(above, levels[above].start if above in levels else 1)
        restart = self._restarts.pop((number_id, depth), None)  # holds for the list's first item
        counts[depth] = counts.get(depth, level.start - 1) + 1 if restart is None else restart
        for deeper in [key for key in counts if key > depth]:
            del counts[deeper]
        if level.form in ("bullet", "none"):
            return "" if level.form == "bullet" else None
        return _filled(level.pattern, counts, levels)


def _levels(part: Element) -> list[Element]:
    return list(part.iterchildren(f"{W}lvl"))


def _level(part: Element) -> tuple[int, _Level]:
    start = value(part, "start")
    made = _Level(value(part, "numFmt") or "decimal", value(part, "lvlText"), int(start or 1))
    return int(part.get(f"{W}ilvl", "0")), made


def _filled(pattern: str, counts: dict[int, int], levels: dict[int, _Level]) -> str:
    def number(match: re.Match[str]) -> str:
        depth = int(match[1]) - 1
        level = levels.get(depth)
        return _FORMS.get(level.form if level else "", str)(counts.get(depth, 1))

    return re.sub(r"%(\d)", number, pattern).strip()


def _letters(count: int) -> str:
    return chr(ord("a") + (count - 1) % 26) * ((count - 1) // 26 + 1)


_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"),
          (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))  # fmt: skip


def _roman(count: int) -> str:
    figures = ""
    for worth, figure in _ROMAN:
        figures += figure * (count // worth)
        count %= worth
    return figures


_FORMS: dict[str, Callable[[int], str]] = {
    "lowerLetter": _letters,
    "upperLetter": lambda count: _letters(count).upper(),
    "lowerRoman": _roman,
    "upperRoman": lambda count: _roman(count).upper(),
    "decimalZero": "{:02}".format,
}
