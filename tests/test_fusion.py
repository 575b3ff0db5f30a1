import numpy as np
import pytest

from retriever.config import CHOICES, Search
from retriever.fusion import FUSIONS, ranks, reciprocal_rank, weighted, with_documents


def test_weighted_is_the_scaled_sum():
    lexical, vector = np.array([4.0, 2.0, 0.0]), np.array([0.2, 0.4, 0.6])
    fused = weighted(lexical, vector, Search(vector_weight=0.25))
    np.testing.assert_allclose(fused, [0.75, 0.75 * 0.5 + 0.25 * 0.5, 0.25])


def test_reciprocal_rank_is_the_sum_of_inverse_ranks_and_unfound_words_give_nothing():
    fused = reciprocal_rank(np.array([4.0, 2.0, 0.0]), np.array([0.2, 0.4, 0.6]), Search(rrf_k=10))
    np.testing.assert_allclose(fused, [1 / 11 + 1 / 13, 1 / 12 + 1 / 12, 1 / 11])


@pytest.mark.parametrize("name", FUSIONS)
def test_best_in_both_arms_is_best_and_edge_cases_give_finite_scores(name):
    fuse = FUSIONS[name]
    assert fuse(np.array([3.0, 1.0]), np.array([0.9, 0.1]), Search()).argmax() == 0
    for lexical, vector in (([], []), ([0.0], [0.3]), ([0.0, 0.0], [0.3, 0.3])):
        fused = fuse(np.array(lexical), np.array(vector), Search())
        assert np.isfinite(fused).all()
        assert len(fused) == len(vector)


def test_a_passage_leans_on_its_document():
    scores, documents = np.array([0.8, 0.7, 0.1, 0.7]), np.array([0, 1, 0, 1])
    np.testing.assert_allclose(with_documents(scores, documents, 0.0), scores)
    leaned = with_documents(scores, documents, 0.5)
    np.testing.assert_allclose(leaned, [0.625, 0.7, 0.275, 0.7])
    assert len(with_documents(np.empty(0), np.empty(0, dtype=int), 0.5)) == 0


def test_ties_rank_in_order():
    assert ranks(np.array([1.0, 2.0, 1.0])).tolist() == [2.0, 1.0, 3.0]


def test_the_settings_know_every_fusion():
    assert set(CHOICES["search.fusion"]) == set(FUSIONS)
