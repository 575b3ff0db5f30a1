"""Which passages and documents of an index name what, by the vocabularies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from retriever.concepts import Concept, Concepts
from retriever.generation import Generation
from retriever.schema import Passage

_VIEWS = 20_000


class Naming:
    """Looks concepts up in one index. Safe for many threads.

    A passage names what stands in it, in the headings above it and in its document's title, and
    all that is broader: "Bangladeshi" also names Asian people.

    Attributes:
        titles: Document id -> title, in order of the documents' numbers.
        passages: Document id -> its passages, in order.
        concepts: The vocabularies.
    """

    def __init__(self, index: Generation, titles: Mapping[str, str], concepts: Concepts) -> None:
        """Prepare for an index.

        Args:
            index: Passages, and what they name.
            titles: Document id -> title, in order of the documents' numbers.
            concepts: The vocabularies.
        """
        self.titles = titles
        self.concepts = concepts
        self.passages: dict[str, list[Passage]] = defaultdict(list)
        for passage in index.passages:
            self.passages[passage.document_id].append(passage)
        self._index = index
        self.numbers = lru_cache(maxsize=_VIEWS)(self._numbers)
        self.named = lru_cache(maxsize=_VIEWS)(self._named)
        self.documents = lru_cache(maxsize=_VIEWS)(self._documents)
        self.beside = lru_cache(maxsize=_VIEWS)(self._beside)
        self.named_in_title = lru_cache(maxsize=_VIEWS)(self._named_in_title)

    def _named(self, passage: Passage) -> frozenset[Concept]:
        """What a passage names."""
        own = self._by_passage.get(passage.id, frozenset())
        return self.concepts.with_broader(own) | self.named_in_title(passage.document_id)

    def _named_in_title(self, document: str) -> frozenset[Concept]:
        return self.concepts.with_broader(self.concepts.named(self.titles[document]))

    def _documents(self, concept: Concept) -> frozenset[str]:
        """Ids of the documents that name a concept, or a narrower one, somewhere."""
        found = {d for d in self.titles if concept in self.named_in_title(d)}
        for narrower in self.concepts.narrower(concept):
            places = self._index.names.get(narrower.key, ())
            found.update(self._index.passages[number].document_id for number in places)
        return frozenset(found)

    def _numbers(self, concept: Concept) -> NDArray[np.int64]:
        """Numbers of the passages that name a concept, or a narrower one, ascending."""
        found: set[int] = set()
        for narrower in self.concepts.narrower(concept):
            found.update(self._index.names.get(narrower.key, ()))
        for document in self.titles:
            if concept in self.named_in_title(document):
                found.update(self._numbers_of[document])
        return np.array(sorted(found), dtype=np.int64)

    def _beside(self, concept: Concept) -> frozenset[str]:
        """Ids of the passages that name a concept, or stand beside one of their document that does.

        A narrower concept counts.
        """
        passages = self._index.passages
        places = {int(n) + step for n in self.numbers(concept) for step in (-1, 0, 1)}
        naming = {passages[n].document_id for n in self.numbers(concept)}
        within = (passages[n] for n in places if 0 <= n < len(passages))
        return frozenset(p.id for p in within if p.document_id in naming)

    @cached_property
    def _numbers_of(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = defaultdict(list)
        for number, passage in enumerate(self._index.passages):
            found[passage.document_id].append(number)
        return found

    @cached_property
    def _by_passage(self) -> dict[str, frozenset[Concept]]:
        found: dict[str, set[Concept]] = defaultdict(set)
        for key, places in self._index.names.items():
            for number in places:
                found[self._index.passages[number].id].add(self.concepts.by_key[key])
        return {passage: frozenset(named) for passage, named in found.items()}
