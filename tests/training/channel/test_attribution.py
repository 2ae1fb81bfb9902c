from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from features.log.log import Log, read_log
from features.shop.shop import read_shop
from training.channel.attribution import attribute_orders

WriteShop = Callable[..., Path]


@pytest.fixture
def attribute(
    write_shop: WriteShop, orders: Callable[..., pd.DataFrame]
) -> Callable[..., dict[str, list[float]]]:
    def call(
        messages: list[tuple[str, str, str | None]], *bought: str, window: int = 7
    ) -> dict[str, list[float]]:
        sent = pd.DataFrame(messages, columns=["channel", "sent_at", "clicked_at"])
        sent = sent.assign(customer_id="c", message_id=[f"m{i}" for i in range(len(sent))])
        sent = sent.assign(opened_at=sent["sent_at"], machine_opened=True)
        tables = {"orders": orders(*(("c", at, 10) for at in bought)), "messages": sent}
        log: Log = read_log(read_shop(write_shop(tables, observed_until="2020-12-31")))
        found = attribute_orders(log, 0, log.observed_until, window).set_index("channel")
        return {str(c): row.tolist() for c, row in found.iterrows()}

    return call


def test_an_order_has_one_message(attribute: Callable[..., dict[str, list[float]]]) -> None:
    messages = [("email", "2020-03-01 10:00", None), ("sms", "2020-03-02 10:00", None)]
    found = attribute(messages, "2020-03-03 10:00:00", "2020-03-20 10:00:00")
    assert found == {"sms": [1, 1, 1000], "email": [1, 0, 0]}  # the last one; the other is late


def test_a_click_before_the_order_counts_before_a_later_send(
    attribute: Callable[..., dict[str, list[float]]],
) -> None:
    messages = [
        ("email", "2020-03-01 10:00", "2020-03-01 11:00"),
        ("sms", "2020-03-02 10:00", None),
    ]
    assert attribute(messages, "2020-03-03 10:00:00")["email"] == [1, 1, 1000]
    late = [("email", "2020-03-01 10:00", "2020-03-04 11:00"), ("sms", "2020-03-02 10:00", None)]
    assert attribute(late, "2020-03-03 10:00:00")["sms"] == [1, 1, 1000]


def test_no_message_gets_no_credit_and_the_window_ends(
    attribute: Callable[..., dict[str, list[float]]],
) -> None:
    messages = [("none", "2020-03-02 10:00", None), ("sms", "2020-03-01 10:00", None)]
    assert attribute(messages, "2020-03-08 10:00:00") == {"sms": [1, 1, 1000]}
    assert attribute(messages, "2020-03-08 10:00:01") == {"sms": [1, 0, 0]}
