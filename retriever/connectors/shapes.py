"""Taking things out of JSON that somebody else wrote: what is not there, or other, is empty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from retriever.errors import SidecarError
from retriever.loaders.sidecar import written


def table(value: Any, *names: str) -> Mapping[str, Any]:
    """The object that some names lead to."""
    found = _at(value, names)
    return found if isinstance(found, dict) else {}


def rows(value: Any, *names: str) -> list[Mapping[str, Any]]:
    """The objects in the list that some names lead to."""
    found = _at(value, names)
    return [part for part in found if isinstance(part, dict)] if isinstance(found, list) else []


def text(value: Any, *names: str) -> str:
    """The text, or number as text, that some names lead to; single-spaced."""
    found = _at(value, names)
    plain = isinstance(found, str | int) and not isinstance(found, bool)
    return " ".join(str(found).split()) if plain else ""


def year(day: str) -> int | None:
    """The year at the front of a date, `2023-05-04`."""
    return int(day[:4]) if day[:4].isdecimal() else None


def proposed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Those values, by field of `schema.Metadata`, that a sidecar can state; the others go."""
    return {name: value for name, value in values.items() if value and _fits(name, value)}


def _fits(name: str, value: Any) -> bool:
    try:
        written({name: value})
    except SidecarError:
        return False
    return True


def _at(value: Any, names: tuple[str, ...]) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value
