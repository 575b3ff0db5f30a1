import csv
import io
import json
from html.parser import HTMLParser

import pytest
from click.testing import CliRunner

from retriever.cli import cli

QUESTIONS = [
    {"id": "q1", "text": "Do letters raise screening uptake?", "kind": "uptake", "half": "report"},
    {"id": "q2", "text": "Do vouchers <help> smokers?", "half": "develop"},
    {"id": "q3", "text": "Volcanoes of Iceland", "answerable": False, "missing": "far"},
]
LETTERS = "Letters raised screening uptake by four points."
JUDGEMENTS = [
    {"question_id": "q1", "document_id": "letters", "grade": 3, "quote": LETTERS},
    {"question_id": "q2", "document_id": "vouchers", "grade": 2},
    {"question_id": "q2", "document_id": "vouchers", "grade": 2, "quote": "This was taken out."},
]
DOCUMENTS = {
    "letters.md": "# Letters\n\nLetters raised screening uptake by four points.\n",
    "vouchers.md": "# Vouchers\n\nVouchers helped smokers to stop in poorer towns.\n",
    "garden.md": "# Garden\n\nThe allotments were dug over in the spring of that year.\n",
}
BRIEF = ("--systems", "lexical,vector", "--measures", "RR@10,R@5")


@pytest.fixture
def root(make_library):
    root = make_library(DOCUMENTS).root
    folder = root / "corpus" / "evaluation"
    folder.mkdir()
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, QUESTIONS)))
    (folder / "judgements.jsonl").write_text("\n".join(map(json.dumps, JUDGEMENTS)))
    return root


def evaluate(root, *arguments, status=0):
    result = CliRunner().invoke(cli, ["--library", str(root), "evaluate", *arguments])
    assert result.exit_code == status, result.output
    return result


def test_the_table_says_what_was_measured_and_how_surely(root):
    result = evaluate(root, *BRIEF, "--answers")
    lines = result.stdout.splitlines()
    assert lines[0].startswith("2 questions scored. Intervals are 95%")
    rows = [line.split() for line in lines]
    assert ["RR@10", "lexical", "1.000", "1.000", "to", "1.000"] in rows
    assert any("half: report" in line and "too few to tell" in line for line in lines)
    assert "This was taken out." in result.stdout
    assert "cannot be answered: far" in result.stdout
    assert "in force" in result.stdout
    assert "asking" in result.stderr


def test_json_is_the_whole_evaluation(root):
    found = json.loads(evaluate(root, *BRIEF, "--format", "json").stdout)
    assert found["systems"] == ["lexical", "vector"]
    assert found["per_question"]["q1"]["lexical"] == {"RR@10": 1.0, "R@5": 1.0}
    assert found["unfound"][0]["document_id"] == "vouchers"
    assert found["index"].startswith("sha256:") and found["settings"].startswith("sha256:")
    assert found["answers"] is None


def test_csv_has_a_row_for_each_question_and_system(root):
    rows = list(csv.DictReader(io.StringIO(evaluate(root, *BRIEF, "--format", "csv").stdout)))
    assert [(row["question_id"], row["system"]) for row in rows] == [
        ("q1", "lexical"), ("q1", "vector"), ("q2", "lexical"), ("q2", "vector"),
    ]  # fmt: skip
    assert rows[0]["RR@10"] == "1.0"
    assert rows[0]["kind"] == "uptake"


class Page(HTMLParser):
    """Counts the tags of a page, and those left open."""

    def __init__(self, text):
        super().__init__()
        self.seen, self.open = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_html_is_a_page_of_captioned_tables_that_needs_nothing_else(root):
    text = evaluate(root, *BRIEF, "--answers", "--format", "html").stdout
    page = Page(text)
    tags = [tag for tag, _ in page.seen]
    assert page.open == []
    assert tags.count("table") == tags.count("caption") >= 5
    assert all(attributes.get("scope") in ("col", "row") for tag, attributes in page.seen
               if tag == "th")  # fmt: skip
    assert dict(page.seen)["html"] == {"lang": "en-GB"}
    assert "script" not in tags and "http" not in text
    assert "Do vouchers &lt;help&gt; smokers?" in text


def test_kept_runs_are_named_by_content(root):
    first = evaluate(root, *BRIEF, "--keep")
    names = sorted(path.name for path in (root / "evaluations").iterdir())
    before = [(root / "evaluations" / name).read_bytes() for name in names]
    evaluate(root, *BRIEF, "--keep")
    assert sorted(path.name for path in (root / "evaluations").iterdir()) == names
    assert [(root / "evaluations" / name).read_bytes() for name in names] == before
    assert len(names) == 3
    assert "Kept as" in first.stderr


def test_a_half_other_files_and_an_outside_run(root, tmp_path):
    (tmp_path / "my.jsonl").write_text(
        '{"id": "a", "text": "letters", "half": "develop", "answers": [{"document_id": "letters"}]}'
    )
    (tmp_path / "other.run").write_text("a Q0 garden 1 2.0 x\na Q0 letters 2 1.0 x\n")
    found = json.loads(
        evaluate(
            root, "--questions", str(tmp_path / "my.jsonl"), "--systems", "lexical",
            "--run", f"other={tmp_path / 'other.run'}", "--baseline", "other", "--half", "develop",
            "--measures", "RR,P(rel=2,judged_only=True)@5", "--format", "json",
        ).stdout
    )  # fmt: skip
    assert found["baseline"] == "other"
    assert found["per_question"]["a"]["other"]["RR"] == 0.5
    assert found["measures"] == ["RR", "P(rel=2,judged_only=True)@5"]


@pytest.mark.parametrize(
    ("arguments", "complaint", "status"),
    [
        (["--systems", "hybird"], "no system 'hybird'", 1),
        (["--measures", "goodness"], "measure 'goodness' cannot be computed", 1),
        (["--baseline", "vector", "--systems", "lexical"], "baseline 'vector' is not among", 1),
        (["--questions", "none.jsonl"], "none.jsonl cannot be read", 1),
        (["--run", "other"], "NAME=FILE", 2),
        (["--run", "other=none.run"], "none.run cannot be read", 1),
        (["--half", "first"], "'develop', 'report'", 2),
    ],
)
def test_what_is_wrong_is_said_in_a_line(root, arguments, complaint, status):
    assert complaint in evaluate(root, *arguments, status=status).stderr


def test_a_malformed_run_is_named_by_its_line(root, tmp_path):
    (tmp_path / "bad.run").write_text("q1 Q0 letters 1 1.0 x\nq1 letters\n")
    result = evaluate(root, "--run", f"bad={tmp_path / 'bad.run'}", status=1)
    assert "bad.run, line 2: 2 columns stand there" in result.stderr


def test_a_library_without_questions_says_so(make_library):
    root = make_library(DOCUMENTS).root
    assert "Name a file of questions with --questions" in evaluate(root, status=1).stderr
