"""A small library for the tests of the web page: a PDF, Markdown files and one unreadable file."""

from html import escape
from pathlib import Path

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from retriever import Library

QUESTION = "Do reminder letters raise bowel cancer screening uptake?"
QUOTED = "Reminder letters raised bowel cancer screening uptake by four percentage points"
SCRIPT = "<script>document.title = 'broken into'</script>"

FIRST_PAGE = [
    "A trial of posted invitations",
    "",
    "We posted letters to eight thousand people who had not returned a kit.",
    "Reminder letters raised bowel cancer screening uptake by four percentage points",
    "in the most deprived fifth of practices.",
    "",
    "The cost of each letter was below one pound.",
    "",
    "Telephone calls to households were tried in the second year of the study and",
]
SECOND_PAGE = [
    "were found to reach fewer people than the letters that had been posted before.",
    "",
    "Practices asked for the letters to go on after the study had ended.",
]

FILES = {
    "retriever.toml": """
[embedder]
model = "hashing"
""",
    "corpus/letters.toml": """
title = "Reminder letters <b>and</b> *screening*"
publisher = "Institute of Examples"
year = 2019
url = "https://example.org/letters"
source_type = "randomised-trial"
""",
    "corpus/policy.toml": """
title = "Screening policy"
publisher = "Department of Examples"
year = 2021
source_type = "policy-paper"
guidance_id = "NG999"
""",
    "corpus/policy.md": """# Screening policy

## Letters

Every practice should send reminder letters to people who miss their bowel cancer screening kit.
""",
    "corpus/old.toml": """
title = "Old screening guidance"
publisher = "Guidance Board"
year = 2009
source_type = "nice-guidance"
status = "superseded-by: NG999"
country = "USA"
""",
    "corpus/old.md": """# Old screening guidance

Reminder letters are not needed where bowel cancer screening uptake is above sixty per cent.
""",
    "corpus/notes.html": f"""<!DOCTYPE html><html lang="en"><head><title>Notes from a visit</title>
</head><body><main><h1>Notes from a visit</h1>
<p>Reminder letters in Bengali doubled bowel cancer screening uptake, {escape(SCRIPT)} said
**one** practice.</p>
"""
    + "\n".join(
        f"<p>Paragraph {number} of the notes tells of housing and allotments in the town.</p>"
        for number in range(1, 121)
    )
    + "\n<p>The last paragraph speaks of lanterns and of nothing else.</p></main></body></html>",
    "corpus/locked.pdf": "%PDF-1.4 and then nothing that can be read",
}


def build(root: Path) -> Library:
    """Write the library's files below `root` and index them."""
    (root / "corpus").mkdir(parents=True)
    for name, text in FILES.items():
        (root / name).write_text(text, encoding="utf-8")
    _draw(root / "corpus" / "letters.pdf")
    library = Library.open(root)
    library.index()
    return library


def _draw(path: Path) -> None:
    pdf = Canvas(str(path), pagesize=A4)
    for lines in (FIRST_PAGE, SECOND_PAGE):
        pdf.setFont("Helvetica", 12)
        for number, line in enumerate(lines):
            pdf.drawString(72, 740 - 18 * number, line)
        pdf.showPage()
    pdf.save()
