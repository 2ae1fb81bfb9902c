"""Fingerprints of kept results: equal for the same input, different for any other."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from features.builds.shop_catalog import read_catalog
from features.language.catalog import Catalog
from features.log.log import Log, read_log
from features.shop.shop import read_shop
from training.runs.fingerprints import code_fingerprint, result_fingerprint

LogOf = Callable[..., Log]


@pytest.fixture
def log_of(write_shop: Callable[..., Path], orders: Callable[..., pd.DataFrame]) -> LogOf:
    def read(**shop: object) -> Log:
        bought = orders(("a", "2020-03-02 12:00:00", 1), ("a", "2020-05-02 12:00:00", 1))
        return read_log(read_shop(write_shop({"orders": bought}, **shop)))

    return read


def _catalog(log: Log, *names: str) -> Catalog:
    return read_catalog(log, log.observed_until).select(names)


def test_the_same_input_has_the_same_fingerprint(log_of: LogOf) -> None:
    first, second = log_of(), log_of()
    fingerprints = {
        result_fingerprint(log, _catalog(log, "T"), "data", seed=1, cutoff=5)
        for log in (first, second)
    }
    (fingerprint,) = fingerprints
    assert len(fingerprint) == 16
    assert int(fingerprint, 16) >= 0


def test_data_features_settings_and_horizon_each_change_it(log_of: LogOf) -> None:
    log, shorter = log_of(), log_of(horizon_days=30)
    catalog = _catalog(log, "T")
    fingerprints = [
        result_fingerprint(log, catalog, "data", seed=1),
        result_fingerprint(log, catalog, "other data", seed=1),
        result_fingerprint(log, _catalog(log, "T", "recency"), "data", seed=1),
        result_fingerprint(log, catalog, "data", seed=2),
        result_fingerprint(log, catalog, "data", start=1),
        result_fingerprint(shorter, catalog, "data", seed=1),
    ]
    assert len(set(fingerprints)) == len(fingerprints)


def test_the_code_has_one_fingerprint_in_a_process() -> None:
    assert len(code_fingerprint()) == 64
    assert code_fingerprint() == code_fingerprint()
