"""The study of a shop's own messages, from its log to a page."""

from collections.abc import Callable
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest

from features.errors import InputError
from features.log.log import Log, read_log
from features.shop.contact_rules import ContactRules
from features.shop.shop import read_shop
from nextbuy.simulator.simulator import simulate_shop
from training.channel.eligible_channels import eligible_arms
from training.channel.job import check_message_rows
from training.labels import make_message_labels
from training.policy_job import POLICY_PAGE, run_policy_study

WriteShop = Callable[..., Path]
ARMS = ["email", "none", "sms"]


@pytest.fixture
def log(write_shop: WriteShop, orders: Callable[..., pd.DataFrame]) -> Log:
    messages = pd.DataFrame(
        [
            ("m1", "a", "2020-03-01 12:00:00", "email"),
            ("m2", "a", "2020-03-10 12:00:00", "none"),
            ("m3", "b", "2020-03-10 12:00:00", "none"),
            ("m4", "b", "2020-03-20 12:00:00", "sms"),
        ],
        columns=["message_id", "customer_id", "sent_at", "channel"],
    )
    consents = pd.DataFrame(
        [
            ("a", "email", True, "2020-01-01 00:00:00"),
            ("a", "email", False, "2020-03-05 00:00:00"),
            ("a", "sms", True, "2020-03-10 12:00:00"),
            ("b", "email", True, "2020-01-01 00:00:00"),
        ],
        columns=["customer_id", "scope", "granted", "changed_at"],
    )
    tables = {
        "orders": orders(("a", "2020-03-02 12:00:00", 1)),
        "messages": messages,
        "consents": consents,
    }
    return read_log(read_shop(write_shop(tables, observed_until="2020-12-31")))


def _eligible(log: Log, rules: ContactRules) -> dict[str, set[str]]:
    until = log.observed_until
    rows = make_message_labels(log, 7, until).rename(columns={"account": "customer_id"})
    found = eligible_arms(log, rows, ARMS, until, rules)
    named = (set(np.array(ARMS)[allowed].tolist()) for allowed in found)
    return dict(zip(rows["message_id"], named, strict=True))


def test_an_arm_is_eligible_if_it_was_just_before_the_message(log: Log) -> None:
    assert _eligible(log, log.shop.rules) == {
        "m1": {"email", "none"},
        "m2": {"none"},  # e-mail withdrawn, sms given at that very instant
        "m3": {"email", "none"},
        "m4": {"email", "none", "sms"},  # it was sent, whatever the rules say now
    }


@pytest.mark.parametrize(
    ("rows", "says"),
    [(["email"] * 10, "at least 1000 in the year"), (["none"] * 1000, "one channel besides none")],
)
def test_a_log_that_says_nothing_of_channels_is_refused(rows: list[str], says: str) -> None:
    with pytest.raises(InputError, match=says):
        check_message_rows(pd.DataFrame({"channel": rows}), 7)


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
