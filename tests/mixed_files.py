"""Mixed files as a librarian gets them: good, broken, empty, held already, and in a zip."""

from __future__ import annotations

import io
import zipfile

from docx import Document
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas
from small_library import FILES

HELD = FILES["corpus/policy.md"].encode()
"""The same bytes as a document of the small library."""

PARAGRAPHS = [
    f"{place} has {number} practices, and {number + 30} in a hundred of those invited in {place} "
    f"sent their kit back after the reminder of week {number}."
    for number, place in enumerate(
        ("Ashby", "Beeston", "Corby", "Derwent", "Ely", "Frome", "Goole", "Hythe", "Ilkley"), 3
    )
]


def report(edition: str = "first", changed: int = 0) -> bytes:
    """A report in Markdown; of another edition some paragraphs are others."""
    kept = PARAGRAPHS[changed:]
    new = [f"The {edition} edition has new figures for place number {n}." for n in range(changed)]
    return "\n\n".join([f"# Uptake by place, {edition} edition", *new, *kept]).encode()


def pdf(*pages: str, title: str = "") -> bytes:
    """A PDF with one line of text a page; an empty line gives a page without text."""
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A4, invariant=True)
    if title:
        canvas.setTitle(title)
    for line in pages:
        canvas.setFont("Helvetica", 12)
        for place, start in enumerate(range(0, len(line), 80)):
            canvas.drawString(72, 740 - 18 * place, line[start : start + 80])
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def docx(heading: str, text: str) -> bytes:
    """A Word file of one heading and one paragraph."""
    stream = io.BytesIO()
    document = Document()
    document.add_heading(heading, 1)
    document.add_paragraph(text)
    document.save(stream)
    return stream.getvalue()


def page(heading: str, text: str) -> bytes:
    """A web page of one heading, a paragraph and enough other text to be taken for a page."""
    own = heading.lower()
    more = "".join(
        f"<p>{heading} {number}: in {own} {number} some {own} people came, {own} others did not, "
        f"and {own} {number} said what {own} would have cost with {own} for all.</p>"
        for number in range(1, 6)
    )
    return (
        f"<!DOCTYPE html><html><head><title>{heading}</title></head><body><main>"
        f"<h1>{heading}</h1><p>{text}</p>{more}</main></body></html>"
    ).encode()


def zipped(files: dict[str, bytes]) -> bytes:
    """A zip of files, by their names."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def mixed() -> dict[str, bytes]:
    """Fifteen files by name; those in the zip make it three more."""
    return {
        "calls.pdf": pdf(
            "Telephone calls in the evening reached one household in three. " * 8,
            "The caller spoke Bengali and Somali. " * 12,
            title="Calls in the evening",
        ),
        "pictures.pdf": pdf("One line of text stands on the first page only.", "", ""),
        "visits.docx": docx("Home visits", "Visits by a nurse were asked for by older people."),
        "buses.docx": docx("A bus that screens", "The bus stood at the market on Saturdays."),
        "gardens.html": page("Gardens on prescription", "Forty people dug a garden together in "
                             "spring, and said that they slept better for months afterwards."),
        "walks.html": page("Walks", "Walks along the canal were led by volunteers on Sundays, and "
                           "most of those who came once came again in the following weeks."),
        "notes.md": b"# Notes\n\nA reminder by text message costs two pence.\n",
        "letters in Polish.md": b"# Letters in Polish\n\nLetters in Polish were read aloud.\n",
        "plain.txt": b"Plain text on hearing loss among miners, without any heading at all.\n",
        "broken.pdf": b"%PDF-1.7 and then nothing that anybody can read",
        "empty.md": b"",
        "picture.png": b"\x89PNG\r\n\x1a\n" + bytes(200),
        "policy copy.md": HELD,
        "uptake.md": report(),
        "more.zip": zipped(
            {
                "Leeds/interpreters.md": b"# Interpreters\n\nInterpreters were booked by phone.\n",
                "Leeds/2024/creches.md": b"# Creches\n\nA creche was open on clinic days.\n",
                "../outside.md": b"# Outside\n\nThis would be written elsewhere.\n",
            }
        ),
    }
