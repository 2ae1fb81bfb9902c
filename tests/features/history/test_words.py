"""Codes of texts are in the order of the texts."""

from hypothesis import given
from hypothesis import strategies as st

from features.history.words import Words


@given(st.lists(st.text(max_size=3), max_size=20))
def test_codes_are_in_the_order_of_their_texts_and_lead_back(texts: list[str]) -> None:
    words = Words(texts)
    assert sorted(texts) == sorted(texts, key=words.codes.__getitem__)
    assert words.decoded[[words.codes[text] for text in [*texts, None]]].tolist() == [*texts, None]
