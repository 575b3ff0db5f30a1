"""What is known of the services that are asked, from `retriever/data/connectors.toml`."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retriever.errors import SettingsError
from retriever.vocabulary import DATA, read_toml

PATH = DATA / "connectors.toml"


@dataclass(frozen=True)
class GovUk:
    """See the file's own comments, here and below."""

    service: str
    licence: str
    source_types: Mapping[str, str]
    readable: tuple[str, ...]
    covers: tuple[str, ...]


@dataclass(frozen=True)
class EuropePmc:
    """See the file's own comments."""

    service: str
    page: str
    licences: Mapping[str, str]
    retracted: tuple[str, ...]


@dataclass(frozen=True)
class Nice:
    """See the file's own comments."""

    service: str
    publisher: str
    licence: str
    source_type: str
    number: re.Pattern[str]
    published: re.Pattern[str]
    updated: re.Pattern[str]
    replaced: re.Pattern[str]
    withdrawn: re.Pattern[str]
    pdf: re.Pattern[str]


@dataclass(frozen=True)
class Services:
    """All services."""

    govuk: GovUk
    europepmc: EuropePmc
    nice: Nice


@functools.cache
def services(path: Path = PATH) -> Services:
    """Read and check the file.

    Raises:
        SettingsError: It is not TOML, or an entry is missing, unknown or wrong; names it.
    """
    raw = read_toml(path)
    return Services(
        GovUk(**_checked(raw, "govuk", GovUk, path)),
        EuropePmc(**_checked(raw, "europepmc", EuropePmc, path)),
        Nice(**_checked(raw, "nice", Nice, path)),
    )


def _checked(raw: Mapping[str, Any], name: str, kind: Any, path: Path) -> dict[str, Any]:
    table = raw.get(name, {})
    known = {field.name: str(field.type) for field in dataclasses.fields(kind)}
    if not isinstance(table, dict) or set(table) != set(known):
        raise SettingsError(
            f"{path}: [{name}] needs {', '.join(known)} and nothing else. Add what is missing, "
            "take out what is too much."
        )
    where = f"{path}: {name}"
    return {key: _value(table[key], wanted, f"{where}.{key}") for key, wanted in known.items()}


def _value(value: Any, wanted: str, where: str) -> Any:
    if wanted.startswith("tuple"):
        if isinstance(value, list) and all(isinstance(part, str) for part in value):
            return tuple(value)
        raise SettingsError(f"{where} must be a list of texts, not {value!r}.")
    if wanted.startswith("Mapping"):
        if isinstance(value, dict) and all(isinstance(part, str) for part in value.values()):
            return value
        raise SettingsError(f"{where} must be a table of texts, not {value!r}.")
    if not isinstance(value, str):
        raise SettingsError(f"{where} must be text in quotes, not {value!r}.")
    if wanted.startswith("re."):
        try:
            return re.compile(value, re.IGNORECASE)
        except re.error as error:
            raise SettingsError(f"{where} is not a regular expression: {error}.") from error
    return value
