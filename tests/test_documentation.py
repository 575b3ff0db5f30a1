"""Whatever a person can type or set is documented; a failing test's name says what is not."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from retriever import config
from retriever.cli import cli
from retriever.errors import SidecarError
from retriever.loaders import LOADERS
from retriever.loaders.sidecar import read_sidecar
from retriever.schema import SOURCE_TYPES

PROJECT = Path(__file__).resolve().parents[1]
README = (PROJECT / "README.md").read_text("utf-8")
CODE = "\n".join(path.read_text("utf-8") for path in (PROJECT / "retriever").rglob("*.py"))


def command_line() -> Iterator[str]:
    """Each command's section of the README must name its options; here as 'command --option'."""
    for name, command in cli.commands.items():
        yield f"retriever {name}"
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                yield from parameter.opts
    yield from (option for parameter in cli.params for option in parameter.opts)


def sidecar_keys(folder: Path) -> list[str]:
    """The keys as the refusal of an unknown one lists them."""
    (folder / "x.toml").write_text("surely_unknown = 1\n")
    with pytest.raises(SidecarError) as refused:
        read_sidecar(folder / "x.md")
    return str(refused.value).partition("Known keys: ")[2].rstrip(".").split(", ")


@pytest.mark.parametrize("word", sorted({*command_line()}))
def test_commands_and_options(word: str) -> None:
    assert re.search(rf"{re.escape(word)}\b", README)


@pytest.mark.parametrize("setting", config.list_settings(Path("/nowhere")), ids=lambda s: s.name)
def test_settings_with_their_defaults(setting: config.Setting) -> None:
    default = setting.default
    written = str(default).lower() if isinstance(default, bool) else default  # as TOML has it
    assert f"| `{setting.name}` | `{written}` |" in README
    for choice in config.CHOICES.get(setting.name, ()):
        assert f"`{choice}`" in README


VARIABLES = sorted(set(re.findall("RETRIEVER_[A-Z]+", CODE)))


@pytest.mark.parametrize("word", [*LOADERS, *SOURCE_TYPES, *VARIABLES])
def test_media_types_kinds_of_source_and_environment(word: str) -> None:
    assert f"`{word}`" in README


def test_sidecar_keys(tmp_path: Path) -> None:
    keys = sidecar_keys(tmp_path)
    assert len(keys) > 10
    assert [key for key in keys if f"`{key}`" not in README] == []


@pytest.mark.parametrize("state", ["added", "updated", "unchanged", "removed", "failed"])
def test_outcomes(state: str) -> None:
    assert f"| `{state}` |" in README


def test_the_module_map_is_true() -> None:
    block = README.partition("## How it is built")[2].partition("```")[2].partition("```")[0]
    mapped = set(re.findall(r"[a-z_]+(?:\.py|/)", block))
    there = {path.name for path in (PROJECT / "retriever").glob("*.py")} - {"__init__.py"}
    folders = {f"{path.parent.name}/" for path in (PROJECT / "retriever").glob("*/__init__.py")}
    assert mapped & (there | folders) == there | folders
    assert mapped <= there | folders | {"data/", "retriever/", "index/", "corpus/"}


def examples() -> list[str]:
    """Commands as the README shows them."""
    return re.findall(r"^\$ retriever (.+)$", README, re.MULTILINE)


@pytest.mark.parametrize("line", examples())
def test_examples_are_commands_that_are_understood(line: str) -> None:
    first = re.split(r" [|>] ", line)[0]
    arguments = shlex.split(first)
    name = next(word for word in arguments if word in cli.commands)
    cli.commands[name].make_context(name, arguments[arguments.index(name) + 1 :])


def test_the_first_screen_shows_start_and_question() -> None:
    screen = "\n".join(README.splitlines()[:40])
    assert all(word in screen for word in ("scripts/run", "retriever index", "retriever ask"))


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_lead_somewhere(name: str) -> None:
    text = (PROJECT / name).read_text("utf-8")
    local = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
    assert [link for link in local if not (PROJECT / link).exists()] == []


def test_the_changelog_begins_with_what_is_not_released() -> None:
    headings = re.findall(r"^## (.+)$", (PROJECT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert headings[0] == "Unreleased"
