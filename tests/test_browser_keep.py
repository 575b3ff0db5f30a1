"""The librarians' pages in a real Chromium: edit, two at once, remove, bring back, undo, purge."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect
from small_library import build
from test_browser import ANSWER, WAIT, chromium, opened, page, settled, tab_to
from test_browser_evaluators import Server, serving

from retriever.desk import Desk
from retriever.work import Work

__all__ = ["chromium", "page"]  # fixtures, shared with the other browser tests

pytestmark = pytest.mark.browser

PAGES = {
    "library": "library",
    "history": "history",
    "history, narrowed": "history?who=Ann&action=edit",
    "check": "check",
    "health": "health",
    "collections": "collections",
    "metadata in bulk": "metadata",
    "edit": "document?file=policy.md",
    "edit what could not be read": "document?file=locked.pdf",
    "edit what is gone": "document?file=gone.md",
}


@pytest.fixture
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A library with something in its history, served; each test has its own."""
    library = build(tmp_path_factory.mktemp("served") / "library")
    (library.corpus / "gone.md").write_text("# Gone\n\nZeppelins carried the letters.\n")
    library.index()
    desk = Desk(library.root, "Ann")
    desk.edit("old.md", {"country": "Wales"}, "as printed")
    desk.remove("gone.md", "not ours")
    with serving(library, tmp_path_factory.mktemp("log")) as server:
        yield server


def stated(served: Server) -> int | None:
    return served.library.document("policy").metadata.year


def done(page: Page, words: str) -> None:
    expect(page.get_by_role("status").filter(has_text=words)).to_be_visible(timeout=WAIT)
    settled(page)


def type_into(page: Page, label: str, text: str) -> None:
    field = page.get_by_label(label, exact=True).first
    field.fill(text)
    field.press("Tab")
    settled(page)


def test_two_librarians_edit_one_document_and_nothing_is_lost(
    page: Page, chromium: Browser, served: Server
) -> None:
    other = chromium.new_context(viewport={"width": 1280, "height": 900}).new_page()
    for one, name in ((page, "Ann"), (other, "Bea")):
        opened(one, served.address + "document?file=policy.md")
        type_into(one, "Your name, for the history", name)
    type_into(other, "Year", "2018")
    other.get_by_role("button", name="Save").click()
    done(other, "Changed year of policy.md")
    assert stated(served) == 2018
    type_into(page, "Year", "2022")
    type_into(page, "Licence", "OGL")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("Bea", timeout=WAIT)
    row = page.get_by_role("row", name="Year").first
    expect(row).to_contain_text("2021")
    expect(row).to_contain_text("2018")
    expect(row).to_contain_text("2022")
    assert stated(served) == 2018
    settled(page).get_by_role("button", name="Save").click()
    done(page, "Changed year, licence of policy.md")
    assert stated(served) == 2022
    opened(page, served.address + "history?document=policy.md")
    expect(page.get_by_test_id("stMain")).to_contain_text("Bea")
    expect(page.get_by_label("Your name, for the history")).to_have_value("Ann")
    other.context.close()


def test_a_slow_browser_saves_only_what_was_changed(page: Page, served: Server) -> None:
    held: list[Route] = []
    # The lists' own code is long in coming.
    page.route("**/Selectbox*.js", lambda route: held.append(route))
    page.goto(served.address + "document?file=policy.md")
    page.get_by_label("Your name, for the history").fill("Ann")
    page.keyboard.press("Tab")
    page.wait_for_function("document.cookie.includes('Ann')")  # the page has run again
    assert held
    for route in held:
        route.continue_()
    expect(page.get_by_label("Kind of source")).to_have_value("Policy paper", timeout=WAIT)
    type_into(page, "Licence", "OGL")
    page.get_by_role("button", name="Save").click()
    done(page, "Changed licence of policy.md")


def test_from_an_answer_to_a_removal_and_back(page: Page, served: Server) -> None:
    opened(page, served.address + ANSWER)
    expect(page.get_by_test_id("stMain")).to_contain_text("Notes from a visit")
    shown = page.get_by_role("link").filter(has_text="Show in document")
    shown.filter(has_text="Notes from a visit").first.click()
    expect(page.get_by_role("link", name="Edit or remove it")).to_be_visible(timeout=WAIT)
    settled(page)
    page.get_by_role("link", name="Edit or remove it").click()
    expect(page.get_by_role("heading", name="Edit: Notes from a visit")).to_be_visible(timeout=WAIT)
    settled(page)
    page.get_by_label("Why (for the history)").last.fill("out of date")
    page.get_by_label("Why (for the history)").last.press("Tab")
    settled(page)
    page.get_by_role("button", name="Remove…").click()
    expect(page.get_by_role("alert")).to_contain_text("Are you sure?", timeout=WAIT)
    settled(page)
    page.get_by_role("button", name="Yes, remove it").click()
    done(page, "Removed notes.html")
    opened(page, served.address + ANSWER)
    expect(page.get_by_test_id("stMain")).not_to_contain_text("Notes from a visit")
    opened(page, served.address + "library")
    page.get_by_text("2 documents, to be brought back").click()
    settled(page)
    expect(page.get_by_role("table", name="Removed documents")).to_contain_text("out of date")
    page.get_by_role("button", name="Bring it back").click()
    done(page, "Brought back notes.html")
    opened(page, served.address + ANSWER)
    expect(page.get_by_test_id("stMain")).to_contain_text("Notes from a visit")


def test_a_removal_is_undone_and_another_document_is_deleted_for_good(
    page: Page, served: Server
) -> None:
    Desk(served.library.root, "Bea").remove("policy.md")
    opened(page, served.address + "history")
    page.get_by_role("button", name="Undo change 3").click()
    done(page, "Undid change 000003")
    assert (served.library.corpus / "policy.md").exists()
    opened(page, served.address + "library")
    page.get_by_text("1 document, to be brought back").click()
    settled(page)
    page.get_by_role("button", name="Delete it for good…").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing brings it back", timeout=WAIT)
    settled(page)
    assert not grave(page)
    page.get_by_role("button", name="Yes, delete it for good").click()
    done(page, "Deleted gone.md for good")
    work = Work(served.library.root)
    for job in work.unfinished():
        work.follow(job.id, lambda _: None)
    texts = [path.read_bytes() for path in served.library.root.rglob("*") if path.is_file()]
    assert not any(b"zeppelin" in text.lower() for text in texts)
    opened(page, served.address + "history")
    expect(page.get_by_test_id("stMain")).to_contain_text("Deleted gone.md for good")
    expect(page.get_by_test_id("stMain")).to_contain_text("cannot be undone")


def test_by_keyboard_alone(page: Page, served: Server) -> None:
    opened(page, served.address + "history")
    tab_to(page, "element => element.textContent.trim() === 'Undo change 1'")
    page.keyboard.press("Enter")
    done(page, "Undid change 000001")
    tab_to(page, "element => element.textContent.trim() === 'Check'")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Files that could not be read")).to_be_visible(
        timeout=WAIT
    )
    settled(page)
    tab_to(page, "element => element.textContent.trim() === 'locked.pdf'")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Edit: locked.pdf")).to_be_visible(timeout=WAIT)
    settled(page)
    tab_to(page, "element => element.ariaLabel === 'Publisher'")
    page.keyboard.type("Town Hall")
    tab_to(page, "element => element.textContent.trim() === 'Save'")
    page.keyboard.press("Enter")
    done(page, "Changed publisher of locked.pdf")


def grave(page: Page) -> list[tuple[str, list[str]]]:
    return [
        (violation["id"], [node["html"][:200] for node in violation["nodes"]])
        for violation in Axe().run(page).response["violations"]
        if violation["impact"] in ("serious", "critical")
    ]


def test_axe_headings_and_a_phone(page: Page, served: Server) -> None:
    for width in (1280, 400):
        page.set_viewport_size({"width": width, "height": 900})
        for name, path in PAGES.items():
            opened(page, served.address + path)
            assert not grave(page), name
            levels = page.evaluate(
                "() => [...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(h => +h.tagName[1])"
            )
            assert (levels[0], levels.count(1)) == (1, 1), name
            steps = [after - before for before, after in pairwise(levels)]
            assert max(steps, default=0) <= 1, f"{name}: {levels}"
            wide = page.evaluate(
                "() => [...document.querySelectorAll('body *:not(.picture-box *)')]"
                "  .filter(e => e.getBoundingClientRect().right > innerWidth + 1)"
                "  .map(e => e.outerHTML.slice(0, 200))"
            )
            assert not wide, f"{name}: {wide[:3]}"
