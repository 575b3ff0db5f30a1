"""The comparison with other search engines: what is held back, the table, the engines at hand."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from benchmarks.engines import ENGINES, NEEDS, Material, is_kept, run_path
from benchmarks.libraries import held_back
from benchmarks.peers import ahead, first_right, ndcg, table
from retriever.judgements import Run, read_run
from retriever.schema import Passage

PROJECT = Path(__file__).resolve().parents[1]
TEXTS = {
    "letters:0001": "Screening letters\nReminder letters raised uptake of screening.",
    "smoking:0001": "Smoking\nAdvice helped people to stop smoking.",
    "smoking:0002": "Smoking\nFew people were asked about tobacco in hospital.",
    "falls:0001": "Falls\nExercise classes prevented falls among older people.",
}
QUERIES = {"q1": "reminder letters and uptake", "q2": "advice to stop smoking"}


def unit(rows: list[list[float]]) -> np.ndarray:
    array = np.array(rows, dtype=np.float32)
    return array / np.linalg.norm(array, axis=1, keepdims=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    material = Material(
        list(TEXTS),
        list(TEXTS.values()),
        unit([[1, 0, 0.1], [0.1, 1, 0], [0.3, 0.9, 0], [0.2, 0.1, 1]]),
        QUERIES,
        unit([[1, 0.1, 0], [0, 1, 0.1]]),
    )
    material.write(tmp_path)
    return tmp_path


def run_of(folder: Path, engine: str) -> Run:
    command = [sys.executable, "-m", "benchmarks.engines", str(folder), engine]
    subprocess.run(command, cwd=PROJECT, check=True, capture_output=True)
    return read_run(run_path(folder, engine))


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_ranks_the_right_passage_first(folder: Path, engine: str) -> None:
    if find_spec(NEEDS.get(engine, "numpy")) is None:
        pytest.skip(f"{engine} is only in the peers' environment")
    run = run_of(folder, engine)
    assert run["q1"][0][0] == "letters:0001"
    assert run["q2"][0][0] == "smoking:0001"
    assert is_kept(folder, engine)


def test_an_engine_that_is_not_installed_is_named_and_left_out(folder: Path) -> None:
    missing = [name for name, package in NEEDS.items() if find_spec(package) is None]
    if not missing:
        pytest.skip("every peer is installed here")
    command = [sys.executable, "-m", "benchmarks.engines", str(folder), missing[0]]
    done = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True)
    assert f"{missing[0]}: left out, its package is not installed" in done.stdout
    assert not is_kept(folder, missing[0])


def test_a_run_over_other_passages_is_not_kept(folder: Path) -> None:
    run_of(folder, "minilm")
    material = Material.read(folder)
    material.write(folder)
    assert is_kept(folder, "minilm")
    Material(
        [*material.ids[:-1], "falls:0002"],
        material.texts,
        material.vectors,
        material.queries,
        material.query_vectors,
    ).write(folder)
    assert not is_kept(folder, "minilm")


def test_documents_are_held_back_by_their_id_in_any_case() -> None:
    names = [f"ng{number}" for number in range(400)]
    held = [name for name in names if held_back(name)]
    assert [name for name in names if held_back(name.upper())] == held
    assert 0.3 < len(held) / len(names) < 0.45
    assert all(hashlib.sha256(n.encode()).digest()[0] % 8 in (1, 3, 5) for n in held)


def test_the_rank_of_the_first_right_passage_counts_to_ten() -> None:
    passages = [Passage(f"d:{n:04d}", "d", 0, 1, "x") for n in range(1, 13)]
    ranked = {"third": passages, "never": passages, "late": passages, "nothing": []}
    right = {"third": "d:0003", "late": "d:0011"}
    ranks = first_right(ranked, list(ranked), lambda query, p: right.get(query) == p.id)
    assert ranks.tolist() == [3, np.inf, np.inf, np.inf]


def test_a_query_without_results_scores_nothing() -> None:
    scores = ndcg({"q1": ["a", "b"], "q2": []}, {"q1": {"a": 1}, "q2": {"b": 1}}, ["q2", "q1"])
    assert scores.tolist() == [0.0, 1.0]


def test_the_table_gives_intervals_and_names_who_is_ahead() -> None:
    ours, theirs = np.zeros(40), np.ones(40)
    slightly = np.array([1.0] + [0.0] * 39)
    scores = {
        ("SciFact", "nDCG@10"): {"ours: hybrid": ours, "Other": theirs, "Third": slightly},
        ("Cochrane", "nDCG@10"): {"ours: hybrid": theirs, "Other": ours},
    }
    lines = table(scores).splitlines()
    assert "SciFact nDCG@10" in lines[0]
    assert "0.000 (0.000 to 0.000)" in lines[3]
    assert next(line for line in lines if "Third" in line).rstrip(" |").endswith("not run")
    assert ahead(scores, "ours: hybrid") == [
        "Other is ahead of ours: hybrid on SciFact, nDCG@10, by 1.000 "
        "(95% interval 1.000 to 1.000).",
        "Third is ahead of ours: hybrid on SciFact, nDCG@10, by 0.025 "
        "(95% interval 0.000 to 0.075, so this may be chance).",
    ]


def test_the_peers_stand_beside_the_same_packages_but_one() -> None:
    def pins(name: str) -> dict[str, str]:
        lines = (PROJECT / name).read_text("utf-8").splitlines()
        stated = [line.partition(";")[0].strip() for line in lines if line[:1] not in ("", "#")]
        return {
            re.sub(r"[-_.]+", "-", package).lower(): version
            for package, version in (line.split("==") for line in stated)
        }

    ours, theirs = pins("constraints.txt"), pins("constraints-peers.txt")
    assert {name for name in ours if theirs.get(name) != ours[name]} == {"pystemmer"}
