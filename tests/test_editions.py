"""Copies and other editions are told from documents that only speak of the same."""

from __future__ import annotations

import pytest
from conftest import MakeLibrary
from mixed_files import report

from retriever.editions import (
    ALIKE,
    Known,
    Like,
    Shelf,
    catch_up,
    differences,
    in_common,
    sketch,
)
from retriever.schema import Metadata

FIRST = report().decode()


def known(path: str, text: str, **values: str) -> Known:
    return Known(path, Metadata(**values), sketch(text), lambda: text)  # type: ignore[arg-type]


@pytest.mark.parametrize(("changed", "alike"), [(0, True), (2, True), (4, True), (8, False)])
def test_alike_means_that_most_of_the_text_is_the_same(changed: int, alike: bool) -> None:
    shelf = Shelf([known("first.md", FIRST)])
    text = report("second", changed).decode()
    found = shelf.like(Metadata(), sketch(text), text)
    assert [like.path for like in found] == (["first.md"] if alike else [])


def test_shares_are_those_of_each_text(
) -> None:
    text = "one two three four five six seven"
    of_new, of_held, together = in_common(text, text + " eight nine ten")
    assert (of_new, of_held) == (1.0, 0.5)
    assert together == 0.5 > ALIKE


def test_case_and_line_breaks_make_no_other_text() -> None:
    assert in_common("One two\nthree FOUR five six", "one two three four five six")[2] == 1.0


@pytest.mark.parametrize("text", ["", "…!", "word", "two words"])
def test_short_texts_do_no_harm(text: str) -> None:
    shelf = Shelf([known("a.md", text), known("b.md", FIRST)])
    found = shelf.like(Metadata(), sketch(text), text)
    assert [like.path for like in found] == (["a.md"] if text[:1].isalpha() else [])


@pytest.mark.parametrize(
    ("ours", "theirs", "number", "doi"),
    [
        ({"guidance_id": "NG 28"}, {"guidance_id": "ng28"}, True, False),
        ({"doi": "10.1/ABC"}, {"doi": "10.1/abc"}, False, True),
        ({"guidance_id": "", "doi": ""}, {"guidance_id": "", "doi": ""}, None, None),
        ({"guidance_id": "NG28"}, {"guidance_id": "NG29"}, None, None),
    ],
)
def test_the_same_number_is_another_edition_whatever_the_text(
    ours: dict[str, str], theirs: dict[str, str], number: bool | None, doi: bool | None
) -> None:
    shelf = Shelf([known("old.md", "Quite another text than that.", **theirs)])
    text = "Words of the new one."
    found = shelf.like(Metadata(**ours), sketch(text), text)  # type: ignore[arg-type]
    expected = [] if number is None else [Like("old.md", number, bool(doi), 0.0, 0.0)]
    assert found == expected


def test_the_most_alike_comes_first() -> None:
    shelf = Shelf([known("far.md", report("x", 4).decode()), known("near.md", FIRST)])
    text = report("y", 1).decode()
    assert [one.path for one in shelf.like(Metadata(), sketch(text), text)] == ["near.md", "far.md"]


def test_differences_are_the_lines_that_are_not_in_both() -> None:
    held, new = "Title\n\nSame.\n\nOld words.", "Title\n\nSame.\n\nNew words.\n\nMore."
    assert differences(held, new, 5) == [("Old words.", "New words.\n\nMore.")]
    assert differences(held, held, 5) == []


def test_the_library_is_sketched_and_what_left_it_is_forgotten(make_library: MakeLibrary) -> None:
    library = make_library({"uptake.md": FIRST, "calls.md": "# Calls\n\nCalls did not help.\n"})
    assert Shelf.of_library(library.index_folder).known == []
    told = []
    catch_up(library.index_folder, told.append)
    assert [one.item for one in told] == ["calls.md", "uptake.md"]
    shelf = Shelf.of_library(library.index_folder)
    text = report("second", 2).decode()
    assert [one.path for one in shelf.like(Metadata(), sketch(text), text)] == ["uptake.md"]

    (library.corpus / "uptake.md").unlink()
    library.index()
    catch_up(library.index_folder)
    assert [one.path for one in Shelf.of_library(library.index_folder).known] == ["calls.md"]


def test_a_damaged_file_of_sketches_is_made_anew(make_library: MakeLibrary) -> None:
    library = make_library({"uptake.md": FIRST})
    catch_up(library.index_folder)
    (library.index_folder / "editions.npz").write_bytes(b"PK torn")
    assert Shelf.of_library(library.index_folder).known == []
    catch_up(library.index_folder)
    assert len(Shelf.of_library(library.index_folder).known) == 1
