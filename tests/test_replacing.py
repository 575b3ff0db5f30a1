"""Another file in the place of a document's own: from Python, the command line and the page."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import MakeLibrary
from mixed_files import docx, pdf
from small_library import FILES, build
from test_cli import ok, refused
from test_ui_add import waited
from test_ui_keep import press, stated
from test_ui_pages import DOCUMENT_PAGE, at_page, opened, shown

from retriever import Library
from retriever.desk import Desk
from retriever.errors import DeskError
from retriever.intake import Given
from retriever.replacing import replace

BETTER = b"# Screening policy\n\nEvery practice should telephone people in Ashby.\n"


@pytest.fixture
def library(make_library: MakeLibrary) -> Library:
    calls = "# Calls\n\nCalls to households did not raise uptake.\n"
    policy = {name: FILES[f"corpus/{name}"] for name in ("policy.md", "policy.toml")}
    return make_library({**policy, "calls.md": calls})


def put(library: Library, name: str, content: bytes, path: str = "policy") -> None:
    replace(Desk(library.root, "Ann"), path, Given(name, content), library.settings.reading, "why")


def held(library: Library, path: str = "policy.md") -> bytes:
    return (library.corpus / path).read_bytes()


def test_the_new_file_is_found_the_record_stays_and_undoing_brings_the_old_one_back(
    library: Library,
) -> None:
    before, record = held(library), library.document("policy").metadata
    put(library, "from the publisher.md", BETTER)
    library.index()
    assert "telephone people in Ashby" in library.document("policy").text
    assert library.document("policy").metadata == record
    (event,) = Desk(library.root).journal.events()
    assert (event.action, event.who, event.why) == ("replace", "Ann", "why")
    Desk(library.root).undo(event.id)
    assert held(library) == before


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.md", b"", r"empty\.md cannot take its place, as it cannot be read: empty"),
        ("scan.png", b"\x89PNG rest", "a picture that is damaged"),
        ("policy.pdf", pdf("A better print of the policy on screening."), "is a PDF and policy.md"),
        ("policy.docx", docx("Policy", "On screening."), "add it as a document of its own"),
        ("calls 2.md", b"# Calls\n\nCalls to households did not raise uptake.\n", "as calls.md"),
        ("policy.md", FILES["corpus/policy.md"].encode(), r"as policy\.md: the two files are the"),
    ],
)
def test_what_cannot_take_its_place_is_refused_with_what_to_do(
    library: Library, name: str, content: bytes, message: str
) -> None:
    before = held(library)
    with pytest.raises(DeskError, match=message):
        put(library, name, content)
    assert held(library) == before
    assert Desk(library.root).journal.events() == []
    kept = [path for path in (library.root / "keeping").rglob("*") if path.is_file()]
    assert not [path for path in kept if path.name == name]


def test_a_file_in_the_place_of_one_that_could_not_be_read_may_be_of_any_kind(
    library: Library,
) -> None:
    (library.corpus / "locked.pdf").write_bytes(b"GIF8 rest")
    put(library, "read.md", BETTER, "locked.pdf")
    assert held(library, "locked.pdf") == BETTER


def test_from_the_command_line(library: Library, tmp_path: Path) -> None:
    better = tmp_path / "better.md"
    better.write_bytes(BETTER)
    by = ("--why", "it was garbled", "--who", "Ann")
    said = ok(library.root, "replace", "policy", str(better), *by)
    assert "Replaced the file policy.md. (Change 000001)" in said
    assert "Run `retriever index`: policy.md (its file is another one by now)" in said
    assert held(library) == BETTER
    nowhere = refused(library.root, "replace", "policy", str(tmp_path / "nowhere.md"))
    assert "nowhere.md cannot be opened" in nowhere
    assert "no document 'polcy'" in refused(library.root, "replace", "polcy", str(better))


def test_on_the_page_the_index_is_brought_up_to_date_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = build(tmp_path / "library")
    app = at_page(opened(library.root, monkeypatch), DOCUMENT_PAGE, file="policy.md")
    press(app, "replace")
    assert "Choose the new file first" in shown(app)
    app.file_uploader(key="new-file-0").set_value(("empty.md", b"", "text/markdown"))
    press(app, "replace")
    assert "empty.md cannot take its place, as it cannot be read" in shown(app)
    app.file_uploader(key="new-file-0").set_value(("better.md", BETTER, "text/markdown"))
    app.text_input(key="why-replace").set_value("it was garbled")
    press(app, "replace")
    said = shown(app)
    assert "Done: Replaced the file policy.md (change 1)." in said
    assert "The index is being brought up to date" in said
    assert Desk(library.root).journal.events()[0].why == "it was garbled"
    waited(library)
    assert "telephone people in Ashby" in library.document("policy").text
    assert stated(library, "policy.md")["guidance_id"] == "NG999"
    library.close()
