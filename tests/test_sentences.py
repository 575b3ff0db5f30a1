import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retriever.sentences import spans, units


def sentences(text):
    return [text[a:b] for a, b in spans(text)]


@pytest.mark.parametrize(
    "text",
    [
        "Uptake rose (p<0.05; 95% CI 1.2 to 1.5).",
        "Smith et al. found that e.g. text reminders helped.",
        "Dr. Jones (U.K.) agreed with Prof. Khan.",
        "It cost £1.5m vs. £2m a year.",
        "See Fig. 3 and No. 5 for the U.S. figures.",
        "The person's HbA1c fell by 0.5% in the patient's own words.",
        "1.2.3 Offer advice to everyone who smokes.",
        "E. coli was found in 3 samples.",
        "(It rose at first. Then it fell again.)",
        "Offer metformin to adults with type 2 diabetes. [2015, amended 2022]",
    ],
)
def test_one_sentence_stays_whole(text):
    assert sentences(text) == [text]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It rose. It fell.", ["It rose.", "It fell."]),
        ("Take vitamin D. We did.", ["Take vitamin D.", "We did."]),
        (
            "NICE (2014) said no. “It works.” We agree.",
            ["NICE (2014) said no.", "“It works.”", "We agree."],
        ),
        ("Deaths fell.12 The rate did not.", ["Deaths fell.12", "The rate did not."]),
        ("Does it work? Yes! 33 trials say so.", ["Does it work?", "Yes!", "33 trials say so."]),
        ("The end was no. Yes it was.", ["The end was no.", "Yes it was."]),
        ("A line\nAnother line", ["A line", "Another line"]),
        ("Offer it. [2015] Consider it. [2022]", ["Offer it. [2015]", "Consider it. [2022]"]),
    ],
)
def test_sentences_part_where_a_reader_would_part_them(text, expected):
    assert sentences(text) == expected


def test_a_stem_and_its_list_are_one_sentence_and_the_next_paragraph_is_not():
    text = "Offer help to people who:\n- smoke\n- want to stop. Soon.\n\nReview it yearly."
    assert [text[a:b] for a, b in units(text)] == [
        "Offer help to people who:\n- smoke\n- want to stop. Soon.",
        "Review it yearly.",
    ]


def test_a_stem_keeps_its_list_over_a_blank_line():
    text = "Offer help to people who:\n\n- smoke\n- drink\n\n- Another list"
    assert [text[a:b] for a, b in units(text)] == [text[: text.index("\n\n- A")], "- Another list"]


def test_a_list_without_a_stem_gives_one_sentence_for_each_item():
    text = "- one\n- two"
    assert [text[a:b] for a, b in units(text)] == ["- one", "- two"]


@given(st.text(alphabet=st.sampled_from('aB. \n()[]:-?!1’"é'), max_size=80))
def test_nothing_but_white_space_is_lost_and_nothing_overlaps(text):
    for cut in (spans, units):
        found = cut(text)
        assert all(a < b for a, b in found)
        assert all(one[1] <= two[0] for one, two in itertools.pairwise(found))
        left_out = "".join(
            text[a:b]
            for a, b in zip(
                [0, *(b for _, b in found)], [*(a for a, _ in found), len(text)], strict=True
            )
        )
        assert left_out.strip() == ""


@given(st.text(alphabet="aB. \n", max_size=60), st.integers(0, 60), st.integers(0, 60))
def test_a_part_of_a_text_gives_offsets_into_the_whole(text, start, end):
    start, end = sorted((min(start, len(text)), min(end, len(text))))
    assert all(start <= a < b <= end for a, b in spans(text, start, end))
