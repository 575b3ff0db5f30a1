"""Adding documents in a real Chromium: mixed files in one drop, keyboard alone, a phone, axe."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from filelock import FileLock
from mixed_files import mixed, report
from playwright.sync_api import FilePayload, Page, expect
from small_library import build
from test_browser import WAIT, chromium, opened, page, settled, tab_to
from test_browser_evaluators import Server, serving

from retriever.journal import Journal
from retriever.loaders.sidecar import read_sidecar
from retriever.work import Work

__all__ = ["chromium", "page"]  # fixtures, shared with the other browser tests

pytestmark = pytest.mark.browser

LONG = 120_000  # milliseconds for work in a process of its own, on a machine that does other work


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Server]:
    library = build(tmp_path / "library")
    (library.corpus / "uptake-2025.md").write_bytes(report())
    library.index()
    with serving(library, tmp_path) as server:
        yield server
        work = Work(library.root)
        for job in work.unfinished():
            work.follow(job.id, lambda _: None)


def files() -> list[FilePayload]:
    given = mixed() | {"uptake.md": report("second", 2)}
    return [
        {"name": name, "mimeType": "application/octet-stream", "buffer": content}
        for name, content in given.items()
    ]


def drop(page: Page, given: list[FilePayload]) -> None:
    page.locator("input[type=file]").set_input_files(given)
    chosen = "1 file chosen." if len(given) == 1 else f"{len(given)} files chosen."
    expect(page.get_by_text(chosen)).to_be_visible(timeout=LONG)
    page.get_by_role("button", name="Read these files").click()


def says(page: Page, text: str, wait: int = LONG) -> None:
    expect(page.get_by_test_id("stMain")).to_contain_text(text, timeout=wait)


def over(page: Page) -> None:
    """Wait until no work is going on, and the page has said so."""
    expect(page.get_by_text("Work in progress")).to_have_count(0, timeout=LONG)
    settled(page)


def unfold(page: Page, name: str) -> None:
    page.locator("summary", has_text=name).click()
    settled(page)


def grave(page: Page) -> list[tuple[str, list[str]]]:
    return [
        (violation["id"], [node["html"][:200] for node in violation["nodes"]])
        for violation in Axe().run(page).response["violations"]
        if violation["impact"] in ("serious", "critical")
    ]


def fits(page: Page, width: int) -> bool:
    scrolled = "document.querySelector('[data-testid=stMain]').scrollWidth"
    return int(page.evaluate(scrolled)) <= width


def test_from_a_drop_of_mixed_files_to_the_library(page: Page, served: Server) -> None:
    library = served.library
    opened(page, served.address + "add")
    page.get_by_label("Your name, for the history").fill("Amina")
    page.keyboard.press("Enter")
    settled(page)
    drop(page, files())
    says(page, "Ready to add: 11; Like another document: decide: 1; Held already: 1; Could not be "
               "read: 3; Not taken in: 1.")
    over(page)
    says(page, "The same file, byte for byte, as policy.md.")

    unfold(page, "notes.md")
    expect(page.get_by_role("region", name="Beginning of notes.md")).to_contain_text("two pence")
    form = page.locator("[data-testid=stForm]", has=page.get_by_role("button", name="Leave out"))
    form.get_by_label("Publisher").fill("Town Hall")
    form.get_by_label("Title: I have checked it").check(force=True)
    form.get_by_role("button", name="Add", exact=True).click()
    says(page, "The index is up to date: 6 documents.")
    over(page)

    unfold(page, "uptake.md")
    says(page, "The second edition has new figures for place number 0.")
    page.get_by_role("button", name="A new edition").click()
    says(page, "Added: 2")
    says(page, "The index is up to date: 7 documents.")
    over(page)

    page.get_by_role("button", name="Add all 10 that are ready").click()
    says(page, "Added: 12")
    says(page, "The index is up to date: 17 documents.")
    page.get_by_role("button", name="Close this list").click()
    expect(page.get_by_text("What became of each file")).to_have_count(0, timeout=WAIT)

    opened(page, served.address + "library")
    expect(page.get_by_role("link", name="Interpreters")).to_be_visible()
    sidecar = read_sidecar(library.corpus / "notes-2.md")
    assert sidecar is not None
    assert sidecar.values == {"title": "Notes", "publisher": "Town Hall"}
    old = read_sidecar(library.corpus / "uptake-2025.md")
    assert old is not None
    assert old.values == {"status": "superseded-by: uptake"}
    events = Journal(library.root).events()
    assert {event.who for event in events} == {"Amina"}
    assert [event.action for event in events].count("add") == 12


def test_everything_can_be_done_by_keyboard(page: Page, served: Server) -> None:
    opened(page, served.address + "add")
    tab_to(page, "element => element.ariaLabel === 'Your name, for the history'")
    page.keyboard.press("Control+a")
    page.keyboard.type("Ben")
    tab_to(page, "element => element.closest('[data-testid=stFileUploader]')")
    page.locator("input[type=file]").set_input_files(files()[6:7])
    says(page, "1 file chosen.")
    settled(page)
    tab_to(page, "element => element.textContent === 'Read these files'")
    page.keyboard.press("Enter")
    says(page, "Ready to add: 1.")
    over(page)
    tab_to(page, "element => element.tagName === 'SUMMARY' && "
                 "element.textContent.includes('notes.md')")
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Beginning of notes.md")).to_be_visible(timeout=WAIT)
    settled(page)
    tab_to(page, "element => element.ariaLabel === 'Publisher'")
    page.keyboard.type("Town Hall")
    tab_to(page, "element => element.textContent === 'Add'")
    page.keyboard.press("Enter")
    says(page, "1 document added.")
    sidecar = read_sidecar(served.library.corpus / "notes-2.md")
    assert sidecar is not None
    assert sidecar.values == {"publisher": "Town Hall"}


@pytest.mark.parametrize("width", [1280, 400])
def test_axe_finds_nothing_serious_and_nothing_is_wider(
    page: Page, served: Server, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    opened(page, served.address + "add")
    assert grave(page) == []
    drop(page, files())
    says(page, "Ready to add: 11")
    over(page)
    unfold(page, "calls.pdf")
    unfold(page, "uptake.md")
    assert grave(page) == []
    assert fits(page, width)
    levels = page.evaluate(
        "() => [...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(h => +h.tagName[1])"
    )
    assert levels[0] == 1
    assert max(after - before for before, after in pairwise(levels)) <= 1


def test_progress_is_there_again_when_the_page_is_opened_anew(page: Page, served: Server) -> None:
    work = Work(served.library.root)
    work.folder.mkdir(parents=True)
    with FileLock(work.folder / "lock"):  # another job is at work
        opened(page, served.address + "add")
        drop(page, files()[6:7])
        says(page, "Reading the files: begins as soon as it can.", WAIT)
        assert grave(page) == []
        page.goto("about:blank")
        page.goto(served.address + "add")
        says(page, "Reading the files: begins as soon as it can.", WAIT)
    says(page, "Ready to add: 1.")
    expect(page.get_by_text("Work in progress")).to_have_count(0, timeout=WAIT)


def test_people_ask_while_files_are_read_and_indexed(page: Page, served: Server) -> None:
    opened(page, served.address + "add")
    drop(page, files())
    says(page, "Files given on")
    opened(page, served.address + "?q=Do+reminder+letters+raise+uptake")
    expect(page.locator(".st-key-finding-1")).to_be_visible(timeout=WAIT)
    opened(page, served.address + "add")
    says(page, "Ready to add: 11")
