from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from features.errors import InputError
from features.log.log import Log, check_cutoff_in_data, read_log, resolve_cutoff
from features.shop.shop import read_shop
from features.windows import DAY, Window, local_day, read_cutoff, to_datetime
from training.labels import check_closed
from training.purchase.slices import holdout_cutoff, make_slices, training_origins
from training.purchase.study import make_study


def test_every_label_of_a_model_closes_before_its_cutoff(simulated) -> None:
    origins = list(training_origins(simulated.log, simulated.cutoff, 90))
    assert len(origins) == 10
    assert max(origins) + 90 * DAY <= simulated.cutoff
    days = [local_day(origin, simulated.shop.timezone) for origin in origins]
    assert [a - b for a, b in pairwise(days)] == [28] * 9


def test_the_settle_time_moves_the_origins_back(simulated, tmp_path: Path) -> None:
    config = tmp_path / "nextbuy.toml"
    text = simulated.config.read_text().replace(
        "horizon_days = 90", "horizon_days = 90\nsettle_days = 14"
    )
    config.write_text(text.replace('path = "', f'path = "{simulated.config.parent}/'))
    log = read_log(read_shop(config))
    assert holdout_cutoff(log, 90) + 104 * DAY <= log.observed_until
    assert max(training_origins(log, simulated.cutoff, 90)) + 104 * DAY <= simulated.cutoff


def test_slices_hold_one_row_per_customer_and_cutoff(simulated) -> None:
    slices = make_slices(simulated.log, simulated.cutoff, 90, simulated.catalog)
    assert not slices.frame.duplicated(["customer_id", "cutoff"]).any()
    assert len(slices.labels) == len(slices.frame)
    assert slices.open is not None
    later, _ = slices.open
    cutoffs = (slices.frame, later, slices.latest)
    assert set(slices.btyds) == set().union(*(set(frame["cutoff"]) for frame in cutoffs))
    assert (slices.labels["days_to_next"] <= 90).all()
    assert ((slices.labels["days_to_next"] > 0) == slices.labels["returned"]).all()


def test_open_slices_go_on_in_the_same_steps_and_know_nothing_past_the_cutoff(simulated) -> None:
    cutoff = simulated.cutoff
    slices = make_slices(simulated.log, cutoff, 90, simulated.catalog)
    assert slices.open is not None
    frame, labels = slices.open
    last = slices.frame["cutoff"].max()
    days_on = [(at - last).days for at in sorted(set(frame["cutoff"]))]
    assert days_on == [28, 56, 84]
    assert sorted(set(labels["watched_days"])) == [90 - on for on in reversed(days_on)]
    assert (labels["days_to_next"] <= labels["watched_days"]).all()
    ends = frame["cutoff"] + pd.to_timedelta(labels["watched_days"], unit="D")
    assert (ends <= to_datetime(cutoff)).all()


def test_customers_who_object_to_profiling_are_not_learned_from(simulated) -> None:
    objected = {
        row[0]
        for row in simulated.log.connection.execute(
            "SELECT customer_id FROM consents WHERE scope = 'profiling' AND NOT granted"
        ).fetchall()
    }
    assert objected
    slices = make_slices(simulated.log, simulated.cutoff, 90, simulated.catalog)
    assert not objected & {*slices.frame["customer_id"], *slices.latest["customer_id"]}


def test_a_window_that_is_not_observed_to_its_end_is_refused(simulated) -> None:
    window = Window(simulated.log.observed_until - 90 * DAY + 1, horizon=90)
    with pytest.raises(InputError, match=r"one whose 90 days \(and 0 to settle\) end by"):
        check_closed(simulated.log, window, simulated.log.observed_until)


def test_a_cutoff_outside_the_data_is_refused(simulated) -> None:
    log = simulated.log
    for cutoff in (log.first_order_at - 1, log.observed_until + 1):
        with pytest.raises(InputError, match="cutoff: expected an instant within the data"):
            check_cutoff_in_data(log, cutoff)
    with pytest.raises(InputError, match="cutoff: expected an instant within the data"):
        resolve_cutoff(log, "2999-01-01")


def test_the_end_of_the_data_and_its_bare_last_day_are_the_same_cutoff(simulated) -> None:
    end = simulated.log.observed_until
    day = to_datetime(end).astimezone(simulated.shop.timezone).date().isoformat()
    assert resolve_cutoff(simulated.log, "end") == resolve_cutoff(simulated.log, day) == end


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


def test_the_default_cutoff_leaves_the_last_horizon_as_the_holdout(cdnow) -> None:
    assert cdnow.cutoff == read_cutoff("1998-04-01", cdnow.shop.timezone)
    assert cdnow.log.observed_until - cdnow.cutoff == 90 * DAY
