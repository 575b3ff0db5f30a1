"""Questions + judgements + systems -> figures: means with intervals, comparisons, slices.

What is counted is explained in `relevance.py`, how the figures are tested in `measures.py`.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeVar, cast

from retriever.answer_measures import (
    AnswerMeasures,
    Asked,
    Refusals,
    answer_measures,
    ask_all,
    refusals,
)
from retriever.comparison import Score, Slice, compare, slices
from retriever.errors import BadQuestion, EvaluationError
from retriever.judgements import Judgement, Question, Run
from retriever.library import Library
from retriever.measures import SEED
from retriever.question import understand
from retriever.ranking import Holdings, Rankings, notes_on_run
from retriever.relevance import JudgedQuestion, Place, deepest, parse_measures, scores
from retriever.schema import MODES, Mode, to_dict
from retriever.version import VERSION

MEASURES = ("nDCG@10", "R@20", "RR@10", "Success@5", "Judged@10")
SHOWN = 20
_DEPTH = 200

T = TypeVar("T")

ShowEvaluation = Callable[[int, int, str], None]
"""Called with steps done, steps in all, and what is at work, in plain words."""


@dataclass(frozen=True)
class Ranked:
    """One place of a ranking: a passage (or, in an outside run, perhaps a document).

    Attributes:
        grade: The highest grade of what it holds, or None where nobody judged it.
    """

    id: str
    score: float
    grade: int | None


@dataclass(frozen=True)
class Evaluation:
    """What `evaluate` found. `to_dict` makes it plain for JSON, `from_dict` reads it back.

    Attributes:
        systems: In the order asked for, outside runs after them; likewise `measures`.
        baseline: The system that the others are compared with; None with one system.
        questions: Those scored: answerable and with a relevant judgement, in the file's order.
        scores: System by system, measure by measure.
        per_question: Question id -> system -> measure -> score.
        slices: By field and value, in the order of `Slice.field`.
        rankings: Question id -> system -> the first 20 places.
        runs: System -> the whole ranking as it was scored; not part of `to_dict`.
        answers: Only where asked for; likewise `refusals`.
        unfound: Judgements that no passage of the library can meet (see `unfound`); counted all
            the same.
        notes: What a reader must know: questions left out, unknown ids in outside runs, ...
        index, settings, version: Fingerprints of what was measured.
    """

    systems: tuple[str, ...]
    measures: tuple[str, ...]
    baseline: str | None
    seed: int
    questions: tuple[Question, ...]
    scores: tuple[Score, ...]
    per_question: dict[str, dict[str, dict[str, float]]]
    slices: tuple[Slice, ...]
    rankings: dict[str, dict[str, tuple[Ranked, ...]]]
    runs: dict[str, Run]
    answers: AnswerMeasures | None
    refusals: Refusals | None
    unfound: tuple[Judgement, ...]
    notes: tuple[str, ...]
    index: str
    settings: str
    version: str

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts and lists, without `runs`."""
        return {key: value for key, value in to_dict(self).items() if key != "runs"}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild from `to_dict`'s output; `runs` is empty."""
        return cls(**{**data, **_parts(data), "runs": {}})


def _parts(data: Mapping[str, Any]) -> dict[str, Any]:
    answers, refused = data["answers"], data["refusals"]
    return {
        "systems": tuple(data["systems"]),
        "measures": tuple(data["measures"]),
        "questions": tuple(_record(Question, row) for row in data["questions"]),
        "scores": tuple(Score.from_dict(row) for row in data["scores"]),
        "slices": tuple(Slice.from_dict(row) for row in data["slices"]),
        "rankings": {
            question: {name: tuple(Ranked(**row) for row in rows) for name, rows in by.items()}
            for question, by in data["rankings"].items()
        },
        "answers": None if answers is None else AnswerMeasures.from_dict(answers),
        "refusals": None if refused is None else Refusals.from_dict(refused),
        "unfound": tuple(_record(Judgement, row) for row in data["unfound"]),
        "notes": tuple(data["notes"]),
    }


def _record(kind: type[T], row: Mapping[str, Any]) -> T:
    """A flat record, its lists as tuples again."""
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in row.items()})


def evaluate(
    library: Library,
    questions: Sequence[Question],
    judgements: Sequence[Judgement],
    systems: Sequence[str],
    measures: Sequence[str] = MEASURES,
    *,
    baseline: str | None = None,
    runs: Mapping[str, Run] | None = None,
    answers: bool = False,
    seed: int = SEED,
    progress: ShowEvaluation | None = None,
) -> Evaluation:
    """Measure systems on judged questions.

    Args:
        library: What is searched.
        questions: Those that are not answerable, or have no relevant judgement, are not ranked
            for; the former serve the refusals.
        judgements: On quotations, pages or documents.
        systems: Names in `schema.MODES`, or in `runs`; every run is scored whether named or not.
        measures: As ir_measures writes them, for example `nDCG@10`.
        baseline: What the other systems are compared with; else `hybrid` where it is among them,
            else the first.
        runs: Rankings from outside, of passage ids or document ids.
        answers: Also ask every question and measure answers and refusals.
        seed: Of the resamples and permutations.
        progress: Told how far it has come.

    Raises:
        EvaluationError: A system, measure or baseline is not known, or no question can be scored.
        RetrieverError: As `Library.search`.
    """
    runs = runs or {}
    chosen = parse_measures(measures)
    named = _names(systems, runs)
    baseline = _baseline(named, baseline)
    holdings = Holdings(library)
    known = holdings.named(judgements)
    judged = _judged(questions, known)
    scored = [question for question in questions if question.id in judged]
    modes = [name for name in named if name not in runs]
    asked = questions if answers else []
    steps = _Steps(progress, len(scored) * len(modes) + len(asked))
    quick = _quick(library, [*scored, *asked], vectors=answers or modes != ["lexical"])
    depth = max(_DEPTH, 2 * deepest(chosen))
    rankings = {name: holdings.outside(run) for name, run in runs.items()} | {
        name: holdings.rank(quick, scored, cast(Mode, name), depth, steps.next) for name in modes
    }
    table = {name: scores(judged, rankings[name], chosen) for name in named}
    per_question = {q.id: {name: table[name][q.id] for name in named} for q in scored}
    source_types = {name: holdings.source_types(units) for name, units in judged.items()}
    answered, refused = _answers(ask_all(quick, asked, steps.next), judged, quick, holdings, seed)
    notes = _notes(questions, scored, known)
    for name in runs:
        notes += notes_on_run(name, rankings[name], set(judged))
    return Evaluation(
        systems=named,
        measures=tuple(chosen),
        baseline=baseline,
        seed=seed,
        questions=tuple(scored),
        scores=compare(per_question, named, tuple(chosen), baseline, seed),
        per_question=per_question,
        slices=slices(scored, source_types, per_question, seed),
        rankings={
            q.id: {name: _shown(rankings[name].get(q.id, ()), judged[q.id]) for name in named}
            for q in scored
        },
        runs={name: _run(rankings[name], scored) for name in named},
        answers=answered,
        refusals=refused,
        unfound=tuple(holdings.unfound(known)),
        notes=tuple(notes),
        index=library.index_id,
        settings=settings_fingerprint(library),
        version=VERSION,
    )


class _Steps:
    """Tells how far an evaluation has come."""

    def __init__(self, progress: ShowEvaluation | None, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = 0

    def next(self, text: str) -> None:
        """Say what is at work now, and that one step more is done."""
        self._done += 1
        if self._progress:
            self._progress(self._done, self._total, text)


def _names(systems: Sequence[str], runs: Mapping[str, Run]) -> tuple[str, ...]:
    """The systems in the order asked for, and the runs that were not named after them.

    Raises:
        EvaluationError: There is none, one is unknown, or a run has the name of one of ours.
    """
    for name in runs:
        if name in MODES:
            raise EvaluationError(f"A run cannot be called '{name}', as one of our own systems is.")
    for name in systems:
        if name not in MODES and name not in runs:
            raise EvaluationError(
                f"There is no system '{name}'. Choose from {', '.join([*MODES, *runs])}."
            )
    named = tuple(dict.fromkeys([*systems, *runs]))
    if not named:
        raise EvaluationError("Nothing to evaluate. Name a system or a run.")
    return named


def _baseline(named: Sequence[str], wanted: str | None) -> str | None:
    if wanted is not None and wanted not in named:
        raise EvaluationError(
            f"The baseline '{wanted}' is not among the systems: {', '.join(named)}."
        )
    if len(named) == 1:
        return None
    return wanted or ("hybrid" if "hybrid" in named else named[0])


def _judged(
    questions: Sequence[Question], judgements: Sequence[Judgement]
) -> dict[str, JudgedQuestion]:
    """The answerable questions with a relevant judgement, in the file's order.

    Raises:
        EvaluationError: There is none.
    """
    by_question = defaultdict(list)
    for judgement in judgements:
        by_question[judgement.question_id].append(judgement)
    found = {q.id: JudgedQuestion(by_question[q.id]) for q in questions if q.answerable}
    judged = {name: units for name, units in found.items() if units.has_relevant}
    if not judged:
        raise EvaluationError(
            f"None of {len(questions)} questions can be scored: none has a judgement above 0. "
            "Check that the judgements name the questions by the same ids."
        )
    return judged


def _quick(library: Library, questions: Sequence[Question], vectors: bool) -> Library:
    """The library that has embedded all questions already.

    Raises:
        EvaluationError: A question cannot be searched for.
    """
    for question in questions:
        try:
            understand(question.text)
        except BadQuestion as error:
            raise EvaluationError(f"Question '{question.id}': {error}") from error
    return library.remembering([question.text for question in questions] if vectors else [])


def _answers(
    asked: Sequence[Asked],
    judged: Mapping[str, JudgedQuestion],
    library: Library,
    holdings: Holdings,
    seed: int,
) -> tuple[AnswerMeasures | None, Refusals | None]:
    if not asked:
        return None, None
    measured = answer_measures(asked, judged, library, holdings.names, seed)
    return measured, refusals(asked, library.settings.answers, seed)


def _shown(ranking: Sequence[Place], judged: JudgedQuestion) -> tuple[Ranked, ...]:
    return tuple(Ranked(p.id, p.score, judged.grade(p)) for p in ranking[:SHOWN])


def _run(ranked: Rankings, questions: Sequence[Question]) -> Run:
    return {q.id: [(place.id, place.score) for place in ranked.get(q.id, ())] for q in questions}


def _notes(
    questions: Sequence[Question], scored: Sequence[Question], judgements: Sequence[Judgement]
) -> list[str]:
    """What was left out of the scores, in plain words."""
    unanswerable = sum(not question.answerable for question in questions)
    unjudged = len(questions) - unanswerable - len(scored)
    ids = {question.id for question in questions}
    strangers = sum(judgement.question_id not in ids for judgement in judgements)
    notes = []
    if unanswerable:
        notes.append(f"{unanswerable} questions that cannot be answered are not ranked for.")
    if unjudged:
        notes.append(f"{unjudged} questions have no judgement above 0 and are not scored.")
    if strangers:
        notes.append(f"{strangers} judgements are on questions that were not asked.")
    return notes


def settings_fingerprint(library: Library) -> str:
    """`sha256:...` over every setting in force, defaults included."""
    plain = json.dumps(to_dict(library.settings), sort_keys=True)
    return "sha256:" + hashlib.sha256(plain.encode("utf-8")).hexdigest()
