"""Tests of the features of profile and calendar."""

import numpy as np
import pytest

from features.language.scope import Lookups
from tests.features.catalog.small_history import CUTOFF_DAY, ago, compute, make_history


def _declares(attribute: str, value: str, days: float) -> dict:
    statement = f"{attribute}={value}"
    return {"ago": days, "attribute": attribute, "value": value, "statement": statement}


def test_the_latest_known_row_of_the_profile_counts() -> None:
    history = make_history(
        profile=[
            {"ago": 50, "birth_year": 1980},
            {"ago": 2, "birth_year": 1981, "first_seen_at": ago(90), "first_seen_known_at": ago(2)},
            {"ago": -1, "birth_year": 1990},
        ]
    )
    values = compute(history, "birth_year", "tenure_days")
    assert values == {"birth_year": 1981.0, "tenure_days": 90.0}


def test_an_attribute_tells_its_value_and_how_many_declare_the_same() -> None:
    history = make_history(attributes=[_declares("attr_tier", "gold", 5)])
    lookups = Lookups(
        0,
        tables={"statements": {"customers": {"attr_tier=gold": 5.0}}},
        scalars={"@population:customers": 50.0},
    )
    names = ("attr_tier", "attr_tier_share")
    values = compute(history, *names, lookups=lookups, attributes=["attr_tier"])
    assert values == {"attr_tier": "gold", "attr_tier_share": 0.1}


@pytest.mark.parametrize(("said", "flags"), [("sms", [0.0, 1.0]), ("fax", [0.0, 0.0])])
def test_the_preferred_channel_is_a_flag_of_each_channel(said: str, flags: list[float]) -> None:
    history = make_history(attributes=[_declares("preferred_channel", said, 5)])
    names = ("email_preferred", "sms_preferred")
    shop = {"channels": ["email", "sms"], "attributes": ["preferred_channel"]}
    assert list(compute(history, *names, **shop).values()) == flags
    assert np.isnan(list(compute(make_history(), *names, **shop).values())).all()


def test_the_calendar_is_that_of_the_cutoff() -> None:
    values = compute(make_history(), "day_of_cutoff", "cutoff_weekday")
    assert values == {"day_of_cutoff": CUTOFF_DAY, "cutoff_weekday": 4.0}


@pytest.mark.parametrize(("first_day", "exposure"), [(400, 2.0), (300, np.nan)])
def test_a_season_is_known_once_the_shop_has_a_year(first_day: int, exposure: float) -> None:
    scalars = {"@season:first_day": CUTOFF_DAY - first_day, "@season:year": 130.0}
    lookups = Lookups(0, scalars=scalars | {"@season:next_28d": 20.0})
    value = compute(make_history(), "season_exposure_28d", lookups=lookups)["season_exposure_28d"]
    assert value == pytest.approx(exposure, nan_ok=True)
