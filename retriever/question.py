"""Question -> Query: what it names and wants to know, as a person may then put right.

What is taken out of a question is not searched for, and what is added is, as if the question had
been put so. Otherwise the question is searched for as it stands.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from retriever.concepts import Concept, Concepts
from retriever.concepts import packaged as vocabularies
from retriever.errors import BadQuestion
from retriever.intents import intents
from retriever.intents import packaged as known_intents
from retriever.schema import Change, Query

LONGEST_QUESTION = 1000
AS_ASKED = Change()


@dataclass(frozen=True)
class Part:
    """Something that a question was understood to hold; `key` as `group:bangladeshi`.

    Attributes:
        kind: `group`, `topic`, `intervention`, `outcome` or `intent`.
        label: What people are shown.
    """

    key: str
    kind: str
    label: str


def understand(text: str, change: Change = AS_ASKED) -> Query:
    """Read a question.

    White space is folded and control characters are dropped; nothing else is changed, and no
    character has a special meaning: quotes and operators are searched for as words.

    Args:
        text: As a person put it.
        change: What the person took out and added.

    Raises:
        BadQuestion: Empty, without any letter or digit, or longer than 1,000 characters; a change
            names what is no part of any question, or leaves nothing to search for.
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
    return Query(text=_changed(question, change))


def named(text: str, concepts: Concepts) -> list[Concept]:
    """What a question names, in its order, without what takes another of it in.

    "Learning disability" is a group and a topic; where people are meant it is no topic.
    """
    mentions = concepts.mentions(text)
    people = {(m.start, m.end) for m in mentions if m.concept.kind == "group"}
    found = [
        m.concept for m in mentions if m.concept.kind == "group" or (m.start, m.end) not in people
    ]
    broader = {above for concept in found for above in concepts.broader(concept)}
    return [concept for concept in dict.fromkeys(found) if concept not in broader]


def parts(text: str) -> tuple[Part, ...]:
    """What a question was understood to hold, in its order; what it wants to know last."""
    return tuple(
        [Part(concept.key, concept.kind, concept.label) for concept in named(text, vocabularies())]
        + [Part(intent.key, "intent", intent.label) for intent in intents(text)]
    )


def every_part() -> tuple[Part, ...]:
    """All that may be added to a question."""
    concepts = [Part(c.key, c.kind, c.label) for c in vocabularies().words]
    return (*concepts, *(Part(i.key, "intent", i.label) for i in known_intents().values()))


def change_between(text: str, wanted: Collection[str]) -> Change:
    """What to take out of a question and to add, so that it holds the parts that are wanted.

    Args:
        text: The question as asked.
        wanted: Keys of parts.
    """
    held = [part.key for part in parts(text)]
    return Change(
        tuple(key for key in held if key not in wanted),
        tuple(key for key in wanted if key not in held),
    )


def _changed(question: str, change: Change) -> str:
    if change == AS_ASKED:
        return question
    known = {part.key for part in every_part()}
    for key in (*change.without, *change.added):
        if key not in known:
            raise BadQuestion(f"There is no '{key}' to take out of a question or to add."
                              f"{_near(key, known)} `retriever vocabulary list` shows all.")
    kept = _without(question, change.without)
    text = " ".join([kept, *(_words_for(key) for key in change.added)]).strip()
    if not any(c.isalnum() for c in text):
        raise BadQuestion(
            "Nothing is left of the question to search for: leave a word in it, or add something."
        )
    return text


def _near(key: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(key, sorted(known), n=2, cutoff=0.5)
    return f" Did you mean {' or '.join(near)}?" if near else ""


def _without(question: str, keys: Sequence[str]) -> str:
    spans = sorted(span for key in keys for span in _spans(question, key))
    kept, at = [], 0
    for start, end in spans:
        kept.append(question[at : max(at, start)])
        at = max(at, end)
    return " ".join("".join([*kept, question[at:]]).split())


def _spans(question: str, key: str) -> Iterator[tuple[int, int]]:
    """Where a question speaks of a part."""
    if intent := known_intents().get(key):
        yield from (match.span() for match in intent.asked.finditer(question))
    for mention in vocabularies().mentions(question):
        if mention.concept.key == key:
            yield mention.start, mention.end


def _words_for(key: str) -> str:
    """Words that a question names a part by."""
    if intent := known_intents().get(key):
        return intent.adds
    concepts = vocabularies()
    concept = concepts.by_key[key]
    written = (concept.label, *(word.rstrip("*") for word in concepts.words[concept]))
    return next((word for word in written if concept in named(word, concepts)), concept.label)
