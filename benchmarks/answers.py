"""How well answers answer: judged quotations found, quotations exact, off-topic questions refused.

    python -m benchmarks.answers                on documents held back (`libraries.held_back`)
    python -m benchmarks.answers --choosing     on the others, by which settings are chosen

Off-topic questions (`off_topic.toml`) are split by turns. All documents are searched together, and
the trial questions once more among the trial articles alone.
"""

from __future__ import annotations

import argparse
import random
import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import mean

from benchmarks import libraries
from retriever import Library
from retriever.judgements import covers
from retriever.schema import Answer, Filters
from retriever.search import NO_FILTERS

SAMPLE = 150
SEED = 20261121


def quotation_table(library: Library, questions: Sequence[dict], filters: Filters) -> None:
    """Whether one of the first findings holds a judged quotation; whether each is exact."""
    ranks, findings, exact = [], 0, 0
    for question in questions:
        answer = library.ask(question["text"], filters)
        ranks.append(_first_with_quotation(answer, question))
        findings += len(answer.findings)
        exact += sum(_exact(library, answer))
    searched = len(filters.document_ids) or len(library.searcher().files)
    print(f"\ntrials: {len(questions)} questions over {searched} documents")
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
    asked = {
        name: [library.ask(question) for question in questions]
        for name, questions in (("answerable", answerable), ("off-topic", off_topic))
    }
    print(f"\nrefusals: {len(answerable)} NICE questions, {len(off_topic)} off-topic questions")
    for name, answers in asked.items():
        outcomes = Counter(answer.outcome for answer in answers)
        print(f"  {name}: {dict(sorted(outcomes.items()))}")
    settings = library.settings.answers
    for setting, value, in_force in (
        ("min_nearness", "nearness", settings.min_nearness),
        ("min_covered", "covered", settings.min_covered),
    ):
        print(f"  {setting}  off-topic refused  answerable refused")
        for threshold in sorted({*(round(0.05 * step, 2) for step in range(13)), in_force}):
            mark = "  <- set" if threshold == in_force else ""
            shares = [
                mean(getattr(answer, value) < threshold for answer in asked[name])
                for name in ("off-topic", "answerable")
            ]
            print(f"  {threshold:14.2f}  {shares[0]:17.3f}  {shares[1]:18.3f}{mark}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--choosing", action="store_true", help="the choosing halves")
    report = not parser.parse_args().choosing
    library = libraries.documents()
    rng = random.Random(SEED)
    trials = [
        q for q in libraries.trial_questions() if libraries.held_back(q["document_id"]) is report
    ]
    nice = [
        q
        for q in libraries.nice_questions()
        if libraries.held_back(q["answers"][0]["document_id"]) is report
    ]
    off_topic = tomllib.loads(Path(__file__).with_name("off_topic.toml").read_text("utf-8"))
    refusal_table(
        library,
        [q["text"] for q in rng.sample(nice, SAMPLE)],
        off_topic["questions"][int(report) :: 2],
    )
    chosen = trials if report else rng.sample(trials, SAMPLE)
    quotation_table(library, chosen, NO_FILTERS)
    articles = libraries.articles(library.searcher())
    quotation_table(library, chosen, Filters(document_ids=articles))


if __name__ == "__main__":
    main()
