"""How well the right documents, pages and passages are found, by lexical, vector and hybrid search.

    python -m benchmarks.effectiveness            every table
    python -m benchmarks.effectiveness scifact    one of: scifact, cochrane-pls, nice, trials
    python -m benchmarks.effectiveness --fusion   the choice of fusion, on the choosing halves

The first run builds the libraries (about half an hour on two cores); later ones reuse them.
Figures behind the default settings come from `--fusion`: the halves it reads (documents whose id
hashes to an even number) are not among the ones that the fusion table's second figure reports.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
from collections.abc import Callable, Sequence
from statistics import mean

import ir_measures
from ir_measures import nDCG

from benchmarks import libraries, wordings
from retriever.config import Search
from retriever.judgements import covers
from retriever.schema import MODES, Filters, Hit, Mode
from retriever.search import NO_FILTERS, Searcher

Rank = Callable[[str, Mode], list[Hit]]


def collection_scores(
    collection: libraries.Collection, searcher: Searcher, mode: Mode, queries: Sequence[str]
) -> dict[str, float]:
    """nDCG@10 per query; a document is ranked by its best passage."""
    run = [
        ir_measures.ScoredDoc(query, document, float(-position))
        for query in queries
        for position, document in enumerate(
            _documents(searcher.search(collection.queries[query], 200, mode=mode), collection)
        )
    ]
    qrels = {query: collection.qrels[query] for query in queries}
    scores = {
        metric.query_id: metric.value for metric in ir_measures.iter_calc([nDCG @ 10], qrels, run)
    }
    return {query: scores.get(query, 0.0) for query in queries}


def _documents(hits: Sequence[Hit], collection: libraries.Collection) -> list[str]:
    return list(dict.fromkeys(collection.names[hit.passage.document_id] for hit in hits))


def collection_table(name: str) -> None:
    collection = libraries.collection(name)
    searcher = libraries.remembering(collection.library.searcher())
    passages = len(searcher.generation.passages)
    print(
        f"\n{name}: {len(collection.names)} documents, {passages} passages, "
        f"{len(collection.queries)} queries"
    )
    for mode in MODES:
        scores = collection_scores(collection, searcher, mode, list(collection.queries))
        print(f"  {mode:8} nDCG@10 {mean(scores.values()):.3f}")


def nice_scores(questions: Sequence[dict], rank: Rank, mode: Mode) -> dict[str, float]:
    """Shares of questions with the right guideline, and the right pages, among the first."""
    tallies: dict[str, list[bool]] = {
        "guideline@1": [],
        "guideline@5": [],
        "pages@1": [],
        "pages@5": [],
    }
    for question in questions:
        right = {(a["document_id"].lower(), *a["pages"]) for a in question["answers"]}
        hits = rank(question["text"], mode)
        for k in (1, 5):
            tallies[f"guideline@{k}"].append(any(_in_guideline(hit, right) for hit in hits[:k]))
            tallies[f"pages@{k}"].append(any(_on_pages(hit, right) for hit in hits[:k]))
    return {name: mean(values) for name, values in tallies.items()}


def _in_guideline(hit: Hit, right: set[tuple[str, int, int]]) -> bool:
    return any(hit.passage.document_id == document for document, _, _ in right)


def _on_pages(hit: Hit, right: set[tuple[str, int, int]]) -> bool:
    first, last = hit.passage.pages or (0, 0)
    return any(
        hit.passage.document_id == document and first <= until and since <= last
        for document, since, until in right
    )


def nice_table() -> None:
    searcher = libraries.remembering(libraries.documents().searcher())
    questions = [
        q
        for q in libraries.nice_questions()
        if libraries.held_back(q["answers"][0]["document_id"])
    ]
    print(
        f"\nNICE questions on held-back guidelines: {len(questions)}, over "
        f"{len(searcher.files)} documents, {len(searcher.generation.passages)} passages"
    )
    for form in wordings.of_guidance(""):
        worded = [{**q, "text": wordings.of_guidance(q["text"])[form]} for q in questions]
        searcher._embedder.embed([q["text"] for q in worded])
        for mode in MODES:
            scores = nice_scores(worded, _ranker(searcher), mode)
            cells = "  ".join(f"{k} {v:.3f}" for k, v in scores.items())
            print(f"  {form:10} {mode:8} {cells}", flush=True)


def trial_scores(
    questions: Sequence[dict], searcher: Searcher, mode: Mode, filters: Filters = NO_FILTERS
) -> dict[str, float]:
    """Hits on a passage that holds most of a judged quotation, all documents searched together."""
    ranks = [_first_right(searcher.search(q["text"], 10, filters, mode), q) for q in questions]
    return {
        "hit@1": mean(rank == 1 for rank in ranks),
        "hit@5": mean(0 < rank <= 5 for rank in ranks),
        "MRR@10": mean(1 / rank if rank else 0.0 for rank in ranks),
    }


def _first_right(hits: Sequence[Hit], question: dict) -> int:
    """Rank of the first passage that covers most of a quotation, or 0."""
    for hit in hits:
        if hit.passage.document_id == question["document_id"].lower() and any(
            covers(hit.passage.text, quote) for quote in question["quotes"]
        ):
            return hit.rank
    return 0


def trials_table() -> None:
    searcher = libraries.remembering(libraries.documents().searcher())
    questions = [q for q in libraries.trial_questions() if libraries.held_back(q["document_id"])]
    print(
        f"\nEvidence Inference, held-back articles: {len(questions)} questions over "
        f"{len(searcher.files)} documents"
    )
    for form in wordings.of_trial(questions[0]):
        worded = [{**q, "text": wordings.of_trial(q)[form]} for q in questions]
        searcher._embedder.embed([q["text"] for q in worded])
        for mode in MODES:
            scores = trial_scores(worded, searcher, mode)
            cells = "  ".join(f"{k} {v:.3f}" for k, v in scores.items())
            print(f"  {form:10} {mode:8} {cells}", flush=True)
    articles = libraries.articles(searcher)
    print(f"  the same, as written, over the {len(articles)} articles alone")
    for mode in MODES:
        scores = trial_scores(questions, searcher, mode, Filters(document_ids=articles))
        cells = "  ".join(f"{k} {v:.3f}" for k, v in scores.items())
        print(f"  {'written':10} {mode:8} {cells}", flush=True)


def fusion_table() -> None:
    """Every fusion on the choosing half of each collection, and on the other half."""
    collections = {name: libraries.collection(name) for name in ("scifact", "cochrane-pls")}
    searchers = {n: libraries.remembering(c.library.searcher()) for n, c in collections.items()}
    real = libraries.remembering(libraries.documents().searcher())
    nice = halves(libraries.nice_questions(), lambda q: q["answers"][0]["document_id"])
    trials = halves(
        [q for q in libraries.trial_questions() if q["quotes"]], lambda q: q["document_id"]
    )
    print("\nchoosing half / other half")
    print(
        f"{'fusion':16} {'scifact nDCG@10':>16} {'cochrane nDCG@10':>17} "
        f"{'NICE pages@5':>14} {'trials hit@5':>14}"
    )
    for label, search in _variants():
        cells = []
        for name, collection in collections.items():
            queries = halves(list(collection.queries), lambda q, c=collection: min(c.qrels[q]))
            with_settings = _with(searchers[name], search)
            cells.append(
                [
                    mean(collection_scores(collection, with_settings, "hybrid", half).values())
                    for half in queries
                ]
            )
        fused = _with(real, search)
        cells.append([nice_scores(h, _ranker(fused), "hybrid")["pages@5"] for h in nice])
        cells.append([trial_scores(h, fused, "hybrid")["hit@5"] for h in trials])
        print(f"{label:16} " + "   ".join(f"{a:.3f} / {b:.3f}" for a, b in cells), flush=True)


def _variants() -> list[tuple[str, Search]]:
    weights = [
        (f"weighted {w:.1f}", Search(fusion="weighted", vector_weight=w))
        for w in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
    ]
    return weights + [(f"rrf k={k}", Search(fusion="rrf", rrf_k=k)) for k in (5, 10, 20, 60)]


def halves(items: Sequence, key: Callable) -> tuple[list, list]:
    """Split by document: those whose id hashes to an even number, and the others."""
    even = [hashlib.sha256(key(item).encode()).digest()[0] % 2 == 0 for item in items]
    return (
        [item for item, choose in zip(items, even, strict=True) if choose],
        [item for item, choose in zip(items, even, strict=True) if not choose],
    )


def _with(searcher: Searcher, search: Search) -> Searcher:
    settings = dataclasses.replace(searcher._settings, search=search)
    return Searcher(searcher.generation, settings, searcher._embedder)


def _ranker(searcher: Searcher) -> Rank:
    """The first five passages; a second copy of the same file (NG28) is left out of the search."""
    copies = libraries.copies(searcher)
    return lambda query, mode: searcher.search(query, 5, mode=mode, gone=copies)


TABLES = {
    "scifact": lambda: collection_table("scifact"),
    "cochrane-pls": lambda: collection_table("cochrane-pls"),
    "nice": nice_table,
    "trials": trials_table,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", nargs="*", choices=[*TABLES, []], help="which tables (all)")
    parser.add_argument("--fusion", action="store_true", help="compare fusions instead")
    chosen = parser.parse_args()
    if chosen.fusion:
        fusion_table()
        return
    for name in chosen.tables or TABLES:
        TABLES[name]()


if __name__ == "__main__":
    main()
