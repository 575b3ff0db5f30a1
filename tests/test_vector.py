import numpy as np
import pytest

from retriever.errors import IndexMismatch
from retriever.vector import VectorIndex


def unit(*rows):
    array = np.array(rows, dtype=np.float32)
    return array / np.linalg.norm(array, axis=1, keepdims=True)


VECTORS = unit([1, 0], [1, 1], [0, 1], [1, 1], [-1, 0])
QUERY = np.array([1, 0], dtype=np.float32)


def test_nearest_first_and_ties_in_passage_order():
    index = VectorIndex.build(VECTORS)
    assert index.nearest(QUERY, 4, np.arange(5)).tolist() == [0, 1, 3, 2]


def test_only_what_is_allowed_and_no_more_than_there_is():
    index = VectorIndex.build(VECTORS)
    assert index.nearest(QUERY, 10, np.array([2, 3])).tolist() == [3, 2]
    assert index.nearest(QUERY, 10, np.array([], dtype=np.int64)).tolist() == []


def test_similarity_is_the_cosine():
    index = VectorIndex.build(VECTORS)
    found = index.similarities(QUERY, np.array([1, 4]))
    np.testing.assert_allclose(found, [2**-0.5, -1.0], rtol=1e-6)


def test_saved_and_loaded_is_the_same(tmp_path):
    VectorIndex.build(VECTORS).save(tmp_path / "v")
    loaded = VectorIndex.load(tmp_path / "v")
    assert len(loaded) == 5
    assert loaded.nearest(QUERY, 2, np.arange(5)).tolist() == [0, 1]


def test_a_question_of_another_dimension_names_both():
    index = VectorIndex.build(VECTORS)
    with pytest.raises(IndexMismatch, match=r"3 dimensions, the index has 2.*retriever index"):
        index.nearest(np.ones(3, dtype=np.float32), 1, np.arange(5))
