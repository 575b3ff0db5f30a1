import re
from math import log2

import pytest

from retriever.errors import EvaluationError
from retriever.judgements import Judgement
from retriever.relevance import JudgedQuestion, Place, parse_measures, scores
from retriever.schema import Passage

ONE = "Reminder letters raised uptake by four points in the poorest fifth."
TWO = "Each letter cost less than one pound to print and to send."
THREE = "Nobody came to harm from being sent a letter through the post."
NOISE = "The allotments of the town were dug over once more in the spring."


def place(name, *sentences, pages=None):
    """A passage of the document that its name begins with."""
    text = " ".join(sentences)
    document = name.partition(":")[0]
    return Place(name, 0.0, document, Passage(name, document, 0, len(text), text, (), pages))


def measured(judgements, ranking, *names):
    judged = {"q": JudgedQuestion(judgements)}
    return scores(judged, {"q": ranking}, parse_measures(names))["q"]


def quote(text, grade=3, document="d"):
    return Judgement("q", document, grade, text)


NOTHING = place("x:1", NOISE)
ON_ONE = place("d:1", ONE, NOISE)
ON_TWO = place("d:2", TWO, NOISE)
ON_THREE = place("d:3", THREE, NOISE)


def test_scores_by_hand():
    judgements = [quote(ONE, 3), quote(TWO, 1), quote(THREE, 0)]
    found = measured(
        judgements,
        [NOTHING, ON_ONE, ON_THREE, ON_TWO],
        "nDCG@10", "nDCG@2", "R@3", "R@20", "RR@10", "Success@1", "Success@5", "Judged@4", "P@4",
    )  # fmt: skip
    ideal = 3 + 1 / log2(3)
    assert found == pytest.approx(
        {
            "nDCG@10": (3 / log2(3) + 1 / log2(5)) / ideal,
            "nDCG@2": (3 / log2(3)) / ideal,
            "R@3": 0.5,
            "R@20": 1.0,
            "RR@10": 0.5,
            "Success@1": 0.0,
            "Success@5": 1.0,
            "Judged@4": 0.75,
            "P@4": 0.5,
        }
    )


def test_a_second_passage_with_the_same_quotation_is_neither_a_find_nor_a_miss():
    again = place("d:9", ONE, "And so on.")
    judgements = [quote(ONE), quote(TWO)]
    with_it = measured(judgements, [ON_ONE, again, ON_TWO], "nDCG@10", "R@10", "P@3", "Judged@3")
    without = measured(judgements, [ON_ONE, ON_TWO], "nDCG@10", "R@10", "P@3", "Judged@3")
    assert with_it == without
    assert with_it["nDCG@10"] == with_it["R@10"] == 1.0


def test_the_cut_off_counts_passages_so_a_repeat_uses_up_a_place():
    again = place("d:9", ONE, "And so on.")
    judgements = [quote(ONE), quote(TWO)]
    assert measured(judgements, [ON_ONE, again, ON_TWO], "R@2", "R@3") == {"R@2": 0.5, "R@3": 1.0}
    assert measured(judgements, [ON_ONE, again, ON_TWO], "nDCG@2")["nDCG@2"] < 1


def test_a_passage_with_several_quotations_stands_for_each_of_them():
    judgements = [quote(ONE), quote(TWO, 2), quote(THREE, 1)]
    both = place("d:9", TWO, ONE)
    found = measured(judgements, [both, ON_THREE], "R@1", "R@2", "nDCG@10", "RR")
    assert found == pytest.approx({"R@1": 2 / 3, "R@2": 1.0, "nDCG@10": 1.0, "RR": 1.0})


def test_the_denominator_does_not_depend_on_how_passages_are_cut():
    judgements = [quote(ONE), quote(TWO), quote(THREE)]
    cut_small = [ON_ONE, ON_TWO]
    cut_large = [place("d:1", ONE, TWO)]
    names = ("nDCG@10", "R@10")
    assert measured(judgements, cut_small, *names) == measured(judgements, cut_large, *names)


def test_two_judges_of_one_quotation_are_one_quotation_with_the_higher_grade():
    twice = [quote(ONE, 1), quote(f" {ONE}\n", 3), quote(TWO, 2)]
    once = [quote(ONE, 3), quote(TWO, 2)]
    for ranking in ([ON_TWO, ON_ONE], [ON_ONE]):
        assert measured(twice, ranking, "nDCG@10", "R@5") == measured(
            once, ranking, "nDCG@10", "R@5"
        )


def test_a_range_of_pages_is_found_once():
    on_pages = [Judgement("q", "d", 3, pages=(3, 4)), Judgement("q", "e", 3, pages=(1, 1))]
    third, fourth = place("d:3", NOISE, pages=(3, 3)), place("d:4", NOISE, pages=(4, 5))
    fifth, other = place("d:5", NOISE, pages=(5, 5)), place("e:1", NOISE, pages=(1, 2))
    found = measured(on_pages, [fifth, third, fourth, other], "RR", "R@2", "R@4", "Judged@4")
    assert found == {"RR": 0.5, "R@2": 0.5, "R@4": 1.0, "Judged@4": 0.75}


def test_where_documents_were_judged_each_ranks_by_its_best_passage():
    documents = [Judgement("q", "d", 1), Judgement("q", "e", 1)]
    ranking = [NOTHING, place("x:2", NOISE), ON_ONE, ON_TWO, place("e:1", NOISE)]
    found = measured(documents, ranking, "nDCG@10", "R@2", "R@3", "Judged@3", "RR")
    ideal = 1 + 1 / log2(3)
    assert found == pytest.approx(
        {
            "nDCG@10": (1 / log2(3) + 1 / 2) / ideal,
            "R@2": 0.5,
            "R@3": 1.0,
            "Judged@3": 2 / 3,
            "RR": 0.5,
        }
    )


def test_a_document_out_of_an_outside_run_holds_what_was_judged_in_it():
    assert measured([quote(ONE), quote(TWO)], [Place("d", 1.0, "d")], "R@1") == {"R@1": 1.0}
    assert measured([quote(ONE)], [Place("unheard of", 1.0)], "R@1", "Judged@1") == {
        "R@1": 0.0,
        "Judged@1": 0.0,
    }


def test_nothing_ranked_scores_nothing():
    assert measured([quote(ONE)], [], "nDCG@10", "R@20", "Judged@10") == {
        "nDCG@10": 0.0,
        "R@20": 0.0,
        "Judged@10": 0.0,
    }


def test_a_measure_may_ask_for_higher_grades():
    found = measured([quote(ONE, 1), quote(TWO, 2)], [ON_ONE], "R(rel=2)@5", "R@5")
    assert found == {"R(rel=2)@5": 0.0, "R@5": 0.5}


@pytest.mark.parametrize("name", ["nDGC@10", "nDCG@ten", "nDCG@0", "R(foo=1)@3", "ERR@20", ""])
def test_a_measure_that_cannot_be_computed_is_named(name):
    with pytest.raises(EvaluationError, match=re.escape(f"The measure '{name}' cannot")):
        parse_measures([name])
