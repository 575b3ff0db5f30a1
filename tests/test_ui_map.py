"""The pages of the evidence map and of the vocabulary, without a browser."""

from __future__ import annotations

import html
import re
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from map_library import build
from streamlit.testing.v1 import AppTest
from test_ui_pages import at_page, links, opened, shown, source

from retriever import Library, concepts
from retriever.errors import SettingsError
from retriever.vocabulary import origin

MAP_PAGE = "retriever/ui/map.py"
VOCABULARY_PAGE = "retriever/ui/vocabulary.py"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return build(tmp_path_factory.mktemp("map") / "library")


@pytest.fixture
def app(library: Library, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    return opened(library.root, monkeypatch)


def row(app: AppTest, label: str) -> str:
    """The words of one row of the map's table."""
    rows = re.findall(r"<tr><th scope=\"row\">.*?</tr>", source(app))
    found = next(row for row in rows if f">{label} <" in row)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", found)).split())


def rows(app: AppTest) -> list[str]:
    return re.findall(r'<th scope="row">([^<]+?) <', source(app))


class TestMap:
    def test_the_table_comes_before_the_picture_and_says_all_in_words(self, app: AppTest) -> None:
        at_page(app, MAP_PAGE, find="bowel screening")
        page = source(app)
        assert page.index("<table") < page.index("<img")
        assert "<caption><span>Topics by ethnicity: how many documents report" in page
        said = row(app, "bowel cancer screening")
        assert said.startswith("bowel cancer screening 5 documents")
        assert "1 reported : bowel cancer screening, Pakistani people" in said
        assert "1 studied 1 mentioned : bowel cancer screening, Bangladeshi people" in said
        assert '<th scope="col">Pakistani people</th>' in page
        assert "with 6 narrower groups" in page

    def test_the_picture_is_described(self, app: AppTest) -> None:
        at_page(app, MAP_PAGE, find="bowel screening")
        alt = re.search(r'alt="([^"]+)"', source(app))
        assert alt is not None
        assert re.search(r"\d+ reported, \d+ studied, \d+ mentioned, \d+ none", alt[1])

    def test_an_empty_cell_stays_in_the_table(self, app: AppTest) -> None:
        at_page(app, MAP_PAGE, groups="roma", find="bowel screening")
        assert row(app, "bowel cancer screening").endswith("5 documents none")

    def test_groups_and_topics_that_nobody_names_are_listed(self, app: AppTest) -> None:
        at_page(app, MAP_PAGE)
        said = shown(app)
        assert re.search(r"No document names these groups \(\d+\) .*Roma people", said)
        assert re.search(r"No document speaks of these topics \(\d+\) .*asthma", said)
        assert "South Asian people here take in Indian people" in said
        assert "go without saying" not in said

    def test_of_groups_that_often_go_without_saying_an_empty_cell_tells_less(
        self, app: AppTest
    ) -> None:
        at_page(app, MAP_PAGE, axis="age")
        assert "Groups by age often go without saying" in shown(app)

    def test_rows_axis_and_words_are_put_into_the_address(self, app: AppTest) -> None:
        at_page(app, MAP_PAGE)
        app.selectbox(key="rows").set_value("interventions").run()
        app.selectbox(key="axis").set_value("deprivation").run()
        app.text_input(key="find").set_value("letters").run()
        assert app.query_params["rows"] == "interventions"
        assert app.query_params["axis"] == "deprivation"
        assert app.query_params["find"] == "letters"
        assert "No document that the filters let through names any of these groups" in shown(app)
        app.selectbox(key="axis").set_value("ethnicity").run()
        assert rows(app) == ["letters"]

    def test_filters_in_the_address_fill_the_form_and_narrow_the_map(self, app: AppTest) -> None:
        at_page(app, MAP_PAGE, kind="randomised-trial", find="bowel", **{"from": "2020"})
        assert app.multiselect(key="kind").value == ["randomised-trial"]
        assert app.number_input(key="from").value == 2020
        assert "1 document looked through" in shown(app)
        assert row(app, "bowel cancer screening").startswith("bowel cancer screening 1 document")

    def test_what_an_address_cannot_mean_is_said_to_be_left_out(self, app: AppTest) -> None:
        at_page(app, MAP_PAGE, axis="shoes", kind="gossip", to="then")
        said = shown(app)
        assert all(f"“{value}”" in said for value in ("shoes", "gossip", "then"))
        assert "Topics by ethnicity" in said

    def test_years_the_wrong_way_round_are_said_to_be(self, app: AppTest) -> None:
        at_page(app, MAP_PAGE, **{"from": "2020", "to": "2010"})
        assert "swap the two years" in shown(app)

    def test_words_that_no_row_has_leave_plain_words(self, app: AppTest) -> None:
        at_page(app, MAP_PAGE, find="zyzzyva")
        assert "No document that the filters let through speaks of any of these" in shown(app)

    def test_a_cell_leads_to_its_passages_and_they_to_the_document(
        self, app: AppTest, library: Library
    ) -> None:
        at_page(app, MAP_PAGE, find="bowel screening", groups="pakistani")
        to = urlsplit(
            html.unescape(re.findall(r'href="(map\?[^"]*row=bowel-[^"]+)"', source(app))[0])
        )
        at_page(app, MAP_PAGE, **dict(parse_qsl(to.query)))
        said = shown(app)
        assert "Bowel cancer screening: Pakistani people" in said
        assert (
            "5 of the 6 documents looked through speak of bowel cancer screening. For Pakistani "
            "people: 1 reported." in said
        )
        assert "Reported: Randomised trial (1)." in said
        assert "2019 Randomised trial" in said
        assert (
            "Reports something for Pakistani people (named in the quotation: “Pakistani”)" in said
        )
        assert "Pakistani people: took part, no result of their own here" in said
        assert "among <mark>Pakistani</mark> people" in source(app)
        place = dict(parse_qsl(urlsplit(links(app)["Show in document"]).query))
        text = library.document(place["document"]).text
        assert text[int(place["start"]) : int(place["end"])].startswith("Uptake of bowel screening")
        assert links(app)["Back to the map"].startswith("map?")
        assert "row=" not in links(app)["Back to the map"].replace("rows=", "")

    def test_a_group_taken_from_the_title_is_said_to_be(self, app: AppTest) -> None:
        at_page(app, MAP_PAGE, row="bowel-screening", group="south-asian")
        assert "taken from the title: “South Asian”" in shown(app)

    def test_a_gap_in_the_library_is_told_as_one(self, app: AppTest) -> None:
        at_page(app, MAP_PAGE, row="bowel-screening", group="somali")
        said = shown(app)
        assert "Somali people: said to be missing" in said
        assert "For Somali people: 1 mentioned." in said

    def test_a_cell_with_nothing_says_so_and_how_many_speak_of_the_topic(
        self, app: AppTest
    ) -> None:
        at_page(app, MAP_PAGE, row="bowel-screening", group="roma")
        assert (
            "The library holds nothing on bowel cancer screening for Roma people. 5 of the 6 "
            "documents looked through speak of bowel cancer screening, and not of Roma people in "
            "that connection." in shown(app)
        )
        at_page(app, MAP_PAGE, row="asthma", group="roma")
        assert "None of the 6 documents looked through speaks of asthma." in shown(app)

    def test_a_cell_stands_under_the_filters_of_its_address(self, app: AppTest) -> None:
        at_page(app, MAP_PAGE, row="bowel-screening", group="pakistani", kind="policy-paper")
        said = shown(app)
        assert "Only documents that the filters let through: Policy paper." in said
        assert "The library holds nothing on bowel cancer screening for Pakistani people" in said

    def test_any_cell_can_be_looked_up(self, app: AppTest) -> None:
        at_page(app, MAP_PAGE)
        app.selectbox(key="subject").set_value("asthma")
        app.selectbox(key="group_of").set_value("roma")
        app.button[0].click().run()
        assert "The library holds nothing on asthma for Roma people." in shown(app)

    @pytest.mark.parametrize("address", [{"row": "<b>x</b>", "group": "roma"}, {"row": "asthma"}])
    def test_an_unknown_cell_is_plain_words(self, app: AppTest, address: dict[str, str]) -> None:
        at_page(app, MAP_PAGE, **address)
        assert "The map has no such cell" in shown(app)
        assert "<b>x" not in source(app)

    def test_markup_in_a_document_is_shown_as_text(self, app: AppTest) -> None:
        at_page(app, MAP_PAGE, row="bowel-screening", group="somali")
        assert "A plan for <i>bowel screening</i>" in shown(app)
        assert "<i>bowel" not in source(app)

    def test_the_map_can_be_kept(self, app: AppTest) -> None:
        at_page(app, MAP_PAGE, find="bowel screening")
        labels = [button.proto.label for button in app.get("download_button")]
        assert labels == ["Whole map (CSV)", "This picture (PNG)"]

    def test_an_unindexed_library_says_what_to_run(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "corpus").mkdir()
        (tmp_path / "retriever.toml").write_text('[embedder]\nmodel = "hashing"\n')
        app = opened(tmp_path, monkeypatch)
        at_page(app, MAP_PAGE)
        assert "The map cannot be drawn" in shown(app)
        assert "retriever index" in shown(app)


class TestVocabulary:
    def test_groups_stand_by_axis_with_words_and_broader_groups(self, app: AppTest) -> None:
        at_page(app, VOCABULARY_PAGE)
        page = source(app)
        assert "<h2>Groups by ethnicity</h2>" in page
        assert "<h2>Groups by deprivation</h2>" in page
        found = re.search(r'<th scope="row">Bangladeshi people</th>(.*?)</tr>', page)
        assert found is not None
        assert "Bengali*" in found[1]
        assert "South Asian people" in found[1]

    def test_a_search_counts_matches_of_every_kind(self, app: AppTest) -> None:
        at_page(app, VOCABULARY_PAGE)
        app.text_input(key="find").set_value("POO test").run()
        said = shown(app)
        assert "None of the groups matches “POO test”." in said
        assert re.search(r"There are matches among: .*Interventions \(\d+\)|Topics \(\d+\)", said)
        assert app.query_params["find"] == "POO test"

    def test_other_kinds_can_be_shown(self, app: AppTest) -> None:
        at_page(app, VOCABULARY_PAGE, entries="topics", find="bowel screening")
        assert '<th scope="row">bowel cancer screening</th>' in source(app)

    def test_words_that_never_mean_a_group_are_listed(self, app: AppTest) -> None:
        at_page(app, VOCABULARY_PAGE)
        said = shown(app)
        assert "Words that never mean a group" in said
        assert "White Paper" in said

    def test_says_which_files_a_librarian_edits_and_how_to_check(self, app: AppTest) -> None:
        at_page(app, VOCABULARY_PAGE)
        said = shown(app)
        stated = origin(concepts.POPULATIONS)
        assert f"populations.toml Population groups {stated.date} {stated.version}" in said
        assert stated.source in said
        assert "subjects.toml" in said
        assert "retriever vocabulary check" in said

    def test_a_file_that_does_not_state_where_it_is_from_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "words.toml"
        path.write_text('source = "us"\n')
        with pytest.raises(SettingsError, match=r"words.toml does not state its date and version"):
            origin(path)
