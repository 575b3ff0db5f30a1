"""The librarians' pages without a browser: history, check, health, edit, remove, bring back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_library import build
from streamlit.testing.v1 import AppTest
from test_keep_commands import long_ago
from test_ui_pages import DOCUMENT_PAGE, LIBRARY_PAGE, at_page, links, opened, shown, source

from retriever import Library
from retriever.desk import Desk
from retriever.loaders.sidecar import read_sidecar

HISTORY_PAGE = "retriever/ui/history.py"
CHECK_PAGE = "retriever/ui/check.py"
HEALTH_PAGE = "retriever/ui/health.py"


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    library = build(tmp_path / "library")
    yield library
    library.close()


@pytest.fixture
def app(library: Library, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    return opened(library.root, monkeypatch)


def stated(library: Library, path: str) -> dict[str, object]:
    sidecar = read_sidecar(library.corpus / path)
    return sidecar.values if sidecar else {}


def press(app: AppTest, key: str) -> AppTest:
    return app.button(key=key).click().run()


def save(app: AppTest) -> AppTest:
    next(button for button in app.button if button.label == "Save").click().run()
    return app


class TestEdit:
    def at(self, app: AppTest, path: str) -> AppTest:
        return at_page(app, DOCUMENT_PAGE, file=path)

    def test_a_document_links_to_where_it_is_edited(self, app: AppTest) -> None:
        at_page(app, DOCUMENT_PAGE, document="policy")
        assert links(app)["Edit or remove it"] == "document?file=policy.md"

    def test_what_is_stated_is_changed_and_seen_at_once(
        self, app: AppTest, library: Library
    ) -> None:
        self.at(app, "policy.md")
        assert app.text_input(key="field-title").value == "Screening policy"
        app.text_input(key="who_changes").set_value("Ann").run()
        app.number_input(key="field-year").set_value(2022)
        app.text_area(key="field-authors").set_value("Ann Other\n\n Ben Some ")
        app.selectbox(key="field-status").set_value("updated")
        app.text_input(key="status_more").set_value("2023")
        app.text_input(key="why-edit").set_value("as printed")
        save(app)
        said = shown(app)
        assert "Done: Changed authors, year, status of policy.md (change 1)." in said
        assert "Readers see it at once" in said
        (event,) = Desk(library.root).journal.events()
        assert (event.who, event.why) == ("Ann", "as printed")
        assert library.document("policy").metadata.authors == ("Ann Other", "Ben Some")
        assert library.document("policy").metadata.status == "updated: 2023"
        assert app.number_input(key="field-year").value == 2022
        save(app)
        assert "Done" not in shown(app)

    def test_only_what_differs_is_written(self, app: AppTest, library: Library) -> None:
        before = stated(library, "policy.md")
        self.at(app, "policy.md")
        save(app)
        assert "Nothing in the form differs" in shown(app)
        app.text_input(key="field-country").set_value("UK")
        save(app)
        assert stated(library, "policy.md") == before | {"country": "UK"}

    def test_an_inferred_value_is_marked_and_counts_only_when_confirmed(
        self, app: AppTest, library: Library
    ) -> None:
        self.at(app, "notes.html")
        title = app.text_input(key="field-title")
        assert title.value == "Notes from a visit"
        assert "inferred, confirmed by nobody" in title.label
        app.text_input(key="field-publisher").set_value("Town")
        save(app)
        assert "title" not in stated(library, "notes.html")
        app.multiselect(key="confirm").set_value(["title"])
        save(app)
        assert stated(library, "notes.html")["title"] == "Notes from a visit"
        assert "inferred" not in app.text_input(key="field-title").label
        assert "title" not in library.document("notes").metadata.inferred

    def test_what_was_read_off_the_file_cannot_be_emptied(self, app: AppTest) -> None:
        self.at(app, "notes.html")
        app.text_input(key="field-title").set_value("")
        save(app)
        assert "Title: this was read off the file and cannot be emptied" in shown(app)

    def test_a_wrong_value_is_refused_and_what_was_typed_stays(
        self, app: AppTest, library: Library
    ) -> None:
        self.at(app, "policy.md")
        app.text_input(key="field-doi").set_value("https://doi.org/10.1000/x")
        save(app)
        assert "Nothing was changed" in shown(app)
        assert "must be a DOI like" in shown(app)
        assert app.text_input(key="field-doi").value == "https://doi.org/10.1000/x"
        assert Desk(library.root).journal.events() == []

    def test_the_second_librarian_is_told_and_sees_both_values(
        self, app: AppTest, library: Library
    ) -> None:
        self.at(app, "policy.md")
        Desk(library.root, "Bea").edit("policy.md", {"year": 2018, "country": "UK"})
        app.number_input(key="field-year").set_value(2022)
        app.text_input(key="field-licence").set_value("OGL")
        save(app)
        said = shown(app)
        assert "Somebody else changed this document" in said
        assert "Bea" in said
        assert "Year 2021 2018 2022" in said
        assert "Country not stated UK not stated" in said
        assert app.number_input(key="field-year").value == 2022
        assert app.text_input(key="field-country").value == "UK"
        assert stated(library, "policy.md")["year"] == 2018
        save(app)
        now = stated(library, "policy.md")
        assert (now["year"], now["country"], now["licence"]) == (2022, "UK", "OGL")
        assert "Somebody else" not in shown(app)

    def test_an_edition_is_marked_as_replaced(self, app: AppTest, library: Library) -> None:
        self.at(app, "policy.md")
        app.selectbox(key="successor").set_value("notes.html")
        next(b for b in app.button if b.label == "Mark as replaced").click().run()
        assert "Marked policy.md as superseded by notes.html" in shown(app)
        assert stated(library, "policy.md")["status"] == "superseded-by: notes"
        assert app.selectbox(key="field-status").value == "superseded-by"

    def test_a_removal_is_asked_about_first(self, app: AppTest, library: Library) -> None:
        self.at(app, "policy.md")
        app.text_input(key="why-remove").set_value("not ours").run()
        press(app, "ask-remove")
        assert "for at least 90 days" in shown(app)
        press(app, "no-remove")
        assert (library.corpus / "policy.md").exists()
        press(app, "ask-remove")
        press(app, "yes-remove")
        assert not (library.corpus / "policy.md").exists()
        assert "Removed policy.md (change 1)" in shown(app)
        assert "the Library page brings it back" in shown(app)
        assert Desk(library.root).journal.events()[0].why == "not ours"

    def test_a_file_that_could_not_be_read_can_be_removed_too(
        self, app: AppTest, library: Library
    ) -> None:
        self.at(app, "locked.pdf")
        press(app, "ask-remove")
        press(app, "yes-remove")
        assert not (library.corpus / "locked.pdf").exists()

    @pytest.mark.parametrize("path", ["../retriever.toml", "/etc/hostname", "nowhere.md", ""])
    def test_what_is_no_document_is_not_edited(self, app: AppTest, path: str) -> None:
        assert "not in the library" in shown(self.at(app, path))


class TestRemoved:
    def test_brought_back_from_the_library_page(self, app: AppTest, library: Library) -> None:
        Desk(library.root, "Ann").remove("policy.md", "by mistake")
        at_page(app, LIBRARY_PAGE)
        said = shown(app)
        assert "Ann by mistake" in said
        assert "Screening policy" not in said
        press(app, "restore")
        assert "Brought back policy.md" in shown(app)
        assert "Screening policy" in shown(app)
        assert "Removed documents" not in shown(app)

    def test_deleted_for_good_after_a_question(self, app: AppTest, library: Library) -> None:
        Desk(library.root).remove("policy.md")
        at_page(app, LIBRARY_PAGE)
        press(app, "ask-purge-policy.md")
        assert "Nothing brings it back" in shown(app)
        press(app, "yes-purge-policy.md")
        assert "Deleted policy.md for good" in shown(app)
        assert "its text is still in index/" in shown(app)
        assert "Removed documents" not in shown(app)

    def test_all_may_be_removed(self, app: AppTest, library: Library) -> None:
        desk = Desk(library.root)
        for name in ("policy.md", "old.md", "notes.html", "letters.pdf", "locked.pdf"):
            desk.remove(name)
        at_page(app, LIBRARY_PAGE)
        assert "The library is empty" in shown(app)
        assert "5 documents, to be brought back" in app.expander[0].label


class TestHistory:
    def test_at_first_nothing_was_changed(self, app: AppTest) -> None:
        assert "Nothing has been changed yet" in shown(at_page(app, HISTORY_PAGE))

    @pytest.fixture
    def told(self, library: Library) -> Desk:
        Desk(library.root, "Ann").edit("policy.md", {"year": 2020}, "<b>as printed</b>")
        Desk(library.root, "Ben").edit("policy.md", {"year": 2019})
        Desk(library.root, "Ben").remove("notes.html")
        return Desk(library.root)

    def test_who_did_what_when_and_why(self, app: AppTest, told: Desk) -> None:
        said = shown(at_page(app, HISTORY_PAGE))
        assert said.index("Change 3: Removed") < said.index("Change 1: Corrected")
        assert "Why: <b>as printed</b> Ann" in said
        assert "<b>as printed" not in source(app)

    def test_the_address_narrows_it(self, app: AppTest, told: Desk) -> None:
        said = shown(at_page(app, HISTORY_PAGE, who="Ben", document="policy"))
        assert "Showing 1 of 3 changes." in said
        assert app.selectbox(key="who").value == "Ben"
        app.selectbox(key="action").set_value("remove").run()
        assert app.query_params["action"] == "remove"
        assert "Take a filter away" in shown(app)

    def test_a_day_that_is_none_is_said(self, app: AppTest, told: Desk) -> None:
        assert "'soon' is no day" in shown(at_page(app, HISTORY_PAGE, since="soon"))

    def test_a_change_is_undone_and_made_again(
        self, app: AppTest, told: Desk, library: Library
    ) -> None:
        at_page(app, HISTORY_PAGE)
        app.text_input(key="why_undo").set_value("the wrong one").run()
        press(app, "undo-000003")
        assert "Undid change 000003" in shown(app)
        assert (library.corpus / "notes.html").exists()
        assert told.journal.events()[-1].why == "the wrong one"
        assert app.button(key="undo-000003").label == "Make change 3 again"

    def test_what_cannot_be_undone_says_why(self, app: AppTest, told: Desk) -> None:
        told.purge("notes.html")
        at_page(app, HISTORY_PAGE)
        said = shown(app)
        assert "cannot be undone before change 000002" in said
        assert "Change 000004 cannot be undone" in said
        assert [b.key for b in app.button if b.key and b.key.startswith("undo-")] == ["undo-000002"]


class TestCheck:
    def test_what_is_wrong_stands_by_how_much_it_matters(
        self, app: AppTest, library: Library
    ) -> None:
        Desk(library.root).edit("letters.pdf", {"status": "superseded-by: nothing held"})
        said = shown(at_page(app, CHECK_PAGE))
        order = ("they may mislead", "Files that could not be read", "Replaced by what", "Could be")
        places = [said.index(words) for words in order]
        assert places == sorted(places)
        assert links(app)["letters.pdf"] == "document?file=letters.pdf"
        assert "To mend it:" in said

    def test_what_was_kept_for_long_is_deleted_after_a_question(
        self, app: AppTest, library: Library
    ) -> None:
        Desk(library.root).remove("policy.md")
        long_ago(library.root)
        at_page(app, CHECK_PAGE)
        press(app, "ask-purge-all")
        press(app, "yes-purge-all")
        assert "Deleted policy.md for good" in shown(app)
        assert Desk(library.root).removed() == []

    def test_the_evaluation_questions_are_asked_when_that_is_wanted(
        self, app: AppTest, library: Library
    ) -> None:
        at_page(app, CHECK_PAGE)
        assert "is not known" in shown(app)
        assert not [button for button in app.button if button.key == "ask"]
        folder = library.corpus / "evaluation"
        folder.mkdir()
        question = {"id": "q", "text": "reminder letters"}
        (folder / "questions.jsonl").write_text(json.dumps(question) + "\n")
        app.run()
        press(app, "ask")
        assert re.search(r"Every document is found|Found by no question", shown(app))


class TestHealth:
    def test_tables_come_before_their_pictures(self, app: AppTest) -> None:
        at_page(app, HEALTH_PAGE)
        page = source(app)
        assert page.index("Kinds of source: how many documents") < page.index("<img")
        said = shown(app)
        assert "4 documents." in said
        assert "Policy paper 1" in said
        assert "2010 to 2014 0" in said
        assert re.search(r"Topics of which no document speaks \(\d+\)", said)
        assert all('alt="The table above as bars' in part for part in page.split("<img")[1:])

    def test_topics_and_groups_lead_on(self, app: AppTest) -> None:
        at_page(app, HEALTH_PAGE)
        assert links(app)["bowel cancer screening"] == "overview?of=topic%3Abowel-screening"
        to = links(app)["people in deprived areas or on low incomes"]
        assert to == "map?axis=deprivation&groups=deprived"
