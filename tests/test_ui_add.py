"""The page Add documents without a browser: drop, look, confirm, add."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from mixed_files import mixed, report
from small_library import build
from streamlit.testing.v1 import AppTest

from retriever import Library
from retriever.incoming import Incoming
from retriever.intake import Given
from retriever.journal import Journal
from retriever.loaders.sidecar import read_sidecar
from retriever.waiting import Batch
from retriever.work import OVER, Work

ROOT = Path(__file__).resolve().parents[1]
PAGE = "retriever/ui/add.py"
NOTES = {"notes 2.md": b"# Notes on letters\n\nA reminder by text message costs two pence.\n"}


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return build(tmp_path_factory.mktemp("library"))


@pytest.fixture
def small(tmp_path: Path) -> Library:
    return build(tmp_path / "library")


def opened(library: Library, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("RETRIEVER_LIBRARY", str(library.root))
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    app.run().switch_page(PAGE)
    app.run()
    app.text_input(key="who_changes").set_value("Ann")
    return app.run()


def waited(library: Library) -> None:
    """Wait for the end of all long work."""
    work = Work(library.root)
    for job in work.jobs():
        assert work.follow(job.id, lambda _: None).state in OVER


def read(library: Library, files: dict[str, bytes], who: str = "Ann") -> Batch:
    incoming = Incoming(library.root, who)
    given = [Given(name, content) for name, content in files.items()]
    batch = incoming.take_in(given, library.settings.reading)
    return incoming.read(batch.id, library.settings.reading)


def shown(app: AppTest) -> str:
    assert not app.exception
    source = "\n".join(str(part.proto.body) for part in app.main.get("html"))
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", source)).split())


def press(app: AppTest, key: str) -> AppTest:
    next(button for button in app.button if button.key == key).click()
    return app.run()


def look_at(app: AppTest, batch: Batch, number: int) -> str:
    """Unfold one file; gives the beginning of its widgets' keys."""
    app.session_state[f"{batch.id}-{number}-open"] = True
    app.run()
    return f"{batch.id}-{number}-"


def test_begins_with_a_form_and_nothing_that_waits(
    unchanged: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = shown(opened(unchanged, monkeypatch))
    assert "Add documents" in said
    assert "What became of each file" not in said
    assert "Work in progress" not in said


def test_pressed_without_files_says_what_to_do(
    unchanged: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = press(opened(unchanged, monkeypatch), "read")
    assert "No files were chosen" in shown(app)


def test_dropped_files_are_read_and_each_has_its_outcome(
    small: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(small, monkeypatch)
    app.file_uploader(key="files-0").set_value(
        [(name, content, "application/octet-stream") for name, content in mixed().items()]
    )
    press(app, "read")
    waited(small)
    said = shown(app.run())
    assert "Ready to add: 12" in said
    assert "policy copy.md Held already The same file, byte for byte, as policy.md" in said
    assert "empty.md Could not be read Empty (0 bytes): fetch or export" in said
    assert "more.zip: ../outside.md Not taken in Its name leads out of the zip" in said
    assert "without text: pages 2, 3" in said
    assert "by Ann" in said


def test_files_that_were_taken_in_before_the_page_was_left_are_read_all_the_same(
    small: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = [Given(name, mixed()[name]) for name in ("notes.md", "plain.txt")]
    Incoming(small.root, "Ann").take_in(given, small.settings.reading)
    app = opened(small, monkeypatch)
    waited(small)
    assert "Ready to add: 2" in shown(app.run())


def test_a_file_is_looked_at_confirmed_and_added(
    small: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = read(small, NOTES)
    app = opened(small, monkeypatch)
    own = look_at(app, batch, 1)
    assert "A reminder by text message" in shown(app)
    title = app.text_input(key=f"{own}title")
    assert (title.value, title.label) == ("Notes on letters", "Title (inferred, not checked)")
    app.text_input(key=f"{own}publisher").set_value("Town Hall")
    app.text_input(key=f"{own}year").set_value("2021")
    app.text_area(key=f"{own}authors").set_value("Khan A\n\n Wójcik B ")
    app.text_input(key=f"{own}why").set_value("asked for")
    press(app, f"{own}add")
    assert "1 document added. The index is being brought up to date" in shown(app)
    sidecar = read_sidecar(small.corpus / "notes 2.md")
    assert sidecar is not None
    assert sidecar.values == {
        "publisher": "Town Hall", "year": 2021, "authors": ("Khan A", "Wójcik B")
    }
    (event,) = Journal(small.root).events()
    assert (event.who, event.why) == ("Ann", "asked for")
    waited(small)
    assert "notes 2.md" in {entry.path for entry in small.entries()}


def test_a_ticked_inferred_value_is_stated(small: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = read(small, NOTES)
    app = opened(small, monkeypatch)
    own = look_at(app, batch, 1)
    app.checkbox(key=f"{own}title-checked").check()
    press(app, f"{own}add")
    sidecar = read_sidecar(small.corpus / "notes 2.md")
    assert sidecar is not None
    assert sidecar.values == {"title": "Notes on letters"}
    waited(small)


def test_a_value_that_does_not_fit_is_said_and_what_was_typed_stays(
    small: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = read(small, NOTES)
    app = opened(small, monkeypatch)
    own = look_at(app, batch, 1)
    app.text_input(key=f"{own}year").set_value("last year")
    press(app, f"{own}add")
    assert "year must be a year between 1900" in shown(app)
    assert app.text_input(key=f"{own}year").value == "last year"
    assert not (small.corpus / "notes 2.md").exists()


def test_a_file_is_left_out_and_the_list_closed(
    small: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = read(small, NOTES)
    app = opened(small, monkeypatch)
    press(app, f"{look_at(app, batch, 1)}leave")
    assert "notes 2.md was left out." in shown(app)
    assert "Left out: 1" in shown(app)
    press(app, "close")
    assert "notes 2.md" not in shown(app)


def test_all_that_are_ready_are_added_as_they_are(
    small: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(small, mixed())
    app = press(opened(small, monkeypatch), "add-all")
    assert "12 documents added." in shown(app)
    assert not list(small.corpus.glob("Leeds/**/*.toml"))
    waited(small)
    paths = {entry.path for entry in small.entries() if entry.outcome == "indexed"}
    assert {"Leeds/2024/creches.md", "calls.pdf", "visits.docx", "gardens.html"} <= paths


@pytest.mark.parametrize("decision", ["same", "new-edition", "different"])
def test_what_is_like_a_document_is_shown_beside_it_and_decided(
    small: Library, monkeypatch: pytest.MonkeyPatch, decision: str
) -> None:
    (small.corpus / "uptake.md").write_bytes(report())
    small.index()
    batch = read(small, {"uptake 2.md": report("second", 2)})
    app = opened(small, monkeypatch)
    said = shown(app)
    assert re.search(r"Like another document: decide .* uptake\.md has \d\d% of this text", said)
    own = look_at(app, batch, 1)
    said = shown(app)
    assert "Uptake by place, second edition Uptake by place, first edition" in said
    assert "The second edition has new figures" in said
    press(app, f"{own}{decision}")
    assert (small.corpus / "uptake 2.md").exists() == (decision != "same")
    old = read_sidecar(small.corpus / "uptake.md")
    superseded = {"status": "superseded-by: uptake-2"}
    assert (old.values if old else None) == (superseded if decision == "new-edition" else None)
    waited(small)


def test_names_and_texts_are_shown_word_for_word(
    small: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "**bold** :smile: [a](b) $x$ <b>.md"
    batch = read(small, {name: b"# <script>alert(1)</script> *T*\n\nText.\n"})
    app = opened(small, monkeypatch)
    look_at(app, batch, 1)
    assert name in shown(app)
    assert "<script" not in "".join(str(part.proto.body) for part in app.main.get("html"))
    assert app.expander[0].label.startswith(r"\*\*bold\*\* \:smile\: \[a\]\(b\) \$x\$ \<b\>\.md")


def test_work_that_was_stopped_can_go_on(small: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    work = Work(small.root)
    (small.root / "retriever.toml").rename(small.root / "away.toml")
    (small.root / "retriever.toml").write_text("[nothing]\n")
    job = work.start("index", "Ann")
    waited(small)
    (small.root / "away.toml").replace(small.root / "retriever.toml")
    app = opened(small, monkeypatch)
    assert "Bringing the index up to date did not come to its end." in shown(app)
    press(app, f"resume-{job.id}")
    waited(small)
    assert "Work in progress" not in shown(app.run())


def test_two_librarians_do_not_add_the_same_file_twice(
    small: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = read(small, NOTES)
    app = opened(small, monkeypatch)
    own = look_at(app, batch, 1)
    Incoming(small.root, "Ben").accept(batch.id, 1)
    button = next(button for button in app.button if button.key == f"{own}add")
    button.click()
    app.run()
    said = shown(app)
    assert re.search(r"notes 2\.md Added As notes 2\.md\.", said)
    assert len(Journal(small.root).events()) == 1


def test_two_hundred_files_are_offered_in_parts(
    small: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {
        f"{n}.md": f"# Number {n}\n\nAll that is told of {n} is {n * 7} and {n * 11}.\n".encode()
        for n in range(200)
    }
    batch = read(small, files)
    assert len(batch.having("ready")) == 200
    app = opened(small, monkeypatch)
    assert "Showing 20 of 200 files." in shown(app)
    assert len(app.expander) == 20
    app.number_input(key="part").set_value(10)
    app.run()
    assert app.expander[0].label.startswith(r"180\.md")
