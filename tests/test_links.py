"""Where the addresses of documents lead: looked at on demand, told by the checks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import MakeLibrary
from test_cli import data, ok, refused
from test_ui_add import waited
from test_ui_keep import CHECK_PAGE, press
from test_ui_pages import at_page, opened, shown
from web_services import Reply, Server, client, serving

from retriever import Library
from retriever.desk import Desk
from retriever.links import look, looks
from retriever.purging import purge
from retriever.schema import Check, Progress

ON = "[web]\nenabled = true\n"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


def with_addresses(make_library: MakeLibrary, server: Server, settings: str = ON) -> Library:
    files = {}
    for name in ("here", "gone", "moved"):
        files[f"{name}.md"] = f"# {name}\n\nLetters raised uptake in {name}.\n"
        files[f"{name}.toml"] = f'title = "{name}"\nurl = "{server.url}/{name}"\n'
    server.routes["/here"] = server.routes["/new"] = Reply("# here\n\nLetters raised uptake.\n")
    server.routes["/moved"] = Reply(status=301, headers={"Location": f"{server.url}/new"})
    return make_library({**files, "none.md": "# none\n\nNo address.\n"}, settings)


def checks(library: Library) -> dict[str, Check]:
    return {check.name: check for check in library.check() if check.name.startswith("link")}


def test_what_was_found_is_told_with_its_day_and_its_remedy(
    make_library: MakeLibrary, server: Server
) -> None:
    library = with_addresses(make_library, server)
    assert "Nobody looked" in checks(library)["links"].message
    assert server.asked == []
    look(library.root, client(), known=server.known())
    found = checks(library)
    assert set(found) == {"links", "link_gone", "link_moved"}
    (gone,) = found["link_gone"].concerns
    assert gone.path == "gone.md"
    assert "is not there (404)" in gone.what
    assert f"Looked at on {looks(library.root)['gone.md'].at}." in gone.what
    assert "retriever edit DOCUMENT url=" in found["link_gone"].remedy
    assert f"{server.url}/new" in found["link_moved"].concerns[0].what
    assert "Of 3 documents the address was looked at" in found["links"].message


def test_looking_the_library_over_asks_nobody_and_is_silent_where_the_web_is_off(
    make_library: MakeLibrary, server: Server
) -> None:
    library = with_addresses(make_library, server, settings="")
    look(library.root, client(), known=server.known())
    asked = len(server.asked)
    assert checks(library) == {}
    assert len(server.asked) == asked


def test_a_corrected_link_is_no_longer_told(make_library: MakeLibrary, server: Server) -> None:
    library = with_addresses(make_library, server)
    look(library.root, client(), known=server.known())
    Desk(library.root).edit("gone.md", {"url": f"{server.url}/here"})
    assert "link_gone" not in checks(library)


def test_a_look_that_was_stopped_goes_on(make_library: MakeLibrary, server: Server) -> None:
    library = with_addresses(make_library, server)

    def stop(progress: Progress) -> None:
        if progress.done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        look(library.root, client(), stop, server.known())
    assert set(looks(library.root)) == {"gone.md"}
    order: list[str] = []
    look(library.root, client(), lambda p: order.append(p.item), server.known())
    assert order[:3] == ["here.md", "moved.md", "gone.md"]
    assert set(looks(library.root)) == {"gone.md", "here.md", "moved.md"}


def test_a_purged_document_leaves_no_address(make_library: MakeLibrary, server: Server) -> None:
    library = with_addresses(make_library, server)
    look(library.root, client(), known=server.known())
    Desk(library.root).remove("gone.md")
    purge(Desk(library.root), "gone.md")
    assert "/gone" not in (library.root / "keeping/links.json").read_text()


@pytest.mark.parametrize("text", ["", "{", "[1]", '[{"path": "a.md"}]'])
def test_a_damaged_file_is_as_if_nobody_had_looked(
    make_library: MakeLibrary, server: Server, text: str
) -> None:
    library = with_addresses(make_library, server)
    place = library.root / "keeping/links.json"
    place.parent.mkdir()
    place.write_text(text)
    assert "Nobody looked" in checks(library)["links"].message


def test_from_the_command_line(make_library: MakeLibrary) -> None:
    files = {"a.md": "# A\n\nText.\n", "a.toml": 'title = "A"\nurl = "http://127.0.0.1:9/"\n'}
    library = make_library(files)
    assert "`enabled = true` under `[web]`" in refused(library.root, "check", "--links")
    settings = library.root / "retriever.toml"
    settings.write_text(settings.read_text() + ON)
    found = {check["name"]: check for check in data(library.root, "check", "--links")}
    assert "not on the public web" in found["link_failed"]["concerns"][0]["what"]
    assert json.loads((library.root / "keeping/links.json").read_text())[0]["state"] == "failed"
    assert "could not be looked at" in ok(library.root, "check")


def test_on_the_page_a_button_looks_and_another_brings_the_index_up_to_date(
    make_library: MakeLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"a.md": "# A\n\nText.\n", "a.toml": 'title = "A"\nurl = "http://127.0.0.1:9/"\n'}
    library = make_library(files, ON)
    app = at_page(opened(library.root, monkeypatch), CHECK_PAGE)
    assert not [button for button in app.button if button.key == "index"]
    press(app, "links")
    assert "It is being looked where the addresses" in shown(app)
    waited(library)
    assert "not on the public web" in shown(app.run())
    (library.corpus / "b.md").write_text("# B\n\nText of another.\n")
    app.run()
    press(app, "index")
    assert "The index is being brought up to date" in shown(app)
    waited(library)
    assert not [button for button in app.run().button if button.key == "index"]
