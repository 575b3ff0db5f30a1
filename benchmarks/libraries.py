"""Libraries to measure on, built once from the development data and kept between runs."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from retriever import Library
from retriever.remembering import RememberingEmbedder
from retriever.schema import Progress
from retriever.search import Searcher

PROJECT = Path(__file__).resolve().parents[1]
DATA = PROJECT.parent / "shared" / "data"
WORK = PROJECT / "build" / "benchmarks"

Qrels = dict[str, dict[str, int]]


@dataclass(frozen=True)
class Collection:
    """A test collection in BEIR's layout, and its documents as a library of ours.

    Attributes:
        queries: Query id -> text, for queries with at least one relevant document.
        qrels: Query id -> document id (the collection's) -> grade.
        names: Our document id -> the collection's.
    """

    library: Library
    queries: dict[str, str]
    qrels: Qrels
    names: dict[str, str]


def held_back(document_id: str) -> bool:
    """Whether questions on this document are only for reporting, never for training or choosing.

    Three documents of eight, by the hash of their id, so that whoever trains, chooses a setting
    or reports a figure draws the same line without a list, whatever order the documents come in.
    By document and not by question: two questions on one document share its passages, and a model
    that was trained on one of them knows something of the other.
    """
    return eighth(document_id) in (1, 3, 5)


def eighth(document_id: str) -> int:
    """Which of eight parts a document falls into, by the hash of its id."""
    return hashlib.sha256(document_id.lower().encode()).digest()[0] % 8


def collection(
    name: str, data: Path = DATA, work: Path = WORK, *, update: bool = True
) -> Collection:
    """The BEIR collection `name`, every document a text file with its title in a sidecar."""
    folder = data / "collections" / name
    root = work / name
    names = {}
    for number, row in enumerate(_jsonl(folder / "corpus.jsonl")):
        document = f"d{number:05d}"
        names[document] = row["_id"]
        path = root / "corpus" / f"{document}.txt"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(row["text"], encoding="utf-8")
            title = json.dumps(row.get("title", ""), ensure_ascii=False)
            path.with_suffix(".toml").write_text(f"title = {title}\n", encoding="utf-8")
    qrels = _read_qrels(folder / "qrels" / "test.tsv")
    queries = {r["_id"]: r["text"] for r in _jsonl(folder / "queries.jsonl") if r["_id"] in qrels}
    return Collection(indexed(root, update=update), queries, qrels, names)


def documents(data: Path = DATA, work: Path = WORK, *, update: bool = True) -> Library:
    """The library of `documents_root`, indexed."""
    return indexed(documents_root(data, work), update=update)


def documents_root(data: Path = DATA, work: Path = WORK) -> Path:
    """The folder of one library of all real documents, the awkward ones and the trial articles."""
    corpus = work / "documents" / "corpus"
    for part in ("documents", "awkward", "evidence-inference/articles"):
        if not (corpus / part).exists():
            shutil.copytree(data / part, corpus / part)
    for listing in corpus.rglob("INDEX.tsv"):
        listing.unlink()
    return corpus.parent


def indexed(root: Path, *, update: bool = True) -> Library:
    """Open the library at `root` and bring its index up to date, or take the index as it is."""
    library = Library.open(root)
    if update:
        library.index(print_progress)
    return library


def copies(searcher: Searcher) -> frozenset[str]:
    """Ids of documents whose file is a second copy of another's (NG28 stands there twice)."""
    seen: dict[str, str] = {}
    for name, file in sorted(searcher.files.items(), key=lambda item: len(item[0])):
        seen.setdefault(file.sha256, name)
    return frozenset(n for n, file in searcher.files.items() if seen[file.sha256] != n)


def articles(searcher: Searcher) -> tuple[str, ...]:
    """Ids of the trial articles."""
    return tuple(
        name
        for name, file in searcher.files.items()
        if file.entry.media_type == "application/jats+xml"
    )


def remembering(searcher: Searcher) -> Searcher:
    """The same searcher, that embeds each text once."""
    embedder = RememberingEmbedder(searcher._embedder)
    return Searcher(searcher.generation, searcher._settings, embedder)


def nice_questions(data: Path = DATA) -> list[dict]:
    """The questions on NICE guidance, in the file's order."""
    return list(_jsonl(data / "nice-questions" / "questions.jsonl"))


def trial_questions(data: Path = DATA) -> list[dict]:
    """The questions of Evidence Inference, in the file's order."""
    return list(_jsonl(data / "evidence-inference" / "questions.jsonl"))


def own_questions() -> list[dict]:
    """The questions on the starter library, in the file's order."""
    return list(_jsonl(PROJECT / "corpus" / "evaluation" / "questions.jsonl"))


def _jsonl(path: Path) -> list[dict]:
    with path.open(encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


def _read_qrels(path: Path) -> Qrels:
    qrels: Qrels = defaultdict(dict)
    with path.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream, delimiter="\t"):
            if int(row["score"]) > 0:
                qrels[row["query-id"]][row["corpus-id"]] = int(row["score"])
    return dict(qrels)


def print_progress(progress: Progress) -> None:
    """Say now and then how far indexing has come."""
    if progress.done % 50 == 0:
        print(f"{progress.stage} {progress.done}/{progress.total}", file=sys.stderr)
