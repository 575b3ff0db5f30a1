"""An overview of a topic: what is shown, what is left out, and what is said not to be held."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from conftest import MakeLibrary
from overview_library import CHANGED, COST, build
from streamlit.testing.v1 import AppTest
from test_cli import ok, run
from test_ui_pages import asked, at_page, links, opened, shown, source

from retriever import Library, concepts, overview
from retriever.errors import BadQuestion, SettingsError
from retriever.evidence_map import STANDINGS
from retriever.overview import Overview, Section
from retriever.whom import labelled_axes

OVERVIEW_PAGE = "retriever/ui/overview.py"
MAP_PAGE = "retriever/ui/map.py"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return build(tmp_path_factory.mktemp("overview") / "library")


@pytest.fixture
def app(library: Library, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    return opened(library.root, monkeypatch)


def section(found: Overview, heading: str) -> Section:
    return next(each for each in found.sections if each.heading == heading)


class TestOverview:
    def test_the_three_questions_are_answered_in_order(self, library: Library) -> None:
        found = library.overview("topic:bowel-screening")
        headings = [each.heading for each in found.sections]
        assert headings == ["Does it work?", "For whom?", "At what cost?"]
        assert (found.documents, found.searched) == (8, 9)
        works = [finding.quote for finding in section(found, "Does it work?").findings]
        assert CHANGED in works
        assert COST not in works
        assert [f.quote for f in section(found, "At what cost?").findings] == [COST]

    def test_a_quotation_is_word_for_word_and_names_the_topic(self, library: Library) -> None:
        known = concepts.packaged()
        topic = known.by_key["topic:bowel-screening"]
        for each in library.overview(topic.key).sections:
            assert len(each.findings) <= overview.MOST
            for finding in each.findings:
                text = library.document(finding.document_id).text
                assert text[finding.start : finding.end] == finding.quote
                place = " ".join((finding.quote, *finding.section, finding.title))
                assert topic in known.with_broader(known.named(place))

    def test_what_no_document_has_a_word_on_is_not_held(self, library: Library) -> None:
        found = section(library.overview("intervention:letters"), "At what cost?")
        assert found.findings == ()
        assert found.gap == (
            "Not held: the one document that speaks of letters has no word on what it costs."
        )

    def test_what_was_only_not_found_claims_no_more(self, make_library: MakeLibrary) -> None:
        library = make_library(
            {
                "roads.md": "# Roads\n\nThe cost effectiveness of roads and the costs of asthma "
                "were not looked at.\n"
            }
        )
        found = section(library.overview("asthma"), "At what cost?")
        assert found.findings == ()
        assert found.gap.startswith("Not found: 1 document speaks of asthma; ")

    def test_a_topic_that_no_document_speaks_of_is_said_to_be(self, library: Library) -> None:
        found = library.overview("asthma")
        assert found.documents == 0
        assert {each.gap for each in found.sections} == {
            "Not held: none of the 9 documents looked through speaks of asthma."
        }
        assert not any(each.findings or each.axes for each in found.sections)

    def test_groups_are_counted_as_on_the_map(self, library: Library) -> None:
        axes = section(library.overview("bowel-screening"), "For whom?").axes
        assert [each.axis for each in axes] == list(labelled_axes())
        for each in axes:
            drawn = library.evidence_map("topics", each.axis)
            row = concepts.packaged().by_key["topic:bowel-screening"]
            cells = [drawn.cell(row, column.group) for column in drawn.columns]
            assert sorted(each.cells, key=repr) == sorted(
                (cell for cell in cells if cell.entries), key=repr
            )

    def test_groups_with_results_come_first_and_axes_without_are_said(
        self, library: Library
    ) -> None:
        axes = section(library.overview("bowel-screening"), "For whom?").axes
        held = {each.axis: each for each in axes}
        counts = [len(cell.documents("reported")) for cell in held["ethnicity"].cells]
        assert counts == sorted(counts, reverse=True)
        assert counts[0] > 0 == counts[-1]
        assert held["ethnicity"].gap == ""
        assert held["religion"].gap == (
            "No document on bowel cancer screening reports a result by religion."
        )

    def test_a_deleted_document_is_not_counted(self, make_library: MakeLibrary) -> None:
        library = make_library({"a.md": "# Asthma\n\nAsthma.\n", "b.md": "# Teeth\n\nTeeth.\n"})
        (library.corpus / "a.md").unlink()
        assert library.overview("asthma").documents == 0
        assert "asthma" not in [row.subject.label for row in library.subjects()]

    def test_subjects_are_those_that_some_document_names(self, library: Library) -> None:
        counts = {row.subject.key: row.documents for row in library.subjects()}
        assert counts["topic:bowel-screening"] == 8
        assert counts["intervention:letters"] == 1
        assert "topic:asthma" not in counts


class TestFind:
    @pytest.mark.parametrize(
        "words",
        ["topic:bowel-screening", "bowel-screening", " Bowel cancer  SCREENING", "bowel screening"],
    )
    def test_by_key_id_label_or_words(self, words: str) -> None:
        assert overview.find(words, concepts.packaged()).key == "topic:bowel-screening"

    def test_a_topic_goes_before_an_intervention_of_the_same_id(self) -> None:
        known = concepts.packaged()
        assert overview.find("case-finding", known).kind == "topic"
        assert overview.find("intervention:case-finding", known).kind == "intervention"

    @pytest.mark.parametrize(
        ("words", "near"),
        [
            ("bowl cancer screning", "topic:bowel-screening"),
            ("uptake of bowel screening", "topic:bowel-screening"),
            ("topic:asthmas", "topic:asthma"),
        ],
    )
    def test_an_unknown_one_is_refused_with_the_nearest(self, words: str, near: str) -> None:
        with pytest.raises(BadQuestion) as refused:
            overview.find(words, concepts.packaged())
        assert words in str(refused.value)
        assert near in str(refused.value)

    @pytest.mark.parametrize("words", ["", "Somali", "zyzzyva"])
    def test_what_is_no_topic_is_refused(self, words: str) -> None:
        with pytest.raises(BadQuestion, match="know no topic or intervention"):
            overview.find(words, concepts.packaged())


INTENTS = '[intents.cost]\nlabel = "X?"\nasked = ["cost"]\nadds = "cost"\n'
GROUPS = '[[standing]]\nheading = "For whom?"\n'
ASKED = (
    '[[standing]]\nheading = "Cost?"\nquestion = "What does {topic} cost?"\nintent = "cost"\n'
    'kinds = ["cost"]\nmissing = "says so"\n'
)


class TestStanding:
    def test_a_librarian_may_change_the_questions(self, tmp_path: Path) -> None:
        path = tmp_path / "intents.toml"
        path.write_text(INTENTS + ASKED + GROUPS)
        assert [each.heading for each in overview.read(path)] == ["Cost?", "For whom?"]

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            (ASKED, "one entry of .* must have a heading alone"),
            (GROUPS + GROUPS, "one entry of .* must have a heading alone"),
            ("[[standing]]\nquestion = 'x'\n", "number 1: needs a heading alone, or"),
            ("[[standing]]\nheading = 3\n", "heading must be text, not 3"),
            (GROUPS + ASKED.replace("{topic}", "it"), "number 2: question needs {topic}"),
            (GROUPS + ASKED.replace("{topic}", "{topic} {x}"), "no other braces"),
            (GROUPS + ASKED.replace('"cost"\nkinds', '"price"\nkinds'), "intent 'price'"),
            (GROUPS + ASKED.replace('["cost"]', '["gossip"]'), "kinds must be a list out of"),
            (GROUPS + ASKED + "directed = 'harm'\n", "directed must be a list out of"),
        ],
    )
    def test_a_broken_entry_is_refused_by_name(
        self, tmp_path: Path, text: str, said: str
    ) -> None:
        path = tmp_path / "intents.toml"
        path.write_text(INTENTS + text)
        with pytest.raises(SettingsError, match=said) as refused:
            overview.read(path)
        assert str(path) in str(refused.value)


class TestCommand:
    def test_text_says_all_three(self, library: Library) -> None:
        said = " ".join(ok(library.root, "overview", "bowel screening").split())
        assert "bowel cancer screening (topic:bowel-screening)" in said
        assert "speak of it: 8 of 9" in said
        assert said.index("Does it work?") < said.index("For whom?") < said.index("At what cost?")
        assert f"“{COST}”" in said
        assert "reports a result by religion" in said
        assert "Pakistani people 1 0 0" in said

    def test_json_names_the_documents_of_each_group(self, library: Library) -> None:
        told = json.loads(ok(library.root, "overview", "bowel-screening", "--format", "json"))
        assert told["topic"]["key"] == "topic:bowel-screening"
        groups = {
            group["id"]: group
            for each in told["sections"][1]["axes"]
            for group in each["groups"]
        }
        assert groups["pakistani"] == {
            "id": "pakistani",
            "label": "Pakistani people",
            "reported": ["letters"],
            "studied": [],
            "mentioned": [],
        }
        assert [finding["quote"] for finding in told["sections"][2]["findings"]] == [COST]
        assert told["record"]["index"].startswith("sha256:")

    def test_an_unknown_topic_is_one_line(self, library: Library) -> None:
        refused = run(library.root, "overview", "bowl screening")
        assert refused.exit_code == 1
        assert "Did you mean" in refused.stderr
        assert refused.stderr.count("\n") == 1


class TestPage:
    def test_without_a_topic_it_offers_those_that_are_held(self, app: AppTest) -> None:
        at_page(app, OVERVIEW_PAGE)
        offered = app.selectbox(key="of").options
        assert "bowel cancer screening (topic): 8 documents" in offered
        assert "letters (intervention): 1 document" in offered
        assert not any("asthma" in option for option in offered)
        assert "<h2>" not in source(app)

    def test_choosing_one_puts_it_into_the_address_and_shows_it(self, app: AppTest) -> None:
        at_page(app, OVERVIEW_PAGE)
        app.selectbox(key="of").set_value("topic:bowel-screening").run()
        assert app.query_params["of"] == "topic:bowel-screening"
        page = source(app)
        order = [page.index(f"<h2>{each.heading}</h2>") for each in overview.packaged()]
        assert order == sorted(order)
        assert COST in shown(app)
        assert "Gap: No document on bowel cancer screening reports a result by religion" in shown(
            app
        )

    def test_a_quotation_leads_to_its_place(self, app: AppTest, library: Library) -> None:
        at_page(app, OVERVIEW_PAGE, of="topic:bowel-screening")
        place = dict(parse_qsl(urlsplit(links(app)["Show in document"]).query))
        text = library.document(place["document"]).text
        assert text[int(place["start"]) : int(place["end"])] in shown(app)

    def test_a_group_leads_to_its_cell_of_the_map(self, app: AppTest) -> None:
        at_page(app, OVERVIEW_PAGE, of="topic:bowel-screening")
        to = urlsplit(links(app)["Pakistani people"])
        assert to.path == "map"
        at_page(app, MAP_PAGE, **dict(parse_qsl(to.query)))
        assert "Bowel cancer screening: Pakistani people" in shown(app)
        assert "For Pakistani people: 1 reported." in shown(app)

    def test_every_row_of_the_table_says_each_standing(self, app: AppTest) -> None:
        at_page(app, OVERVIEW_PAGE, of="topic:bowel-screening")
        rows = source(app).split('<tr><th scope="row">')[1:]
        assert rows
        assert all(row.split("</tr>")[0].count("<td") == len(STANDINGS) for row in rows)

    def test_a_topic_that_is_not_held_says_so_three_times(self, app: AppTest) -> None:
        at_page(app, OVERVIEW_PAGE, of="topic:asthma")
        said = "Not held: none of the 9 documents looked through speaks of asthma."
        assert shown(app).count(said) == 3

    def test_an_unknown_topic_is_plain_words(self, app: AppTest) -> None:
        at_page(app, OVERVIEW_PAGE, of="<b>asthmas</b>")
        assert "The overview cannot be shown" in shown(app)
        assert "<b>asthmas" not in source(app)

    def test_an_answer_links_to_the_overviews_of_its_topics(self, app: AppTest) -> None:
        app.run()
        asked(app, "Do letters raise uptake of bowel screening?")
        words = "Overview of bowel cancer screening: does it work, for whom, at what cost"
        assert links(app)[words] == "overview?of=topic%3Abowel-screening"

    def test_of_many_topics_two_are_linked_to(self, app: AppTest) -> None:
        app.run()
        asked(app, "Bowel screening, oral health and asthma: what works?")
        assert sum(text.startswith("Overview of") for text in links(app)) == 2
