"""Scanned pages are read by text recognition, and whatever is quoted from them says so."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import pytest
import scans
from click.testing import CliRunner
from test_ui_map import MAP_PAGE
from test_ui_pages import DOCUMENT_PAGE, asked, at_page, opened, shown, source

from retriever import Library, references, upkeep
from retriever.cli import cli
from retriever.config import Reading
from retriever.errors import UnreadableFile
from retriever.incoming import Incoming
from retriever.intake import Given
from retriever.labels import SCANNED
from retriever.loaders import read
from retriever.loaders.recognition import SWITCH_ON, read_picture
from retriever.page_picture import render

QUESTION = "Do reminder letters raise the uptake of bowel cancer screening?"
LINES = (
    "Among people aged 60 to 74, reminder letters raised the",
    "uptake of bowel cancer screening from 52% to 56%.",
    "",
    "Among Bangladeshi people it rose from 31% to 38%.",
)
SENTENCE = f"{LINES[0]} {LINES[1]}"
OWN_TEXT = ["Telephone calls in the evening raised the attendance of walking groups by a third."]
LIMITS = Reading()


@pytest.fixture(autouse=True, scope="module")
def extra() -> None:
    scans.required()


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """One document: a page with text of its own, a scanned one, and a blank one."""
    root = tmp_path_factory.mktemp("library")
    (root / "retriever.toml").write_text('[embedder]\nmodel = "hashing"\n')
    (root / "corpus").mkdir()
    (root / "corpus" / "letters.pdf").write_bytes(
        scans.pdf(OWN_TEXT, scans.page(*LINES), scans.page())
    )
    (root / "corpus" / "letters.toml").write_text('title = "Letters"\n')
    library = Library.open(root)
    library.index()
    return library


def run(library: Library, *arguments: str) -> str:
    result = CliRunner().invoke(cli, ["--library", str(library.root), *arguments])
    assert result.exit_code == 0, result.output
    return result.output


class TestReading:
    def test_only_the_scanned_page_is_marked_and_a_blank_one_gives_no_words(
        self, library: Library
    ) -> None:
        document = library.document("letters")
        own, scanned, blank = document.pages
        assert (own.certainty, blank.certainty) == (None, None)
        assert scanned.certainty is not None
        assert scanned.certainty > 0.95
        assert document.text[scanned.start : scanned.end].startswith(SENTENCE)
        assert document.text[: own.end].strip() == OWN_TEXT[0]
        assert blank.start == blank.end
        (row,) = library.entries()
        assert row.notes == (
            "page 2 read from a scan by text recognition (OCR)",
            "without text: page 3 (blank, or pictures without words)",
        )

    def test_a_file_of_scans_alone_is_a_document(self, tmp_path: Path) -> None:
        path = tmp_path / "scan.pdf"
        path.write_bytes(scans.pdf(scans.page(*LINES)))
        assert SENTENCE in read(path, LIMITS)[1].text

    @pytest.mark.parametrize("turn", [90, 180])
    def test_a_page_on_its_side_or_head_is_read_upright(self, turn: int) -> None:
        upright = scans.page(*LINES, size=(1240, 480))
        scan = read_picture(upright.rotate(turn, expand=True), LIMITS)
        assert [line.text for line in scan.lines][:2] == list(LINES[:2])

    def test_a_picture_is_a_document_and_each_of_its_frames_a_page(self, tmp_path: Path) -> None:
        path = tmp_path / "two.tiff"
        first = scans.page("The walks were led by volunteers", "in every park of the town.")
        first.save(path, save_all=True, append_images=[scans.page(*LINES)])
        media_type, parsed = read(path, LIMITS)
        assert media_type == "image/tiff"
        assert len(parsed.pages) == 2
        assert SENTENCE in parsed.text[parsed.pages[1].start :]
        picture = render(path, 2, SENTENCE, scanned=[s for s in parsed.scanned if s.page == 2])
        assert len(picture.boxes) == 2

    def test_a_picture_without_words_says_what_to_do(self, tmp_path: Path) -> None:
        path = tmp_path / "grey.png"
        scans.page().save(path)
        with pytest.raises(UnreadableFile, match="found no words: photograph or scan the page ag"):
            read(path, LIMITS)

    def test_a_blank_file_says_that_recognition_found_nothing(self, tmp_path: Path) -> None:
        path = tmp_path / "blank.pdf"
        path.write_bytes(scans.pdf(scans.page()))
        with pytest.raises(UnreadableFile, match="text recognition found no words either"):
            read(path, LIMITS)

    def test_more_pages_than_allowed_are_not_begun(self, tmp_path: Path) -> None:
        path = tmp_path / "long.pdf"
        path.write_bytes(scans.pdf(scans.page(), scans.page()))
        words = "2 pages, over the limit of 1 .*split the file, or raise reading.max_scanned_pages"
        with pytest.raises(UnreadableFile, match=words):
            read(path, dataclasses.replace(LIMITS, max_scanned_pages=1))


class TestSwitch:
    def test_switched_off_it_says_where_to_switch_it_on(self, tmp_path: Path) -> None:
        path = tmp_path / "scan.pdf"
        path.write_bytes(scans.pdf(scans.page(*LINES)))
        words = r'no text layer: needs OCR; set ocr = "auto" under \[reading\] in retriever.toml'
        with pytest.raises(UnreadableFile, match=words):
            read(path, dataclasses.replace(LIMITS, ocr="off"))

    def test_a_scan_that_failed_is_read_once_the_extra_is_installed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        root = tmp_path / "library"
        (root / "corpus").mkdir(parents=True)
        (root / "retriever.toml").write_text('[embedder]\nmodel = "hashing"\n')
        (root / "corpus" / "scan.pdf").write_bytes(scans.pdf(scans.page(*LINES)))
        (root / "corpus" / "mixed.pdf").write_bytes(scans.pdf(OWN_TEXT, scans.page(*LINES)))
        library = Library.open(root)
        with monkeypatch.context() as without:
            lacking = tmp_path / "lacking"
            lacking.mkdir()
            absent = "import sys\nsys.modules['rapidocr'] = None\n"
            (lacking / "sitecustomize.py").write_text(absent)
            without.syspath_prepend(lacking)  # the reading process has the same path
            without.setitem(sys.modules, "rapidocr", None)
            mixed, failed = library.index().documents
            assert SWITCH_ON in failed.reason
            assert "without text: page 2" in mixed.reason
            assert SWITCH_ON in mixed.reason
        rows = library.index().documents
        assert [row.outcome for row in rows] == ["unchanged", "added"]
        for name in ("scan", "mixed"):
            assert SENTENCE in library.document(name).text


class TestSaidWhereverItIsQuoted:
    def test_a_finding(self, library: Library) -> None:
        answer = library.ask(QUESTION)
        finding = answer.findings[0]
        assert SENTENCE in finding.quote
        assert finding.pages == (2, 2)
        assert finding.scanned
        assert SCANNED in finding.warnings
        assert library.document("letters").text[finding.start : finding.end] == finding.quote
        assert any("read by text recognition: check the word" in w for w in answer.warnings)

    def test_words_of_a_page_with_text_are_not(self, library: Library) -> None:
        finding = library.ask("Do telephone calls raise attendance of walking groups?").findings[0]
        assert finding.pages == (1, 1)
        assert not finding.scanned
        assert SCANNED not in finding.warnings

    def test_the_command_line(self, library: Library) -> None:
        assert f"Warning: {SCANNED}" in " ".join(run(library, "ask", QUESTION).split())
        record = json.loads(run(library, "ask", QUESTION, "--format", "json"))
        assert record["findings"][0]["scanned"]
        assert "read from a scan by text recognition" in run(library, "search", QUESTION)
        hits = json.loads(run(library, "search", QUESTION, "--format", "json"))
        assert {hit["scanned"] for hit in hits if "reminder" in hit["text"]} == {True}
        page = json.loads(run(library, "show", "letters", "--page", "2", "--format", "json"))
        assert page["pages"][0]["certainty"] > 0.95
        assert SCANNED in run(library, "show", "letters", "--passages")

    def test_the_page_that_answers(
        self, library: Library, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert f"Warning: {SCANNED}" in shown(asked(opened(library.root, monkeypatch), QUESTION))

    def test_the_page_of_the_document_outlines_the_quotation(
        self, library: Library, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        finding = library.ask(QUESTION).findings[0]
        place = {"document": "letters", "start": str(finding.start), "end": str(finding.end)}
        app = at_page(opened(library.root, monkeypatch), DOCUMENT_PAGE, **place)
        assert source(app).count(SCANNED) == 2  # of the quotation, and of the page
        assert "The quotation is outlined on the picture" in shown(app)
        own = at_page(opened(library.root, monkeypatch), DOCUMENT_PAGE, document="letters")
        assert SCANNED not in source(own)

    def test_a_cell_of_the_map(
        self, library: Library, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cell = {"row": "bowel-screening", "group": "bangladeshi", "axis": "ethnicity"}
        app = at_page(opened(library.root, monkeypatch), MAP_PAGE, **cell)
        assert "rose from 31% to 38%" in shown(app)
        assert f"Warning: {SCANNED}" in shown(app)

    def test_the_outline_lies_on_the_lines(self, library: Library) -> None:
        document = library.document("letters")
        lines = [line for line in document.scanned if line.page == 2]
        boxes = render(library.file_of("letters"), 2, SENTENCE, 2.0, lines).boxes
        middles = [(top + bottom) / 2 / 2.0 / 72 * 150 for _, top, _, bottom in boxes]
        assert middles == pytest.approx([140, 188], abs=14)  # where they were drawn

    def test_what_goes_out_of_the_library(self, library: Library) -> None:
        written = references.written(library.entries())
        assert "page 2 read from a scan by text recognition (OCR)" in written

    def test_what_waits_to_be_added(self, library: Library, tmp_path: Path) -> None:
        path = tmp_path / "new.pdf"
        path.write_bytes(scans.pdf(scans.page("The choir met", "on Mondays in the hall.")))
        incoming = Incoming(library.root, "Ann")
        batch = incoming.take_in([Given("new.pdf", path)], LIMITS)
        (file,) = incoming.read(batch.id, LIMITS).files
        assert file.outcome == "ready"
        assert "page 1 read from a scan by text recognition (OCR)" in file.faults
        assert "The choir met" in incoming.preview(batch.id, 1).first_page
        incoming.close(batch.id)


def test_pages_that_were_read_badly_are_named_to_the_librarian(library: Library) -> None:
    files = library.searcher().files
    assert upkeep.of_scans(files) == []
    own, scanned, blank = files["letters"].pages
    doubtful = (own, dataclasses.replace(scanned, certainty=0.8), blank)
    (check,) = upkeep.of_scans({"letters": dataclasses.replace(files["letters"], pages=doubtful)})
    assert check.severity == "warning"
    assert [(concern.path, concern.what) for concern in check.concerns] == [
        ("letters.pdf", "page 2")
    ]
    assert "scan it again at 300 dots per inch" in check.remedy
