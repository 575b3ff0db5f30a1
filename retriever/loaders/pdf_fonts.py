"""Turns the bytes of a shown string into text and widths, with pypdf's reading of the font."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from pypdf._codecs.adobe_glyphs import adobe_glyphs
from pypdf.generic import DictionaryObject, IndirectObject
from pypdf.generic._font import Font

from retriever.vocabulary import DATA

_BOLD_WORDS = ("bold", "black", "heavy", "semibold", "demi")


@dataclass(frozen=True)
class _GlyphRule:
    """What glyph numbers of a family of fonts mean; see `glyphs.toml`."""

    any_glyph: str
    glyphs: dict[int, str]
    offset: int

    def text(self, glyph: int) -> str:
        """The character of a glyph; the glyph's number as a character where nothing is known."""
        if self.any_glyph:
            return self.any_glyph
        return self.glyphs.get(glyph, chr(glyph + self.offset))


@cache
def _glyph_rules() -> tuple[tuple[re.Pattern[str], _GlyphRule], ...]:
    data = tomllib.loads((DATA / "glyphs.toml").read_text("utf-8"))
    return tuple(
        (
            re.compile(entry["name"]),
            _GlyphRule(
                entry.get("any", ""),
                {int(number): text for number, text in entry.get("glyphs", {}).items()},
                entry.get("offset", 0),
            ),
        )
        for entry in data["font"]
    )


def _glyph_rule(name: str) -> _GlyphRule | None:
    rules = (rule for pattern, rule in _glyph_rules() if pattern.search(name))
    return next(rules, None)


class Typeface:
    """A font as needed here: bytes to text and widths (in thousandths of an em)."""

    def __init__(self, font: Font) -> None:
        self._font = font
        name = str(font.name).lower()
        weight = str(font.font_descriptor.weight)
        self.bold = any(word in name for word in _BOLD_WORDS) or weight in ("700", "800", "900")
        # Text in such a font comes as bare glyph numbers; the file does not say what they mean.
        unmapped = isinstance(font.encoding, str) and not font.character_map
        self._rule = _glyph_rule(name) if unmapped else None
        self._glyphs: dict[Any, tuple[str, float]] = {}

    def glyphs(self, value: bytes) -> list[tuple[str, float]]:
        """Text and width of each character of a shown string."""
        codes: Iterable[Any] = value
        if isinstance(self._font.encoding, str):
            try:
                codes = value.decode(self._font.encoding, "surrogatepass")
            except UnicodeDecodeError:
                codes = value.decode(self._font.encoding, "replace")
        known = self._glyphs
        return [known[code] if code in known else self._glyph(code) for code in codes]

    def _glyph(self, code: int | str) -> tuple[str, float]:
        font = self._font
        raw = chr(code) if isinstance(code, int) else code
        encoded = raw
        if isinstance(code, int) and isinstance(font.encoding, dict):
            encoded = font.encoding.get(code, raw)
        text = font.character_map.get(encoded, encoded)
        if text == "\x7f":
            text = "•"  # the meaning of unused codes, PDF 32000-1, annex D.2
        if len(text) > 1 and text[0] == "/":
            text = _named(text)
        if self._rule is not None and raw != font.space_char:
            text = self._rule.text(ord(raw[0]))
        width = font.space_width if raw == font.space_char else font.get_text_width(raw)
        self._glyphs[code] = (str(text), float(width))
        return self._glyphs[code]


def _named(name: str) -> str:
    """The characters of a glyph known by its name only, such as "/f_i" (Adobe Glyph List)."""
    parts = name[1:].split(".", 1)[0].split("_")
    letters = [adobe_glyphs.get(f"/{part}", "") for part in parts]
    return "".join(letters) if all(letters) else name


class Typefaces:
    """Fonts of a document, each read once."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], Typeface | None] = {}

    def of(self, resources: DictionaryObject) -> dict[str, Typeface]:
        """The typefaces a page or form names, by their name there."""
        fonts = resources.get("/Font")
        fonts = fonts.get_object() if fonts is not None else None
        if not isinstance(fonts, DictionaryObject):
            return {}
        found = {str(name): self._typeface(fonts.raw_get(name)) for name in fonts}
        return {name: typeface for name, typeface in found.items() if typeface is not None}

    def _typeface(self, reference: Any) -> Typeface | None:
        if not isinstance(reference, IndirectObject):
            return _read_typeface(reference)
        key = (reference.idnum, reference.generation)
        if key not in self._known:
            self._known[key] = _read_typeface(reference.get_object())
        return self._known[key]


def _read_typeface(resource: Any) -> Typeface | None:
    if not isinstance(resource, DictionaryObject):
        return None
    try:
        return Typeface(Font.from_font_resource(resource))
    except (AttributeError, KeyError, TypeError, ValueError):
        return None  # text in a font that cannot be read shows nothing usable
