"""Passages that name an organisation in other words than the question's, or the one before it.

Older papers say "PCT" where a question says "integrated care board". Similarity does not know that
one became the other, so the lexical arm is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from retriever.lexical import LexicalIndex, Numbers, Scores
from retriever.organisations import Body, Organisations, name_pattern
from retriever.schema import Passage
from retriever.tokens import tokenise, tokenise_query

_VIEWS = 256


class Lineage:
    """Scores the passages of one index by the bodies they name. Safe for many threads."""

    def __init__(
        self, organisations: Organisations, lexical: LexicalIndex, passages: Sequence[Passage]
    ) -> None:
        """Prepare for an index.

        Args:
            organisations: The bodies.
            lexical: BM25 over the passages.
            passages: They, in order.
        """
        self._organisations = organisations
        self._lexical = lexical
        self._passages = passages
        self._holding = lru_cache(maxsize=_VIEWS)(self._find)

    def scores(self, question: str, weight: float) -> Scores:
        """What each passage gains because it names a body in other words than the question's.

        Another name of the body asked about counts in full, the names of those before and after
        it `weight` times as much, and never more than `weight` times the best of the former, so
        that an exact word wins. Of several names in a passage the best counts.

        Returns:
            Shape `(passages,)`; 0 where nothing is gained.
        """
        gained = np.zeros(len(self._passages))
        known = frozenset(tokenise_query(question))
        for body in self._organisations.asked(question):
            own = self._by_name(body)
            others = np.zeros(len(self._passages))
            for other in self._organisations.line(body):
                others = np.maximum(others, self._by_name(other, known))
            others = weight * (np.minimum(others, own.max()) if own.any() else others)
            own[self._as_asked(body, known)] = 0
            gained = np.maximum(gained, np.maximum(own, others))
        return gained

    def _by_name(self, body: Body, known: frozenset[str] = frozenset()) -> Scores:
        """BM25 of the passages that name a body, by the rarest term of the name.

        All terms of a name together would count it three times over. Terms in `known` are left
        out: "care" is scored already.
        """
        best = np.zeros(len(self._passages))
        for name in (*body.words, *body.short):
            holding = self._holding(name, name in body.short)
            for term in frozenset(tokenise(name)) - known if len(holding) else ():
                best[holding] = np.maximum(best[holding], self._lexical.scores([term])[holding])
        return best

    def _as_asked(self, body: Body, known: frozenset[str]) -> Numbers:
        """The passages that name a body in the question's own terms, which score already."""
        names = [n for n in (*body.words, *body.short) if known.issuperset(tokenise(n))]
        found = [self._holding(name, name in body.short) for name in names]
        return np.unique(np.concatenate([np.empty(0, dtype=np.int64), *found]))

    def _find(self, written: str, exact: bool) -> Numbers:
        """Numbers of the passages in which a name, or an abbreviation, stands."""
        terms = dict.fromkeys(tokenise(written))
        numbers: Numbers | None = None
        for term in terms:
            held = self._lexical.holding(term)
            numbers = held if numbers is None else np.intersect1d(numbers, held)
        pattern = name_pattern((written,), exact)
        held = [] if numbers is None else numbers.tolist()
        found = [n for n in held if pattern.search(self._passages[n].text)]
        return np.array(found, dtype=np.int64)
