"""Which passages and documents of an index name what, by the vocabularies."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache

import numpy as np

from retriever.concepts import Concept, Concepts
from retriever.generation import Generation
from retriever.lexical import Numbers
from retriever.schema import Passage

_VIEWS = 20_000
_TITLES = 100_000  # documents


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
        self.passages: Mapping[str, list[Passage]] = _ByDocument(index)
        self._index = index
        self._number_of = {document: number for number, document in enumerate(titles)}
        self.numbers = lru_cache(maxsize=_VIEWS)(self._numbers)
        self.named = lru_cache(maxsize=_VIEWS)(self._named)
        self.documents = lru_cache(maxsize=_VIEWS)(self._documents)
        self.beside = lru_cache(maxsize=_VIEWS)(self._beside)

    def warm_up(self) -> None:
        """Make ready what the first question would wait for: all titles are read for it."""
        for passage in self._index.passages[:1]:
            self.named(passage)
        for concept in itertools.islice(self.concepts.words, 1):
            self.numbers(concept)

    def _named(self, passage: Passage) -> frozenset[Concept]:
        """What a passage names."""
        number = self._place(passage)
        starts, concepts = self._by_passage
        own = concepts[starts[number] : starts[number + 1]]
        named = self.concepts.with_broader(self._keyed[key] for key in own)
        return named | self.named_in_title(passage.document_id)

    def _place(self, passage: Passage) -> int:
        """A passage's number, from its id."""
        document = self._number_of[passage.document_id]
        return int(self._index.firsts[document]) + int(passage.id.rpartition(":")[2]) - 1

    def narrower(self, concept: Concept) -> frozenset[Concept]:
        """Every concept that this one takes in, and itself."""
        return _narrower(concept, self.concepts)

    def named_in_title(self, document: str) -> frozenset[Concept]:
        """What a document's title names, and all that is broader."""
        return _in_title(self.titles[document], self.concepts)

    def _documents(self, concept: Concept) -> frozenset[str]:
        """Ids of the documents that name a concept, or a narrower one, somewhere."""
        found = np.unique(self._index.document_of[self._in_text(concept)])
        ids = (self._index.documents[number] for number in found)
        return frozenset(ids).union(self._by_title.get(concept, ()))

    def _numbers(self, concept: Concept) -> Numbers:
        """Numbers of the passages that name a concept, or a narrower one, ascending."""
        firsts = self._index.firsts
        titled = [self._number_of[document] for document in self._by_title.get(concept, ())]
        whole = [np.arange(firsts[number], firsts[number + 1]) for number in titled]
        return np.unique(np.concatenate([self._in_text(concept), *whole]))

    def _in_text(self, concept: Concept) -> Numbers:
        """Numbers of the passages that name it, or a narrower one, in no order."""
        places = (self._index.names.get(one.key, ()) for one in self.narrower(concept))
        return np.concatenate([np.asarray(numbers, dtype=np.int64) for numbers in places])

    def _beside(self, concept: Concept) -> frozenset[str]:
        """Ids of the passages that name a concept, or stand beside one of their document that does.

        A narrower concept counts.
        """
        numbers = self.numbers(concept)
        document_of, firsts = self._index.document_of, self._index.firsts
        places = np.unique(np.concatenate([numbers - 1, numbers, numbers + 1]))
        places = places[(places >= 0) & (places < len(document_of))]
        places = places[np.isin(document_of[places], document_of[numbers])]
        documents = document_of[places]
        ids = (self._index.documents[document] for document in documents)
        return frozenset(
            f"{document}:{number:04d}"
            for document, number in zip(ids, (places - firsts[documents] + 1).tolist(), strict=True)
        )

    @cached_property
    def _by_title(self) -> dict[Concept, list[str]]:
        """Concept -> ids of the documents whose title names it, or a narrower one, in order."""
        found: dict[Concept, list[str]] = {}
        for document in self.titles:
            for concept in self.named_in_title(document):
                found.setdefault(concept, []).append(document)
        return found

    @cached_property
    def _keyed(self) -> list[Concept]:
        """The concepts that passages name, as numbered in `_by_passage`."""
        return [self.concepts.by_key[key] for key in self._index.names]

    @cached_property
    def _by_passage(self) -> tuple[Numbers, Numbers]:
        """For each passage where what it names begins, and the numbers of what is named."""
        places = [np.asarray(numbers, dtype=np.int64) for numbers in self._index.names.values()]
        passages = np.concatenate([np.empty(0, dtype=np.int64), *places])
        concepts = np.repeat(np.arange(len(places)), [len(numbers) for numbers in places])
        counts = np.bincount(passages, minlength=len(self._index.passages))
        order = np.argsort(passages, kind="stable")
        return np.concatenate([[0], np.cumsum(counts)]), concepts[order]


class _ByDocument(Mapping[str, list[Passage]]):
    """The passages of an index, document by document."""

    def __init__(self, index: Generation) -> None:
        self._index = index
        self._number_of = {document: number for number, document in enumerate(index.documents)}

    def __getitem__(self, document: str) -> list[Passage]:
        number, firsts = self._number_of[document], self._index.firsts
        return list(self._index.passages[int(firsts[number]) : int(firsts[number + 1])])

    def __iter__(self) -> Iterator[str]:
        return iter(self._index.documents)

    def __len__(self) -> int:
        return len(self._index.documents)


# Kept for whatever index comes next: neither depends on it.
@lru_cache(maxsize=_TITLES)
def _in_title(title: str, concepts: Concepts) -> frozenset[Concept]:
    return concepts.with_broader(concepts.named(title))


@lru_cache(maxsize=_VIEWS)
def _narrower(concept: Concept, concepts: Concepts) -> frozenset[Concept]:
    return concepts.narrower(concept)
