"""Tests of the features that are built from a log, by a shop of three customers."""

import pandas as pd
import pytest

from features.builds.feature_build import FeatureBuilder, build_features
from features.builds.shop_catalog import read_catalog, read_vocabulary
from features.engines.generated.compiled import code_supply
from features.engines.generated.compiled.object_code import CompiledRun
from features.engines.generated.interpreter import InterpretedRun
from features.engines.sql.feature_queries import purchase_days_sql, purchases_sql
from features.errors import InputError
from features.log.log import Log, read_log
from features.shop.shop import read_shop
from features.windows import read_cutoff

_NAMES = ["orders_count", "frequency", "days_since_last", "messages_count_28d"]


@pytest.fixture
def log(write_shop, orders) -> Log:
    frame = orders(
        ("a", "2024-01-01 10:00:00", 1),
        ("a", "2024-01-11 10:00:00", 2),
        ("b", "2024-01-10 10:00:00", 3),
        ("b", "2024-03-01 10:00:00", 4),
    )
    messages = pd.DataFrame(
        {
            "message_id": ["m1", "m2", "m3"],
            "customer_id": ["c", "a", "a"],
            "sent_at": ["2024-01-05 10:00:00", "2024-01-06 10:00:00", "2024-02-20 10:00:00"],
            "channel": ["email", "none", "sms"],
        }
    )
    return read_log(read_shop(write_shop({"orders": frame, "messages": messages})))


def _cutoff(log: Log, day: str) -> int:
    return read_cutoff(day, log.timezone)


def _build(log: Log, *days: str, **parts) -> pd.DataFrame:
    cutoffs = [_cutoff(log, day) for day in days]
    return build_features(log, cutoffs, read_catalog(log, cutoffs[0]).select(_NAMES), **parts)


def test_a_row_knows_what_was_known_at_its_cutoff(log: Log) -> None:
    frame = _build(log, "2024-01-12", "2024-01-10")
    assert frame["customer_id"].tolist() == ["a", "b", "a", "b"]
    assert frame["orders_count"].tolist() == [2.0, 1.0, 1.0, 1.0]
    assert frame["frequency"].tolist() == [1.0, 0.0, 0.0, 0.0]
    assert frame["days_since_last"].tolist() == [1.0, 2.0, 9.0, 0.0]
    assert frame["cutoff"].is_monotonic_decreasing and str(frame["cutoff"].dt.tz) == "UTC"


def test_contacts_are_those_who_were_sent_a_message_besides_the_buyers(log: Log) -> None:
    frame = _build(log, "2024-01-12", population="contacts")
    assert frame["customer_id"].tolist() == ["a", "b", "c"]
    assert frame["messages_count_28d"].tolist() == [0.0, 0.0, 1.0]


def test_a_share_of_the_customers_is_the_same_at_every_cutoff(log: Log) -> None:
    some, none = (_build(log, "2024-01-12", "2024-01-13", share=s) for s in (0.999999, 0.0))
    assert len(some) == 4
    assert len(none) == 0
    assert list(none.columns) == list(some.columns)


def test_most_of_a_catalog_is_built_as_a_part_of_it_and_equal(log: Log) -> None:
    whole = read_catalog(log, _cutoff(log, "2024-01-12"))
    most = whole.without_texts()
    builders = [FeatureBuilder(log, catalog) for catalog in (whole, most, most.select(_NAMES))]
    sources = [builder._plan._plan.source for builder in builders]
    assert sources[0] == sources[1] != sources[2]
    frames = [builder.frame(_cutoff(log, "2024-01-12"))[_NAMES] for builder in builders]
    assert list(builders[1].frame(_cutoff(log, "2024-01-12"))) == ["customer_id", "cutoff", *most]
    for frame in frames[1:]:
        pd.testing.assert_frame_equal(frame, frames[0])


def test_a_compiled_build_is_equal_to_the_interpreted_one(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    cutoff = _cutoff(log, "2024-01-12")
    catalog = read_catalog(log, cutoff).select(_NAMES)
    interpreted, compiled = (FeatureBuilder(log, catalog, "contacts") for _ in range(2))
    expected = interpreted.frame(cutoff)
    monkeypatch.setattr(code_supply, "WORTH_COMPILING", 1)
    pd.testing.assert_frame_equal(compiled.frame(cutoff), expected)
    assert isinstance(compiled._plan._plan._run, CompiledRun)
    assert isinstance(interpreted._plan._plan._run, InterpretedRun)


def test_the_vocabulary_has_the_names_known_at_the_cutoff(log: Log) -> None:
    assert read_vocabulary(log, _cutoff(log, "2024-01-12")).channels == ["email"]
    assert read_vocabulary(log, _cutoff(log, "2024-02-28")).channels == ["email", "sms"]


def test_purchases_and_their_days_are_those_known_at_the_cutoff(log: Log) -> None:
    cutoff = _cutoff(log, "2024-01-12")
    purchases = log.connection.execute(
        f"SELECT customer_id, amount FROM ({purchases_sql(log, cutoff)}) ORDER BY happened_at"
    ).fetchall()
    assert purchases == [("a", 100), ("b", 300), ("a", 200)]
    gaps = log.connection.execute(
        f"SELECT gap_days FROM ({purchase_days_sql(log, cutoff)}) ORDER BY customer_id, day"
    ).fetchall()
    assert gaps == [(None,), (10,), (None,)]


def test_a_feature_that_the_shop_cannot_have_is_not_in_its_catalog(log: Log) -> None:
    catalog = read_catalog(log, _cutoff(log, "2024-01-12"))
    assert "view_count_28d" not in catalog
    assert "email_sent_count_28d" in catalog and "sms_sent_count_28d" not in catalog
    with pytest.raises(KeyError, match="view_count_28d"):
        catalog.select(["view_count_28d"])
    with pytest.raises(InputError, match="cutoff"):
        read_cutoff("tomorrow", log.timezone)
