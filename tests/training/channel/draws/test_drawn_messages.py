"""What is counted of drawn messages, and what `nextbuy check` says of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from features.log.log import read_log
from features.shop.shop import read_shop
from training.channel.draws.drawn_messages import DrawnMessages, read_drawn_messages

WriteShop = Callable[..., Path]
HOUSEHOLDS = {"a": "one", "b": "one", "c": None, "d": None, "e": None}


def _read(
    write_shop: WriteShop,
    orders: Callable[..., pd.DataFrame],
    *,
    consents: bool = True,
    households: dict[str, str | None] = HOUSEHOLDS,
    **channels: Any,
) -> DrawnMessages:
    """Read a message to each of five customers, drawn for e-mail where they consented to it."""
    customers = list(households)
    tables = {
        "orders": orders(("a", "2020-03-11 12:00:00", 1)),
        "messages": pd.DataFrame(
            {
                "message_id": [f"m {customer}" for customer in customers],
                "customer_id": customers,
                "sent_at": "2020-03-10 12:00:00",
                "channel": ["email", "none", "email", "none", "none"],
                "propensity": 0.5,
                "arm": "random",
            }
        ),
        "customers": pd.DataFrame(
            {
                "customer_id": customers,
                "attr_household": list(households.values()),
                "known_at": "2020-01-01 00:00:00",
            }
        ),
    }
    if consents:
        tables["consents"] = pd.DataFrame(
            {
                "customer_id": customers[:4],
                "scope": "email",
                "granted": True,
                "changed_at": "2020-01-01 00:00:00",
            }
        )
    log = read_log(read_shop(write_shop(tables, channels or None, observed_until="2020-12-31")))
    return read_drawn_messages(log, log.observed_until)


def test_draws_of_customers_with_one_possible_arm_are_not_counted(
    write_shop: WriteShop, orders: Callable[..., pd.DataFrame]
) -> None:
    drawn = _read(write_shop, orders)
    assert drawn.counts == {"email": 2, "none": 2}
    assert not drawn.findings


def test_without_consents_check_says_what_is_assumed(
    write_shop: WriteShop, orders: Callable[..., pd.DataFrame]
) -> None:
    drawn = _read(write_shop, orders, consents=False)
    assert drawn.counts == {"email": 2, "none": 3}
    (finding,) = drawn.findings
    assert (finding.level, finding.where, finding.count) == ("advice", "consents", 5)
    assert "a draw counts as made among all channels" in finding.what


@pytest.mark.parametrize(("declares", "warns"), [("two", False), (None, True)])
def test_clusters_of_which_little_is_known_are_a_finding(
    write_shop: WriteShop,
    orders: Callable[..., pd.DataFrame],
    declares: str | None,
    warns: bool,
) -> None:
    drawn = _read(
        write_shop, orders, households=HOUSEHOLDS | {"c": declares}, cluster_by="attr_household"
    )
    assert [finding.where for finding in drawn.findings] == ["channels.cluster_by"] * warns
    for finding in drawn.findings:
        assert (finding.count, finding.share) == (3, 0.6)
        assert "no attr_household was known" in finding.what
