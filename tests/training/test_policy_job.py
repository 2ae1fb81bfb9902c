"""The study of a shop's own messages, from its log to a page."""

from collections.abc import Callable
from pathlib import Path

import mlflow
import pandas as pd
import pytest

from features.errors import InputError
from features.log.log import Log, read_log
from features.shop.shop import read_shop
from nextbuy.simulator.simulator import simulate_shop
from training.policy_job import POLICY_PAGE, run_policy_study

WriteShop = Callable[..., Path]


def test_a_shop_without_messages_is_refused_before_anything_is_built(
    write_shop: WriteShop, orders: Callable[..., pd.DataFrame]
) -> None:
    bought = orders(("a", "2020-03-02 12:00:00", 1), ("a", "2020-05-02 12:00:00", 1))
    shop = write_shop({"orders": bought})
    log = read_log(read_shop(shop))
    with pytest.raises(InputError, match=r"messages: .* the shop gives no table messages"):
        run_policy_study(log, None, lambda _: None)
    assert not log.shop.workspace.joinpath("mlflow.db").exists()


def test_the_study_of_a_simulated_shop_is_a_run_and_a_page(tmp_path: Path) -> None:
    log = read_log(read_shop(simulate_shop(tmp_path / "shop", 400)))
    steps: list[str] = []
    study, page = run_policy_study(log, None, steps.append)
    assert steps == ["messages", "eligibility", "policies"]
    assert 0 < study.judged < study.sends
    assert not study.estimated
    assert "through which channel to ask" in page
    assert "Simulated shop" in page
    client = mlflow.MlflowClient(log.shop.tracking_uri)
    (experiment,) = [e for e in client.search_experiments() if e.name != "Default"]
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.run_name == "policy"
    assert "gain.Nextbuy.gain" in run.data.metrics
    assert POLICY_PAGE in {f.path for f in client.list_artifacts(run.info.run_id)}
    assert not any(customer in page for customer in _some_customers(log))


def _some_customers(log: Log) -> list[str]:
    rows = log.connection.execute("SELECT DISTINCT customer_id FROM orders LIMIT 50").fetchall()
    return [row[0] for row in rows]
