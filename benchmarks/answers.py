"""How well answers answer: judged quotations found, quotations exact, off-topic questions refused.

    python -m benchmarks.answers                quotations and refusals, on the reporting halves
    python -m benchmarks.answers --choosing     the same on the choosing halves, and the curve
                                                that the threshold was chosen on

Trials are split by article and NICE questions by guideline (`effectiveness.halves`); off-topic
questions (`off_topic.toml`) by turns.
"""

from __future__ import annotations

import argparse
import random
import tomllib
from collections.abc import Sequence
from pathlib import Path
from statistics import mean

from benchmarks import effectiveness, libraries
from retriever import Library
from retriever.answer import nearness
from retriever.judgements import covers
from retriever.schema import Answer

SAMPLE = 150
SEED = 20261121


def quotation_table(library: Library, questions: Sequence[dict]) -> None:
    """Whether one of the first findings holds a judged quotation; whether each is exact."""
    ranks, findings, exact = [], 0, 0
    for question in questions:
        answer = library.ask(question["text"])
        ranks.append(_first_with_quotation(answer, question))
        findings += len(answer.findings)
        exact += sum(_exact(library, answer))
    print(f"\ntrials: {len(questions)} questions, all documents searched together")
    for k in (1, 3, 5):
        print(f"  judged quotation among the first {k}: {mean(0 < r <= k for r in ranks):.3f}")
    print(f"  quotations equal to the text read, at the stated offsets: {exact} of {findings}")


def _first_with_quotation(answer: Answer, question: dict) -> int:
    for rank, finding in enumerate(answer.findings, start=1):
        if finding.document_id == question["document_id"].lower() and any(
            covers(finding.quote, quote) for quote in question["quotes"]
        ):
            return rank
    return 0


def _exact(library: Library, answer: Answer) -> list[bool]:
    exact = []
    for finding in answer.findings:
        document = library.document(finding.document_id)
        exact.append(
            document.text[finding.start : finding.end] == finding.quote
            and document.pages_of(finding.start, finding.end) == finding.pages
        )
    return exact


def refusal_table(library: Library, answerable: Sequence[str], off_topic: Sequence[str]) -> None:
    """Shares of off-topic questions refused and of answerable ones not, by threshold."""
    held, not_held = _nearness(library, answerable), _nearness(library, off_topic)
    chosen = library.settings.answers.min_similarity
    print(f"\nrefusals: {len(answerable)} NICE questions, {len(off_topic)} off-topic questions")
    print("  threshold  off-topic refused  answerable refused")
    for threshold in sorted({0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, chosen}):
        mark = "  <- set" if threshold == chosen else ""
        print(
            f"  {threshold:9.2f}  {mean(n < threshold for n in not_held):17.3f}"
            f"  {mean(n < threshold for n in held):18.3f}{mark}"
        )


def _nearness(library: Library, questions: Sequence[str]) -> list[float]:
    return [nearness(question, library.search(question, 100)) for question in questions]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--choosing", action="store_true", help="the choosing halves")
    half = 0 if parser.parse_args().choosing else 1
    library = libraries.documents()
    rng = random.Random(SEED)
    trials = effectiveness.halves(
        [q for q in libraries.trial_questions() if q["quotes"]], lambda q: q["document_id"]
    )[half]
    nice = effectiveness.halves(
        libraries.nice_questions(), lambda q: q["answers"][0]["document_id"]
    )[half]
    off_topic = tomllib.loads(Path(__file__).with_name("off_topic.toml").read_text("utf-8"))
    refusal_table(
        library,
        [q["text"] for q in rng.sample(nice, SAMPLE)],
        off_topic["questions"][half::2],
    )
    quotation_table(library, rng.sample(trials, SAMPLE))


if __name__ == "__main__":
    main()
