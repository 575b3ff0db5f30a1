"""Rankings to be scored: our own search, and runs from outside, over what the library holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from retriever.judgements import Judgement, Question, Run, unfound
from retriever.library import Library
from retriever.relevance import JudgedQuestion, Place
from retriever.schema import Mode, Passage

Rankings = dict[str, list[Place]]
"""Question id -> places, best first."""


class Holdings:
    """What a library holds, as judgements and runs name it.

    Ids of documents are matched whatever their case. Two files with the same bytes are one
    document: what was judged in one of them was judged in both.

    Attributes:
        names: Document id -> the id that stands for it and its copies.
    """

    def __init__(self, library: Library) -> None:
        searcher = library.searcher()
        first: dict[str, str] = {}
        self.names = {
            name: first.setdefault(file.sha256, name)
            for name, file in sorted(searcher.files.items(), key=lambda item: (len(item[0]), item))
        }
        self._spelled = {name.casefold(): one for name, one in self.names.items()}
        self._source_types = {
            name: file.entry.metadata.source_type for name, file in searcher.files.items()
        }
        self._passages = {passage.id: passage for passage in searcher.generation.passages}
        self._by_document: dict[str, list[Passage]] = defaultdict(list)
        for passage in searcher.generation.passages:
            self._by_document[passage.document_id].append(passage)

    def name(self, document_id: str) -> str:
        """The id that stands for a document; as it is where the library has no such document."""
        return self._spelled.get(document_id.casefold(), document_id)

    def named(self, judgements: Iterable[Judgement]) -> list[Judgement]:
        """The judgements with their documents under the ids that stand for them."""
        return [replace(one, document_id=self.name(one.document_id)) for one in judgements]

    def unfound(self, judgements: Iterable[Judgement]) -> list[Judgement]:
        """See `judgements.unfound`; of judgements that went through `named`."""
        return unfound(judgements, self._by_document)

    def source_types(self, judged: JudgedQuestion) -> list[str]:
        """Kinds of source of the documents judged relevant, each once."""
        documents = {unit.document_id for unit in judged.units if unit.grade}
        return sorted({self._source_types[d] for d in documents & self._source_types.keys()})

    def rank(
        self,
        library: Library,
        questions: Sequence[Question],
        mode: Mode,
        depth: int,
        show: Callable[[str], None],
    ) -> Rankings:
        """The library's own ranking of each question, telling `show` which."""
        rankings = {}
        for question in questions:
            show(f"{mode}: {question.id}")
            hits = library.search(question.text, depth, mode)
            rankings[question.id] = [
                Place(h.passage.id, h.score, self.names[h.passage.document_id], h.passage)
                for h in hits
            ]
        return rankings

    def outside(self, run: Run) -> Rankings:
        """A run from outside, each id as the passage or document that it names."""
        return {
            question: [self._place(name, score) for name, score in ranked]
            for question, ranked in run.items()
        }

    def _place(self, name: str, score: float) -> Place:
        passage = self._passages.get(name)
        if passage is not None:
            return Place(name, score, self.names[passage.document_id], passage)
        return Place(name, score, self._spelled.get(name.casefold(), ""))


def notes_on_run(name: str, rankings: Mapping[str, Sequence[Place]], asked: set[str]) -> list[str]:
    """What a reader must know of a run from outside.

    Args:
        name: The run's.
        rankings: As `Holdings.outside` made them.
        asked: Ids of the questions scored.
    """
    places = [place for question in asked for place in rankings.get(question, ())]
    unknown = [place.id for place in places if not place.document_id]
    documents = sum(place.passage is None for place in places) - len(unknown)
    missing = len(asked - rankings.keys())
    notes = []
    if missing:
        notes.append(f"Run {name} ranks nothing for {missing} of {len(asked)} questions: 0 there.")
    if unknown:
        notes.append(
            f"Run {name}: {len(unknown)} of {len(places)} places name no passage or document of "
            f"this library (first: {unknown[0]}). They count as not judged."
        )
    if documents:
        notes.append(
            f"Run {name} ranks whole documents in {documents} of {len(places)} places. A document "
            "holds every quotation judged in it, so compare such a run on whole documents only."
        )
    return notes
