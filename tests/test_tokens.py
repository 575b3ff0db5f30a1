import pytest

from retriever.tokens import tokenise, tokenise_query


@pytest.mark.parametrize(
    ("asked", "written"),
    [
        ("HbA1c", "HbA 1c"),
        ("hba1c", "HbA1c"),
        ("NG209", "NG 209"),
        ("NG 209", "(NG209)"),
        ("NG-209", "NG209"),
        ("COVID-19", "covid19"),
        ("covid 19", "COVID‑19"),
        ("type 2", "type-2 diabetes"),
        ("type2", "Type 2"),
        ("Black African", "Black-African women"),
        ("black african", "BLACK AFRICAN"),
        ("long-term", "longterm"),
        ("e-cigarettes", "ecigarette"),
        ("screening", "screened"),
        ("women", "Women’s"),
        ("1645", "1,645"),
        ("finding", "ﬁndings"),
        ("naive", "naïve"),
    ],
)
def test_a_term_is_found_however_it_is_written(asked, written):
    assert set(tokenise_query(asked)) & set(tokenise(written))


@pytest.mark.parametrize(
    ("asked", "written"), [("NG209", "NG20"), ("type 1", "type 2"), ("1.2", "12")]
)
def test_different_names_do_not_share_their_joined_form(asked, written):
    joined = max(tokenise_query(asked), key=len)
    assert joined not in tokenise(written)


def test_stop_words_are_left_out_unless_there_is_nothing_else():
    assert tokenise("What is the effect of it?") == ["effect"]
    assert tokenise("What is it?") == []
    assert tokenise_query("What is it?") != []


def test_negation_is_kept():
    assert "no" in tokenise("no effect")
