"""What a text does is read off its words; which part of a question is the outcome, off its end."""

from __future__ import annotations

import pytest

from retriever.evidence import asks_for, heading_part, outcome_part, signals

RESULT = "Uptake was significantly higher in the text message group (62% versus 54%, p<0.01)."
ADVICE = "Commissioners should offer text reminders and consider evening appointments."
METHOD = "Participants were recruited by post and randomised; uptake was measured at six months."


def test_a_result_a_recommendation_and_a_method_show_by_their_words() -> None:
    assert signals(RESULT).result > signals(METHOD).result
    assert signals(RESULT).figures >= 2
    assert signals(RESULT).intervals >= 1
    assert signals(ADVICE).recommendation >= 2
    assert signals(METHOD).method >= 2
    assert signals(RESULT).recommendation == 0


def test_the_longer_of_two_listed_phrases_is_counted_once() -> None:
    assert signals("There was no difference.").result == 1


@pytest.mark.parametrize(
    ("question", "outcome"),
    [
        ("What is the effect of text reminders compared with letters on attendance?", "attendance"),
        ("Do link workers reduce GP visits?", "GP visits"),
        ("What happens to blood pressure with health coaching?", "blood pressure"),
        ("bowel screening Pakistani women", "bowel screening Pakistani women"),
        ("Does it improve?", "Does it improve"),
    ],
)
def test_the_outcome_part_of_a_question(question: str, outcome: str) -> None:
    assert outcome_part(question) == outcome


def test_what_a_question_asks_for() -> None:
    assert asks_for("Do link workers reduce GP visits?") == {"effect"}
    assert asks_for("What should we offer to carers?") == {"advice"}
    assert asks_for("link workers Bradford") == frozenset()


def test_the_innermost_heading_that_says_so_tells_the_part() -> None:
    assert heading_part(("Methods", "Statistical analysis")) == "method"
    assert heading_part(("Results", "Smoking")) == "result"
    assert heading_part(("Chapter 1",)) == ""
