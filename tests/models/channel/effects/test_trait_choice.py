"""Tests of which traits are chosen from the columns of messages."""

import numpy as np
import pandas as pd

from models.channel.effects.trait_choice import choose_traits
from models.channel.model import ChannelTraits
from models.channel.occasion import occasion_column_names, possible_column


def _rows(*columns: str) -> pd.DataFrame:
    return pd.DataFrame({name: np.arange(3.0) for name in columns})


def _own(traits: ChannelTraits) -> dict[str, list[str]]:
    return {channel: [t.column for t in own] for channel, own in traits.own.items()}


def test_traits_are_of_the_columns_that_the_messages_have() -> None:
    traits = choose_traits(_rows("frequency", "days_since_last"), ["email", "none"], [])
    assert [t.column for t in traits.shared] == ["frequency", "days_since_last"]
    assert traits.own == {"email": []}


def test_a_trait_that_one_channel_lacks_is_left_out_for_all() -> None:
    rows = _rows("email_click_rate_182d", "email_sent_count_28d", "sms_sent_count_28d")
    assert _own(choose_traits(rows, ["email", "none", "sms"], [])) == {
        "email": ["email_sent_count_28d"],
        "sms": ["sms_sent_count_28d"],
    }


def test_the_occasion_and_what_is_possible_are_traits() -> None:
    rows = _rows(possible_column("email"), *occasion_column_names("email"))
    traits = choose_traits(rows, ["email"], [])
    assert [t.column for t in traits.shared] == [possible_column("email")]
    assert _own(traits) == {"email": list(occasion_column_names("email"))}


def test_a_declared_text_becomes_a_trait_for_each_of_its_frequent_values() -> None:
    countries = ["DE"] * 60 + ["AT"] * 39 + ["LI"]
    rows = pd.DataFrame({"country": countries, "city": [f"town {n}" for n in range(100)]})
    traits = choose_traits(rows, ["email"], ["city", "country"])
    assert [(t.column, t.text) for t in traits.shared] == [("country", "AT"), ("country", "DE")]


def test_a_text_that_everybody_declares_is_no_trait() -> None:
    assert choose_traits(pd.DataFrame({"country": ["DE"] * 9}), ["email"], ["country"]).shared == []
