"""Sentence -> for which population groups it reports something, and by which words.

Naming a group is not reporting on it. "13% were Black African" says who took part, "no data by
ethnicity" that there is nothing, and "uptake was 42% among Bangladeshi people" what happened to
them. Only the last may be called evidence about the group. The words that tell these apart are the
librarians' (`data/whom.toml`, `data/populations.toml`); a sentence that leaves a doubt is not
counted as reporting.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal

from retriever.concepts import AXES, Concept, Concepts, Mention
from retriever.errors import SettingsError
from retriever.evidence import heading_part, signals, word_pattern
from retriever.question import named
from retriever.vocabulary import DATA, read_toml

Relation = Literal["reported", "studied", "mentioned", "absent"]
Place = Literal["quotation", "heading", "title"]

WORDS = DATA / "whom.toml"
_LISTS = (
    "absent",
    "studied",
    "happened",
    "mentioned",
    "other_work",
    "method_headings",
    "captions",
    "places",
    "not_wholly",
    "people",
    "people_follow",
    "people_from",
    "came_from",
    "people_besides",
    "not_people",
    "ethnic_before",
    "others_asked",
    "measuring",
    "states",
    "linked",
    "allowed_for",
    "sample_headings",
)
_OF_GROUPS = ("compared_with", "in_general")
_OF_AXES = ("labelled_axes", "adjective_axes", "measured_axes", "part_of_a_subject_axes")
_UNSAID = "without_saying"


@dataclass(frozen=True)
class Tag:
    """A group that a sentence has to do with.

    Attributes:
        relation: `reported`: it says what happened to the group, or what to do for it; `studied`:
            that the group took part; `mentioned`: neither; `absent`: that there is nothing on it.
        place: Where the words stand: in the sentence, or in a heading or title over it, from which
            it is inherited.
        words: The words that name the group, as they stand there.
    """

    group: Concept
    relation: Relation
    place: Place
    words: str


def tags(text: str, section: Sequence[str], title: str, concepts: Concepts) -> tuple[Tag, ...]:
    """The groups that a sentence, or a few, have to do with.

    By each axis the nearest words count: the sentence's own, else those of the innermost heading
    that names a group, else the title's; heading and title only where they say that all below is
    about the group. Groups that others are compared with are left out beside those others.

    Args:
        text: The sentence as it stands.
        section: The headings above it, outermost first.
        title: The document's title.
        concepts: The vocabularies.
    """
    mentions = concepts.mentions(text)
    section = [heading for heading in section if heading != title]
    relation = _relation(text, section, mentions)
    places: list[tuple[Place, str]] = [("quotation", text)]
    if _is_about_its_own(text, section):
        places += _over(section, title)
    found: list[Tag] = []
    for place, words in places:
        known = {tag.group.axis for tag in found}
        found += [
            Tag(
                m.concept,
                _told(relation, m, place, words, text, mentions),
                place,
                words[m.start : m.end],
            )
            for m in (mentions if place == "quotation" else _inherited(words, concepts))
            if m.concept.kind == "group"
            and m.concept.id not in _list("in_general")
            and m.concept.axis not in known
            and not _is_a_place(words, m)
            and not _right_behind().match(words, m.end)
            and not _in_an_address(words, m)
        ]
    return tuple(_without_those_compared_with(list(dict.fromkeys(found)), section, concepts))


def _told(
    relation: Relation,
    mention: Mention,
    place: Place,
    words: str,
    text: str,
    mentions: Sequence[Mention],
) -> Relation:
    """What a sentence does for one of its groups: what it does, but reporting needs people."""
    if relation != "reported":
        return relation
    doubtful = mention.concept.axis in _list("measured_axes") and _is_on_measuring(text)
    doubtful |= place == "quotation" and _is_allowed_for(words, mention)
    doubtful |= place == "quotation" and not any(
        _is_people(words, other) for other in _listed_with(mention, mentions)
    )
    doubtful |= place == "title" and not _is_plain_finding(text)
    doubtful |= place == "quotation" and _is_a_bare_state(words, mention)
    return "mentioned" if doubtful else "reported"


def _listed_with(mention: Mention, mentions: Sequence[Mention]) -> list[Mention]:
    """A group's word and those of its axis that follow within one list.

    "80.5 for Indian, 65.9 for Pakistani and 76.6 for Bangladeshi men": the last one tells.
    """
    found = [mention]
    for other in mentions:
        if other.start <= found[-1].start or other.concept.axis != mention.concept.axis:
            continue
        if other.start - found[-1].end > _ONE_LIST // 4 or other.end - mention.start > _ONE_LIST:
            break
        found.append(other)
    return found


def _is_plain_finding(text: str) -> bool:
    """Whether a sentence is a result or a recommendation by more than one sign.

    A whole document stands under its title: notes, headings of tables and remarks too.
    """
    found = signals(text)
    figures = bool(found.figures or found.intervals)
    result = found.result >= 2 or (found.result and figures) or _pattern("happened").search(text)
    whole = text.rstrip().endswith((".", ")", "]", "”", '"'))
    return bool(whole and " | " not in text and (result or found.recommendation))


def _is_allowed_for(text: str, mention: Mention) -> bool:
    """Whether a group stands in a list of what was allowed for: "adjusted for age and deprivation".

    The list ends with its clause.
    """
    if mention.concept.axis not in _list("measured_axes"):
        return False  # age and deprivation are allowed for; a people that is named is not
    before = _CLAUSE_END.split(text[: mention.start])[-1]
    found = list(_pattern("allowed_for").finditer(before))
    return bool(found) and len(before[found[-1].end() :].split()) < _BEFORE_LIST


def _is_a_bare_state(text: str, mention: Mention) -> bool:
    """Whether a group is named by a state of affairs, such as poverty, that nothing is tied to."""
    if not _pattern("states").fullmatch(text[mention.start : mention.end]):
        return False
    return not signals(text).result and not _pattern("linked").search(text)


def _is_on_measuring(text: str) -> bool:
    """Whether a sentence tells how something is measured or ranked, and compares nothing."""
    return bool(_pattern("measuring").search(text)) and not _says_what_happened(text)


def _over(section: Sequence[str], title: str) -> list[tuple[Place, str]]:
    """Headings and title from which a sentence may take its group, the nearest first."""
    found: list[tuple[Place, str]] = []
    for heading in reversed(section):
        if _pattern("others_asked").search(heading):
            return found
        found.append(("heading", heading))
    return [*found, ("title", title)]


def _is_about_its_own(text: str, section: Sequence[str]) -> bool:
    """Whether a sentence goes on about what its headings and title name, and not other work."""
    background = heading_part(section) == "background" or _is_method(section)
    return not background and not _pattern("other_work").search(text)


@lru_cache(maxsize=20_000)  # the same heading stands over many sentences
def _inherited(over: str, concepts: Concepts) -> tuple[Mention, ...]:
    """The groups of a heading or title under which everything is about them."""
    if _pattern("not_wholly").search(over):
        return ()
    return tuple(mention for mention in concepts.mentions(over) if _of_people(over, mention))


@lru_cache(maxsize=20_000)
def _named_over(heading: str, concepts: Concepts) -> frozenset[Concept]:
    return concepts.named(heading)


def _of_people(over: str, mention: Mention) -> bool:
    """Whether a heading's word stands for people or places, and not for a model from elsewhere.

    "in Pakistani and Bangladeshi men" and "adults who are disadvantaged", but not "the Brazilian
    Community Health Worker model".
    """
    words = _AFTER.match(over, mention.end)
    behind = f"{over[mention.start : mention.end]} {words.group() if words else ''}"
    before = " ".join(over[: mention.start].split()[-_BEFORE:])
    return bool(
        _pattern("people").search(behind)
        or _pattern("people_follow").search(before)
        or _pattern("people").search(before)
    )


def _in_an_address(text: str, mention: Mention) -> bool:
    """Whether a group's word is part of a web address."""
    start = max(text.rfind(" ", 0, mention.start), text.rfind("\n", 0, mention.start)) + 1
    return bool(_ADDRESS.match(text[start : mention.end]))


def _is_people(text: str, mention: Mention) -> bool:
    """Whether a group's word in a sentence stands for people.

    "Polish" in "Polish women" and "people of Polish origin", but not in "the Polish version";
    a word such as "Somalis" or "refugees" does so by itself.
    """
    named = text[mention.start : mention.end]
    by_itself = _is_plural(named) or named.casefold() in _folded("places")
    if by_itself or mention.concept.axis not in _list("adjective_axes"):
        return True
    words = _LISTED.match(text, mention.end)
    around = f"{named} {words.group() if words else ''}"
    before = " ".join(text[: mention.start].split()[-_BEFORE_LIST:])
    return bool(
        _pattern("people").search(around)
        or _pattern("people_besides").search(around)
        or _pattern("ethnic_before").search(before)
    )


def _is_plural(word: str) -> bool:
    return word.endswith("s") and not word.endswith("ss")


def _is_a_place(text: str, mention: Mention) -> bool:
    """Whether a group's word is a country that nobody is said to come from.

    "A trial in Nigeria" is a place; "women from Nigeria" and "people born in Nigeria" are people.
    """
    if text[mention.start : mention.end].casefold() not in _folded("places"):
        return False
    return not _coming_from().search(text[: mention.start])


# The words behind a group's, through "and" and further groups
_AFTER = re.compile(r"(?:[\s,/–-]+[\w’'-]+){0,5}")
# The same in a sentence, where figures, brackets and quotation marks may stand between groups.
_LISTED = re.compile(r"(?:[\s,/()%.\d‘’'“”\"–-]+[\w’'-]+){0,5}")
_CLAUSE_END = re.compile(
    r"[.;:()]|, (?=(?:the|there|we|they|it|people|those|women|men|adults|children|patients)\b)"
)
_ADDRESS = re.compile(r"\(?(?:https?://|www\.)")
_ONE_LIST = 160  # characters
_BEFORE = 3  # words
_BEFORE_LIST = 10  # words


def _without_those_compared_with(
    found: Sequence[Tag], section: Sequence[str], concepts: Concepts
) -> Iterator[Tag]:
    compared = _list("compared_with")
    axes = {tag.group.axis for tag in found if tag.group.id not in compared}
    for heading in section:
        axes |= {c.axis for c in _named_over(heading, concepts) if c.id not in compared}
    for tag in found:
        if tag.group.id not in compared or tag.group.axis not in axes:
            yield tag


def _relation(text: str, section: Sequence[str], mentions: Sequence[Mention]) -> Relation:
    """What a sentence does for the groups it names."""
    if _pattern("absent").search(text):
        return "absent"
    if _is_method(section) or (section and _pattern("sample_headings").search(section[-1])):
        return "studied"
    part = heading_part(section)
    if (part == "background" and not _gives_figures(text)) or _reports_nothing(text):
        return "mentioned"
    took_part = part == "method" or _pattern("studied").search(text)
    if (took_part and not _says_what_happened(text)) or _shares(text):
        return "studied"
    return "reported" if _is_finding(text, mentions) else "mentioned"


def _is_method(section: Sequence[str]) -> bool:
    """Whether one of the headings says that what is below tells how something was done."""
    plain = [_HEADING.sub("", heading).strip(" .:").casefold() for heading in section]
    return not _folded("method_headings").isdisjoint(plain)


def _reports_nothing(text: str) -> bool:
    """Whether a text is a caption, a note, a question, or an aim or definition by its words."""
    caption = _captions().match(text) and not _SHOWS_THAT.search(text)
    cut = text.rstrip().endswith("?") or "[…]" in text or _NOTE.match(text)
    return bool(caption or cut or _pattern("mentioned").search(text))


_HEADING = re.compile(r"^[\d.\s]+")
_SHOWS_THAT = re.compile(r"\bshows?\s+that\b", re.IGNORECASE)
_NOTE = re.compile(r"^[¹²³⁴*†‡§]")


def _is_finding(text: str, mentions: Sequence[Mention]) -> bool:
    """Whether a sentence says what happened or what to do: its words, or figures on an outcome."""
    found = signals(text)
    outcome = any(mention.concept.kind == "outcome" for mention in mentions)
    return bool(
        found.result
        or found.intervals
        or found.recommendation
        or (found.figures and outcome)
        or _pattern("happened").search(text)
    )


def _gives_figures(text: str) -> bool:
    """Whether a sentence gives the figures of a result, wherever it stands."""
    found = signals(text)
    return bool(found.result and (found.intervals or found.figures))


def _says_what_happened(text: str) -> bool:
    """Whether a sentence with words on who took part says what happened as well."""
    found = signals(text)
    return bool(found.result >= 2 or (found.result and found.intervals))


# "(90.6% White, 5.2% South Asian, 3.4% Black)": who was there, in shares
_SHARE = re.compile(
    r"\d+(?:\.\d+)?%\s+(?:were\s+|was\s+|of\s+)?(?:[A-Z][a-z]+\s?){1,3}(?=[,;)]|and\b)"
)


def _shares(text: str) -> bool:
    return len(_SHARE.findall(text)) > 1


def check(concepts: Concepts) -> None:
    """Check that the packaged words name groups and axes that there are.

    Raises:
        SettingsError: As `read`; or a list names a group or an axis that there is none of.
    """
    words = _words()
    for name in _OF_GROUPS:
        for group in words[name]:
            if f"group:{group}" not in concepts.by_key:
                raise SettingsError(f"{WORDS}: {name} names '{group}', which is no group.")
    for name in _OF_AXES:
        for axis in words[name]:
            if axis not in AXES:
                raise SettingsError(f"{WORDS}: {name} names '{axis}', which is no axis.")
    for topic, groups in _unsaid().items():
        for key in (f"topic:{topic}", *(f"group:{group}" for group in groups)):
            if key not in concepts.by_key:
                raise SettingsError(f"{WORDS}: {_UNSAID} names '{key}', which there is none of.")


def is_compared_with(group: Concept) -> bool:
    """Whether results are compared with a group, rather than looked for on it."""
    return group.id in _list("compared_with")


def labelled_axes() -> tuple[str, ...]:
    """The axes by which quotations are labelled: those that do not go unsaid."""
    return tuple(_words()["labelled_axes"])


def is_labelled(concept: Concept) -> bool:
    """Whether quotations are labelled by a concept: a group, by an axis that does not go unsaid."""
    return concept.axis in labelled_axes() and concept.id not in _list("in_general")


def asked_about(question: str, concepts: Concepts) -> tuple[Concept, ...]:
    """The groups that a question asks about, in its order; of two that take in the other one.

    Left out are those that are part of a subject ("childhood obesity"), and those that go without
    saying by what is asked: women, in a question on breast screening.
    """
    mentions = concepts.mentions(question)
    people = {(m.start, m.end) for m in mentions if m.concept.kind == "group"}
    # "Pregnant women" are a group, and by the same words a topic; that one is not meant.
    subjects = [m for m in mentions if m.concept.kind != "group" and (m.start, m.end) not in people]
    part_of_one = {
        m.concept
        for m in mentions
        if m.concept.axis in _list("part_of_a_subject_axes")
        and any(s.start <= m.start and m.end <= s.end for s in subjects)
    }
    unsaid = {
        group
        for topic in concepts.with_broader(s.concept for s in subjects if s.concept.kind == "topic")
        for group in _unsaid().get(topic.id, ())
    }
    return tuple(
        concept
        for concept in named(question, concepts)
        if is_labelled(concept) and concept not in part_of_one and concept.id not in unsaid
    )


def read(path: Path = WORDS) -> dict[str, Any]:
    """Read the words on whom sentences are about: name of a list -> its words.

    Raises:
        SettingsError: The file is not TOML, or a list is missing or holds something else.
    """
    words = read_toml(path)
    for name in (*_LISTS, *_OF_GROUPS, *_OF_AXES):
        values = words.get(name)
        if not isinstance(values, list) or not all(isinstance(v, str) and v for v in values):
            raise SettingsError(f"{path}: {name} must be a list of words. Correct it.")
    unsaid = words.get(_UNSAID)
    if not isinstance(unsaid, dict) or not all(isinstance(v, list) for v in unsaid.values()):
        raise SettingsError(f"{path}: {_UNSAID} must give a list of groups by topic. Correct it.")
    return words


@cache
def _words() -> dict[str, Any]:
    return read()


def _unsaid() -> Mapping[str, Sequence[str]]:
    """Topic -> the groups that go without saying, by their ids."""
    unsaid: Mapping[str, Sequence[str]] = _words()[_UNSAID]
    return unsaid


@cache
def _folded(name: str) -> frozenset[str]:
    return frozenset(word.casefold() for word in _words()[name])


@cache
def _captions() -> re.Pattern[str]:
    words = "|".join(map(re.escape, _words()["captions"]))
    return re.compile(rf"\W*(?:{words})\.?\s*\d", re.IGNORECASE)


@cache
def _coming_from() -> re.Pattern[str]:
    """People, within a few words that they come from somewhere, and the list of where from."""
    people, origin = _pattern("people_from").pattern, _pattern("came_from").pattern
    return re.compile(rf"{people}(?:\W+\w+){{0,3}}?\W+{origin}(?:\W+\w+){{0,5}}\W*$", re.I)


@cache
def _right_behind() -> re.Pattern[str]:
    return re.compile(rf"[\s-]+{_pattern('not_people').pattern}", re.IGNORECASE)


@cache
def _list(name: str) -> frozenset[str]:
    return frozenset(_words()[name])


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return word_pattern(_words()[name])
