"""Passages that nobody can read are told from those that only look odd."""

from __future__ import annotations

import string

import pytest

from retriever.legibility import fault

PLAIN = (
    "Reminder letters raised bowel cancer screening uptake by four percentage points in the most "
    "deprived fifth of practices, and telephone calls reached fewer people than the letters did."
)


def shifted(text: str, by: int) -> str:
    letters = string.ascii_lowercase
    return text.lower().translate(str.maketrans(letters, letters[by:] + letters[:by]))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (PLAIN.replace("e", "\ufffd"), "stand for no letter"),
        (PLAIN.replace("t", "\ue012"), "stand for no letter"),
        ("".join(f"(cid:{ord(letter)})" for letter in PLAIN), "stand for no letter"),
        (PLAIN + " The caf\u00c3\u00a9 said it\u00e2\u20ac\u2122s na\u00c3\u00afve.", "misread"),
        (" ".join(PLAIN.replace(" ", "")), "stand apart"),
        (PLAIN.replace(" ", ""), "run together"),
        (shifted(PLAIN, 3), "make no words"),
        (shifted(PLAIN, 1), "make no words"),
    ],
)
def test_rubbish_is_told_with_its_reason(text: str, why: str) -> None:
    assert why in fault(text)


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        "",
        "NHS CCG PCT GP ICB",
        "Recommendation 1.3.1: EA; EP2; IDE",
        "| Control (n = 10) | p | p | p\nTotal | 4.1 ± 0.3 | 0.04 | 0.1\n" * 4,
        "3,4-Methylenedioxymethamphetamine (MDMA) is used recreationally, and methylphenidate and "
        "modafinil are psychostimulants that are prescribed to some of those who took part.",
        "See https://www.example.org/publications/averylongaddressindeedthatgoesonandonforever.pdf "
        "and write to somebodywithaverylongnameindeedofmanyletters@example.org about it.",
        "চিঠি বাংলায় লেখা হলে নারীদের মধ্যে পরীক্ষার হার বেড়েছে। " * 4,
        "Cafés naïvely offered crème brûlée; patients’ “own” words, and Łódź’s, stay as they are.",
        "RH10 8NF | Crawley | Sussex Pharmacy\n45UGGH | Ardingly | 6,402 | 6,218 | 6,457\n" * 8,
    ],
)
def test_what_only_looks_odd_is_left_alone(text: str) -> None:
    assert fault(text) == ""
