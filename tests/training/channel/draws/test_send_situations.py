"""The situation of a message: nothing that came after it, and what its decision says."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.ledgers.decisions import Decision, open_decisions
from features.log.log import Log, read_log
from features.shop.shop import read_shop
from features.windows import read_cutoff
from models.channel.draws import CLUSTER, DRAW_WEIGHT, chance_column, chances_of
from models.channel.occasion import (
    evening_column,
    is_situation,
    pause_column,
    possible_column,
    weekend_column,
)
from training.channel.draws.send_situations import (
    PREFERRED,
    SituatedRows,
    add_situations,
    message_channels,
    options_of,
    read_clusters,
)
from training.labels import make_message_labels

WriteShop = Callable[..., Path]
MakeOrders = Callable[..., pd.DataFrame]
ARMS = ["email", "none", "sms"]

_MESSAGES = [  # a Tuesday, and a week and some days later a Friday
    ("m1", "a", "2020-03-10 12:00:00", "email", None),
    ("m2", "a", "2020-03-20 12:00:00", "none", "d2"),
    ("m3", "b", "2020-03-20 12:00:00", "sms", None),
]
_CONSENTS = [
    ("a", "email", True, "2020-01-01 00:00:00"),
    ("b", "email", True, "2020-01-01 00:00:00"),
    ("b", "email", False, "2020-03-15 00:00:00"),
    ("b", "sms", True, "2020-01-01 00:00:00"),
]
_CUSTOMERS = [
    ("a", "email", "one", "2020-01-01 00:00:00"),
    ("b", None, "one", "2020-01-01 00:00:00"),
]


def _tables(
    orders: MakeOrders,
    messages: list[tuple[Any, ...]] = _MESSAGES,
    consents: list[tuple[Any, ...]] | None = _CONSENTS,
    customers: list[tuple[Any, ...]] = _CUSTOMERS,
) -> dict[str, pd.DataFrame]:
    names = ["message_id", "customer_id", "sent_at", "channel", "decision_id", "known_at"]
    width = max(map(len, messages))
    sent = pd.DataFrame(messages, columns=names[:width])
    tables = {
        "orders": orders(("a", "2020-03-11 12:00:00", 1)),
        "messages": sent.assign(propensity=1 / 2, arm="random"),
        "customers": pd.DataFrame(
            customers, columns=["customer_id", "preferred_channel", "attr_household", "known_at"]
        ),
    }
    if consents is not None:
        columns = ["customer_id", "scope", "granted", "changed_at"]
        tables["consents"] = pd.DataFrame(consents, columns=columns)
    return tables


def _open(write_shop: WriteShop, tables: Mapping[str, pd.DataFrame], **channels: Any) -> Log:
    return read_log(read_shop(write_shop(tables, channels or None, observed_until="2020-12-31")))


def _labels(log: Log) -> pd.DataFrame:
    labels = make_message_labels(log, 7, log.observed_until)
    return labels.assign(customer_id=labels["account"])


def _situate(log: Log) -> SituatedRows:
    return add_situations(log, _labels(log), log.observed_until)


def _rows(log: Log) -> pd.DataFrame:
    return _situate(log).rows.set_index("message_id").sort_index()


def _instant(log: Log, text: str) -> int:
    return read_cutoff(text, log.shop.timezone)


def _decide(log: Log, send_at: str, propensities: Mapping[str, float], channel: str) -> None:
    """Write the decision that the message m2 names."""
    table = open_decisions(log.shop)
    decision = Decision(
        decision_id="d2",
        decided_at=0,
        expires_at=1,
        account="a",
        customer_id="a",
        campaign="spring",
        key="1",
        channel=channel,
        arm="random",
        propensity=propensities[channel],
        propensities=dict(propensities),
        policy_version="1-0",
        send_at=_instant(log, send_at),
    )
    table.decide_once([decision])
    table.close()


def _situation(rows: pd.DataFrame) -> pd.DataFrame:
    """Select all columns of the situation in which messages were sent, and of their draws."""
    chances = [chance_column(arm) for arm in ARMS]
    names = [name for name in rows if is_situation(str(name))]
    assert len(names) == 5 * len(ARMS)
    return rows[[*names, *chances, DRAW_WEIGHT, CLUSTER, PREFERRED]]


def test_what_was_possible_is_by_the_consents_of_then(
    write_shop: WriteShop, orders: MakeOrders
) -> None:
    rows = _rows(_open(write_shop, _tables(orders)))
    possible = rows[[possible_column(arm) for arm in ARMS]].astype(int)
    assert possible.to_numpy().tolist() == [[1, 1, 0], [1, 1, 0], [0, 1, 1]]
    assert chances_of(rows, ARMS).tolist() == [[0.5, 0.5, 0], [0.5, 0.5, 0], [0, 0.5, 0.5]]
    assert rows[PREFERRED].tolist()[:2] == ["email", "email"]
    assert pd.isna(rows[PREFERRED].iloc[2])


def test_without_consents_every_channel_counts_as_consented(
    write_shop: WriteShop, orders: MakeOrders
) -> None:
    rows = _rows(_open(write_shop, _tables(orders, consents=None)))
    assert (rows[[possible_column(arm) for arm in ARMS]] == 1).all(axis=None)


def test_the_occasion_is_the_instant_of_sending(write_shop: WriteShop, orders: MakeOrders) -> None:
    rows = _rows(_open(write_shop, _tables(orders)))
    for arm in ARMS:
        assert rows[weekend_column(arm)].tolist() == [0, 0, 0]
        assert np.expm1(rows[pause_column(arm)]).tolist() == pytest.approx(
            [np.nan, 10, np.nan], nan_ok=True
        )


def test_the_occasion_is_the_decisions_for_none_too(
    write_shop: WriteShop, orders: MakeOrders
) -> None:
    log = _open(write_shop, _tables(orders))
    _decide(log, "2020-03-21 19:00:00", {"email": 0.3, "none": 0.7}, "none")
    rows = _rows(log)
    for arm in ARMS:  # a Saturday evening
        assert rows[weekend_column(arm)].tolist() == [0, 1, 0]
        assert rows[evening_column(arm)].tolist() == [0, 1, 0]


def test_the_chances_that_a_decision_lists_are_taken(
    write_shop: WriteShop, orders: MakeOrders
) -> None:
    log = _open(write_shop, _tables(orders))
    _decide(log, "2020-03-20 12:00:00", {"email": 0.2, "none": 0.7, "sms": 0.1}, "none")
    row = _rows(log).loc["m2"]
    assert [row[chance_column(arm)] for arm in ARMS] == [0.2, 0.7, 0.1]
    # what it could draw was possible, whatever the consents of then say
    assert [row[possible_column(arm)] for arm in ARMS] == [1, 1, 1]
    assert row[DRAW_WEIGHT] == 1


def test_an_arm_that_is_only_in_decisions_is_an_arm(
    write_shop: WriteShop, orders: MakeOrders
) -> None:
    log = _open(write_shop, _tables(orders))
    _decide(log, "2020-03-20 12:00:00", {"fax": 0.2, "none": 0.8}, "none")
    row = _rows(log).loc["m2"]
    assert (row[chance_column("fax")], row[possible_column("fax")]) == (0.2, 1)
    assert (row[chance_column("email")], row[possible_column("email")]) == (0, 0)
    assert message_channels(log) == ARMS


def test_what_comes_after_a_message_changes_nothing(
    write_shop: WriteShop, orders: MakeOrders
) -> None:
    before = _rows(_open(write_shop, _tables(orders), cluster_by="attr_household"))
    log = _open(
        write_shop,
        _tables(
            orders,
            [*_MESSAGES, ("m4", "a", "2020-03-20 12:00:01", "sms", None)],
            [
                *_CONSENTS,
                ("a", "email", False, "2020-03-20 12:00:00"),
                ("a", "sms", True, "2020-03-20 12:00:00"),
                ("b", "email", True, "2020-03-20 12:00:00"),
            ],
            [
                *_CUSTOMERS,
                ("a", "sms", "two", "2020-03-20 12:00:01"),
                ("b", "sms", "two", "2020-03-20 12:00:01"),
            ],
        ),
        cluster_by="attr_household",
    )
    after = _rows(log).drop(index="m4")
    pd.testing.assert_frame_equal(_situation(after), _situation(before))


def test_a_message_that_was_known_later_does_not_count(
    write_shop: WriteShop, orders: MakeOrders
) -> None:
    known = [(*message, message[2]) for message in _MESSAGES]
    before = _rows(_open(write_shop, _tables(orders, known)))
    late = ("m0", "a", "2020-03-19 12:00:00", "sms", None, "2020-03-20 12:00:01")
    in_time = (*late[:-1], "2020-03-20 11:00:00")
    after = _rows(_open(write_shop, _tables(orders, [*known, late]))).drop(index="m0")
    pd.testing.assert_frame_equal(_situation(after), _situation(before))
    counted = _rows(_open(write_shop, _tables(orders, [*known, in_time])))
    assert np.expm1(counted.loc["m2", pause_column("email")]) == pytest.approx(1)


def test_a_message_that_the_history_store_forgets_does_not_count(
    write_shop: WriteShop, orders: MakeOrders
) -> None:
    for sent_at, pause in (("2019-03-26 12:00:00", 360), ("2019-03-20 12:00:00", np.nan)):
        messages = [("m0", "b", sent_at, "sms", None), *_MESSAGES]
        row = _rows(_open(write_shop, _tables(orders, messages))).loc["m3"]
        days = np.expm1(row[pause_column("email")])
        assert days == pytest.approx(pause, nan_ok=True)


def test_a_message_that_was_sent_earlier_than_decided_does_not_follow_itself(
    write_shop: WriteShop, orders: MakeOrders
) -> None:
    """Neither does it follow one that was sent between it and the instant of its decision."""
    messages = [
        ("m2", "a", "2020-03-20 12:00:00", "email", "d2"),
        ("m5", "a", "2020-03-20 15:00:00", "sms", None),
    ]
    log = _open(write_shop, _tables(orders, messages))
    _decide(log, "2020-03-20 18:00:00", {"email": 0.5, "none": 0.5}, "email")
    rows = _rows(log)
    assert np.isnan(rows.loc["m2", pause_column("email")])
    assert rows.loc["m2", evening_column("email")] == 1


def test_customers_of_one_household_are_one_cluster(
    write_shop: WriteShop, orders: MakeOrders
) -> None:
    customers = [*_CUSTOMERS[:1], ("b", None, "one", "2020-03-20 12:00:00")]
    lone = [*_CUSTOMERS[:1], ("b", None, "one", "2020-03-20 12:00:01")]  # known too late
    for given, expected in (
        (customers, ["group one"] * 3),
        (lone, ["group one", "group one", "customer b"]),
    ):
        log = _open(write_shop, _tables(orders, customers=given), cluster_by="attr_household")
        assert _rows(log)[CLUSTER].tolist() == expected
    log = _open(write_shop, _tables(orders))
    clusters = read_clusters(log, _labels(log), log.observed_until)
    assert sorted(clusters) == ["customer a", "customer a", "customer b"]


@pytest.fixture
def wrongly_logged(write_shop: WriteShop, orders: MakeOrders) -> Log:
    """Return a log whose chances say a half for each arm, where sms was drawn nine times of ten."""
    n = 3000
    channel = np.where(np.random.default_rng(0).random(n) < 0.9, "sms", "none")
    messages = pd.DataFrame(
        {
            "message_id": [f"m{place}" for place in range(n)],
            "customer_id": [f"c{place}" for place in range(n)],
            "sent_at": "2020-03-10 12:00:00",
            "channel": channel,
            "propensity": 0.5,
            "arm": "random",
        }
    )
    bought = orders(("c1", "2020-03-11 12:00:00", 1))
    return _open(write_shop, {"orders": bought, "messages": messages})


def test_messages_with_wrong_chances_count_as_targeted(wrongly_logged: Log) -> None:
    found = _situate(wrongly_logged)
    assert {finding.arm for finding in found.findings} == {"sms", "none"}
    assert not found.rows["randomised"].any()
    assert np.isnan(chances_of(found.rows, ["none", "sms"])).all()
    assert (found.rows[DRAW_WEIGHT] == 1).all()


def test_options_are_what_was_possible_and_preferred(
    write_shop: WriteShop, orders: MakeOrders
) -> None:
    rows = _rows(_open(write_shop, _tables(orders)))
    options = options_of(rows, ["email", "fax", "none", "sms"])
    assert options.eligible.astype(int).tolist() == [[1, 0, 1, 0], [1, 0, 1, 0], [0, 0, 1, 1]]
    assert [options.arms[k] if k >= 0 else None for k in options.preferred] == [
        "email",
        "email",
        None,
    ]
