import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retriever.config import CHOICES, Search
from retriever.lexical import ENGINES, Bm25s, RankBm25

TERMS = [["screen", "uptak", "rose"], ["screen", "fell"], ["smoke", "stop", "stop"], []]


def bm25(query, documents, k1=1.2, b=0.75):
    """Lucene's BM25 from its formula, as an independent reference."""
    n = len(documents)
    average = sum(map(len, documents)) / n
    scores = []
    for document in documents:
        score = 0.0
        for term in query:
            containing = sum(term in d for d in documents)
            frequency = document.count(term)
            idf = np.log(1 + (n - containing + 0.5) / (containing + 0.5))
            norm = k1 * (1 - b + b * len(document) / average)
            score += idf * frequency / (frequency + norm) if frequency else 0.0
        scores.append(score)
    return scores


words = st.sampled_from(["screen", "uptak", "rose", "fell", "smoke", "cost"])
corpora = st.lists(st.lists(words, min_size=1, max_size=8), min_size=1, max_size=8)


@settings(max_examples=40)
@given(corpora, st.lists(words, min_size=1, max_size=4))
def test_bm25s_agrees_with_the_formula(documents, query):
    scores = Bm25s.build(documents, Search()).scores(query)
    np.testing.assert_allclose(scores, bm25(query, documents), rtol=1e-4, atol=1e-5)


def test_bm25s_orders_as_rank_bm25_does():
    documents = [[*"abcde"], [*"abxyz"], [*"aqrst"], [*"uvwxy"], [*"mnopq"], [*"klmno"], [*"hijkl"]]
    settings = Search()
    ours = Bm25s.build(documents, settings).scores(["b", "c", "x"])
    theirs = RankBm25.build(documents, settings).scores(["b", "c", "x"])
    assert list(np.argsort(-ours, kind="stable")[:3]) == list(
        np.argsort(-theirs, kind="stable")[:3]
    )


def test_a_word_in_half_of_the_passages_still_counts():
    documents = [["screen", "a"], ["screen", "b"], ["smoke", "c"], ["smoke", "d"]]
    assert Bm25s.build(documents, Search()).scores(["screen"])[0] > 0
    assert RankBm25.build(documents, Search()).scores(["screen"])[0] == 0


@pytest.mark.parametrize("name", ENGINES)
def test_what_was_saved_scores_the_same(name, tmp_path):
    engine = ENGINES[name].build(TERMS, Search())
    engine.save(tmp_path / "lexical")
    again = ENGINES[name].load(tmp_path / "lexical", Search())
    np.testing.assert_array_equal(
        engine.scores(["stop", "screen"]), again.scores(["stop", "screen"])
    )


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("terms", [[], [[]], [[], []], TERMS])
def test_unknown_words_and_empty_passages_score_nothing(name, terms, tmp_path):
    ENGINES[name].build(terms, Search()).save(tmp_path)
    scores = ENGINES[name].load(tmp_path, Search()).scores(["mongolia"])
    assert scores.tolist() == [0.0] * len(terms)


@pytest.mark.parametrize("name", ENGINES)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_an_index_made_of_an_earlier_one_is_what_counting_all_anew_gives(
    name, tmp_path_factory, data
):
    passages = st.lists(st.lists(words, max_size=6), max_size=6)
    before = data.draw(passages)
    kept = [number for number in range(len(before)) if data.draw(st.booleans())]
    after = [(number, before[number]) for number in kept]
    for terms in data.draw(passages):
        after.insert(data.draw(st.integers(0, len(after))), (-1, terms))
    folder, engine = tmp_path_factory.mktemp("lexical"), ENGINES[name]
    engine.build(before, Search()).save(folder / "before")
    assert (folder / "before" / engine.counted_in).exists()
    places = np.array([place for place, _ in after], dtype=np.int64)
    new = [terms for place, terms in after if place < 0]
    engine.renewed(folder / "before", places, new, Search()).save(folder / "renewed")
    engine.build([terms for _, terms in after], Search()).save(folder / "anew")
    renewed, anew = (
        {path.name: path.read_bytes() for path in (folder / made).iterdir()}
        for made in ("renewed", "anew")
    )
    assert renewed == anew


def test_the_settings_know_every_engine():
    assert set(CHOICES["search.lexical"]) == set(ENGINES)
