"""The ranker brings what happened before what is talked about, and says why."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from retriever import Library
from retriever.errors import ModelError
from retriever.features import FEATURES
from retriever.labels import feature_in_words
from retriever.output import reasons
from retriever.ranker import RANKER, Ranker

TALK = """# Reminders

## Background

Text reminders for bowel screening are much discussed, and text reminders may be a way to bowel
screening uptake, as previous studies of text reminders suggested.

## Methods

We recruited practices and sent text reminders for bowel screening to those who were eligible;
uptake was measured and analysed using logistic regression.

## Results

Bowel screening uptake was significantly higher with text reminders: 62% versus 54% (p<0.01).

## Discussion

Text reminders may be a simple step for bowel screening programmes in many places.

## Strengths

Practices of many kinds took part in this study of text reminders.

## Funding

The council paid for the text reminders of the bowel screening programme.
"""
QUESTION = "Do text reminders improve bowel screening uptake?"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    root = tmp_path_factory.mktemp("library")
    (root / "corpus").mkdir()
    (root / "corpus" / "reminders.md").write_text(TALK, encoding="utf-8")
    other = "# Smoking\n\nStop smoking services reached few people.\n"
    (root / "corpus" / "smoking.md").write_text(other, encoding="utf-8")
    (root / "retriever.toml").write_text("embedder.threads = 1\n", encoding="utf-8")
    opened = Library.open(root)
    opened.index()
    return opened


@pytest.mark.model
def test_the_passage_that_reports_what_happened_comes_first(library: Library) -> None:
    first = library.search(QUESTION)[0]
    assert "62% versus 54%" in first.passage.text


@pytest.mark.model
def test_scores_are_chances_and_fall(library: Library) -> None:
    scores = [hit.score for hit in library.search(QUESTION)]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


@pytest.mark.model
def test_shares_add_up_to_the_order_and_read_as_words(library: Library) -> None:
    hits = library.search(QUESTION)
    sums = [sum(hit.shares.values()) for hit in hits]
    assert sums == sorted(sums, reverse=True)
    told = dict(reasons(hits[0]))
    assert told
    assert set(told) <= {feature_in_words(name) for name in FEATURES}


@pytest.mark.model
def test_other_modes_are_not_weighed(library: Library) -> None:
    assert all(not hit.shares for hit in library.search(QUESTION, mode="hybrid"))


def test_passages_that_were_not_weighed_stay_behind_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "retriever.toml").write_text(
        'embedder.model = "hashing"\nsearch.weighed = 5\n', encoding="utf-8"
    )
    for number in range(12):
        text = "\n\n".join(
            f"# Part {part}\n\nText reminders for screening in practice {number}."
            + " More words." * (number + part)
            for part in range(5)
        )
        (tmp_path / "corpus" / f"practice-{number:02}.md").write_text(text, encoding="utf-8")
    library = Library.open(tmp_path)
    library.index()
    fused = [hit.passage.id for hit in library.search(QUESTION, 20, mode="hybrid")]
    weighed = library.search(QUESTION, 20)
    assert [bool(hit.shares) for hit in weighed] == [True] * 5 + [False] * 15
    assert [hit.passage.id for hit in weighed[5:]] == fused[5:]


def test_a_library_of_abstracts_is_not_weighed(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "retriever.toml").write_text('embedder.model = "hashing"\n', encoding="utf-8")
    for number, town in enumerate(("Leeds", "York", "Hull")):
        text = f"Text reminders raised bowel screening uptake in {town} by {number} points."
        (tmp_path / "corpus" / f"{town}.txt").write_text(text, encoding="utf-8")
    library = Library.open(tmp_path)
    library.index()
    order = [hit.passage.id for hit in library.search(QUESTION)]
    assert order == [hit.passage.id for hit in library.search(QUESTION, mode="hybrid")]


def test_the_packaged_file_has_every_feature_and_its_figures() -> None:
    ranker = Ranker.read()
    assert ranker.weights.shape == (len(FEATURES),)
    assert np.all(ranker.scales > 0)
    assert "[cross_validated." in RANKER.read_text("utf-8")


def test_a_file_for_other_features_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "ranker.toml"
    path.write_text("slope = 1.0\noffset = 0.0\n[features]\n", encoding="utf-8")
    with pytest.raises(ModelError, match=r"ranker\.toml cannot be used: its features"):
        Ranker.read(path)
    with pytest.raises(ModelError, match="cannot be used"):
        Ranker.read(tmp_path / "none.toml")
