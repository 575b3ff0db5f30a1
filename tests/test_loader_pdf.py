"""PDF files made here on the spot, and the real ones beside this checkout where they are."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Callable
from pathlib import Path

import pypdf
import pytest
from PIL import Image
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from well_formed import assert_well_formed

from retriever.config import Reading
from retriever.errors import UnreadableFile
from retriever.loaders.pdf import load_pdf
from retriever.schema import Parsed

Draw = Callable[[Canvas], None]
LIMITS = Reading(ocr="off")
TOP = 780.0


def make(path: Path, *pages: Draw, title: str = "") -> Path:
    canvas = Canvas(str(path), pagesize=A4)
    canvas.setTitle(title)
    for draw in pages:
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return path


def read(path: Path) -> Parsed:
    parsed = load_pdf(path, LIMITS)
    assert_well_formed(parsed)
    assert [page.number for page in parsed.pages] == list(range(1, len(parsed.pages) + 1))
    edges = [page.start for page in parsed.pages] + [len(parsed.text)]
    assert edges[0] == 0
    assert [page.end for page in parsed.pages] == edges[1:]
    return parsed


def lines(
    canvas: Canvas, texts: list[str], x: float = 72, y: float = TOP, size: float = 11,
    font: str = "Helvetica", leading: float = 14,
) -> float:  # fmt: skip
    """Draw lines under one another; gives the place below them."""
    canvas.setFont(font, size)
    for text in texts:
        canvas.drawString(x, y, text)
        y -= leading
    return y


BODY = [
    "Smoking is the largest single cause of preventable illness and early death in",
    "England, and most people who smoke began before they were eighteen years old.",
]


def test_paragraph_is_one_line_and_gap_parts_paragraphs(tmp_path: Path) -> None:
    def page(canvas: Canvas) -> None:
        y = lines(canvas, BODY)
        lines(canvas, ["A second paragraph stands apart."], y=y - 12)

    text = read(make(tmp_path / "a.pdf", page)).text
    assert text.split("\n\n") == [" ".join(BODY), "A second paragraph stands apart."]


def test_words_divided_at_line_end_are_joined_and_real_hyphens_stay(tmp_path: Path) -> None:
    def page(canvas: Canvas) -> None:
        lines(canvas, [
            "The programme offered brief advice to every patient who came to the inter-",
            "vention clinic and followed them for a year. People with a long-",
            "term condition, a smoke-free home or low self-esteem were seen by a nurse-",
            "practitioner first. The nurse and the practitioner both keep records of their well-",
            "being. A smoke-",
            "free home was the aim, and the commis-",
            "sioners paid for COVID-",
            "19 tests.",
        ])  # fmt: skip

    text = read(make(tmp_path / "a.pdf", page)).text
    assert "intervention clinic" in text
    assert "commissioners paid" in text
    for kept in ("long-term", "nurse-practitioner", "well-being", "smoke-free home was"):
        assert kept in text
    assert "COVID-19 tests" in text


def test_mail_address_over_line_ends_is_whole(tmp_path: Path) -> None:
    def page(canvas: Canvas) -> None:
        lines(canvas, ["For more information contact the", "team at: st.public-", "health",
                       "team@example.org"])  # fmt: skip
        lines(canvas, ["Write to your", "own@example.org about it, e.g. on help for older-",
                       "aged people"], y=600)  # fmt: skip

    text = read(make(tmp_path / "a.pdf", page)).text
    assert "team at: st.public-healthteam@example.org" in text
    assert "Write to your own@example.org about it" in text


NAMES = ("", "Introduction", "Population", "Services", "Evidence", "Summary")


def test_running_heads_feet_and_page_numbers_are_left_out(tmp_path: Path) -> None:
    def page(number: int) -> Draw:
        def draw(canvas: Canvas) -> None:
            lines(canvas, ["Tobacco needs assessment"], y=815, size=9)
            lines(canvas, [f"{NAMES[number]} says this alone."], y=TOP)
            lines(canvas, [f"Crown copyright 2020   Page {number} of 5"], y=30, size=8)

        return draw

    parsed = read(make(tmp_path / "a.pdf", *(page(n) for n in range(1, 6))))
    assert parsed.text == "\n\n".join(f"{name} says this alone." for name in NAMES[1:])
    assert [parsed.text[p.start : p.end].strip() for p in parsed.pages] == parsed.text.split("\n\n")


def test_paragraph_over_a_page_end_is_one_line_divided_by_the_pages(tmp_path: Path) -> None:
    def first(canvas: Canvas) -> None:
        lines(canvas, ["Uptake was lowest in the most deprived fifth of areas, where one in"], y=60)

    def second(canvas: Canvas) -> None:
        lines(canvas, ["three people who were invited came to be screened."])

    parsed = read(make(tmp_path / "a.pdf", first, second))
    assert "\n" not in parsed.text
    assert [parsed.text[p.start : p.end] for p in parsed.pages] == [
        "Uptake was lowest in the most deprived fifth of areas, where one in ",
        "three people who were invited came to be screened.",
    ]


def test_two_columns_are_read_one_after_the_other(tmp_path: Path) -> None:
    left = [f"left column line {n} goes on with words and" for n in range(10)] + ["left ends."]
    right = [f"Right column line {n} goes on with words and" for n in range(10)] + ["Right ends."]

    def page(canvas: Canvas) -> None:
        lines(canvas, ["A heading over both of the columns of this page"], size=18)
        lines(canvas, left, x=60, y=740)
        lines(canvas, right, x=310, y=740)

    text = read(make(tmp_path / "a.pdf", page)).text
    assert text.split("\n\n")[1:] == [" ".join(left), " ".join(right)]


def test_lists_stay_lists(tmp_path: Path) -> None:
    def page(canvas: Canvas) -> None:
        y = lines(canvas, ["Offer people who smoke:"])
        canvas.drawString(74, y, "\u2022")
        y = lines(canvas, ["very brief advice, in person, whenever they come into contact with the",
                           "services of the hospital"], x=90, y=y)  # fmt: skip
        canvas.drawString(74, y, "\u2022")
        y = lines(canvas, ["nicotine replacement"], x=90, y=y)
        y = lines(canvas, ["1. First ask about smoking."], y=y - 14)
        lines(canvas, ["2. Then advise."], y=y)

    blocks = read(make(tmp_path / "a.pdf", page)).text.split("\n\n")
    assert blocks[0].split("\n")[:3] == [
        "Offer people who smoke:",
        "- very brief advice, in person, whenever they come into contact with the services of the "
        "hospital",
        "- nicotine replacement",
    ]
    assert blocks[-1].split("\n")[-2:] == ["1. First ask about smoking.", "2. Then advise."]


def test_numbered_recommendation_stays_with_its_text_and_tag(tmp_path: Path) -> None:
    def page(canvas: Canvas) -> None:
        lines(canvas, ["1.2.3"], size=10)
        y = lines(canvas, ["Refer people who want to stop smoking to a stop smoking service, and",
                           "tell them what it offers. [2015, amended 2022]"], x=124)  # fmt: skip
        lines(canvas, ["1.2.4"], size=10, y=y - 12)
        lines(canvas, ["Ask again at the next visit. [2022]"], x=124, y=y - 12)

    assert read(make(tmp_path / "a.pdf", page)).text.split("\n\n") == [
        "1.2.3 Refer people who want to stop smoking to a stop smoking service, and tell them what "
        "it offers. [2015, amended 2022]",
        "1.2.4 Ask again at the next visit. [2022]",
    ]


def test_table_rows_keep_their_cells(tmp_path: Path) -> None:
    def page(canvas: Canvas) -> None:
        y = lines(canvas, BODY)
        y -= 20
        for row in ("Area Smokers Quitters", "Adur 21.4 310", "Arun 19.0 288"):
            for x, cell in zip((72, 200, 300), row.split(), strict=True):
                canvas.drawString(x, y, cell)
            y -= 16

    text = read(make(tmp_path / "a.pdf", page)).text
    assert text.endswith("\n\nArea | Smokers | Quitters\nAdur | 21.4 | 310\nArun | 19.0 | 288")


def test_headings_by_type_size_and_by_number_open_nested_sections(tmp_path: Path) -> None:
    def page(canvas: Canvas) -> None:
        y = lines(canvas, ["Smoking in West Sussex"], size=22, font="Helvetica-Bold", leading=40)
        y = lines(canvas, ["1.1 Who smokes"], y=y, size=14, font="Helvetica-Bold", leading=24)
        y = lines(canvas, BODY, y=y)
        y = lines(canvas, ["1.1.1 Young people"], y=y - 16, font="Helvetica-Bold", leading=22)
        lines(canvas, BODY, y=y)

    parsed = read(make(tmp_path / "a.pdf", page))
    assert [(s.heading, s.level) for s in parsed.sections] == [
        ("Smoking in West Sussex", 1), ("1.1 Who smokes", 2), ("1.1.1 Young people", 3),
    ]  # fmt: skip
    assert parsed.text[parsed.sections[2].body :] == " ".join(BODY)


def test_bookmarks_make_headings_and_give_their_levels(tmp_path: Path) -> None:
    def page(canvas: Canvas) -> None:
        y = TOP
        for level, heading in enumerate(("What was studied", "For whom", "Cost")):
            canvas.bookmarkPage(heading)
            canvas.addOutlineEntry(heading, heading, level=level)
            y = lines(canvas, [heading], y=y, leading=26)
            y = lines(canvas, BODY, y=y) - 16

    parsed = read(make(tmp_path / "a.pdf", page))
    assert [(s.heading, s.level) for s in parsed.sections] == [
        ("What was studied", 1), ("For whom", 2), ("Cost", 3),
    ]  # fmt: skip


def test_bold_chart_titles_side_by_side_are_no_heading(tmp_path: Path) -> None:
    def page(canvas: Canvas) -> None:
        lines(canvas, ["Services"], font="Helvetica-Bold")
        lines(canvas, BODY, y=750)
        lines(canvas, ["Health visitors"], y=700, font="Helvetica-Bold")
        lines(canvas, ["Childcare services"], x=380, y=700, font="Helvetica-Bold")
        lines(canvas, BODY, y=500)

    parsed = read(make(tmp_path / "a.pdf", page))
    assert [s.heading for s in parsed.sections] == ["Services"]
    assert "Health visitors Childcare services" in parsed.text


def test_bold_entry_of_a_tagged_list_is_no_heading(tmp_path: Path) -> None:
    content = b"""
        /LI <</MCID 0>> BDC BT /F1 11 Tf 72 700 Td (Better for patients) Tj ET EMC
        /LI <</MCID 1>> BDC BT 2 Tr /F1 11 Tf 72 680 Td (Better for staff) Tj 0 Tr ET EMC
        /LI <</MCID 2>> BDC BT /F1 11 Tf 72 660 Td (Better for residents) Tj ET EMC
        /P <</MCID 3>> BDC BT 2 Tr /F1 11 Tf 72 620 Td (Our work) Tj 0 Tr ET EMC
        /P <</MCID 4>> BDC BT /F1 11 Tf 72 600 Td (We help the service to use data well.) Tj ET EMC
    """
    path = tmp_path / "a.pdf"
    roles = ("LI", "LI", "LI", "P", "P")
    path.write_bytes(tagged_pdf(content, [(r, [n]) for n, r in enumerate(roles)]).getvalue())
    parsed = read(path)
    assert [s.heading for s in parsed.sections] == ["Our work"]
    assert "- Better for patients\n- Better for staff\n- Better for residents" in parsed.text


def test_contents_listing_is_dropped(tmp_path: Path) -> None:
    def contents(canvas: Canvas) -> None:
        y = lines(canvas, ["Contents"], size=16, font="Helvetica-Bold", leading=24)
        lines(canvas, [f"{n} Chapter about smoking {'.' * 60} {n + 2}" for n in range(1, 6)], y=y)

    parsed = read(make(tmp_path / "a.pdf", contents, lambda canvas: lines(canvas, BODY) and None))
    assert parsed.text == " ".join(BODY)
    assert parsed.pages[0].start == parsed.pages[0].end == 0


def test_ligatures_soft_hyphens_and_spaced_letters_are_mended(tmp_path: Path) -> None:
    def page(canvas: Canvas) -> None:
        x = 72.0
        canvas.setFont("Helvetica", 14)
        for letter in "NEEDS AND ASSETS":
            canvas.drawString(x, TOP, letter)
            x += canvas.stringWidth(letter, "Helvetica", 14) + 4
        lines(canvas, ["The word contin\u00ad"], y=720)
        lines(canvas, ["ues here."], y=706)

    text = read(make(tmp_path / "a.pdf", page)).text
    assert text.split("\n\n") == ["NEEDS AND ASSETS", "The word continues here."]


def test_glyphs_known_by_name_only_are_read(tmp_path: Path) -> None:
    writer = pypdf.PdfWriter(make(tmp_path / "a.pdf", lambda canvas: lines(
        canvas, ["It would bene!t o\"ces with a #fth."]) and None))  # fmt: skip
    names = [pypdf.generic.NameObject(name) for name in ("/f_i", "/f_f_i.alt", "/unknown_name")]
    encoding = pypdf.generic.DictionaryObject({
        pypdf.generic.NameObject("/Type"): pypdf.generic.NameObject("/Encoding"),
        pypdf.generic.NameObject("/Differences"): pypdf.generic.ArrayObject(
            [pypdf.generic.NumberObject(ord("!")), *names]),
    })  # fmt: skip
    font = next(iter(writer.pages[0]["/Resources"]["/Font"].values())).get_object()
    font[pypdf.generic.NameObject("/Encoding")] = encoding
    writer.write(tmp_path / "b.pdf")
    assert read(tmp_path / "b.pdf").text == "It would benefit offices with a /unknown_namefth."


def poster(canvas: Canvas) -> None:
    canvas.setPageSize((842, 595))
    lines(canvas, ["Five areas of care"], x=300, y=540, size=24, font="Helvetica-Bold")
    boxes = [
        (60, "Maternity", ["continuity of care", "for women from", "deprived areas"]),
        (300, "Early cancer", ["three in four cases", "found at stage", "1 or 2 by 2028"]),
        (540, "Lungs", ["vaccines for people", "with lung disease"]),
    ]
    for x, name, words in boxes:
        lines(canvas, [name], x=x, y=400, font="Helvetica-Bold")
        lines(canvas, words, x=x, y=386)
    lines(canvas, ["of mothers smoke", "at delivery"], x=60, y=200)
    lines(canvas, ["of pupils are", "overweight"], x=300, y=200)
    lines(canvas, ["19.7%"], x=300, y=216, size=15)
    lines(canvas, ["9.6%"], x=60, y=216, size=15)


def test_poster_is_read_box_by_box_with_its_figures(tmp_path: Path) -> None:
    parsed = read(make(tmp_path / "a.pdf", poster))
    assert parsed.text.split("\n\n") == [
        "Five areas of care",
        "Maternity", "continuity of care for women from deprived areas",
        "Early cancer", "three in four cases found at stage 1 or 2 by 2028",
        "Lungs", "vaccines for people with lung disease",
        "9.6% of mothers smoke at delivery", "19.7% of pupils are overweight",
    ]  # fmt: skip
    assert [s.heading for s in parsed.sections] == [
        "Five areas of care", "Maternity", "Early cancer", "Lungs",
    ]  # fmt: skip


def test_table_on_a_wide_page_is_no_poster(tmp_path: Path) -> None:
    def page(canvas: Canvas) -> None:
        canvas.setPageSize((842, 595))
        for row in range(12):
            for x, cell in ((60, f"Area {row}"), (300, f"{row + 3}.5"), (540, f"{row * 7}")):
                lines(canvas, [cell], x=x, y=500 - 20 * row)

    assert "Area 3 | 6.5 | 21\n" in read(make(tmp_path / "a.pdf", page)).text


def test_footnote_marks_do_not_touch_words_and_powers_stay(tmp_path: Path) -> None:
    shown = [
        ("Smoking is falling", ["1"], "."),
        ("Index over 30 kg/m", ["2"], ""),
        ("An area of 20 km", ["2"], ""),
        ("Inequalities such as", ["1"], ";"),
        ("A body of evidence", ["4", " 5 ", "6 (e.g.)"], " grows"),
        ("More often women", ["ii", ", iii"], ", not men"),
        ("It came 21", ["st"], "."),
        ("Of 10", ["6"], " people"),
    ]

    def page(canvas: Canvas) -> None:
        for row, (text, marks, after) in enumerate(shown):
            x, y = 72.0, TOP - 50 * row
            parts = [(text, 0, 11), *((mark, 5, 6) for mark in marks), (after, 0, 11)]
            for part, rise, size in parts:
                lines(canvas, [part], x=x, y=y + rise, size=size)
                x += canvas.stringWidth(part, "Helvetica", size)

    text = read(make(tmp_path / "a.pdf", page)).text
    assert text.split("\n\n") == [
        "Smoking is falling.", "Index over 30 kg/m2", "An area of 20 km2",
        "Inequalities such as;", "A body of evidence grows", "More often women, not men",
        "It came 21st.", "Of 10^6 people",
    ]  # fmt: skip


def test_footnotes_do_not_cut_a_sentence_that_goes_on_overleaf(tmp_path: Path) -> None:
    def first(canvas: Canvas) -> None:
        lines(canvas, BODY)
        lines(canvas, ["Most of the difference between areas is explained by the"], y=120)
        lines(canvas, ["1 Office for National Statistics, 2014."], y=60, size=8)

    def second(canvas: Canvas) -> None:
        lines(canvas, ["number of people who ever begin to smoke."])

    blocks = read(make(tmp_path / "a.pdf", first, second)).text.split("\n\n")
    assert blocks[-1] == (
        "Most of the difference between areas is explained by the number of people who ever begin "
        "to smoke."
    )
    assert "1 Office for National Statistics, 2014." in blocks


def test_chart_lettering_turned_on_its_side_is_left_out(tmp_path: Path) -> None:
    def page(canvas: Canvas) -> None:
        lines(canvas, BODY)
        canvas.saveState()
        canvas.translate(40, 400)
        canvas.rotate(90)
        canvas.drawString(0, 0, "Rate per 100,000 population")
        canvas.restoreState()

    assert read(make(tmp_path / "a.pdf", page)).text == " ".join(BODY)


def test_page_that_is_turned_as_a_whole_is_read(tmp_path: Path) -> None:
    make(tmp_path / "a.pdf", lambda canvas: lines(canvas, BODY) and None)
    writer = pypdf.PdfWriter(clone_from=tmp_path / "a.pdf")
    writer.pages[0].rotate(90)
    writer.write(tmp_path / "b.pdf")
    assert read(tmp_path / "b.pdf").text == " ".join(BODY)


@pytest.mark.parametrize("stated", ["", "Microsoft Word - draft v3.doc", "Untitled", "May 2017"])
def test_title_is_the_largest_type_where_the_file_states_none(tmp_path: Path, stated: str) -> None:
    def page(canvas: Canvas) -> None:
        y = lines(canvas, ["Smoking in West Sussex"], size=24, leading=40)
        y = lines(canvas, ["Published: 2 December 2015"], y=y)
        y = lines(canvas, ["Last updated: 29 June 2022"], y=y)
        lines(canvas, BODY, y=y - 20)

    metadata = read(make(tmp_path / "a.pdf", page, title=stated)).metadata
    assert (metadata.title, metadata.year) == ("Smoking in West Sussex", 2022)
    assert metadata.inferred == ("title", "year")


def test_stated_title_that_the_page_prints_is_taken(tmp_path: Path) -> None:
    def page(canvas: Canvas) -> None:
        lines(canvas, ["Briefing"], size=30)
        lines(canvas, ["Tobacco control in West Sussex: needs assessment"], y=700)

    path = make(tmp_path / "a.pdf", page, title="Tobacco control in West Sussex: needs assessment")
    assert read(path).metadata.title == "Tobacco control in West Sussex: needs assessment"


def test_nice_guidance_is_known_by_its_copyright_line_and_number(tmp_path: Path) -> None:
    def page(canvas: Canvas) -> None:
        lines(canvas, ["Tobacco: preventing uptake"], size=24)
        lines(canvas, ["www.nice.org.uk/guidance/ng209"], y=700)
        lines(canvas, ["\u00a9 NICE 2025. All rights reserved. Subject to Notice of rights."], y=40)

    metadata = read(make(tmp_path / "a.pdf", page)).metadata
    assert (metadata.publisher, metadata.guidance_id) == ("NICE", "NG209")
    assert metadata.licence == "\u00a9 NICE, subject to notice of rights"
    assert {"publisher", "guidance_id", "licence"} <= set(metadata.inferred)


def test_works_and_bodies_only_mentioned_are_not_taken_for_its_own(tmp_path: Path) -> None:
    def page(canvas: Canvas) -> None:
        y = lines(canvas, ["A brief review of models"], size=24, leading=40)
        lines(canvas, ["The World Health Organization has published figures for every country. A",
                       "trial by Smith and others (doi: 10.1192/bjp.bp.116) found none."],
              y=y)  # fmt: skip

    metadata = read(make(tmp_path / "a.pdf", page)).metadata
    assert (metadata.publisher, metadata.doi) == ("", "")


def test_own_doi_publisher_and_authors_are_taken(tmp_path: Path) -> None:
    def page(canvas: Canvas) -> None:
        canvas.setAuthor("Ann Example; Windows User")
        y = lines(canvas, ["A trial of text messages"], size=24, leading=40)
        lines(canvas, ["https://doi.org/10.1000/xyz.123", "World Health Organization"], y=y)

    metadata = read(make(tmp_path / "a.pdf", page)).metadata
    assert metadata.doi == "10.1000/xyz.123"
    assert metadata.publisher == "World Health Organization"
    assert metadata.authors == ("Ann Example",)


def encrypted(path: Path, password: str, tmp_path: Path) -> Path:
    writer = pypdf.PdfWriter(clone_from=path)
    writer.encrypt(user_password=password, owner_password="x", algorithm="AES-256")  # noqa: S106
    target = tmp_path / f"encrypted{password}.pdf"
    writer.write(target)
    return target


def test_file_encrypted_with_an_empty_password_opens(tmp_path: Path) -> None:
    path = make(tmp_path / "a.pdf", lambda canvas: lines(canvas, BODY) and None)
    assert read(encrypted(path, "", tmp_path)).text == " ".join(BODY)


def picture(canvas: Canvas) -> None:
    canvas.drawImage(ImageReader(Image.new("RGB", (40, 40), "grey")), 100, 400, 300, 300)


def test_each_unreadable_file_says_what_to_do(tmp_path: Path) -> None:
    whole = make(tmp_path / "whole.pdf", *[lambda canvas: lines(canvas, BODY) and None] * 3)
    cut = tmp_path / "cut.pdf"
    cut.write_bytes(whole.read_bytes()[:300])
    expected = {
        encrypted(whole, "secret", tmp_path): "needs a password: save a copy without one",
        make(tmp_path / "scan.pdf", picture): "no text layer: needs OCR",
        make(tmp_path / "blank.pdf", lambda canvas: None): "no text layer: needs OCR",
        cut: "broken PDF (",
    }
    for path, words in expected.items():
        with pytest.raises(UnreadableFile) as caught:
            load_pdf(path, LIMITS)
        assert str(caught.value).startswith(words)
        assert path.name not in str(caught.value)
    with pytest.raises(UnreadableFile, match="3 pages, over the limit of 2: split it, or raise"):
        load_pdf(whole, Reading(max_pages=2))


def test_pages_without_text_are_named_in_a_note(tmp_path: Path) -> None:
    path = make(tmp_path / "a.pdf", lambda canvas: lines(canvas, BODY) and None, picture, picture)
    (note,) = read(path).notes
    assert note.startswith("without text: pages 2, 3 (blank, or pictures that need OCR: set ocr =")


def test_warnings_of_the_parser_become_a_note(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    path = make(tmp_path / "a.pdf", lambda canvas: lines(canvas, BODY) and None)
    damaged = re.sub(rb"startxref\s+\d+", b"startxref\n99", path.read_bytes())
    path.write_bytes(damaged)
    with caplog.at_level(logging.WARNING):
        parsed = load_pdf(path, LIMITS)
    assert parsed.text == " ".join(BODY)
    assert any("departs from the PDF standard" in note for note in parsed.notes)
    assert not caplog.records
    assert capfd.readouterr() == ("", "")


def tagged_pdf(content: bytes, elements: list[tuple[str, list[int]]]) -> io.BytesIO:
    """A one-page tagged file; elements are roles with the numbers of their marked content."""
    from pypdf.generic import (
        ArrayObject,
        DecodedStreamObject,
        DictionaryObject,
        NameObject,
        NumberObject,
    )  # fmt: skip

    writer = pypdf.PdfWriter()
    page = writer.add_blank_page(595, 842)
    stream = DecodedStreamObject()
    stream.set_data(content)
    page[NameObject("/Contents")] = writer._add_object(stream)
    font = DictionaryObject({
        NameObject("/Type"): NameObject("/Font"), NameObject("/Subtype"): NameObject("/Type1"),
        NameObject("/BaseFont"): NameObject("/Helvetica"),
    })  # fmt: skip
    page[NameObject("/Resources")] = DictionaryObject(
        {NameObject("/Font"): DictionaryObject({NameObject("/F1"): font})}
    )
    kids = ArrayObject(
        DictionaryObject({
            NameObject("/S"): NameObject(f"/{role}"), NameObject("/Pg"): page.indirect_reference,
            NameObject("/K"): ArrayObject(NumberObject(number) for number in numbers),
        })
        for role, numbers in elements
    )  # fmt: skip
    root = DictionaryObject({NameObject("/K"): kids})
    writer._root_object[NameObject("/StructTreeRoot")] = writer._add_object(root)
    target = io.BytesIO()
    writer.write(target)
    return target


def test_tags_decide_on_order_headings_and_running_heads(tmp_path: Path) -> None:
    content = b"""
        /Artifact <</Type /Pagination>> BDC BT /F1 9 Tf 72 820 Td (Running head) Tj ET EMC
        /P <</MCID 1>> BDC BT /F1 11 Tf 72 700 Td (Smoking is falling among) Tj ET EMC
        /H2 <</MCID 0>> BDC BT /F1 11 Tf 72 740 Td (Trends) Tj ET EMC
        /P <</MCID 2>> BDC BT /F1 11 Tf 72 500 Td (adults in England.) Tj ET EMC
        /Figure <</MCID 3>> BDC BT /F1 11 Tf 300 500 Td (Per cent) Tj ET EMC
    """
    elements = [("H2", [0]), ("P", [1, 2]), ("Figure", [3])]
    path = tmp_path / "a.pdf"
    path.write_bytes(tagged_pdf(content, elements).getvalue())
    parsed = read(path)
    assert parsed.text == "Trends\n\nSmoking is falling among adults in England."
    assert [(s.heading, s.level) for s in parsed.sections] == [("Trends", 2)]


def test_framed_text_tagged_before_all_other_text_is_put_in_its_place(tmp_path: Path) -> None:
    content = b"""
        /P <</MCID 0>> BDC BT /F1 11 Tf 72 500 Td (A quotation in a frame.) Tj ET EMC
        /P <</MCID 1>> BDC BT /F1 11 Tf 72 740 Td (The first paragraph.) Tj ET EMC
        /P <</MCID 2>> BDC BT /F1 11 Tf 72 700 Td (The second paragraph.) Tj ET EMC
    """
    path = tmp_path / "a.pdf"
    path.write_bytes(tagged_pdf(content, [("P", [0]), ("P", [1]), ("P", [2])]).getvalue())
    assert read(path).text.split("\n\n") == [
        "The first paragraph.", "The second paragraph.", "A quotation in a frame.",
    ]  # fmt: skip


def test_real_two_column_page_is_joined_right(shared_data: Path) -> None:
    parsed = read(shared_data / "awkward" / "sample-files-multicolumn.pdf")
    for joined in ("adipiscing elit", "ultricies", "bibendum", "convallis"):
        assert joined in parsed.text
    assert not re.search(r"\w-\s", parsed.text)
    assert [s.heading for s in parsed.sections][-1] == "Abstract"


def test_real_guideline_is_clean(shared_data: Path) -> None:
    parsed = read(shared_data / "documents" / "nice" / "NG28.pdf")
    for line in parsed.text.split("\n"):
        assert not re.search(r"All rights reserved|Page \d+ of|\(NG28\)$|\.{5}", line)
    metadata = parsed.metadata
    assert (metadata.title, metadata.publisher, metadata.year, metadata.guidance_id) == (
        "Type 2 diabetes in adults: management", "NICE", 2022, "NG28",
    )  # fmt: skip
    headings = {s.heading: s.level for s in parsed.sections}
    assert headings["1.6 Blood glucose management"] < headings["HbA1c measurement and targets"]
    assert re.search(r"^1\.6\.1 Measure HbA1c levels .* every:\n- 3 to 6 months .*\n- 6 months",
                     parsed.text, re.MULTILINE)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("OCRmyPDF-invalid.pdf", "broken PDF"),
        ("OCRmyPDF-blank.pdf", "no text layer: needs OCR"),
        ("ws-jsna.github.io-Female-Life-Expectancy-MSOA-2009-13.pdf", "no text layer: needs OCR"),
        ("sample-files-libreoffice-writer-password.pdf", "needs a password"),
    ],
)
def test_real_unreadable_files(shared_data: Path, name: str, words: str) -> None:
    with pytest.raises(UnreadableFile, match=words):
        load_pdf(shared_data / "awkward" / name, LIMITS)


def test_real_letter_spaced_and_encrypted_files(shared_data: Path) -> None:
    awkward = shared_data / "awkward"
    spaced = read(awkward / "ws-jsna.github.io-CYP-Outcomes-revised-August-2016.pdf")
    assert "A WALK THROUGH THE OUTCOMES" in spaced.text
    opened = read(awkward / "saloe-RCUK-Paediatric-Emergency-Algorithms-2026.pdf")
    assert len(opened.pages) == 15


@pytest.mark.parametrize("figure", ["0.4 to 0.7", "0.7) and lower later"])
def test_a_figure_at_the_start_of_a_line_does_not_cut_the_sentence(
    tmp_path: Path, figure: str
) -> None:
    texts = [
        "HbA1c was half a percentage point lower at six months (95% CI",
        f"{figure} in fourteen trials of people with diabetes who were",
        "offered education in their own language.",
    ]
    text = read(make(tmp_path / "a.pdf", lambda canvas: lines(canvas, texts))).text
    assert text == " ".join(texts)
