"""The study of a shop's own messages, from its log to a page."""

from collections.abc import Callable
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest

from features.errors import InputError
from features.log.log import Log, read_log
from features.shop.shop import read_shop
from models.channel.recommend import Options
from nextbuy.simulator.simulator import simulate_shop
from training.channel.eligible_channels import read_options
from training.channel.job import check_enough
from training.labels import make_message_labels
from training.policy_job import PAGE, study_shop

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
    customers = pd.DataFrame(
        [
            ("a", "email", "2020-01-01 00:00:00"),
            ("a", "sms", "2020-03-10 12:00:00"),
            ("b", "fax", "2020-01-01 00:00:00"),
            ("b", "none", "2020-03-20 11:00:00"),
        ],
        columns=["customer_id", "preferred_channel", "known_at"],
    )
    tables = {
        "orders": orders(("a", "2020-03-02 12:00:00", 1)),
        "messages": messages,
        "consents": consents,
        "customers": customers,
    }
    return read_log(read_shop(write_shop(tables, observed_until="2020-12-31")))


def _read(log: Log) -> tuple[list[str], Options]:
    until = log.observed_until
    rows = make_message_labels(log, 7, until).rename(columns={"account": "customer_id"})
    return rows["message_id"].tolist(), read_options(log, rows, ARMS, until, log.shop.rules)


def test_a_channel_is_preferred_if_it_was_known_just_before_the_message(log: Log) -> None:
    messages, options = _read(log)
    preferred = [None if place < 0 else ARMS[place] for place in options.preferred]
    assert dict(zip(messages, preferred, strict=True)) == {
        "m1": "email",
        "m2": "email",  # sms is stated at that very instant
        "m3": None,  # fax is no arm of this log
        "m4": "none",
    }


def test_an_arm_is_eligible_if_it_was_just_before_the_message(log: Log) -> None:
    messages, options = _read(log)
    allowed = [set(np.array(ARMS)[flags].tolist()) for flags in options.eligible]
    assert dict(zip(messages, allowed, strict=True)) == {
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
        check_enough(pd.DataFrame({"channel": rows}), 7)


def test_a_shop_without_messages_is_refused_before_anything_is_built(
    write_shop: WriteShop, orders: Callable[..., pd.DataFrame]
) -> None:
    bought = orders(("a", "2020-03-02 12:00:00", 1), ("a", "2020-05-02 12:00:00", 1))
    shop = write_shop({"orders": bought})
    log = read_log(read_shop(shop))
    with pytest.raises(InputError, match=r"messages: .* the shop gives no table messages"):
        study_shop(log, None, lambda _: None)
    assert not log.shop.workspace.joinpath("mlflow.db").exists()


def test_the_study_of_a_simulated_shop_is_a_run_and_a_page(tmp_path: Path) -> None:
    log = read_log(read_shop(simulate_shop(tmp_path / "shop", 400)))
    steps: list[str] = []
    study, page = study_shop(log, None, steps.append)
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
    assert PAGE in {f.path for f in client.list_artifacts(run.info.run_id)}
    assert not any(customer in page for customer in _some_customers(log))


def _some_customers(log: Log) -> list[str]:
    rows = log.connection.execute("SELECT DISTINCT customer_id FROM orders LIMIT 50").fetchall()
    return [row[0] for row in rows]
