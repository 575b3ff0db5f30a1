"""Brings `index/` up to date with `corpus/`: reads, cuts and embeds only what changed."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import socket
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from retriever import concepts, generation, handed
from retriever.config import Reading, Settings
from retriever.corpus import Known, SourceFile, document_ids, scan, with_sidecar
from retriever.embedder import Embedder
from retriever.errors import (
    IndexMismatch,
    IndexMissing,
    LockHeld,
    UnreadableFile,
)
from retriever.generation import Before, FileRecord, Share, Taken
from retriever.loaders import recognition
from retriever.loaders.sidecar import apply
from retriever.loaders.worker import reading
from retriever.passages import cut, heading_line, retrieval_text
from retriever.schema import (
    Document,
    FileOutcome,
    FileState,
    IndexReport,
    LibraryEntry,
    Metadata,
    Parsed,
    Passage,
    Progress,
    is_scanned,
    to_dict,
)
from retriever.shortforms import ShortForms, all_terms, of_passages
from retriever.store import ParsedRow, PassageRow, Store, storage_error, text_key
from retriever.vector import Vectors

ShowProgress = Callable[[Progress], None]

# Our own code and word lists that decide a document's text, passages and terms; a change in one
# of them makes every document be read again.
_CODE = (
    "loaders/*.py",
    "passages.py",
    "sentences.py",
    "shortforms.py",
    "tokens.py",
    "data/abbreviations.toml",
    "data/glyphs.toml",
    "data/hyphens.toml",
    "data/publishers.toml",
    "data/source_types.toml",
    "data/stopwords.toml",
)


@dataclass
class _Run:
    """What one indexing run gathers: shares in order of the files' paths, keys, counts."""

    shares: list[Share | Taken] = field(default_factory=list)
    files: list[FileRecord] = field(default_factory=list)
    parsed_keys: set[str] = field(default_factory=set)
    passage_keys: set[str] = field(default_factory=set)
    embedded: int = 0
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Add the time of the block to a step's."""
        begun = time.perf_counter()
        yield
        self.seconds[step] += time.perf_counter() - begun


def bring_up_to_date(
    corpus: Path,
    index: Path,
    settings: Settings,
    embedder: Embedder,
    progress: ShowProgress | None = None,
    retry_failed: bool = False,
) -> IndexReport:
    """Index what was added or changed since the last run, and forget what was removed.

    Args:
        corpus: The librarian's folder; never written to.
        index: Where the index is kept; made if absent.
        settings: The library's settings.
        embedder: Gives the vectors.
        progress: Called as files are read and embedded.
        retry_failed: Read files again that failed before, although they did not change.

    Returns:
        The outcome of every file, in order of their paths.

    Raises:
        LockHeld: Another run is at work on this index.
        StorageError: The index cannot be written; the one in force stays untouched.
    """
    try:
        index.mkdir(parents=True, exist_ok=True)
        with _locked(index), _no_search_for_cycles():
            path = index / "store.sqlite"
            before = handed.left(index)
            work = partial(_index_with, path, corpus, index, settings, embedder, progress)
            try:
                report = work(retry_failed)
            except sqlite3.DatabaseError:
                path.unlink(missing_ok=True)  # torn: it is only a cache, so start it anew
                report = work(retry_failed)
            handed.drop(before)
            return report
    except OSError as error:
        raise storage_error(index, error) from error


def _index_with(
    path: Path,
    corpus: Path,
    index: Path,
    settings: Settings,
    embedder: Embedder,
    progress: ShowProgress | None,
    retry_failed: bool,
) -> IndexReport:
    with Store.open(path) as store:
        if retry_failed:
            store.forget_parsed(store.failed())
        if not recognition.why_not(settings.reading):
            store.forget_parsed(store.unread())
        indexer = Indexer(corpus, index, settings, embedder, store, progress)
        return indexer.run(force=retry_failed)


class Indexer:
    """One indexing run over one library."""

    def __init__(
        self,
        corpus: Path,
        index: Path,
        settings: Settings,
        embedder: Embedder,
        store: Store,
        progress: ShowProgress | None,
    ) -> None:
        self._corpus = corpus
        self._index = index
        self._settings = settings
        self._embedder = embedder
        self._store = store
        self._show = progress or (lambda _: None)

    def run(self, force: bool = False) -> IndexReport:
        """Do it; see `bring_up_to_date`."""
        run = _Run()
        with run.timed("looking"):
            sources = self._scan()
            before = generation.read_files(self._index)
            inputs = self._inputs(sources)
            kept = self._store.parsed_keys()
        holds = {file.parsed_key for file in before if file.parsed_key} <= kept
        if not force and holds and (manifest := self._in_force(inputs)):
            return _report(sources, before, before, manifest["fingerprint"], run)
        with run.timed("taking over"):
            model = self._embedder.fingerprint
            base = generation.read_before(self._index, before, self._settings, model)
            identities = document_ids(sources)
            taken = self._taken(sources, base, identities, kept, run)
        others = [
            with_sidecar(source) if source.known else source
            for source in sources
            if source.path not in taken
        ]
        found: dict[str, Share | Taken] = {**taken}
        done = len(taken)
        for number, (source, row) in enumerate(self._read(others, kept), start=done):
            self._show(Progress("reading", number, len(sources), source.path))
            found[source.path] = self._take(source, row, identities[source.path], run)
        run.shares = [found[source.path] for source in sources]
        run.files = generation.files_of(run.shares, base)
        self._show(Progress("writing", len(sources), len(sources)))
        fingerprint = self._write(run, inputs, base)
        return _report(sources, before, run.files, fingerprint, run)

    def _scan(self) -> list[SourceFile]:
        """Every file; those that nobody wrote to since the last run are not read."""
        code = code_fingerprint()
        known = self._store.known_files(code)
        sources = scan(self._corpus, known)
        seen = {
            s.path: Known(s.stamp, s.sha256, s.sidecar_sha256, s.id)
            for s in sources
            if s.stamp and not s.known
        }
        self._store.save_known_files(code, seen)
        self._store.forget_files(known.keys() - {source.path for source in sources})
        return sources

    def _taken(
        self,
        sources: Sequence[SourceFile],
        base: Before | None,
        identities: Mapping[str, str],
        kept: set[str],
        run: _Run,
    ) -> dict[str, Taken]:
        """The files whose share of the index stays as it is, by path.

        Same file, same record, same id, same reading, and the store still has what it is made of.
        """
        if base is None:
            return {}
        of_texts = self._store.text_keys()
        numbers = {file.entry.path: number for number, file in enumerate(base.files)}
        taken = {}
        for source in sources:
            number = numbers.get(source.path)
            if number is None or source.problem:
                continue
            file, key = base.files[number], self._parsed_key(source)
            passage_key = self._passage_key(key, file.entry.metadata.title)
            if (
                (file.parsed_key, file.sidecar_sha256) == (key, source.sidecar_sha256)
                and file.entry.document_id == identities[source.path]
                and key in kept
                and passage_key in of_texts
            ):
                run.parsed_keys.add(key)
                run.passage_keys.add(passage_key)
                taken[source.path] = Taken(number)
        return taken

    def _inputs(self, sources: Sequence[SourceFile]) -> str:
        """Hash of everything that decides what the index will hold."""
        decisive = {
            "files": [[s.path, s.sha256, s.sidecar_sha256, s.problem] for s in sources],
            "settings": generation.index_settings(self._settings),
            "reading": json.loads(self._reading_limits),
            "model": self._embedder.fingerprint,
            "code": code_fingerprint(),
            "format": generation.FORMAT,
        }
        return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()

    def _in_force(self, inputs: str) -> dict[str, Any] | None:
        """The manifest in force, if it stands for these inputs and its files are all there."""
        try:
            manifest = generation.read_manifest(self._index)
        except (IndexMissing, IndexMismatch):
            return None
        if manifest.get("inputs") != inputs:
            return None
        folder = generation.folder_in_force(self._index)
        return None if generation.damaged_files(folder, manifest) else manifest

    @cached_property
    def _reading_limits(self) -> str:
        return _deciding(self._settings.reading)

    @cached_property
    def _cut_by(self) -> str:
        cutting = json.dumps(to_dict(self._settings.passages), sort_keys=True)
        return "\n".join((cutting, self._embedder.fingerprint, concepts.fingerprint()))

    def _parsed_key(self, source: SourceFile) -> str:
        return _parsed_key(source.sha256, self._reading_limits)

    def _passage_key(self, parsed_key: str, title: str) -> str:
        return text_key("\n".join((parsed_key, title, self._cut_by)))

    def _read(
        self, sources: Sequence[SourceFile], kept: set[str]
    ) -> Iterator[tuple[SourceFile, ParsedRow]]:
        """Every file with what reading gave: first those known from before, then the others.

        The reading process starts at once, so it is ready when the known files are gathered.
        """
        missing = [s for s in sources if not s.problem and self._parsed_key(s) not in kept]
        unread = [source for source in missing if not self._take_over(source)]
        paths = [source.full_path for source in unread]
        with reading(paths, self._settings.reading) as results:
            waiting = {source.path for source in unread}
            for source in sources:
                if source.problem:
                    yield source, ParsedRow("", None, source.problem)
                elif source.path not in waiting:
                    yield source, self._store.parsed(self._parsed_key(source))
            for source, (_, result) in zip(unread, results, strict=True):
                row = _parsed_row(result)
                self._store.save_parsed(self._parsed_key(source), row, _is_unread(row))
                yield source, row

    def _take_over(self, source: SourceFile) -> bool:
        """Keep what reading a file gave before it was in the library, if it was read then."""
        key = self._parsed_key(source)
        if row := handed.taken(self._index, key):
            self._store.save_parsed(key, row)
        return row is not None

    def _take(self, source: SourceFile, row: ParsedRow, identity: str, run: _Run) -> Share:
        """Cut and embed one file."""
        key = self._parsed_key(source)
        if not source.problem:
            run.parsed_keys.add(key)
        if row.parsed is None:
            return Share(_failed(source, row))
        document = _document(source, row.media_type, row.parsed, identity)
        passage_key = self._passage_key(key, document.metadata.title)
        rows = self._cut(document, passage_key, run)
        run.passage_keys.add(passage_key)
        passages = [_passage(document, number, r) for number, r in enumerate(rows, start=1)]
        return Share(
            file=_indexed(source, document, len(passages), key),
            passages=passages,
            terms=[r.terms for r in rows],
            names=[r.names for r in rows],
            vectors=self._embed(document, passages, passage_key, run),
        )

    def _cut(self, document: Document, key: str, run: _Run) -> list[PassageRow]:
        """The document's passages, from the store where they are."""
        rows = self._store.passages(key)
        if rows is None:
            with run.timed("cutting"):
                title = document.metadata.title
                passages = cut(document, self._settings.passages, self._embedder.count_tokens)
                forms = of_passages([passage.text for passage in passages])
                rows = [
                    PassageRow(
                        p.start, p.end, p.section, p.pages, _terms(title, p, forms), _names(p)
                    )
                    for p in passages
                ]
                self._store.save_passages(key, rows)
        return rows

    def _embed(
        self, document: Document, passages: Sequence[Passage], passage_key: str, run: _Run
    ) -> Vectors:
        """Embed the passages whose text is new, in batches that never span documents.

        So a document's vectors do not depend, to the last bit, on what else is in the run.

        Returns:
            Shape `(passages, dimension)`.
        """
        texts = [retrieval_text(document.metadata.title, passage) for passage in passages]
        keys = [text_key(text) for text in texts]
        model = self._embedder.fingerprint
        self._store.save_text_keys(passage_key, keys)
        known = self._store.vectors(model, keys)
        missing = {k: text for k, text in zip(keys, texts, strict=True) if k not in known}
        if missing:
            with run.timed("embedding"):
                vectors = self._embedder.embed(list(missing.values()))
                self._store.save_vectors(model, list(missing), vectors)
                known |= {k: v.tobytes() for k, v in zip(missing, vectors, strict=True)}
                run.embedded += len(missing)
        rows = [np.frombuffer(known[key], dtype=np.float32) for key in keys]
        return np.vstack(rows) if rows else np.empty((0, 1), dtype=np.float32)

    def _write(self, run: _Run, inputs: str, base: Before | None) -> str:
        with run.timed("writing"):
            manifest = {
                "inputs": inputs,
                "model": self._embedder.fingerprint,
                "settings": generation.index_settings(self._settings),
            }
            search = self._settings.search
            fingerprint = generation.write(self._index, run.shares, manifest, search, base)
            self._store.prune(run.parsed_keys, run.passage_keys, self._embedder.fingerprint)
        return fingerprint


def parsed_key(sha256: str, limits: Reading) -> str:
    """The name under which it is kept what reading a file gives.

    Args:
        sha256: Of the file's bytes.
        limits: Time and memory for reading it.
    """
    return _parsed_key(sha256, _deciding(limits))


def _parsed_key(sha256: str, limits: str) -> str:
    return text_key("\n".join((sha256, code_fingerprint(), limits)))


def _deciding(limits: Reading) -> str:
    """The reading settings that decide the outcome of a file, not how fast it comes."""
    decisive = {k: v for k, v in to_dict(limits).items() if k != "workers"}
    return json.dumps(decisive, sort_keys=True)


@cache
def code_fingerprint() -> str:
    """Hash of our own code and data that decide a document's text, passages and terms."""
    package = Path(__file__).parent
    digest = hashlib.sha256()
    for pattern in _CODE:
        for path in sorted(package.glob(pattern)):
            digest.update(path.name.encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _terms(title: str, passage: Passage, forms: ShortForms) -> tuple[str, ...]:
    """What BM25 counts of a passage: its words, and the other forms of its abbreviations."""
    return tuple(all_terms(f"{heading_line(title, passage.section)}\n{passage.text}", forms))


def _names(passage: Passage) -> tuple[str, ...]:
    """Keys of the concepts that a passage and the headings above it name, sorted."""
    named = concepts.packaged().named("\n".join((*passage.section, passage.text)))
    return tuple(sorted(concept.key for concept in named))


def _document(source: SourceFile, media_type: str, parsed: Parsed, identity: str) -> Document:
    metadata = parsed.metadata
    if source.sidecar:
        metadata = apply(metadata, source.sidecar)
    return Document(
        id=identity,
        path=source.path,
        media_type=media_type,
        sha256=source.sha256,
        text=parsed.text,
        pages=parsed.pages,
        sections=parsed.sections,
        metadata=metadata,
        notes=parsed.notes,
        scanned=parsed.scanned,
    )


def document_of(file: FileRecord, parsed: ParsedRow) -> Document:
    """Put a document together from its index record and its stored text."""
    assert parsed.parsed is not None  # noqa: S101  only files that were read have a document
    return Document(
        id=file.entry.document_id,
        path=file.entry.path,
        media_type=file.entry.media_type,
        sha256=file.sha256,
        text=parsed.parsed.text,
        pages=parsed.parsed.pages,
        sections=parsed.parsed.sections,
        metadata=file.entry.metadata,
        notes=file.entry.notes,
        scanned=parsed.parsed.scanned,
    )


def _passage(document: Document, number: int, row: PassageRow) -> Passage:
    return Passage(
        id=f"{document.id}:{number:04d}",
        document_id=document.id,
        start=row.start,
        end=row.end,
        text=document.text[row.start : row.end],
        section=row.section,
        pages=row.pages,
        scanned=is_scanned(document.pages, row.start, row.end),
    )


def _parsed_row(result: tuple[str, Parsed] | UnreadableFile) -> ParsedRow:
    if isinstance(result, UnreadableFile):
        return ParsedRow("", None, str(result))
    return ParsedRow(*result)


def _is_unread(row: ParsedRow) -> bool:
    """Whether there are pages that text recognition would read if it were installed."""
    said = (row.reason, *(row.parsed.notes if row.parsed else ()))
    return any(recognition.SWITCH_ON in each for each in said)


def _failed(source: SourceFile, row: ParsedRow) -> FileRecord:
    entry = LibraryEntry(
        path=source.path,
        document_id="",
        outcome="failed",
        reason=row.reason,
        media_type=row.media_type,
        metadata=Metadata(),
        pages=None,
        passages=0,
    )
    return FileRecord(entry, source.sha256, source.sidecar_sha256, "")


def _indexed(source: SourceFile, document: Document, passages: int, key: str) -> FileRecord:
    entry = LibraryEntry(
        path=source.path,
        document_id=document.id,
        outcome="indexed",
        reason="",
        media_type=document.media_type,
        metadata=document.metadata,
        pages=len(document.pages) or None,
        passages=passages,
        notes=document.notes,
    )
    return FileRecord(entry, source.sha256, source.sidecar_sha256, key, document.pages)


def _report(
    sources: Sequence[SourceFile],
    before: Sequence[FileRecord],
    after: Sequence[FileRecord],
    fingerprint: str,
    run: _Run,
) -> IndexReport:
    known = {
        file.entry.path: (file.sha256, file.sidecar_sha256)
        for file in before
        if file.entry.outcome == "indexed"
    }
    rows = [_outcome(file, known) for file in after]
    present = {source.path for source in sources}
    rows += [
        FileOutcome(file.entry.path, file.entry.document_id, "removed")
        for file in before
        if file.entry.path not in present
    ]
    return IndexReport(
        documents=tuple(sorted(rows, key=lambda row: row.path)),
        index=fingerprint,
        passages=sum(file.entry.passages for file in after),
        embedded=run.embedded,
        seconds={stage: round(seconds, 3) for stage, seconds in run.seconds.items()},
    )


def _outcome(file: FileRecord, known: dict[str, tuple[str, str]]) -> FileOutcome:
    entry = file.entry
    state: FileState
    if entry.outcome == "failed":
        state = "failed"
    elif entry.path not in known:
        state = "added"
    else:
        same = known[entry.path] == (file.sha256, file.sidecar_sha256)
        state = "unchanged" if same else "updated"
    return FileOutcome(
        path=entry.path,
        document_id=entry.document_id,
        outcome=state,
        reason=entry.reason or "; ".join(entry.notes),
        pages=entry.pages,
        passages=entry.passages,
    )


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """Hold Python's garbage collector back.

    A run makes millions of small objects, none of them in a cycle; looking for cycles among them
    takes a third of the time of adding one document to a large library.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def _locked(index: Path) -> Iterator[None]:
    """Hold the index's lock; it goes with the process, so a killed run leaves none behind."""
    holder = index / "lock-holder.json"
    lock = FileLock(index / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise LockHeld(_who_holds(holder)) from error
    try:
        since = time.strftime("%H:%M")
        who = {"process": os.getpid(), "host": socket.gethostname(), "since": since}
        holder.write_text(json.dumps(who), encoding="utf-8")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _who_holds(holder: Path) -> str:
    try:
        who = json.loads(holder.read_text("utf-8"))
        by = f"process {who['process']} on {who['host']}, since {who['since']}"
    except (OSError, ValueError, KeyError):
        by = "another process"
    return f"This library is being indexed already, by {by}. Wait until that run has ended."
