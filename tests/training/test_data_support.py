"""What the data can support, by the minimums that the models really have."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from features.builds.shop_catalog import read_catalog
from features.log.log import Log, read_log
from features.shop.shop import read_shop
from models.purchase import churn_fit
from nextbuy.simulator.simulator import simulate_shop
from training.data_support import Support, assess, name_level
from training.labels import count_sends, make_message_labels
from training.purchase.slice_cutoffs import holdout_cutoff
from training.purchase.slices import make_slices

WriteShop = Callable[..., Path]


def _assess(config: Path) -> dict[str, Support]:
    return {support.prediction: support for support in assess(read_log(read_shop(config)))}


def _orders(customers: int, days: int, every: int) -> pd.DataFrame:
    """Customers who come on their own day and then every so many days."""
    return pd.DataFrame(
        {
            "order_id": f"o{customer}-{day}",
            "customer_id": f"c{customer}",
            "ordered_at": f"{pd.Timestamp('2023-01-01 10:00') + pd.Timedelta(days=day)}",
            "amount": 10 + customer % 5,
        }
        for customer in range(customers)
        for day in range(customer % every, days, every)
    )


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    return read_log(read_shop(simulate_shop(tmp_path_factory.mktemp("support"), 1500)))


def test_the_simulated_shop_supports_everything(log: Log) -> None:
    found = assess(log)
    assert [s.prediction for s in found] == [
        "churn",
        "repurchase-timing",
        "value",
        "best-channel",
        "season",
        "replenishment",
        "browsing",
    ]
    assert {s.verdict for s in found} == {"supported"}
    assert not any(s.missing for s in found)
    assert all(s.basis for s in found)


def test_the_returns_are_those_that_churn_learns_from(log: Log) -> None:
    cutoff = holdout_cutoff(log, 90)
    slices = make_slices(log, cutoff, 90, read_catalog(log, cutoff))
    returns = f"{int(slices.labels['returned'].sum()):,} returns"
    assert assess(log)[0].basis.startswith(returns)


def test_the_sends_are_those_that_the_channel_model_learns_from(log: Log) -> None:
    cutoff = holdout_cutoff(log, 90)
    rows = make_message_labels(log, 7, cutoff)
    first = int(rows["sent_at"].median())
    drawn = rows[rows["sent_at"] > first].groupby("channel")["randomised"]
    expected = {str(channel): (len(sent), int(sent.sum())) for channel, sent in drawn}
    assert count_sends(log, first, 7, cutoff) == expected


def test_a_short_log_says_how_many_days_are_missing(write_shop: WriteShop) -> None:
    found = _assess(write_shop({"orders": _orders(30, 101, 10)}))
    for prediction in ("churn", "repurchase-timing"):
        assert found[prediction].verdict == "not_possible"
        assert found[prediction].missing == ["141 more days of orders, or a shorter horizon_days"]
    assert found["season"].missing == ["265 more days of orders"]


def test_few_returns_say_how_many_are_missing(write_shop: WriteShop) -> None:
    found = _assess(write_shop({"orders": _orders(10, 400, 60)}))
    returns = int(found["churn"].basis.split()[0])
    assert found["churn"].verdict == found["repurchase-timing"].verdict == "low_data"
    assert found["churn"].missing == [
        f"{churn_fit.MIN_RETURNS - returns} more returns",
        "90 more customers; until then a BTYD model, or the base rate for all",
    ]
    assert found["value"].missing == ["40 more of them"]


def test_without_repeat_purchases_nothing_can_be_predicted(write_shop: WriteShop) -> None:
    once = _orders(380, 400, 500)
    again = once.head(5).assign(
        order_id=lambda o: o["order_id"] + "b", ordered_at="2023-07-01 10:00"
    )
    found = _assess(write_shop({"orders": pd.concat([once, again])}))
    for prediction in ("churn", "repurchase-timing"):
        assert found[prediction].verdict == "low_data"
        assert found[prediction].basis.startswith("5 repeat purchases of ")
        assert found[prediction].missing == ["15 more repeat purchases; until then no prediction"]


def test_orders_alone_name_the_tables_that_are_missing(write_shop: WriteShop) -> None:
    found = _assess(write_shop({"orders": _orders(60, 400, 20)}))
    assert found["best-channel"].missing == ["the table messages"]
    assert found["replenishment"].missing == ["the table order_lines", "products.category"]
    assert found["browsing"].missing == ["the table events"]
    assert found["value"].verdict == "supported"
    assert found["season"].verdict == "low_data"


@pytest.mark.parametrize(
    ("drawn", "level"),
    [
        ({"sms": 199, "none": 30_000}, "observational"),
        ({"sms": 200, "none": 30_000}, "exploring"),
        ({"sms": 19_999, "none": 30_000}, "exploring"),
        ({"sms": 20_000, "none": 20_000}, "exploring, or rich"),
        ({"sms": 20_000, "none": 20_000, "email": 199}, "exploring, or rich"),
    ],
)
def test_the_least_drawn_of_the_identified_arms_decides_the_level(
    drawn: dict[str, int], level: str
) -> None:
    assert name_level(drawn) == level


def test_messages_that_nobody_drew_are_associations(write_shop: WriteShop) -> None:
    sent = pd.date_range("2023-03-01", "2023-10-01", periods=1100)
    messages = pd.DataFrame(
        {
            "message_id": [f"m{i}" for i in range(1100)],
            "customer_id": [f"c{i % 60}" for i in range(1100)],
            "sent_at": sent.strftime("%Y-%m-%d %H:%M:%S"),
            "channel": ["sms" if i % 4 else "none" for i in range(1100)],
            "arm": ["random" if i < 900 else "optimised" for i in range(1100)],
            "propensity": 0.5,
        }
    )
    orders = _orders(60, 500, 20)
    channel = _assess(write_shop({"orders": orders, "messages": messages}))["best-channel"]
    assert channel.verdict == "low_data"
    assert channel.basis == "exploring; randomised sends: sms 825, none 275"
    (missing,) = channel.missing
    assert missing.startswith("the table consents")
    messages["propensity"] = [0.5 if i < 100 else None for i in range(1100)]
    config = write_shop({"orders": orders, "messages": messages}, {"assume_consent": ["sms"]})
    channel = _assess(config)["best-channel"]
    assert channel.basis == "observational; randomised sends: sms 75, none 25"
    assert channel.missing == [
        "125 more randomised sends of sms",
        "175 more randomised sends of none",
    ]
    few = write_shop({"orders": orders, "messages": messages.head(400)})
    channel = _assess(few)["best-channel"]
    assert (channel.verdict, channel.missing) == (
        "not_possible",
        ["600 more in the year before the cutoff"],
    )


@pytest.mark.parametrize(
    ("last_known_at", "last_source", "cycles"),
    [("2023-03-01", None, 1), ("2024-01-02", None, 0), ("2023-03-01", "till", 1)],
    ids=["known", "known_after_the_cutoff", "bought_under_another_account"],
)
def test_cycles_are_counted_as_the_features_know_them(
    write_shop: WriteShop, last_known_at: str, last_source: str | None, cycles: int
) -> None:
    """One customer buys tea on three days; the third purchase may be known late or be elsewhere."""
    own = {"customer_id": "c", "source": None}
    last = {"customer_id": "17" if last_source else "c", "source": last_source}
    orders = pd.DataFrame(
        [
            {"order_id": "o1", "ordered_at": "2023-01-01", "known_at": "2023-01-01"} | own,
            {"order_id": "o2", "ordered_at": "2023-02-01", "known_at": "2023-02-01"} | own,
            {"order_id": "o3", "ordered_at": "2023-03-01", "known_at": last_known_at} | last,
            {"order_id": "o4", "ordered_at": "2023-06-01", "known_at": "2023-06-01"}
            | {"customer_id": "other", "source": None},
        ]
    ).assign(amount=5)
    tables = {
        "orders": orders,
        "order_lines": pd.DataFrame({"order_id": ["o1", "o2", "o3"]}).assign(
            product_id="p", quantity=1, unit_price=5
        ),
        "products": pd.DataFrame({"product_id": ["p"], "category": ["tea"]}),
        "identities": pd.DataFrame({"source": ["till"], "source_id": ["17"], "customer_id": ["c"]}),
    }
    log = read_log(read_shop(write_shop(tables, observed_until="2023-06-30")))
    (support,) = [s for s in assess(log) if s.prediction == "replenishment"]
    assert support.basis == f"{cycles} customers' categories bought on 3 days or more"


def test_events_under_other_ids_do_not_support_browsing(write_shop: WriteShop) -> None:
    events = pd.DataFrame(
        {
            "customer_id": [f"cookie{i}" for i in range(50)] + ["c1", "c2"],
            "occurred_at": "2023-03-01 10:00:00",
            "event_type": "view",
        }
    )
    config = write_shop({"orders": _orders(60, 400, 20), "events": events})
    browsing = _assess(config)["browsing"]
    assert browsing.verdict == "low_data"
    assert browsing.basis == "52 events; 3 % of the buyers seen in them"
