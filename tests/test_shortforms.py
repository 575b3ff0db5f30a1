"""Abbreviations that a document explains: either form finds the other, in that document only."""

from __future__ import annotations

import pytest
from conftest import MakeLibrary

from retriever.shortforms import short_forms, terms_with
from retriever.tokens import tokenise


@pytest.mark.parametrize(
    ("text", "short", "long"),
    [
        ("Practice based commissioning (PBC) began.", "PBC", "Practice based commissioning"),
        ("clinical commissioning groups (“CCGs”)", "CCG", "clinical commissioning groups"),
        ("the visual analogue scale (VAS; 0 to 10)", "VAS", "visual analogue scale"),
        ("haemoglobin A1c (HbA1c)", "HbA1c", "haemoglobin A1c"),
        ("RCTs (randomised controlled trials) were few", "RCT", "randomised controlled trials"),
        ("BMI = body mass index; SD, standard deviation.", "SD", "standard deviation"),
        ("COPD: chronic obstructive pulmonary disease", "COPD",
         "chronic obstructive pulmonary disease"),
        ("QOF | Quality and Outcomes Framework", "QOF", "Quality and Outcomes Framework"),
        ("European Society for Paediatric Medicine (ESPM)", "ESPM",
         "European Society for Paediatric Medicine"),
    ],
)  # fmt: skip
def test_what_a_document_explains_is_learnt(text: str, short: str, long: str) -> None:
    assert dict(short_forms(text)).get(short) == long


@pytest.mark.parametrize(
    "text",
    [
        "It rose (see Table 2) and fell (Figure 3).",
        "in the north (USA) and south",
        "an analyser (Bio-Rad Laboratories, Hercules). Blood was analysed by HPLC (Roche).",
        "There were 120 women (60%) in the trial (n = 200).",
        "",
    ],
)
def test_what_is_only_in_brackets_is_no_abbreviation(text: str) -> None:
    assert short_forms(text) == ()


def test_the_first_explanation_counts() -> None:
    text = "mean arterial pressure (MAP) ... a medicines access programme (MAP)"
    assert short_forms(text) == (("MAP", "mean arterial pressure"),)


def test_each_form_brings_the_terms_of_the_other() -> None:
    forms = (("MAP", "mean arterial pressure"),)
    assert terms_with("MAP fell.", forms)[1] == [tuple(tokenise("mean arterial pressure"))]
    assert terms_with("The mean arterial pressure fell.", forms)[1] == [("map",)]
    assert terms_with("Look at the map, or MAPLE.", forms)[1] == []


def test_a_question_in_full_finds_the_abbreviation_but_only_where_it_is_explained(
    make_library: MakeLibrary,
) -> None:
    library = make_library(
        {
            "trial.md": "# A trial\n\n## Methods\n\nWe measured faecal immunochemical test (FIT) "
            "return.\n\n## Results\n\nFIT uptake rose by a tenth after the letter.\n",
            "gym.md": "# A gym\n\nFIT uptake rose by a tenth after the poster.\n",
        }
    )
    found = library.search("faecal immunochemical test", mode="lexical")
    assert {hit.passage.document_id for hit in found} == {"trial"}
    assert any("rose by a tenth" in hit.passage.text for hit in found)
