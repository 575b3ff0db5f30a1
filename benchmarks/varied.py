"""A library of any size, made by varying the digests of the starter library.

Each document is a digest with every number and half of its names changed, so no two texts are
alike, but kinds, groups and topics stay what they are. It is embedded by hashed words, which costs
next to nothing: what is left is the keeping.
"""

from __future__ import annotations

import json
import random
import re
import shutil
from pathlib import Path

from benchmarks import libraries
from retriever import Library
from retriever.journal import KEEPING, Event, Move
from retriever.loaders.sidecar import read_sidecar
from retriever.schema import to_dict

SEED = 20261126
FOLDERS = 25
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]{4,}\b")
_NUMBER = re.compile(r"\d+")
_SYLLABLES = [c + v for c in "bdfghklmnprstvw" for v in ("a", "e", "i", "o", "u", "el", "an", "or")]
_OF_GROUPS = ("deprivation", "ethnic_groups", "other_groups")


def varied(count: int = 10_000) -> Library:
    """The library of so many documents below `build/benchmarks/`, indexed; made if absent."""
    root = libraries.WORK / f"varied-{count}"
    if not (root / KEEPING / "history.jsonl").exists():
        shutil.rmtree(root, ignore_errors=True)
        _write(root, count)
    return libraries.indexed(root)


def document(base: Path, number: int) -> tuple[str, str]:
    """A varied digest and its sidecar.

    Args:
        base: A digest of the starter library in Markdown, with a sidecar.
        number: Which variation.
    """
    rng = random.Random(f"{SEED} {number}")
    names: dict[str, str] = {}

    def other_name(match: re.Match[str]) -> str:
        if match[0] not in names:
            names[match[0]] = invented(rng) if rng.random() < 0.5 else match[0]
        return names[match[0]]

    def vary(text: str) -> str:
        return _NUMBER.sub(lambda m: _other_number(m[0], rng), _NAME.sub(other_name, text))

    sidecar = read_sidecar(base)
    assert sidecar is not None
    title = f"{vary(sidecar.values['title'])}: {invented(rng)} {number}"
    body = base.read_text("utf-8").split("\n", 1)[1]
    values = {**sidecar.values, "title": title, "year": rng.randint(1995, 2026)}
    values.pop("doi", None)
    return f"# {title}\n{vary(body)}", _toml(values)


def invented(rng: random.Random) -> str:
    """A name that nobody has."""
    return "".join(rng.choices(_SYLLABLES, k=rng.randint(2, 4))).title()


def bases() -> list[Path]:
    """The digests to vary."""
    return sorted((libraries.PROJECT / "corpus" / "starter").glob("*.md"))


def _other_number(digits: str, rng: random.Random) -> str:
    return str(rng.randint(10 ** (len(digits) - 1), 10 ** len(digits) - 1))


def _toml(values: dict) -> str:
    own = [f"{k} = {json.dumps(v)}" for k, v in values.items() if k not in _OF_GROUPS]
    groups = [
        f"{k.removesuffix('_groups') if k == 'other_groups' else k} = {json.dumps(values[k])}"
        for k in _OF_GROUPS
        if k in values
    ]
    return "\n".join([*own, "", "[populations]", *groups, ""])


def _write(root: Path, count: int) -> None:
    """The documents, and a history that tells of each being added."""
    chosen, events = bases(), []
    for number in range(count):
        text, sidecar = document(chosen[number % len(chosen)], number)
        name = f"area-{number % FOLDERS:02d}/digest-{number:05d}.md"
        path = root / "corpus" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.with_suffix(".toml").write_text(sidecar, encoding="utf-8")
        events.append(_added(number + 1, name))
    (root / "retriever.toml").write_text('[embedder]\nmodel = "hashing"\n', encoding="utf-8")
    (root / KEEPING).mkdir()
    lines = (json.dumps(to_dict(event), ensure_ascii=False) + "\n" for event in events)
    (root / KEEPING / "history.jsonl").write_text("".join(lines), encoding="utf-8")


def _added(number: int, name: str) -> Event:
    moves = [
        Move(f"{KEEPING}/kept/{number:06d}/new/corpus/{name}", f"corpus/{name}"),
        Move(f"{KEEPING}/kept/{number:06d}/new/corpus/{name}.toml", f"corpus/{name}.toml"),
    ]
    return Event(
        id=f"{number:06d}",
        at="2026-11-26T09:00:00+00:00",
        who="Ann",
        action="add",
        documents=(name,),
        what=f"Added {name}",
        moves=tuple(moves),
    )
