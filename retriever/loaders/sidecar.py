"""Sidecars: `NAME.toml` beside a document sets or corrects what is known about it."""

from __future__ import annotations

import dataclasses
import datetime
import difflib
import hashlib
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from retriever.errors import SidecarError
from retriever.schema import SOURCE_TYPES, Metadata


@dataclass(frozen=True)
class Sidecar:
    """A checked sidecar.

    Attributes:
        id: The document's id, or empty to take it from the file's name.
        values: By field of `Metadata`.
        sha256: Of the sidecar's bytes, in hexadecimal.
    """

    id: str
    values: dict[str, Any]
    sha256: str


def sidecar_path(document: Path) -> Path | None:
    """Find the sidecar of a document: `NAME.ext.toml` first, then `NAME.toml`."""
    for name in (f"{document.name}.toml", f"{document.stem}.toml"):
        path = document.with_name(name)
        if path.is_file():
            return path
    return None


def read_sidecar(document: Path) -> Sidecar | None:
    """Read and check the sidecar of a document; None where it has none.

    Raises:
        SidecarError: It is not TOML, or holds an unknown key or an unfitting value.
    """
    path = sidecar_path(document)
    if path is None:
        return None
    try:
        data = path.read_bytes()
        raw = tomllib.loads(data.decode("utf-8-sig"))
    except OSError as error:
        raise SidecarError(
            f"{path.name} cannot be read ({error.strerror}): check that you may open it."
        ) from error
    except UnicodeDecodeError as error:
        raise SidecarError(f"{path.name} is not UTF-8 text: save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise SidecarError(f"{path.name} is not valid TOML: {error}. Correct that line.") from error
    values = _checked(raw, path.name)
    return Sidecar(values.pop("id", ""), values, hashlib.sha256(data).hexdigest())


def apply(metadata: Metadata, sidecar: Sidecar) -> Metadata:
    """Give `metadata` with the sidecar's values in place, which are no longer inferred."""
    return dataclasses.replace(
        metadata,
        **sidecar.values,
        inferred=tuple(name for name in metadata.inferred if name not in sidecar.values),
    )


def written(values: Mapping[str, Any]) -> str:
    """A new sidecar's text.

    Raises:
        SidecarError: A key is unknown or a value does not fit.
    """
    return changed("", values, "the new record")


def changed(text: str, values: Mapping[str, Any], name: str) -> str:
    """A sidecar's text with some values set or taken out; comments and order stay.

    Args:
        text: As it is now; empty for a new one.
        values: `id`, or a field of `Metadata` -> value; None or nothing takes the statement out.
        name: The sidecar's name, for the message.

    Raises:
        SidecarError: The text is not TOML, a key is unknown or a value does not fit.
    """
    try:
        document = tomlkit.parse(text)
    except TOMLKitError as error:
        raise SidecarError(f"{name} is not valid TOML: {error}. Correct that line.") from error
    for field, value in values.items():
        table: Any = document
        key = _KEY_OF.get(field, field)
        if key in _POPULATIONS:
            table = document.setdefault("populations", tomlkit.table())
        if value in (None, "", (), []):
            table.pop(key, None)
        else:
            table[key] = list(value) if isinstance(value, tuple) else value
    if not document.get("populations", True):
        del document["populations"]
    _checked(document.unwrap(), name)
    return tomlkit.dumps(document)


# --- checks: each takes a value and gives what is wrong with it, or nothing --------------------

_Check = Callable[[Any], str]


def _text(value: Any) -> str:
    return "" if isinstance(value, str) else "must be text in quotes"


def _texts(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return ""
    return 'must be a list of texts, like ["one", "two"]'


def _year(value: Any) -> str:
    latest = datetime.datetime.now(datetime.UTC).year + 1
    if type(value) is int and 1900 <= value <= latest:
        return ""
    return f"must be a year between 1900 and {latest}, without quotes"


def _pattern(pattern: str, words: str) -> _Check:
    def check(value: Any) -> str:
        return "" if isinstance(value, str) and re.fullmatch(pattern, value) else f"must be {words}"

    return check


def _source_type(value: Any) -> str:
    if value in SOURCE_TYPES:
        return ""
    near = difflib.get_close_matches(str(value), SOURCE_TYPES, n=1)
    hint = f" (did you mean '{near[0]}'?)" if near else ""
    return f"must be one of {', '.join(SOURCE_TYPES)}{hint}"


_KEYS: dict[str, _Check] = {
    "id": _pattern(
        r"[A-Za-z0-9][A-Za-z0-9._-]*",
        "letters, digits, dots, hyphens and underscores only, a letter or digit first",
    ),
    "title": _text,
    "authors": _texts,
    "publisher": _text,
    "year": _year,
    "url": _pattern(r"https?://\S+|", "a web address that begins with http:// or https://"),
    "doi": _pattern(r"10\.\d{4,9}/\S+|", "a DOI like 10.1136/bmj.n71, without https://doi.org/"),
    "guidance_id": _text,
    "licence": _text,
    "digest": _text,
    "source_type": _source_type,
    "status": _pattern(
        r"current|unknown|withdrawn|updated: \d{4}|superseded-by: \S.*",
        "current, unknown, withdrawn, 'updated: YEAR' or 'superseded-by: NAME'",
    ),
    "country": _text,
    "language": _text,
    "settings": _texts,
    "topics": _texts,
    "interventions": _texts,
    "outcomes": _texts,
}
_POPULATIONS: dict[str, _Check] = {"deprivation": _texts, "ethnic_groups": _texts, "other": _texts}
_FIELDS = {"other": "other_groups"}
_KEY_OF = {field: key for key, field in _FIELDS.items()}


def _checked(raw: dict[str, Any], origin: str) -> dict[str, Any]:
    populations = raw.pop("populations", {})
    if not isinstance(populations, dict):
        raise SidecarError(
            f"{origin}: populations must be a table that begins with the line [populations], "
            f"not {populations!r}."
        )
    values = _values(raw, _KEYS, origin, "")
    groups = _values(populations, _POPULATIONS, origin, "populations.")
    return values | {_FIELDS.get(key, key): value for key, value in groups.items()}


def _values(
    raw: dict[str, Any], known: dict[str, _Check], origin: str, prefix: str
) -> dict[str, Any]:
    for key, value in raw.items():
        if key not in known:
            raise SidecarError(_unknown(key, origin, prefix))
        wrong = known[key](value)
        if wrong:
            raise SidecarError(f"{origin}: {prefix}{key} {wrong}, not {value!r}.")
    return {key: tuple(value) if isinstance(value, list) else value for key, value in raw.items()}


def _unknown(key: str, origin: str, prefix: str) -> str:
    names = [*_KEYS, "populations", *(f"populations.{name}" for name in _POPULATIONS)]
    near = difflib.get_close_matches(f"{prefix}{key}", names, n=1, cutoff=0.0)
    return (
        f"{origin}: unknown key '{prefix}{key}'. Did you mean '{near[0]}'? "
        f"Known keys: {', '.join(names)}."
    )
