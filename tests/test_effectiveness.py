"""What ships finds and answers as well as it did. Expected figures are in `effectiveness.yaml`."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from retriever import Library
from retriever.evaluation import Evaluation, evaluate
from retriever.evaluation_files import read_inputs

PROJECT = Path(__file__).resolve().parents[1]
EXPECTED: dict[str, Any] = yaml.safe_load(
    Path(__file__).with_name("effectiveness.yaml").read_text("utf-8")
)
RANKED = [(row, measure) for row in EXPECTED["rankings"] for measure in EXPECTED["measures"]]

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    """The report half put to the starter library, with the model and the settings as they ship."""
    root = tmp_path_factory.mktemp("shipped")
    shutil.copytree(PROJECT / "corpus", root / "corpus")
    library = Library.open(root)
    library.index()
    questions, judgements = read_inputs(root, half="report")
    return evaluate(
        library, questions, judgements, list(EXPECTED["rankings"]), EXPECTED["measures"],
        answers=True,
    )  # fmt: skip


@pytest.mark.parametrize(("system", "measure"), RANKED)
def test_rankings(found: Evaluation, system: str, measure: str) -> None:
    expected = EXPECTED["rankings"][system][EXPECTED["measures"].index(measure)]
    (score,) = [s for s in found.scores if (s.system, s.measure) == (system, measure)]
    assert score.estimate.mean == pytest.approx(expected, abs=EXPECTED["tolerance"])


def test_the_mode_that_people_get_is_the_best(found: Evaluation) -> None:
    means = {s.system: s.estimate.mean for s in found.scores if s.measure == "nDCG@10"}
    assert max(means, key=means.__getitem__) == "evidence"


@pytest.mark.parametrize("among", ["1", "3", "5"])
def test_a_finding_holds_what_was_judged(found: Evaluation, among: str) -> None:
    assert found.answers is not None
    expected = EXPECTED["found"][among]
    assert found.answers.found[among].mean == pytest.approx(expected, abs=EXPECTED["tolerance"])


def test_every_quotation_is_exact(found: Evaluation) -> None:
    assert found.answers is not None
    assert found.answers.exact == found.answers.findings > 300


@pytest.mark.parametrize("kind", EXPECTED["refused"])
def test_refusals(found: Evaluation, kind: str) -> None:
    assert found.refusals is not None
    shares = {"answerable": found.refusals.answerable, **found.refusals.unanswerable}
    share = shares[kind]
    assert share is not None
    assert share.mean == pytest.approx(EXPECTED["refused"][kind], abs=EXPECTED["tolerance"])


def test_no_judgement_has_lost_its_quotation(found: Evaluation) -> None:
    assert found.unfound == ()
