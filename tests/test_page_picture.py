"""Page pictures: the quotation's words are outlined where they stand, and nowhere else."""

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image
from pypdf import PdfWriter
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from retriever.errors import UnreadableFile
from retriever.page_picture import MAX_PIXELS, Picture, render

SCALE = 2.0
HEIGHT = A4[1]
LEFT, TOP, STEP, SIZE = 72, 700, 20, 12


def draw(path: Path, *pages: list[str], **canvas: object) -> Path:
    """A PDF whose pages hold the given lines, from `TOP` down, `STEP` points apart."""
    pdf = Canvas(str(path), pagesize=A4, **canvas)
    for lines in pages:
        pdf.setFont("Helvetica", SIZE)
        for number, line in enumerate(lines):
            pdf.drawString(LEFT, TOP - number * STEP, line)
        pdf.showPage()
    pdf.save()
    return path


def lines_marked(picture: Picture) -> list[int]:
    """Which of the lines drawn by `draw` hold a box."""
    middles = [(top + bottom) / 2 / SCALE for _, top, _, bottom in picture.boxes]
    return [round((TOP - (HEIGHT - middle)) / STEP) for middle in middles]


def test_a_quotation_over_two_lines_is_marked_on_both(tmp_path: Path) -> None:
    pdf = draw(tmp_path / "a.pdf", ["Before.", "Letters raised uptake", "by four points.", "End."])
    picture = render(pdf, 1, "Letters raised uptake by four points.", SCALE)
    assert lines_marked(picture) == [1, 2]
    assert picture.boxes[0][0] == pytest.approx(LEFT * SCALE, abs=6)


def test_only_the_quoted_part_of_a_line_is_marked(tmp_path: Path) -> None:
    pdf = draw(tmp_path / "a.pdf", ["Uptake rose. Costs fell sharply. Nobody minded."])
    whole = render(pdf, 1, "Uptake rose. Costs fell sharply. Nobody minded.", SCALE).boxes[0]
    part = render(pdf, 1, "Costs fell sharply.", SCALE).boxes[0]
    assert whole[0] < part[0] < part[2] < whole[2]


def test_a_sign_at_the_end_of_the_quotation_is_marked_with_it(tmp_path: Path) -> None:
    pdf = draw(tmp_path / "a.pdf", ["Uptake was 42% (in all) that year."])
    without = render(pdf, 1, "Uptake was 42", SCALE).boxes[0]
    longer = render(pdf, 1, "Uptake was 42% (in", SCALE).boxes[0]
    width = stringWidth("Uptake was 42%", "Helvetica", SIZE)
    assert without[2] == pytest.approx((LEFT + width) * SCALE, abs=4)
    assert without[2] < longer[2]


def test_the_mark_is_a_tint_and_an_outline(tmp_path: Path) -> None:
    pdf = draw(tmp_path / "a.pdf", ["Screening works."])
    marked = render(pdf, 1, "Screening works.", SCALE)
    plain = render(pdf, 1, "", SCALE)
    left, top, right, bottom = (round(edge) for edge in marked.boxes[0])
    around = (left - 8, top - 8, right + 8, bottom + 8)
    colours = Image.open(io.BytesIO(marked.png)).crop(around).getcolors(100_000)
    new = {c for _, c in colours or []} - {
        c for _, c in Image.open(io.BytesIO(plain.png)).crop(around).getcolors(100_000) or []
    }
    assert any(red > 240 and blue < 150 for red, _, blue in new), "no tint"
    assert any(max(colour) < 60 for colour in new), "no dark outline"


def test_words_broken_at_a_line_end_are_found_whole(tmp_path: Path) -> None:
    pdf = draw(tmp_path / "a.pdf", ["The commis-", "sioners paid for it."])
    assert lines_marked(render(pdf, 1, "The commissioners paid for it.", SCALE)) == [0, 1]


def test_a_footnote_sign_inside_the_quotation_does_not_hide_it(tmp_path: Path) -> None:
    pdf = draw(tmp_path / "a.pdf", ["Reminder letters raised uptake12 among men over sixty."])
    assert len(render(pdf, 1, "Reminder letters raised uptake among men over sixty.").boxes) >= 1


def test_two_columns_are_marked_apart(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    pdf = Canvas(str(path), pagesize=A4)
    pdf.setFont("Helvetica", SIZE)
    for number, words in enumerate(["Offer every woman", "a reminder by", "telephone."]):
        pdf.drawString(72, 700 - number * STEP, words)
    for number, words in enumerate(["Other words here", "and also here", "and done."]):
        pdf.drawString(320, 700 - number * STEP, words)
    pdf.save()
    boxes = render(path, 1, "Offer every woman a reminder by telephone.", SCALE).boxes
    assert len(boxes) == 3
    assert all(right < 320 * SCALE for _, _, right, _ in boxes)


def test_ligatures_and_case_do_not_matter(tmp_path: Path) -> None:
    pdf = draw(tmp_path / "a.pdf", ["EFFICIENT FLOW OF PATIENTS"])
    assert lines_marked(render(pdf, 1, "E\ufb03cient \ufb02ow of patients", SCALE)) == [0]


def test_words_that_are_not_there_mark_nothing(tmp_path: Path) -> None:
    pdf = draw(tmp_path / "a.pdf", ["Screening works."])
    picture = render(pdf, 1, "An altogether different sentence about housing.")
    assert picture.boxes == ()
    assert picture.png == render(pdf, 1, "").png


@pytest.mark.parametrize("quotation", ["", "   ", "…!"])
def test_a_quotation_without_letters_marks_nothing(tmp_path: Path, quotation: str) -> None:
    pdf = draw(tmp_path / "a.pdf", ["Screening works."])
    assert render(pdf, 1, quotation).boxes == ()


def test_the_page_asked_for_is_drawn(tmp_path: Path) -> None:
    pdf = draw(tmp_path / "a.pdf", ["First page."], ["Second page."])
    assert render(pdf, 2, "Second page.").boxes
    assert not render(pdf, 1, "Second page.").boxes


def test_a_turned_page_is_marked_where_its_words_now_stand(tmp_path: Path) -> None:
    path = tmp_path / "turned.pdf"
    writer = PdfWriter(clone_from=draw(tmp_path / "a.pdf", ["Turned words."]))
    writer.pages[0].rotate(90)
    writer.write(path)
    picture = render(path, 1, "Turned words.", SCALE)
    assert picture.width > picture.height
    left, top, right, bottom = picture.boxes[0]
    assert bottom - top > right - left, "words that run down the page make a tall box"
    assert top == pytest.approx(LEFT * SCALE, abs=6)
    assert right == pytest.approx((TOP + SIZE * 0.72) * SCALE, abs=6)


def test_a_file_locked_with_an_empty_password_opens(tmp_path: Path) -> None:
    lock = StandardEncryption(userPassword="", ownerPassword="owner", strength=128)
    pdf = draw(tmp_path / "a.pdf", ["Screening works."], encrypt=lock)
    assert render(pdf, 1, "Screening works.").boxes


def test_a_poster_is_drawn_smaller(tmp_path: Path) -> None:
    path = tmp_path / "poster.pdf"
    pdf = Canvas(str(path), pagesize=(4000, 9000))
    pdf.drawString(100, 100, "Poster.")
    pdf.save()
    picture = render(path, 1, "Poster.")
    assert MAX_PIXELS - 2 <= picture.height <= MAX_PIXELS + 1
    assert picture.boxes


def test_a_page_that_is_not_there_is_named(tmp_path: Path) -> None:
    pdf = draw(tmp_path / "a.pdf", ["One."])
    with pytest.raises(UnreadableFile, match=r"a\.pdf has no page 2: choose one from 1 to 1"):
        render(pdf, 2)


def test_a_file_that_is_gone_or_broken_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.4 and no more")
    with pytest.raises(UnreadableFile, match=r"broken\.pdf cannot be drawn"):
        render(broken, 1)
    with pytest.raises(UnreadableFile, match=r"gone\.pdf cannot be drawn"):
        render(tmp_path / "gone.pdf", 1)


def test_pages_can_be_drawn_by_many_people_at_once(tmp_path: Path) -> None:
    pdf = draw(tmp_path / "a.pdf", *[[f"Page number {n} speaks."] for n in range(1, 7)])
    alone = [render(pdf, n, f"Page number {n} speaks.") for n in range(1, 7)]
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(lambda n: render(pdf, n, f"Page number {n} speaks."),
                                 [*range(1, 7)] * 3))
    assert together == alone * 3
