"""Which sentences can stand as findings, and which of them look like an answer."""

from __future__ import annotations

import numpy as np
import pytest

from retriever.evidence import outcome_part
from retriever.ranker import packaged_for_sentences
from retriever.schema import Hit, Passage
from retriever.shortforms import ShortForms
from retriever.statements import STATEMENTS, Statement, describe, statements

TEXT = """We recruited practices and sent text reminders to women who were eligible.
Uptake of screening was significantly higher with text reminders: 62% versus 54% (p<0.01).
Text reminders may be a way to reach more women, as previous studies suggested.
Offer text reminders to women who did not attend screening."""
EFFECT = "Do text reminders improve uptake of screening?"


def hits(*texts: str, title: str = "A trial") -> list[Hit]:
    return [
        Hit(rank, Passage(f"a:{rank}", "a", 0, len(text), text), title, 1 / rank)
        for rank, text in enumerate(texts, start=1)
    ]


def read(*texts: str, title: str = "A trial", forms: ShortForms = ()) -> list[Statement]:
    return statements(hits(*texts, title=title), lambda document: forms)


def chances(question: str, *texts: str, forms: ShortForms = ()) -> dict[str, float]:
    found = read(*texts, forms=forms)
    alike = np.full((2, len(found)), 0.6)
    ranker = packaged_for_sentences()
    scores = ranker.probabilities(ranker.shares(describe(question, found, alike)))
    return {s.text: float(score) for s, score in zip(found, scores, strict=True)}


def test_each_sentence_is_whole_and_at_its_place() -> None:
    assert [statement.text for statement in read(TEXT)] == TEXT.splitlines()


@pytest.mark.parametrize(
    "text",
    [
        "A trial of letters",
        "Does it work for all?",
        "See www.example.org for more of it.",
        "Few.",
        "88 Barr O, Gilgunn J and Moore G (1999) Health screening for people in Northern Ireland.",
        "17 Office for Examples (2012) Developing dental services for homeless people.",
        "Lewis G, Bebbington P, Brugha TS: Living standards and neurotic disorder in the town.",
        "Journal of Made-up Results 2003;85(3):154-157.",
        "7.12 Gypsy, Roma and Traveller Communities 60",
        "Hayling Island | Brighton | South Downs National Park",
    ],
)
def test_what_cannot_stand_alone_is_left_out(text: str) -> None:
    assert read(text, title="A trial of letters") == []


@pytest.mark.parametrize(
    "text",
    [
        "The NHS Long Term Plan (2019) said that women in the poorest areas live 19 years less.",
        "In all 38 practices took part until 2014; 31,881 people were invited to a check.",
        "The survey (2004) found that rates were higher in some groups than in others.",
        "1.4.20 Offer a scan at 20 weeks, and another at 28 to 32 weeks.",
    ],
)
def test_a_finding_with_a_year_in_it_is_no_source(text: str) -> None:
    assert [statement.text for statement in read(text)] == [text]


def test_of_equally_similar_sentences_the_result_answers_a_question_on_an_effect() -> None:
    scores = chances(EFFECT, TEXT)
    assert "62% versus 54%" in max(scores, key=scores.__getitem__)


def test_advice_gains_where_advice_is_asked() -> None:
    asked = chances("What should we offer to women who did not attend screening?", TEXT)
    effect = chances(EFFECT, TEXT)
    result, advice = TEXT.splitlines()[1], TEXT.splitlines()[3]
    assert asked[advice] / asked[result] > effect[advice] / effect[result]


def test_an_abbreviation_that_the_document_explains_counts_as_its_words() -> None:
    texts = ("MAP was lower in 62% of the women.", "Weight was lower in 62% of the women.")
    asked = "Does exercise lower mean arterial pressure?"
    forms = (("MAP", "mean arterial pressure"),)
    gained = {
        text: chance / chances(asked, *texts)[text]
        for text, chance in chances(asked, *texts, forms=forms).items()
    }
    assert gained[texts[0]] > gained[texts[1]]


def test_one_row_for_each_sentence_and_one_column_for_each_name() -> None:
    found = read(TEXT, "Letters raised uptake by four points in two towns.")
    rows = describe(EFFECT, found, np.zeros((2, len(found))))
    assert rows.shape == (5, len(STATEMENTS))
    assert np.isfinite(rows).all()
    assert outcome_part(EFFECT) == "uptake of screening"
