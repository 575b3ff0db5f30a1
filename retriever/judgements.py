"""Questions, judgements and runs, and the files they are kept in.

A judgement attaches to a quotation, to a range of pages or to a whole document, never to a
passage, so it outlives a new way of cutting passages. Read and written are our own JSONL, folders
in BEIR's layout, and TREC qrels and runs. A malformed line is named with its file and number.
"""

from __future__ import annotations

import csv
import json
import math
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from retriever.errors import JudgementError
from retriever.schema import Passage, to_dict

HIGHEST_GRADE = 3
Run = dict[str, list[tuple[str, float]]]
"""Question id -> (passage or document id, score), best first."""

_SHARE = 0.5
T = TypeVar("T")


@dataclass(frozen=True)
class Question:
    """A question to evaluate with.

    Attributes:
        kind: The kind of finding asked for (effectiveness, cost, uptake, ...).
        groups: Population groups that the question names, in plain words.
        axes: Which of `ethnicity` and `deprivation` it names.
        form: How it is put: `plain`, `short`, `clumsy` or `keywords`.
        half: `develop` or `report`.
        answerable: False where the library holds no answer; `missing` then says what is not held.
    """

    id: str
    text: str
    kind: str = ""
    groups: tuple[str, ...] = ()
    axes: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    form: str = ""
    half: str = ""
    answerable: bool = True
    missing: str = ""


@dataclass(frozen=True)
class Judgement:
    """How well a quotation, a range of pages or a whole document answers a question.

    Attributes:
        grade: 0 (does not answer) to 3 (answers directly).
        quote: The quotation; empty where pages or the whole document were judged.
        pages: First and last page, from 1.
        judge: Who judged; empty where not stated.
    """

    question_id: str
    document_id: str
    grade: int
    quote: str = ""
    pages: tuple[int, int] | None = None
    judge: str = ""

    def holds_for(self, passage: Passage) -> bool:
        """Whether the passage holds what was judged: most of the quotation, or one of the pages."""
        if passage.document_id != self.document_id:
            return False
        if self.quote:
            return covers(passage.text, self.quote)
        if self.pages is None:
            return True
        if passage.pages is None:
            return False
        return passage.pages[0] <= self.pages[1] and self.pages[0] <= passage.pages[1]


def grade_of(passage: Passage, judgements: Sequence[Judgement]) -> int | None:
    """The highest grade of what the passage holds, or None where nobody judged any of it."""
    return max((j.grade for j in judgements if j.holds_for(passage)), default=None)


def unfound(
    judgements: Iterable[Judgement], library: Mapping[str, Sequence[Passage]]
) -> list[Judgement]:
    """The judgements that no passage of their document meets any more.

    The quotation is no longer in its document, the document has no such page, or there is no such
    document. They are to be reported; they count against recall all the same.

    Args:
        judgements: In any order.
        library: Document id -> its passages.
    """
    return [
        judgement
        for judgement in judgements
        if not any(map(judgement.holds_for, library.get(judgement.document_id, ())))
    ]


def covers(text: str, quote: str) -> bool:
    """Whether `text` holds at least half of `quote`, counted in runs of three words."""
    wanted = _triples(quote)
    return len(wanted & _triples(text)) >= _SHARE * len(wanted)


def _triples(text: str) -> set[tuple[str, ...]]:
    plain = unicodedata.normalize("NFKC", text).casefold()
    words = "".join(c if c.isalnum() else " " for c in plain).split()
    return {tuple(words[i : i + 3]) for i in range(max(1, len(words) - 2))}


def read_questions(path: Path) -> list[Question]:
    """Questions out of a JSONL file, in its order, or out of a folder in BEIR's layout.

    Raises:
        JudgementError: The file cannot be read, a line is malformed, or an id stands twice.
    """
    if path.is_dir():
        return read_beir(path)[0]
    questions = list(_read_lines(path, _question))
    seen: set[str] = set()
    for question in questions:
        if question.id in seen:
            raise JudgementError(f"{path}: the question id '{question.id}' stands twice.")
        seen.add(question.id)
    return questions


def read_judgements(path: Path) -> list[Judgement]:
    """Judgements out of a file of ours, TREC qrels, or a folder in BEIR's layout.

    A line of ours is a judgement, or a question whose `answers` (each a document, perhaps with
    pages or a quote) or `quotes` (out of its `document_id`) are judgements of the highest grade
    unless they say otherwise. A question with neither gives none.

    Raises:
        JudgementError: The file cannot be read, or a line is malformed.
    """
    if path.is_dir():
        return read_beir(path)[1]
    first = next((line.lstrip() for _, line in _numbered(path)), "")
    if not first.startswith(("{", "[")):
        return read_qrels(path)
    return [judgement for found in _read_lines(path, _judgements) for judgement in found]


def write_jsonl(path: Path, records: Sequence[Question] | Sequence[Judgement]) -> None:
    """Write questions or judgements as `jsonl` gives them."""
    path.write_text(jsonl(records), encoding="utf-8")


def jsonl(records: Sequence[Question] | Sequence[Judgement]) -> str:
    """Questions or judgements, one line each; what is left empty is left out."""
    rows = [{k: v for k, v in to_dict(r).items() if v not in ("", [], None)} for r in records]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def read_beir(folder: Path, split: str = "test") -> tuple[list[Question], list[Judgement]]:
    """Questions that have judgements, and the judgements, of a folder in BEIR's layout.

    Args:
        folder: Holds `queries.jsonl` and `qrels/SPLIT.tsv`.
        split: Which judgements.

    Raises:
        JudgementError: A file is missing or a line is malformed.
    """
    judgements = read_qrels(folder / "qrels" / f"{split}.tsv")
    judged = {judgement.question_id for judgement in judgements}
    questions = read_questions(folder / "queries.jsonl")
    return [question for question in questions if question.id in judged], judgements


def write_beir(
    folder: Path,
    questions: Sequence[Question],
    judgements: Sequence[Judgement],
    split: str = "test",
) -> None:
    """Write `queries.jsonl` and `qrels/SPLIT.tsv`.

    BEIR judges whole documents: each gets the highest grade of what was judged in it.
    """
    (folder / "qrels").mkdir(parents=True, exist_ok=True)
    rows = [json.dumps({"_id": q.id, "text": q.text}, ensure_ascii=False) for q in questions]
    (folder / "queries.jsonl").write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    with (folder / "qrels" / f"{split}.tsv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter="\t", lineterminator="\n")
        writer.writerow(("query-id", "corpus-id", "score"))
        writer.writerows((q, d, grade) for (q, d), grade in _by_document(judgements).items())


def read_qrels(path: Path) -> list[Judgement]:
    """Judgements on whole documents: TREC's four columns, or BEIR's three with a header.

    Raises:
        JudgementError: The file cannot be read, or a line is malformed.
    """
    judgements = []
    for number, line in _numbered(path):
        parts = line.split()
        if number == 1 and parts[-1] == "score":
            continue
        try:
            if len(parts) not in (3, 4):
                raise ValueError(f"{len(parts)} columns stand there, 3 or 4 are wanted")
            # A grade below 0 (TREC's for junk) is no more than "does not answer".
            grade = max(0, int(parts[-1]))
            judgements.append(Judgement(parts[0], parts[-2], grade))
        except ValueError as error:
            raise _malformed(path, number, error) from error
    return judgements


def write_qrels(path: Path, judgements: Sequence[Judgement]) -> None:
    """Write TREC qrels; each document gets the highest grade of what was judged in it."""
    rows = [f"{q} 0 {d} {grade}\n" for (q, d), grade in _by_document(judgements).items()]
    path.write_text("".join(rows), encoding="utf-8")


def read_run(path: Path) -> Run:
    """A TREC run: `question Q0 id rank score name`, or `question id rank score`.

    The score decides; ties stand in the order of their ranks.

    Raises:
        JudgementError: The file cannot be read, a line is malformed, or an id stands twice.
    """
    rows: dict[str, dict[str, tuple[float, int]]] = {}
    for number, line in _numbered(path):
        parts = line.split()
        try:
            if len(parts) not in (4, 6):
                raise ValueError(f"{len(parts)} columns stand there, 4 or 6 are wanted")
            question, found, rank, score = parts if len(parts) == 4 else (parts[0], *parts[2:5])
            order = (-_finite(score), int(rank))
            if found in rows.setdefault(question, {}):
                raise ValueError(f"{found} is ranked twice for question {question}")
            rows[question][found] = order
        except ValueError as error:
            raise _malformed(path, number, error) from error
    return {
        question: [(name, -ranked[name][0]) for name in sorted(ranked, key=ranked.__getitem__)]
        for question, ranked in rows.items()
    }


def write_run(path: Path, run: Mapping[str, Sequence[tuple[str, float]]], name: str) -> None:
    """Write a TREC run.

    Engines break ties differently, so a score that is not below the one before is written as the
    next lower number.
    """
    lines = []
    for question, ranked in run.items():
        last = math.inf
        for rank, (found, score) in enumerate(ranked, start=1):
            last = score if score < last else math.nextafter(last, -math.inf)
            lines.append(f"{question} Q0 {found} {rank} {last!r} {name}\n")
    path.write_text("".join(lines), encoding="utf-8")


def _by_document(judgements: Sequence[Judgement]) -> dict[tuple[str, str], int]:
    grades: dict[tuple[str, str], int] = {}
    for judgement in judgements:
        key = (judgement.question_id, judgement.document_id)
        grades[key] = max(judgement.grade, grades.get(key, 0))
    return grades


def _question(row: dict[str, Any]) -> Question:
    values = {f.name: row[f.name] for f in fields(Question) if f.name in row}
    values["id"] = str(row["id"] if "id" in row else row["_id"])
    for name in ("groups", "axes", "topics"):
        values[name] = _words(name, values.get(name, []))
    if not str(row["text"]).strip():
        raise ValueError("the text is empty")
    return Question(**values)


def _words(name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise ValueError(f"{name} is {value!r}; it must be a list of words")
    return tuple(value)


def _judgements(row: dict[str, Any]) -> list[Judgement]:
    """The judgement that a line is, or those that a question's line brings along."""
    if "question_id" in row or "text" not in row:
        return [_judgement(row)]
    question = str(row["id"] if "id" in row else row["_id"])
    base = {"question_id": question, "grade": HIGHEST_GRADE}
    if "quotes" in row:
        quotes = _words("quotes", row["quotes"])
        return [_judgement(base | {"document_id": row["document_id"], "quote": q}) for q in quotes]
    answers = row.get("answers", [])
    if not isinstance(answers, list) or not all(isinstance(answer, dict) for answer in answers):
        raise ValueError(f"answers is {answers!r}; it must be a list of JSON objects")
    return [_judgement(base | answer | {"question_id": question}) for answer in answers]


def _judgement(row: dict[str, Any]) -> Judgement:
    grade = row["grade"]
    if isinstance(grade, bool) or not isinstance(grade, int) or not 0 <= grade <= HIGHEST_GRADE:
        raise ValueError(f"the grade is {grade!r}; it must be 0, 1, 2 or 3")
    pages = row.get("pages")
    return Judgement(
        question_id=str(row["question_id"]),
        document_id=str(row["document_id"]),
        grade=grade,
        quote=str(row.get("quote", "")),
        pages=None if pages is None else _pages(pages),
        judge=str(row.get("judge", "")),
    )


def _pages(value: Any) -> tuple[int, int]:
    whole = isinstance(value, list) and len(value) == 2 and all(type(v) is int for v in value)
    if not whole or not 1 <= value[0] <= value[1]:
        raise ValueError(f"the pages are {value!r}; they must be [first, last], from 1")
    return value[0], value[1]


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"the score is {text}; it must be a finite number")
    return number


def _read_lines(path: Path, make: Callable[[dict[str, Any]], T]) -> Iterator[T]:
    for number, line in _numbered(path):
        try:
            row = json.loads(line)
            if not isinstance(row, dict):
                raise ValueError("it is no JSON object")
            yield make(row)
        except KeyError as error:
            missing = ValueError(f"the key {error} is missing")
            raise _malformed(path, number, missing) from error
        except (TypeError, ValueError) as error:
            raise _malformed(path, number, error) from error


def _numbered(path: Path) -> Iterator[tuple[int, str]]:
    """The lines that are not blank, with their numbers from 1."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise JudgementError(f"{path} cannot be read: {error}. Check the file's name.") from error
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield number, line


def _malformed(path: Path, number: int, error: Exception) -> JudgementError:
    return JudgementError(f"{path}, line {number}: {error}. Mend or remove that line.")
