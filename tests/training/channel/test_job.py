"""The training of the channel model."""

import re
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient

from features.builds.shop_catalog import read_catalog
from features.errors import InputError
from features.language.catalog import Catalog
from features.log.log import Log, read_log
from features.shop.shop import read_shop
from features.windows import DAY, read_cutoff
from models.arms import NO_MESSAGE
from models.kinds import CHANNEL
from models.registry import CHAMPION
from training.channel.job import (
    MIN_MESSAGES,
    check_messages,
    count_messages,
    explain_missing_messages,
)
from training.channel.message_rows import LEARN_DAYS, make_message_rows
from training.data_support import assess
from training.purchase.slice_cutoffs import holdout_cutoff
from training.train import list_trainable_kinds, train

WriteShop = Callable[..., Path]


def test_a_run_says_why_no_trees_were_tried_on_few_draws(simulated) -> None:
    client = MlflowClient(simulated.shop.tracking_uri)
    run_id = client.get_model_version_by_alias("best-channel", CHAMPION).run_id
    tags = client.get_run(run_id).data.tags
    assert tags["level"] == "exploring"
    assert re.match(r"fewer than 20,000 randomised sends: .*email \d", tags["challenger"])


def test_the_channel_model_finds_which_customers_messages_move(simulated) -> None:
    """In the simulator a message adds to the chance to buy, whatever the channel."""
    model = simulated.champions.channel
    assert model.level == "exploring"
    means = {arm: p for arm, p in model.mean_p.items() if arm != "none"}
    assert np.mean(list(means.values())) > model.mean_p["none"]


def _shop_of(write_shop: WriteShop, sent_at: pd.DatetimeIndex, channel: str = "email") -> Log:
    """Open a shop with two years of orders and messages that were sent at these instants."""
    days = pd.date_range("2022-12-31 10:00", "2024-12-30 10:00", freq="5D")
    orders = pd.DataFrame({"ordered_at": days.astype(str), "amount": 10})
    orders = orders.assign(order_id=orders.index, customer_id=[f"c{i % 9}" for i in orders.index])
    messages = pd.DataFrame({"sent_at": sent_at.strftime("%Y-%m-%d %H:%M:%S"), "channel": channel})
    messages = messages.assign(message_id=messages.index, customer_id="c1")
    shop = write_shop({"orders": orders, "messages": messages}, timezone="Europe/Warsaw")
    return read_log(read_shop(shop))


def _channel_verdict(log: Log) -> str:
    return next(s.verdict for s in assess(log) if s.prediction == CHANNEL)


@pytest.mark.parametrize("count", [MIN_MESSAGES - 1, MIN_MESSAGES])
def test_check_and_training_agree_on_how_many_messages_are_enough(
    write_shop: WriteShop, count: int
) -> None:
    """Many messages beside those that count, before the year and in windows still open."""
    cutoff = read_cutoff("2024-10-01", ZoneInfo("Europe/Warsaw"))
    counted = pd.date_range("2023-10-05", "2024-09-20", periods=count)
    before = pd.date_range("2023-02-01", "2023-10-01", periods=900)
    still_open = pd.date_range("2024-09-27", "2024-10-01", periods=900)
    log = _shop_of(write_shop, counted.append([before, still_open]))
    enough = count >= MIN_MESSAGES
    assert holdout_cutoff(log, log.shop.section.horizon_days) == cutoff
    (support,) = [s for s in assess(log) if s.prediction == CHANNEL]
    assert support.verdict == "low_data"  # with 999, since a training at the end has enough
    assert support.missing[0].startswith("1 more in the year before the cutoff") != enough
    assert (explain_missing_messages(log, cutoff) is None) == enough
    assert (CHANNEL in list_trainable_kinds(log)) == enough
    messages = make_message_rows(
        log, _few_features(log), cutoff - LEARN_DAYS * DAY, cutoff, 7, cutoff
    )
    rows = messages.rows
    assert len(rows) == count
    if not enough:
        with pytest.raises(InputError, match="999 messages of the year before the cutoff"):
            train(log, [CHANNEL])


@pytest.mark.parametrize(
    "cutoff",
    ["2024-10-02", "2024-10-27", "2024-11-03T11:00:00Z", "2024-04-06", "2024-03-30T00:30Z"],
)
def test_the_messages_counted_are_those_that_become_rows(
    write_shop: WriteShop, cutoff: str
) -> None:
    """Also just after the start of the year, before the first week that features are built at."""
    instant = read_cutoff(cutoff, ZoneInfo("Europe/Warsaw"))
    first = pd.Timestamp(instant - LEARN_DAYS * DAY, unit="us")
    around = pd.date_range(first - pd.Timedelta("10D"), first + pd.Timedelta("15D"), freq="3h")
    at_start = pd.DatetimeIndex([first, first + pd.Timedelta("1s"), first - pd.Timedelta("1s")])
    log = _shop_of(write_shop, around.append(at_start))
    counts = count_messages(log, instant)
    rows = make_message_rows(
        log, _few_features(log), instant - LEARN_DAYS * DAY, instant, 7, instant
    ).rows
    assert 100 < len(rows) == sum(sends for sends, _ in counts.values()) < len(around)


def _few_features(log: Log) -> Catalog:
    return read_catalog(log, log.observed_until).select(("frequency",))


def test_messages_through_no_channel_are_not_possible_for_check_and_training(
    write_shop: WriteShop,
) -> None:
    log = _shop_of(write_shop, pd.date_range("2023-11-01", "2024-09-01", periods=1100), NO_MESSAGE)
    assert _channel_verdict(log) == "not_possible"
    assert CHANNEL not in list_trainable_kinds(log)
    with pytest.raises(InputError, match=r"all 1,100 messages of the year .* are none"):
        check_messages(log, holdout_cutoff(log, 90))


def test_check_says_where_only_a_training_at_the_end_of_the_data_has_messages_enough(
    write_shop: WriteShop,
) -> None:
    log = _shop_of(write_shop, pd.date_range("2024-06-01", "2024-12-15", periods=1500))
    (channel,) = [s for s in assess(log) if s.prediction == CHANNEL]
    assert channel.verdict == "low_data"
    assert channel.missing[0].endswith("before the cutoff; until then train --cutoff end")
    assert CHANNEL not in list_trainable_kinds(log)
    assert CHANNEL in list_trainable_kinds(log, log.observed_until)
