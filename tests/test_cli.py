"""The command line, run as people and programs run it, on small libraries without a real model."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from conftest import MakeLibrary
from small_library import QUESTION, QUOTED, build

from retriever import Library, output
from retriever.answer import to_json
from retriever.cli import cli
from retriever.config import Settings
from retriever.schema import Filters, Hit, Passage, Progress, to_dict


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An indexed library that no test changes."""
    root = tmp_path_factory.mktemp("library")
    build(root)
    return root


@pytest.fixture
def folder(make_library: MakeLibrary) -> Path:
    """A library of one document, not indexed yet, to be changed at will."""
    text = "# Walking groups\n\nLed walks raised older people's activity.\n"
    return make_library({"walking.md": text}, index=False).root


def write(root: Path, name: str, text: str) -> Path:
    path = root / "corpus" / name
    path.write_text(text, encoding="utf-8")
    return path


def run(root: Path, *arguments: str, stdin: str | None = None) -> Result:
    """Run a command; an exception that is not ours would be a traceback for a person."""
    result = CliRunner().invoke(cli, ["--library", str(root), *arguments], input=stdin)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def ok(root: Path, *arguments: str, stdin: str | None = None) -> str:
    result = run(root, *arguments, stdin=stdin)
    assert result.exit_code == 0, result.stderr
    return result.stdout


def data(root: Path, *arguments: str) -> Any:
    return json.loads(ok(root, *arguments, "--format", "json"))


def refused(root: Path, *arguments: str, status: int = 1) -> str:
    """The one line that is printed when something is wrong."""
    result = run(root, *arguments)
    assert (result.exit_code, result.stdout) == (status, "")
    message = result.stderr.strip().splitlines()
    if status == 1:
        assert len(message) == 1
    assert message[-1].startswith("Error: ")
    return message[-1]


class TestIndex:
    def test_each_file_has_an_outcome(self, folder: Path) -> None:
        write(folder, "empty.txt", "")
        report = data(folder, "index")
        rows = {row["path"]: row for row in report["documents"]}
        assert {"path", "document_id", "outcome", "reason", "pages", "passages"} == set(
            rows["walking.md"]
        )
        assert rows["walking.md"]["outcome"] == "added"
        assert rows["walking.md"]["passages"] == report["passages"] == 1
        assert rows["empty.txt"]["outcome"] == "failed"
        assert "empty" in rows["empty.txt"]["reason"]
        assert report["index"] == Library.open(folder).index_id

    def test_only_what_changed_is_said_to_have_changed(self, folder: Path) -> None:
        def outcomes() -> dict[str, str]:
            return {row["path"]: row["outcome"] for row in data(folder, "index")["documents"]}

        path = write(folder, "gyms.md", "Free gym passes were little used.\n")
        assert outcomes() == {"gyms.md": "added", "walking.md": "added"}
        assert outcomes() == {"gyms.md": "unchanged", "walking.md": "unchanged"}
        path.write_text("Free gym passes were used by few.\n")
        assert outcomes() == {"gyms.md": "updated", "walking.md": "unchanged"}
        path.unlink()
        assert outcomes() == {"gyms.md": "removed", "walking.md": "unchanged"}

    def test_the_table_ends_with_the_failed_files(self, folder: Path) -> None:
        write(folder, "empty.txt", "")
        table, counts, failed = ok(folder, "index").strip().split("\n\n")
        assert "walking.md" in table
        assert "empty.txt" not in table
        assert counts.startswith("2 files: 1 added, 1 failed. 1 passages.")
        assert failed.splitlines()[0] == "1 could not be read:"
        assert "empty.txt" in failed.splitlines()[-1]
        assert "empty (0 bytes)" in failed.splitlines()[-1]

    def test_progress_goes_to_standard_error(self, folder: Path) -> None:
        result = run(folder, "index", "--format", "json")
        json.loads(result.stdout)
        assert "reading: 0 of 1" in result.stderr
        assert "\r" not in result.stderr

    def test_failed_files_are_read_again_when_asked(self, folder: Path) -> None:
        write(folder, "empty.txt", "")
        ok(folder, "index")
        assert data(folder, "index", "--retry-failed")["documents"][0]["outcome"] == "failed"

    def test_a_library_without_documents(self, tmp_path: Path) -> None:
        (tmp_path / "retriever.toml").write_text('[embedder]\nmodel = "hashing"\n')
        assert "0 files. 0 passages." in ok(tmp_path, "index")
        assert "Nothing in the library fits" in ok(tmp_path, "search", "walking")

    @pytest.mark.parametrize(
        "name",
        [
            "two words.md",
            "-leading dash.md",
            "--help.md",
            "Jämförelse 比較 🩺.md",
            "n" * 247 + ".md",
            os.fsdecode(b"latin-\xe9.md"),
            "line\nbreak \x1b[31mred.md",
        ],
    )
    def test_any_file_name_will_do(self, folder: Path, name: str) -> None:
        write(folder, name, "Cycle lanes raised cycling to work.\n")
        rows = {row["path"]: row for row in data(folder, "index")["documents"]}
        assert rows[name]["outcome"] == "added"
        document = rows[name]["document_id"]
        assert data(folder, "search", "cycle lanes")[0]["document_id"] == document
        assert "Cycle lanes" in ok(folder, "show", "--", document)
        assert "\x1b" not in ok(folder, "documents") + ok(folder, "index")


class TestSearch:
    def test_json_rows(self, library: Path) -> None:
        rows = data(library, "search", QUESTION, "-k", "3")
        assert [row["rank"] for row in rows] == [1, 2, 3]
        assert list(rows[0]) == [
            "rank",
            "passage_id",
            "document_id",
            "title",
            "pages",
            "score",
            "lexical_rank",
            "vector_rank",
            "text",
            "scanned",
        ]
        letters = next(row for row in rows if row["document_id"] == "letters")
        assert letters["pages"][0] == 1
        assert QUOTED in letters["text"]

    def test_modes(self, library: Path) -> None:
        lexical = data(library, "search", QUESTION, "--mode", "lexical")
        vector = data(library, "search", QUESTION, "--mode", "vector")
        assert {row["vector_rank"] for row in lexical} == {None}
        assert {row["lexical_rank"] for row in vector} == {None}
        assert [row["lexical_rank"] for row in lexical] == [row["rank"] for row in lexical]

    def test_a_run_file_for_evaluation_tools(self, library: Path) -> None:
        printed = ok(library, "search", QUESTION, "--format", "trec", "--query-id", "q7")
        rows = [line.split(" ") for line in printed.splitlines()]
        found = data(library, "search", QUESTION)
        assert [row[2] for row in rows] == [hit["passage_id"] for hit in found]
        assert {(row[0], row[1], row[5]) for row in rows} == {("q7", "Q0", "retriever-evidence")}
        assert [row[3] for row in rows] == [str(n) for n in range(1, len(rows) + 1)]

    @pytest.mark.parametrize("scores", [[1.0, 1.0, 1.0], [0.5, 0.0, 0.0, -0.0], [2.0, 1.0, 1.0]])
    def test_scores_of_a_run_fall_strictly(self, scores: list[float]) -> None:
        passage = Passage("d:1", "d", 0, 1, "x")
        hits = [Hit(rank, passage, "", score) for rank, score in enumerate(scores, 1)]
        printed = [float(line.split()[4]) for line in output.run_lines(hits, "1", "tag")]
        assert all(above > below for above, below in pairwise(printed))
        assert printed == pytest.approx(scores)

    def test_table(self, library: Path) -> None:
        head, rule, first, *_ = ok(library, "search", QUESTION).splitlines()
        assert head.split() == ["rank", "score", "passage", "pages", "title", "text"]
        assert set(rule) == {"-", " "}
        assert first.startswith("1")

    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            (["--source-type", "policy-paper"], {"policy"}),
            (
                ["--source-type", "policy-paper", "--source-type", "nice-guidance"],
                {"policy", "old"},
            ),
            (["--publisher", "Guidance Board"], {"old"}),
            (["--from-year", "2019"], {"letters", "policy"}),
            (["--to-year", "2019"], {"letters", "old"}),
            (["--from-year", "2010", "--to-year", "2019"], {"letters"}),
            (["--document", "notes"], {"notes"}),
        ],
    )
    def test_filters(self, library: Path, options: list[str], expected: set[str]) -> None:
        rows = data(library, "search", QUESTION, "-k", "50", *options)
        assert {row["document_id"] for row in rows} == expected


class TestAsk:
    def test_text_quotes_and_cites(self, library: Path) -> None:
        text = ok(library, "ask", QUESTION, "--document", "letters")
        quote = data(library, "ask", QUESTION, "--document", "letters")["findings"][0]["quote"]
        assert f"1 “{quote}”" in " ".join(text.split())
        assert "Institute of Examples, 2019, Randomised trial, page 1, [letters]" in text
        assert "https://example.org/letters" in text
        assert "Searched 1 documents" in text

    def test_a_replaced_source_is_said_to_be_replaced(self, library: Path) -> None:
        text = ok(library, "ask", QUESTION, "--document", "old")
        assert "Status: Replaced by NG999: do not rely on this one" in text

    def test_warnings_stand_with_the_finding_and_once_for_all(self, library: Path) -> None:
        text = ok(library, "ask", QUESTION, "--document", "old")
        assert "What replaced it is in this library: [policy]" in text
        assert "Warning: Older than 10 years: from 2009" in text
        answer = data(library, "ask", QUESTION, "--document", "old")
        assert answer["findings"][0]["warnings"] == [
            "Replaced by NG999: do not rely on this one",
            "Older than 10 years: from 2009",
            "From another country than the UK: USA",
        ]
        assert "1 of the documents quoted is older than 10 years." in answer["warnings"]

    def test_each_kind_of_source_is_explained_once(self, library: Path) -> None:
        text = " ".join(ok(library, "ask", QUESTION).split())
        assert text.count("- Randomised trial: People, practices or places were put into") == 1
        assert text.count("It does not say how certain its findings are") == 1
        assert "Kinds of source" not in ok(library, "ask", "How do I reset my email password?")

    def test_unchecked_policy_is_never_shown_as_current(self, library: Path) -> None:
        text = ok(library, "ask", QUESTION, "--document", "policy")
        assert "Status: Not checked: look at the source" in text

    def test_json_is_what_python_gives(self, library: Path) -> None:
        printed = data(library, "ask", QUESTION)
        opened = to_json(Library.open(library).ask(QUESTION))
        printed["record"].pop("asked_at")
        opened["record"].pop("asked_at")
        assert printed == json.loads(json.dumps(opened))
        assert {
            "question",
            "understood",
            "outcome",
            "findings",
            "gaps",
            "warnings",
            "record",
        } <= set(printed)
        assert {
            "quote",
            "document_id",
            "title",
            "publisher",
            "year",
            "source_type",
            "pages",
            "start",
            "end",
            "match",
            "kind",
            "populations",
            "status",
            "url",
            "passage_id",
        } <= set(printed["findings"][0])

    def test_quotations_stand_in_the_document_word_for_word(self, library: Path) -> None:
        opened = Library.open(library)
        for finding in data(library, "ask", QUESTION)["findings"]:
            text = opened.document(finding["document_id"]).text
            assert text[finding["start"] : finding["end"]] == finding["quote"]

    def test_the_question_may_come_from_standard_input(self, library: Path) -> None:
        piped = CliRunner().invoke(
            cli, ["--library", str(library), "ask", "-", "--format", "json"], input=QUESTION + "\n"
        )
        assert json.loads(piped.stdout)["question"] == QUESTION

    def test_findings_per_document(self, library: Path) -> None:
        rows = data(library, "ask", QUESTION, "--per-document", "1")["findings"]
        documents = [row["document_id"] for row in rows]
        assert len(documents) == len(set(documents))

    def test_filters_reach_the_answer(self, library: Path) -> None:
        answer = data(library, "ask", QUESTION, "--publisher", "Guidance Board")
        assert {row["document_id"] for row in answer["findings"]} == {"old"}
        asked = Library.open(library).ask(QUESTION, Filters(publishers=("Guidance Board",)))
        assert len(asked.findings) == len(answer["findings"])

    def test_what_is_not_held_is_said_in_words(self, library: Path) -> None:
        question = "How do I reset my email password?"
        answer = data(library, "ask", question)
        assert (answer["outcome"], answer["findings"]) == ("not-held", [])
        said = Library.open(library).ask(question).message
        assert said
        assert " ".join(ok(library, "ask", question).split()).startswith(said)


class TestBadQuestions:
    @pytest.mark.parametrize("command", ["ask", "search"])
    @pytest.mark.parametrize(
        ("question", "told"),
        [("", "empty"), ("  \n ", "empty"), ("🩺🩺🩺", "no word"), ("x" * 10_000, "10,000")],
    )
    def test_refused_in_one_line(
        self, library: Path, command: str, question: str, told: str
    ) -> None:
        assert told in refused(library, command, "--", question)

    @pytest.mark.parametrize("command", ["ask", "search"])
    @pytest.mark.parametrize(
        "question",
        [
            '"bowel screening" AND (letters OR NOT "kit") -site:x field:y~2 [1 TO 3] * ? \\',
            "'; DROP TABLE documents; --",
            "<script>alert(1)</script> screening",
            "¿Qué aumenta la participación en el cribado?",
            "什么能提高筛查率?",
            "screening 🩺 letters",
            "screening\x00\x1b[31m letters",
            os.fsdecode(b"screening \xff letters"),
        ],
    )
    def test_taken_as_words(self, library: Path, command: str, question: str) -> None:
        assert "\x1b" not in ok(library, command, "--", question)


class TestDocuments:
    def test_every_file_is_listed(self, library: Path) -> None:
        entries = Library.open(library).entries()
        rows = data(library, "documents")
        assert rows == json.loads(json.dumps([to_dict(entry) for entry in entries]))
        assert {row["outcome"] for row in rows} == {"indexed", "failed"}

    def test_the_table_gives_a_failed_file_its_reason(self, library: Path) -> None:
        rows = data(library, "documents")
        reason = next(row["reason"] for row in rows if row["path"] == "locked.pdf")
        lines = ok(library, "documents").splitlines()
        assert len(lines) == len(rows) + 2
        failed = next(line for line in lines if line.startswith("locked.pdf"))
        assert failed.endswith(reason)

    def test_show_marks_what_was_inferred(self, library: Path, folder: Path) -> None:
        head = ok(library, "show", "letters").split("\n\n")[0]
        assert "publisher      Institute of Examples\n" in head
        assert "pages          2" in head
        ok(folder, "index")
        assert "title          Walking groups (inferred)\n" in ok(folder, "show", "walking")

    def test_show_one_page(self, library: Path) -> None:
        document = Library.open(library).document("letters")
        second = document.pages[1]
        shown = data(library, "show", "letters", "--page", "2")
        assert shown["text"] == document.text[second.start : second.end]
        assert shown["pages"] == [to_dict(second)]
        assert "below one pound" not in ok(library, "show", "letters", "--page", "2")

    def test_show_passages(self, library: Path) -> None:
        passages = Library.open(library).passages("notes")
        assert len(passages) > 1
        assert data(library, "show", "notes", "--passages")["passages"] == json.loads(
            json.dumps([to_dict(passage) for passage in passages])
        )
        place = " > ".join(Library.open(library).passages("policy")[0].section)
        assert f"[policy:0001, {place}]" in ok(library, "show", "policy", "--passages")

    def test_passages_of_one_page(self, library: Path) -> None:
        shown = data(library, "show", "letters", "--page", "2", "--passages")
        assert shown["passages"]
        assert all(item["pages"][1] >= 2 for item in shown["passages"])

    def test_an_unknown_document_names_the_nearest(self, library: Path) -> None:
        message = refused(library, "show", "leters")
        assert "no document 'leters'" in message
        assert "letters" in message.replace("leters", "")
        assert "`retriever documents`" in message

    def test_a_page_that_is_not_there(self, library: Path) -> None:
        message = refused(library, "show", "letters", "--page", "9", status=2)
        assert message == "Error: 'letters' has no page 9: it has pages 1 to 2."

    def test_a_page_of_a_document_without_pages(self, library: Path) -> None:
        message = refused(library, "show", "notes", "--page", "1", status=2)
        assert message == "Error: 'notes' has no pages: leave out --page."


class TestCheck:
    def test_all_is_well(self, folder: Path) -> None:
        record = "title = 'W'\npublisher = 'P'\nyear = 2024\nsource_type = 'policy-paper'\n"
        write(folder, "walking.toml", record)
        ok(folder, "index")
        assert {row["severity"] for row in data(folder, "check")} == {"ok"}
        assert "ok" in ok(folder, "check")

    def test_a_warning_comes_with_its_remedy(self, folder: Path) -> None:
        ok(folder, "index")
        write(folder, "new.md", "Something new.\n")
        text = ok(folder, "check")
        assert "warning" in text
        assert "new.md" in text
        assert "To mend it: retriever index" in text

    def test_an_error_is_exit_status_1(self, folder: Path) -> None:
        ok(folder, "index")
        for path in (folder / "index").rglob("*.npy"):
            path.unlink()
        result = run(folder, "check", "--format", "json")
        assert result.exit_code == 1
        errors = [row for row in json.loads(result.stdout) if row["severity"] == "error"]
        assert errors
        assert all(row["remedy"] for row in errors)


class TestSettings:
    def test_every_setting_with_its_origin(self, folder: Path) -> None:
        rows = {row["name"]: row for row in data(folder, "settings")}
        expected = {
            f"{table.name}.{key.name}"
            for table in dataclasses.fields(Settings)
            for key in dataclasses.fields(getattr(Settings(), table.name))
        }
        assert set(rows) == expected
        assert rows["embedder.model"] == {
            "name": "embedder.model",
            "value": "hashing",
            "default": Settings().embedder.model,
            "set_in": str(folder / "retriever.toml"),
        }
        assert rows["search.k1"]["set_in"] == "default"

    def test_table(self, folder: Path) -> None:
        lines = ok(folder, "settings").splitlines()
        assert lines[0].split() == ["setting", "value", "default", "set", "in"]
        assert any(line.split()[:2] == ["search.k1", str(Settings().search.k1)] for line in lines)

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("[serch]\nk1 = 1.0\n", "Did you mean 'search'?"),
            ("[search]\nfusoin = 'rrf'\n", "Did you mean 'search.fusion'?"),
            ("[search]\nfusion = 'best'\n", "must be one of weighted, rrf"),
            ("[search]\nk1 = 'high'\n", "search.k1 must be a number"),
            ("[search]\nk1 = 99.0\n", "between 0.0 and 10.0"),
            ("search = 1\n", "[search] must be a table"),
            ("[search\n", "is not valid TOML"),
        ],
    )
    @pytest.mark.parametrize("command", [["settings"], ["index"], ["ask", "walking"]])
    def test_a_wrong_settings_file_is_refused(
        self, folder: Path, text: str, told: str, command: list[str]
    ) -> None:
        (folder / "retriever.toml").write_text(text)
        message = refused(folder, *command)
        assert told in message
        assert str(folder / "retriever.toml") in message


class TestWrongSidecars:
    @pytest.mark.parametrize(
        ("sidecar", "told"),
        [
            ('titel = "Walks"\n', "Did you mean 'title'?"),
            ('year = "2019"\n', "year must be a year"),
            ('authors = "A. Author"\n', "authors must be a list of texts"),
            ('source_type = "randomized-trial"\n', "did you mean 'randomised-trial'?"),
            ("[populations]\nethnicity = []\n", "Did you mean 'populations.ethnic_groups'?"),
            ("title = \n", "not valid TOML"),
        ],
    )
    def test_the_document_waits_until_it_is_mended(
        self, folder: Path, sidecar: str, told: str
    ) -> None:
        write(folder, "walking.toml", sidecar)
        write(folder, "gyms.md", "Free gym passes were little used.\n")
        rows = {row["path"]: row for row in data(folder, "index")["documents"]}
        assert rows["gyms.md"]["outcome"] == "added"
        assert rows["walking.md"]["outcome"] == "failed"
        assert rows["walking.md"]["reason"].startswith("walking.toml")
        assert told in rows["walking.md"]["reason"]


class TestRefusals:
    @pytest.mark.parametrize(
        "command", [["search", "x"], ["ask", "x"], ["documents"], ["show", "x"]]
    )
    def test_without_an_index_the_mending_command_is_named(
        self, folder: Path, command: list[str]
    ) -> None:
        assert "retriever index" in refused(folder, *command)

    def test_no_such_library(self, tmp_path: Path) -> None:
        message = refused(tmp_path / "nowhere", "ask", "anything")
        assert str(tmp_path / "nowhere") in message
        assert "--library" in message

    @pytest.mark.parametrize(
        "arguments",
        [
            ["nonsense"],
            ["search"],
            ["search", "x", "--mode", "magic"],
            ["search", "x", "-k", "0"],
            ["search", "x", "--source-type", "blog"],
            ["search", "x", "--format", "xml"],
            ["ask", "x", "--format", "trec"],
            ["show", "x", "--page", "first"],
        ],
    )
    def test_a_command_not_understood_is_exit_status_2(
        self, library: Path, arguments: list[str]
    ) -> None:
        refused(library, *arguments, status=2)

    def test_an_index_of_another_model(self, folder: Path) -> None:
        ok(folder, "index")
        (folder / "retriever.toml").write_text(
            '[embedder]\nmodel = "hashing"\n[passages]\nmax_tokens = 64\n'
        )
        assert "retriever index" in refused(folder, "ask", "walking")


    def test_lost_texts_are_found_and_read_again(self, folder: Path) -> None:
        ok(folder, "index")
        (folder / "index" / "store.sqlite").unlink()
        assert "retriever index" in refused(folder, "show", "walking")
        assert run(folder, "check").exit_code == 1
        ok(folder, "index")
        assert "Led walks" in ok(folder, "show", "walking")
        assert "error" not in ok(folder, "check")


def python(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    """A command in a process of its own, as a shell starts it."""
    return subprocess.Popen(
        [sys.executable, "-m", "retriever.cli", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.PIPE,
        **{"text": True, **options},
    )


class TestProcess:
    def test_the_environment_names_the_library(self, library: Path) -> None:
        process = python("documents", env={**os.environ, "RETRIEVER_LIBRARY": str(library)})
        out, err = process.communicate()
        assert process.returncode == 0, err
        assert "letters" in out

    def test_an_error_is_one_line_and_no_traceback(self, folder: Path) -> None:
        process = python("--library", str(folder), "ask", "x")
        out, err = process.communicate()
        assert (process.returncode, out) == (1, "")
        assert err.startswith("Error: ")
        assert err.count("\n") == 1

    def test_a_reader_that_stops_early_gets_no_traceback(self, library: Path) -> None:
        with python("--library", str(library), "documents", "--format", "json") as process:
            assert process.stdout
            assert process.stderr
            process.stdout.close()
            assert process.stderr.read() == ""

    def test_a_terminal_that_cannot_print_a_letter(self, folder: Path) -> None:
        write(folder, "naïve.md", "Naïve trials of 比較.\n")
        ok(folder, "index")
        process = python(
            *("--library", str(folder), "show", "naïve"),
            env={**os.environ, "PYTHONIOENCODING": "iso-8859-1"},
            encoding="iso-8859-1",
        )
        out, err = process.communicate()
        assert process.returncode == 0, err
        assert "Naïve trials of \\u6bd4\\u8f03." in out

    def test_bytes_on_standard_input_that_are_no_text(self, library: Path) -> None:
        process = subprocess.run(
            [sys.executable, "-m", "retriever.cli", "--library", str(library), "search", "-"],
            input=b"screening \xff letters\n",
            capture_output=True,
        )
        assert process.returncode == 0, process.stderr
        assert b"letters" in process.stdout

    def test_ctrl_c_stops_with_a_plain_word(self, folder: Path) -> None:
        for number in range(400):
            write(folder, f"{number}.md", f"Document {number} tells of walking.\n" * 50)
        process = python("--library", str(folder), "index", start_new_session=True)
        assert process.stderr
        assert process.stderr.readline() == "reading: 0 of 401\n"
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all its processes
        out, err = process.communicate()
        assert (process.returncode, out) == (130, "")
        assert "Traceback" not in err
        assert err.endswith("Stopped.\n")


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class TestOutput:
    def test_a_bar_on_a_terminal(self) -> None:
        screen = _Terminal()
        show = output.progress_to(screen)
        for done in range(5):
            show(Progress("reading", done, 4, "a\x1b[2Jb.pdf"))
        lines = screen.getvalue().split("\r\x1b[K")[1:]
        assert lines[2].startswith("reading   [############............] 2/4 a\ufffd[2Jb.pdf")
        assert lines[-1].endswith("\n")
        assert "\x1b[2J" not in screen.getvalue()

    def test_a_few_lines_elsewhere(self) -> None:
        log = io.StringIO()
        show = output.progress_to(log)
        for done in range(1001):
            show(Progress("reading", done, 1000))
        show(Progress("writing", 0, 0))
        assert log.getvalue().splitlines() == [
            "reading: 0 of 1000",
            "reading: 250 of 1000",
            "reading: 500 of 1000",
            "reading: 750 of 1000",
            "reading: 1000 of 1000",
            "writing: 0 of 0",
        ]

    def test_columns_line_up(self) -> None:
        text = output.table(("a", "b"), [("比較", 1), ("e\u0301", None), ("plain", "x\ny")])
        assert text.splitlines() == [
            "a      b",
            "-----  ---",
            "比較   1",
            "e\u0301",
            "plain  x y",
        ]
