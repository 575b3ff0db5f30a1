"""Grades made by people: what they are shown, what they said, and how far they agree.

Each judge has a file of their own below `judgements/` in the library's folder. It only ever
grows: a new grade, and a grade taken back, is one more line, written through to the disk before
the judge goes on. What a commissioner finds useful is kept apart in `candidates.jsonl`. It bears
no grade, so nothing that reads judgements can take it for one.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import unicodedata
import uuid
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import FileIO
from itertools import combinations
from pathlib import Path
from typing import Any

from retriever.errors import JudgementError, StorageError
from retriever.judgements import HIGHEST_GRADE, Judgement, Question
from retriever.library import Library
from retriever.schema import MODES, Finding, Passage

FOLDER = "judgements"
POOL_DEPTH = 10

_CANDIDATES = "candidates"
_LONGEST_NAME = 40

Key = tuple[str, str, str, tuple[int, int] | None]
"""What a grade is for: question, document, and the quotation or the pages."""


@dataclass(frozen=True)
class Log:
    """What one judge has said.

    Attributes:
        judgements: The grades in force, in the order in which they were given.
        questions: The text of each question that was graded, by its id.
        passed_over: In words, each line that could not be read.
    """

    judge: str
    judgements: tuple[Judgement, ...] = ()
    questions: tuple[Question, ...] = ()
    passed_over: tuple[str, ...] = ()

    def of(self, question_id: str) -> tuple[Judgement, ...]:
        """The grades in force for one question."""
        return tuple(j for j in self.judgements if j.question_id == question_id)


@dataclass(frozen=True)
class Candidate:
    """What a commissioner said of a quotation; no judgement until a judge has graded it."""

    question: Question
    document_id: str
    quote: str
    useful: bool


@dataclass(frozen=True)
class Candidates:
    """What commissioners said, oldest first, and in words each line that could not be read."""

    rows: tuple[Candidate, ...] = ()
    passed_over: tuple[str, ...] = ()

    def questions(self) -> list[Question]:
        """Each question once."""
        return list({row.question.id: row.question for row in self.rows}.values())


@dataclass(frozen=True)
class Disagreement:
    """One thing that two judges graded differently; `pages` where pages were graded."""

    question: Question
    document_id: str
    quote: str
    pages: tuple[int, int] | None
    grades: tuple[int, int]


@dataclass(frozen=True)
class Agreement:
    """How far two judges agree.

    Attributes:
        judges: Their names, in the order of every `Disagreement.grades`.
        common: How many things both have graded.
        same: How many of them got the same grade.
        kappa: Weighted kappa; None where it cannot be worked out.
        disagreements: The widest apart first.
    """

    judges: tuple[str, str]
    common: int
    same: int
    kappa: float | None
    disagreements: tuple[Disagreement, ...]


def judge_name(text: str) -> str:
    """A judge's name as it is kept: in small letters, so that no two differ by case alone.

    Raises:
        JudgementError: The name could not be a file's, or is kept for something else.
    """
    name = unicodedata.normalize("NFC", text).strip().casefold()
    plain = name.replace("-", "")
    if not plain or not plain.isalnum() or len(name) > _LONGEST_NAME:
        raise JudgementError(
            f"The judge's name '{text.strip()}' cannot be used. Write 1 to {_LONGEST_NAME} "
            "letters, digits and hyphens, without spaces, for example amina-k."
        )
    if name == _CANDIDATES:
        raise JudgementError(
            f"The name '{name}' is kept for what commissioners find useful. Choose another."
        )
    return name


def _is_judge(name: str) -> bool:
    try:
        return judge_name(name) == name
    except JudgementError:
        return False


def question_of(text: str) -> Question:
    """A question that stands in no file; the same words get the same id.

    Raises:
        JudgementError: There are no words.
    """
    words = " ".join(text.split())
    if not words:
        raise JudgementError("The question is empty. Choose one from the list or type one.")
    digest = hashlib.sha256(words.casefold().encode()).hexdigest()
    return Question(id=f"asked-{digest[:12]}", text=words)


def pool(library: Library, question: Question, marked: Sequence[Candidate] = ()) -> list[Passage]:
    """The passages to judge for a question: the best of every mode of search, mixed.

    The order depends on the question alone and says nothing of what found a passage.

    Args:
        library: Where to search.
        question: What to search for.
        marked: What commissioners marked; passages with those quotations are mixed in.

    Raises:
        RetrieverError: As `Library.search`.
    """
    found = {
        hit.passage.id: hit.passage
        for mode in MODES
        for hit in library.search(question.text, POOL_DEPTH, mode)
    }
    known = {entry.document_id for entry in library.entries()} if marked else set()
    for candidate in marked:
        if candidate.question.id == question.id and candidate.document_id in known:
            found |= {
                passage.id: passage
                for passage in library.passages(candidate.document_id)
                if candidate.quote in passage.text
            }
    shuffled = [found[name] for name in sorted(found)]
    random.Random(question.id).shuffle(shuffled)
    return shuffled


def grades(log: Log, question_id: str, passages: Sequence[Passage]) -> dict[str, int]:
    """The judge's grade of each passage that has one, by the passage's id.

    A grade belongs to the passage that reads as its quotation does. Where the library was cut
    anew and none does, it belongs to those that hold most of it.
    """
    given = log.of(question_id)
    texts = {(passage.document_id, passage.text) for passage in passages}
    found = {}
    for passage in passages:
        for judgement in given:
            key = (judgement.document_id, judgement.quote)
            own = key == (passage.document_id, passage.text)
            if own or (key not in texts and judgement.holds_for(passage)):
                found[passage.id] = judgement.grade
    return found


def judges(root: Path) -> list[str]:
    """The names of those who have a file of grades, in order."""
    names = (path.stem for path in (root / FOLDER).glob("*.jsonl"))
    return sorted(name for name in names if _is_judge(name))


def read_log(root: Path, judge: str) -> Log:
    """What a judge has said so far; empty for one who has said nothing.

    A line that cannot be read, such as half a line left by a crash, is passed over and named.

    Raises:
        JudgementError: The name cannot be a judge's, or the file cannot be opened.
    """
    judge = judge_name(judge)
    given: list[Judgement] = []
    questions: dict[str, Question] = {}
    passed_over = []
    path = _path(root, judge)
    for number, line in _lines(path):
        try:
            row = _row(line)
            judgement = _judgement(row, judge)
            questions[judgement.question_id] = Question(
                judgement.question_id, str(row.get("question", ""))
            )
            _take(given, judgement, bool(row.get("undone", False)))
        except ValueError as error:
            passed_over.append(_said(path, number, error))
    in_force: dict[Key, Judgement] = {}
    for judgement in given:
        in_force.pop(_key(judgement), None)  # a grade given anew takes its place at the end
        in_force[_key(judgement)] = judgement
    return Log(judge, tuple(in_force.values()), tuple(questions.values()), tuple(passed_over))


def give(
    root: Path,
    judge: str,
    question: Question,
    passage: Passage,
    grade: int,
    whole_pages: bool = False,
) -> Judgement:
    """Keep a judge's grade of a passage, or of the pages it stands on.

    It is on the disk when this returns.

    Raises:
        JudgementError: The name cannot be a judge's.
        StorageError: It cannot be written.
        ValueError: The grade is none.
    """
    pages = passage.pages if whole_pages else None
    judgement = Judgement(
        question_id=question.id,
        document_id=passage.document_id,
        grade=_grade(grade),
        quote="" if pages else passage.text,
        pages=pages,
        judge=judge_name(judge),
    )
    _append(_path(root, judgement.judge), _as_row(judgement, question.text))
    return judgement


def take_back(root: Path, question: Question, judgement: Judgement) -> None:
    """Take back a grade; the one it replaced, if any, is in force again.

    Raises:
        StorageError: It cannot be written.
    """
    row = _as_row(judgement, question.text) | {"undone": True}
    _append(_path(root, judgement.judge), row)


def note_candidate(root: Path, question: str, finding: Finding, useful: bool) -> Candidate:
    """Keep what a commissioner said of a finding, for judges to look at.

    Raises:
        JudgementError: The question is empty.
        StorageError: It cannot be written.
    """
    asked = question_of(question)
    row = {
        "question_id": asked.id,
        "question": asked.text,
        "document_id": finding.document_id,
        "quote": finding.quote,
        "useful": useful,
        "at": _now(),
    }
    _append(_path(root, _CANDIDATES), row)
    return Candidate(asked, finding.document_id, finding.quote, useful)


def read_candidates(root: Path) -> Candidates:
    """What commissioners said; of one quotation and question the last word counts.

    Raises:
        JudgementError: The file cannot be opened.
    """
    rows: dict[tuple[str, str, str], Candidate] = {}
    passed_over = []
    path = _path(root, _CANDIDATES)
    for number, line in _lines(path):
        try:
            row = _row(line)
            question = Question(_text(row, "question_id"), _text(row, "question"))
            document_id, quote = _text(row, "document_id"), _text(row, "quote")
            candidate = Candidate(question, document_id, quote, row.get("useful") is True)
            rows[(question.id, document_id, quote)] = candidate
        except ValueError as error:
            passed_over.append(_said(path, number, error))
    return Candidates(tuple(rows.values()), tuple(passed_over))


def agreements(logs: Sequence[Log]) -> list[Agreement]:
    """How far each two judges agree who have graded something both."""
    pairs = (_agreement(first, second) for first, second in combinations(logs, 2))
    return [pair for pair in pairs if pair.common]


def weighted_kappa(pairs: Sequence[tuple[int, int]]) -> float | None:
    """Agreement of two judges beyond chance: 1 is full, 0 is chance, below 0 is worse than chance.

    Quadratic weights: 1 - sum(w[i][j] * observed[i][j]) / sum(w[i][j] * expected[i][j]) with
    w[i][j] = (i - j)^2 / (highest grade)^2, `observed` the share of pairs (i, j), and `expected`
    the product of the shares with which each judge gives i and j.

    Source: J. Cohen, "Weighted kappa: nominal scale agreement with provision for scaled
    disagreement or partial credit", Psychological Bulletin 70 (1968), 213-220.

    Args:
        pairs: The two judges' grades of each thing.

    Returns:
        Kappa, or None where there is nothing to compare or both gave one and the same grade
        throughout, so that chance alone would make them agree.
    """
    ones, others = Counter(first for first, _ in pairs), Counter(second for _, second in pairs)
    observed = sum((first - second) ** 2 for first, second in pairs)
    expected = sum(ones[i] * others[j] * (i - j) ** 2 for i in ones for j in others)
    if not expected:
        return None
    # The weights' divisor and one of the number of pairs stand above and below, and cancel out.
    return 1 - observed * len(pairs) / expected


def _agreement(first: Log, second: Log) -> Agreement:
    texts = {question.id: question for question in (*first.questions, *second.questions)}
    others = {_key(judgement): judgement.grade for judgement in second.judgements}
    common = [(j, others[_key(j)]) for j in first.judgements if _key(j) in others]
    pairs = [(judgement.grade, grade) for judgement, grade in common]
    apart = [
        Disagreement(texts[j.question_id], j.document_id, j.quote, j.pages, (j.grade, grade))
        for j, grade in common
        if j.grade != grade
    ]
    apart.sort(key=lambda d: (-abs(d.grades[0] - d.grades[1]), d.question.id, d.document_id))
    same = len(common) - len(apart)
    names = (first.judge, second.judge)
    return Agreement(names, len(common), same, weighted_kappa(pairs), tuple(apart))


def _take(given: list[Judgement], judgement: Judgement, undone: bool) -> None:
    """Add a grade, or take away the last one of the same thing."""
    if not undone:
        given.append(judgement)
        return
    for at in reversed(range(len(given))):
        if _key(given[at]) == _key(judgement):
            del given[at]
            return
    raise ValueError("it takes back a grade that was never given")


def _key(judgement: Judgement) -> Key:
    return judgement.question_id, judgement.document_id, judgement.quote, judgement.pages


def _path(root: Path, name: str) -> Path:
    return root / FOLDER / f"{name}.jsonl"


def _as_row(judgement: Judgement, question: str) -> dict[str, Any]:
    place = {"pages": list(judgement.pages)} if judgement.pages else {"quote": judgement.quote}
    return {
        "question_id": judgement.question_id,
        "question": question,
        "document_id": judgement.document_id,
        **place,
        "grade": judgement.grade,
        "judge": judgement.judge,
        "at": _now(),
    }


def _judgement(row: Mapping[str, Any], judge: str) -> Judgement:
    pages = row.get("pages")
    return Judgement(
        question_id=_text(row, "question_id"),
        document_id=_text(row, "document_id"),
        grade=_grade(row.get("grade")),
        quote=_text(row, "quote") if pages is None else "",
        pages=None if pages is None else _pages(pages),
        judge=judge,
    )


def _grade(value: object) -> int:
    if type(value) is not int or not 0 <= value <= HIGHEST_GRADE:
        raise ValueError(f"the grade is {value!r}; it must be 0, 1, 2 or 3")
    return value


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} is {value!r}; it must be text")
    return value


def _pages(value: object) -> tuple[int, int]:
    if isinstance(value, list) and len(value) == 2:
        first, last = value
        if type(first) is int and type(last) is int and 1 <= first <= last:
            return first, last
    raise ValueError(f"the pages are {value!r}; they must be [first, last], from 1")


def _row(line: bytes) -> dict[str, Any]:
    row = json.loads(line.decode("utf-8"))
    if not isinstance(row, dict):
        raise ValueError("it is no JSON object")
    return row


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, with their numbers from 1; none where there is no file."""
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise JudgementError(f"{path} cannot be read: {error}. Check who may read it.") from error
    for number, line in enumerate(content.split(b"\n"), start=1):
        if line.strip():
            yield number, line


def _said(path: Path, number: int, error: ValueError) -> str:
    return f"{path}, line {number} cannot be read and was passed over: {error}"


def forget(root: Path, document_ids: Collection[str]) -> None:
    """Delete what was said of some documents' passages, whose words stand beside each grade.

    Args:
        root: The library's folder.
        document_ids: Of the documents that are to be forgotten.

    Raises:
        StorageError: A file cannot be written.
    """
    for path in sorted((root / FOLDER).glob("*.jsonl")):
        try:
            while not _rewritten(path, document_ids):
                pass
        except OSError as error:
            raise StorageError(f"Grades cannot be taken out of {path}: {error}.") from error


def _rewritten(path: Path, document_ids: Collection[str]) -> bool:
    """Take lines out of a file; tells whether nobody added one meanwhile, so that it is done."""
    content = path.read_bytes()
    lines = content.splitlines(keepends=True)
    left = b"".join(line for line in lines if not _is_about(line, document_ids))
    if left == content:
        return True
    new = path.with_name(f".{uuid.uuid4().hex}.new")
    new.write_bytes(left)
    if path.stat().st_size != len(content):
        new.unlink()
        return False
    new.replace(path)
    return True


def _is_about(line: bytes, document_ids: Collection[str]) -> bool:
    try:
        return _row(line).get("document_id") in document_ids
    except ValueError:  # damaged: nobody can say what it is about
        return any(name.encode() in line for name in document_ids)


def _append(path: Path, row: Mapping[str, Any]) -> None:
    """Add a line and wait until the disk has it."""
    line = json.dumps(row, ensure_ascii=False).encode() + b"\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new = not path.exists()
        with path.open("ab+", buffering=0) as stream:
            if _torn(stream):
                line = b"\n" + line
            written = stream.write(line)
            os.fsync(stream.fileno())
        if new:
            _keep_name(path.parent)
    except OSError as error:
        raise StorageError(f"The grade cannot be kept in {path}: {error}.") from error
    if written != len(line):
        raise StorageError(f"The grade cannot be kept in {path}: the disk is full. Make room.")


def _torn(stream: FileIO) -> bool:
    """Whether the file ends in the middle of a line, as after a crash."""
    if not stream.seek(0, os.SEEK_END):
        return False
    stream.seek(-1, os.SEEK_END)
    return stream.read(1) != b"\n"


def _keep_name(folder: Path) -> None:
    """A new file's name is the folder's to keep, and is as easily lost as its content."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
