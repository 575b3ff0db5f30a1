"""For which of the groups asked about a quotation holds, and for which the library holds nothing.

By each axis asked about a quotation is *direct* (it reports for the group or a narrower one),
*studied* (the group took part; nothing is reported for it here), *related* (it reports for a
broader or neighbouring group, which is named) or *general*. Always by words that can be shown;
nothing is inferred and no score lifts a quotation up.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from retriever.concepts import Concept, Concepts
from retriever.intents import Intent, intents
from retriever.labels import joined
from retriever.naming import Naming
from retriever.question import named
from retriever.schema import MATCHES, Basis, Match, Passage
from retriever.sentences import units
from retriever.whom import Relation, Tag, asked_about, is_compared_with, is_labelled, tags

_VIEWS = 20_000
_WHOLE = 12  # a document of so many passages is about one thing; of a longer one what stands near
_FEW = 3  # documents
_NAMED = 2  # documents
_ORDER: tuple[Relation, ...] = ("reported", "studied", "absent", "mentioned")
_TOPICS = ("topic", "intervention", "outcome")


@dataclass(frozen=True)
class Shortfall:
    """A group asked about for which no document on the topic reports anything.

    Attributes:
        topics: What the question is about, as far as the vocabularies know it; may be empty.
        searched: How many documents were looked through.
        on_topic: How many of them speak of the topics.
        studied: In how many of those the group took part.
        named: In how many more it is named, by the way or as missing.
        nearest: A broader or neighbouring group that some of those report for, and their ids.
    """

    group: Concept
    topics: tuple[Concept, ...]
    searched: int
    on_topic: int
    studied: int
    named: int
    nearest: tuple[Concept, tuple[str, ...]] | None


@dataclass(frozen=True)
class Silence:
    """Something asked for that no document on the topic, or on it for a group, speaks of.

    Attributes:
        intent: What the question wants to know.
        topics: What it is about, at least one.
        group: The group that the documents report a result for; None: whatever they report.
        on_topic: How many documents these are.
    """

    intent: Intent
    topics: tuple[Concept, ...]
    group: Concept | None
    on_topic: int


class Equity:
    """Reads off the passages of one index whom they are about. Safe for many threads."""

    def __init__(self, naming: Naming) -> None:
        """Prepare for an index.

        Args:
            naming: What its passages and documents name.
        """
        self._naming = naming
        self._concepts = naming.concepts

    def asked(self, question: str) -> tuple[Concept, ...]:
        """The groups that a question asks about; see `whom.asked_about`."""
        return asked_about(question, self._concepts)

    def topics(self, question: str) -> tuple[Concept, ...]:
        """What a question is about: its topics, else its interventions, else its outcomes.

        Left out is what takes another of them in.
        """
        subjects = self.subjects(question)
        asked = [c for c in named(question, self._concepts) if c in subjects]
        of_kinds = ([c for c in asked if c.kind == kind] for kind in _TOPICS)
        return tuple(next(filter(None, of_kinds), []))

    def subjects(self, question: str) -> frozenset[Concept]:
        """The topics, interventions and outcomes that a question names.

        A topic named by words of a group, as "Roma health" is, says whom it is about.
        """
        mentions = self._concepts.mentions(question)
        groups = [m for m in mentions if is_labelled(m.concept)]
        return frozenset(
            m.concept
            for m in mentions
            if m.concept.kind in _TOPICS
            and not (
                m.concept.kind == "topic"
                and any(m.start < g.end and g.start < m.end for g in groups)
            )
        )

    def reported_for(self, quote: str, passage: Passage) -> tuple[str, ...]:
        """Labels of the groups that a quotation reports something for, asked about or not."""
        found = self._tags_of(quote, passage)
        labels = [t.group.label for t in found if t.relation == "reported" and is_labelled(t.group)]
        return tuple(dict.fromkeys(labels))

    def basis(self, quote: str, passage: Passage, asked: Sequence[Concept]) -> tuple[Basis, ...]:
        """For each group asked about, whom a quotation is about; in the order of the question.

        Args:
            quote: Word for word out of the passage.
            passage: Where it stands.
            asked: Groups, as `asked` gives them.
        """
        found = self._tags_of(quote, passage)
        return tuple(self._match(group, found, passage.document_id) for group in asked)

    def is_on(self, passage: Passage, subjects: Iterable[Concept]) -> bool:
        """Whether a passage, or one beside it, names one of some subjects."""
        return any(passage.id in self._naming.beside(subject) for subject in subjects)

    def _match(self, group: Concept, found: Sequence[Tag], document: str) -> Basis:
        within = self._naming.narrower(group)
        own = [tag for tag in found if tag.group in within]
        if reported := [tag for tag in own if tag.relation == "reported"]:
            return _basis(group, "direct", *reported)
        if took_part := [tag for tag in own if tag.relation == "studied"]:
            return _basis(group, "studied", *took_part)
        close = [t for t in found if t.relation == "reported" and self._close(group, t.group)]
        if own:
            return _basis(group, "related", close[0]) if close else _basis(group, "general", own[0])
        elsewhere = self._in_document(document, group, ())
        if elsewhere is not None and elsewhere.relation in ("reported", "studied"):
            return dataclasses.replace(_basis(group, "studied", elsewhere), place="document")
        if close:
            return _basis(group, "related", close[0])
        return Basis(group.axis, "general", group.label)

    def _close(self, group: Concept, other: Concept) -> bool:
        """Whether another group takes a group in, or stands beside it under the same one."""
        above = set(group.broader)
        return other in self._concepts.broader(group) or bool(above & set(other.broader))

    def shortfalls(self, question: str, documents: Collection[str]) -> list[Shortfall]:
        """The groups asked about for which none of some documents on the topic reports anything.

        Args:
            question: As asked.
            documents: Ids of the documents that may be looked at.
        """
        topics, on_topic = self._on_topic(self.topics(question), documents)
        return [
            shortfall
            for group in self.asked(question)
            if not is_compared_with(group)
            and (shortfall := self._shortfall(group, topics, on_topic, len(documents))) is not None
        ]

    def unspoken(self, question: str, documents: Collection[str]) -> tuple[Concept, ...]:
        """The topics and interventions asked about, where none of some documents names any.

        Args:
            question: As asked.
            documents: Ids of the documents that may be looked at.
        """
        subjects = frozenset(c for c in self.subjects(question) if c.kind != "outcome")
        asked = [c for c in named(question, self._concepts) if c in subjects]
        spoken = any(self._naming.documents(c) & frozenset(documents) for c in asked)
        return () if spoken else tuple(asked)

    def silences(self, question: str, documents: Collection[str]) -> list[Silence]:
        """What a question wants to know and no document on its topic has a word on.

        By the words of `data/intents.toml`, looked for in the whole of each document, so that
        what is said to be missing is not there. A group without any result is a shortfall, and
        not told again here.

        Args:
            question: As asked.
            documents: Ids of the documents that may be looked at.
        """
        topics, on_topic = self._on_topic(self.topics(question), documents)
        if not topics or not on_topic:
            return []
        groups = [group for group in self.asked(question) if not is_compared_with(group)]
        found = []
        for intent in intents(question):
            if self.silent(on_topic, intent):
                found.append(Silence(intent, topics, None, len(on_topic)))
                continue
            for group in groups:
                held = [d for d in on_topic if self._reports(d, group, topics)]
                if held and self.silent(held, intent):
                    found.append(Silence(intent, topics, group, len(held)))
        return found

    def silent(self, documents: Sequence[str], intent: Intent) -> bool:
        """Whether no document has a word on what a question wants to know."""
        return intent.speaks is not None and not any(
            intent.speaks.search(passage.text)
            for document in documents
            for passage in self._naming.passages[document]
        )

    def _reports(self, document: str, group: Concept, topics: tuple[Concept, ...]) -> bool:
        tag = self._in_document(document, group, topics)
        return tag is not None and tag.relation == "reported"

    def _on_topic(
        self, topics: Sequence[Concept], documents: Collection[str]
    ) -> tuple[tuple[Concept, ...], list[str]]:
        """The topics, with the documents that speak of them all.

        Where these are few, the rarest topic alone: who asks about immunisation and general
        practice is not to be told that no document speaks of both.
        """
        allowed = frozenset(documents)
        naming = {topic: self._naming.documents(topic) & allowed for topic in topics}
        held = sorted(topics, key=lambda c: (len(naming[c]), c.label))
        of_all = allowed.intersection(*naming.values())
        if len(topics) > 1 and len(of_all) < _FEW:
            held = [topic for topic in held if naming[topic]][:1] or held[:1]
            of_all = naming[held[0]]
        return tuple(held), [document for document in documents if document in of_all]

    def _shortfall(
        self, group: Concept, topics: Sequence[Concept], on_topic: Sequence[str], searched: int
    ) -> Shortfall | None:
        found = [self._in_document(document, group, tuple(topics)) for document in on_topic]
        relations = [tag.relation for tag in found if tag is not None]
        if "reported" in relations:
            return None
        return Shortfall(
            group,
            tuple(topics),
            searched,
            len(on_topic),
            relations.count("studied"),
            len(relations) - relations.count("studied"),
            self._nearest(group, tuple(topics), on_topic),
        )

    def _nearest(
        self, group: Concept, topics: tuple[Concept, ...], on_topic: Sequence[str]
    ) -> tuple[Concept, tuple[str, ...]] | None:
        """The narrowest broader group, or else the neighbour, that most documents report for.

        What is offered must be on the topics itself, so only passages that name them count.
        """
        others = [c for c in self._concepts.words if c.kind == "group" and self._close(group, c)]
        holding = {}
        for other in others:
            found = ((d, self._in_document(d, other, topics, strictly=True)) for d in on_topic)
            holding[other] = tuple(d for d, tag in found if tag and tag.relation == "reported")
        held = [other for other in others if holding[other]]
        if not held:
            return None
        above = self._concepts.broader(group)
        best = max(
            held, key=lambda c: (c in above, len(self._concepts.broader(c)), len(holding[c]))
        )
        return best, holding[best]

    def _in_document(
        self, document: str, group: Concept, topics: tuple[Concept, ...], strictly: bool = False
    ) -> Tag | None:
        """The strongest tag of a group, or a narrower one, where a document is on the topics."""
        if document not in self._naming.documents(group):
            return None
        within = self._naming.narrower(group)
        best: Tag | None = None
        for passage in self.near(document, topics, strictly):
            if group not in self._naming.named(passage):
                continue
            for tag in self.tags(passage):
                if tag.group in within and (best is None or stronger(tag.relation, best.relation)):
                    best = tag
            if best is not None and best.relation == "reported":
                break
        return best

    def near(
        self, document: str, topics: Sequence[Concept], strictly: bool = False
    ) -> list[Passage]:
        """The passages of a document that count as on some topics, in order of the text.

        In a short document all do, unless one alone names the topics, by the way; in a longer one
        those that name them and those beside them; `strictly` only those that name them.
        """
        passages = self._naming.passages[document]
        names = [self._naming.named(passage) for passage in passages]
        places = _places(names, topics)
        if len(places) == 1 and len(passages) <= _WHOLE:
            strictly = True
        elif not strictly and len(passages) <= _WHOLE:
            return passages
        if strictly:
            return [passages[place] for place in sorted(places)]
        near = {place + step for place in places for step in (-1, 0, 1)}
        return [passage for number, passage in enumerate(passages) if number in near]

    def tags(self, passage: Passage) -> Sequence[Tag]:
        """The tags of a passage's sentences, in order."""
        title = self._naming.titles[passage.document_id]
        return _tags_kept(passage.text, passage.section, title, self._concepts)

    def _tags_of(self, text: str, passage: Passage) -> list[Tag]:
        """The tags of the sentences of a text out of a passage."""
        title = self._naming.titles[passage.document_id]
        return _tags(text, passage.section, title, self._concepts)


def _tags(text: str, section: Sequence[str], title: str, concepts: Concepts) -> list[Tag]:
    return [
        tag
        for start, end in units(text)
        for tag in tags(text[start:end], section, title, concepts)
    ]


# Kept for whatever index comes next: it does not depend on one.
_tags_kept = lru_cache(maxsize=_VIEWS)(_tags)


def _places(names: Sequence[frozenset[Concept]], topics: Sequence[Concept]) -> list[int]:
    """The passages that name all of some topics, by what each names."""
    return [n for n, found in enumerate(names) if all(topic in found for topic in topics)]


def stronger(one: Relation, other: Relation) -> bool:
    """Whether a relation says more about a group than another one."""
    return _ORDER.index(one) < _ORDER.index(other)


def by_axis(basis: Iterable[Basis]) -> dict[str, Match]:
    """The closest match on each axis asked about, in the order of the question."""
    closest: dict[str, Match] = {}
    for each in basis:
        known = closest.setdefault(each.axis, each.match)
        closest[each.axis] = min(known, each.match, key=MATCHES.index)
    return closest


def _basis(group: Concept, match: Match, *found: Tag) -> Basis:
    """What a match rests on: the group's own words, else those of all the narrower ones."""
    exact = [tag for tag in found if tag.group == group]
    place = (exact or found)[0].place
    tags = exact[:1] or [tag for tag in found if tag.place == place]
    labels = dict.fromkeys(tag.group.label for tag in tags)
    words = dict.fromkeys(tag.words for tag in tags)
    return Basis(group.axis, match, group.label, joined(list(labels)), "”, “".join(words), place)


def without_result(shortfalls: Sequence[Shortfall]) -> float:
    """Whether a group asked about has no result, from 0 to 1; half where it took part."""
    return max((0.5 if shortfall.studied else 1.0 for shortfall in shortfalls), default=0.0)


def in_words(shortfall: Shortfall, titles: Mapping[str, str]) -> str:
    """A shortfall in plain words.

    Args:
        shortfall: What is missing.
        titles: Document id -> title.
    """
    topics = " and ".join(topic.label for topic in shortfall.topics)
    group, count = shortfall.group.label, shortfall.on_topic
    searched = _of_all(shortfall.searched)
    if not shortfall.topics:
        said = f"None of the {_works(shortfall.searched)} searched reports a result for {group}."
    elif not count:
        return unspoken_in_words(topics, shortfall.searched)
    elif count == 1:
        said = f"One {searched} speaks of {topics}; it reports no result on it for {group}."
    else:
        said = (
            f"{count} {searched} speak of {topics}; none of them reports a result on it for "
            f"{group}."
        )
    if named := shortfall.studied + shortfall.named:
        said += f" They took part or are named in {_works(named)}, without a result of their own."
    if shortfall.nearest:
        nearest, documents = shortfall.nearest
        where = ", ".join(f"“{titles[document]}”" for document in documents[:_NAMED])
        where += " and others" if len(documents) > _NAMED else ""
        said += f" Nearest: results for {nearest.label}, in {_works(len(documents))}: {where}."
    return said


def unspoken_in_words(subjects: str, searched: int) -> str:
    """What no document speaks of at all, in plain words."""
    return f"None of the {_works(searched)} searched speaks of {subjects}."


def silence_in_words(silence: Silence) -> str:
    """What no document speaks of, in plain words."""
    topics = " and ".join(topic.label for topic in silence.topics)
    about, count = silence.intent.about, silence.on_topic
    if silence.group is None:
        if count == 1:
            return f"The one document that speaks of {topics} has no word on {about}."
        return f"None of the {count} documents that speak of {topics} has a word on {about}."
    group = silence.group.label
    if count == 1:
        return f"The one document with a result on {topics} for {group} has no word on {about}."
    return (
        f"None of the {count} documents with a result on {topics} for {group} has a word on "
        f"{about}."
    )


def _of_all(count: int) -> str:
    alone = "document, the only one searched,"
    return alone if count == 1 else f"of the {count} documents searched"


def _works(count: int) -> str:
    return "1 document" if count == 1 else f"{count} documents"
