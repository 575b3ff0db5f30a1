"""Journal articles as JATS XML."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path

import pytest
from well_formed import assert_well_formed

from retriever.config import Reading
from retriever.errors import UnreadableFile
from retriever.loaders import read
from retriever.schema import Parsed

FRONT = """<front><journal-meta><journal-title-group>
<journal-title>Journal of Things</journal-title></journal-title-group></journal-meta><article-meta>
<article-id pub-id-type="pmid">1</article-id><article-id pub-id-type="doi">10.1000/abc</article-id>
<title-group><article-title>A <italic>randomised</italic> trial of letters<fn><p>x</p></fn>
</article-title></title-group>
<contrib-group><contrib contrib-type="author"><name><surname>One</surname>
<given-names>Ann B</given-names></name><xref ref-type="aff"><sup>1</sup></xref></contrib>
<contrib contrib-type="author"><collab>The Group</collab></contrib>
<contrib contrib-type="editor"><name><surname>Ed</surname></name></contrib></contrib-group>
<aff>University of Nowhere</aff>
<pub-date><year>2012</year></pub-date><pub-date><year>2011</year></pub-date>
<permissions><license xlink:href="http://creativecommons.org/licenses/by/4.0/"
 xmlns:xlink="http://www.w3.org/1999/xlink"><license-p>Open.</license-p></license></permissions>
<abstract><sec><title>Aim</title><p>To test letters.</p></sec></abstract>
</article-meta></front>"""

BODY = """<body>
<sec><label>1</label><title>Methods</title><p>We sent <bold>600</bold> letters [<xref
 ref-type="bibr">4</xref>] at 10<sup>6</sup> copies/m<sup>2</sup>, H<sub>2</sub>O.</p>
<sec><title>Outcomes</title><p>Two:<list list-type="bullet"><list-item><p>uptake</p></list-item>
<list-item><label>(b)</label><p>cost</p></list-item></list>and no more.</p></sec></sec>
<sec><title>Results</title><p>Uptake rose (<italic>p </italic>&lt; 0.05).</p>
<table-wrap><label>Table 1</label><caption><title>Uptake by arm</title><p>All ages.</p></caption>
<table><thead><tr><th>Arm</th><th>Uptake</th></tr></thead><tbody><tr><td>Letter</td><td>5<break/>1%</td>
</tr></tbody></table><table-wrap-foot><fn><p>Per cent.</p></fn></table-wrap-foot></table-wrap>
<fig><label>Figure 1</label><caption><p>Flow of people.</p></caption><graphic/></fig></sec>
</body><back><ack><p>Thanks.</p></ack><ref-list><ref><mixed-citation>Cited</mixed-citation></ref>
</ref-list></back>"""

TEXT = """A randomised trial of letters

Abstract

Aim

To test letters.

1 Methods

We sent 600 letters [4] at 10⁶ copies/m², H2O.

Outcomes

Two:

- uptake
(b) cost

and no more.

Results

Uptake rose (p < 0.05).

Table 1 Uptake by arm

All ages.

Arm | Uptake
Letter | 5 1%

Per cent.

Figure 1 Flow of people."""


def load(folder: Path, content: str, head: str = "<article>") -> Parsed:
    path = folder / "article.xml"
    path.write_text(f"{head}{content}</article>", encoding="utf-8")
    media_type, parsed = read(path, Reading())
    assert media_type == "application/jats+xml"
    assert_well_formed(parsed)
    return parsed


@pytest.mark.parametrize("head", ["<article>", '<article xmlns="http://jats.nlm.nih.gov">'])
def test_an_article_gives_its_text_without_apparatus(tmp_path: Path, head: str) -> None:
    parsed = load(tmp_path, FRONT + BODY, head)
    assert parsed.text == TEXT
    assert [(s.level, s.heading) for s in parsed.sections] == [
        (1, "A randomised trial of letters"), (2, "Abstract"), (3, "Aim"), (2, "1 Methods"),
        (3, "Outcomes"), (2, "Results"),
    ]  # fmt: skip
    assert parsed.pages == ()


def test_an_article_states_its_metadata(tmp_path: Path) -> None:
    metadata = load(tmp_path, FRONT + BODY).metadata
    assert metadata.title == "A randomised trial of letters"
    assert metadata.authors == ("Ann B One", "The Group")
    assert metadata.publisher == "Journal of Things"
    assert metadata.year == 2011
    assert (metadata.doi, metadata.url) == ("10.1000/abc", "https://doi.org/10.1000/abc")
    assert metadata.licence == "CC BY 4.0"
    assert metadata.source_type == "randomised-trial"
    assert metadata.inferred == (
        "title", "authors", "publisher", "year", "url", "doi", "licence", "source_type",
    )  # fmt: skip


DOCTYPE = '<!DOCTYPE article PUBLIC "-//NLM//DTD JATS 1.0//EN" "JATS.dtd" {}><article>'


def test_named_entities_of_the_dtd_are_read_without_it(tmp_path: Path) -> None:
    body = "<body><p>5&nbsp;&plusmn;&nbsp;1</p></body>"
    parsed = load(tmp_path, FRONT + body, DOCTYPE.format(""))
    assert parsed.text.endswith("5 ± 1")


def test_entities_are_never_expanded_nor_files_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret", encoding="utf-8")
    subset = f'[<!ENTITY own "swollen"><!ENTITY file SYSTEM "{secret.as_uri()}">]'
    body = "<body><p>A &own; B &file; C</p></body>"
    parsed = load(tmp_path, FRONT + body, DOCTYPE.format(subset))
    assert parsed.text.endswith("A &own; B &file; C")


def test_entities_that_would_fill_the_memory_are_refused(tmp_path: Path) -> None:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    head = DOCTYPE.format(f'[<!ENTITY l0 "lol">{levels}]')
    with pytest.raises(UnreadableFile, match="broken XML"):
        load(tmp_path, f"{FRONT}<body><p>&l9;</p></body>", head)


def test_broken_xml_says_so(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"broken XML \(.*\): fetch the article again"):
        load(tmp_path, f"{FRONT}<body><p>cut off")


@pytest.fixture(scope="module")
def articles() -> dict[str, Parsed]:
    folder = Path(__file__).resolve().parents[2] / "shared/data/evidence-inference/articles"
    if not folder.is_dir():
        pytest.skip("the development data is not beside this checkout")
    return {path.stem: read(path, Reading())[1] for path in sorted(folder.iterdir())}


def test_every_real_article_is_read_with_its_metadata(articles: dict[str, Parsed]) -> None:
    assert len(articles) == 260
    for name, parsed in articles.items():
        assert_well_formed(parsed)
        metadata = parsed.metadata
        assert metadata.title, name
        assert metadata.authors, name
        assert metadata.publisher, name
        assert metadata.year, name


def bare(text: str) -> str:
    """Leave out white space, cell borders and whether digits are raised."""
    return re.sub(r"[\s|]+", "", unicodedata.normalize("NFKC", text)).replace("\u2212", "-")


def test_quotations_that_people_took_from_real_articles_are_found(
    articles: dict[str, Parsed], shared_data: Path
) -> None:
    lines = (shared_data / "evidence-inference" / "questions.jsonl").read_text("utf-8").splitlines()
    texts = {name: bare(parsed.text) for name, parsed in articles.items()}
    questions = [json.loads(line) for line in lines]
    found = [bare(quote) in texts[q["document_id"]] for q in questions for quote in q["quotes"]]
    assert sum(found) >= 0.99 * len(found)
