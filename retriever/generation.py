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
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, overload

import numpy as np

from retriever import concepts
from retriever.config import Search, Settings
from retriever.errors import IndexMismatch, IndexMissing
from retriever.lexical import ENGINES, LexicalIndex, Numbers
from retriever.schema import LibraryEntry, Metadata, Page, Passage, to_dict
from retriever.vector import VectorIndex, Vectors

FORMAT = 2
_POINTER = "current"
_FOLDER = "generations"
_ENCODE = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode
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
class Share:
    """What a generation holds of one file, before it is written.

    Attributes:
        terms: Of each passage what BM25 counts; `names` the keys of what it names.
        vectors: Shape `(passages, dimension)`.
    """

    file: FileRecord
    passages: Sequence[Passage] = ()
    terms: Sequence[Sequence[str]] = ()
    names: Sequence[Sequence[str]] = ()
    vectors: Vectors = field(default_factory=lambda: np.empty((0, 1), dtype=np.float32))


@dataclass(frozen=True)
class Taken:
    """A file's share that is taken over from the generation before, by the file's number there."""

    number: int


class Lines:
    """The lines of a file: read at once, looked at one by one."""

    def __init__(self, content: bytes) -> None:
        ends = np.flatnonzero(np.frombuffer(content, dtype=np.uint8) == ord("\n"))
        self._content = content
        self._starts = np.concatenate([np.zeros(1, dtype=np.int64), ends + 1])

    def __len__(self) -> int:
        return len(self._starts) - 1

    def __getitem__(self, number: int) -> bytes:
        return self.between(number, number + 1)

    def between(self, first: int, last: int) -> bytes:
        """The lines from `first` up to `last`, that one left out."""
        return self._content[self._starts[first] : self._starts[last]]


class Passages(Sequence[Passage]):
    """The passages of a generation, each made of its line when it is first looked at.

    So an index opens at once however large it is. Safe for many threads.
    """

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._read: list[Passage | None] = [None] * len(lines)

    def __len__(self) -> int:
        return len(self._read)

    @overload
    def __getitem__(self, place: int) -> Passage: ...

    @overload
    def __getitem__(self, place: slice) -> list[Passage]: ...

    def __getitem__(self, place: int | slice) -> Passage | list[Passage]:
        if isinstance(place, slice):
            return [self[number] for number in range(*place.indices(len(self)))]
        passage = self._read[place]
        if passage is None:
            row = json.loads(self._lines[range(len(self))[place]])
            passage = self._read[place] = Passage.from_dict(row)
        return passage


@dataclass(frozen=True)
class Before:
    """The generation in force, as what the next one is made of.

    Attributes:
        files: In the order of its documents; `firsts` says where the passages of each begin,
            shape `(files + 1,)`.
    """

    folder: Path
    files: Sequence[FileRecord]
    firsts: Numbers
    documents: Lines
    passages: Lines
    names: Mapping[str, Sequence[int]]
    vectors: VectorIndex


@dataclass(frozen=True)
class Generation:
    """An index read into memory.

    Attributes:
        names: Key of a concept -> numbers of the passages that name it, or whose headings do,
            ascending.
        lines: Of the file of documents; whoever has the same line need not read it again.
    """

    name: str
    manifest: dict[str, Any]
    files: tuple[FileRecord, ...]
    passages: Sequence[Passage]
    vectors: VectorIndex
    lexical: LexicalIndex
    names: Mapping[str, Sequence[int]]
    lines: tuple[bytes, ...]

    @property
    def fingerprint(self) -> str:
        """`sha256:...` over everything that decides the answers."""
        return str(self.manifest["fingerprint"])

    @cached_property
    def documents(self) -> list[str]:
        """Ids of the documents; one's place here is its number. Their passages stand together."""
        return [f.entry.document_id for f in self.files if f.entry.outcome == "indexed"]

    @cached_property
    def firsts(self) -> Numbers:
        """Number of each document's first passage, and how many there are in all."""
        held = (f.entry.passages for f in self.files if f.entry.outcome == "indexed")
        return np.cumsum([0, *held], dtype=np.int64)

    @cached_property
    def document_of(self) -> Numbers:
        """The document's number of each passage, shape `(passages,)`."""
        return np.repeat(np.arange(len(self.documents)), np.diff(self.firsts))


def index_settings(settings: Settings) -> dict[str, Any]:
    """The settings that an index is built from; others may change without building again."""
    return {
        "passages": to_dict(settings.passages),
        "lexical": settings.search.lexical,
        "k1": settings.search.k1,
        "b": settings.search.b,
        "vocabularies": concepts.fingerprint(),
    }


def write(
    index: Path,
    shares: Sequence[Share | Taken],
    manifest: dict[str, Any],
    search: Search,
    before: Before | None = None,
) -> str:
    """Write a generation aside, put it in force in one step, and clear away the one before.

    What is taken over is copied, not made again: the bytes are the same either way.

    Args:
        index: The library's `index/` folder.
        shares: What to write, in order of the files' paths.
        manifest: `inputs`, `model` and `settings`; the rest is added here.
        search: Which BM25 engine, and its settings.
        before: What shares are taken over from, where any are.

    Returns:
        The new index's fingerprint.

    Raises:
        OSError: The disk is full or the folder cannot be written; what was in force stays so.
    """
    building = index / _FOLDER / f".building-{os.getpid()}"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    runs = _runs(shares)
    _write_blocks(building / "documents.jsonl", (_document_lines(r, before) for r in runs))
    _write_blocks(building / "passages.jsonl", (_passage_lines(r, before) for r in runs))
    new = [share for share in shares if isinstance(share, Share)]
    places = _places(runs, before)
    text = json.dumps(_names(new, places, before), sort_keys=True) + "\n"
    (building / "names.json").write_text(text, encoding="utf-8")
    VectorIndex.build(_vectors(new, places, before)).save(building / "vectors.faiss")
    terms = [terms for share in new for terms in share.terms]
    engine = ENGINES[search.lexical]
    if before is None:
        lexical = engine.build(terms, search)
    else:
        lexical = engine.renewed(before.folder / "lexical", places, terms, search)
    lexical.save(building / "lexical")
    complete = _complete(building, files_of(shares, before), manifest)
    text = json.dumps(complete, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    (building / "manifest.json").write_text(text, encoding="utf-8")
    return _put_in_force(index, building, complete["fingerprint"])


def _runs(shares: Sequence[Share | Taken]) -> list[Share | range]:
    """The shares, those that are taken over one after the other as a range of their numbers."""
    runs: list[Share | range] = []
    for share in shares:
        if isinstance(share, Share):
            runs.append(share)
        elif runs and isinstance(last := runs[-1], range) and last.stop == share.number:
            runs[-1] = range(last.start, share.number + 1)
        else:
            runs.append(range(share.number, share.number + 1))
    return runs


def files_of(shares: Sequence[Share | Taken], before: Before | None) -> list[FileRecord]:
    """The record of each file."""
    known = () if before is None else before.files
    return [s.file if isinstance(s, Share) else known[s.number] for s in shares]


def _document_lines(run: Share | range, before: Before | None) -> bytes:
    if isinstance(run, Share):
        return _line(to_dict(run.file))
    assert before is not None  # noqa: S101  else nothing is taken over
    return before.documents.between(run.start, run.stop)


def _passage_lines(run: Share | range, before: Before | None) -> bytes:
    if isinstance(run, Share):
        return b"".join(_line(vars(passage)) for passage in run.passages)
    assert before is not None  # noqa: S101  else nothing is taken over
    return before.passages.between(int(before.firsts[run.start]), int(before.firsts[run.stop]))


def _places(runs: Sequence[Share | range], before: Before | None) -> Numbers:
    """Number of each passage in the generation before, -1 for a new one."""
    parts = [np.empty(0, dtype=np.int64)]
    for run in runs:
        if isinstance(run, Share):
            parts.append(np.full(len(run.passages), -1, dtype=np.int64))
        elif before is not None:
            parts.append(np.arange(before.firsts[run.start], before.firsts[run.stop]))
    return np.concatenate(parts)


def _names(
    new: Sequence[Share], places: Numbers, before: Before | None
) -> dict[str, list[int]]:
    """Key of a concept -> numbers of the passages that name it."""
    found: dict[str, list[int]] = {}
    if before is not None:
        taken = np.flatnonzero(places >= 0)
        moved = np.full(before.firsts[-1], -1, dtype=np.int64)
        moved[places[taken]] = taken
        for key, numbers in before.names.items():
            now = moved[np.asarray(numbers, dtype=np.int64)]
            found[key] = now[now >= 0].tolist()
    added = np.flatnonzero(places < 0).tolist()
    every = (keys for share in new for keys in share.names)
    more: set[str] = set()
    for number, keys in zip(added, every, strict=True):
        more.update(keys)
        for key in keys:
            found.setdefault(key, []).append(number)
    for key in more:
        found[key].sort()
    return {key: numbers for key, numbers in found.items() if numbers}


def _vectors(new: Sequence[Share], places: Numbers, before: Before | None) -> Vectors:
    added = [share.vectors for share in new if len(share.vectors)]
    taken = places >= 0
    known = [before.vectors.matrix()] if before is not None and taken.any() else []
    if not added and not known:
        return np.empty((0, 1), dtype=np.float32)
    vectors = np.empty((len(places), (known or added)[0].shape[1]), dtype=np.float32)
    if known:
        vectors[taken] = known[0][places[taken]]
    if added:
        vectors[~taken] = np.vstack(added)
    return vectors


def _complete(
    building: Path, files: Sequence[FileRecord], manifest: dict[str, Any]
) -> dict[str, Any]:
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
        "documents": sum(file.entry.outcome == "indexed" for file in files),
        "passages": sum(file.entry.passages for file in files),
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


def read(
    index: Path, settings: Settings, model: str, before: Generation | None = None
) -> Generation:
    """Read the generation in force and check it against the settings.

    Args:
        index: The library's `index/` folder.
        settings: The library's settings.
        model: The configured embedder's fingerprint.
        before: One that was read earlier: records that are the same are taken from it.

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
        lines = tuple(_lines(folder / "documents.jsonl"))
        known = dict(zip(before.lines, before.files, strict=True)) if before else {}
        files = tuple(known.get(line) or _file_from(json.loads(line)) for line in lines)
        passages = Passages(Lines((folder / "passages.jsonl").read_bytes()))
        passages[:1]
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
        lines=lines,
    )


def read_before(
    index: Path, files: Sequence[FileRecord], settings: Settings, model: str
) -> Before | None:
    """The generation in force as what another one may be made of; None where it cannot serve.

    Args:
        index: The library's `index/` folder.
        files: As `read_files` gives them.
        settings: The library's settings.
        model: The configured embedder's fingerprint.
    """
    folder = folder_in_force(index)
    try:
        manifest = read_manifest(index)
        _check_settings(index, manifest, settings, model)
        counted = f"lexical/{ENGINES[settings.search.lexical].counted_in}"
        if damaged_files(folder, manifest) or counted not in manifest["hashes"]:
            return None
    except (IndexMissing, IndexMismatch):
        return None
    documents = Lines((folder / "documents.jsonl").read_bytes())
    if len(documents) != len(files):  # records of a version with other fields
        return None
    counts = [file.entry.passages for file in files]
    return Before(
        folder=folder,
        files=files,
        firsts=np.cumsum([0, *counts], dtype=np.int64),
        documents=documents,
        passages=Lines((folder / "passages.jsonl").read_bytes()),
        names=json.loads((folder / "names.json").read_text("utf-8")),
        vectors=VectorIndex.load(folder / "vectors.faiss"),
    )


def read_files(index: Path) -> tuple[FileRecord, ...]:
    """The files of the generation in force, without loading the rest; empty without an index."""
    try:
        lines = _lines(index / _FOLDER / current_name(index) / "documents.jsonl")
        return tuple(_file_from(json.loads(line)) for line in lines)
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


def _write_blocks(path: Path, blocks: Iterable[bytes]) -> None:
    with path.open("wb") as stream:
        stream.writelines(blocks)


def _line(row: dict[str, Any]) -> bytes:
    # A file's name may hold bytes that are no text; Python then knows it by lone surrogates.
    return f"{_ENCODE(row)}\n".encode(errors="surrogatepass")


def _lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def _file_from(row: dict[str, Any]) -> FileRecord:
    entry = dict(row["entry"])
    entry["metadata"] = Metadata.from_dict(entry["metadata"])
    entry["notes"] = tuple(entry["notes"])
    pages = tuple(Page(**page) for page in row["pages"])
    return FileRecord(**{**row, "entry": LibraryEntry(**entry), "pages": pages})
