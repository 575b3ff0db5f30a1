"""Naming a group is not reporting on it: what a sentence does for the groups in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from retriever.concepts import packaged
from retriever.errors import SettingsError
from retriever.whom import tags
from retriever.whom_words import read

RESULTS = ("Results",)


def found(text: str, section: tuple[str, ...] = RESULTS, title: str = "A study") -> dict[str, str]:
    """Group -> relation, over the axes by which quotations are labelled."""
    return {tag.group.id: tag.relation for tag in tags(text, section, title, packaged())}


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("Uptake was 42.2% among Bangladeshi people, against 70.8% in all.", "bangladeshi"),
        ("Offer an interpreter to people with limited English.", "limited-english"),
        ("Attendance was lower in the most deprived fifth (odds ratio 0.58).", "deprived"),
        ("79.1% of Muslim people had received a vaccine.", "muslim"),
        ("Somali women feared that the test would hurt.", "somali"),
    ],
)
def test_what_happened_to_a_group_is_reported_for_it(text: str, group: str) -> None:
    assert found(text)[group] == "reported"


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("13% were Black African and 76% were Bangladeshi.", "black-african"),
        ("The study interviewed 30 people from Pakistani backgrounds.", "pakistani"),
        ("Participants were recruited from deprived wards.", "deprived"),
        ("The cohort (90.6% White, 5.2% South Asian, 3.4% Black) was large.", "south-asian"),
    ],
)
def test_who_took_part_is_studied_only(text: str, group: str) -> None:
    assert found(text)[group] == "studied"


def test_under_methods_nothing_is_reported() -> None:
    text = "Uptake among Bangladeshi people was higher than expected."
    assert found(text, ("Methods",))["bangladeshi"] == "studied"
    assert found(text, ("Introduction",))["bangladeshi"] == "mentioned"
    figures = "Uptake among Bangladeshi people was 42%, lower than the 70% of all."
    assert found(figures, ("Introduction",))["bangladeshi"] == "reported"


@pytest.mark.parametrize(
    "text",
    [
        "The trial did not include South Asian participants.",
        "No data were given for South Asian women; uptake rose overall.",
        "There were too few South Asian people to report results.",
        "Evidence for South Asian families is lacking.",
    ],
)
def test_that_there_is_nothing_on_a_group_is_evidence_of_a_gap(text: str) -> None:
    assert found(text) == {"south-asian": "absent"} or (found(text)["south-asian"] == "absent")


@pytest.mark.parametrize(
    "text",
    [
        "The White Paper raised funding for the Black Country.",
        "Sir Douglas Black's Black Report showed a gap.",
        "A black box warning was added and use fell.",
        "A minority of patients improved; the majority did not.",
        "Sleep deprivation was more likely; deprivation of liberty rose.",
        "Androgen deprivation therapy improved survival.",
        "Rates were higher around the Indian Ocean.",
        "Travellers' diarrhoea was reduced by a fifth.",
        "Asian flu led to more deaths.",
    ],
)
def test_words_that_only_look_like_a_group_tag_nothing(text: str) -> None:
    axes = {"ethnicity", "deprivation"}
    assert not [t for t in tags(text, RESULTS, "A study", packaged()) if t.group.axis in axes]


@pytest.mark.parametrize(
    "text",
    [
        "Table 3 Uptake among Bangladeshi people, by practice",
        "Which tests are best for Bangladeshi people with higher risk?",
        "Average uptake is […] in Bangladeshi people and […] in all people, a difference.",
        "The term Bangladeshi people refers to more than one group.",
        "The table below shows the proportion of Bangladeshi people.",
        "We investigated whether uptake is higher in Bangladeshi people.",
    ],
)
def test_captions_questions_definitions_and_aims_report_nothing(text: str) -> None:
    assert found(text)["bangladeshi"] == "mentioned"


def test_a_country_is_a_place_and_those_who_come_from_it_are_people() -> None:
    assert found("Uptake was higher in women from Nigeria.")["nigerian"] == "reported"
    assert found("Uptake was higher in people born in Pakistan.")["pakistani"] == "reported"
    assert "nigerian" not in found("A trial in Nigeria found that uptake was higher.")
    title = "Malaria tests in clinics in Nigeria: a randomised trial"
    assert "nigerian" not in found("Uptake was higher by a tenth.", RESULTS, title)


def test_what_others_found_does_not_take_the_title_s_group() -> None:
    title = "Exercise in South Asian women"
    assert found("Weight fell by 2 kg.", RESULTS, title)["south-asian"] == "reported"
    assert "south-asian" not in found("Several trials found that weight fell.", RESULTS, title)
    assert "south-asian" not in found("Weight fell by 2 kg.", ("Introduction",), title)


def test_the_group_that_results_are_compared_with_gets_no_tag_beside_the_other() -> None:
    text = "Uptake was lower in Pakistani women than in White British women."
    assert set(found(text)) & {"pakistani", "white-british"} == {"pakistani"}
    assert "affluent" not in found("It was 8% in the most deprived and 6% in the least deprived.")


def test_a_heading_and_a_title_pass_their_group_on_and_say_so() -> None:
    text = "More men made quit attempts (rate ratio 1.32)."
    heading = ("Effects", "Pakistani and Bangladeshi men who smoke")
    tag = next(t for t in tags(text, heading, "A study", packaged()) if t.group.id == "bangladeshi")
    assert (tag.relation, tag.place, tag.words) == ("reported", "heading", "Bangladeshi")
    title = "Smoking cessation in Pakistani and Bangladeshi men"
    assert found(text, RESULTS, title)["pakistani"] == "reported"


def test_the_nearest_words_count() -> None:
    heading = ("Results", "Black African young people")
    named = found("Uptake rose in Somali boys.", heading, "Care of South Asian adults")
    assert set(named) & {"somali", "black-african", "south-asian"} == {"somali"}


@pytest.mark.parametrize(
    "title",
    [
        "Ethnic differences in diabetes care of South Asian people",
        "The Brazilian Community Health Worker model in one ward",
        "Inequalities in screening: Bangladeshi people and others",
    ],
)
def test_a_title_that_compares_or_names_a_model_passes_nothing_on(title: str) -> None:
    axes = {t.group.axis for t in tags("Uptake rose by a tenth.", RESULTS, title, packaged())}
    assert "ethnicity" not in axes


@pytest.mark.parametrize(
    ("text", "message"),
    [("absent = [", "cannot be read as TOML"), ("absent = 3", "absent must be")],
)
def test_a_broken_file_of_words_is_refused_by_name(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "whom.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=message) as refused:
        read(path)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("The Polish version of the questionnaire was better than the English one.", "polish"),
        ("Chinese-speaking staff improved attendance by 10%.", "chinese"),
        ("Rates were lower in Eastern European countries than here.", "eastern-european"),
    ],
)
def test_a_language_a_country_or_a_thing_is_not_people(text: str, group: str) -> None:
    assert group not in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "Uptake rose among Bangladeshi, Pakistani and Indian women.",
        "Uptake rose in ethnic groups (Bangladeshi, Pakistani, Indian).",
        "Uptake rose in people of Bangladeshi origin.",
        "Uptake was higher among Bangladeshis.",
    ],
)
def test_an_adjective_before_people_is_people(text: str) -> None:
    assert found(text)["bangladeshi"] == "reported"


def test_how_deprivation_is_measured_is_no_result_for_deprived_people() -> None:
    how = "The index of multiple deprivation ranks areas by seven domains; scores increased."
    assert found(how).get("deprived") == "mentioned"
    result = "Index of multiple deprivation: uptake was lower in the most deprived fifth (OR 0.6)."
    assert found(result)["deprived"] == "reported"


def test_a_state_of_affairs_reports_where_something_is_tied_to_it() -> None:
    assert found("Poverty is a risk factor for poor mental health.")["deprived"] == "reported"
    assert found("A course should also speak of poverty.")["deprived"] == "mentioned"


def test_what_was_allowed_for_is_not_what_was_found() -> None:
    text = "After adjusting for age and deprivation, the risk of death was higher in Roma people."
    assert found(text) == {"deprived": "mentioned", "roma": "reported"}
    after = "Allowing for age, the risk was higher in deprived areas."
    assert found(after)["deprived"] == "reported"


def test_under_a_title_only_what_is_plainly_a_result_is_for_its_group() -> None:
    title = "Exercise classes for Somali women"
    assert found("Attendance rose to 42% in the end.", title=title)["somali"] == "reported"
    assert found("Offer classes at weekends.", title=title)["somali"] == "reported"
    assert found("Anthropometric measurements | Mean (SD)", title=title).get("somali") != "reported"
    assert found("Rates are given below each bar.", title=title).get("somali") != "reported"


def test_a_trial_in_a_country_is_not_on_people_from_it() -> None:
    text = "Adherence was 95%, higher than before."
    assert "kenyan" not in found(text, title="Adherence among children in Kenya")
    assert found(text, title="Adherence among children from Kenya")["kenyan"] == "reported"


@pytest.mark.parametrize(
    "text",
    [
        "Hove is less deprived than its neighbour, and uptake rose.",
        "In the first year patients were disadvantaged by the move, and uptake fell.",
        "The fall in growth was due to iron deprivation, which lasted longer than in controls.",
        "Rates were lower than in countries with low incomes.",
        "Mortality was higher in low- and middle-income countries.",
        "There is strong evidence that income inequality was associated with mistrust.",
    ],
)
def test_what_a_place_or_a_thing_is_said_to_be_reports_nothing_for_people(text: str) -> None:
    assert found(text).get("deprived") != "reported"


@pytest.mark.parametrize(
    "text",
    [
        "Uptake was lower in the most deprived than in the least deprived.",
        "People who are disadvantaged were less likely to be screened.",
        "Deprivation was associated with a higher rate of decay.",
        "The poorest were twice as likely to miss a visit.",
    ],
)
def test_people_who_are_sorted_by_deprivation_are_people(text: str) -> None:
    assert found(text)["deprived"] == "reported"


@pytest.mark.parametrize(
    "text",
    [
        "We then compared uptake in Somali women by practice.",
        "We tested whether reminders were associated with uptake in Somali women.",
        "Interviews with Somali women were then used to improve the leaflet.",
        "METHODS Somali women were followed and rates were higher than planned.",
        "There was an increase in the number of Somali women.",
        "Services provide support to Somali women.",
    ],
)
def test_what_a_study_or_a_service_does_is_no_result(text: str) -> None:
    assert found(text)["somali"] != "reported"


@pytest.mark.parametrize(
    "text",
    [
        "We compared uptake by group and found that it was lower in Somali women.",
        "The proportion of Somali women who were screened rose by a tenth.",
        "For Somali women, offer longer appointments.",
        "Services should give more time to Somali women.",
    ],
)
def test_what_came_out_or_is_to_be_done_is_reported(text: str) -> None:
    assert found(text)["somali"] == "reported"


def test_an_item_of_a_list_does_not_take_the_result_of_another() -> None:
    text = "Those present were:\n- nurses, whose number increased by half\n- Somali elders"
    assert found(text)["somali"] == "mentioned"
    advice = "Offer longer appointments to:\n- people who smoke\n- Somali elders"
    assert found(advice)["somali"] == "reported"


def test_the_title_of_a_guideline_speaks_for_nobody_below_its_other_headings() -> None:
    title = "Care of Somali women"
    text = "Attendance rose to 42% in the end."
    assert found(text, ("1.3 Training of staff",), title)["somali"] == "mentioned"
    assert found(text, ("3. Results", "Attendance"), title)["somali"] == "reported"
    others = "Parents said that visits rose by a tenth."
    assert found(others, RESULTS, title)["somali"] == "mentioned"


def test_a_state_of_affairs_in_a_heading_is_a_topic_and_not_people() -> None:
    text = "Attendance rose to 42% in the end."
    assert "deprived" not in found(text, ("Results", "Spread of deprivation"))
    assert found(text, ("Results", "Families in poverty"))["deprived"] == "reported"


def test_a_group_is_tagged_once_by_the_words_that_report_most() -> None:
    text = "After adjusting for deprivation, deaths were more likely in deprived areas (OR 1.4)."
    tagged = [t for t in tags(text, RESULTS, "A study", packaged()) if t.group.id == "deprived"]
    assert [(t.relation, t.words) for t in tagged] == [("reported", "deprived")]
