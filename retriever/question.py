"""Question -> Query. Refuses what cannot be searched for; the rest is taken as it stands."""

from __future__ import annotations

import unicodedata

from retriever.errors import BadQuestion
from retriever.schema import Query

LONGEST_QUESTION = 1000


def understand(text: str) -> Query:
    """Read a question.

    White space is folded and control characters are dropped; nothing else is changed, and no
    character has a special meaning: quotes and operators are searched for as words.

    Raises:
        BadQuestion: Empty, without any letter or digit, or longer than 1,000 characters.
    """
    printable = "".join(" " if unicodedata.category(c) == "Cc" else c for c in text)
    question = " ".join(printable.split())
    if not question:
        raise BadQuestion(
            "The question is empty. Type a question, for example: What increases "
            "uptake of bowel cancer screening in deprived areas?"
        )
    if len(question) > LONGEST_QUESTION:
        raise BadQuestion(
            f"The question has {len(question):,} characters; at most {LONGEST_QUESTION:,} can be "
            "read. Shorten it to one question in a sentence or two."
        )
    if not any(c.isalnum() for c in question):
        raise BadQuestion(
            f"The question '{question[:40]}' holds no word to search for. Type a question in words."
        )
    return Query(text=question)
