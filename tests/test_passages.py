import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retriever.config import Passages
from retriever.passages import cut, heading_line, retrieval_text
from retriever.schema import Document, Metadata, Page, Section
from retriever.sentences import spans


def count_words(texts):
    return [len(text.split()) for text in texts]


def document(text, sections=(), pages=(), title="Title"):
    return Document("d", "d.md", "text/markdown", "0", text, pages, sections, Metadata(title=title))


def test_passages_follow_sections_and_leave_headings_out_of_the_quotation():
    text = "Before.\n\nOne\n\nFirst text.\n\nTwo\n\nSecond text."
    one, two = text.index("One"), text.index("Two")
    sections = (Section("One", 1, one, one + 5, two), Section("Two", 2, two, two + 5, len(text)))
    passages = cut(document(text, sections), Passages(), count_words)
    assert [(p.section, p.text) for p in passages] == [
        ((), "Before."),
        (("One",), "First text."),
        (("Two",), "Second text."),
    ]
    assert retrieval_text("Title", passages[1]) == "Title › One\nFirst text."


def test_a_passage_names_the_pages_it_stands_on():
    text = "First page text. More of it."
    pages = (Page(1, 0, 17), Page(2, 17, len(text)))
    passages = cut(document(text, pages=pages), Passages(), count_words)
    assert passages[0].pages == (1, 2)
    passages = cut(document(text, pages=pages, title=""), Passages(max_tokens=5), count_words)
    assert [p.pages for p in passages] == [(1, 1), (2, 2)]


def test_a_list_stays_with_its_stem():
    text = (
        " ".join(["Words come first here."] * 5) + "\n\nOffer help to those who:\n- smoke\n- drink"
    )
    passages = cut(document(text), Passages(max_tokens=24, overlap_sentences=0), count_words)
    assert len(passages) > 1
    assert passages[-1].text.endswith("Offer help to those who:\n- smoke\n- drink")


def test_a_title_of_many_words_leaves_room_for_the_text():
    assert len(heading_line("word " * 300, ["heading " * 100] * 5).split()) < 70


@settings(max_examples=60)
@given(
    st.lists(st.integers(1, 30), min_size=1, max_size=40),
    st.integers(10, 40),
    st.integers(0, 2),
)
def test_no_sentence_is_cut_lost_or_too_much_for_the_model(lengths, room, overlap):
    text = " ".join("Word" + " word" * (n - 1) + "." for n in lengths)
    whole = spans(text)
    passages = cut(document(text, title=""), Passages(room + 2, overlap), count_words)
    starts, ends = {a for a, _ in whole}, {b for _, b in whole}
    for passage in passages:
        assert text[passage.start : passage.end] == passage.text
        assert passage.start in starts
        assert passage.end in ends
        held = [s for s in whole if passage.start <= s[0] and s[1] <= passage.end]
        assert len(passage.text.split()) <= room or len(held) == 1
    covered = {s for p in passages for s in whole if p.start <= s[0] and s[1] <= p.end}
    assert covered == set(whole)
    assert [p.start for p in passages] == sorted({p.start for p in passages})


@pytest.mark.parametrize("overlap", [0, 1, 2])
def test_consecutive_passages_share_as_many_sentences_as_the_settings_say(overlap):
    text = " ".join(f"Sentence number {n} stands here." for n in range(12))
    passages = cut(document(text, title=""), Passages(22, overlap), count_words)
    assert len(passages) > 2
    for one, two in itertools.pairwise(passages):
        shared = text[two.start : one.end]
        assert shared.count("Sentence number") == overlap
