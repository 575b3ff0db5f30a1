"""Ours against other search engines: the same passages, the same MiniLM weights, one table.

    python -m benchmarks.peers                    every collection
    python -m benchmarks.peers scifact nice       some: scifact, cochrane-pls, nice, trials, own
    python -m benchmarks.peers --again            run the peers anew; their runs are kept otherwise

The peers run in an environment of their own (`--python`, by default `.venv-peers`; CONTRIBUTING.md
says how to make it). Every engine's run stays under build/benchmarks/runs/, as TREC files over our
passage ids. Reported are all queries of SciFact and Cochrane, the questions on documents that
`libraries.held_back` keeps from training and choosing, and the report half of our own questions.
"""

from __future__ import annotations

import argparse
import hashlib
import inspect
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import ir_measures
import numpy as np
from ir_measures import nDCG

from benchmarks import libraries
from benchmarks.engines import DEPTH, ENGINES, Material, is_kept, run_path
from retriever import Library, generation, relevance
from retriever.embedder import (
    PACKAGED_MODEL,
    PACKAGED_SHA256,
    packaged_folder,
    verify_packaged_weights,
)
from retriever.errors import RetrieverError
from retriever.judgements import (
    Judgement,
    Run,
    covers,
    read_judgements,
    read_questions,
    read_run,
    write_run,
)
from retriever.measures import estimates
from retriever.passages import retrieval_text
from retriever.schema import MODES, Passage

EVALUATION = libraries.PROJECT / "corpus" / "evaluation"
PEERS_PYTHON = libraries.PROJECT / ".venv-peers" / "bin" / "python"
NAMES = {
    "rank-bm25": "rank-bm25, words between spaces",
    "bm25s": "bm25s, its tokeniser",
    "minilm": "MiniLM alone",
    "txtai": "txtai hybrid",
    "haystack": "Haystack hybrid",
    "llamaindex": "LlamaIndex fusion",
}

Ranked = Mapping[str, Sequence[Passage]]
"""Question id -> passages, best first."""
Scores = dict[str, np.ndarray]
"""Measure -> a score for each question, in the questions' order."""
Column = tuple[str, str]
"""Collection, measure."""


class LeftOut(Exception):
    """A collection that cannot be measured here, and why."""


@dataclass(frozen=True)
class Task:
    """Questions over one library, and how rankings of its passages are scored.

    Attributes:
        queries: Question id -> text.
        copies: Ids of documents that are second copies of a file; nobody searches them.
        score: Rankings of all questions -> scores.
    """

    title: str
    library: Library
    queries: dict[str, str]
    score: Callable[[Ranked], Scores]
    copies: frozenset[str] = frozenset()

    @property
    def passages(self) -> dict[str, Passage]:
        """Id -> passage, in the index's order."""
        everything = self.library.searcher().generation.passages
        return {p.id: p for p in everything if p.document_id not in self.copies}


def collection_task(name: str, title: str, work: Path, update: bool) -> Task:
    """A collection with judged documents: a document ranks where its best passage does."""
    collection = libraries.collection(name, work=work, update=update)

    def score(ranked: Ranked) -> Scores:
        documents = {
            query: list(dict.fromkeys(collection.names[p.document_id] for p in passages))
            for query, passages in ranked.items()
        }
        return {"nDCG@10": ndcg(documents, collection.qrels, list(collection.queries))}

    return Task(title, collection.library, collection.queries, score)


def nice_task(work: Path, update: bool) -> Task:
    """The NICE questions on guidelines held back; right is a passage on the right pages."""
    library = libraries.documents(work=work, update=update)
    questions = {
        q["_id"]: q
        for q in libraries.nice_questions()
        if all(libraries.held_back(answer["document_id"]) for answer in q["answers"])
    }

    def is_right(query: str, passage: Passage) -> bool:
        first, last = passage.pages or (0, 0)
        return any(
            passage.document_id == answer["document_id"].lower()
            and first <= answer["pages"][1]
            and answer["pages"][0] <= last
            for answer in questions[query]["answers"]
        )

    def score(ranked: Ranked) -> Scores:
        ranks = first_right(ranked, list(questions), is_right)
        return {"pages@1": ranks == 1, "pages@5": ranks <= 5}

    texts = {name: q["text"] for name, q in questions.items()}
    return Task("NICE questions", library, texts, score, libraries.copies(library.searcher()))


def trials_task(work: Path, update: bool) -> Task:
    """Evidence Inference, articles held back; right is a passage with most of a quotation."""
    library = libraries.documents(work=work, update=update)
    questions = {
        q["_id"]: q
        for q in libraries.trial_questions()
        if q["quotes"] and libraries.held_back(q["document_id"])
    }

    def is_right(query: str, passage: Passage) -> bool:
        question = questions[query]
        return passage.document_id == question["document_id"].lower() and any(
            covers(passage.text, quote) for quote in question["quotes"]
        )

    def score(ranked: Ranked) -> Scores:
        ranks = first_right(ranked, list(questions), is_right)
        return {
            "hit@1": ranks == 1,
            "hit@5": ranks <= 5,
            "MRR@10": np.where(ranks <= 10, 1 / ranks, 0.0),
        }

    texts = {name: q["text"] for name, q in questions.items()}
    return Task("Evidence Inference", library, texts, score, libraries.copies(library.searcher()))


def own_task(update: bool) -> Task:
    """The project's own questions, report half, over the project's own library."""
    sources = EVALUATION / "questions.jsonl", EVALUATION / "judgements.jsonl"
    for path in sources:
        if not path.exists():
            raise LeftOut(f"{path.name} is not in {EVALUATION.relative_to(libraries.PROJECT)}")
    library = libraries.indexed(libraries.PROJECT, update=update)
    of_question: dict[str, list[Judgement]] = {}
    for judgement in read_judgements(sources[1]):
        of_question.setdefault(judgement.question_id, []).append(judgement)
    judged = {query: relevance.JudgedQuestion(rows) for query, rows in of_question.items()}
    queries = {
        q.id: q.text
        for q in read_questions(sources[0])
        if q.half == "report" and q.answerable and q.id in judged and judged[q.id].has_relevant
    }

    def score(ranked: Ranked) -> Scores:
        places = {
            query: [relevance.Place(p.id, 0.0, p.document_id, p) for p in found]
            for query, found in ranked.items()
        }
        found = relevance.scores(
            {query: judged[query] for query in queries},
            places,
            relevance.parse_measures(["nDCG@10"]),
        )
        return {"nDCG@10": np.array([found[query]["nDCG@10"] for query in queries])}

    return Task("Our own questions", library, queries, score)


def ndcg(
    ranked: Mapping[str, Sequence[str]],
    qrels: Mapping[str, Mapping[str, int]],
    queries: Sequence[str],
) -> np.ndarray:
    """nDCG@10 of each query; 0 for one without results."""
    run = [
        ir_measures.ScoredDoc(query, name, float(-position))
        for query, names in ranked.items()
        for position, name in enumerate(names)
    ]
    judged = {query: dict(qrels[query]) for query in queries}
    found = {m.query_id: m.value for m in ir_measures.iter_calc([nDCG @ 10], judged, run)}
    return np.array([found.get(query, 0.0) for query in queries])


def first_right(
    ranked: Ranked, queries: Sequence[str], is_right: Callable[[str, Passage], bool]
) -> np.ndarray:
    """For each query the rank of the first right passage of ten, or infinity."""
    ranks = []
    for query in queries:
        rights = [is_right(query, passage) for passage in ranked[query][:10]]
        ranks.append(rights.index(True) + 1 if any(rights) else np.inf)
    return np.array(ranks)


TASKS: dict[str, Callable[[Path, bool], Task]] = {
    "scifact": lambda work, update: collection_task("scifact", "SciFact", work, update),
    "cochrane-pls": lambda work, update: collection_task("cochrane-pls", "Cochrane", work, update),
    "nice": nice_task,
    "trials": trials_task,
    "own": lambda work, update: own_task(update),
}


def material_of(task: Task, runs: Path) -> Material:
    """The task's passages and queries, with their vectors by MiniLM as released."""
    files = task.library.searcher().files
    passages = task.passages
    texts = [
        retrieval_text(files[p.document_id].entry.metadata.title, p) for p in passages.values()
    ]
    queries = embed(list(task.queries.values()))
    return Material(
        list(passages), texts, passage_vectors(task, texts, runs), task.queries, queries
    )


def passage_vectors(task: Task, texts: Sequence[str], runs: Path) -> np.ndarray:
    """The index's own vectors where its model is the released one; else embedded once and kept."""
    digest = hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()
    path = runs / f"vectors-{digest[:16]}.npy"
    if path.exists():
        return np.asarray(np.load(path))
    index = task.library.searcher().generation
    if index.manifest["model"] == f"{PACKAGED_MODEL}@{PACKAGED_SHA256[:16]}":
        import faiss

        kept = generation.folder_in_force(task.library.index_folder) / "vectors.faiss"
        rows = faiss.deserialize_index(np.fromfile(kept, dtype=np.uint8)).reconstruct_n()
        searched = [p.document_id not in task.copies for p in index.passages]
        vectors = rows[np.array(searched, dtype=bool)]
    else:
        print(f"  embedding {len(texts)} passages with the released model", flush=True)
        vectors = embed(texts)
    runs.mkdir(parents=True, exist_ok=True)
    np.save(path, vectors)
    return np.asarray(vectors)


def embed(texts: Sequence[str]) -> np.ndarray:
    """Vectors of length 1 by MiniLM as released, without the project's adapter."""
    from sentence_transformers import SentenceTransformer

    folder = packaged_folder()
    verify_packaged_weights(folder)
    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    return np.asarray(model.encode(list(texts), normalize_embeddings=True, convert_to_numpy=True))


def our_run(task: Task, mode: str) -> Run:
    """What our own search finds, as a person's question gets it."""
    run = {}
    for query, text in task.queries.items():
        hits = task.library.search(text, DEPTH, mode)
        run[query] = [
            (h.passage.id, h.score) for h in hits if h.passage.document_id not in task.copies
        ]
    return run


def run_peers(folder: Path, python: Path, again: bool) -> None:
    """Run each engine that has no run over this material yet, in the peers' environment."""
    for engine in ENGINES:
        if again:
            run_path(folder, engine).unlink(missing_ok=True)
        elif is_kept(folder, engine):
            print(f"  {engine}: its run was kept", flush=True)
            continue
        # One process each: what one of them holds in memory is gone before the next.
        command = [str(python), "-m", "benchmarks.engines", str(folder.resolve()), engine]
        done = subprocess.run(command, cwd=Path(__file__).resolve().parents[1], check=False)
        if done.returncode:
            print(f"  {engine}: left out, it ended with an error (above)", flush=True)


def scores_of(task: Task, folder: Path, python: Path, again: bool) -> dict[str, Scores]:
    """System -> scores, for ours and for every peer that ran."""
    print(f"{task.title}: {len(task.queries)} questions, {len(task.passages)} passages", flush=True)
    material_of(task, folder.parent).write(folder)
    runs = {}
    for mode in MODES:
        run = our_run(task, mode)
        write_run(folder / f"ours-{mode}.run", run, f"ours-{mode}")
        runs[f"ours: {mode}"] = run
    run_peers(folder, python, again)
    for engine, name in NAMES.items():
        if is_kept(folder, engine):
            runs[name] = read_run(run_path(folder, engine))
    passages = task.passages
    scores = {}
    for name, run in runs.items():
        ranked = {q: [passages[found] for found, _ in run.get(q, [])] for q in task.queries}
        scores[name] = {m: np.asarray(v, dtype=float) for m, v in task.score(ranked).items()}
    return scores


def table(scores: Mapping[Column, Mapping[str, np.ndarray]]) -> str:
    """A row for each system, a column for each measure; every mean with its interval."""
    systems = list(dict.fromkeys(name for column in scores.values() for name in column))
    rows = [
        ["", *(f"{title} {measure}" for title, measure in scores)],
        ["questions", *(str(len(next(iter(column.values())))) for column in scores.values())],
        *([name, *(_cell(column.get(name)) for column in scores.values())] for name in systems),
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (w + 2) for w in widths) + "|", *lines[1:]])


def _cell(scores: np.ndarray | None) -> str:
    if scores is None:
        return "not run"
    found = estimates(scores[:, None])[0]
    return f"{found.mean:.3f} ({found.low:.3f} to {found.high:.3f})"


def ahead(scores: Mapping[Column, Mapping[str, np.ndarray]], ours: str) -> list[str]:
    """One line for each peer and measure where the peer's mean is above that of `ours`."""
    lines = []
    for (title, measure), column in scores.items():
        for name, values in column.items():
            if name.startswith("ours") or values.mean() <= column[ours].mean():
                continue
            difference = estimates((values - column[ours])[:, None])[0]
            certain = "" if difference.low > 0 else ", so this may be chance"
            lines.append(
                f"{name} is ahead of {ours} on {title}, {measure}, by {difference.mean:.3f} "
                f"(95% interval {difference.low:.3f} to {difference.high:.3f}{certain})."
            )
    return lines


def default_mode() -> str:
    """The mode that a person gets who names none."""
    return str(inspect.signature(Library.search).parameters["mode"].default)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tasks", nargs="*", metavar="COLLECTION", help=f"of {', '.join(TASKS)}")
    parser.add_argument("--work", type=Path, default=libraries.WORK, help="where the libraries are")
    parser.add_argument("--runs", type=Path, help="where runs go (WORK/runs)")
    parser.add_argument("--python", type=Path, help="the peers' Python (.venv-peers/bin/python)")
    parser.add_argument("--as-indexed", action="store_true", help="take each index as it is")
    parser.add_argument("--again", action="store_true", help="run the peers anew")
    chosen = parser.parse_args()
    unknown = set(chosen.tasks) - set(TASKS)
    if unknown:
        parser.error(f"no collection {', '.join(sorted(unknown))}; choose of {', '.join(TASKS)}")
    runs = chosen.runs or chosen.work / "runs"
    python = chosen.python or (PEERS_PYTHON if PEERS_PYTHON.exists() else Path(sys.executable))
    columns: dict[Column, dict[str, np.ndarray]] = {}
    for name in chosen.tasks or TASKS:
        try:
            task = TASKS[name](chosen.work, not chosen.as_indexed)
            found = scores_of(task, runs / name, python, chosen.again)
        except (LeftOut, RetrieverError) as error:
            print(f"{name}: left out: {error}", flush=True)
            continue
        for system, scores in found.items():
            for measure, values in scores.items():
                columns.setdefault((task.title, measure), {})[system] = values
    if not columns:
        raise SystemExit("Nothing was measured; the lines above say why.")
    print(f"\n{table(columns)}\n")
    ours = f"ours: {default_mode()}"
    print("\n".join(ahead(columns, ours) or [f"No peer is ahead of {ours} in any column."]))


if __name__ == "__main__":
    main()
