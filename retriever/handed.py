"""What reading a file gave before it was in `corpus/`, handed to the index to save it the work.

    index/read/KEY.json     named like its row in the store: by the file's bytes, code and settings

It is a cache like all of `index/`: a run takes what it can use and deletes the rest.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from retriever.schema import Parsed, to_dict
from retriever.store import ParsedRow

_FOLDER = "read"


def hand(index: Path, key: str, media_type: str, parsed: Parsed) -> None:
    """Leave what was read for the next run.

    Args:
        index: The folder of the index.
        key: See `indexing.parsed_key`.
        media_type: What the file is.
        parsed: What is in it.

    Raises:
        OSError: The disk is full or cannot be written.
    """
    path = index / _FOLDER / f"{key}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    row = {"media_type": media_type, "parsed": to_dict(parsed)}
    new.write_text(json.dumps(row, ensure_ascii=False), encoding="utf-8")
    new.replace(path)


def left(index: Path) -> list[Path]:
    """All that lies there now."""
    return list((index / _FOLDER).glob("*"))


def taken(index: Path, key: str) -> ParsedRow | None:
    """What was read under a key; None where it was not, or a crash came while it was written."""
    try:
        row = json.loads((index / _FOLDER / f"{key}.json").read_text("utf-8"))
        return ParsedRow(row["media_type"], Parsed.from_dict(row["parsed"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def drop(paths: Iterable[Path]) -> None:
    """Delete what a run has found there."""
    for path in paths:
        path.unlink(missing_ok=True)
