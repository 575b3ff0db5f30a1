"""Hits -> how much of what was asked the library speaks of, and what of it nothing speaks of.

Similarity finds passages on a question's topic. Whether anything speaks of the very group,
intervention and outcome that were asked for shows in whether one document names them all. What it
does not name is what the library has no answer on; how sure that is depends on how rare the word
is, on whether something close to it is named, and on how well the passages answer otherwise. That
is one number for each entry of `COVERAGE`, and `data/coverage.toml` says what each counts (see
`ranker.py`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from retriever.concepts import Concept
from retriever.features import Matrix
from retriever.naming import Naming
from retriever.schema import Hit, Passage

COVERAGE: tuple[str, ...] = (
    "nearness",
    "best_passage",
    "intervention",
    "outcome",
    "topic",
    "people",
    "age_sex_or_place",
    "largest",
    "nearest_document",
    "one_passage",
    "best_document",
    "group_without_result",
)
"""Names in the order of the columns. All from `intervention` on weigh what is not named."""

# Groups whom a document names when it is about them. Age, sex and place often go without saying.
_NAMED_AXES = frozenset(
    {"ethnicity", "migration", "religion", "inclusion", "sexuality", "disability"}
)
_HITS = 9  # looked into are the documents of the best passages: those that findings come from
_WHOLE = 12  # a document of so many passages is looked at whole; of a longer one what was found
_LATER = 0.03  # a document further down must name more to count as the nearest
_NOT_WEIGHED = -1.0  # log odds of a middling best passage, where no ranker weighed them
_BEST_PASSAGE = 0.2  # chosen together with `answers.min_nearness`, see benchmarks/README.md
_LITTLE = -2.0  # log odds, about 1 to 7
_SIMILARITY_ALONE = 0.23  # of 1 in 100 answerable questions, the best similarity is below 0.33
_MOST = 1.5
_RELATED = 0.5  # a close relative of what was asked is named
_RELATED_PEOPLE = 0.2  # the same for age, sex and place, where "children" nearly says "toddlers"
_UNNAMED_PEOPLE = 0.6
_WORTH_SAYING = 0.25


@dataclass(frozen=True)
class Coverage:
    """How much of a question one document speaks of.

    Attributes:
        features: Shape `(1, len(COVERAGE))`.
        document_id: The document that names most of what was asked; empty without hits.
        missing: What it does not name and that is worth saying, most telling first.
        unnamed: The peoples asked about, and the other groups that a document names when it is
            about them, that none of the documents looked into names.
    """

    features: Matrix
    document_id: str
    missing: tuple[Concept, ...]
    unnamed: tuple[Concept, ...]


class CoverageReader:
    """Reads coverage off the hits in one index. Safe for many threads."""

    def __init__(self, naming: Naming) -> None:
        """Prepare for an index.

        Args:
            naming: What its passages and documents name.
        """
        self._naming = naming
        self._concepts = naming.concepts

    def read(self, question: str, hits: Sequence[Hit], without_result: float) -> Coverage:
        """How much of a question is spoken of.

        Args:
            question: As asked.
            hits: In evidence mode, best first, at least one.
            without_result: See `equity.without_result`.
        """
        asked = self._concepts.named(question)
        named = {
            document: self._in_document(document, hits)
            for document in dict.fromkeys(hit.passage.document_id for hit in hits[:_HITS])
        }
        missing = [(document, self._missing(asked, names)) for document, names in named.items()]
        totals = [sum(m.values()) + _LATER * place for place, (_, m) in enumerate(missing)]
        nearest = int(np.argmin(totals))
        document, unnamed = missing[nearest]
        in_passages = [self._missing(asked, self._naming.named(h.passage)) for h in hits[:_HITS]]
        row = {
            "nearness": nearness(hits),
            "best_passage": _best_passage(hits),
            **{kind: _most(unnamed, kind) for kind in ("intervention", "outcome", "topic")},
            "people": max((w for c, w in unnamed.items() if c.axis in _NAMED_AXES), default=0.0),
            "age_sex_or_place": max(
                (w for c, w in unnamed.items() if c.axis and c.axis not in _NAMED_AXES), default=0.0
            ),
            "largest": max(unnamed.values(), default=0.0),
            "nearest_document": min(_MOST, totals[nearest]),
            "one_passage": min(_MOST, *(sum(m.values()) for m in in_passages)),
            "best_document": min(_MOST, sum(missing[0][1].values())),
            "group_without_result": without_result,
        }
        ordered = sorted(unnamed.items(), key=lambda item: (-item[1], item[0].label))
        return Coverage(
            np.array([[row[name] for name in COVERAGE]]),
            document,
            tuple(
                concept
                for concept, weight in ordered
                if weight >= _WORTH_SAYING and not self._may_name(document, concept)
            ),
            tuple(
                concept
                for concept in sorted(asked.difference(*named.values()), key=lambda c: c.label)
                if concept.axis in _NAMED_AXES
                and not any(self._may_name(document, concept) for document in named)
            ),
        )

    def _may_name(self, document: str, concept: Concept) -> bool:
        """Whether a long document may name a concept on a page that was not looked at.

        Then nobody may say that it does not. Of a short one every passage was looked at.
        """
        long = len(self._naming.passages[document]) > _WHOLE
        return long and document in self._naming.documents(concept)

    def _in_document(self, document: str, hits: Sequence[Hit]) -> frozenset[Concept]:
        """What a document names: all of a short one, of a long one the passages found."""
        passages: Sequence[Passage] = self._naming.passages[document]
        if len(passages) > _WHOLE:
            found = [h.passage for h in hits if h.passage.document_id == document]
            passages = found[:_WHOLE]
        return frozenset().union(*map(self._naming.named, passages))

    def _missing(
        self, asked: frozenset[Concept], named: frozenset[Concept]
    ) -> dict[Concept, float]:
        """What of the asked is not named, with how much that tells."""
        return {
            concept: self._weigh(concept) * self._share(concept, named)
            for concept in asked - named
        }

    def _share(self, concept: Concept, named: frozenset[Concept]) -> float:
        """How much of a concept's weight counts where it is not named itself."""
        if concept.axis in _NAMED_AXES:
            return 1.0  # a broader or neighbouring people is not the one asked about
        broader = self._concepts.broader(concept)
        close = bool(broader & named) or any(
            broader & self._concepts.broader(other) for other in named if other.kind == concept.kind
        )
        if concept.axis:
            return _RELATED_PEOPLE if close else _UNNAMED_PEOPLE
        return _RELATED if close else 1.0

    def _weigh(self, concept: Concept) -> float:
        """How rare the documents are that name a concept, 1 where none does.

        ln((N + 1) / (n + 0.5)) as a share of its highest, so that libraries of all sizes are alike.
        """
        documents = len(self._naming.titles) + 1
        naming = len(self._naming.documents(concept))
        return math.log(documents / (naming + 0.5)) / math.log(documents / 0.5)


def nearness(hits: Sequence[Hit]) -> float:
    """How near the library comes to a question; below `answers.min_nearness` it is not answered.

    The best similarity among the hits, and more or less for how likely the best passage answers:
    nothing at odds of 1 to 7. Off-topic questions mostly come to less than 0, most that a library
    answers to more than 0.3. Where no ranker weighed the passages, similarity alone decides.
    """
    if not hits:
        return -1.0
    similar = max(hit.vector_score or 0.0 for hit in hits)
    if not hits[0].shares:
        return similar - _SIMILARITY_ALONE
    return similar + _BEST_PASSAGE * (_best_passage(hits) - _LITTLE)


def _best_passage(hits: Sequence[Hit]) -> float:
    """Log odds that the best passage answers."""
    chance = hits[0].score
    return math.log(chance / (1 - chance)) if hits[0].shares else _NOT_WEIGHED


def _most(unnamed: Mapping[Concept, float], kind: str) -> float:
    return max((weight for concept, weight in unnamed.items() if concept.kind == kind), default=0.0)
