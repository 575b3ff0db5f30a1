"""The scripts that start, test and check; and that every package they install is pinned.

The scripts run in a copy of their own with a stand-in for Python that writes down what it is
asked to do, so nothing is installed.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

PROJECT = Path(__file__).resolve().parents[1]
Finished = subprocess.CompletedProcess[str]
SCRIPTS = ("scripts/run", "scripts/test", "scripts/check", ".ci/run")

# Answers `-c` and `-` as the real Python; makes a copy of itself for `-m venv DIR`; writes down
# every other `-m`. FAILING names a module whose run fails.
STAND_IN = f"""#!/usr/bin/env bash
case "$1 $2" in
    "-m venv")
        mkdir -p "${{@: -1}}/bin"
        cp "$0" "${{@: -1}}/bin/python"
        ;;
    -m\\ * | "-P -m")
        echo "$*" >> "$CALLS"
        [[ "$*" != *"${{FAILING:-no such module}}"* ]]
        ;;
    *) exec "{sys.executable}" "$@" ;;
esac
"""
OLD = '#!/usr/bin/env bash\n[[ "$1" == --version ]] && echo "Python 3.9.2"\nexit 1\n'


class Checkout:
    """A copy of the project's scripts in a folder with a space in its name."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "my project"
        self.calls_file = folder / "calls"
        self.port = free_port()
        shutil.copytree(PROJECT / "scripts", self.root / "scripts")
        for name in ("pyproject.toml", "constraints.txt"):
            shutil.copy(PROJECT / name, self.root / name)
        self.programs = folder / "programs"
        self.programs.mkdir()
        self.python(STAND_IN)

    def python(self, text: str) -> None:
        """What `python3` is, in this copy's search path."""
        path = self.programs / "python3"
        path.write_text(text)
        path.chmod(0o755)

    def run(self, script: str, *arguments: str, **environment: str) -> Finished:
        plain = {"PATH": f"{self.programs}:/usr/bin:/bin", "CALLS": str(self.calls_file)}
        return subprocess.run(
            [str(self.root / "scripts" / script), *arguments],
            cwd="/",
            env=plain | environment,
            capture_output=True,
            text=True,
        )

    def start(self, *arguments: str, **environment: str) -> Finished:
        return self.run("run", "--port", str(self.port), *arguments, **environment)

    def calls(self) -> list[str]:
        """What Python was asked to run since the last time."""
        lines = self.calls_file.read_text().splitlines() if self.calls_file.exists() else []
        self.calls_file.unlink(missing_ok=True)
        return lines


def free_port() -> int:
    with socket.create_server(("localhost", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_can_be_run(name: str) -> None:
    assert os.access(PROJECT / name, os.X_OK)
    subprocess.run(["bash", "-n", PROJECT / name], check=True)


class TestRun:
    def test_first_start_installs_indexes_and_serves(self, checkout: Checkout) -> None:
        first = checkout.start()
        assert first.returncode == 0, first.stderr
        install, index, serve = checkout.calls()
        assert install.startswith("-m pip install")
        assert "--constraint constraints.txt --editable ." in install
        assert index == "-P -m retriever.cli index"
        assert serve.startswith("-m streamlit run streamlit_app.py --server.address localhost ")
        assert f"--server.port {checkout.port} " in serve
        assert "--browser.gatherUsageStats false" in serve
        assert f"http://localhost:{checkout.port}" in first.stdout

    def test_second_start_installs_nothing(self, checkout: Checkout) -> None:
        checkout.start()
        checkout.calls()
        assert checkout.start().returncode == 0
        assert [call.split()[:3] for call in checkout.calls()] == [
            ["-P", "-m", "retriever.cli"],
            ["-m", "streamlit", "run"],
        ]

    def test_text_recognition_is_installed_where_it_is_asked_for(self, checkout: Checkout) -> None:
        checkout.start()
        checkout.calls()
        checkout.start("--ocr")
        assert checkout.calls()[0].endswith("--editable .[ocr]")
        for again in ((), ("--ocr",)):
            checkout.start(*again)
            assert "pip" not in "".join(checkout.calls())

    @pytest.mark.parametrize("changed", ["pyproject.toml", "constraints.txt"])
    def test_changed_requirements_are_installed(self, checkout: Checkout, changed: str) -> None:
        checkout.start()
        checkout.calls()
        with (checkout.root / changed).open("a") as file:
            file.write("\n# changed\n")
        checkout.start()
        assert checkout.calls()[0].startswith("-m pip install")

    def test_an_install_that_failed_is_tried_again(self, checkout: Checkout) -> None:
        failed = checkout.start(FAILING="pip install")
        assert failed.returncode == 1
        assert "could not be installed" in failed.stderr
        assert len(checkout.calls()) == 1
        assert checkout.start().returncode == 0
        assert checkout.calls()[0].startswith("-m pip install")

    def test_the_page_is_not_served_when_indexing_failed(self, checkout: Checkout) -> None:
        assert checkout.start(FAILING="retriever.cli").returncode == 1
        assert "streamlit" not in "".join(checkout.calls())

    def test_a_port_in_use_is_said_before_anything_long_is_done(self, checkout: Checkout) -> None:
        with socket.create_server(("localhost", checkout.port)):
            refused = checkout.start()
        assert refused.returncode == 1
        assert f"Port {checkout.port} cannot be used" in refused.stderr
        assert "scripts/run --port" in refused.stderr
        assert "retriever.cli" not in "".join(checkout.calls())

    def test_a_python_too_old_is_refused_in_plain_words(self, checkout: Checkout) -> None:
        checkout.python(OLD)
        for name in ("python3.11", "python3.12", "python3.13"):
            shutil.copy(checkout.programs / "python3", checkout.programs / name)
        refused = checkout.start()
        assert refused.returncode == 1
        assert "Python 3.11, 3.12 or 3.13 is needed, and Python 3.9.2 was found" in refused.stderr
        assert not (checkout.root / ".venv").exists()

    def test_another_python_can_be_named(self, checkout: Checkout) -> None:
        shutil.move(checkout.programs / "python3", checkout.programs / "my python")
        checkout.python(OLD)
        started = checkout.start(PYTHON=str(checkout.programs / "my python"))
        assert started.returncode == 0, started.stderr

    @pytest.mark.parametrize(
        "arguments", [["--port"], ["--port", "web"], ["--library", "/nowhere"], ["--colour"]]
    )
    def test_what_is_not_understood_is_refused(
        self, checkout: Checkout, arguments: list[str]
    ) -> None:
        refused = checkout.run("run", *arguments)
        assert refused.returncode == 2
        assert "Error: " in refused.stderr
        assert checkout.calls() == []

    def test_help(self, checkout: Checkout) -> None:
        shown = checkout.run("run", "--help")
        assert shown.returncode == 0
        assert "Example: scripts/run" in shown.stdout
        assert checkout.calls() == []


class TestTestAndCheck:
    def test_arguments_reach_pytest(self, checkout: Checkout) -> None:
        assert checkout.run("test", "tests/test_x.py", "-k", "two words").returncode == 0
        install, tests = checkout.calls()
        assert install.endswith("--editable .[dev]")
        assert tests.startswith("-m pytest ")
        assert tests.endswith("tests/test_x.py -k two words")

    def test_the_developers_environment_serves_the_page_too(self, checkout: Checkout) -> None:
        checkout.run("test")
        checkout.calls()
        checkout.start()
        assert "pip" not in "".join(checkout.calls())

    def test_the_environment_of_the_page_lacks_what_tests_need(self, checkout: Checkout) -> None:
        checkout.start()
        checkout.calls()
        checkout.run("test")
        assert checkout.calls()[0].endswith("--editable .[dev]")

    @pytest.mark.parametrize("tool", ["pip", "ruff", "mypy"])
    def test_a_tool_that_finds_fault_fails_the_check(self, checkout: Checkout, tool: str) -> None:
        assert checkout.run("check").returncode == 0
        assert checkout.run("check", FAILING=f"-m {tool}").returncode == 1

    def test_failing_tests_fail_the_script(self, checkout: Checkout) -> None:
        assert checkout.run("test", FAILING="-m pytest").returncode == 1


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins() -> dict[str, str]:
    lines = (PROJECT / "constraints.txt").read_text("utf-8").splitlines()
    stated = (line.partition(";")[0].strip() for line in lines if line[:1] not in ("", "#"))
    return {canonical(name): version for name, version in (line.split("==") for line in stated)}


def required(name: str, extra: str, seen: set[str]) -> Iterator[str]:
    """Everything that the installed distribution needs, as far as it is installed."""
    for text in metadata.requires(name) or []:
        requirement = Requirement(text)
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        needed = canonical(requirement.name)
        if needed not in seen:
            seen.add(needed)
            yield needed
            yield from required(needed, "", seen)
        for inner in requirement.extras:
            yield from required(needed, inner, seen)


def test_every_package_is_pinned_to_what_is_installed() -> None:
    pinned = pins()
    needed = set(required("evidence-retriever", "dev", set())) - {"evidence-retriever"}
    assert len(needed) > 50
    assert sorted(needed - set(pinned)) == []
    installed = {name: metadata.version(name).partition("+")[0] for name in needed}
    assert installed == {name: pinned[name] for name in needed}
