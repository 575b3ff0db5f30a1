"""The overview of a topic in a real Chromium: keyboard alone, a phone, axe."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from axe_playwright_python.sync_playwright import Axe
from overview_library import COST, build
from playwright.sync_api import Page, expect
from test_browser import WAIT, chromium, opened, page, settled, tab_to
from test_browser_evaluators import Server, serving

__all__ = ["chromium", "page"]  # fixtures, shared with the other browser tests

pytestmark = pytest.mark.browser

PAGES = {
    "none chosen": "overview",
    "overview": "overview?of=topic:bowel-screening",
    "not held": "overview?of=topic:asthma",
    "unknown": "overview?of=nothing",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    library = build(tmp_path_factory.mktemp("served") / "library")
    with serving(library, tmp_path_factory.mktemp("log")) as server:
        yield server


def test_from_the_list_to_a_cell_of_the_map_by_keyboard(page: Page, served: Server) -> None:
    opened(page, served.address + "overview")
    tab_to(page, "element => element.role === 'combobox'")
    page.keyboard.type("bowel cancer screening (topic)")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="At what cost?")).to_be_visible(timeout=WAIT)
    settled(page)
    assert "of=topic" in page.url
    expect(page.locator("blockquote").last).to_contain_text(COST)
    tab_to(page, "element => element.role === 'region' && element.querySelector('table')")
    tab_to(page, "element => element.textContent === 'Pakistani people'")
    page.keyboard.press("Enter")
    expect(
        page.get_by_role("heading", name="Bowel cancer screening: Pakistani people")
    ).to_be_visible(timeout=WAIT)


def test_from_an_answer_to_the_overview_by_keyboard(page: Page, served: Server) -> None:
    opened(page, served.address + "?q=What+do+bowel+screening+kits+cost")
    tab_to(page, "element => element.textContent.startsWith('Overview of bowel cancer screening')")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="For whom?")).to_be_visible(timeout=WAIT)


@pytest.mark.parametrize("width", [1280, 400])
def test_axe_finds_nothing_and_only_the_table_is_wider(
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
        scrolled = "document.querySelector('[data-testid=stMain]').scrollWidth"
        assert page.evaluate(scrolled) <= width, name
        levels = page.evaluate(
            "() => [...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(h => +h.tagName[1])"
        )
        assert levels[0] == 1, name
        assert max((after - before for before, after in pairwise(levels)), default=0) <= 1, name
