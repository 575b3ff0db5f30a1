"""What a quotation reports is read from its words: which way it went, and what kind it is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest
from conftest import MakeLibrary

from benchmarks import libraries
from retriever.answer import to_json
from retriever.errors import ModelError, SettingsError
from retriever.labels import LABELS, kind_of_finding, reported
from retriever.output import answer_text
from retriever.readings import (
    DIRECTION_CLASSES,
    KIND_CLASSES,
    MIXED,
    NOT_STATED,
    WordModel,
    directions,
    kinds,
)
from retriever.ui.words import finding_html
from retriever.wording import Words

UP = "Uptake of screening was significantly higher with reminders than with usual care (p<0.01)."
DOWN = "Admissions fell by 12% in the intervention group compared with usual care (95% CI 4 to 20)."
ADVICE = "Offer text reminders to people who have not replied to an invitation."
WORDING = (files("retriever") / "data" / "wording.toml").read_text("utf-8")


@pytest.mark.parametrize(
    ("quotation", "direction"),
    [
        (UP, "increase"),
        ("Attendance rose significantly in the intervention group (p = 0.003).", "increase"),
        (DOWN, "decrease"),
        ("There was a significantly greater reduction in weight than with placebo.", "decrease"),
        (
            "There was no significant difference in smoking between the two groups (p = 0.6).",
            "no clear difference",
        ),
        (
            "Uptake was higher with letters, but the difference was not significant (p = 0.21).",
            "no clear difference",
        ),
        (
            "Attendance was significantly higher than with usual care (p=0.01) but the number of "
            "calls decreased (p=0.03).",
            "mixed",
        ),
    ],
)
def test_which_way_it_went_is_read_from_the_words(quotation: str, direction: str) -> None:
    assert directions([quotation]) == [direction]


@pytest.mark.parametrize(
    "quotation",
    [
        ADVICE,
        "1.2.3 Offer annual health checks to people with a learning disability.",
        "The aim of this study was to find out whether reminders increase uptake.",
        "We randomised 400 people to a reminder letter or usual care.",
        "Of the people who took part, 62% were women and 13% were Black African.",
        "Bangladeshi women had lower uptake than White British women.",
        "Services should reduce waiting times for people who need an interpreter.",
        "Smoking is a leading cause of early death.",
        "There were no significant differences between the groups at baseline.",
    ],
)
def test_what_reports_no_result_of_a_comparison_has_no_direction(quotation: str) -> None:
    assert directions([quotation]) == [None]


@pytest.mark.parametrize(
    ("quotation", "direction"),
    [
        ("The programme improved HbA1c control compared with usual care.", None),
        ("The intervention improved blood sugar compared with usual care (p<0.01).", None),
        ("There was a significantly greater improvement in HbA1c than with placebo.", None),
        ("Education improved blood sugar, with a smaller improvement at 12 months.", None),
        ("Depression scores were better than with usual care (p<0.05).", None),
        ("HbA1c improved and was significantly lower than with usual care (p<0.01).", "decrease"),
        ("Uptake improved significantly, 60% vs 40% with usual care (p<0.01).", "increase"),
    ],
)
def test_better_or_worse_is_not_more_or_less_unless_words_or_figures_say_so(
    quotation: str, direction: str | None
) -> None:
    assert directions([quotation]) == [direction]


@pytest.mark.parametrize(
    "quotation",
    [
        "The success rate was lower and the rate of complications was higher in the first group.",
        "Weight fell by 1.1 kg in the programme group and rose by 0.5 kg in the control group.",
    ],
)
def test_words_of_more_and_of_less_are_never_an_increase_alone(quotation: str) -> None:
    assert directions([quotation])[0] != "increase"


@pytest.mark.parametrize(
    ("quotation", "kind"),
    [
        (UP, "effectiveness"),
        ("There was no significant difference in smoking between the groups.", "no-effect"),
        ("Adverse events such as nausea and headache were reported by 12 people.", "harm"),
        ("The programme cost £1,200 per quality-adjusted life year gained.", "cost"),
        ("Of 5,000 people invited, 62% attended a health check.", "uptake"),
        (
            "Life expectancy was nine years lower in the most deprived areas than in the least "
            "deprived areas.",
            "inequality",
        ),
        (ADVICE, "recommendation"),
        ("The study was a cohort study of 400 people.", "context"),
        ("Reminders.", None),
    ],
)
def test_the_kind_of_finding_is_read_from_the_words(quotation: str, kind: str | None) -> None:
    assert kinds([quotation]) == [kind]


def test_each_quotation_is_read_by_itself() -> None:
    many = [UP, ADVICE, DOWN]
    assert directions(many) == [directions([one])[0] for one in many]
    assert kinds(many) == [kinds([one])[0] for one in many]
    assert directions([]) == kinds([]) == []


def test_an_answer_carries_both_and_shows_them(make_library: MakeLibrary) -> None:
    library = make_library({"a.md": f"# Reminders\n\n## Results\n\n{UP}\n"})
    answer = library.ask("Do reminders raise uptake of screening?")
    (finding,) = to_json(answer)["findings"]
    assert (finding["kind"], finding["direction"]) == ("effectiveness", "increase")
    shown = re.sub(r"\s+", " ", answer_text(answer))
    page = finding_html(answer.findings[0], [])
    for text in (shown, page):
        assert "Reported: an increase" in text
        assert "by the quoted words" in text
        assert "read which, and whether that is good" in text
        assert "what happened with something that was done" in text


def test_what_is_not_stated_is_not_shown(make_library: MakeLibrary) -> None:
    library = make_library({"a.md": f"# Reminders\n\n## Results\n\n{UP}\n"})
    answer = library.ask("Do reminders raise uptake of screening?")
    silent = replace(answer.findings[0], kind=None, direction=None)
    unread = replace(answer, findings=(silent,))
    assert "Reported" not in answer_text(unread) + finding_html(silent, [])
    assert "Kind of finding" not in answer_text(unread) + finding_html(silent, [])


def test_every_direction_and_kind_has_its_words() -> None:
    said = {*DIRECTION_CLASSES, MIXED} - {NOT_STATED}
    assert set(LABELS["directions"]) == said
    assert set(LABELS["kinds"]) == set(KIND_CLASSES)
    for text in [*(reported(name)[1] for name in said), *map(kind_of_finding, KIND_CLASSES)]:
        assert "by the quoted words" in text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('classes = ["a", "b"]', 'classes = ["a", "c"]'),
        ("bias = [0, 0]", "bias = [0]"),
        ('"up" = [1, -1]', '"up" = [1]'),
        ('"up" = [1, -1]', '"up" = ["much", -1]'),
        ("floor = 0.5", ""),
        ("[terms]", "[terms"),
    ],
)
def test_a_damaged_model_is_refused_with_what_to_do(tmp_path: Path, old: str, new: str) -> None:
    good = 'classes = ["a", "b"]\nbias = [0, 0]\nfloor = 0.5\n[terms]\n"up" = [1, -1]\n'
    path = tmp_path / "kinds.toml"
    path.write_text(good, encoding="utf-8")
    assert WordModel.read(path, ("a", "b")).told([{"up"}, set()]) == ["a", "a"]
    path.write_text(good.replace(old, new), encoding="utf-8")
    with pytest.raises(ModelError, match=r"kinds\.toml.*scripts/train_findings"):
        WordModel.read(path, ("a", "b"))


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('significant = ["significant*"]', "", r"\[direction\]"),
        ('significant = ["significant*"]', "significant = []", r"direction\.significant"),
        ('significant = ["significant*"]', "significant = [3]", r"direction\.significant"),
        ("[judging]", "[judges]", r"\[judging\]"),
        ("[parts]", "[pieces]", r"\[parts\]"),
        ("[parts]", "[parts", "not valid TOML"),
    ],
)
def test_a_broken_list_of_words_is_refused_by_its_name(old: str, new: str, named: str) -> None:
    assert old in WORDING
    with pytest.raises(SettingsError, match=rf"wording\.toml.*{named}"):
        Words.parse(WORDING.replace(old, new))


def held_back_results(data: Path) -> Iterator[tuple[str, str]]:
    """Sentences of trials that nothing was learned from, and what each trial reported."""
    for row in libraries.trial_questions(data):
        if libraries.held_back(row["document_id"]):
            label = row["label"].removeprefix("significantly ")
            name = {"no significant difference": "no clear difference", "decreased": "decrease"}
            for quote in {" ".join(quote.split()) for quote in row["quotes"]}:
                if len(quote.split()) >= 5:
                    yield quote, name.get(label, "increase")


def test_directions_of_trials_never_seen(shared_data: Path) -> None:
    rows = list(held_back_results(shared_data))
    said = directions([quote for quote, _ in rows])
    shown = [(told, label) for told, (_, label) in zip(said, rows, strict=True) if told]
    right = sum(told == label for told, label in shown)
    assert len(shown) >= 0.5 * len(rows)
    assert right >= 0.85 * len(shown), json.dumps([right, len(shown), len(rows)])
