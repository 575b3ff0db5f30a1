"""What lies in `corpus/`: which files are documents, their sidecars, and the ids they get."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from retriever.errors import SidecarError
from retriever.loaders.sidecar import Sidecar, read_sidecar

_NOT_DOCUMENTS = {".toml", ".jsonl"}
_EVALUATION = "evaluation"


@dataclass(frozen=True)
class SourceFile:
    """A file found in `corpus/`.

    Attributes:
        path: Relative to `corpus/`, forward slashes.
        sha256: Of its bytes; empty when it cannot be opened (`problem` says why).
        sidecar: Its sidecar record, if it has one that can be read.
        problem: What is wrong before the file is even parsed: a broken sidecar, no permission.
    """

    path: str
    full_path: Path
    sha256: str
    sidecar: Sidecar | None
    sidecar_sha256: str
    problem: str = ""


def scan(corpus: Path) -> list[SourceFile]:
    """Every document file under `corpus`, in order of path.

    Left out: dot-files and dot-folders, sidecars, `corpus/README.md` and `corpus/evaluation/`.
    """
    if not corpus.is_dir():
        return []
    found = [path for path in corpus.rglob("*") if path.is_file() and is_document(path, corpus)]
    return [read_source(path, corpus) for path in sorted(found, key=lambda p: p.as_posix())]


def is_document(path: Path, corpus: Path) -> bool:
    """Whether a path is that of a document, by its name and folders."""
    relative = path.relative_to(corpus)
    if any(part.startswith(".") for part in relative.parts):
        return False
    if relative.parts[0] == _EVALUATION or relative.as_posix() == "README.md":
        return False
    return path.suffix.lower() not in _NOT_DOCUMENTS


def read_source(path: Path, corpus: Path) -> SourceFile:
    """What one document file below `corpus` is, and its sidecar."""
    relative = path.relative_to(corpus).as_posix()
    try:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        problem = f"cannot be opened ({error.strerror}): check its permissions"
        return SourceFile(relative, path, "", None, "", problem)
    try:
        sidecar = read_sidecar(path)
    except SidecarError as error:
        return SourceFile(relative, path, digest, None, "", str(error))
    return SourceFile(relative, path, digest, sidecar, sidecar.sha256 if sidecar else "")


def document_ids(sources: Sequence[SourceFile]) -> dict[str, str]:
    """Path -> document id: the sidecar's, or the file's name as a slug.

    Where two files would have the same id, both carry a piece of their path's hash, so that
    neither depends on which of them came first.
    """
    wanted = {
        s.path: (s.sidecar.id if s.sidecar and s.sidecar.id else slug(s.full_path.stem))
        for s in sources
    }
    counts = Counter(wanted.values())
    return {
        path: name if counts[name] == 1 else f"{name}-{_digest(path)[:6]}"
        for path, name in wanted.items()
    }


def slug(stem: str) -> str:
    """A file's stem as an id: lower case, letters, digits, dots and hyphens."""
    return re.sub(r"[^\w.]+", "-", stem.casefold()).strip("-.") or "document"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
