"""Sixty files of a librarian's day: reports of every kind, and the awkward ones."""

from __future__ import annotations

import io
import zipfile

from mixed_files import docx, mixed, page, pdf, report
from openpyxl import Workbook
from pypdf import PdfReader, PdfWriter

PLACES = (
    "Alnwick", "Bootle", "Cromer", "Deal", "Egham", "Filey", "Grays", "Holt", "Ilminster",
    "Jarrow", "Keswick", "Luton", "Malvern", "Nelson", "Oldham", "Penrith", "Redruth", "Selby",
    "Thetford", "Ulverston", "Ventnor", "Wigan", "Yeovil", "Barnsley", "Crewe", "Dudley",
)  # fmt: skip
SERVICES = (
    "diabetes checks", "smoking advice", "cookery classes", "hearing tests", "foot clinics",
    "breathing lessons", "vaccination evenings", "debt advice", "parenting groups",
)  # fmt: skip
ASKED = "Did people in Filey stay with breathing lessons?"


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"


def told(number: int) -> str:
    """What one report tells, in words that no other report has in this order."""
    place, service = PLACES[number], SERVICES[number % len(SERVICES)]
    came, stayed, cost = 40 + 7 * number, 20 + 5 * number, 11 + number
    return (
        f"In {place} {came} people came to {service} in {1995 + number}, and {stayed} of those in "
        f"{place} stayed until {service} ended. {place} paid {cost} pounds a head for {service}. "
        f"Somali women in {place} asked for {service} led by women: {cost + 3} of {came} said so. "
    )


def reports() -> dict[str, bytes]:
    """Twenty-six reports by name: PDF, Word, web page, Markdown, text and JATS."""
    made = {}
    for number, place in enumerate(PLACES):
        heading = f"{SERVICES[number % len(SERVICES)].capitalize()} in {place}"
        kind = ("pdf", "docx", "html", "md", "txt", "xml")[number % 6]
        text = told(number)
        made[f"{place.lower()} report.{kind}"] = {
            "pdf": lambda t=text, h=heading: pdf(t, f"{h}: what it cost. {t}", title=h),
            "docx": lambda t=text, h=heading: docx(h, t),
            "html": lambda t=text, h=heading: page(h, t),
            "md": lambda t=text, h=heading: f"# {h}\n\n{t}\n".encode(),
            "txt": lambda t=text, h=heading: f"{h} – Café\r\n\r\n{t}".encode("cp1252"),
            "xml": lambda t=text, h=heading: jats(h, t),
        }[kind]()
    return made


def jats(heading: str, text: str) -> bytes:
    """A journal article."""
    return (
        '<?xml version="1.0"?><article><front><article-meta><title-group><article-title>'
        f"{heading}</article-title></title-group></article-meta></front><body><sec>"
        f"<title>Results</title><p>{text}</p></sec></body></article>"
    ).encode()


def locked() -> bytes:
    """A PDF that opens with a password only."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf("Nobody can read this line."))))
    writer.encrypt(user_password="ward", owner_password="x", algorithm="AES-256")  # noqa: S106
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def table() -> bytes:
    """A spreadsheet that states something of two reports."""
    book = Workbook()
    book.active.append(["path", "publisher", "year"])
    book.active.append(["alnwick report.pdf", "Alnwick Town Council", 1995])
    book.active.append(["bootle report.docx", "Bootle Borough", 1996])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def slides() -> bytes:
    """A presentation, as far as its beginning shows."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("ppt/presentation.xml", "<p/>")
    return stream.getvalue()


def sixty() -> dict[str, bytes]:
    """The files of the drop by name."""
    given = mixed() | {"uptake.md": report("second", 2)} | reports()
    given |= {
        "calls (1).pdf": given["calls.pdf"],  # the same file twice in one drop
        "policy 2024.md": b"# Screening policy\n\nLetters are sent twice from 2024 on, and texts "
        b"are sent where a mobile number is known to the practice.\n",
        "policy 2024.toml": b'title = "Policy 2024"\nguidance_id = "NG999"\nyear = 2024\n',
        "deal report.toml": 'publisher = "Conseil de Santé"\n'.encode(),
        "sources.xlsx": table(),
        "locked for the ward.pdf": locked(),
        "report.doc": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        "stored elsewhere.pdf": LFS,
        "blank.pdf": pdf("", ""),
        "cut off.pdf": pdf(told(3) * 5)[:400],
        "map.html": b"<html><head><script>var a = 1;</script></head><body></body></html>",
        "word as pdf.pdf": docx("Minutes", "The board met in Morpeth and agreed on nothing."),
        "pdf as text.txt": pdf("A letter from Whitby about lifts in flats and prams on stairs."),
        "slides.pptx": slides(),
        "empty.zip": zipfile_of_nothing(),
        ".DS_Store": b"\x00\x00\x00\x01Bud1",
        "no ending": b"# Kirkby\n\nKirkby lent bicycles to nurses, and nurses came sooner.\n",
        "Ünïcode – naïve “quotes”.md": "# Zoë’s café\n\nZoë’s café in Hexham gave soup.\n".encode(),
        "photograph.jpg": b"\xff\xd8\xff\xe0" + bytes(100),
    }
    return given


def zipfile_of_nothing() -> bytes:
    """A zip with nothing in it."""
    stream = io.BytesIO()
    zipfile.ZipFile(stream, "w").close()
    return stream.getvalue()
