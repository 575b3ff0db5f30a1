"""What an evaluation is made of, and where it is kept: files in and beside a library."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from retriever.errors import EvaluationError, StorageError
from retriever.evaluation import Evaluation
from retriever.judgements import (
    Judgement,
    Question,
    read_judgements,
    read_questions,
    write_run,
)

SHIPPED = Path("corpus", "evaluation")
KEPT = "evaluations"


def read_inputs(
    root: Path, questions: Path | None = None, judgements: Path | None = None, half: str = ""
) -> tuple[list[Question], list[Judgement]]:
    """The questions to evaluate with, and the judgements.

    Args:
        root: The library's folder; where no questions are named, those of its
            `corpus/evaluation/` are read, and the judgements beside them.
        questions: A file of ours, or a folder in BEIR's layout.
        judgements: Ours, TREC qrels or a BEIR folder; if None, those that the questions bring.
        half: Only the questions of this half; all if empty.

    Raises:
        JudgementError: A file cannot be read, or a line is malformed.
        EvaluationError: There are no questions, or none of that half.
    """
    if questions is None:
        questions = root / SHIPPED / "questions.jsonl"
        beside = root / SHIPPED / "judgements.jsonl"
        if not questions.exists():
            raise EvaluationError(
                f"{root} has no questions of its own ({questions} is not there). "
                "Name a file of questions with --questions."
            )
        judgements = judgements or (beside if beside.exists() else None)
    found = read_questions(questions)
    asked = [question for question in found if half in ("", question.half)]
    if not asked:
        of_half = f" of the half '{half}'" if half else ""
        raise EvaluationError(f"{questions} holds no questions{of_half}.")
    ids = {question.id for question in found} - {question.id for question in asked}
    judged = read_judgements(judgements or questions)
    return asked, [judgement for judgement in judged if judgement.question_id not in ids]


def keep(evaluation: Evaluation, folder: Path) -> Path:
    """Write the evaluation as JSON and each system's ranking as a TREC run.

    The files are named by their content and hold no time, so the same run twice gives the same
    files. An earlier evaluation is never written over.

    Returns:
        The JSON file.

    Raises:
        StorageError: The folder cannot be written.
    """
    text = json.dumps(evaluation.to_dict(), indent=1, ensure_ascii=False) + "\n"
    name = hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]
    path = folder / f"{name}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number, system in enumerate(evaluation.systems, start=1):
            label = re.sub(r"[^\w.-]+", "-", system)
            write_run(folder / f"{name}.{number}-{label}.run", evaluation.runs[system], label)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(
            f"The evaluation cannot be kept in {folder}: {error}. Make room or give leave to write."
        ) from error
    return path


def read_kept(path: Path) -> Evaluation:
    """An evaluation that was kept; without its whole rankings, which stand beside it as runs.

    Raises:
        EvaluationError: The file cannot be read, or holds no evaluation.
    """
    try:
        return Evaluation.from_dict(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise EvaluationError(
            f"{path} cannot be read as an evaluation: {error}. Evaluate again and keep that."
        ) from error
