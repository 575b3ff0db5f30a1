import numpy as np
import pytest

from retriever.measures import estimates, holm, randomisation_p


def test_an_interval_of_scores_that_are_all_the_same_is_that_score():
    (found,) = estimates(np.full((20, 1), 0.25))
    assert (found.mean, found.low, found.high) == (0.25, 0.25, 0.25)


def test_an_interval_is_as_wide_as_theory_says():
    halves = np.array([[0.0], [1.0]] * 200)
    (found,) = estimates(halves)
    wide = 1.96 * 0.5 / np.sqrt(400)
    assert found.mean == 0.5
    assert found.low == pytest.approx(0.5 - wide, abs=0.01)
    assert found.high == pytest.approx(0.5 + wide, abs=0.01)


def test_two_questions_say_almost_nothing():
    (found,) = estimates(np.array([[0.0], [1.0]]))
    assert (found.low, found.high) == (0.0, 1.0)


def test_each_column_has_its_interval_whatever_stands_beside_it():
    one, two = np.random.default_rng(1).random((2, 30, 1))
    assert estimates(np.hstack([one, two])) == [*estimates(one), *estimates(two)]
    assert estimates(one, seed=1) != estimates(one, seed=2)


@pytest.mark.parametrize(
    ("differences", "p"),
    [
        ([1.0] * 5, 2 / 32),  # only all plus and all minus are as far from 0
        ([3.0, 1.0, 1.0], 2 / 8),
        ([3.0, -1.0], 1.0),  # 2 or 4 away from 0 with any signs, and 2 was seen
        ([0.1, 0.2, -0.3], 1.0),
        ([0.0, 0.0], 1.0),
        ([0.0] * 50 + [1.0] * 5, 2 / 32),  # those that do not differ say nothing
        ([1.0] * 40, 1 / 10_001),  # drawn: none of 10,000 draws is as far
    ],
)
def test_p_values_that_can_be_counted_by_hand(differences, p):
    assert randomisation_p(differences) == pytest.approx(p)


def test_drawn_p_values_come_close_to_counted_ones():
    # At most two of 14 signs one way: (1 + 14 + 91) choices, and as many the other way.
    assert randomisation_p([1.0] * 12 + [-1.0] * 2) == pytest.approx(212 / 2**14, abs=0.004)


def test_the_direction_of_a_difference_does_not_matter_and_the_seed_decides_the_draw():
    differences = list(np.random.default_rng(3).normal(0.2, 1, 60))
    p = randomisation_p(differences)
    assert randomisation_p([-d for d in differences]) == pytest.approx(p, abs=0.02)
    assert randomisation_p(differences) == p


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.6]) == [1.0, 1.0]
    assert holm([0.02]) == [0.02]
    assert holm([]) == []
