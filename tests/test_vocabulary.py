"""Rules that librarians keep in data files, and what is said when one is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from retriever.errors import SettingsError
from retriever.schema import Metadata
from retriever.vocabulary import infer_source_type, source_type_rules


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Letters for screening: a randomised controlled trial", "randomised-trial"),
        ("Letters for screening: a cluster randomized trial", "randomised-trial"),
        ("Letters for screening: a non-randomised cohort study", "observational-study"),
        ("Letters for screening: systematic review of randomised trials", "systematic-review"),
        ("Uptake of screening: a meta-analysis", "systematic-review"),
        ("Smoking in Anytown: joint strategic needs assessment", "needs-assessment"),
        ("Anytown JSNA 2019", "needs-assessment"),
        ("Views of carers: a qualitative study", "qualitative-study"),
        ("Focus groups with young mothers", "qualitative-study"),
        ("Smoking and income: a cross-sectional survey", "observational-study"),
        ("Evaluation of the Anytown link worker service", "evaluation-report"),
        ("Healthy lives: a white paper", "policy-paper"),
        ("Anytown tobacco strategy 2020 to 2025", "policy-paper"),
        ("The NHS long term plan", "policy-paper"),
        ("A note on letters", "other"),
        ("", "other"),
    ],
)
def test_titles_tell_the_kind_of_source(title: str, expected: str) -> None:
    assert infer_source_type(Metadata(title=title), "Some words.") == expected


def test_guidance_number_and_publisher_come_before_the_title() -> None:
    title = "Smoking: evaluation and strategy"
    assert infer_source_type(Metadata(title=title, guidance_id="NG209"), "") == "nice-guidance"
    assert infer_source_type(Metadata(title=title, publisher="NICE"), "") == "nice-guidance"


def test_the_first_page_decides_where_the_title_is_silent() -> None:
    head = "Methods: 600 people were randomly assigned to a letter or none."
    assert infer_source_type(Metadata(title="Letters and uptake"), head) == "randomised-trial"


GOOD = """[[rule]]
source_type = "other"
look_in = "title"
patterns = ["x"]
"""


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ('source_type = "trial"\nlook_in = "title"\npatterns = []', "must be one of nice-guidance"),
        ('source_type = "other"\nlook_in = "body"\npatterns = []', "look_in must be one of guid"),
        ('source_type = "other"\nlook_in = "title"\npatterns = ["("]', "not a regular expression"),
        ('source_type = "other"\nlook_in = "title"\npatterns = "x"', "patterns must be a list"),
        ('source_type = "other"\nplace = "title"\npatterns = []', "needs source_type, look_in and"),
    ],
)
def test_a_wrong_rule_is_named_by_file_and_number(tmp_path: Path, entry: str, words: str) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(f"{GOOD}\n[[rule]]\n{entry}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=rf"rules\.toml, rule 2: .*{words}"):
        source_type_rules(path)


def test_rules_that_are_no_toml_are_named(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text("[[rule]", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"rules\.toml cannot be read as TOML.*line 1"):
        source_type_rules(path)
