"""The evidence map and the vocabulary in a real Chromium: keyboard alone, a phone, axe."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from map_library import build
from playwright.sync_api import Page, expect
from test_browser import WAIT, chromium, opened, page, settled, tab_to
from test_browser_evaluators import Server, serving

__all__ = ["chromium", "page"]  # fixtures, shared with the other browser tests

pytestmark = pytest.mark.browser

PAGES = {
    "map": "map?find=bowel+screening",
    "whole map": "map",
    "nothing to map": "map?find=zyzzyva",
    "cell": "map?row=bowel-screening&group=south-asian",
    "empty cell": "map?row=bowel-screening&group=roma",
    "no such cell": "map?row=nothing",
    "vocabulary": "vocabulary",
    "vocabulary, searched": "vocabulary?entries=topics&find=screening",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    library = build(tmp_path_factory.mktemp("served") / "library")
    with serving(library, tmp_path_factory.mktemp("log")) as server:
        yield server


def test_the_table_stands_above_the_picture(page: Page, served: Server) -> None:
    opened(page, served.address + PAGES["map"])
    table = page.get_by_role("table", name="Topics by ethnicity")
    picture = page.get_by_role("img", name="The table above as a heat map")
    expect(table).to_be_visible()
    expect(picture).to_be_visible()
    page.wait_for_function(
        "image => image.complete && image.naturalWidth > 500", arg=picture.element_handle()
    )
    above, below = table.bounding_box(), picture.bounding_box()
    assert above is not None
    assert below is not None
    assert above["y"] < below["y"]


def test_from_the_map_to_a_passage_in_its_document_by_keyboard(page: Page, served: Server) -> None:
    opened(page, served.address + "map")
    tab_to(page, "element => element.ariaLabel === 'Only rows with these words'")
    page.keyboard.type("bowel cancer screening")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Showing 1 of 1 topics")).to_be_visible(timeout=WAIT)
    settled(page)
    tab_to(page, "element => element.role === 'region' && element.querySelector('table')")
    tab_to(page, "element => element.textContent.includes(': bowel cancer screening, Pakistani')")
    page.keyboard.press("Enter")
    expect(
        page.get_by_role("heading", name="Bowel cancer screening: Pakistani people")
    ).to_be_visible(timeout=WAIT)
    settled(page)
    assert "row=bowel-screening" in page.url
    assert "group=pakistani" in page.url
    expect(page.locator("mark").first).to_have_text("Pakistani")
    tab_to(page, "element => element.textContent.startsWith('Show in document')")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Letters and bowel screening", level=1)).to_be_visible(
        timeout=WAIT
    )
    expect(page.locator("mark").first).to_contain_text("42% among Pakistani people")
    page.go_back()
    expect(page.get_by_role("link", name="Back to the map")).to_be_visible(timeout=WAIT)
    settled(page)
    tab_to(page, "element => element.textContent === 'Back to the map'")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Only rows with these words")).to_have_value(
        "bowel cancer screening", timeout=WAIT
    )


def test_an_empty_cell_is_looked_up_by_keyboard(page: Page, served: Server) -> None:
    opened(page, served.address + "map?find=bowel+cancer+screening")
    tab_to(
        page,
        "element => element.ariaLabel?.includes('Group') && element.role === 'combobox'"
        " && !element.ariaLabel.includes('Groups by')",
    )
    page.keyboard.type("Roma people")
    page.keyboard.press("Enter")
    tab_to(page, "element => element.textContent === 'Open' && element.tagName === 'BUTTON'")
    page.keyboard.press("Enter")
    expect(page.locator(".gap")).to_contain_text("for Roma people", timeout=WAIT)
    assert "group=roma" in page.url


def test_the_map_is_kept_as_csv_and_as_a_picture(page: Page, served: Server) -> None:
    opened(page, served.address + PAGES["map"])
    begins = {"Whole map (CSV)": b"row,row_label,", "This picture (PNG)": b"\x89PNG"}
    for name, beginning in begins.items():
        with page.expect_download() as download:
            page.get_by_role("button", name=name).click()
        assert download.value.path().read_bytes().startswith(beginning)


@pytest.mark.parametrize("width", [1280, 400])
def test_axe_finds_nothing_and_only_boxes_that_can_be_scrolled_are_wider(
    page: Page, served: Server, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    for name, path in PAGES.items():
        opened(page, served.address + path)
        found = [
            (violation["id"], [node["html"][:200] for node in violation["nodes"]])
            for violation in Axe().run(page).response["violations"]
        ]
        assert not found, f"{name}: {found}"
        wide = page.evaluate(
            "() => [...document.querySelectorAll('body *')]"
            f"  .filter(e => e.getBoundingClientRect().right > {width + 1})"
            "  .filter(e => !e.closest('[role=region][tabindex=\"0\"]'))"
            "  .map(e => e.outerHTML.slice(0, 200))"
        )
        assert not wide, f"{name}: {wide[:3]}"
        scrolled = "document.querySelector('[data-testid=stMain]').scrollWidth"
        assert page.evaluate(scrolled) <= width, name


def test_headings_are_in_order_and_nobody_else_is_asked(page: Page, served: Server) -> None:
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(urlsplit(request.url).netloc))
    for name, path in PAGES.items():
        opened(page, served.address + path)
        levels = page.evaluate(
            "() => [...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(h => +h.tagName[1])"
        )
        assert levels[0] == 1, name
        assert max((after - before for before, after in pairwise(levels)), default=0) <= 1, name
    assert asked - {""} == {urlsplit(served.address).netloc}
