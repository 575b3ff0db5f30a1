"""Whether a gap narrowed or widened is told only where the words leave no doubt."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import MakeLibrary

from retriever import output
from retriever.errors import SettingsError
from retriever.gap_effect import gap_effect, read
from retriever.vocabulary import DATA


@pytest.mark.parametrize(
    ("text", "effect"),
    [
        ("The gap between the most and least deprived fifths narrowed.", "narrows"),
        ("Price rises reduced inequalities in smoking.", "narrows"),
        ("Reminders have reduced ethnic differences in uptake.", "narrows"),
        ("The scheme was found to reduce health inequalities.", "narrows"),
        ("It was estimated to close about half of the gap between poorest and richest.", "narrows"),
        ("There was a fall in inequality in mortality.", "narrows"),
        ("Inequalities in flu vaccine uptake grew from 8 to 17 points.", "widens"),
        ("The campaign widened socioeconomic inequalities.", "widens"),
        ("The gap in uptake between deprived and affluent areas has increased.", "widens"),
        ("There was no change in inequalities in uptake.", "no difference"),
        ("The leaflet did not narrow the gap between ethnic groups.", "no difference"),
        ("In the most deprived fifth it was the same, so the gradient did not narrow.",
         "no difference"),
    ],
)  # fmt: skip
def test_what_the_words_say(text: str, effect: str) -> None:
    assert gap_effect(text) == effect


@pytest.mark.parametrize(
    "text",
    [
        "The service may widen inequalities.",
        "The plan aims to reduce inequalities.",
        "To reduce health inequalities, offer an interpreter.",
        "Commissioners should narrow the gap between deprived and affluent areas.",
        "Boards have a duty to have regard to reducing inequalities.",
        "It is unclear whether the letter narrowed the gap in deprived areas.",
        "Has this scheme reduced ethnic differences in uptake?",
        "Better outcomes and reduced inequalities are what we want.",
        "We found no evidence that the programme widened inequalities.",
        "The programme did not widen inequalities.",
        "Few letters narrowed the gap between ethnic groups.",
        "Absolute gaps between deprived and affluent areas fell but relative gaps grew.",
        "The gap between deprived and affluent areas narrowed and then widened.",
        "Respondents reported that the clinic had reduced inequalities.",
        "The extent to which the policy narrowed inequalities was not measured.",
        "Training increased awareness of inequalities.",
        "The gap between doses was reduced to 8 weeks.",
        "The treatment gap widened in deprived areas.",
        "Income inequality has increased.",
        "Health inequalities persist in the county.",
        "Uptake increased in all ethnic groups.",
        "",
    ],
)
def test_what_leaves_a_doubt_says_nothing(text: str) -> None:
    assert gap_effect(text) is None


def test_two_sentences_that_disagree_say_nothing() -> None:
    narrows = "The letter reduced inequalities in uptake."
    assert gap_effect(f"{narrows} It was cheap.") == "narrows"
    assert gap_effect(f"{narrows} The poster increased inequalities in uptake.") is None


def test_a_finding_says_it_and_the_reader_sees_it(make_library: MakeLibrary) -> None:
    said = "Reminder letters narrowed the gap in bowel screening uptake between ethnic groups."
    library = make_library({"a.md": f"# A\n\n{said}"})
    answer = library.ask("Do letters raise bowel screening uptake?")
    assert [finding.gap_effect for finding in answer.findings] == ["narrows"]
    assert "By its own words, a gap between groups narrows" in output.answer_text(answer)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("hedges = [", "hedges = [1,"), "hedges must be a list of words"),
        (("[widens]", "[wide]"), "widens.before must be a list of words"),
        (("[widens]", "[widens"), "cannot be read as TOML"),
    ],
)
def test_a_broken_file_is_refused(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    path = tmp_path / "gap_effect.toml"
    path.write_text((DATA / "gap_effect.toml").read_text("utf-8").replace(*change), "utf-8")
    with pytest.raises(SettingsError, match=message):
        read(path)
