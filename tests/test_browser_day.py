"""A librarian's day in a real Chromium: sixty files in one drop, and all that follows from it."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from sixty_files import sixty, told
from test_browser import WAIT, chromium, opened, page, settled
from test_browser_add import drop, over, says, served, unfold
from test_browser_evaluators import Server
from test_browser_keep import done

from retriever.journal import Journal
from retriever.work import Work

__all__ = ["chromium", "page", "served"]  # fixtures, shared with the other browser tests

pytestmark = pytest.mark.browser

FAILED = {
    "broken.pdf", "empty.md", "picture.png", "locked for the ward.pdf", "report.doc",
    "stored elsewhere.pdf", "blank.pdf", "cut off.pdf", "map.html", "slides.pptx", "photograph.jpg",
}  # fmt: skip
NO_DOCUMENTS = {
    "policy copy.md", "calls (1).pdf", ".DS_Store", "empty.zip", "more.zip", "policy 2024.toml",
    "deal report.toml", "sources.xlsx",
}  # fmt: skip
OF_THE_ZIP = {"Leeds/interpreters.md", "Leeds/2024/creches.md"}
HELD = {"letters.pdf", "policy.md", "old.md", "notes.html", "locked.pdf", "uptake-2025.md"}
IN_PLACE_OF = {"notes.md": "notes-2.md"}  # its id is that of notes.html
PURGED = "gardens.html"
WORDS_OF_PURGED = "Forty people dug a garden together"


def test_a_librarians_day(page: Page, served: Server) -> None:
    library = served.library
    given = sixty()
    assert len(given) == 60
    opened(page, served.address + "add")
    page.get_by_label("Your name, for the history").fill("Amina")
    page.keyboard.press("Enter")
    settled(page)

    # Sixty files in one drop: each has its outcome, and why.
    drop(page, [
        {"name": name, "mimeType": "application/octet-stream", "buffer": content}
        for name, content in given.items()
    ])
    says(page, "Ready to add: 41; Like another document: decide: 2; Held already: 2; Could not be "
               "read: 11; Not taken in: 3.")
    over(page)
    outcomes = page.get_by_role("table").first
    for name in FAILED:
        expect(row_of(outcomes, name)).to_contain_text("Could not be read")
    for name, of in (("policy copy.md", "policy.md"), ("calls (1).pdf", "calls.pdf")):
        said = f"The same file, byte for byte, as {of}."
        expect(row_of(outcomes, name)).to_contain_text(said)

    # Metadata are confirmed: what a person has seen counts as stated, the rest stays inferred.
    unfold(page, "calls.pdf")
    form = page.locator("[data-testid=stForm]", has=page.get_by_role("button", name="Leave out"))
    form.get_by_label("Publisher").fill("Town Hall")
    form.get_by_label("Title: I have checked it").check(force=True)
    form.get_by_label("Why it is added, for the history").fill("for the screening team")
    form.get_by_role("button", name="Add", exact=True).click()
    says(page, "The index is up to date: 6 documents.")
    over(page)

    # A new edition: the old one is marked, and stays.
    unfold(page, "uptake.md")
    page.get_by_role("button", name="A new edition").click()
    says(page, "The index is up to date: 7 documents.")
    over(page)
    # The same guidance number, and yet another document.
    unfold(page, "policy 2024.md")
    page.get_by_role("button", name="A different document").click()
    says(page, "The index is up to date: 8 documents.")
    over(page)

    page.get_by_role("button", name="Add all 40 that are ready").click()
    says(page, "The index is up to date: 48 documents. 1 could not be read")
    over(page)
    page.get_by_role("button", name="Close this list").click()
    expect(page.get_by_text("What became of each file")).to_have_count(0, timeout=WAIT)

    # What was added is found, with its page and whom it is about.
    opened(page, served.address + "?q=Did+people+in+Filey+come+to+breathing+lessons%3F")
    card = page.locator(".st-key-finding-1")
    expect(card).to_contain_text(told(5).split(". ")[0], timeout=WAIT)
    opened(page, served.address + "?q=How+many+in+Ashby+sent+their+kit+back%3F")
    says(page, "Replaced by")

    # A removal that was a mistake is undone.
    remove(page, served, "walks.html", "too short")
    opened(page, served.address + "?q=Who+led+walks+along+the+canal%3F")
    expect(page.get_by_test_id("stMain")).not_to_contain_text("volunteers on Sundays")
    opened(page, served.address + "history?document=walks.html&action=remove")
    page.get_by_role("button", name="Undo change").click()
    done(page, "Undid change")
    opened(page, served.address + "?q=Who+led+walks+along+the+canal%3F")
    says(page, "volunteers on Sundays")

    # Another is removed and deleted for good.
    remove(page, served, PURGED, "not ours to keep")
    opened(page, served.address + "library")
    page.get_by_text("1 document, to be brought back").click()
    settled(page)
    page.get_by_role("button", name="Delete it for good…").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing brings it back", timeout=WAIT)
    settled(page)
    page.get_by_role("button", name="Yes, delete it for good").click()
    done(page, f"Deleted {PURGED} for good")
    work = Work(library.root)
    for job in work.unfinished():
        work.follow(job.id, lambda _: None)

    # The library holds exactly what it should ...
    added = {IN_PLACE_OF.get(name, name) for name in given.keys() - FAILED - NO_DOCUMENTS}
    added |= OF_THE_ZIP
    held = {
        path.relative_to(library.corpus).as_posix()
        for path in library.corpus.rglob("*")
        if path.is_file() and path.suffix != ".toml"
    }
    assert held == (HELD | added) - {PURGED}
    entries = {entry.path: entry for entry in library.entries()}
    assert entries.keys() == held
    assert {path for path in held if entries[path].outcome == "failed"} == {"locked.pdf"}
    calls = entries["calls.pdf"].metadata
    assert (calls.title, calls.publisher) == ("Calls in the evening", "Town Hall")
    assert "title" not in calls.inferred
    assert entries["alnwick report.pdf"].metadata.publisher == "Alnwick Town Council"
    assert entries["deal report.md"].metadata.publisher == "Conseil de Santé"
    assert entries["policy 2024.md"].metadata.guidance_id == "NG999"
    assert entries["uptake-2025.md"].metadata.status == "superseded-by: uptake"
    assert entries["policy.md"].metadata.status == "unknown"
    for path in library.root.rglob("*"):
        if path.is_file():
            content = path.read_bytes().lower()
            assert WORDS_OF_PURGED.lower().encode() not in content, path

    # ... and the history tells it all.
    opened(page, served.address + "history")
    with page.expect_download() as download:
        page.get_by_role("button", name="These changes (CSV)").click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text("utf-8-sig"))))
    events = Journal(library.root).events()
    assert len(rows) == len(events) == len(added) + 5
    assert {row["who"] for row in rows} == {"Amina"}
    told_of = [(event.action, event.documents, event.why) for event in events]
    assert {of for action, (of, *_), _ in told_of if action == "add"} == added
    assert ("add", ("calls.pdf",), "for the screening team") in told_of
    assert [one[:2] for one in told_of if one[0] == "supersede"] == [
        ("supersede", ("uptake-2025.md",))
    ]
    assert told_of[-4:] == [
        ("remove", ("walks.html",), "too short"),
        ("undo", ("walks.html",), ""),
        ("remove", (PURGED,), "not ours to keep"),
        ("purge", (PURGED,), ""),
    ]


def row_of(table: Locator, name: str) -> Locator:
    return table.get_by_role("row").filter(
        has=table.page.get_by_role("rowheader", name=name, exact=True)
    )


def remove(page: Page, served: Server, path: str, why: str) -> None:
    opened(page, f"{served.address}document?file={path}")
    field = page.get_by_label("Why (for the history)").last
    field.fill(why)
    field.press("Tab")
    settled(page)
    page.get_by_role("button", name="Remove…").click()
    expect(page.get_by_role("alert")).to_contain_text("Are you sure?", timeout=WAIT)
    settled(page)
    page.get_by_role("button", name="Yes, remove it").click()
    done(page, f"Removed {path}")
