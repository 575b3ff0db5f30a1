"""The evaluators' pages in a real Chromium: keyboard alone, a crash, a phone, axe."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from small_library import QUESTION, QUOTED, build
from test_browser import (
    ROOT,
    WAIT,
    chromium,
    opened,
    page,
    settled,
    tab_to,
    wait_until_healthy,
)

from retriever import Library
from retriever.evaluation import evaluate
from retriever.evaluation_files import KEPT, keep, read_inputs
from retriever.judgements import Question
from retriever.judging import give, pool, read_log

__all__ = ["chromium", "page"]  # fixtures, shared with the other browser tests

pytestmark = pytest.mark.browser

ASKED = Question("q1", QUESTION)


class Server:
    """The page of one library, which can be killed and started again at the same address."""

    def __init__(self, library: Library, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("localhost", 0))
            self.port = free.getsockname()[1]
        self.library = library
        self.log = folder / "log.txt"
        self.address = f"http://localhost:{self.port}/"

    def start(self) -> None:
        command = [
            sys.executable,
            "-m",
            "streamlit",
            "run",
            str(ROOT / "streamlit_app.py"),
            "--server.headless",
            "true",
            "--server.port",
            str(self.port),
        ]
        with self.log.open("ab") as stream:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                stdout=stream,
                stderr=subprocess.STDOUT,
                env=os.environ | {"RETRIEVER_LIBRARY": str(self.library.root)},
            )
        wait_until_healthy(self.process, self.address + "_stcore/health", self.log)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@contextmanager
def serving(library: Library, folder: Path) -> Iterator[Server]:
    server = Server(library, folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()


def judged_library(root: Path) -> Library:
    library = build(root)
    folder = library.corpus / "evaluation"
    folder.mkdir()
    questions = [{"id": "q1", "text": QUESTION}, {"id": "q2", "text": "letters screening kit"}]
    judgements = [
        {"question_id": "q1", "document_id": "letters", "quote": QUOTED, "grade": 3},
        {"question_id": "q2", "document_id": "policy", "grade": 2},
    ]
    for name, rows in (("questions", questions), ("judgements", judgements)):
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(lines)
    return library


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A library with grades by two judges and one kept evaluation."""
    library = judged_library(tmp_path_factory.mktemp("served") / "library")
    for judge, grades in (("amina", [3, 0]), ("ben", [1, 0])):
        for passage, grade in zip(pool(library, ASKED), grades, strict=False):
            give(library.root, judge, ASKED, passage, grade)
    found = evaluate(library, *read_inputs(library.root), ["hybrid", "lexical"], answers=True)
    keep(found, library.root / KEPT)
    with serving(library, tmp_path_factory.mktemp("log")) as server:
        yield server


def kept(server: Server) -> str:
    return next((server.library.root / KEPT).glob("*.json")).stem


def every_page(server: Server) -> dict[str, str]:
    run = kept(server)
    return {
        "judge, choosing": "judge",
        "judge, a bad name": "judge?judge=..&question=q1",
        "judge, grading": "judge?judge=amina&question=q1",
        "judge, first passage": "judge?judge=cem&question=q1",
        "evaluate, choosing": "evaluate",
        "evaluate, result": f"evaluate?run={run}",
        "evaluate, question": f"evaluate?run={run}&open=q1",
        "evaluate, nothing kept": "evaluate?run=nothing",
    }


def says(page: Page, text: str) -> None:
    expect(page.locator(".state")).to_contain_text(text, timeout=WAIT)
    settled(page)
    # Streamlit draws its buttons, and attaches their keys, after the page says that it has run.
    expect(page.get_by_role("button", name="Take back the last grade")).to_be_visible(timeout=WAIT)
    settled(page)


def test_a_whole_question_is_judged_by_keyboard_and_outlives_a_killed_server(
    page: Page, tmp_path: Path
) -> None:
    library = judged_library(tmp_path / "library")
    passages = pool(library, ASKED)
    with serving(library, tmp_path) as server:
        opened(page, server.address + "judge")
        tab_to(page, "element => element.ariaLabel?.startsWith('Your name')")
        page.keyboard.type("amina")
        tab_to(page, "element => element.ariaLabel?.startsWith('Question')")
        page.keyboard.type("Do reminder")
        page.keyboard.press("Enter")
        tab_to(page, "element => element.textContent === 'Start judging'")
        page.keyboard.press("Enter")
        says(page, f"amina: 0 of {len(passages)} passages graded.")
        grades = [number % 4 for number in range(len(passages))]
        half = len(passages) // 2
        for number, grade in enumerate(grades[:half], start=1):
            page.keyboard.press(str(grade))
            says(page, f"{number} of {len(passages)} passages graded. Your last grade: {grade},")
        page.keyboard.press("u")
        says(page, f"{half - 1} of")
        page.keyboard.press(str(grades[half - 1]))
        says(page, f"{half} of")
        server.kill()
        kept_grades = [j.grade for j in read_log(library.root, "amina").judgements]
        assert kept_grades == grades[:half]
        server.start()
        page.reload()
        says(page, f"amina: {half} of {len(passages)} passages graded.")
        for number, grade in enumerate(grades[half:], start=half + 1):
            page.keyboard.press(str(grade))
            says(page, f"{number} of")
        expect(page.get_by_text("All passages of this question are graded")).to_be_visible()
        log = read_log(library.root, "amina")
        assert [j.quote for j in log.judgements] == [p.text for p in passages]
        assert [j.grade for j in log.judgements] == grades
        tab_to(page, "element => element.textContent.startsWith('Next question')")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="letters screening kit")).to_be_visible()


def test_a_key_held_down_grades_one_passage(page: Page, served: Server) -> None:
    opened(page, served.address + "judge?judge=dev&question=q1")
    says(page, "0 of")
    for _ in range(20):
        page.keyboard.down("1")  # from the second on Chromium calls it a repeat
    page.keyboard.up("1")
    says(page, "1 of")
    page.keyboard.press("2")
    says(page, "2 of")
    assert [j.grade for j in read_log(served.library.root, "dev").judgements] == [1, 2]


def test_letters_typed_into_a_field_grade_nothing(page: Page, served: Server) -> None:
    opened(page, served.address + "judge")
    page.get_by_label("Your name").fill("s0123u")
    page.get_by_label("Your name").press("Enter")
    expect(page.get_by_text("The question is empty")).to_be_visible(timeout=WAIT)


def test_systems_are_evaluated_and_a_question_opened_by_keyboard(
    page: Page, served: Server
) -> None:
    opened(page, served.address + "evaluate")
    tab_to(page, "element => element.textContent === 'Evaluate' && element.tagName === 'BUTTON'")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Result")).to_be_visible(timeout=2 * WAIT)
    settled(page)
    assert "run=" in page.url
    expect(page.get_by_test_id("stVegaLiteChart")).to_be_visible()
    tab_to(page, f"element => element.textContent === {QUESTION!r}")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Judged 3, answers directly").first).to_be_visible(timeout=WAIT)
    expect(page.locator(".ranking")).to_have_count(2)


def test_a_finding_is_marked_useful_by_keyboard(page: Page, served: Server) -> None:
    opened(page, served.address + "?q=" + QUESTION.replace(" ", "+"))
    tab_to(page, "element => element.textContent === 'Useful'")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Noted as useful")).to_be_visible(timeout=WAIT)


@pytest.mark.parametrize("width", [1280, 400])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_page(
    page: Page, served: Server, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    for name, path in every_page(served).items():
        opened(page, served.address + path)
        found = [
            (violation["id"], [node["html"][:200] for node in violation["nodes"]])
            for violation in Axe().run(page).response["violations"]
        ]
        assert not found, f"{name}: {found}"
        wide = page.evaluate(
            f"() => [...document.querySelectorAll('body *')]"
            f"  .filter(e => e.getBoundingClientRect().right > {width + 1})"
            "  .map(e => e.outerHTML.slice(0, 200))"
        )
        assert not wide, f"{name}: {wide[:3]}"
