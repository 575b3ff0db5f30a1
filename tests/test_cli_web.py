"""`retriever fetch` as people type it, and what they are shown."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result
from conftest import MakeLibrary
from web_services import Reply, Server, client, serving

from retriever.cli import cli
from retriever.cli_web import outcomes, shown, stands
from retriever.connectors import fetch_all, held, look_all

ON = "[web]\nenabled = true\n"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


def run(make_library: MakeLibrary, *arguments: str, settings: str = ON) -> Result:
    root = make_library({"a.md": "# A\n\nText.\n"}, settings=settings, index=False).root
    return CliRunner().invoke(cli, ["--library", str(root), "fetch", *arguments])


def test_off_by_default_with_the_line_that_switches_it_on(make_library: MakeLibrary) -> None:
    result = run(make_library, "nice:NG12", settings="")
    assert result.exit_code == 1
    assert "`enabled = true` under `[web]` into retriever.toml" in result.stderr


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('enabled = "yes"', "web.enabled must be true or false, not 'yes'"),
        ("seconds_between = 0.1", "web.seconds_between must lie between 1.0 and"),
        ("allow_private = true", "unknown setting 'web.allow_private'"),
    ],
)
def test_a_wrong_setting_is_named(make_library: MakeLibrary, line: str, said: str) -> None:
    library = make_library({"a.md": "# A\n\nText.\n"}, index=False)
    (library.root / "retriever.toml").write_text(f"[web]\n{line}\n")
    result = CliRunner().invoke(cli, ["--library", str(library.root), "fetch", "nice:NG12"])
    assert result.exit_code == 1
    assert said in result.stderr


@pytest.mark.parametrize("arguments", [[], ["--status", "nice:NG12"]])
def test_one_thing_or_the_other(make_library: MakeLibrary, arguments: list[str]) -> None:
    assert run(make_library, *arguments).exit_code == 2


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("http://127.0.0.1:9/", "not on the public web"),
        ("http://169.254.169.254/latest", "not on the public web"),
        ("NG12", "nothing that can be fetched"),
        ("nice:letters", "is not the number of a NICE guidance"),
    ],
)
def test_what_cannot_be_had_fails_and_says_why(
    make_library: MakeLibrary, wanted: str, said: str
) -> None:
    result = run(make_library, wanted)
    assert result.exit_code == 1
    assert "failed: " in result.stdout
    assert said in result.stdout
    (line,) = json.loads(run(make_library, wanted, "--format", "json").stdout)
    assert (line["wanted"], line["outcome"]) == (wanted, "failed")
    assert said in line["says"]


def test_a_library_without_addresses(make_library: MakeLibrary) -> None:
    result = run(make_library, "--status")
    assert (result.exit_code, result.stdout) == (0, "No document of the library has an address.\n")
    assert json.loads(run(make_library, "--status", "--format", "json").stdout) == []


def test_what_people_are_shown(
    make_library: MakeLibrary, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    root = make_library({"a.md": "# A\n\nText.\n"}, index=False).root
    server.routes["/a"] = Reply("# Letters\n\nLetters \x1b[31mraised uptake.\n" * 9)
    wanted = [f"{server.url}/a", f"{server.url}/b"]
    first, second = shown(outcomes(fetch_all(client(), root, wanted, known=server.known())), "text")
    printed = capsys.readouterr().out.splitlines()
    assert printed[:2] == ["a", f"  {server.url}/a"]
    assert printed[2].startswith("  fetched: It lies in keeping/incoming/a-")
    assert printed[-1].startswith(f"  failed: {server.url}/b is not there (404).")
    assert first["record"]["sha256"]
    assert "record" not in second


def test_how_it_stands_is_shown(
    make_library: MakeLibrary, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {"a.md": "# A\n\nText.\n", "a.toml": f'title = "A"\nurl = "{server.url}/a"\n'}
    root = make_library(files, index=False).root
    looked = look_all(client(), held(root, server.known()), server.known())
    (line,) = shown(stands(looked), "text")
    assert line["outcome"] == "gone"
    assert capsys.readouterr().out.splitlines()[:3] == ["A", "  a.md", f"  {server.url}/a"]
