"""Two ranked lists -> one: pure functions over scores. Which one, and its weight, was measured.

`benchmarks/effectiveness.py --fusion` gives the figures behind the default settings.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from retriever.config import Search

Scores = NDArray[np.float64]
Fusion = Callable[[Scores, Scores, Search], Scores]


def weighted(lexical: Scores, vector: Scores, settings: Search) -> Scores:
    """Weighted sum of both scores, each scaled over the candidates to 0..1.

    Convex combination with min-max scaling (Bruch, Gai and Ingber 2023, "An Analysis of Fusion
    Functions for Hybrid Retrieval", doi:10.1145/3596512). BM25's least possible score is 0, so
    that is its minimum; similarities are scaled from the least among the candidates.

    Args:
        lexical: BM25 score of each candidate, 0 where no word matched.
        vector: Cosine similarity of each candidate, in the same order.
        settings: `vector_weight` is the vector arm's share.

    Returns:
        A score from 0 to 1 for each candidate, in the same order.
    """
    top = float(lexical.max(initial=0.0))
    scaled_lexical = lexical / top if top > 0 else np.zeros_like(lexical)
    low = vector.min(initial=np.inf)
    spread = float(vector.max(initial=-np.inf) - low)
    scaled_vector = (vector - low) / spread if spread > 0 else np.ones_like(vector)
    return np.asarray(
        (1 - settings.vector_weight) * scaled_lexical + settings.vector_weight * scaled_vector
    )


def reciprocal_rank(lexical: Scores, vector: Scores, settings: Search) -> Scores:
    """Reciprocal rank fusion (Cormack, Clarke and Büttcher 2009, doi:10.1145/1571941.1572114).

    A candidate that BM25 did not find (score 0) gets nothing from that arm.

    Args:
        lexical: BM25 score of each candidate, 0 where no word matched.
        vector: Cosine similarity of each candidate, in the same order.
        settings: `rrf_k` is the constant added to each rank.

    Returns:
        Sum of 1 / (k + rank) over the arms for each candidate, in the same order.
    """
    by_words = np.where(lexical > 0, 1.0 / (settings.rrf_k + ranks(lexical)), 0.0)
    return np.asarray(by_words + 1.0 / (settings.rrf_k + ranks(vector)))


def with_documents(scores: Scores, documents: NDArray[np.int64], weight: float) -> Scores:
    """Let each passage's score lean on its document's.

    A passage of a document whose other passages fit too is the likelier one; and a long document,
    with more passages to try, has no better chance than a short one by luck.

    Args:
        scores: Of each candidate.
        documents: Document number of each candidate, in the same order.
        weight: Share of the mean score of the document's candidates, from 0 to 1.

    Returns:
        A score for each candidate, in the same order.
    """
    if not len(scores):
        return scores
    means = np.bincount(documents, scores) / np.maximum(np.bincount(documents), 1)
    return np.asarray((1 - weight) * scores + weight * means[documents])


def ranks(scores: Scores) -> Scores:
    """Rank of each score from 1, highest first; ties in the order given."""
    order = np.argsort(-scores, kind="stable")
    result = np.empty(len(scores), dtype=np.float64)
    result[order] = np.arange(1, len(scores) + 1)
    return result


FUSIONS: dict[str, Fusion] = {"weighted": weighted, "rrf": reciprocal_rank}
