"""Ranked passages + judgements -> scores by ir_measures.

What is judged is a *unit*: a quotation, a range of pages or a whole document. What is ranked is a
passage (in an outside run, perhaps a document). They are brought together so:

- A passage stands for every relevant unit that it holds and that no passage above it held: each
  judged quotation counts once, wherever the passages were cut.
- A passage that holds relevant units, but only such as were held above it, is left out of the
  ranking: it is neither another find nor a miss. (Passages overlap, and ranges of pages hold
  many; with judgements on documents this is the usual "a document ranks by its best passage".)
- Any other passage stands for itself: with grade 0 where it holds something judged 0, else
  unjudged.
- Where all judgements of a question are on whole documents, documents are ranked and the
  cut-off counts documents. Else it counts passages: what stands below the k-th passage is out,
  and R@k is the share of relevant units that the first k passages hold.

Recall's denominator and nDCG's ideal are the relevant units, so they stay the same when passages
are cut in another way. Relevant is a grade of 1 or more, unless the measure says `rel=2`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import ir_measures
from ir_measures.measures import Measure

from retriever.errors import EvaluationError
from retriever.judgements import Judgement
from retriever.schema import Passage

_ALL = 1_000_000
_COMMON = ("nDCG@10", "R@20", "RR@10", "Success@5", "P@5", "AP", "Judged@10")


@dataclass(frozen=True)
class Place:
    """One place of a ranking.

    Attributes:
        id: Of the passage or, in an outside run, of a document or of what the library has not.
        document_id: Empty for what the library has not.
        passage: None for a whole document.
    """

    id: str
    score: float
    document_id: str = ""
    passage: Passage | None = None


class JudgedQuestion:
    """The judgements on one question: what each passage holds of them."""

    def __init__(self, judgements: Iterable[Judgement]) -> None:
        units: dict[tuple[str, str, tuple[int, int] | None], Judgement] = {}
        for judgement in judgements:
            key = (judgement.document_id, " ".join(judgement.quote.split()), judgement.pages)
            if key not in units or units[key].grade < judgement.grade:
                units[key] = judgement
        # Highest grade first: the order in which a passage stands for what it holds.
        ordered = sorted(units.items(), key=lambda item: (-item[1].grade, item[0][0]))
        self.units = [judgement for _, judgement in ordered]
        self.by_document = all(not u.quote and u.pages is None for u in self.units)
        self._held: dict[str, list[int]] = {}

    @property
    def has_relevant(self) -> bool:
        """Whether anything was judged relevant."""
        return any(unit.grade for unit in self.units)

    def grade(self, place: Place) -> int | None:
        """The highest grade of what stands at a place; None where nobody judged any of it."""
        return max((self.units[number].grade for number in self._holds(place)), default=None)

    def _holds(self, place: Place) -> list[int]:
        """Numbers of the units that a place holds."""
        if place.id not in self._held:
            self._held[place.id] = [
                number
                for number, unit in enumerate(self.units)
                if unit.document_id == place.document_id
                and (place.passage is None or _same(unit, place).holds_for(place.passage))
            ]
        return self._held[place.id]

    def qrels(self, ranking: Sequence[Place]) -> dict[str, int]:
        """Item -> grade: every unit, and the places that stand for themselves and were judged."""
        if self.by_document:
            return {unit.document_id: unit.grade for unit in self.units}
        grades = {f"unit {number}": unit.grade for number, unit in enumerate(self.units)}
        return grades | {place.id: 0 for place in ranking if self.grade(place) is not None}

    def items(self, ranking: Sequence[Place], cutoff: int, measure: str) -> list[str]:
        """What the first `cutoff` places stand for, best first; see the module's words."""
        if self.by_document:
            return list(dict.fromkeys(p.document_id or p.id for p in ranking))[:cutoff]
        if measure == "Judged":
            return [place.id for place in ranking[:cutoff]]
        items: dict[str, None] = {}
        for place in ranking[:cutoff]:
            relevant = [number for number in self._holds(place) if self.units[number].grade]
            items.update(dict.fromkeys(f"unit {number}" for number in relevant))
            if not relevant:
                items[place.id] = None
        return list(items)


def _same(unit: Judgement, place: Place) -> Judgement:
    """The unit under the name that the passage's own document has: copies count as one."""
    assert place.passage is not None  # noqa: S101
    return replace(unit, document_id=place.passage.document_id)


def parse_measures(names: Sequence[str]) -> dict[str, Measure]:
    """Measures by the names that ir_measures gives them, in the order asked for.

    Raises:
        EvaluationError: A name is not understood, or cannot be computed here.
    """
    return {str(measure): measure for measure in map(_parse, names)}


def _parse(name: str) -> Measure:
    try:
        measure = ir_measures.parse_measure(name)
        # Looked at first: an engine of ir_measures brings the process down with 0.
        if not 1 <= measure.params.get("cutoff", 1) <= _ALL:
            raise ValueError(f"it must be cut off from 1 to {_ALL:,}")
        list(ir_measures.iter_calc([measure], {"q": {"d": 1}}, {"q": {"d": 1.0}}))
    except Exception as error:  # of many kinds: ir_measures hands on what its engines raise
        near = difflib.get_close_matches(name, _COMMON, n=1, cutoff=0.4) or ["nDCG@10"]
        raise EvaluationError(
            f"The measure '{name}' cannot be computed: {error}. Write it as ir_measures does, "
            f"for example {near[0]}."
        ) from error
    return measure


def deepest(measures: Mapping[str, Measure]) -> int:
    """The lowest cut-off among the measures, 0 where none has one."""
    return max((measure.params.get("cutoff", 0) for measure in measures.values()), default=0)


def scores(
    judged: Mapping[str, JudgedQuestion],
    rankings: Mapping[str, Sequence[Place]],
    measures: Mapping[str, Measure],
) -> dict[str, dict[str, float]]:
    """Question id -> measure -> score; 0 where nothing was ranked."""
    result = {question: dict.fromkeys(measures, 0.0) for question in judged}
    qrels = {q: units.qrels(rankings.get(q, ())) for q, units in judged.items()}
    for name, measure in measures.items():
        cutoff = measure.params.get("cutoff", _ALL)
        run: dict[str, dict[str, float]] = {}
        for question, units in judged.items():
            items = units.items(rankings.get(question, ()), cutoff, str(measure.NAME))
            if items:  # ir_measures cannot take an empty ranking; its scores stay 0
                run[question] = {item: float(-place) for place, item in enumerate(items)}
        for metric in ir_measures.iter_calc([_counted(measure)], qrels, run) if run else ():
            result[metric.query_id][name] = float(metric.value)
    return result


def _counted(measure: Measure) -> Measure:
    """R@k looks at all that the first k passages stand for, which may be more than k units."""
    return measure(cutoff=_ALL) if measure.NAME == "R" else measure
