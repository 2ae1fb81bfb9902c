import numpy as np

from features.history.customer_rows import object_array
from models.channel.recommend import preferred_channel, recommend


def test_the_highest_conversion_among_the_eligible_is_recommended() -> None:
    p = {"email": 0.05, "sms": 0.09, "none": 0.02}
    assert recommend(p, ["email", "sms", "none"], None) == "sms"
    assert recommend(p, ["email", "none"], None) == "email"
    assert recommend(p, ["none"], None) == "none"


def test_without_identified_effects_the_shops_order_is_followed() -> None:
    p = {"email": 0.05, "sms": 0.09, "none": 0.99}
    assert recommend(p, ["sms", "email", "none"], ["phone", "email", "sms"]) == "email"
    assert recommend(p, ["none"], ["phone", "email"]) == "none"


def test_of_equal_arms_the_preferred_one_is_recommended_if_it_may_be_used() -> None:
    p = {"email": 0.05, "sms": 0.05, "none": 0.05}
    assert recommend(p, ["email", "sms", "none"], None) == "email"
    assert recommend(p, ["email", "sms", "none"], None, "sms") == "sms"
    assert recommend(p, ["email", "none"], None, "sms") == "email"
    assert recommend(p | {"email": 0.06}, ["email", "sms", "none"], None, "sms") == "email"


def test_the_preferred_channel_is_what_the_latest_known_row_says() -> None:
    rows = {
        "attribute": object_array(["preferred_channel", "country", *["preferred_channel"] * 2]),
        "value": object_array(["sms", "PL", "email", None]),
        "known_at": np.array([10.0, 15.0, 20.0, 30.0]),
    }
    told = [preferred_channel(rows, t) for t in (9, 10, 19, 20, 30)]
    assert told == [None, "sms", "sms", "email", None]
    assert preferred_channel(None, 10) is None
