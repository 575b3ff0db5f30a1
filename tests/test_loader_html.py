"""Web pages: the main text with its headings, lists and tables; no menus and scripts."""

from __future__ import annotations

from pathlib import Path

import pytest
from well_formed import assert_well_formed

from retriever.config import Reading
from retriever.errors import UnreadableFile
from retriever.loaders import read
from retriever.schema import Parsed

PROSE = "Screening uptake rose by five points when letters came from the person's own practice. "

PAGE = f"""<!DOCTYPE html>
<html lang="en"><head>
<meta charset="utf-8"><title>Bowel screening - Anytown Council</title>
<meta name="author" content="Anna Writer"><meta property="og:site_name" content="Anytown Council">
<meta property="article:published_time" content="2019-05-06">
<link rel="canonical" href="https://example.org/screening">
<script>var hidden = "never shown";</script><style>p {{ color: red }}</style>
</head><body>
<nav><ul><li><a href="/">Home</a></li><li><a href="/b">Contact us</a></li></ul></nav>
<main><article>
<h1>Bowel screening</h1>
<p>{PROSE * 3}</p>
<h2>What was <em>done</em></h2>
<p>{PROSE * 2}Fewer than 5 &lt; 7 &amp; more.</p>
<ul><li>a first letter</li><li>a reminder<ul><li>by text message</li></ul></li></ul>
<table><tr><th>Area</th><th>Uptake</th></tr><tr><td>North</td><td>51%</td></tr></table>
<p onclick="steal()">&lt;script&gt;alert(1)&lt;/script&gt; is shown as words. {PROSE}</p>
</article></main>
<footer><p>Cookies and privacy</p></footer>
</body></html>"""


def load(folder: Path, content: str | bytes) -> Parsed:
    path = folder / "page.pdf"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    media_type, parsed = read(path, Reading())
    assert media_type == "text/html"
    assert_well_formed(parsed)
    return parsed


def test_a_page_gives_its_main_text_and_structure(tmp_path: Path) -> None:
    parsed = load(tmp_path, PAGE)
    prose = PROSE.strip()
    assert parsed.text == (
        f"Bowel screening\n\n{prose} {prose} {prose}\n\n"
        f"What was done\n\n{prose} {prose} Fewer than 5 < 7 & more.\n\n"
        "- a first letter\n- a reminder\n- by text message\n\n"
        "Area | Uptake\nNorth | 51%\n\n"
        f"<script>alert(1)</script> is shown as words. {prose}"
    )
    assert [(s.level, s.heading) for s in parsed.sections] == [
        (1, "Bowel screening"), (2, "What was done"),
    ]  # fmt: skip
    assert parsed.pages == ()


def test_a_page_states_its_metadata(tmp_path: Path) -> None:
    metadata = load(tmp_path, PAGE).metadata
    assert metadata.title == "Bowel screening"
    assert metadata.authors == ("Anna Writer",)
    assert metadata.publisher == "Anytown Council"
    assert metadata.year == 2019
    assert metadata.url == "https://example.org/screening"
    assert metadata.inferred == ("title", "authors", "publisher", "year", "url")


def test_the_address_of_a_trial_copy_is_not_kept(tmp_path: Path) -> None:
    page = PAGE.replace("https://example.org", "http://localhost:4000")
    assert load(tmp_path, page).metadata.url == ""


@pytest.mark.parametrize(
    "body",
    [
        "<h1>Sign in</h1><form><input name=user><input type=password></form>",
        "<h1>404</h1><p>The page you asked for was not found.</p>",
        "<div id=root></div><script>" + "var data = [1, 2, 3];" * 5000 + "</script>",
        "",
    ],
)
def test_a_page_with_hardly_any_text_says_what_to_do(tmp_path: Path, body: str) -> None:
    path = tmp_path / "report.pdf"
    path.write_text(f"<!DOCTYPE html><html><body>{body}</body></html>", encoding="utf-8")
    words = "a web page with hardly any text .*sign-in or error page.*save it as PDF and add that"
    with pytest.raises(UnreadableFile, match=words):
        read(path, Reading())


def test_an_old_page_in_windows_encoding_is_read(tmp_path: Path) -> None:
    page = f"<html><body><h1>Costs</h1><p>It cost £5 – “fair”. {PROSE * 4}</p></body></html>"
    assert "It cost £5 – “fair”." in load(tmp_path, page.encode("cp1252")).text


def test_main_content_of_real_pages_is_not_lost(shared_data: Path) -> None:
    files = sorted((shared_data / "documents").rglob("*.html"))
    assert files
    for path in files:
        _, parsed = read(path, Reading())
        assert_well_formed(parsed)
        assert len(parsed.text) > 3000, path.name
        assert parsed.metadata.publisher == "West Sussex JSNA Website"
