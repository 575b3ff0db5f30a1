"""Plain text and Markdown: paragraphs, headings, lists and tables, without marks and code."""

from __future__ import annotations

from pathlib import Path

import pytest
from well_formed import assert_well_formed

from retriever.config import Reading
from retriever.loaders import read
from retriever.schema import Parsed


def load(folder: Path, content: str, encoding: str = "utf-8") -> Parsed:
    path = folder / "file"
    path.write_bytes(content.encode(encoding))
    _, parsed = read(path, Reading())
    assert_well_formed(parsed)
    return parsed


def outline(parsed: Parsed) -> list[tuple[int, str]]:
    return [(section.level, section.heading) for section in parsed.sections]


def test_plain_text_has_its_wrapped_lines_joined(tmp_path: Path) -> None:
    parsed = load(tmp_path, "One sentence goes\nover two lines.\r\n\r\nAnother\tparagraph.\n")
    assert parsed.text == "One sentence goes over two lines.\n\nAnother paragraph."
    assert (parsed.pages, parsed.sections) == ((), ())


def test_plain_text_lists_are_kept_as_lists(tmp_path: Path) -> None:
    parsed = load(tmp_path, "Offer:\n- one thing\n  or the other\n* two\n1. first\n(b) second\n")
    assert parsed.text == "Offer:\n\n- one thing or the other\n- two\n1. first\n(b) second"


def test_plain_text_headings_are_told_by_number_capitals_and_underline(tmp_path: Path) -> None:
    parsed = load(
        tmp_path,
        "A REPORT\n\n1 Background\n\nText.\n\n1.1 Who was asked\n\nText.\n\n"
        "1.1.2 Offer support to everyone who smokes, and do so at each visit to any clinic.\n\n"
        "Results\n-------\nText.\n",
    )
    assert outline(parsed) == [
        (1, "A REPORT"), (1, "1 Background"), (2, "1.1 Who was asked"), (2, "Results"),
    ]  # fmt: skip
    assert parsed.metadata.title == "A REPORT"
    assert parsed.metadata.inferred == ("title",)


def test_markup_in_plain_text_is_only_text(tmp_path: Path) -> None:
    words = "Never run <script>alert('x')</script> or <b>this</b> & that."
    assert load(tmp_path, words).text == words


def test_windows_text_comes_with_a_note(tmp_path: Path) -> None:
    parsed = load(tmp_path, "It cost £5 – “fine”.", "cp1252")
    assert parsed.text == "It cost £5 – “fine”."
    assert "Windows-1252" in parsed.notes[0]


def test_invisible_marks_and_ligatures_are_resolved(tmp_path: Path) -> None:
    assert load(tmp_path, "A \ufb01nd\u00ading of\u00a0the\u200b of\ufb01ce").text == (
        "A finding of the office"
    )


MARKDOWN = """---
title: "Smoking in *Anytown*"
author: 'B. Writer'
date: 2021-03-04
format:
  html:
    toc: true
---

# Smoking

Intro with **strong**, *slanted* and `code` words, a [link](https://example.org) and ![](a.png)
a wrapped line.[^1]

```{r}
secret <- 1
```

Setext heading
--------------

::: {.callout-note}
Inside a box with <span class="x">markup</span>.
:::

<div>raw block</div>

### Deep {#deep .unnumbered}

- one
- two with
  a second line
    - nested

3. third
4. fourth

| Area | Rate |
|------|-----:|
| A    |  12% |
| B    |      |

> Quoted words.

{% include nav.html %}
{{< pagebreak >}}

[^1]: The note.
"""


def test_markdown_gives_its_prose_and_structure(tmp_path: Path) -> None:
    parsed = load(tmp_path, MARKDOWN)
    assert parsed.text == (
        "Smoking\n\n"
        "Intro with strong, slanted and code words, a link and a wrapped line.\n\n"
        "Setext heading\n\n"
        "Inside a box with markup.\n\n"
        "Deep\n\n"
        "- one\n- two with a second line\n- nested\n\n"
        "3. third\n4. fourth\n\n"
        "Area | Rate\nA | 12%\nB\n\n"
        "Quoted words.\n\n"
        "The note."
    )
    assert outline(parsed) == [(1, "Smoking"), (2, "Setext heading"), (3, "Deep")]
    metadata = parsed.metadata
    assert metadata.title == "Smoking in Anytown"
    assert (metadata.authors, metadata.year) == (("B. Writer",), 2021)
    assert metadata.inferred == ("title", "authors", "year")


def test_markdown_without_front_matter_takes_its_title_from_the_first_heading(
    tmp_path: Path,
) -> None:
    parsed = load(tmp_path, "## A\n\nText.\n\n# The title\n\nText.")
    assert parsed.metadata.title == "The title"
    assert parsed.metadata.authors == ()


@pytest.mark.parametrize("date", ["today", "last-modified"])
def test_a_date_without_a_year_gives_none(tmp_path: Path, date: str) -> None:
    assert load(tmp_path, f"---\ntitle: A\ndate: {date}\n---\nText.").metadata.year is None


def test_values_that_are_computed_on_publishing_are_marked_and_noted(tmp_path: Path) -> None:
    parsed = load(tmp_path, "# A\n\nUptake was `r round(x, 1)`% of `{python} n` people.")
    assert parsed.text.endswith("Uptake was […]% of […] people.")
    assert parsed.notes[0].startswith("2 value(s) that this file computes")


def test_no_code_or_template_is_left_in_real_files(shared_data: Path) -> None:
    folder = shared_data / "documents"
    files = [path for kind in ("md", "qmd") for path in sorted(folder.rglob(f"*.{kind}"))]
    assert files
    for path in files:
        _, parsed = read(path, Reading())
        assert_well_formed(parsed)
        assert parsed.metadata.title, path.name
        for mark in ("```", "library(", "<-", "{%", "{{", ":::", "](", "{.", "**"):
            assert mark not in parsed.text, (path.name, mark)
