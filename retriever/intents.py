"""Question -> what it wants to know: does it work, what does it cost, whom does it reach.

The words are the librarians' (`data/intents.toml`).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retriever.errors import SettingsError
from retriever.evidence import word_pattern
from retriever.vocabulary import DATA, read_toml

INTENTS = DATA / "intents.toml"
_NEEDED, _OPTIONAL = {"label", "asked", "adds"}, {"speaks", "about"}


@dataclass(frozen=True)
class Intent:
    """One thing that a question may want to know.

    Attributes:
        id: Its name in the file; `uptake`.
        label: What people are shown, a short question.
        adds: Words that stand for it in a search.
        about: What is missing where no document speaks of it; empty where that is not told.
        asked: Finds the words that ask for it.
        speaks: Finds the words of a text that says something on it; None where no words would do.
    """

    id: str
    label: str
    adds: str
    about: str
    asked: re.Pattern[str]
    speaks: re.Pattern[str] | None

    @property
    def key(self) -> str:
        """Its name among all that a question may hold: `intent:uptake`."""
        return f"intent:{self.id}"


def intents(question: str) -> tuple[Intent, ...]:
    """What a question wants to know, in order of the file; may be nothing that is known."""
    return tuple(intent for intent in packaged().values() if intent.asked.search(question))


def read(path: Path = INTENTS) -> dict[str, Intent]:
    """Read what questions may want to know: key -> intent.

    Raises:
        SettingsError: The file is not TOML or an entry is wrong; names file and entry.
    """
    entries = read_toml(path).get("intents", {})
    found = [_intent(name, entry, f"{path}, [intents.{name}]") for name, entry in entries.items()]
    return {intent.key: intent for intent in found}


def _intent(name: str, entry: Mapping[str, Any], where: str) -> Intent:
    if not set(entry) >= _NEEDED or not set(entry) <= _NEEDED | _OPTIONAL:
        takes = ", ".join(sorted(_NEEDED | _OPTIONAL))
        raise SettingsError(f"{where}: needs label, asked and adds, and takes {takes}.")
    if ("speaks" in entry) != ("about" in entry):
        raise SettingsError(f"{where}: speaks and about go together; add the other or take both.")
    for field in ("asked", "speaks"):
        words = entry.get(field, ["-"])
        if not isinstance(words, list) or not words or not all(isinstance(w, str) for w in words):
            raise SettingsError(f"{where}: {field} must be a list of words, not {words!r}.")
    asked = word_pattern(entry["asked"])
    if not asked.search(entry["adds"]):
        raise SettingsError(f"{where}: adds '{entry['adds']}' has no word of asked. Add one there.")
    speaks = entry.get("speaks")
    return Intent(
        name,
        entry["label"],
        entry["adds"],
        entry.get("about", ""),
        asked,
        _speaking(speaks) if speaks else None,
    )


def _speaking(words: list[str]) -> re.Pattern[str]:
    # A sign of money has no word's edge before it.
    signs = [re.escape(word.rstrip("*")) for word in words if not word[0].isalnum()]
    plain = word_pattern([word for word in words if word[0].isalnum()]).pattern
    return re.compile("|".join([plain, *signs]), re.IGNORECASE)


@functools.cache
def packaged() -> dict[str, Intent]:
    """What comes with the program: key -> intent.

    Raises:
        SettingsError: As `read`.
    """
    return read()
