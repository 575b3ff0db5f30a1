"""What a library is made of is counted, and where it is thin is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from map_library import build

from retriever import Library
from retriever.desk import Desk
from retriever.health import Count, Held, thin


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return build(tmp_path / "library")


def held(library: Library) -> dict[str, Held]:
    health = library.health()
    return {one.concept.id: one for one in (*health.topics, *health.groups)}


def test_documents_are_counted_by_kind_and_year(library: Library) -> None:
    health = library.health()
    assert health.documents == 6
    assert health.kinds[0] == Count("Design not stated", 2)
    assert {count.label: count.documents for count in health.years} == {
        "2010 to 2014": 1, "2015 to 2019": 2, "2020 to 2024": 1, "Not stated": 2
    }
    assert health.publishers == (Count("Not stated", 6),)


def test_years_without_a_document_are_shown(library: Library) -> None:
    Desk(library.root).edit("videos.md", {"year": 1999})
    assert Count("2005 to 2009", 0) in library.health().years


def test_naming_a_group_is_not_reporting_for_it(library: Library) -> None:
    found = held(library)
    assert (found["pakistani"].documents, found["pakistani"].reported) == (1, 1)
    assert (found["bangladeshi"].documents, found["bangladeshi"].reported) == (2, 0)
    assert found["somali"].reported == 2
    assert (found["roma"].documents, found["roma"].reported) == (0, 0)
    assert found["bowel-screening"].documents == 5


def test_what_is_thin_is_listed_nothing_first(library: Library) -> None:
    found = [one.concept.id for one in thin(library.health().groups)]
    assert found.index("roma") < found.index("pakistani")
    assert "somali" not in found


def test_a_removed_document_does_not_count(library: Library) -> None:
    Desk(library.root).remove("letters.md")
    assert library.health().documents == 5
    assert held(library)["pakistani"].reported == 0
