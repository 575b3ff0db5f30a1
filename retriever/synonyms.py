"""Passages that name what a question names, in words that are not the question's.

"Jabs" in a question and "vaccination" in a paper are one topic by the vocabularies. The lexical arm
counts words, so it is told; an exact word still wins.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from retriever.concepts import Concept
from retriever.fusion import Scores
from retriever.lexical import LexicalIndex
from retriever.naming import Naming
from retriever.tokens import tokenise


class Synonyms:
    """Scores the passages of one index by what they name. Safe for many threads."""

    def __init__(self, naming: Naming, lexical: LexicalIndex, passages: int, k1: float) -> None:
        """Prepare for an index.

        Args:
            naming: What its passages name.
            lexical: BM25 over them.
            passages: How many there are.
            k1: BM25's term saturation.
        """
        self._naming = naming
        self._lexical = lexical
        self._passages = passages
        self._k1 = k1

    def scores(self, question: str, weight: float) -> Scores:
        """What each passage gains because it names something asked for in other words.

        What the vocabularies find in a question is counted as one more term, which occurs once in
        each passage of mean length that names it or something narrower: BM25 gives such a term
        idf / (1 + k1). A passage gains `weight` times that, less what the question's own words for
        it bring it already.

        Args:
            question: As asked.
            weight: From 0 to 1.

        Returns:
            Shape `(passages,)`; 0 where nothing is gained.
        """
        gained = np.zeros(self._passages)
        for concept, words in self._asked(question).items() if weight else ():
            naming = self._naming.numbers(concept)
            own = self._lexical.scores(tokenise(words))[naming]
            gained[naming] += np.maximum(0.0, weight * self._as_a_term(len(naming)) - own)
        return gained

    def _asked(self, question: str) -> Mapping[Concept, str]:
        """What a question names -> its own words for it."""
        found: dict[Concept, list[str]] = {}
        for mention in self._naming.concepts.mentions(question):
            found.setdefault(mention.concept, []).append(question[mention.start : mention.end])
        return {concept: " ".join(words) for concept, words in found.items()}

    def _as_a_term(self, holding: int) -> float:
        idf = math.log(1 + (self._passages - holding + 0.5) / (holding + 0.5))
        return idf / (1 + self._k1)
