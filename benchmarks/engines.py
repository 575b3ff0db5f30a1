"""Other search engines over the same passages and the same vectors; each writes a TREC run.

    python -m benchmarks.engines FOLDER [ENGINE ...]

FOLDER is what `benchmarks.peers` wrote: passages, queries and their vectors. This module needs
nothing of the retriever but its run files, so that it works in an environment of its own: some
peers cannot stand beside the packages that the retriever is tested with.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np

from retriever.judgements import Run, write_run

DEPTH = 200
"""Passages taken of each engine, and of each arm before a fusion where the engine asks for it."""

# Nothing is reported to anyone and nothing is fetched; each is read when its package is imported.
QUIET = {
    "HAYSTACK_TELEMETRY_ENABLED": "False",
    "DO_NOT_TRACK": "1",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}


@dataclass(frozen=True)
class Material:
    """What every engine gets.

    Attributes:
        ids: Of the passages.
        texts: What is searched and was embedded: heading line and text.
        vectors: Of the passages, by MiniLM as released; rows of length 1.
        queries: Question id -> text.
        query_vectors: In the queries' order, by the same model.
    """

    ids: list[str]
    texts: list[str]
    vectors: np.ndarray
    queries: dict[str, str]
    query_vectors: np.ndarray

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read what `write` wrote."""
        rows = json.loads((folder / "material.json").read_text("utf-8"))
        return cls(
            rows["ids"],
            rows["texts"],
            np.load(folder / "vectors.npy"),
            rows["queries"],
            np.load(folder / "query-vectors.npy"),
        )

    def write(self, folder: Path) -> None:
        """Write the texts as JSON and the vectors as arrays; files that are the same are kept."""
        folder.mkdir(parents=True, exist_ok=True)
        rows = {"ids": self.ids, "texts": self.texts, "queries": self.queries}
        text = json.dumps(rows, ensure_ascii=False)
        path = folder / "material.json"
        if path.exists() and path.read_text("utf-8") == text:
            return
        np.save(folder / "vectors.npy", self.vectors)
        np.save(folder / "query-vectors.npy", self.query_vectors)
        path.write_text(text, encoding="utf-8")  # last: a run is kept if it is newer than this

    @cached_property
    def vector_of_query(self) -> dict[str, np.ndarray]:
        """Query text -> vector."""
        return dict(zip(self.queries.values(), self.query_vectors, strict=True))


def rank_bm25(material: Material) -> Run:
    """`rank_bm25.BM25Okapi` with its settings, over lower-case words between spaces."""
    from rank_bm25 import BM25Okapi

    engine = BM25Okapi([text.lower().split() for text in material.texts])
    return {
        query: _best(material, engine.get_scores(text.lower().split()), above=0.0)
        for query, text in material.queries.items()
    }


def bm25s(material: Material) -> Run:
    """`bm25s.BM25` with its settings and tokeniser, English stop words, no stemmer."""
    import bm25s as package

    engine = package.BM25()
    engine.index(
        package.tokenize(material.texts, stopwords="en", show_progress=False), show_progress=False
    )
    words = package.tokenize(
        list(material.queries.values()), stopwords="en", return_ids=False, show_progress=False
    )
    return {
        query: _best(material, engine.get_scores(terms), above=0.0) if terms else []
        for query, terms in zip(material.queries, words, strict=True)
    }


def minilm(material: Material) -> Run:
    """MiniLM as released: exact cosine similarity, nothing else."""
    return {
        query: _best(material, material.vectors @ vector)
        for query, vector in zip(material.queries, material.query_vectors, strict=True)
    }


def txtai(material: Material) -> Run:
    """Hybrid search with txtai's settings: BM25 and vectors, scores normalised, half and half.

    The vectors come by its external transform. Its default index is approximate over 5,000
    passages; the exact one is taken, to its advantage.
    """
    from txtai import Embeddings

    known = dict(zip(material.texts, material.vectors, strict=True)) | material.vector_of_query

    def look_up(texts: Sequence[str]) -> np.ndarray:
        return np.stack([known[text] for text in texts])

    engine = Embeddings(method="external", transform=look_up, hybrid=True, backend="numpy")
    engine.index(zip(material.ids, material.texts, [None] * len(material.ids), strict=True))
    found = engine.batchsearch(list(material.queries.values()), DEPTH)
    return dict(zip(material.queries, found, strict=True))


def haystack(material: Material) -> Run:
    """Haystack's in-memory BM25 and embedding retrievers, joined by reciprocal rank fusion."""
    from haystack import Document
    from haystack.components.joiners import DocumentJoiner
    from haystack.components.retrievers.in_memory import (
        InMemoryBM25Retriever,
        InMemoryEmbeddingRetriever,
    )
    from haystack.document_stores.in_memory import InMemoryDocumentStore

    store = InMemoryDocumentStore()
    # Rows stay arrays: the store makes one of all of them for each question.
    rows: Iterable[Any] = material.vectors
    store.write_documents(
        [
            Document(id=name, content=text, embedding=row)
            for name, text, row in zip(material.ids, material.texts, rows, strict=True)
        ]
    )
    words = InMemoryBM25Retriever(store, top_k=DEPTH)
    near = InMemoryEmbeddingRetriever(store, top_k=DEPTH)
    joiner = DocumentJoiner(join_mode="reciprocal_rank_fusion")
    run: Run = {}
    for query, text in material.queries.items():
        arms = [
            words.run(query=text)["documents"],
            near.run(query_embedding=material.vector_of_query[text].tolist())["documents"],
        ]
        run[query] = [(d.id, float(d.score)) for d in joiner.run(documents=arms)["documents"]]
    return run


def llamaindex(material: Material) -> Run:
    """LlamaIndex's `QueryFusionRetriever`: BM25 and vectors, reciprocal rank, no other queries."""
    from llama_index.core import VectorStoreIndex
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from llama_index.core.llms import MockLLM
    from llama_index.core.retrievers import QueryFusionRetriever
    from llama_index.core.schema import TextNode
    from llama_index.retrievers.bm25 import BM25Retriever

    class LookUp(BaseEmbedding):  # type: ignore[misc]  # the package's own extension point
        def _get_query_embedding(self, query: str) -> list[float]:
            return [float(x) for x in material.vector_of_query[query]]

        async def _aget_query_embedding(self, query: str) -> list[float]:
            return self._get_query_embedding(query)

        def _get_text_embedding(self, text: str) -> list[float]:
            raise AssertionError("every passage comes with its vector")

    nodes = [
        # The id as metadata keeps passages of the same words apart; it is not searched.
        TextNode(
            id_=name,
            text=text,
            embedding=row.tolist(),
            metadata={"passage": name},
            excluded_embed_metadata_keys=["passage"],
        )
        for name, text, row in zip(material.ids, material.texts, material.vectors, strict=True)
    ]
    index = VectorStoreIndex(nodes, embed_model=LookUp())
    # The same numbers as arrays: from lists the store makes an array anew for each question.
    index.vector_store.data.embedding_dict = dict(zip(material.ids, material.vectors, strict=True))
    depth = min(DEPTH, len(nodes))
    engine = QueryFusionRetriever(
        [
            index.as_retriever(similarity_top_k=depth),
            BM25Retriever.from_defaults(nodes=nodes, similarity_top_k=depth),
        ],
        llm=MockLLM(),
        mode="reciprocal_rerank",
        num_queries=1,
        similarity_top_k=depth,
        use_async=False,
    )
    return {
        query: [(hit.node.node_id, float(hit.score)) for hit in engine.retrieve(text)]
        for query, text in material.queries.items()
    }


ENGINES: dict[str, Callable[[Material], Run]] = {
    "rank-bm25": rank_bm25,
    "bm25s": bm25s,
    "minilm": minilm,
    "txtai": txtai,
    "haystack": haystack,
    "llamaindex": llamaindex,
}
NEEDS = {
    "rank-bm25": "rank_bm25",
    "bm25s": "bm25s",
    "txtai": "txtai",
    "haystack": "haystack",
    "llamaindex": "llama_index",
}


def run_path(folder: Path, engine: str) -> Path:
    """Where the run of an engine over the material in `folder` is kept."""
    return folder / f"{engine}.run"


def is_kept(folder: Path, engine: str) -> bool:
    """Whether the engine's run is there and newer than the material."""
    path = run_path(folder, engine)
    made = (folder / "material.json").stat().st_mtime
    return path.exists() and path.stat().st_mtime > made


def _best(material: Material, scores: np.ndarray, above: float = -np.inf) -> list[Any]:
    """The best passages with a score above `above`; ties in the passages' order."""
    order = np.argsort(-scores, kind="stable")[:DEPTH]
    return [(material.ids[at], float(scores[at])) for at in order if scores[at] > above]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="holds material.json")
    parser.add_argument("engines", nargs="*", metavar="ENGINE", help=f"of {', '.join(ENGINES)}")
    chosen = parser.parse_args()
    os.environ.update(QUIET)
    material = Material.read(chosen.folder)
    for name in chosen.engines or ENGINES:
        if name in NEEDS and importlib.util.find_spec(NEEDS[name]) is None:
            print(f"  {name}: left out, its package is not installed", flush=True)
            continue
        begun = time.monotonic()
        run = ENGINES[name](material)
        write_run(run_path(chosen.folder, name), run, name)
        print(f"  {name}: {len(run)} questions, {time.monotonic() - begun:.0f} s", flush=True)


if __name__ == "__main__":
    main()
