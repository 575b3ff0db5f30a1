"""Codes are shown in words, all of them."""

from retriever.labels import kind_of_source, meaning_of_source
from retriever.schema import SOURCE_TYPES


def test_every_kind_of_source_has_a_meaning_of_its_own() -> None:
    meanings = {meaning_of_source(kind) for kind in SOURCE_TYPES}
    assert len(meanings) == len(SOURCE_TYPES)
    assert not any("certain" in meaning or "strong" in meaning for meaning in meanings)


def test_an_unknown_kind_is_not_guessed_at() -> None:
    assert kind_of_source("leaflet") == kind_of_source("other") == "Design not stated"
    assert meaning_of_source("leaflet") == meaning_of_source("other")
