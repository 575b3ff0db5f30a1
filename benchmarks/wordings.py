"""One question in several wordings: as written, plain, short, clumsy and as keywords."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any


def of_trial(row: dict[str, Any]) -> dict[str, str]:
    """A trial question by form; `written` is the collection's own wording."""
    parts = {key: row[key] for key in ("intervention", "comparator", "outcome")}
    return {"written": row["text"]} | {
        form: wording.format(**parts) for form, wording in _data()["trials"].items()
    }


def of_guidance(text: str) -> dict[str, str]:
    """A question on guidance by form; `written` is the collection's own wording."""
    bare = text.strip().rstrip("?")
    for opening in _data()["parts"]["openings"]:
        bare = re.sub(f"^{opening}", "", bare, flags=re.IGNORECASE)
    stop = set(_data()["parts"]["stop"])
    words = " ".join(w for w in bare.lower().split() if w.strip(",.'\"") not in stop)
    return {"written": text} | {
        form: wording.format(bare=bare.strip(), words=words)
        for form, wording in _data()["guidance"].items()
    }


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
