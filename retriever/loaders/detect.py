"""What a file is, told by its content and never by its name."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from retriever.errors import UnreadableFile

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
HTML = "text/html"
JATS = "application/jats+xml"
MARKDOWN = "text/markdown"
PLAIN = "text/plain"
PNG = "image/png"
JPEG = "image/jpeg"
TIFF = "image/tiff"

PICTURES = frozenset({PNG, JPEG, TIFF})
"""Pictures of pages."""

_HEAD_BYTES = 65_536
_SAVE_AS = "save it as PDF or DOCX and add that"

_PICTURES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"II*\x00", TIFF),
    (b"MM\x00*", TIFF),
)
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"GIF8", "a picture (GIF), not a document"),
    (b"{\\rtf", "a Rich Text file (.rtf)"),
    (b"%!PS", "a PostScript file"),
    (b"\x1f\x8b", "a compressed file (gzip)"),
    (b"7z\xbc\xaf", "a compressed archive (7z)"),
    (b"Rar!", "a compressed archive (RAR)"),
    (b"SQLite format 3", "a database (SQLite)"),
)
_REMEDIES: dict[str, str] = {
    "picture": "run text recognition (OCR) on it, save the result as PDF and add that",
    "compressed": "unpack it and add the documents in it",
    "database": "add documents only; remove this file from the folder",
    "": f"open it in Word or LibreOffice, {_SAVE_AS}",
}


def media_type(path: Path) -> str:
    """Tell which of our formats `path` holds.

    Returns:
        One of the media types above.

    Raises:
        UnreadableFile: It is something else; the message says what, and what to do.
    """
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    if b"%PDF-" in head[:1024]:
        return PDF
    if head.startswith(b"PK\x03\x04"):
        return _zip_type(path)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise _old_office(path)
    for signature, picture in _PICTURES:
        if head.startswith(signature):
            return picture
    _refuse_signatures(head)
    return _text_type(head)


def decode(data: bytes) -> tuple[str, str]:
    """Decode text of unknown encoding.

    Returns:
        The text, and a note for the librarian when the encoding had to be guessed (else empty).
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace"), ""
    if wide := _wide_encoding(data):
        return data.decode(wide, errors="replace"), ""
    try:
        return data.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        return (
            data.decode("cp1252", errors="replace"),
            "Not UTF-8: read as Windows-1252. If letters look wrong, save the file as UTF-8.",
        )


def _wide_encoding(data: bytes) -> str:
    """Name the UTF-16 flavour of text without a byte order mark, or nothing."""
    sample = data[:2000]
    half = len(sample) // 2
    if half and sample[1::2].count(0) > 0.4 * half and not sample[0::2].count(0):
        return "utf-16-le"
    if half and sample[0::2].count(0) > 0.4 * half and not sample[1::2].count(0):
        return "utf-16-be"
    return ""


def _refuse_signatures(head: bytes) -> None:
    for signature, what in _SIGNATURES:
        if head.startswith(signature):
            raise _refusal(what)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        raise _refusal("a picture (WebP), not a document")
    if head.startswith(b"version https://git-lfs.github.com/spec/"):
        raise UnreadableFile(
            "a Git LFS pointer, not the document itself: fetch the real file "
            "(`git lfs pull`, or download it from its web page) and add that"
        )


def _refusal(what: str) -> UnreadableFile:
    remedy = next(text for word, text in _REMEDIES.items() if word in what)
    return UnreadableFile(f"{what}: {remedy}")


def _old_office(path: Path) -> UnreadableFile:
    data = path.read_bytes()

    def holds(name: str) -> bool:
        return name.encode("utf-16-le") in data

    if holds("EncryptedPackage"):
        return UnreadableFile(
            "an Office file protected by a password: open it in Word, remove the password, "
            "save it as .docx and add that"
        )
    if holds("WordDocument"):
        return UnreadableFile(
            "an old Word file (.doc): open it in Word or LibreOffice, save it as .docx and add that"
        )
    return UnreadableFile(
        "an old Office file (Excel, PowerPoint, Outlook or the like): open it, save what it says "
        "as PDF or DOCX and add that"
    )


def _zip_type(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            types = _member(archive, "[Content_Types].xml")
            kind = _member(archive, "mimetype").decode("ascii", errors="replace").strip()
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as error:
        raise UnreadableFile(
            "a damaged Office or zip file (cut off or altered): fetch a fresh copy and add that"
        ) from error
    if b"wordprocessingml.document.main+xml" in types or (
        not types and "word/document.xml" in names
    ):
        return DOCX
    raise UnreadableFile(_other_zip(names, kind))


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    if name not in archive.namelist():
        return b""
    with archive.open(name) as stream:
        return stream.read(1_000_000)


def _other_zip(names: set[str], kind: str) -> str:
    tops = {name.split("/")[0] for name in names}
    if "word" in tops:
        return "a Word template or a Word file with macros: open it in Word, " \
            "save it as plain .docx and add that"
    if "xl" in tops:
        return f"an Excel workbook, not a document: open it, {_SAVE_AS}"
    if "ppt" in tops:
        return f"a PowerPoint presentation: open it, {_SAVE_AS}"
    if "opendocument" in kind:
        return f"an OpenDocument file (LibreOffice): open it, {_SAVE_AS}"
    if "epub" in kind:
        return f"an e-book (EPUB): open it, {_SAVE_AS}"
    return "a zip archive: unpack it and add the documents in it"


_ROOT = re.compile(
    r"(?>\s|<\?.*?\?>|<!--.*?-->|<!DOCTYPE(?P<doctype>[^>\[]*(?:\[.*?\]\s*)?)>)*+"
    r"<(?P<root>[A-Za-z_][\w.:-]*)(?P<attributes>[^>]*)",
    re.DOTALL | re.IGNORECASE,
)
_HTML_ROOTS = {"html", "head", "body", "title", "meta", "link", "style", "script", "base"}
_HTML_FRAGMENT = re.compile(
    r"<(?:p|h[1-6]|table|ul|ol|article|section|main)\b[^>]*>", re.IGNORECASE
)
_MARKDOWN = re.compile(
    r"\A---\s*\n(?:.*\n)*?---\s*$"  # front matter
    r"|^ {0,3}#{1,6} +\S"  # heading
    r"|^ {0,3}(?:```|~~~)"  # code fence
    r"|\]\((?:https?:|/|#|mailto:|\.)[^)]*\)"  # link
    r"|^\|? *:?-{3,}:? *\|[-:| ]*$"  # table
    r"|\*\*\S(?:[^*\n]*\S)?\*\*",  # strong
    re.MULTILINE,
)


def _text_type(head: bytes) -> str:
    text = decode(head)[0].lstrip("\ufeff")
    if _looks_binary(text):
        raise UnreadableFile(
            "not a document we know (binary data): if it holds text, open it in the program it "
            f"was made with, {_SAVE_AS}"
        )
    root = _ROOT.match(text)
    if root:
        found = _markup_type(text, root)
        if found:
            return found
    return MARKDOWN if _MARKDOWN.search(text) else PLAIN


def _looks_binary(text: str) -> bool:
    odd = sum(1 for letter in text if letter < " " and letter not in "\t\n\r\f\v\x1a\x1b")
    return "\x00" in text or odd > len(text) * 0.01


def _markup_type(text: str, root: re.Match[str]) -> str:
    """Tell HTML and XML apart; nothing for text that merely begins with a tag."""
    name = root["root"].rpartition(":")[2].lower()
    doctype = (root["doctype"] or "").strip().lower()
    if name in _HTML_ROOTS or doctype.startswith("html"):
        return HTML
    is_xml = text.lstrip().startswith("<?xml") or bool(doctype) or "xmlns" in root["attributes"]
    if name in ("article", "pmc-articleset") and _is_jats(text, doctype, root["attributes"]):
        return JATS
    if is_xml:
        raise _other_xml(name)
    return HTML if len(_HTML_FRAGMENT.findall(text)) > 1 and not _MARKDOWN.search(text) else ""


def _is_jats(text: str, doctype: str, attributes: str) -> bool:
    if "docbook" in doctype or "docbook" in attributes:
        return False
    return bool(re.search(r"<(?:front|article-meta|front-stub)\b", text)) or "jats" in doctype


def _other_xml(root: str) -> UnreadableFile:
    if root == "svg":
        return _refusal("a picture (SVG), not a document")
    return UnreadableFile(
        f"an XML file of a kind we do not know (root element '{root}'), not a JATS article: "
        "add the article as PDF, DOCX or HTML"
    )
