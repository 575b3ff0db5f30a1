"""The web page in a real Chromium: ask, read, open the page; by mouse, keyboard, phone and axe."""

import io
import os
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright
from small_library import QUESTION, QUOTED, SCRIPT, build

from retriever import Library

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
STARTING = 300  # waits of 0.2 seconds
WAIT = 30_000  # milliseconds; a machine that does other work is slow
ANSWER = f"?q={quote(QUESTION)}"
AT_REST = """() => {
  const app = document.querySelector("[data-testid=stApp]");
  const rests = app?.dataset.testScriptState === "notRunning"
    && !document.querySelector('[data-stale="true"], [data-testid=stSkeleton]');
  window.framesAtRest = rests ? (window.framesAtRest ?? 0) + 1 : 0;
  if (window.framesAtRest < 15) return false;
  window.framesAtRest = 0;
  return true;
}"""
"""Whether the page has been at rest for fifteen frames: what was clicked takes some to begin."""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return build(tmp_path_factory.mktemp("library"))


@pytest.fixture(scope="module")
def address(small: Library, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the page is served for these tests."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("server") / "log.txt"
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "streamlit_app.py"),
               "--server.headless", "true", "--server.port", str(port)]
    with log.open("wb") as stream:
        server = subprocess.Popen(
            command, cwd=ROOT, stdout=stream, stderr=subprocess.STDOUT,
            env=os.environ | {"RETRIEVER_LIBRARY": str(small.root)},
        )
        try:
            wait_until_healthy(server, f"http://localhost:{port}/_stcore/health", log)
            yield f"http://localhost:{port}/"
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def wait_until_healthy(server: subprocess.Popen[bytes], health: str, log: Path) -> None:
    for _ in range(STARTING):
        try:
            server.wait(0.2)
        except subprocess.TimeoutExpired:
            pass
        else:
            break
        try:
            with urllib.request.urlopen(health, timeout=5):  # noqa: S310  our own server
                return
        except urllib.error.URLError:
            continue
    pytest.fail(f"the page was not served:\n{log.read_text()}")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    program = shutil.which("chromium")
    if program is None:
        reason = "Chromium is not installed (Debian: apt-get install chromium)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(WAIT)
    page = context.new_page()
    yield page
    context.close()


def settled(page: Page) -> Page:
    """Wait until the page has run to its end, and no other run has begun right after."""
    expect(page.locator("h1")).to_have_count(1, timeout=WAIT)
    page.wait_for_function(AT_REST, polling="raf")
    return page


def opened(page: Page, url: str) -> Page:
    page.goto(url)
    return settled(page)


def quotation_address(small: Library) -> str:
    start = small.document("letters").text.index(QUOTED)
    return f"document?document=letters&page=1&start={start}&end={start + len(QUOTED)}"


def every_page(small: Library) -> dict[str, str]:
    return {
        "start": "",
        "answer": ANSWER,
        "nothing found": "?q=zyzzyva+quokka",
        "library": "library",
        "choose a document": "document",
        "document with pages": quotation_address(small),
        "document without pages": "document?document=notes&start=30&end=60",
        "unknown document": "document?document=nowhere",
    }


def see_the_quotation(page: Page) -> None:
    expect(page.locator("mark")).to_contain_text(QUOTED, timeout=WAIT)
    picture = page.get_by_role("img", name="with the quotation outlined")
    expect(picture).to_be_visible(timeout=WAIT)
    page.wait_for_function("image => image.complete && image.naturalWidth > 500",
                           arg=picture.element_handle())
    seen = Image.open(io.BytesIO(picture.screenshot())).convert("RGB")
    tinted = sum(n for n, (red, green, blue) in seen.getcolors(2**24) or []
                 if red > 240 and green > 220 and blue < 140)
    assert tinted > 1000, "no highlight is to be seen on the page's picture"


def test_a_question_is_asked_read_and_opened_in_its_document(page: Page, address: str) -> None:
    opened(page, address)
    page.get_by_label("Your question").fill(QUESTION)
    page.keyboard.press("Enter")
    card = page.locator(".st-key-finding-1")
    expect(card).to_contain_text(QUOTED, timeout=WAIT)
    expect(card).to_contain_text("Institute of Examples")
    assert "q=Do" in page.url
    card.get_by_role("link", name="Show in document").click()
    expect(page.get_by_role("heading", name="Page 1 of 2")).to_be_visible(timeout=WAIT)
    see_the_quotation(settled(page))
    page.get_by_role("link", name="Back to the findings").click()
    expect(page.locator(".st-key-finding-1")).to_contain_text(QUOTED, timeout=WAIT)


def test_a_link_with_a_question_gives_its_answer(page: Page, address: str) -> None:
    opened(page, address + ANSWER)
    expect(page.get_by_label("Your question")).to_have_value(QUESTION)
    expect(page.locator(".st-key-finding-1")).to_contain_text(QUOTED)


def test_going_back_shows_the_question_before(page: Page, address: str) -> None:
    opened(page, address + ANSWER)
    page.locator(".st-key-finding-1").get_by_role("link", name="More from this document").click()
    expect(page.get_by_text("in 1 document that the filters let through")).to_be_visible()
    page.go_back()
    expect(page.get_by_text("in 4 documents.")).to_be_visible()
    expect(page.get_by_label("Your question")).to_have_value(QUESTION)


def test_everything_can_be_done_by_keyboard(page: Page, address: str) -> None:
    opened(page, address)
    tab_to(page, "element => element.textContent.endsWith('Filters')")
    page.keyboard.press("Enter")
    tab_to(page, "element => element.ariaLabel === 'Kind of source'")
    unfold(page, page.get_by_role("option", name="Policy paper"))
    page.keyboard.press("Escape")
    for field in ("Publisher", "From year", "To year", "Document"):
        tab_to(page, f"element => element.ariaLabel === '{field}'")
    opened(page, address)
    tab_to(page, "element => element.ariaLabel === 'Your question'")
    page.keyboard.type(QUESTION)
    page.keyboard.press("Enter")
    expect(page.locator(".st-key-finding-1")).to_contain_text(QUOTED, timeout=WAIT)
    settled(page)
    tab_to(page, "element => element.textContent.startsWith('Show in document')")
    page.keyboard.press("Enter")
    expect(page.locator("mark")).to_contain_text(QUOTED, timeout=WAIT)
    settled(page)
    tab_to(page, "element => element.textContent.trim() === 'Library'")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="All files")).to_be_visible(timeout=WAIT)
    settled(page)
    tab_to(page, "element => element.textContent.trim() === 'Screening policy'")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Screening policy", level=1)).to_be_visible()


def test_parts_of_a_question_are_taken_out_and_added_by_keyboard(page: Page, address: str) -> None:
    opened(page, address + ANSWER)
    tab_to(page, "element => element.ariaLabel?.startsWith('Understood as')")
    page.keyboard.type("deprived areas")
    expect(page.get_by_role("option", name="people in deprived areas")).to_be_visible(timeout=WAIT)
    page.keyboard.press("Enter")
    said = page.get_by_text("for people in deprived areas or on low incomes.")
    expect(said).to_be_visible(timeout=WAIT)
    settled(page)
    assert "with=group%3Adeprived" in page.url
    page.keyboard.press("Escape")
    tab_to(page, "element => element.ariaLabel?.startsWith('Understood as')")
    page.keyboard.press("Backspace")
    expect(said).to_have_count(0, timeout=WAIT)
    settled(page)
    assert "with=" not in page.url
    assert Axe().run(page).response["violations"] == []


def unfold(page: Page, option: Locator) -> None:
    """Open the list that has the focus; one that opens while its place still moves closes again."""
    for _ in range(10):
        page.keyboard.press("ArrowDown")
        try:
            expect(option).to_be_visible(timeout=WAIT // 10)
        except AssertionError:
            settled(page)
        else:
            return
    pytest.fail("the list does not open")


def tab_to(page: Page, wanted: str) -> None:
    """Press Tab until what has the focus is what is wanted, and can be seen to have it."""
    page.wait_for_function(f"[...document.querySelectorAll('body *')].some({wanted})")
    for _ in range(80):  # more than once around the longest page
        page.keyboard.press("Tab")
        if page.evaluate(f"({wanted})(document.activeElement)"):
            seen = page.evaluate(
                "() => { let e = document.activeElement;"
                "  for (let i = 0; e && i < 4; i += 1, e = e.parentElement)"
                "    if (getComputedStyle(e).boxShadow.includes('rgb')) return true;"
                "  return false; }"
            )
            assert seen, "the focus cannot be seen"
            return
    pytest.fail(f"Tab never came to {wanted}")


def test_nothing_is_wider_than_a_phone(page: Page, address: str, small: Library) -> None:
    page.set_viewport_size({"width": 400, "height": 800})
    for name, path in every_page(small).items():
        opened(page, address + path)
        wide = page.evaluate(
            "() => [...document.querySelectorAll('body *')]"
            "  .filter(e => e.getBoundingClientRect().right > 401)"
            "  .map(e => e.outerHTML.slice(0, 200))"
        )
        assert not wide, f"{name}: {wide[:3]}"
        width = "document.querySelector('[data-testid=stMain]').scrollWidth"
        assert page.evaluate(width) <= 400, name


def test_a_phone_has_links_to_every_page(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 400, "height": 800})
    opened(page, address)
    page.get_by_role("link", name="Library").click()
    expect(page.get_by_role("heading", name="Library", level=1)).to_be_visible(timeout=WAIT)


def test_axe_finds_nothing_serious(page: Page, address: str, small: Library) -> None:
    for name, path in every_page(small).items():
        opened(page, address + path)
        grave = [
            (violation["id"], [node["html"][:200] for node in violation["nodes"]])
            for violation in Axe().run(page).response["violations"]
            if violation["impact"] in ("serious", "critical")
        ]
        assert not grave, f"{name}: {grave}"


def test_axe_finds_nothing_serious_among_the_filters(page: Page, address: str) -> None:
    opened(page, address)
    page.get_by_text("Filters", exact=True).click()
    expect(page.get_by_label("From year")).to_be_visible()
    grave = [violation for violation in Axe().run(page).response["violations"]
             if violation["impact"] in ("serious", "critical")]
    assert not grave


def test_headings_are_in_order_and_the_language_is_named(
    page: Page, address: str, small: Library
) -> None:
    for name, path in every_page(small).items():
        opened(page, address + path)
        levels = page.evaluate(
            "() => [...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(h => +h.tagName[1])"
        )
        assert levels[0] == 1, name
        assert levels.count(1) == 1, name
        steps = [after - before for before, after in pairwise(levels)]
        assert max(steps, default=0) <= 1, f"{name}: {levels}"
        assert page.locator("html").get_attribute("lang") == "en"


def test_a_script_in_a_document_is_read_and_not_run(page: Page, address: str) -> None:
    opened(page, address + ANSWER)
    expect(page.get_by_test_id("stMain")).to_contain_text(SCRIPT)
    opened(page, address + "document?document=notes")
    expect(page.locator(".page-text")).to_contain_text(SCRIPT)
    expect(page).to_have_title("Notes from a visit - Evidence retriever")


def test_the_page_asks_nobody_but_this_computer(
    page: Page, address: str, small: Library
) -> None:
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(urlsplit(request.url).netloc))
    for path in every_page(small).values():
        opened(page, address + path)
    assert asked - {""} == {urlsplit(address).netloc}


def test_a_new_document_is_found_without_a_restart(
    page: Page, address: str, small: Library
) -> None:
    opened(page, address + "library")
    expect(page.get_by_text("Showing 5 of 5 files.")).to_be_visible()
    added = small.corpus / "added.md"
    added.write_text("# Added later\n\nLanterns were hung along the canal towpath.\n")
    small.index()
    try:
        opened(page, address + "library")
        expect(page.get_by_role("link", name="Added later")).to_be_visible()
    finally:
        added.unlink()
        small.index()
