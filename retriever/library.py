"""One library: its folder, its settings, its index. The whole of the retriever behind one class.

Example:
    `Library.open("my-library").ask("What increases uptake of bowel cancer screening?")`
"""

from __future__ import annotations

import difflib
import os
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Self

from retriever import editions, generation, health, links, overview, readings, upkeep, version
from retriever.amendments import Amendments, amendments
from retriever.answer import compose
from retriever.collections import documents_of
from retriever.config import Settings, load_settings
from retriever.corpus import Known, Presence, is_document
from retriever.desk import Desk
from retriever.embedder import Embedder, open_embedder
from retriever.errors import (
    IndexMismatch,
    IndexMissing,
    RetrieverError,
    UnknownDocument,
)
from retriever.evidence_map import Cell, EvidenceMap, Reading, Row
from retriever.generation import Generation
from retriever.health import Health
from retriever.indexing import (
    ShowProgress,
    bring_up_to_date,
    code_fingerprint,
    document_of,
)
from retriever.journal import Journal
from retriever.loaders.sidecar import read_sidecar
from retriever.overview import Overview
from retriever.question import AS_ASKED, understand
from retriever.remembering import RememberingEmbedder
from retriever.schema import (
    Answer,
    Change,
    Check,
    Document,
    Filters,
    Hit,
    IndexReport,
    LibraryEntry,
    Metadata,
    Mode,
    Passage,
    Progress,
    Record,
)
from retriever.search import NO_FILTERS, Searcher, Stopwatch
from retriever.store import Store

LIBRARY_VARIABLE = "RETRIEVER_LIBRARY"


def folder(path: str | Path | None = None) -> Path:
    """The folder meant: `path`, else what `RETRIEVER_LIBRARY` names, else the project's own."""
    named = path or os.environ.get(LIBRARY_VARIABLE)
    return Path(named).expanduser() if named else Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class _Amended:
    """An index with what was changed since: from what it was made, and how."""

    stamp: object
    plain: Searcher
    searcher: Searcher
    amendments: Amendments


class Library:
    """A folder with `corpus/`, `index/` and perhaps `retriever.toml`.

    Safe to share between threads. A new index is picked up with the next question; those who ask
    while that is read are answered from the one before. A document whose file was deleted is not
    shown from that moment on.

    Attributes:
        root: The library's folder.
        corpus: Where the documents are.
        index_folder: Where the index is.
        settings: As read when the library was opened.
    """

    def __init__(self, root: Path, settings: Settings, embedder: Embedder) -> None:
        self.root = root
        self.corpus = root / "corpus"
        self.index_folder = root / "index"
        self.settings = settings
        self._store_path = self.index_folder / "store.sqlite"
        self._embedder = embedder
        self._searcher: Searcher | None = None
        self._journal = Journal(root)
        self._presence: tuple[Generation, Presence] | None = None
        self._amended: _Amended | None = None
        self._faults: tuple[str, dict[str, list[str]]] | None = None
        self._opening = threading.Lock()
        self._amending = threading.Lock()

    @classmethod
    def open(cls, path: str | Path | None = None) -> Self:
        """Open the library at `path`, else at `RETRIEVER_LIBRARY`, else the project's own.

        Raises:
            RetrieverError: There is no such folder, or its settings are wrong.
        """
        root = folder(path)
        if not root.is_dir():
            raise RetrieverError(
                f"There is no folder {root}. Name the library's folder with --library or "
                f"{LIBRARY_VARIABLE}, or make it and put documents into {root / 'corpus'}."
            )
        settings = load_settings(root)
        return cls(root, settings, open_embedder(settings.embedder))

    def index(
        self, progress: ShowProgress | None = None, retry_failed: bool = False
    ) -> IndexReport:
        """Bring the index up to date with `corpus/`; see `indexing.bring_up_to_date`."""
        report = bring_up_to_date(
            self.corpus, self.index_folder, self.settings, self._embedder, progress, retry_failed
        )
        if any(row.outcome in ("removed", "updated", "failed") for row in report.documents):
            editions.forget(self.index_folder)
        return report

    def search(
        self, query: str, k: int = 10, mode: Mode = "evidence", filters: Filters = NO_FILTERS
    ) -> list[Hit]:
        """The `k` best passages, best first.

        Raises:
            BadQuestion: The query cannot be searched for, or the mode is unknown.
            IndexMissing: Nothing was indexed yet.
            IndexMismatch: The index is damaged or belongs to other settings.
        """
        searcher = self.searcher()
        text = understand(query).text
        return searcher.search(text, k, filters, mode, self._left_out(searcher, filters))

    def ask(
        self,
        question: str,
        filters: Filters = NO_FILTERS,
        per_document: int | None = None,
        stopwatch: Stopwatch | None = None,
        change: Change = AS_ASKED,
    ) -> Answer:
        """Findings that answer the question, or the plain word that the library holds none.

        Args:
            question: As a person puts it.
            filters: Restrictions.
            per_document: The most findings out of one document; as set in the settings if None.
            stopwatch: Told the seconds of each step.
            change: What of the question is taken out, and what is added to it.

        Raises:
            BadQuestion, IndexMissing, IndexMismatch: As `search`.
        """
        searcher = self.searcher()
        query = understand(question, change)
        settings = self.settings.answers
        without = self._left_out(searcher, filters)
        hits = searcher.search(
            query.text, self.settings.search.candidates, filters, gone=without, stopwatch=stopwatch
        )
        scope = searcher.scope(filters, without)
        return compose(
            understand(question).text,
            query,
            hits,
            searcher,
            settings,
            per_document or settings.per_document,
            _record(searcher, filters),
            scope,
            stopwatch,
        )

    def evidence_map(
        self,
        rows: str = "topics",
        axis: str = "ethnicity",
        filters: Filters = NO_FILTERS,
        find: str = "",
    ) -> EvidenceMap:
        """Topics or interventions against population groups: what is reported for whom.

        Args:
            rows: `topics` or `interventions`.
            axis: What the groups are by: `ethnicity`, `deprivation`, ...
            filters: Restrictions on the documents.
            find: Keep only the rows with all these words in their label or words.

        Raises:
            BadQuestion: Rows, axis or a filter are none that there are.
            IndexMissing, IndexMismatch: As `search`.
        """
        searcher = self.searcher()
        scope = searcher.scope(filters, self._left_out(searcher, filters))
        return searcher.evidence_map(rows, axis, scope, find)

    def read_cell(self, cell: Cell) -> list[Reading]:
        """The passages of a cell of the map, each with why it stands there.

        Raises:
            IndexMissing, IndexMismatch: As `search`.
        """
        return self.searcher().mapper.read(cell)

    def overview(self, topic: str, filters: Filters = NO_FILTERS) -> Overview:
        """What is held on a topic or an intervention: does it work, for whom, at what cost.

        Args:
            topic: A key (`topic:bowel-screening`), an id, a label or words.
            filters: Restrictions on the documents.

        Raises:
            BadQuestion: The vocabularies know no such one, or a filter is none that there is; the
                nearest are named.
            IndexMissing, IndexMismatch: As `search`.
        """
        searcher = self.searcher()
        found = overview.find(topic, searcher.naming.concepts)
        return overview.compose(
            found,
            self.ask,
            searcher,
            self._there(searcher, filters),
            self.settings.answers,
            _record(searcher, filters),
        )

    def subjects(self) -> list[Row]:
        """Topics and interventions that some document names, in order of their labels.

        Raises:
            IndexMissing, IndexMismatch: As `search`.
        """
        searcher = self.searcher()
        return overview.subjects(searcher.naming, self._there(searcher))

    def health(self) -> Health:
        """What the library is made of, and where it is thin.

        The first look reads every passage that names a group, as the maps do.

        Raises:
            IndexMissing, IndexMismatch: As `search`.
        """
        searcher = self.searcher()
        return health.of(searcher, self._there(searcher))

    def remembering(self, questions: Sequence[str] = ()) -> Self:
        """The same library, sharing the index in memory, that embeds each text once.

        For many questions put in several ways, by one user, who then lets go of it.

        Args:
            questions: Embedded now, all together.

        Raises:
            BadQuestion, IndexMissing, IndexMismatch: As `search`.
        """
        embedder = RememberingEmbedder(self._embedder)
        embedder.embed([understand(question).text for question in questions])
        twin = type(self)(self.root, self.settings, embedder)
        twin._searcher = Searcher(self.searcher().generation, self.settings, embedder)
        return twin

    def entries(self, filters: Filters = NO_FILTERS) -> list[LibraryEntry]:
        """Every file of the library that was there when it was indexed and still is.

        Args:
            filters: Restrictions; with any, files that could not be read are left out.

        Raises:
            BadQuestion: A filter names what no document has.
            IndexMissing, IndexMismatch: As `search`.
        """
        searcher = self.searcher()
        files = searcher.generation.files
        missing = self._missing(searcher)
        present = (f for f in files if f.entry.path not in missing)
        there = [searcher.files.get(f.entry.document_id, f).entry for f in present]
        if filters == NO_FILTERS:
            return there
        wanted = {*searcher.in_scope(searcher.scope(filters, self._left_out(searcher, filters)))}
        return [entry for entry in there if entry.document_id in wanted]

    def record(self, path: str) -> Metadata:
        """What is known of a document now, be it in the index or not.

        Args:
            path: Below `corpus/`.

        Raises:
            SidecarError: It is not in the index, and its sidecar cannot be read.
            IndexMismatch: As `search`.
        """
        with suppress(IndexMissing):
            for entry in self.entries():
                if entry.path == path and entry.outcome == "indexed":
                    return entry.metadata
        sidecar = read_sidecar(self.corpus / path)
        return Metadata(**sidecar.values) if sidecar else Metadata()

    def document(self, document_id: str) -> Document:
        """One document with its text.

        Raises:
            UnknownDocument: No such document; the nearest names are given.
            IndexMissing, IndexMismatch: As `search`.
        """
        for again in range(2):  # the index may be replaced between finding the row and reading it
            searcher = self._current(newest=bool(again))
            self._known(searcher, document_id)
            file = searcher.files[document_id]
            try:
                with Store.open_to_read(self._store_path) as store:
                    return document_of(file, store.parsed(file.parsed_key))
            except (KeyError, sqlite3.DatabaseError):
                continue
        raise IndexMismatch(
            f"The text of '{document_id}' is missing from {self._store_path}. "
            "Run `retriever index` to read it again."
        )

    def passages(self, document_id: str) -> list[Passage]:
        """The passages of one document, in order of the text.

        Raises:
            UnknownDocument, IndexMissing, IndexMismatch: As `document`.
        """
        searcher = self.searcher()
        self._known(searcher, document_id)
        return searcher.passages_of(document_id)

    def path_of(self, named: str) -> str:
        """Path below `corpus/` of a document, by its id or by that path.

        A document that is not indexed yet is known by its path only.

        Raises:
            UnknownDocument, IndexMismatch: As `document`.
        """
        try:
            searcher = self.searcher()
            if named in searcher.files and named not in self._gone(searcher):
                return searcher.files[named].entry.path
        except IndexMissing:
            searcher = None
        if (self.corpus / named).is_file() and is_document(self.corpus / named, self.corpus):
            return named
        if searcher:
            self._known(searcher, named)
        raise UnknownDocument(f"There is no file {named} below {self.corpus}.")

    def file_of(self, document_id: str) -> Path:
        """The original file of a document.

        Raises:
            UnknownDocument, IndexMissing, IndexMismatch: As `document`.
        """
        searcher = self.searcher()
        self._known(searcher, document_id)
        return self.corpus / searcher.files[document_id].entry.path

    @property
    def index_id(self) -> str:
        """Fingerprint of the index in force, `sha256:...`."""
        return self.searcher().generation.fingerprint

    def searcher(self) -> Searcher:
        """The index in force, in memory; read again when another one was put in force.

        Its documents' records are as the librarians have corrected them since.

        Raises:
            IndexMissing, IndexMismatch: As `search`.
        """
        return self._current()

    def _current(self, newest: bool = False) -> Searcher:
        """As `searcher`.

        Args:
            newest: Wait for an index that another thread is reading just now.
        """
        plain = self._searcher
        if plain is None or plain.generation.name != generation.current_name(self.index_folder):
            plain = self._newest(plain, wait=newest or plain is None)
        with self._amending:
            stamp, last = self._journal.stamp(), self._amended
            if last is None or last.stamp != stamp or last.plain is not plain:
                found = amendments(
                    self.root,
                    plain.files.values(),
                    self._store_path,
                    code_fingerprint(),
                    last.amendments if last else None,
                )
                twin = plain.amended(found.files, found.replaced)
                last = self._amended = _Amended(stamp, plain, twin, found)
            return last.searcher

    def _newest(self, before: Searcher | None, wait: bool) -> Searcher:
        """Read the index in force; while another thread does, take the one before unless told."""
        if not self._opening.acquire(blocking=wait):
            assert before is not None  # noqa: S101  the first one is waited for
            return before
        try:
            name = generation.current_name(self.index_folder)
            if self._searcher is None:
                self._searcher = self._open_searcher()
            elif self._searcher.generation.name != name:
                opened = self._open_searcher()
                opened.naming.warm_up()  # the one before serves meanwhile
                self._searcher = opened
            return self._searcher
        finally:
            self._opening.release()

    def _open_searcher(self) -> Searcher:
        # An index that is replaced while it is being read looks damaged: look once more.
        read = partial(
            Searcher.open, self.index_folder, self.settings, self._embedder, self._searcher
        )
        for _ in range(3):
            before = generation.current_name(self.index_folder)
            try:
                return read()
            except (IndexMismatch, OSError):
                if generation.current_name(self.index_folder) == before:
                    raise
        return read()

    def _gone(self, searcher: Searcher) -> frozenset[str]:
        """Documents whose file was deleted or replaced since they were indexed."""
        missing = self._missing(searcher)
        if not missing:
            return searcher.replaced
        files = searcher.files.items()
        return searcher.replaced | {d for d, file in files if file.entry.path in missing}

    def _missing(self, searcher: Searcher) -> frozenset[str]:
        """Paths of files that were there when they were indexed and are not any more."""
        index, last = searcher.generation, self._presence
        if last is None or last[0] is not index:
            paths = (file.entry.path for file in index.files)
            last = self._presence = index, Presence(self.corpus, paths)
        return last[1].missing()

    def _left_out(self, searcher: Searcher, filters: Filters) -> frozenset[str]:
        """Documents that are gone, or in none of the collections that are searched."""
        gone = self._gone(searcher)
        if not filters.collections:
            return gone
        held = documents_of(self.root, filters.collections)
        files = searcher.files.items()
        return gone | {document for document, file in files if file.entry.path not in held}

    def _there(self, searcher: Searcher, filters: Filters = NO_FILTERS) -> list[str]:
        """Ids of all documents that the filters let through, but those that are gone."""
        return searcher.in_scope(searcher.scope(filters, self._left_out(searcher, filters)))

    def _known(self, searcher: Searcher, document_id: str) -> None:
        if document_id in searcher.files and document_id not in self._gone(searcher):
            return
        near = difflib.get_close_matches(document_id.casefold(), searcher.files, n=3, cutoff=0.5)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise UnknownDocument(
            f"The library holds no document '{document_id}'.{hint} "
            "`retriever documents` lists all of them."
        )

    def check(self, ask: bool = False, progress: ShowProgress | None = None) -> list[Check]:
        """Look the library over; each problem comes with what mends it.

        Args:
            ask: Also ask the evaluation questions, to see which documents none of them finds.
            progress: Told of each question.
        """
        now = datetime.now(UTC)
        checks = [self._check_index(), *upkeep.of_files(self.root, self._known_files())]
        if checks[0].severity == "ok":
            searcher = self.searcher()
            gone = self._gone(searcher)
            files = {name: f for name, f in searcher.files.items() if name not in gone}
            checks += upkeep.of_records(files, now.year)
            checks += upkeep.of_passages(self._unreadable(searcher), files)
            if self.settings.web.enabled:
                checks += upkeep.of_links(links.looks(self.root), files)
            checks += upkeep.of_scans(files)
            checks += upkeep.of_questions(self.root, files, self._finder(progress) if ask else None)
        days = self.settings.desk.keep_removed_days
        return [*checks, *upkeep.of_removed(Desk(self.root), days, now.date())]

    def _unreadable(self, searcher: Searcher) -> dict[str, list[str]]:
        """What of an index cannot be read; looked for once, since it takes seconds."""
        name = searcher.generation.name
        if self._faults is None or self._faults[0] != name:
            self._faults = (name, upkeep.unreadable(searcher.generation.passages))
        return self._faults[1]

    def _finder(self, progress: ShowProgress | None) -> Callable[[str, int, int], list[str]]:
        def find(question: str, number: int, total: int) -> list[str]:
            if progress:
                progress(Progress("asking", number, total, question))
            return [hit.passage.document_id for hit in self.search(question, upkeep.FIRST)]

        return find

    def _check_index(self) -> Check:
        try:
            searcher = self.searcher()
        except IndexMissing as error:
            return Check("index", "warning", str(error), "retriever index")
        except (IndexMismatch, OSError) as error:
            return Check("index", "error", str(error), "retriever index")
        missing = self._missing_texts(searcher)
        if missing:
            message = f"The texts of {missing} documents are missing from {self._store_path}."
            return Check("index", "error", message, "retriever index")
        counts = f"{len(searcher.files)} documents, {len(searcher.generation.passages)} passages"
        return Check("index", "ok", f"The index is whole: {counts}.")

    def _missing_texts(self, searcher: Searcher) -> int:
        wanted = {file.parsed_key for file in searcher.files.values()}
        try:
            with Store.open_to_read(self._store_path) as store:
                return len(wanted - store.parsed_keys())
        except sqlite3.DatabaseError:
            return len(wanted)

    def _known_files(self) -> dict[str, Known]:
        """What is known of files without reading them."""
        try:
            with Store.open_to_read(self._store_path) as store:
                return store.known_files(code_fingerprint())
        except sqlite3.DatabaseError:
            return {}

    def warm_up(self) -> None:
        """Load the models and the index before the first question needs them.

        Raises:
            RetrieverError: As `search`; the first question would say the same.
        """
        self.searcher().similarities(["warm"], [])
        self.searcher().naming.warm_up()
        readings.kinds(["warm"])
        readings.directions(["warm"])

    def close(self) -> None:
        """Let go of the index in memory."""
        with self._opening, self._amending:
            self._searcher = self._amended = None


def _record(searcher: Searcher, filters: Filters) -> Record:
    asked_at = datetime.now(UTC).isoformat(timespec="seconds")
    index = searcher.generation.fingerprint
    return Record(index, version.VERSION, asked_at, filters.collections)
