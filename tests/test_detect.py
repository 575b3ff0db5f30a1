"""A file is told by its content; what we cannot read is named, with what to do about it."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import docx
import pytest

from retriever.config import Reading
from retriever.errors import UnreadableFile
from retriever.loaders import LOADERS, read
from retriever.loaders.detect import DOCX, HTML, JATS, MARKDOWN, PDF, PLAIN, decode, media_type

ARTICLE = "<front><article-meta/></front><body><p>Words.</p></body></article>"
PAGE = "<h1>Title</h1><p>Words.</p>"


def zipped(**members: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def word_file() -> bytes:
    buffer = io.BytesIO()
    document = docx.Document()
    document.add_paragraph("Words.")
    document.save(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"%PDF-1.7\n...", PDF),
        (b"\xef\xbb\xbf\n%PDF-1.4\n...", PDF),
        (word_file(), DOCX),
        (f"<!DOCTYPE html><html><body>{PAGE}", HTML),
        (f"<?xml version='1.0'?>\n<html xmlns='http://www.w3.org/1999/xhtml'>{PAGE}", HTML),
        (f"<!-- saved --><!-- twice --><HTML LANG=en>{PAGE}", HTML),
        (f"<div>{PAGE}</div>", HTML),
        ("<article class='post'><h2>Title</h2><p>Words.</p></article>", HTML),
        (f'<?xml version="1.0"?><!DOCTYPE article PUBLIC "-//NLM//DTD JATS" "a.dtd"><article>'
         f"{ARTICLE}", JATS),
        (f'<article xmlns="http://jats.nlm.nih.gov">{ARTICLE}', JATS),
        (f"<pmc-articleset><article>{ARTICLE}</pmc-articleset>", JATS),
        ("---\ntitle: A\n---\nWords.", MARKDOWN),
        ("Words.\n\n## A heading\n\nMore.", MARKDOWN),
        ("See [the report](https://example.org/a).", MARKDOWN),
        ("<p align='center'>Logo</p>\n\n# Title\n\nWords.", MARKDOWN),
        ("Words, and more words.\n- one\n- two", PLAIN),
        ("5 < 7 and <script>alert(1)</script> are words here", PLAIN),
        ("Größe".encode("utf-16"), PLAIN),
        ("Plain words, no mark".encode("utf-16-le"), PLAIN),
        ("£5 – “fine”".encode("cp1252"), PLAIN),
    ],
)  # fmt: skip
def test_formats_are_told_by_content(tmp_path: Path, content: bytes | str, expected: str) -> None:
    path = tmp_path / "misleading name.png"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert media_type(path) == expected
    assert expected in LOADERS


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1" + "WordDocument".encode("utf-16-le"),
         r"an old Word file \(.doc\): open it in Word or LibreOffice, save it as .docx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1" + "EncryptedPackage".encode("utf-16-le"),
         "protected by a password: .*remove the password"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1" + "Workbook".encode("utf-16-le"), "old Office file .*: open"),
        (zipped(**{"xl/workbook.xml": "<a/>"}), "an Excel workbook.*: open it, save it as PDF"),
        (zipped(**{"ppt/presentation.xml": "<a/>"}), "a PowerPoint presentation: open it"),
        (zipped(mimetype="application/vnd.oasis.opendocument.text"), "OpenDocument.*: open it"),
        (zipped(**{"[Content_Types].xml": "document.macroEnabled.main+xml", "word/document.xml": ""}
                ), "with macros: .*save it as plain .docx"),
        (zipped(**{"a.pdf": "", "b.pdf": ""}), "a zip archive: unpack it"),
        (word_file()[:3000], "damaged Office or zip file .*: fetch a fresh copy"),
        (b"\x89PNG\r\n\x1a\n....", "a picture, not a document: .*run text recognition .OCR."),
        (b"\xff\xd8\xff\xe0....JFIF", "a picture, not a document: .*OCR"),
        (b"GIF89a....", r"a picture \(GIF\).*: run text recognition \(OCR\)"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><path d='M0'/></svg>", r"a picture \(SVG\)"),
        (b"{\\rtf1\\ansi Words}", "a Rich Text file .*: open it in Word .*save it as PDF or DOCX"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n",
         "a Git LFS pointer, not the document itself: fetch the real file"),
        (b"<?xml version='1.0'?><rss><channel/></rss>",
         "an XML file of a kind we do not know .*'rss'.*: add the article as PDF"),
        (b"<article xmlns='http://docbook.org/ns/docbook'><info/></article>", "not a JATS article"),
        (bytes(range(256)) * 20, r"not a document we know \(binary data\): "),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named_with_a_remedy(
    tmp_path: Path, content: bytes, words: str
) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(content)
    with pytest.raises(UnreadableFile, match=words):
        read(path, Reading(ocr="off"))


def test_an_empty_file_says_so(tmp_path: Path) -> None:
    path = tmp_path / "empty.docx"
    path.touch()
    with pytest.raises(UnreadableFile, match=r"empty \(0 bytes\): fetch"):
        read(path, Reading())


def test_a_file_of_white_space_says_that_it_holds_no_text(tmp_path: Path) -> None:
    path = tmp_path / "blank.txt"
    path.write_text(" \n\n\t\n", encoding="utf-8")
    with pytest.raises(UnreadableFile, match="holds no text: open it"):
        read(path, Reading())


def test_a_large_file_names_its_size_the_limit_and_the_setting(tmp_path: Path) -> None:
    path = tmp_path / "large.txt"
    path.write_bytes(b"word " * 300_000)
    words = r"1\.5 MB, over the limit of 1 MB: .*reading\.max_megabytes"
    with pytest.raises(UnreadableFile, match=words):
        read(path, Reading(max_megabytes=1))


def test_a_file_that_is_gone_says_so(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"cannot be opened \(No such file.*: check"):
        read(tmp_path / "gone.txt", Reading())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_unicode_is_read_without_remark(encoding: str) -> None:
    assert decode("“Naïve” – 5 µg".encode(encoding)) == ("“Naïve” – 5 µg", "")


def test_another_encoding_is_read_as_windows_with_a_note() -> None:
    text, note = decode("“Naïve” – £5".encode("cp1252"))
    assert text == "“Naïve” – £5"
    assert "Windows-1252" in note
    assert "save the file as UTF-8" in note


def test_comments_without_end_do_not_hold_up_detection(tmp_path: Path) -> None:
    path = tmp_path / "comments.xml"
    path.write_text("<!-- a -->" * 5000 + "words", encoding="utf-8")
    assert media_type(path) == PLAIN


def test_awkward_files_met_in_the_wild_have_the_right_outcome(shared_data: Path) -> None:
    expected = {
        "Public-Health-Policy-QA-who-report.pdf": "Git LFS pointer",
        "ws-jsna.github.io-Age-UK-DS-Loneliness.html": "a web page with hardly any text",
        "ws-jsna.github.io-seaside-deprivation.docx-1.doc": "old Word file",
        "ws-jsna.github.io-family-link-worker-service-evaluation-report-2013.doc": "old Word file",
    }
    for name, words in expected.items():
        with pytest.raises(UnreadableFile, match=words):
            read(shared_data / "awkward" / name, Reading())
