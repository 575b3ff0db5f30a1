"""What a library is made of, and where it is thin: kinds, years, publishers, topics and groups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from retriever.concepts import Concept
from retriever.labels import kind_of_source
from retriever.schema import Metadata
from retriever.search import Searcher
from retriever.whom import is_compared_with, is_labelled

UNSTATED = "Not stated"
BAND = 5
"""Years that are counted together."""

THIN = 1
"""Of what so many documents or fewer speak, the library is thin."""


@dataclass(frozen=True)
class Count:
    """How many documents are of one kind, year, publisher or country."""

    label: str
    documents: int


@dataclass(frozen=True)
class Held:
    """How many documents speak of a topic or a group.

    Attributes:
        documents: Those that name it, or a narrower one.
        reported: Of a group, those that report a result or advice for it; of a topic, as many as
            name it.
    """

    concept: Concept
    documents: int
    reported: int


@dataclass(frozen=True)
class Health:
    """What a library is made of.

    Attributes:
        documents: How many there are.
        kinds: By kind of source, the most first; likewise `publishers` and `countries`.
        years: In bands of `BAND` years, the oldest first, the empty ones between included.
        topics: In order of their labels.
        groups: By axis, in order of the vocabulary; without those that others are compared with.
    """

    documents: int
    kinds: tuple[Count, ...]
    years: tuple[Count, ...]
    publishers: tuple[Count, ...]
    countries: tuple[Count, ...]
    topics: tuple[Held, ...]
    groups: tuple[Held, ...]


def of(searcher: Searcher, documents: Sequence[str]) -> Health:
    """Look at an index.

    Args:
        searcher: The index in memory.
        documents: Ids of the documents that are there.
    """
    known = [searcher.files[document].entry.metadata for document in documents]
    allowed = frozenset(documents)
    naming = searcher.naming
    topics = [
        Held(concept, number, number)
        for concept in sorted(naming.concepts.words, key=lambda c: c.label.casefold())
        if concept.kind == "topic"
        for number in [len(naming.documents(concept) & allowed)]
    ]
    groups = [
        Held(
            concept,
            len(naming.documents(concept) & allowed),
            len(searcher.mapper.reporting(concept) & allowed),
        )
        for concept in naming.concepts.words
        if concept.kind == "group" and is_labelled(concept) and not is_compared_with(concept)
    ]
    return Health(
        len(known),
        _most_first(kind_of_source(metadata.source_type) for metadata in known),
        _by_years(known),
        _most_first(metadata.publisher or UNSTATED for metadata in known),
        _most_first(metadata.country or UNSTATED for metadata in known),
        tuple(topics),
        tuple(groups),
    )


def thin(held: Iterable[Held]) -> list[Held]:
    """What the library is thin of, that of which it holds nothing first."""
    return sorted((one for one in held if one.reported <= THIN), key=lambda one: one.reported)


def _most_first(labels: Iterable[str]) -> tuple[Count, ...]:
    counts = Counter(labels)
    ordered = sorted(counts, key=lambda label: (label == UNSTATED, -counts[label], label))
    return tuple(Count(label, counts[label]) for label in ordered)


def _by_years(known: Iterable[Metadata]) -> tuple[Count, ...]:
    bands = Counter(m.year // BAND * BAND if m.year else None for m in known)
    stated = [band for band in bands if band is not None]
    every = range(min(stated), max(stated) + 1, BAND) if stated else ()
    counts = [Count(f"{first} to {first + BAND - 1}", bands[first]) for first in every]
    unstated = [Count(UNSTATED, bands[None])] if bands[None] else []
    return (*counts, *unstated)
