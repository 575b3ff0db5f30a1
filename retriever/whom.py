"""Sentence -> for which population groups it reports something, and by which words.

Naming a group is not reporting on it. "13% were Black African" says who took part, "no data by
ethnicity" that there is nothing, and "uptake was 42% among Bangladeshi people" what happened to
them. Only the last may be called evidence about the group. The words that tell these apart are the
librarians' (`data/whom.toml`, `data/populations.toml`); a sentence that leaves a doubt is not
counted as reporting.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from retriever.concepts import Concept, Concepts, Mention
from retriever.evidence import heading_part, signals
from retriever.question import named
from retriever.whom_words import (
    captions,
    coming_from,
    folded,
    imperative,
    in_order,
    likened_to,
    listed,
    method_label,
    pattern,
    right_before,
    right_behind,
    unsaid,
    was_done,
)

Relation = Literal["reported", "studied", "mentioned", "absent"]
Place = Literal["quotation", "heading", "title"]


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
                _told(relation, m, place, words, text, mentions, section),
                place,
                words[m.start : m.end],
            )
            for m in (mentions if place == "quotation" else _inherited(words, concepts))
            if m.concept.kind == "group"
            and m.concept.id not in listed("in_general")
            and m.concept.axis not in known
            and not _is_something_else(words, m)
        ]
    return tuple(_without_those_compared_with(_once_each(found), section, concepts))


def _is_something_else(text: str, mention: Mention) -> bool:
    """Whether a group's word is a place, a language, an institution, a thing or others at all."""
    return bool(
        _is_a_place(text, mention)
        or right_behind().match(text, mention.end)
        or right_before("not_behind").search(text[: mention.start])
        or _in_an_address(text, mention)
        or _is_lack_of_a_thing(text, mention)
        or _lacks_its_capital(text, mention)
    )


def _once_each(found: Sequence[Tag]) -> list[Tag]:
    """Each group once, by the words of it that most is reported by."""
    best: dict[Concept, Tag] = {}
    for tag in found:
        known = best.setdefault(tag.group, tag)
        if tag.relation == "reported" and known.relation != "reported":
            best[tag.group] = tag
    return list(best.values())


def _told(
    relation: Relation,
    mention: Mention,
    place: Place,
    words: str,
    text: str,
    mentions: Sequence[Mention],
    section: Sequence[str],
) -> Relation:
    """What a sentence does for one of its groups: what it does, but reporting needs people."""
    if relation != "reported":
        return relation
    doubtful = mention.concept.axis in listed("measured_axes") and _is_on_measuring(text)
    if place == "quotation":
        doubtful |= _is_in_doubt(text, mention, mentions)
    else:
        doubtful |= not _is_whole(text)
    if place == "title":
        doubtful |= not _is_plain_finding(text) or not _is_of_a_study(section)
        doubtful |= bool(pattern("others").search(text))
    return "mentioned" if doubtful else "reported"


def _is_of_a_study(section: Sequence[str]) -> bool:
    """Whether a text stands where a study tells what it found: only there a title speaks for all.

    The title of a guideline or a needs assessment stands over much that is about others.
    """
    return not section or _plain(section[0]) in folded("study_headings")


def _plain(heading: str) -> str:
    return _HEADING.sub("", heading).strip(" .:").casefold()


def _is_in_doubt(text: str, mention: Mention, mentions: Sequence[Mention]) -> bool:
    """Whether a sentence that reports something may report it for others than a group it names."""
    return (
        _is_allowed_for(text, mention)
        or _is_a_bare_state(text, mention)
        or _is_said_of_others(text, mention)
        or _is_counted(text, mention)
        or bool(likened_to().search(text[: mention.start]))
        or not any(_is_people(text, other) for other in _listed_with(mention, mentions))
        or _is_in_an_empty_part(text, mention, mentions)
    )


def _is_in_an_empty_part(text: str, mention: Mention, mentions: Sequence[Mention]) -> bool:
    """Whether the item of a list that names a group has nothing to report, whatever others have."""
    part = _own_part(text, mention, mentions)
    return bool(part) and not (_is_finding(part, mentions) or signals(part).figures)


def _own_part(text: str, mention: Mention, mentions: Sequence[Mention]) -> str:
    """The part of a list that a group stands in, with the words above it, and no group's word.

    The items of a list go on from the words above it, and not from one another. "Less" in "less
    deprived" names the group and is no result. Nothing where a sentence is in one part.
    """
    if not _PARTS.search(text):
        return ""
    for other in mentions:
        if other.concept.kind == "group":
            compared = _COMPARED.search(text, 0, other.start)
            start = compared.start() if compared else other.start
            text = text[:start] + "_" * (other.end - start) + text[other.end :]
    ends = [0, *(match.end() for match in _PARTS.finditer(text)), len(text)]
    last = max(n for n, end in enumerate(ends) if end <= mention.start)
    stem = text.split(":\n")[0] if ":\n" in text[: mention.start] else ""
    return f"{stem} {text[ends[last] : ends[last + 1]]}"


def _is_said_of_others(text: str, mention: Mention) -> bool:
    """Whether a group's word is what a place or others are said to be.

    "Hove is less deprived", "patients were unemployed", "most were Bangladeshi": who or where they
    are, and not what happened to them.
    """
    before = text[: mention.start]
    adjective = mention.concept.axis in listed("adjective_axes") and _is_alone(text, mention)
    if not adjective and not pattern("said_of_others").match(text[mention.start : mention.end]):
        return False
    said = right_before("is_said_to_be").search(before)
    return said is not None and not before[: said.start()].rstrip().casefold().endswith(" who")


def _is_counted(text: str, mention: Mention) -> bool:
    """Whether it is told how many of a group there are, and nothing about them."""
    if not right_before("counted").search(text[: mention.start]):
        return False
    behind = text[mention.end :]
    words = _LISTED.match(behind)
    doing = _DOING.search(words.group()) if words else None
    return not doing and not pattern("counted_who").search(behind)


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
    result = found.result >= 2 or (found.result and figures) or pattern("happened").search(text)
    past = result and any(
        m.group().casefold() not in folded("not_past") for m in _PAST.finditer(text)
    )
    return bool(past or _recommends(text))


def _is_whole(text: str) -> bool:
    """Whether a text is a sentence that ends as one, and no row of a table or scrap."""
    return text.rstrip().endswith((".", ")", "]", "”", '"')) and " | " not in text


def _is_allowed_for(text: str, mention: Mention) -> bool:
    """Whether a group stands in a list of what was allowed for: "adjusted for age and deprivation".

    The list ends with its clause, or where a verb follows.
    """
    if mention.concept.axis not in listed("measured_axes"):
        return False  # age and deprivation are allowed for; a people that is named is not
    before = _CLAUSE_END.split(text[: mention.start])[-1]
    found = list(pattern("allowed_for").finditer(before))
    rest = before[found[-1].end() :] if found else ""
    return bool(found) and len(rest.split()) < _BEFORE_LIST and not _BE.search(rest)


def _is_a_bare_state(text: str, mention: Mention) -> bool:
    """Whether a group is named by a state of affairs, such as poverty, that nothing is tied to."""
    named = text[mention.start : mention.end]
    if pattern("societies").fullmatch(named):
        return True
    if not pattern("states").fullmatch(named):
        return False
    if right_before("by_the_way").search(text[: mention.start]):
        return True
    return not signals(text).result and not pattern("linked").search(text)


def _is_on_measuring(text: str) -> bool:
    """Whether a sentence tells how something is measured or ranked, and compares nothing."""
    return bool(pattern("measuring").search(text)) and not _says_what_happened(text)


def _over(section: Sequence[str], title: str) -> list[tuple[Place, str]]:
    """Headings and title from which a sentence may take its group, the nearest first."""
    found: list[tuple[Place, str]] = []
    for heading in reversed(section):
        if pattern("others_asked").search(heading):
            return found
        found.append(("heading", heading))
    return [*found, ("title", title)]


def _is_about_its_own(text: str, section: Sequence[str]) -> bool:
    """Whether a sentence goes on about what its headings and title name, and not other work."""
    background = heading_part(section) == "background" or _is_method(section)
    return not background and not pattern("other_work").search(text)


@lru_cache(maxsize=20_000)  # the same heading stands over many sentences
def _inherited(over: str, concepts: Concepts) -> tuple[Mention, ...]:
    """The groups of a heading or title under which everything is about them."""
    if pattern("not_wholly").search(over):
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
    if pattern("states").fullmatch(over[mention.start : mention.end]):
        return bool(right_before("in_state").search(over[: mention.start]))
    words = _AFTER.match(over, mention.end)
    behind = f"{over[mention.start : mention.end]} {words.group() if words else ''}"
    before = " ".join(over[: mention.start].split()[-_BEFORE:])
    if pattern("people").search(behind) or pattern("people").search(before):
        return True
    of_ethnicity = mention.concept.axis in listed("adjective_axes")
    last = before.rpartition(" ")[2].casefold()
    plural = _is_plural(over[mention.start : mention.end])
    return of_ethnicity and (plural or last in folded("people_follow"))


def _in_an_address(text: str, mention: Mention) -> bool:
    """Whether a group's word is part of a web address."""
    start = max(text.rfind(" ", 0, mention.start), text.rfind("\n", 0, mention.start)) + 1
    return bool(_ADDRESS.match(text[start : mention.end]))


def _lacks_its_capital(text: str, mention: Mention) -> bool:
    """Whether "other ethnic groups" only means all the others, and not the census's category."""
    named = text[mention.start : mention.end]
    return named[0].islower() and bool(pattern("in_capitals").fullmatch(named))


def _is_lack_of_a_thing(text: str, mention: Mention) -> bool:
    """Whether "deprivation" is of sleep, light or the like, by the word before it."""
    if not pattern("deprivable").match(text[mention.start : mention.end]):
        return False
    word = _LAST_WORD.search(text, 0, mention.start)
    thing = word.group(1) if word else ""
    return thing.casefold() in folded("deprived_of") or bool(_CODE.search(thing))


def _is_people(text: str, mention: Mention) -> bool:
    """Whether a group's word in a sentence stands for people.

    "Polish" in "Polish women" and "people of Polish origin", but not in "the Polish version";
    a word such as "Somalis" or "refugees" does so by itself.
    """
    named = text[mention.start : mention.end]
    if _needs_people(text, mention):
        return _are_sorted_people(text, mention)
    by_itself = _is_plural(named) or named.casefold() in folded("places")
    if by_itself or mention.concept.axis not in listed("adjective_axes"):
        return True
    words = _LISTED.match(text, mention.end)
    around = f"{named} {words.group() if words else ''}"
    before = " ".join(text[: mention.start].split()[-_BEFORE_LIST:])
    return bool(
        pattern("people").search(around)
        or pattern("people_besides").search(around)
        or pattern("ethnic_before").search(before)
    )


def _is_alone(text: str, mention: Mention) -> bool:
    """Whether no noun follows a group's word: "in Japanese", "the most deprived are"."""
    after = _NEXT_WORD.match(text, mention.end)
    return not after or after.group(1).casefold() in folded("function_words")


def _needs_people(text: str, mention: Mention) -> bool:
    """Whether a group's word is one that is also said of places and things: "deprived"."""
    return bool(pattern("need_people").match(text[mention.start : mention.end]))


def _are_sorted_people(text: str, mention: Mention) -> bool:
    """Whether "deprived" and its like stand before people or areas, or are "the most deprived".

    People may stand within the group's words too: "most deprived fifth".
    """
    words = _LISTED.match(text, mention.end)
    behind = (words.group() if words else "").split(" than ")[0]
    around = f"{text[mention.start : mention.end]} {behind}"
    if pattern("people").search(around) or pattern("sorted_people").search(around):
        return True
    if _WHO_ARE.search(text, 0, mention.start):
        return True
    *sort, _ = text[mention.start : mention.end].split()  # "most", of "most deprived"
    before = " ".join([text[: mention.start], *sort, ""])
    return bool(_is_alone(text, mention) and _SORTED.search(before))


def _is_plural(word: str) -> bool:
    return word.endswith("s") and not word.endswith("ss")


def _is_a_place(text: str, mention: Mention) -> bool:
    """Whether a group's word is a country that nobody is said to come from.

    "A trial in Nigeria" is a place; "women from Nigeria" and "people born in Nigeria" are people.
    """
    named = text[mention.start : mention.end].casefold().removesuffix("’s").removesuffix("'s")
    if named in folded("regions") and _is_alone(text, mention):
        return bool(re.search(r"\bthe $", text[: mention.start]))
    if named not in folded("places") and not named.startswith("from "):
        return False
    return not coming_from().search(text[: mention.start])


# "the most", before "deprived"
_SORTED = re.compile(r"\b(?:the|those|most|least)(?:\s+\w+ly)?\s+$", re.IGNORECASE)
_WHO_ARE = re.compile(r"\bwho (?:are|were|is|was) (?:\w+ly )?$", re.IGNORECASE)
_BE = re.compile(r"\b(?:is|are|was|were|has|have|had|remained)\b")
_LAST_WORD = re.compile(r"([^\W\d_][\w’'-]*?)[\s-]+$")
_DOING = re.compile(r"\w(?:ing|ed)\b")
_CODE = re.compile(r"[^\W\d_][\w-]*\d")  # a substance: "FGF4 deprivation"
_NEXT_WORD = re.compile(r"\s+([^\W\d_][\w’'-]*)")
# "more", before "deprived"
_COMPARED = re.compile(r"\b(?:more|less|most|least|high|higher|low|lower)\s+$", re.IGNORECASE)
# Where one part of a list, a row or a chain of statements ends
_PARTS = re.compile(r";\s|\n| \| ")
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
    compared = listed("compared_with")
    axes = {tag.group.axis for tag in found if tag.group.id not in compared}
    for heading in section:
        axes |= {c.axis for c in _named_over(heading, concepts) if c.id not in compared}
    for tag in found:
        if tag.group.id not in compared or tag.group.axis not in axes:
            yield tag


def _relation(text: str, section: Sequence[str], mentions: Sequence[Mention]) -> Relation:
    """What a sentence does for the groups it names."""
    if pattern("absent").search(text):
        return "absent"
    of_methods = method_label().match(text) or _is_method(section)
    if of_methods or (section and pattern("sample_headings").search(section[-1])):
        return "studied"
    part = heading_part(section)
    if (part == "background" and not _gives_figures(text)) or _reports_nothing(text):
        return "mentioned"
    if _tells_what_was_done(text):
        return "mentioned"
    if pattern("sample").search(text):
        return "studied"
    took_part = part == "method" or pattern("studied").search(text)
    if (took_part and not _says_what_happened(text)) or _shares(text):
        return "studied"
    return "reported" if _is_finding(text, mentions) else "mentioned"


def _tells_what_was_done(text: str) -> bool:
    """Whether a sentence says what a study does or did, and not what came out."""
    we_did = [m for m in _WE_DID.finditer(text) if m.group(1).casefold() not in folded("we_found")]
    if not (we_did or pattern("study_does").search(text) or was_done().search(text)):
        return False
    told = pattern("asked_whether").split(text, maxsplit=1)[0]
    return not (pattern("came_out").search(told) or "%" in told or signals(told).intervals)


def _is_method(section: Sequence[str]) -> bool:
    """Whether one of the headings says that what is below tells how something was done."""
    return not folded("method_headings").isdisjoint(map(_plain, section))


def _reports_nothing(text: str) -> bool:
    """Whether a text is a caption, a note, a question, or an aim or definition by its words."""
    caption = captions().match(text) and not _SHOWS_THAT.search(text)
    cut = text.rstrip().endswith("?") or "[…]" in text or _NOTE.match(text)
    return bool(caption or cut or not _is_sentence(text) or pattern("mentioned").search(text))


def _is_sentence(text: str) -> bool:
    """Whether a text ends as a sentence, has a verb or says what to do, as no label does."""
    return bool(
        _WHOLE.search(text)
        or _VERB.search(text) or pattern("verbs").search(text) or _recommends(text)
    )


_PAST = re.compile(r"\b(?:was|were|had|did|rose|fell|made|grew|\w+ed|no\s+\w+)\b", re.IGNORECASE)
_WHOLE = re.compile(r"[.!…][\"'”’)\]]*(?:\s*\[[^\]]*\])?\s*$")
_WE_DID = re.compile(
    r"\bwe (?:\w+ly |then |also |first |next |further |have )*(\w+ed|sought|chose)\b", re.IGNORECASE
)
_VERB = re.compile(r"\b[a-z]\w+ed\b")
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
        or _recommends(text)
        or (found.figures and outcome)
        or pattern("happened").search(text)
    )


def _recommends(text: str) -> bool:
    """Whether a text says what to do: by "should" and its like, or by telling somebody to.

    "Offer" does so at the start, or behind a comma, and not in "services offer".
    """
    return bool(pattern("advised").search(text) or imperative().search(text))


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


def is_compared_with(group: Concept) -> bool:
    """Whether results are compared with a group, rather than looked for on it."""
    return group.id in listed("compared_with")


def labelled_axes() -> tuple[str, ...]:
    """The axes by which quotations are labelled."""
    return in_order("labelled_axes")


def often_unsaid(axis: str) -> bool:
    """Whether groups by an axis often go without saying, as women do in breast screening."""
    return axis in listed("often_unsaid_axes")


def is_labelled(concept: Concept) -> bool:
    """Whether quotations are labelled by a concept: a group, by an axis that is labelled."""
    return concept.axis in labelled_axes() and concept.id not in listed("in_general")


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
        if m.concept.axis in listed("part_of_a_subject_axes")
        and any(s.start <= m.start and m.end <= s.end for s in subjects)
    }
    goes_unsaid = {
        group
        for topic in concepts.with_broader(s.concept for s in subjects if s.concept.kind == "topic")
        for group in unsaid().get(topic.id, ())
    }
    return tuple(
        concept
        for concept in named(question, concepts)
        if is_labelled(concept) and concept not in part_of_one and concept.id not in goes_unsaid
    )
