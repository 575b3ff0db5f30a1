"""Hits -> answer: the sentences that answer, quoted whole, or plain words that none do.

Extractive and deterministic: nothing is written, shortened or put together from parts.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from retriever import cautions, readings
from retriever.concepts import Concept
from retriever.config import Answers
from retriever.coverage import Coverage, nearness
from retriever.equity import (
    Shortfall,
    Silence,
    by_axis,
    in_words,
    silence_in_words,
    unspoken_in_words,
)
from retriever.evidence import outcome_part
from retriever.fusion import Scores
from retriever.gap_effect import gap_effect
from retriever.generation import FileRecord
from retriever.intents import intents
from retriever.organisations import Body
from retriever.ranker import packaged_for_coverage, packaged_for_sentences
from retriever.schema import (
    MATCHES,
    Answer,
    Finding,
    Hit,
    Outcome,
    Query,
    Record,
    is_scanned,
    pages_of,
    to_dict,
)
from retriever.search import Scope, Searcher, Stopwatch
from retriever.sentences import Span
from retriever.statements import Statement, describe, statements
from retriever.tokens import tokenise

_NOT_IN_JSON = {"documents_searched", "passages_searched", "message", "nearness", "covered"}
_NOT_IN_FINDING = {"section", "digest"}
_NEAR_REPEAT = 0.8
_IN_MANY = 3  # documents; two may be editions, or copies, of one
_FOR_GROUP = 4  # passages read for each group asked about, among them those read anyway
# After three, what answers so much less well than the best is left out; of our develop questions'
# findings that costs 3 in 100 of the relevant, and 11 of the others.
_TAIL, _ALWAYS = 0.1, 3
# Chosen on our develop questions: put strictly by group, quotations on other topics come first.
_STEP = 0.3
_NEIGHBOUR = 0.5  # set by eye: a neighbour half as likely to answer is quoted with the sentence
# A source that was replaced is shown with its warning, but behind those that answer as well.
_NO_LONGER_IN_FORCE = 0.3
_NOT_HELD = "{whose} holds no passage that answers this question."
_NEAREST = (
    "{whose} holds no plain answer to this question. What follows comes nearest: read for whom "
    "and for what each quotation holds."
)


@dataclass(frozen=True)
class _Candidate:
    """A quotation that might be shown: offsets within its passage, and how well it answers."""

    hit: Hit
    start: int
    end: int
    score: float
    terms: frozenset[str]


@dataclass(frozen=True)
class _Wanted:
    """Groups asked about, at least one, and the topics on which; perhaps none."""

    groups: tuple[Concept, ...]
    topics: tuple[Concept, ...]


@dataclass(frozen=True)
class _Lacks:
    """What a question asks for and the documents searched have not.

    Attributes:
        shortfalls: Groups without a result.
        silences: What it wants to know and none speaks of.
        words: Words that none has.
        subjects: What it is about, where no document names any of it.
        quoted: Ids of the documents that are quoted all the same.
    """

    shortfalls: Sequence[Shortfall]
    silences: Sequence[Silence]
    words: Sequence[str]
    subjects: Sequence[Concept]
    quoted: frozenset[str]


def compose(
    question: str,
    query: Query,
    hits: Sequence[Hit],
    searcher: Searcher,
    settings: Answers,
    per_document: int,
    record: Record,
    scope: Scope,
    stopwatch: Stopwatch | None = None,
) -> Answer:
    """Answer a question out of the passages found for it.

    Args:
        question: As asked.
        query: As understood.
        hits: Hybrid hits, best first.
        searcher: Gives similarities and the documents' metadata.
        settings: How findings are chosen.
        per_document: The most findings out of one document.
        record: What gave this answer.
        scope: What the filters let through.
        stopwatch: Told the seconds of `sentences`, `coverage`, `whom` and `readings`.

    Returns:
        `answered` or `indirect-only` with findings, most useful first, or `not-held` with none.
    """
    watch = stopwatch or Stopwatch()
    near = nearness(hits)
    held = near >= settings.min_nearness
    asked = searcher.equity.asked(query.text)
    with watch.time("sentences"):
        found = _candidates(query, hits, searcher, settings, per_document, asked) if held else []
    with watch.time("whom"):
        wanted = _Wanted(asked, searcher.equity.topics(query.text))
        chosen = _choose(found, wanted, searcher, settings, per_document)
        read_in = int(record.asked_at[:4])
        bodies = searcher.organisations.asked(query.text)
        findings = tuple(
            _finding(candidate, searcher, asked, bodies, read_in) for candidate in chosen
        )
        shortfalls = searcher.shortfalls(query.text, scope)
        lacks = _Lacks(
            _unanswered(shortfalls, findings, chosen, searcher),
            searcher.silences(query.text, scope) if findings else [],
            searcher.unheld(query.text, scope),
            searcher.unspoken(query.text, scope),
            frozenset(finding.document_id for finding in findings),
        )
    with watch.time("readings"):
        findings = _read(findings)
    with watch.time("coverage"):
        coverage = searcher.coverage(query.text, hits, lacks.shortfalls) if findings else None
    covered = _covered(coverage)
    outcome, message, gaps = _outcome(
        coverage, covered >= settings.min_covered, lacks, scope, searcher
    )
    if outcome == "not-held":
        findings = ()
    return Answer(
        question=question,
        understood=_understood(query, asked, searcher),
        outcome=outcome,
        findings=findings,
        gaps=gaps,
        warnings=cautions.of_answer(findings, searcher.files, read_in),
        record=record,
        documents_searched=scope.documents,
        passages_searched=len(scope.passages),
        message=message,
        nearness=near,
        covered=covered,
    )


def _unanswered(
    shortfalls: Sequence[Shortfall],
    findings: Sequence[Finding],
    chosen: Sequence[_Candidate],
    searcher: Searcher,
) -> list[Shortfall]:
    """The groups without a result for which no finding that is shown has one on a topic either.

    A shortfall looks for documents on all topics of the question at once; nobody is to be told
    that there is nothing beside a quotation that is something.
    """
    held = {
        (basis.asked, topic)
        for finding, candidate in zip(findings, chosen, strict=True)
        for basis in finding.basis
        if basis.match == "direct"
        for topic in searcher.naming.named(candidate.hit.passage)
    }
    # Of several topics the first is the rarest; a finding on another one closes no gap.
    return [
        each
        for each in shortfalls
        if findings and not any((each.group.label, topic) in held for topic in each.topics[:1])
    ]


def _understood(query: Query, asked: Sequence[Concept], searcher: Searcher) -> Query:
    """The question with the groups and topics that the vocabularies find in it."""
    return dataclasses.replace(
        query,
        populations=tuple(group.label for group in asked),
        deprivation=any(group.axis == "deprivation" for group in asked),
        topics=tuple(topic.label for topic in searcher.equity.topics(query.text)),
        intents=tuple(intent.id for intent in intents(query.text)),
    )


def _covered(coverage: Coverage | None) -> float:
    """The chance that the library answers all that was asked."""
    if coverage is None:
        return 0.0
    model = packaged_for_coverage()
    return float(model.probabilities(model.shares(coverage.features))[0])


def _outcome(
    coverage: Coverage | None, covered: bool, lacks: _Lacks, scope: Scope, searcher: Searcher
) -> tuple[Outcome, str, tuple[str, ...]]:
    """The outcome, one sentence on it, and what the library does not speak of."""
    # Of what was left out of the search nothing may be said.
    whole = scope.documents == len(searcher.files)
    whose = "The library" if whole else "What was searched of the library"
    not_held, nearest = _NOT_HELD.format(whose=whose), _NEAREST.format(whose=whose)
    if lacks.subjects:
        labels = _either(dict.fromkeys(concept.label for concept in lacks.subjects))
        return "not-held", not_held, (unspoken_in_words(labels, scope.documents),)
    if coverage is None:
        return "not-held", not_held, (not_held,)
    told = {shortfall.group for shortfall in lacks.shortfalls}
    gaps = [in_words(shortfall, searcher.naming.titles) for shortfall in lacks.shortfalls]
    gaps += [silence_in_words(silence) for silence in lacks.silences]
    gaps += [
        f"None of the documents that come nearest to what was asked names {group.label}."
        for group in coverage.unnamed
        if group not in told
    ]
    if lacks.words:
        words = _either(f"“{word}”" for word in lacks.words)
        gaps.append(f"No document searched has the word {words}.")
    if covered:
        return "answered", "", tuple(dict.fromkeys(gaps))
    missing = [c for c in coverage.missing if c not in coverage.unnamed and c not in told]
    if missing and coverage.document_id in lacks.quoted:
        title = searcher.files[coverage.document_id].entry.metadata.title
        named = _either(concept.label for concept in missing)
        gaps.append(f"The document that comes nearest, “{title}”, does not name {named}.")
    return "indirect-only", nearest, tuple(dict.fromkeys(gaps)) or (nearest,)


def _either(words: Iterable[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last


def to_json(answer: Answer) -> dict[str, Any]:
    """The answer as the command line and other programs get it; shape as in README.md."""
    data = {key: value for key, value in to_dict(answer).items() if key not in _NOT_IN_JSON}
    data["understood"].pop("text")
    data["findings"] = [finding_to_json(finding) for finding in answer.findings]
    return data


def finding_to_json(finding: Finding) -> dict[str, Any]:
    """A finding as other programs get it."""
    data: dict[str, Any] = to_dict(finding)
    return {key: value for key, value in data.items() if key not in _NOT_IN_FINDING}


def _choose(
    candidates: Sequence[_Candidate],
    wanted: _Wanted,
    searcher: Searcher,
    settings: Answers,
    per_document: int,
) -> list[_Candidate]:
    """The quotations to show, near-repeats dropped and few per document.

    Of quotations that answer nearly as well the one that reports for the groups asked about stands
    first, and what was replaced behind what replaced it. Where the best are without a result for a
    group and one further down has it, that one is shown in the place of the last.
    """
    ordered = sorted(candidates, key=lambda c: (-c.score, c.hit.passage.id, c.start))
    chosen: list[_Candidate] = []
    shown: Counter[str] = Counter()
    spare: list[_Candidate] = []
    for candidate in ordered:
        document = candidate.hit.passage.document_id
        if shown[document] >= per_document or any(_repeats(candidate, c) for c in chosen):
            continue
        weak = len(chosen) >= _ALWAYS and candidate.score < _TAIL * chosen[0].score
        if weak or len(chosen) == settings.findings:
            spare.append(candidate)
            continue
        chosen.append(candidate)
        shown[document] += 1
    if wanted.groups and chosen:
        chosen = _by_group(chosen, spare, wanted, searcher)
    documents = [candidate.hit.passage.document_id for candidate in chosen]
    return cautions.behind_successors(chosen, documents, searcher.files)


def _by_group(
    chosen: Sequence[_Candidate],
    spare: Sequence[_Candidate],
    wanted: _Wanted,
    searcher: Searcher,
) -> list[_Candidate]:
    """Quotations with one for each group that has any on a topic asked about, the worthiest first.

    However little it answers else: who asks about a group is shown what is held on it. The best
    quotation stays whatever it reports; the last give way to those for groups.
    """
    more: list[_Candidate] = []
    for group in wanted.groups:
        alone = dataclasses.replace(wanted, groups=(group,))
        reporting = [c for c in (*chosen, *more, *spare) if not _distance(c, alone, searcher)]
        if reporting and reporting[0] not in (*chosen, *more):
            more.append(reporting[0])
    kept = max(1, len(chosen) - len(more))
    shown = [*chosen[:kept], *more][: max(len(chosen), 2)]
    return sorted(shown, key=lambda c: -_worth(c, wanted, searcher))


def _worth(candidate: _Candidate, wanted: _Wanted, searcher: Searcher) -> float:
    """Log odds that a quotation answers, less for each step away from the groups asked about."""
    steps = _distance(candidate, wanted, searcher) / len(wanted.groups)
    chance = min(max(candidate.score, 1e-9), 1 - 1e-9)
    return math.log(chance / (1 - chance)) - _STEP * steps


def _distance(candidate: _Candidate, wanted: _Wanted, searcher: Searcher) -> int:
    """How far a quotation is from reporting for the groups asked about; 0: for each of them.

    What it reports on another topic brings it no nearer.
    """
    passage = candidate.hit.passage
    if wanted.topics and not searcher.equity.is_on(passage, wanted.topics):
        return len(wanted.groups) * (len(MATCHES) - 1)
    quote = passage.text[candidate.start : candidate.end]
    return sum(MATCHES.index(b.match) for b in searcher.equity.basis(quote, passage, wanted.groups))


def spread(hits: Sequence[Hit], settings: Answers, per_document: int) -> list[Hit]:
    """The passages to read for findings: best first, but not all of them out of one document."""
    taken: Counter[str] = Counter()
    chosen = []
    for hit in hits:
        taken[hit.passage.document_id] += 1
        if taken[hit.passage.document_id] <= per_document + 1:
            chosen.append(hit)
    return chosen[: settings.passages]


def _of_groups(
    hits: Sequence[Hit], read: Sequence[Hit], asked: Sequence[Concept], searcher: Searcher
) -> list[Hit]:
    """For each group asked about a few more passages that name it, best first."""
    more: dict[str, Hit] = {}
    known = {hit.passage.id for hit in read}
    for group in asked:
        naming = (hit for hit in hits if group in searcher.naming.named(hit.passage))
        for hit in itertools.islice(naming, _FOR_GROUP):
            if hit.passage.id not in known:
                more[hit.passage.id] = hit
    return list(more.values())


def _with_successors(read: list[Hit], hits: Sequence[Hit], searcher: Searcher) -> list[Hit]:
    """The passages to read and, for each document that was replaced, its successor's best."""
    documents = {hit.passage.document_id for hit in read}
    successors = {cautions.successor(document, searcher.files) for document in documents}
    best = {hit.passage.document_id: hit for hit in reversed(hits)}
    return read + [best[one] for one in sorted(successors - documents) if one in best]


def _candidates(
    query: Query,
    hits: Sequence[Hit],
    searcher: Searcher,
    settings: Answers,
    per_document: int,
    asked: Sequence[Concept],
) -> list[_Candidate]:
    """A quotation for each statement in the passages, with its chance of answering."""
    on = _on_subject(query.text, hits, searcher)
    read = _with_successors(spread(on, settings, per_document), on, searcher)
    read += _of_groups(on, read, asked, searcher)
    found = _own(statements(read, searcher.short_forms), hits)
    if not found:
        return []
    chances = _chances(query.text, found, searcher)
    candidates = []
    for _, group in itertools.groupby(range(len(found)), lambda at: found[at].hit.passage.id):
        places = list(group)
        hit = found[places[0]].hit
        own = chances[places] * _in_force(searcher.files[hit.passage.document_id])
        spans = [(found[at].start, found[at].end) for at in places]
        for number, chance in enumerate(own):
            a, b = _window(own, number, spans, hit.passage.text, settings.max_sentences)
            terms = frozenset(tokenise(hit.passage.text[a:b]))
            candidates.append(_Candidate(hit, a, b, float(chance), terms))
    return candidates


def _on_subject(question: str, hits: Sequence[Hit], searcher: Searcher) -> Sequence[Hit]:
    """The passages that name, or stand beside one that names, a topic or intervention asked about.

    All of them where none does, or where the question has none that tells documents apart:
    "access" and "general practice" are part of many. An outcome is not enough: who asks what
    social prescribing costs is not helped by what nurses cost.
    """
    named = searcher.equity.subjects(question)
    asked = frozenset(one for one in named if one.kind != "outcome")
    if not any(map(searcher.tells_apart, asked)):
        return hits
    return [hit for hit in hits if searcher.equity.is_on(hit.passage, asked)] or hits


def _own(found: Sequence[Statement], hits: Sequence[Hit]) -> list[Statement]:
    """The statements without those that stand word for word in several documents.

    What many documents say alike (a disclaimer, a publisher's notice) tells of none of them.
    """
    texts: dict[str, str] = {}
    for hit in hits:
        document = hit.passage.document_id
        texts[document] = f"{texts.get(document, '')}\n{hit.passage.text}"
    return [
        statement
        for statement in found
        if sum(statement.text in text for text in texts.values()) < _IN_MANY
    ]


def _chances(question: str, found: Sequence[Statement], searcher: Searcher) -> Scores:
    """How likely each statement is to answer, 0 to 1."""
    similar = searcher.similarities(
        [question, outcome_part(question)], [statement.text for statement in found]
    )
    ranker = packaged_for_sentences()
    return ranker.probabilities(ranker.shares(describe(question, found, similar)))


def _in_force(file: FileRecord) -> float:
    return _NO_LONGER_IN_FORCE if cautions.is_replaced(file.entry.metadata) else 1.0


def _window(scores: Scores, best: int, found: Sequence[Span], text: str, most: int) -> Span:
    """A sentence and, while they answer nearly as well, its neighbours in the same paragraph."""
    first = last = best
    floor = _NEIGHBOUR * float(scores[best])
    while last - first + 1 < most:
        left = _neighbour(scores, first - 1, first, found, text)
        right = _neighbour(scores, last + 1, last, found, text)
        if max(left, right) < floor:
            break
        if left > right:
            first -= 1
        else:
            last += 1
    return found[first][0], found[last][1]


def _neighbour(scores: Scores, at: int, beside: int, found: Sequence[Span], text: str) -> float:
    """Score of the sentence `at`, if it stands right beside the other in one paragraph."""
    if not 0 <= at < len(found):
        return -math.inf
    one, two = sorted((found[at], found[beside]))
    between = text[one[1] : two[0]]
    return float(scores[at]) if between.isspace() and "\n" not in between else -math.inf


def _repeats(one: _Candidate, other: _Candidate) -> bool:
    """Whether two quotations say the same in almost the same words."""
    smaller = min(len(one.terms), len(other.terms))
    union = len(one.terms | other.terms)
    shared = len(one.terms & other.terms)
    return smaller > 0 and (shared / union >= _NEAR_REPEAT or shared == smaller)


def _finding(
    candidate: _Candidate,
    searcher: Searcher,
    asked: Sequence[Concept],
    bodies: Sequence[Body],
    read_in: int,
) -> Finding:
    passage = candidate.hit.passage
    file = searcher.files[passage.document_id]
    metadata = file.entry.metadata
    start, end = passage.start + candidate.start, passage.start + candidate.end
    quote = passage.text[candidate.start : candidate.end]
    basis = searcher.equity.basis(quote, passage, asked)
    scanned = is_scanned(file.pages, start, end)
    return Finding(
        quote=quote,
        document_id=passage.document_id,
        title=metadata.title,
        publisher=metadata.publisher,
        year=metadata.year,
        source_type=metadata.source_type,
        pages=pages_of(file.pages, start, end),
        start=start,
        end=end,
        match=by_axis(basis),
        kind=None,
        populations=searcher.equity.reported_for(quote, passage),
        status=metadata.status,
        url=metadata.url,
        passage_id=passage.id,
        section=passage.section,
        digest=metadata.digest,
        basis=basis,
        warnings=cautions.of_finding(quote, metadata, read_in, scanned),
        successor=cautions.successor(passage.document_id, searcher.files),
        terms=_terms(quote, passage.document_id, searcher, bodies),
        gap_effect=gap_effect(quote),
        scanned=scanned,
    )


def _read(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings with what their quoted words report: its kind, and which way it went."""
    quotes = [finding.quote for finding in findings]
    found = zip(findings, readings.kinds(quotes), readings.directions(quotes), strict=True)
    return tuple(
        dataclasses.replace(finding, kind=kind, direction=direction)
        for finding, kind, direction in found
    )


def _terms(
    quote: str, document_id: str, searcher: Searcher, bodies: Sequence[Body]
) -> tuple[str, ...]:
    """The words of a quotation that its readers may not know, explained."""
    forms = searcher.short_forms(document_id)
    told: list[str] = []
    if bodies:
        texts = [passage.text for passage in searcher.passages_of(document_id)]
        told = searcher.organisations.terms(
            bodies, searcher.organisations.named(quote, texts, forms)
        )
    return (*told, *cautions.abbreviations(quote, forms))
