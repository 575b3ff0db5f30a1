"""What nobody in the library speaks of is said, and not passed over."""

from __future__ import annotations

import pytest

from retriever import Library
from retriever.coverage import COVERAGE
from retriever.output import answer_text
from retriever.ui.words import summary_html

DOCUMENTS = {
    "breast.md": """# Breast screening reminders for Bangladeshi women

## Results

Text reminders raised breast screening uptake among Bangladeshi women from 41% to 52%.

## Cost

Text reminders for breast screening cost 12 pence for each woman invited.
""",
    "smoking.md": """# Stop smoking services in the most deprived areas

## Results

Stop smoking services reached more people in the most deprived areas, and 31% of them quit.
""",
    "bowel.md": """# Bowel screening letters

## Results

Reminder letters raised bowel screening uptake by four points among men and women.
""",
}
HELD = "Do text reminders raise breast screening uptake among Bangladeshi women?"
NOT_HELD = "Do text reminders raise breast screening uptake among Polish women?"


@pytest.fixture
def library(make_library) -> Library:
    return make_library(DOCUMENTS)


def test_a_question_whose_group_is_named_is_answered(library: Library) -> None:
    answer = library.ask(HELD)
    assert answer.outcome == "answered"
    assert answer.gaps == ()


def test_a_group_that_no_document_names_is_said_before_what_comes_nearest(library: Library) -> None:
    answer = library.ask(NOT_HELD)
    assert answer.outcome == "indirect-only"
    assert answer.findings[0].document_id == "breast"
    (gap,) = answer.gaps
    assert gap == (
        "One of the 3 documents searched speaks of breast screening; it reports no result on it "
        "for Polish people."
    )
    text = " ".join(answer_text(answer).split())
    assert text.index("for Polish people") < text.index("from 41% to 52%")
    page = summary_html(answer, filtered=False)
    assert "No plain answer" in page
    assert "for Polish people" in page


def test_a_broader_group_is_not_the_one_asked_about(library: Library) -> None:
    assert library.ask(HELD).covered > library.ask(HELD.replace("Bangladeshi", "Pakistani")).covered
    broader = library.ask(HELD.replace("Bangladeshi", "South Asian"))
    assert broader.outcome == "answered"  # Bangladeshi women are South Asian women


@pytest.mark.parametrize(
    ("held", "not_held"),
    [
        ("Do text reminders raise breast screening uptake?", "Do vouchers raise it?"),
        (
            "Do stop smoking services work in deprived areas?",
            "Do stop smoking services cut hospital readmissions in deprived areas?",
        ),
    ],
)
def test_interventions_and_outcomes_count_too(library: Library, held: str, not_held: str) -> None:
    assert library.ask(held).covered > library.ask(not_held).covered


def test_the_document_that_speaks_of_most_is_the_nearest(library: Library) -> None:
    searcher = library.searcher()
    question = "bowel screening letters for Polish men"
    coverage = searcher.coverage(question, searcher.search(question, 10), [])
    assert coverage.document_id == "bowel"
    assert [concept.id for concept in coverage.missing] == ["polish"]
    assert coverage.features.shape == (1, len(COVERAGE))


def test_the_chance_asked_for_can_be_set(make_library) -> None:
    lenient = make_library(DOCUMENTS, settings="[answers]\nmin_covered = 0.0\n")
    assert lenient.ask(NOT_HELD).outcome == "answered"


def test_a_group_that_nobody_names_is_said_even_where_the_rest_is_answered(make_library) -> None:
    answer = make_library(DOCUMENTS, settings="[answers]\nmin_covered = 0.0\n").ask(NOT_HELD)
    (gap,) = answer.gaps
    assert "it reports no result on it for Polish people" in gap


def test_what_else_the_nearest_document_lacks_is_said(make_library) -> None:
    strict = make_library(DOCUMENTS, settings="[answers]\nmin_covered = 1.0\n")
    answer = strict.ask("Do stop smoking services cut hospital readmissions in deprived areas?")
    (gap,) = answer.gaps
    assert "“Stop smoking services in the most deprived areas”, does not name" in gap
    assert "readmission" in gap


def test_a_long_document_is_not_said_to_lack_what_stands_on_another_page(make_library) -> None:
    parts = [f"## Part {n}\n\nNotes on allotments in ward {n} of the town." for n in range(300)]
    # One of many passages names the outcome, in words too far from the question to be found.
    parts.append("## Annex\n\nReadmissions to the ward are listed in table nine.")
    text = "\n\n".join([DOCUMENTS["smoking.md"], *parts])
    settings = "[answers]\nmin_covered = 1.0\n[search]\ncandidates = 10\n"
    library = make_library({"smoking.md": text}, settings=settings)
    question = "Do stop smoking services cut hospital readmissions in deprived areas?"
    assert not [gap for gap in library.ask(question).gaps if "readmission" in gap]
    (library.corpus / "smoking.md").write_text(text.replace("Readmissions", "Visits"), "utf-8")
    library.index()
    assert [gap for gap in library.ask(question).gaps if "readmission" in gap]
