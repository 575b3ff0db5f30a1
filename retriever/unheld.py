"""Words of a question that no document searched has.

The vocabularies know some thousand things; people ask of others as well. A question on "pulse
oximeters" finds passages that are near to it, and none of them may have a word on oximeters. That
can be told without a vocabulary.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache, reduce

import numpy as np

from retriever.concepts import Concept, Concepts
from retriever.lexical import LexicalIndex, Numbers
from retriever.tokens import tokenise
from retriever.vocabulary import DATA, read_toml

EVERYDAY = DATA / "everyday.toml"
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_SHORTEST = 3  # letters


def unheld(
    question: str, concepts: Concepts, lexical: LexicalIndex, allowed: Numbers
) -> tuple[str, ...]:
    """The words of a question that stand in none of the passages searched, in their order.

    Words that the vocabularies know are left out, since a document may speak of the same thing in
    others, and everyday words. Another ending is the same word.

    Args:
        question: As asked.
        concepts: The vocabularies.
        lexical: BM25 over all passages.
        allowed: Numbers of the passages searched, ascending.
    """
    known = [(mention.start, mention.end) for mention in concepts.mentions(question)]
    words = {
        match.group(): tokenise(match.group())
        for match in _WORD.finditer(question)
        if len(match.group()) >= _SHORTEST
        and not any(start < match.end() and match.start() < end for start, end in known)
    }
    return tuple(
        word
        for word, terms in words.items()
        if terms
        and not _everyday().intersection(terms)
        and not any(_stands(term, lexical, allowed) for term in terms)
    )


def stand_together(
    question: str,
    asked: Collection[Concept],
    concepts: Concepts,
    lexical: LexicalIndex,
    allowed: Numbers,
) -> bool:
    """Whether a passage has all the words by which a question names something, in any order.

    "Walks along the canal, led by volunteers" is no name of ours for the led walks asked about,
    and may speak of them. One word alone is not enough: it would have been a name.

    Args:
        question: As asked.
        asked: What it names.
        concepts: The vocabularies.
        lexical: BM25 over all passages.
        allowed: Numbers of the passages searched, ascending.
    """
    said = (
        set(tokenise(question[mention.start : mention.end]))
        for mention in concepts.mentions(question)
        if mention.concept in asked
    )
    return any(
        len(terms) > 1
        and reduce(np.intersect1d, (lexical.holding(term) for term in terms), allowed).size
        for terms in said
    )


def _stands(term: str, lexical: LexicalIndex, allowed: Numbers) -> bool:
    return bool(np.isin(lexical.holding(term), allowed, assume_unique=True).any())


@cache
def _everyday() -> frozenset[str]:
    """The everyday words, as terms."""
    return frozenset(term for word in read_toml(EVERYDAY)["words"] for term in tokenise(word))
