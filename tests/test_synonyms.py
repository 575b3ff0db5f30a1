"""What is named in other words than the question's is found as well."""

from __future__ import annotations

from conftest import MakeLibrary

DOCUMENTS = {
    "jabs.md": "# Walk-in clinics\n\nAt the market 300 people had their jabs on one day.\n",
    "bins.md": "# Waste\n\nAt the market 300 people sorted their rubbish on one day.\n",
    "exact.md": "# Clinics\n\nAt the market 300 people had immunisation on one day.\n",
}
ASKED = "immunisation at the market"


def ranked(make_library: MakeLibrary, weight: str) -> list[str]:
    library = make_library(DOCUMENTS, settings=f"[search]\nsynonyms = {weight}\n")
    return [hit.passage.document_id for hit in library.search(ASKED, 3, mode="lexical")]


def test_a_synonym_is_found_before_what_has_only_the_other_words(make_library: MakeLibrary) -> None:
    assert ranked(make_library, "0.3") == ["exact", "jabs", "bins"]


def test_an_exact_word_counts_more_than_a_synonym(make_library: MakeLibrary) -> None:
    assert ranked(make_library, "1.0")[0] == "exact"


def test_synonyms_can_be_switched_off(make_library: MakeLibrary) -> None:
    library = make_library(DOCUMENTS, settings="[search]\nsynonyms = 0.0\n")
    scores = {
        hit.passage.document_id: hit.lexical_score
        for hit in library.search(ASKED, 3, mode="lexical")
    }
    assert scores["jabs"] <= scores["bins"]
