"""The web page without a browser: what each page says, in each state a person can meet."""

import html
import re
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from small_library import QUESTION, QUOTED, SCRIPT, build
from streamlit.testing.v1 import AppTest

from retriever import Library
from retriever.ui import words

ROOT = Path(__file__).resolve().parents[1]
LIBRARY_PAGE = "retriever/ui/library.py"
DOCUMENT_PAGE = "retriever/ui/document.py"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return build(tmp_path_factory.mktemp("library"))


@pytest.fixture
def app(small: Library, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    return opened(small.root, monkeypatch)


def opened(root: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("RETRIEVER_LIBRARY", str(root))
    return AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)


def at_page(app: AppTest, script: str, **address: str) -> AppTest:
    app.run().switch_page(script)
    for name, value in address.items():
        app.query_params[name] = value
    return app.run()


def asked(app: AppTest, question: str = QUESTION, **filters: str | list[str]) -> AppTest:
    app.query_params["q"] = question
    for name, value in filters.items():
        app.query_params[name] = value
    return app.run()


def source(app: AppTest) -> str:
    """The page's own HTML; an uncaught exception fails the test that asks."""
    assert not app.exception
    return "\n".join(str(part.proto.body) for part in app.main.get("html"))


def shown(app: AppTest) -> str:
    """The words a person reads."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", source(app))).split())


def links(app: AppTest) -> dict[str, str]:
    """Where each link leads, by its words; of links with the same words the first."""
    found: dict[str, str] = {}
    for to, text in re.findall(r'<a href="([^"]+)"[^>]*>([^<]+)', source(app)):
        found.setdefault(html.unescape(text), html.unescape(to))
    return found


def rows_shown(app: AppTest) -> list[str]:
    """The documents that the library's table links to."""
    return re.findall(r'href="document\?document=([\w-]+)"', source(app))


class TestAsk:
    def test_starts_with_a_form_and_no_answer(self, app: AppTest) -> None:
        app.run()
        assert app.text_input(key="q").value == ""
        assert "<h1>Ask the evidence</h1>" in source(app)
        assert "finding" not in shown(app)

    def test_a_submitted_question_is_answered_and_put_into_the_address(self, app: AppTest) -> None:
        app.run()
        app.text_input(key="q").set_value(QUESTION)
        app.button[0].click().run()
        assert app.query_params["q"] == QUESTION
        assert QUOTED in shown(app)

    def test_a_question_in_the_address_is_answered_on_opening(self, app: AppTest) -> None:
        asked(app)
        assert app.text_input(key="q").value == QUESTION
        assert QUOTED in shown(app)

    def test_a_finding_says_who_when_what_and_where(self, app: AppTest) -> None:
        said = shown(asked(app))
        assert "Institute of Examples 2019 Randomised trial Page 1" in said

    def test_says_how_much_was_searched(self, app: AppTest, small: Library) -> None:
        passages = sum(entry.passages for entry in small.entries())
        assert f"Searched {passages} passages in 4 documents." in shown(asked(app))

    def test_unknown_status_is_said_of_policy_and_not_of_studies(self, app: AppTest) -> None:
        asked(app, **{"in": "policy"})
        assert "Status: Not checked: look at the source" in shown(app)
        assert "Current" not in shown(app)
        asked(app, **{"in": "letters"})
        assert "Status:" not in shown(app)

    def test_superseded_guidance_is_a_warning_in_words(self, app: AppTest) -> None:
        said = shown(asked(app, **{"in": "old"}))
        assert "Warning: Replaced by NG999: do not rely on this one" in said

    def test_warnings_stand_on_the_card_and_the_successor_is_one_link_away(
        self, app: AppTest
    ) -> None:
        said = shown(asked(app, **{"in": "old"}))
        assert "Warning: Older than 10 years: from 2009" in said
        assert "Warning: From another country than the UK: USA" in said
        newer = links(app)["Open what replaced it"]
        assert dict(parse_qsl(urlsplit(newer).query))["document"] == "policy"

    def test_the_kind_of_source_is_explained_and_is_no_rating(self, app: AppTest) -> None:
        asked(app)
        folded = re.findall(r"<details[^>]*><summary>([^<]+)</summary><p>([^<]+)", source(app))
        told = dict(folded)
        assert "by chance" in told["What “Randomised trial” means"]
        assert "Neither its record" in told["What “Design not stated” means"]
        assert shown(app).count("It does not say how certain its findings are") == 1

    def test_markup_in_a_document_is_shown_as_text(self, app: AppTest) -> None:
        asked(app)
        assert SCRIPT in shown(app)
        assert "**one** practice" in shown(app)
        assert "<script" not in source(app)
        asked(app, **{"in": "letters"})
        assert "Reminder letters <b>and</b> *screening*" in shown(app)

    def test_each_finding_leads_to_its_place_in_the_document(
        self, app: AppTest, small: Library
    ) -> None:
        asked(app, **{"in": "letters"})
        link = links(app)["Show in document"]
        place = dict(parse_qsl(urlsplit(link).query))
        text = small.document(place["document"]).text
        assert link.startswith("document?")
        assert text[int(place["start"]) : int(place["end"])] in html.unescape(source(app))
        assert place["page"] == "1"
        at_page(app, DOCUMENT_PAGE, **place)
        back = links(app)["Back to the findings"]
        assert back.startswith("./?")
        assert dict(parse_qsl(urlsplit(back).query)) == {"q": QUESTION, "in": "letters"}

    def test_more_from_a_document_asks_it_alone(self, app: AppTest) -> None:
        asked(app)
        more = links(app)["More from this document"]
        assert "q=Do+reminder+letters" in more
        asked(app, **{"in": "letters"})
        assert "in 1 document that the filters let through." in shown(app)
        assert "More from this document" not in links(app)
        assert "Ask the whole library instead" in links(app)

    def test_filters_in_the_address_fill_the_form(self, app: AppTest) -> None:
        asked(app, kind=["policy-paper", "nice-guidance"], publisher="Guidance Board",
              **{"from": "2000", "to": "2015"})
        assert app.multiselect(key="kind").value == ["policy-paper", "nice-guidance"]
        assert app.number_input(key="from").value == 2000
        assert app.number_input(key="to").value == 2015
        assert "Old screening guidance" in shown(app)
        assert "Institute of Examples" not in shown(app)
        assert app.expander[0].label == "Filters (4 in use)"

    def test_filters_chosen_in_the_form_go_into_the_address(self, app: AppTest) -> None:
        asked(app)
        app.multiselect(key="publisher").set_value(["Guidance Board"])
        app.number_input(key="to").set_value(2010)
        app.button[0].click().run()
        assert app.query_params["publisher"] == "Guidance Board"
        assert app.query_params["to"] == "2010"
        assert "in 1 document that the filters let through" in shown(app)

    def test_a_filter_that_nothing_here_has_is_said_to_be_left_out(self, app: AppTest) -> None:
        said = shown(asked(app, kind="gossip", **{"from": "long ago"}))
        assert "“gossip”" in said
        assert "“long ago”" in said

    def test_a_question_off_the_library_is_answered_in_plain_words(self, app: AppTest) -> None:
        said = shown(asked(app, "zyzzyva quokka xylophone"))
        assert "Nothing found" in said
        assert "What you can do" in said
        assert "Show in document" not in links(app)

    @pytest.mark.parametrize("question", ["", "   ", "x" * 10_000, "🙂🙂🙂", '") OR (1=1 --', "*"])
    def test_an_odd_question_gets_words_and_no_traceback(
        self, app: AppTest, question: str
    ) -> None:
        said = shown(asked(app, question))
        assert "cannot be answered" in said or "Nothing found" in said or "finding" in said

    def test_an_unindexed_library_says_what_to_run(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "corpus").mkdir()
        (tmp_path / "retriever.toml").write_text('[embedder]\nmodel = "hashing"\n')
        app = opened(tmp_path, monkeypatch).run()
        assert "The library is not ready yet" in shown(app)
        assert "retriever index" in shown(app)
        assert not app.text_input

    def test_an_empty_library_says_where_documents_go(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "corpus").mkdir()
        (tmp_path / "retriever.toml").write_text('[embedder]\nmodel = "hashing"\n')
        Library.open(tmp_path).index()
        said = shown(opened(tmp_path, monkeypatch).run())
        assert "The library is empty" in said
        assert str(tmp_path / "corpus") in said

    def test_a_library_of_unreadable_files_points_to_the_reasons(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "corpus").mkdir()
        (tmp_path / "corpus" / "a.pdf").write_text("%PDF-1.4 nothing")
        (tmp_path / "retriever.toml").write_text('[embedder]\nmodel = "hashing"\n')
        Library.open(tmp_path).index()
        app = opened(tmp_path, monkeypatch).run()
        assert "No document in the library could be read" in shown(app)
        assert "Go to the library" in links(app)

    def test_a_mistyped_setting_is_a_box_on_every_page(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "retriever.toml").write_text('[embeder]\nmodel = "hashing"\n')
        app = opened(tmp_path, monkeypatch).run()
        assert "Did you mean 'embedder'?" in shown(app)
        for page in (LIBRARY_PAGE, DOCUMENT_PAGE):
            app.switch_page(page).run()
            assert "Did you mean 'embedder'?" in shown(app)


class TestDocument:
    def test_the_quotation_is_marked_in_picture_and_text(
        self, app: AppTest, small: Library
    ) -> None:
        start = small.document("letters").text.index(QUOTED)
        at_page(app, DOCUMENT_PAGE, document="letters", start=str(start),
                end=str(start + len(QUOTED)))
        assert f"<mark>{QUOTED}</mark>" in source(app)
        assert "The quotation is outlined on the picture and marked in the text." in shown(app)
        assert "with the quotation outlined" in app.image[0].proto.imgs[0].alt

    def test_a_quotation_over_two_pages_is_marked_on_both(
        self, app: AppTest, small: Library
    ) -> None:
        text = small.document("letters").text
        start, end = text.index("Telephone calls"), text.index("posted before.") + 14
        place = {"document": "letters", "start": str(start), "end": str(end)}
        at_page(app, DOCUMENT_PAGE, **place)
        assert "<h2>Page 1 of 2</h2>" in source(app)
        assert "Part of it is on page 2." in shown(app)
        app.query_params["page"] = "2"
        app.run()
        assert "Part of it is on page 1." in shown(app)
        assert "posted before.</mark>" in source(app)

    def test_pages_are_turned_by_link_and_by_number(self, app: AppTest) -> None:
        at_page(app, DOCUMENT_PAGE, document="letters")
        assert "page=2" in links(app)["Next page"]
        assert "Previous page" not in links(app)
        app.number_input(key="turn_to").set_value(2).run()
        assert app.query_params["page"] == "2"
        assert "Practices asked for the letters" in shown(app)
        assert "page=1" in links(app)["Previous page"]

    def test_another_page_leads_back_to_the_quotation(self, app: AppTest, small: Library) -> None:
        start = small.document("letters").text.index(QUOTED)
        at_page(app, DOCUMENT_PAGE, document="letters", start=str(start),
                end=str(start + len(QUOTED)), page="2")
        assert "The quotation is not on this page." in shown(app)
        assert "page=1" in links(app)["Back to the quotation, page 1"]

    def test_a_document_without_pages_opens_at_the_quotation(
        self, app: AppTest, small: Library
    ) -> None:
        text = small.document("notes").text
        start = text.index("The last paragraph speaks")
        at_page(app, DOCUMENT_PAGE, document="notes", start=str(start), end=str(start + 26))
        assert "<mark>The last paragraph speaks " in source(app)
        assert "<h2>Part 3 of 3</h2>" in source(app)
        assert not app.image

    def test_markup_in_a_document_is_shown_as_text(self, app: AppTest) -> None:
        at_page(app, DOCUMENT_PAGE, document="notes")
        assert SCRIPT in shown(app)
        assert "<script" not in source(app)
        at_page(app, DOCUMENT_PAGE, document="letters")
        assert "<h1>Reminder letters &lt;b&gt;and&lt;/b&gt; *screening*</h1>" in source(app)

    def test_the_source_is_a_link(self, app: AppTest) -> None:
        at_page(app, DOCUMENT_PAGE, document="letters")
        assert 'href="https://example.org/letters"' in source(app)

    @pytest.mark.parametrize(
        "url", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "https://[", "x"]
    )
    def test_what_is_not_a_web_address_is_no_link(self, url: str) -> None:
        assert words.link(url, "<b>") == "&lt;b&gt;"

    def test_what_was_worked_out_is_marked_as_inferred(self, app: AppTest) -> None:
        at_page(app, DOCUMENT_PAGE, document="notes")
        assert "Title Notes from a visit inferred" in shown(app)
        at_page(app, DOCUMENT_PAGE, document="policy")
        assert "Title Screening policy Publisher" in shown(app)

    def test_an_unknown_document_is_plain_words_and_a_way_back(self, app: AppTest) -> None:
        at_page(app, DOCUMENT_PAGE, document="<b>nowhere</b>")
        assert "This document cannot be shown" in shown(app)
        assert "Go to the library" in links(app)
        assert "<b>nowhere" not in source(app)

    @pytest.mark.parametrize(
        "place",
        [
            {"page": "99"},
            {"page": "-1", "start": "5", "end": "2"},
            {"page": "two", "start": "0", "end": "99999999"},
            {"start": "²", "end": "٣"},
        ],
    )
    def test_a_place_that_is_not_there_opens_the_first_page(
        self, app: AppTest, place: dict[str, str]
    ) -> None:
        at_page(app, DOCUMENT_PAGE, document="letters", **place)
        assert "<h2>Page 1 of 2</h2>" in source(app)
        assert "<mark>" not in source(app)

    def test_without_a_document_one_is_chosen(self, app: AppTest) -> None:
        at_page(app, DOCUMENT_PAGE)
        app.selectbox(key="chosen").set_value("policy").run()
        assert "<h1>Screening policy</h1>" in source(app)

    def test_a_file_gone_since_indexing_leaves_its_text(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        library = build(tmp_path / "library")
        library.file_of("letters").write_bytes(b"%PDF-1.4 cut off")
        app = opened(library.root, monkeypatch)
        at_page(app, DOCUMENT_PAGE, document="letters")
        assert "The picture cannot be drawn" in shown(app)
        assert QUOTED in shown(app)


class TestLibrary:
    def test_counts_and_table(self, app: AppTest, small: Library) -> None:
        at_page(app, LIBRARY_PAGE)
        passages = sum(entry.passages for entry in small.entries())
        said = shown(app)
        assert f"4 documents, cut into {passages} passages. 1 file could not be read." in said
        assert "Screening policy Policy paper Department of Examples 2021" in said

    def test_a_failed_file_stands_with_its_reason(self, app: AppTest, small: Library) -> None:
        at_page(app, LIBRARY_PAGE)
        reason = next(e.reason for e in small.entries() if e.outcome == "failed")
        assert f"locked.pdf {reason}" in shown(app)

    def test_each_row_leads_to_its_document(self, app: AppTest) -> None:
        at_page(app, LIBRARY_PAGE)
        rows = rows_shown(app)
        assert sorted(rows) == ["letters", "notes", "old", "policy"]

    def test_search_keeps_the_rows_that_hold_every_word(self, app: AppTest) -> None:
        at_page(app, LIBRARY_PAGE)
        app.text_input(key="find").set_value("SCREENING 2021").run()
        assert rows_shown(app) == ["policy"]
        app.text_input(key="find").set_value("nothing like this").run()
        assert "No file matches." in shown(app)

    def test_a_long_library_is_shown_in_parts(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "corpus").mkdir()
        (tmp_path / "retriever.toml").write_text('[embedder]\nmodel = "hashing"\n')
        for number in range(201):
            (tmp_path / "corpus" / f"note-{number:03}.txt").write_text(
                f"Note {number} is about letters and screening in the town."
            )
        Library.open(tmp_path).index()
        app = opened(tmp_path, monkeypatch)
        at_page(app, LIBRARY_PAGE)
        assert len(rows_shown(app)) == 200
        app.number_input(key="part").set_value(2).run()
        assert rows_shown(app) == ["note-200"]


class TestUnderstoodAs:
    ASKED = "Do reminder letters raise bowel cancer screening uptake in Somali people?"

    def test_the_question_is_shown_in_parts(self, app: AppTest) -> None:
        held = asked(app, self.ASKED).multiselect(key="chips").value
        assert {"group:somali", "topic:bowel-screening", "intent:uptake"} <= set(held)

    def test_taking_a_part_out_asks_anew_and_stands_in_the_address(self, app: AppTest) -> None:
        asked(app, self.ASKED)
        assert "for Somali people" in shown(app)
        chips = app.multiselect(key="chips")
        chips.set_value([key for key in chips.value if key != "group:somali"]).run()
        assert app.query_params["without"] == "group:somali"
        assert "for Somali people" not in shown(app)
        assert app.text_input(key="q").value == self.ASKED

    def test_adding_a_part_asks_anew(self, app: AppTest) -> None:
        chips = asked(app).multiselect(key="chips")
        chips.set_value([*chips.value, "group:deprived"]).run()
        assert app.query_params["with"] == "group:deprived"
        assert "for people in deprived areas" in shown(app)

    def test_an_address_with_changes_opens_with_them(self, app: AppTest) -> None:
        asked(app, self.ASKED, without="group:somali", **{"with": "group:roma"})
        assert "group:roma" in app.multiselect(key="chips").value
        assert "Roma people" in shown(app)

    def test_a_new_question_forgets_the_changes(self, app: AppTest) -> None:
        asked(app, self.ASKED, without="group:somali")
        app.text_input(key="q").set_value(QUESTION)
        app.button[0].click().run()
        assert "without" not in app.query_params

    def test_an_unknown_part_in_the_address_is_a_problem_in_words(self, app: AppTest) -> None:
        assert "There is no 'group:nobody'" in shown(asked(app, without="group:nobody"))
