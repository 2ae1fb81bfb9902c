"""The slices and origins of a training of the purchase models."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from features.errors import InputError
from features.log.log import Log, read_log
from features.shop.shop import read_shop
from features.windows import DAY
from training.purchase.slice_cutoffs import holdout_cutoff
from training.purchase.study import make_study


def test_an_exactly_observed_horizon_is_a_holdout(simulated) -> None:
    study = make_study(simulated.log, simulated.log.observed_until - 90 * DAY)
    assert study.holdout is not None
    assert make_study(simulated.log, simulated.log.observed_until - 90 * DAY + 1).holdout is None


def _short(write_shop: Callable[..., Path], days: int) -> Log:
    rows = pd.date_range("2023-01-01", periods=days, freq="D").strftime("%Y-%m-%d")
    frame = pd.DataFrame(
        {"order_id": range(days), "customer_id": "c", "ordered_at": rows, "amount": 1}
    )
    return read_log(read_shop(write_shop({"orders": frame})))


def test_a_history_that_is_too_short_is_refused_with_what_is_needed(
    write_shop: Callable[..., Path],
) -> None:
    log = _short(write_shop, 200)
    with pytest.raises(InputError, match="at least 151 days after the first order"):
        make_study(log, holdout_cutoff(log, 90))
