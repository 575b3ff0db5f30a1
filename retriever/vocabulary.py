"""Words and rules that librarians keep in `retriever/data/*.toml`."""

from __future__ import annotations

import functools
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retriever.errors import SettingsError
from retriever.schema import SOURCE_TYPES, Metadata

DATA = Path(__file__).parent / "data"

_PLACES = ("guidance_id", "publisher", "title", "head")


def read_toml(path: Path) -> dict[str, Any]:
    """Read a file of words.

    Raises:
        SettingsError: It is missing, or not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read as TOML: {error}. Correct it.") from error


def lines_of(path: Path) -> dict[str, int]:
    """The number of the line on which each entry of a file begins, by that line's text."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return {line.strip(): number for number, line in enumerate(lines, start=1)}


@dataclass(frozen=True)
class SourceTypeRule:
    """One entry of `source_types.toml`: found there, a pattern makes a document that type."""

    source_type: str
    look_in: str
    patterns: tuple[re.Pattern[str], ...]


@dataclass(frozen=True)
class Origin:
    """Which file of words librarians edit, and what it says of itself."""

    path: Path
    source: str
    date: str
    version: str


def origin(path: Path) -> Origin:
    """What a file of words says of itself.

    Raises:
        SettingsError: It cannot be read, or does not state its source, date and version.
    """
    stated = read_toml(path)
    missing = [name for name in ("source", "date", "version") if name not in stated]
    if missing:
        raise SettingsError(f"{path} does not state its {' and '.join(missing)}. Add that line.")
    return Origin(path, *(str(stated[name]) for name in ("source", "date", "version")))


def infer_source_type(metadata: Metadata, head_of_text: str) -> str:
    """Tell the kind of source by the rules of `source_types.toml`.

    Args:
        metadata: What is known about the document.
        head_of_text: The first page or so of its text.

    Returns:
        One of `SOURCE_TYPES`; `other` where no rule fits.
    """
    places = {
        "guidance_id": metadata.guidance_id,
        "publisher": metadata.publisher,
        "title": metadata.title,
        "head": head_of_text,
    }
    for rule in source_type_rules():
        if any(pattern.search(places[rule.look_in]) for pattern in rule.patterns):
            return rule.source_type
    return "other"


@functools.cache
def source_type_rules(path: Path = DATA / "source_types.toml") -> tuple[SourceTypeRule, ...]:
    """Read and check the rules.

    Raises:
        SettingsError: The file is not TOML or an entry is wrong; names file and entry.
    """
    entries = read_toml(path).get("rule", [])
    return tuple(_rule(entry, f"{path}, rule {i}") for i, entry in enumerate(entries, start=1))


def _rule(entry: dict[str, Any], origin: str) -> SourceTypeRule:
    if set(entry) != {"source_type", "look_in", "patterns"}:
        raise SettingsError(
            f"{origin}: needs source_type, look_in and patterns and nothing else, "
            f"not {', '.join(entry)}."
        )
    if entry["source_type"] not in SOURCE_TYPES:
        raise SettingsError(
            f"{origin}: source_type must be one of {', '.join(SOURCE_TYPES)}, "
            f"not {entry['source_type']!r}."
        )
    if entry["look_in"] not in _PLACES:
        raise SettingsError(
            f"{origin}: look_in must be one of {', '.join(_PLACES)}, not {entry['look_in']!r}."
        )
    if not isinstance(entry["patterns"], list):
        raise SettingsError(f"{origin}: patterns must be a list, not {entry['patterns']!r}.")
    return SourceTypeRule(
        entry["source_type"],
        entry["look_in"],
        tuple(_pattern(text, origin) for text in entry["patterns"]),
    )


def _pattern(text: str, origin: str) -> re.Pattern[str]:
    try:
        return re.compile(text, re.IGNORECASE)
    except (re.error, TypeError) as error:
        raise SettingsError(
            f"{origin}: pattern {text!r} is not a regular expression: {error}."
        ) from error
