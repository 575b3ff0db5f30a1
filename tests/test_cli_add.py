"""`retriever add` and `retriever work`, as they are typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from conftest import MakeLibrary
from mixed_files import mixed, report

from retriever import Library, collections
from retriever.cli import cli
from retriever.journal import Journal
from retriever.loaders.sidecar import read_sidecar
from retriever.work import OVER, Work

HELD = {"uptake.md": report().decode()}


@pytest.fixture
def library(make_library: MakeLibrary) -> Library:
    return make_library(HELD)


def written(tmp_path: Path, files: dict[str, bytes]) -> Path:
    folder = tmp_path / "given"
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def run(library: Library, *arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["--library", str(library.root), *map(str, arguments)])


def held(library: Library) -> list[str]:
    files = (path for path in library.corpus.rglob("*") if path.is_file())
    return sorted(path.relative_to(library.corpus).as_posix() for path in files)


def row(result: Result, name: str) -> str:
    return next(line for line in result.stdout.splitlines() if line.startswith(name))


def test_a_dry_run_shows_what_would_be_added_and_adds_nothing(
    library: Library, tmp_path: Path
) -> None:
    folder = written(tmp_path, mixed() | {"uptake 2.md": report("second", 2)})
    result = run(library, "add", folder, "--dry-run")
    assert result.exit_code == 0, result.output
    assert "ready" in row(result, "calls.pdf")
    assert "Calls in the evening" in row(result, "calls.pdf")
    assert "uptake.md" in row(result, "uptake 2.md")
    assert "Empty (0 bytes)".lower() in row(result, "empty.md")
    assert "leads out of the zip" in row(result, "more.zip: ../outside.md")
    assert held(library) == ["uptake.md"]
    assert not list((library.root / "keeping/incoming").glob("*/batch.json"))


def test_without_yes_and_without_anybody_to_ask_nothing_is_added(
    library: Library, tmp_path: Path
) -> None:
    result = run(library, "add", written(tmp_path, {"a.md": b"# A\n\nText.\n"}))
    assert "Nothing was added. Add --yes" in result.stderr
    assert held(library) == ["uptake.md"]


def test_yes_adds_what_is_ready_and_brings_the_index_up_to_date(
    library: Library, tmp_path: Path
) -> None:
    files = {
        "town/a.md": b"# A\n\nText.\n",
        "town/a.toml": b'publisher = "Town Hall"\n',
        "empty.md": b"",
        "uptake 2.md": report("second", 2),
    }
    by = ("--why", "asked for", "--who", "Ann")
    result = run(library, "add", written(tmp_path, files), "--yes", *by)
    assert result.exit_code == 0, result.output
    assert "1 like a document that is held" in result.stderr
    assert "Added 1 of 3." in result.stderr
    assert held(library) == ["town/a.md", "town/a.md.toml", "uptake.md"]
    sidecar = read_sidecar(library.corpus / "town/a.md")
    assert sidecar is not None
    assert sidecar.values == {"publisher": "Town Hall"}
    assert {entry.path for entry in library.entries()} == {"town/a.md", "uptake.md"}
    made = [(event.why, event.who) for event in Journal(library.root).events()]
    assert made == [("asked for", "Ann")]
    assert [job.who for job in Work(library.root).jobs()] == ["Ann"]


def test_metadata_in_a_table_is_stated(library: Library, tmp_path: Path) -> None:
    file = written(tmp_path, {"a.md": b"# A\n\nText.\n"}) / "a.md"
    table = tmp_path / "records.tsv"
    table.write_text("path\tpublisher\na.md\tTown Hall\n")
    result = run(library, "add", file, "--metadata", table, "--yes", "--no-index")
    assert result.exit_code == 0, result.output
    sidecar = read_sidecar(library.corpus / "a.md")
    assert sidecar is not None
    assert sidecar.values == {"publisher": "Town Hall"}
    table.write_text("name,publisher\na.md,Town Hall\n")
    result = run(library, "add", file, "--metadata", table)
    assert result.exit_code == 1
    assert "no column 'path'" in result.stderr


def test_what_is_added_is_put_into_a_collection(library: Library, tmp_path: Path) -> None:
    file = written(tmp_path, {"a.md": b"# A\n\nText.\n"}) / "a.md"
    refused = run(library, "add", file, "--yes", "--collection", "Ashby")
    assert refused.exit_code == 1
    assert held(library) == ["uptake.md"]
    collections.Shelves(library.root).make("Ashby")
    result = run(library, "add", file, "--yes", "--no-index", "--collection", "Ashby")
    assert result.exit_code == 0, result.output
    assert collections.find(library.root, "Ashby").documents == ("a.md",)


def test_files_or_what_was_fetched_is_to_be_named(library: Library, tmp_path: Path) -> None:
    assert run(library, "add").exit_code == 2
    assert run(library, "add", "--fetched", tmp_path).exit_code == 2
    assert "Nothing that was fetched waits" in run(library, "add", "--fetched").stderr


def test_different_adds_also_what_is_like_a_document(library: Library, tmp_path: Path) -> None:
    folder = written(tmp_path, {"uptake 2.md": report("second", 2)})
    result = run(library, "add", folder, "--yes", "--different", "--no-index")
    assert result.exit_code == 0, result.output
    assert held(library) == ["uptake 2.md", "uptake.md"]
    assert Work(library.root).jobs() == []


@pytest.mark.parametrize("named", ["uptake", "uptake.md"])
def test_a_new_edition_supersedes_the_document_that_is_named(
    library: Library, tmp_path: Path, named: str
) -> None:
    file = written(tmp_path, {"2026.md": report("second", 2)}) / "2026.md"
    result = run(library, "add", file, "--yes", "--no-index", "--as-edition-of", named)
    assert result.exit_code == 0, result.output
    old = read_sidecar(library.corpus / "uptake.md")
    assert old is not None
    assert old.values == {"status": "superseded-by: 2026"}


def test_an_edition_of_nothing_is_refused(library: Library, tmp_path: Path) -> None:
    file = written(tmp_path, {"2026.md": report()}) / "2026.md"
    result = run(library, "add", file, "--yes", "--as-edition-of", "uptakes")
    assert result.exit_code == 1
    assert "Did you mean uptake?" in result.stderr


def test_several_files_are_no_new_edition(library: Library, tmp_path: Path) -> None:
    folder = written(tmp_path, {"a.md": b"# A\n\nText.\n", "b.md": b"# B\n\nOther.\n"})
    result = run(library, "add", folder, "--yes", "--as-edition-of", "uptake")
    assert result.exit_code == 2
    assert "is for one file" in result.stderr
    assert held(library) == ["uptake.md"]


def test_what_is_not_there_is_told(library: Library, tmp_path: Path) -> None:
    result = run(library, "add", tmp_path / "gone.pdf", "--yes")
    assert "cannot be opened (No such file or directory)" in row(result, "gone.pdf")


def test_work_is_shown_stopped_and_let_go_on(library: Library) -> None:
    assert "no long work" in run(library, "work").stdout
    work = Work(library.root)
    job = work.start("index", "Ann")
    assert work.follow(job.id, lambda _: None).state in OVER
    told = json.loads(run(library, "work", "--format", "json").stdout)
    assert [(one["id"], one["what"], one["state"]) for one in told] == [("0001", "index", "done")]
    assert "The index is up to date" in run(library, "work", "--stop").stdout
    assert "done" in row(run(library, "work", "--resume"), "0001")
