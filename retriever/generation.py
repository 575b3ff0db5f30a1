"""One finished index on disk: a folder of data files and a manifest that vouches for them.

    index/current                     the name of the generation in force (one line)
    index/generations/NAME/manifest.json, documents.jsonl, passages.jsonl, names.json,
                           vectors.faiss, lexical/

A generation never changes once `current` names it; a new one is written beside it and `current` is
replaced in one step. The same corpus and settings give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retriever import concepts
from retriever.config import Search, Settings
from retriever.errors import IndexMismatch, IndexMissing
from retriever.lexical import ENGINES, LexicalIndex
from retriever.schema import LibraryEntry, Metadata, Page, Passage, to_dict
from retriever.vector import VectorIndex

FORMAT = 2
_POINTER = "current"
_FOLDER = "generations"
_MENDING = "Run `retriever index` to build it again; nothing of your documents is lost."


@dataclass(frozen=True)
class FileRecord:
    """One file of `corpus/`, as it was when the index was built.

    Attributes:
        entry: What the library's table shows of it.
        sha256: Of the file's bytes; `sidecar_sha256` is empty without a sidecar.
        parsed_key: Where the store keeps its text; empty for a file that could not be read.
        pages: The document's pages; empty without pages.
    """

    entry: LibraryEntry
    sha256: str
    sidecar_sha256: str
    parsed_key: str
    pages: tuple[Page, ...] = ()


@dataclass(frozen=True)
class Contents:
    """Everything that a generation holds, before it is written."""

    files: Sequence[FileRecord]
    passages: Sequence[Passage]
    terms: Sequence[Sequence[str]]
    names: Sequence[Sequence[str]]
    vectors: NDArray[np.float32]


@dataclass(frozen=True)
class Generation:
    """An index read into memory.

    Attributes:
        names: Key of a concept -> numbers of the passages that name it, or whose headings do,
            ascending.
    """

    name: str
    manifest: dict[str, Any]
    files: tuple[FileRecord, ...]
    passages: tuple[Passage, ...]
    vectors: VectorIndex
    lexical: LexicalIndex
    names: Mapping[str, Sequence[int]]

    @property
    def fingerprint(self) -> str:
        """`sha256:...` over everything that decides the answers."""
        return str(self.manifest["fingerprint"])


def index_settings(settings: Settings) -> dict[str, Any]:
    """The settings that an index is built from; others may change without building again."""
    return {
        "passages": to_dict(settings.passages),
        "lexical": settings.search.lexical,
        "k1": settings.search.k1,
        "b": settings.search.b,
        "vocabularies": concepts.fingerprint(),
    }


def write(index: Path, contents: Contents, manifest: dict[str, Any], search: Search) -> str:
    """Write a generation aside, put it in force in one step, and clear away the one before.

    Args:
        index: The library's `index/` folder.
        contents: What to write.
        manifest: `inputs`, `model` and `settings`; the rest is added here.
        search: Which BM25 engine, and its settings.

    Returns:
        The new index's fingerprint.

    Raises:
        OSError: The disk is full or the folder cannot be written; what was in force stays so.
    """
    building = index / _FOLDER / f".building-{os.getpid()}"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    _write_lines(building / "documents.jsonl", (_file_row(file) for file in contents.files))
    _write_lines(building / "passages.jsonl", (vars(passage) for passage in contents.passages))
    text = json.dumps(_places(contents.names), sort_keys=True) + "\n"
    (building / "names.json").write_text(text, encoding="utf-8")
    VectorIndex.build(contents.vectors).save(building / "vectors.faiss")
    ENGINES[search.lexical].build(contents.terms, search).save(building / "lexical")
    complete = _complete(building, contents, manifest)
    text = json.dumps(complete, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    (building / "manifest.json").write_text(text, encoding="utf-8")
    return _put_in_force(index, building, complete["fingerprint"])


def _places(names: Sequence[Sequence[str]]) -> dict[str, list[int]]:
    """Key of a concept -> numbers of the passages that name it."""
    places: dict[str, list[int]] = {}
    for number, keys in enumerate(names):
        for key in keys:
            places.setdefault(key, []).append(number)
    return places


def _complete(building: Path, contents: Contents, manifest: dict[str, Any]) -> dict[str, Any]:
    hashes = {
        path.relative_to(building).as_posix(): _digest(path)
        for path in sorted(building.rglob("*"))
        if path.is_file()
    }
    decisive = [manifest["inputs"], hashes["documents.jsonl"], hashes["passages.jsonl"]]
    fingerprint = hashlib.sha256("\n".join(decisive).encode()).hexdigest()
    return {
        **manifest,
        "format": FORMAT,
        "fingerprint": f"sha256:{fingerprint}",
        "documents": sum(file.entry.outcome == "indexed" for file in contents.files),
        "passages": len(contents.passages),
        "hashes": hashes,
    }


def _put_in_force(index: Path, building: Path, fingerprint: str) -> str:
    name = fingerprint.removeprefix("sha256:")[:16]
    if name == current_name(index):
        name += "-again"  # the one in force is damaged and is being replaced
    final = index / _FOLDER / name
    shutil.rmtree(final, ignore_errors=True)
    building.rename(final)
    pointer = index / f"{_POINTER}.new"
    pointer.write_text(name + "\n", encoding="utf-8")
    pointer.replace(index / _POINTER)
    for other in (index / _FOLDER).iterdir():
        if other.name != name:
            shutil.rmtree(other, ignore_errors=True)
    return fingerprint


def current_name(index: Path) -> str:
    """The name of the generation in force, or an empty string."""
    try:
        return (index / _POINTER).read_text("utf-8").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return ""


def read_manifest(index: Path) -> dict[str, Any]:
    """The manifest of the generation in force.

    Raises:
        IndexMissing: There is no index.
        IndexMismatch: It is damaged or of another version of this program.
    """
    name = current_name(index)
    if not name:
        raise IndexMissing(f"The library has no index yet at {index}. Run `retriever index`.")
    try:
        manifest = json.loads((index / _FOLDER / name / "manifest.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise IndexMismatch(f"The index at {index} is incomplete. {_MENDING}") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise _other_version(index)
    return manifest


def _other_version(index: Path) -> IndexMismatch:
    return IndexMismatch(
        f"The index at {index} was built by another version of this program. {_MENDING}"
    )


def read(index: Path, settings: Settings, model: str) -> Generation:
    """Read the generation in force and check it against the settings.

    Args:
        index: The library's `index/` folder.
        settings: The library's settings.
        model: The configured embedder's fingerprint.

    Raises:
        IndexMissing: There is no index.
        IndexMismatch: It is damaged, or was built with another model or other settings.
    """
    manifest = read_manifest(index)
    name = current_name(index)
    folder = index / _FOLDER / name
    _check_settings(index, manifest, settings, model)
    damaged = damaged_files(folder, manifest)
    if damaged:
        raise IndexMismatch(
            f"The index at {index} is damaged ({', '.join(damaged)} missing or changed). {_MENDING}"
        )
    try:
        files = tuple(_file_from(row) for row in _lines(folder / "documents.jsonl"))
        passages = tuple(Passage.from_dict(row) for row in _lines(folder / "passages.jsonl"))
    except (TypeError, KeyError) as error:  # records of a version with other fields
        raise _other_version(index) from error
    return Generation(
        name=name,
        manifest=manifest,
        files=files,
        passages=passages,
        vectors=VectorIndex.load(folder / "vectors.faiss"),
        lexical=ENGINES[settings.search.lexical].load(folder / "lexical", settings.search),
        names=json.loads((folder / "names.json").read_text("utf-8")),
    )


def read_files(index: Path) -> tuple[FileRecord, ...]:
    """The files of the generation in force, without loading the rest; empty without an index."""
    try:
        rows = list(_lines(index / _FOLDER / current_name(index) / "documents.jsonl"))
        return tuple(_file_from(row) for row in rows)
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def damaged_files(folder: Path, manifest: dict[str, Any]) -> list[str]:
    """Names of the generation's files that are missing or are not what the manifest vouches for."""
    return [
        name
        for name, digest in manifest["hashes"].items()
        if not (folder / name).is_file() or _digest(folder / name) != digest
    ]


def folder_in_force(index: Path) -> Path:
    """The folder of the generation that `current` names."""
    return index / _FOLDER / current_name(index)


def _check_settings(index: Path, manifest: dict[str, Any], settings: Settings, model: str) -> None:
    if manifest["model"] != model:
        raise IndexMismatch(
            f"The index at {index} was built with the model {manifest['model']}, the settings ask "
            f"for {model}. Run `retriever index` to build it with that one, or set embedder.model "
            "back."
        )
    wanted = index_settings(settings)
    differing = [key for key in wanted if wanted[key] != manifest["settings"].get(key)]
    if differing:
        raise IndexMismatch(
            f"The index at {index} was built with other settings ({', '.join(differing)}). "
            "Run `retriever index` to build it with these."
        )


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _write_lines(path: Path, rows: Iterator[dict[str, Any]]) -> None:
    # A file's name may hold bytes that are no text; Python then knows it by lone surrogates.
    with path.open("w", encoding="utf-8", errors="surrogatepass") as stream:
        encode = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode
        stream.writelines(encode(row) + "\n" for row in rows)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8", errors="surrogatepass") as stream:
        for line in stream:
            yield json.loads(line)


def _file_row(file: FileRecord) -> dict[str, Any]:
    return to_dict(file)


def _file_from(row: dict[str, Any]) -> FileRecord:
    entry = dict(row["entry"])
    entry["metadata"] = Metadata.from_dict(entry["metadata"])
    entry["notes"] = tuple(entry["notes"])
    pages = tuple(Page(**page) for page in row["pages"])
    return FileRecord(**{**row, "entry": LibraryEntry(**entry), "pages": pages})
