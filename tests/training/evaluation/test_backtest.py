"""The back-test on a small shop with orders only."""

import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest

from features.errors import InputError
from features.log.log import Log, read_log
from features.shop.shop import read_shop
from features.windows import DAY, read_cutoff
from training.evaluation import backtest as module
from training.evaluation.backtest import STEPS_PER_ORIGIN, backtest, list_origins_before
from training.evaluation.comparison import BacktestComparison
from training.metrics.probabilities import OURS
from training.purchase.baselines import BASELINES

ORIGINS = ("2024-06-30", "2024-07-31")


def _orders() -> pd.DataFrame:
    """Draw customers as BG/NBD says: each with an own rate, and a chance to drop out."""
    rng = np.random.default_rng(0)
    rows = []
    for customer in range(120):
        day, gap, drop_out = rng.integers(120), 60 * rng.random() + 3, rng.beta(1, 4)
        while day < 250:
            rows.append((f"c{customer}", pd.Timestamp("2024-01-01") + pd.Timedelta(days=int(day))))
            day += 1 + rng.exponential(gap)
            if rng.random() < drop_out:
                break
    orders = pd.DataFrame(rows, columns=["customer_id", "ordered_at"])
    return orders.assign(order_id=range(len(orders)), amount=5)


def _write(folder: Path, orders: pd.DataFrame) -> Log:
    orders.to_csv(folder / "orders.csv", index=False)
    config = folder / "nextbuy.toml"
    config.write_text('[shop]\nhorizon_days = 30\n[tables.orders]\npath = "orders.csv"\n')
    return read_log(read_shop(config))


def _cutoffs(log: Log, *days: str) -> list[int]:
    return [read_cutoff(day, log.shop.timezone) for day in days]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    return _write(tmp_path_factory.mktemp("shop"), _orders())


@pytest.fixture(scope="module")
def found(log: Log) -> BacktestComparison:
    return backtest(log, _cutoffs(log, *ORIGINS))


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Note the origins that are fitted and judged, instead of taken as they were kept."""
    noted: list[int] = []
    judge = module._judge

    def note(log: Log, origin: int, *rest: Any) -> pd.DataFrame:
        noted.append(origin)
        return judge(log, origin, *rest)

    monkeypatch.setattr(module, "_judge", note)
    return noted


def test_every_origin_has_ours_and_every_baseline_overall_and_by_frequency(
    found: BacktestComparison,
) -> None:
    assert {f"{at:%Y-%m-%d}" for at in found.scores["origin"]} == set(ORIGINS)
    for _, part in found.scores.groupby(["origin", "frequency"]):
        assert part["model"].tolist() == [OURS, *BASELINES]
    assert set(found.scores["frequency"]) == {"all", "0", "1-2", "3-9", "10_up"}
    parts = found.scores[found.scores["model"] == OURS].set_index(["origin", "frequency"])
    for _, customers in parts["customers"].groupby("origin"):
        assert customers.droplevel("origin")["all"] == customers.iloc[1:].sum()
    assert found.differences["rival"].tolist() == list(BASELINES)
    assert (found.differences["low"] <= found.differences["high"]).all()


def test_pooled_scores_are_means_over_the_rows_of_all_origins(found: BacktestComparison) -> None:
    rows = found.scores[(found.scores["model"] == "BG/NBD") & (found.scores["frequency"] == "0")]
    pooled = found.pooled.set_index(["model", "frequency"]).loc[("BG/NBD", "0")]
    assert pooled["customers"] == rows["customers"].sum()
    expected = (rows["crps"] * rows["customers"]).sum() / rows["customers"].sum()
    assert pooled["crps"] == pytest.approx(expected)


def test_the_difference_is_that_of_the_pooled_crps(found: BacktestComparison) -> None:
    crps = found.pooled[found.pooled["frequency"] == "all"].set_index("model")["crps"]
    expected = 100 * (crps[OURS] / crps.drop(OURS) - 1)
    assert found.differences["percent"].tolist() == pytest.approx(expected.tolist())


def test_it_is_a_run_with_its_tables_and_metrics(found: BacktestComparison) -> None:
    (run,) = mlflow.search_runs(
        search_all_experiments=True,
        filter_string="attributes.run_name = 'backtest'",
        order_by=["attributes.start_time ASC"],
        max_results=1,
        output_format="list",
    )
    assert run.data.params["origins"] == ", ".join(ORIGINS)
    names = {file.path for file in mlflow.MlflowClient().list_artifacts(run.info.run_id)}
    assert names >= {"backtest.csv", "backtest_pooled.csv", "backtest_differences.csv"}
    pooled = found.pooled.set_index(["model", "frequency"]).loc[(OURS, "all")]
    assert run.data.metrics["backtest.crps"] == pytest.approx(pooled["crps"])
    assert f"backtest.{ORIGINS[0]}.crps" in run.data.metrics
    assert "backtest.frequency_1-2.auc_30d" in run.data.metrics
    assert "backtest.crps_against.BG/NBD.low" in run.data.metrics


def test_finished_origins_are_kept_and_new_ones_added(
    log: Log, found: BacktestComparison, judged: list[int]
) -> None:
    told: list[str] = []
    again = backtest(log, _cutoffs(log, *reversed(ORIGINS)), progress=told.append)
    assert judged == []
    assert len(told) == STEPS_PER_ORIGIN * len(ORIGINS)
    pd.testing.assert_frame_equal(again.scores, found.scores)
    pd.testing.assert_frame_equal(again.differences, found.differences)


def test_an_interrupted_back_test_goes_on_where_it_was(
    log: Log,
    found: BacktestComparison,
    judged: list[int],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    log = _write(tmp_path, _orders())
    origins = _cutoffs(log, *ORIGINS)
    judge = module._judge

    def interrupted(log: Log, origin: int, *rest: Any) -> pd.DataFrame:
        if origin == origins[1]:
            raise KeyboardInterrupt("while fitting")
        return judge(log, origin, *rest)

    monkeypatch.setattr(module, "_judge", interrupted)
    with pytest.raises(KeyboardInterrupt, match="while fitting"):
        backtest(log, origins)
    monkeypatch.setattr(module, "_judge", judge)
    resumed = backtest(log, origins)
    assert judged == origins  # each once, over both attempts
    pd.testing.assert_frame_equal(resumed.scores, found.scores)


def test_a_damaged_file_does_not_count(
    log: Log, found: BacktestComparison, judged: list[int]
) -> None:
    (kept,) = (log.shop.workspace / "backtests").glob(f"{ORIGINS[0]}-*")
    losses = kept / "losses.parquet"
    losses.write_bytes(losses.read_bytes()[:100])
    again = backtest(log, _cutoffs(log, *ORIGINS))
    assert judged == _cutoffs(log, ORIGINS[0])
    pd.testing.assert_frame_equal(again.scores, found.scores)


def test_changed_data_are_not_mixed_with_kept_results_and_the_future_changes_no_forecast(
    log: Log, found: BacktestComparison, judged: list[int], tmp_path: Path
) -> None:
    """Twice as much is bought after the origin's horizon: all is made anew, and all is equal."""
    orders = _orders()
    origin = _cutoffs(log, ORIGINS[0])
    later = orders["ordered_at"] > pd.Timestamp(ORIGINS[0]) + pd.Timedelta(days=31)
    orders.loc[later, "amount"] *= 2
    orders.loc[later, "customer_id"] = "c1"
    other = _write(tmp_path, orders)
    kept = log.shop.workspace / "backtests"
    shutil.copytree(kept, other.shop.workspace / "backtests")
    scores = backtest(other, origin).scores
    assert judged == origin
    of_first = found.scores[found.scores["origin"] == found.scores["origin"].min()]
    pd.testing.assert_frame_equal(scores, of_first.reset_index(drop=True))


def test_wrong_origins_are_named_in_one_error_before_anything_is_written(tmp_path: Path) -> None:
    log = _write(tmp_path, _orders())
    origins = _cutoffs(log, "2024-02-01", *ORIGINS, "2024-08-20")
    with pytest.raises(InputError, match="too little history") as raised:
        backtest(log, origins)
    assert [fault.where for fault in raised.value.faults] == [
        "origin 2024-02-01",
        "origin 2024-08-20",
    ]
    assert "outcomes that are not closed" in str(raised.value)
    assert not log.shop.workspace.exists() or not list(log.shop.workspace.glob("mlflow*"))


def test_origins_walk_back_from_the_last_observed_horizon(log: Log) -> None:
    origins = list_origins_before(log, 3, 14)
    assert origins[-1] + 30 * DAY <= log.observed_until < origins[-1] + 31 * DAY
    assert [b - a for a, b in pairwise(origins)] == [14 * DAY] * 2


def test_too_many_origins_are_refused_and_not_left_out(log: Log) -> None:
    with pytest.raises(InputError, match="too little history"):
        backtest(log, list_origins_before(log, 20, 30))
