"""The librarians' commands, run as people run them, on small libraries without a real model."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
import rispy
from click.testing import CliRunner, Result
from conftest import MakeLibrary

from retriever import Library
from retriever.cli import cli
from retriever.loaders.sidecar import read_sidecar

LETTERS = """title = "Reminder letters and bowel screening uptake: a randomised trial"
year = 2018
"""
FILES = Path(__file__).parent / "ris"


@pytest.fixture
def root(make_library: MakeLibrary) -> Path:
    files = {
        "letters.md": "# Letters\n\nReminder letters raised uptake.\n",
        "letters.toml": LETTERS,
        "ng28.md": "# Type 2 diabetes in adults: management\n\nOffer structured education.\n",
        "empty.txt": "",
    }
    return make_library(files).root


def run(root: Path, *arguments: str) -> Result:
    result = CliRunner().invoke(cli, ["--library", str(root), *arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def ok(root: Path, *arguments: str) -> str:
    result = run(root, *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def data(root: Path, *arguments: str) -> Any:
    return json.loads(ok(root, *arguments, "--format", "json"))


def stated(root: Path, name: str) -> dict[str, Any]:
    sidecar = read_sidecar(root / "corpus" / name)
    return dict(sidecar.values) if sidecar else {}


class TestImportRis:
    def test_a_dry_run_tells_and_changes_nothing(self, root: Path) -> None:
        before = stated(root, "letters.md")
        printed = ok(root, "import-ris", str(FILES / "zotero.ris"), "--dry-run")
        assert printed.startswith("Documents that would change (nothing was changed): 2.")
        assert "Núñez-García, María José; O’Brien, Siân; Østergård, Åse" in printed
        kept = printed.partition("Kept, because a sidecar states another value")[2]
        assert kept.splitlines()[3].split() == ["letters", "title", "year", "2018", "2019"]
        assert stated(root, "letters.md") == before
        assert not (root / "keeping" / "history.jsonl").exists()

    def test_metadata_are_set_and_shown_at_once(self, root: Path) -> None:
        by = ("--why", "from Zotero", "--who", "Ann Other")
        result = run(root, "import-ris", str(FILES / "zotero.ris"), *by)
        assert result.stdout.startswith("Documents changed: 2.")
        assert "`retriever index`" in result.stderr
        entries = {entry.document_id: entry.metadata for entry in Library.open(root).entries()}
        assert entries["letters"].authors[0] == "Núñez-García, María José"
        assert entries["letters"].year == 2018
        assert entries["ng28"].guidance_id == "NG28"
        assert "title" not in entries["ng28"].inferred
        history = (root / "keeping" / "history.jsonl").read_text("utf-8")
        assert history.count("from Zotero") == history.count('"Ann Other"') == 2
        again = ok(root, "import-ris", str(FILES / "zotero.ris"))
        assert again.startswith("Documents changed: 0. ")

    def test_overwrite(self, root: Path) -> None:
        ok(root, "import-ris", str(FILES / "zotero.ris"), "--overwrite")
        assert stated(root, "letters.md")["year"] == 2019

    def test_a_file_beside_the_references_is_added_when_asked(
        self, root: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "visits.md").write_text("# Visits\n\nVisits were few.\n")
        source = tmp_path / "refs.ris"
        source.write_text("TY  - RPRT\nTI  - Home visits\nPY  - 2020\nL1  - visits.md\nER  - \n")
        assert "--add-files adds them." in ok(root, "import-ris", str(source))
        assert not (root / "corpus" / "visits.md").exists()
        assert "Files added: 1." in ok(root, "import-ris", str(source), "--add-files")
        assert stated(root, "visits.md") == {"title": "Home visits", "year": 2020}

    def test_what_cannot_be_used_is_listed_and_the_exit_status_is_1(self, root: Path) -> None:
        result = run(root, "import-ris", str(FILES / "awkward.ris"), "--format", "json")
        assert result.exit_code == 1
        found = json.loads(result.stdout)
        assert [left["title"] for left in found["left"]] == [
            "Spaces are missing, and the end as well",
            "A record whose particulars are wrong",
            "UK - wide programmes",
        ]
        assert found["faults"][1]["place"] == "awkward.ris, record 2"
        assert found["dry_run"] is False

    def test_a_guessed_encoding_is_said(self, root: Path) -> None:
        assert "Windows-1252" in run(root, "import-ris", str(FILES / "latin.ris")).stderr

    def test_a_file_that_is_not_there(self, root: Path) -> None:
        result = run(root, "import-ris", "nowhere.ris")
        assert result.exit_code == 1
        assert result.stderr.startswith("Error: nowhere.ris cannot be read")


class TestImportMetadata:
    def test_a_table_edited_after_an_export(self, root: Path, tmp_path: Path) -> None:
        table = tmp_path / "table.csv"
        ok(root, "export", "--format", "csv", "--output", str(table))
        assert ok(root, "import-metadata", str(table), "--dry-run").startswith(
            "Documents that would change (nothing was changed): 0."
        )
        table.write_text(table.read_text("utf-8").replace(",2018,", ",2017,"), encoding="utf-8")
        assert "2017" in ok(root, "import-metadata", str(table), "--dry-run")
        assert stated(root, "letters.md")["year"] == 2018
        ok(root, "import-metadata", str(table))
        assert stated(root, "letters.md") == {
            "title": "Reminder letters and bowel screening uptake: a randomised trial",
            "year": 2017,
        }
        assert stated(root, "ng28.md") == {}

    def test_wrong_cells_are_listed_and_the_others_set(self, root: Path, tmp_path: Path) -> None:
        table = tmp_path / "table.csv"
        table.write_text("document;year;populations.other\nletters;soon;carers; parents\n")
        result = run(root, "import-metadata", str(table))
        assert result.exit_code == 1
        assert "table.csv, row 2, column year" in result.stdout
        assert stated(root, "letters.md")["other_groups"] == ("carers",)


class TestExport:
    def test_ris_opens_in_a_parser_and_comes_back_the_same(
        self, root: Path, tmp_path: Path
    ) -> None:
        ok(root, "import-ris", str(FILES / "zotero.ris"))
        target = tmp_path / "out.ris"
        ok(root, "export", "--format", "ris", "--output", str(target))
        read = {record["id"]: record for record in rispy.load(target, encoding="utf-8")}
        assert read["letters"]["authors"] == [
            "Núñez-García, María José", "O’Brien, Siân", "Østergård, Åse"
        ]  # fmt: skip
        before = {name: stated(root, name) for name in ("letters.md", "ng28.md")}
        ok(root, "import-ris", str(target), "--overwrite")
        assert {name: stated(root, name) for name in before} == before

    def test_csv_has_a_row_for_every_file(self, root: Path) -> None:
        text = ok(root, "export", "--format", "csv")
        assert text.startswith("\ufeff")
        rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
        assert [row["path"] for row in rows] == ["empty.txt", "letters.md", "ng28.md"]
        assert rows[2]["inferred"] == "title"

    def test_json_is_what_documents_prints(self, root: Path) -> None:
        assert data(root, "export") == data(root, "documents")

    def test_only_what_the_filters_let_through(self, root: Path) -> None:
        rows = data(root, "export", "--document", "ng28")
        assert [row["document_id"] for row in rows] == ["ng28"]
        assert [row["path"] for row in data(root, "export", "--from-year", "2018")] == [
            "letters.md"
        ]
        result = run(root, "export", "--document", "ng82")
        assert result.exit_code == 1
        assert "ng28" in result.stderr

    def test_nothing_is_written_over(self, root: Path, tmp_path: Path) -> None:
        (tmp_path / "out.csv").write_text("mine")
        result = run(root, "export", "--format", "csv", "--output", str(tmp_path / "out.csv"))
        assert result.exit_code == 1
        assert "is there already" in result.stderr
        assert (tmp_path / "out.csv").read_text() == "mine"
