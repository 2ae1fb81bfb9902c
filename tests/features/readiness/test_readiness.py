"""Every finding: a shop in which it appears, and a clean one which has none."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from features.log.log import read_log
from features.readiness.finding import Finding
from features.readiness.readiness import Readiness, examine_log
from features.shop.shop import read_shop
from tests.features.readiness.shop_tables import Tables, at, even_orders, examine_tables

DAYS = 120


def _clean() -> Tables:
    """All tables, with nothing to say about them."""
    orders = pd.DataFrame(
        {
            "order_id": f"o{i}",
            "customer_id": f"c{i * 7 % 60}",
            "ordered_at": at(i // 4, i % 4 * 7000 + i),
            "known_at": at(i // 4, i % 4 * 7000 + i + i % 5 * 60),
            "amount": (1 + i % 3) * (10 + i % 5),
            "store": "ab"[i % 2],
            "currency": "EUR",
            "cancelled_at": at(i // 4, 50_000 + i) if i % 9 == 1 else "",
        }
        for i in range(4 * DAYS)
    )
    lines = pd.DataFrame(
        {
            "order_id": f"o{i}",
            "product_id": f"p{i % 8}",
            "quantity": 1 + i % 3,
            "unit_price": 10 + i % 5,
        }
        for i in range(4 * DAYS)
    )
    products = pd.DataFrame({"product_id": f"p{i}", "category": "tea"} for i in range(8))
    returns = pd.DataFrame(
        {
            "return_id": f"r{i}",
            "customer_id": f"c{i * 7 % 60}",
            "returned_at": at(i // 4 + 5, i % 4 * 7000 + i),
            "amount": 5 + i % 3,
            "order_id": f"o{i}",
        }
        for i in range(40)
    )
    events = pd.DataFrame(
        {
            "customer_id": f"c{i % 60}",
            "occurred_at": at(i // 2, i % 2 * 9000 + i),
            "event_type": ("view", "Cart")[i % 2],
        }
        for i in range(2 * DAYS)
    )
    messages = pd.DataFrame(
        {
            "message_id": f"m{i}",
            "customer_id": f"c{i % 60}",
            "sent_at": at(i // 2, i % 2 * 9000 + i),
            "clicked_at": at(i // 2, i % 2 * 9000 + 2 * i + 60) if i % 5 == 0 else "",
            "channel": "none" if i % 3 == 2 else ("email", "none")[i % 2],
            "arm": ("random", "optimised", "control")[i % 3],
            "propensity": (0.5, "", 0.1)[i % 3],
        }
        for i in range(2 * DAYS)
    )
    consents = pd.DataFrame(
        {
            "customer_id": f"c{i}",
            "scope": ("email", "profiling")[i % 2],
            "granted": i % 7 > 0,
            "changed_at": at(i, i),
        }
        for i in range(60)
    )
    customers = pd.DataFrame(
        {
            "customer_id": f"c{i}",
            "known_at": at(i, 3 * i),
            "first_seen_at": at(i - 1, 3 * i),
            "birth_year": 1950 + i,
        }
        for i in range(60)
    )
    identities = pd.DataFrame(
        {
            "source": ("web", "app")[i % 2],
            "source_id": f"s{i}",
            "customer_id": f"c{i}",
            "known_at": at(i, 5 * i),
        }
        for i in range(60)
    )
    return {
        "orders": orders,
        "order_lines": lines,
        "products": products,
        "returns": returns,
        "events": events,
        "messages": messages,
        "consents": consents,
        "customers": customers,
        "identities": identities,
    }


def _dirty() -> Tables:
    """The same tables, each oddity in rows of its own."""
    tables = _clean()
    orders, lines, returns = tables["orders"], tables["order_lines"], tables["returns"]
    orders.loc[0, "known_at"] = "2023-12-31 00:00:00"
    orders.loc[[4, 5], "cancelled_at"] = ["2024-01-01", orders["ordered_at"][5][:10]]
    orders.loc[8, "amount"], lines.loc[8, "unit_price"] = 0, 0
    orders.loc[12:20, "amount"] += 7
    orders.loc[[24, 25], "customer_id"] = ["Guest", "-1"]
    lines.loc[30:37, "order_id"] = "elsewhere"
    lines.loc[40, "product_id"] = "p99"
    lines.loc[41, "quantity"] = 0
    orders.loc[41, "amount"] = 0
    returns.loc[3, "returned_at"] = "1970-01-01 00:00:00"
    returns.loc[4, "customer_id"], returns.loc[5, "order_id"] = "stranger", "elsewhere"
    tables["events"].loc[0:2, "event_type"] = ["Poke", "poke", "nudge"]
    tables["events"].loc[3, "customer_id"] = "visitor"
    tables["events"] = pd.concat([tables["events"], tables["events"].tail(2)])
    messages, identities = tables["messages"], tables["identities"]
    messages.loc[0, "clicked_at"] = "2024-01-01 02:30:00"
    messages.loc[6:7, "arm"] = "best"
    messages.loc[9, "propensity"] = ""
    messages.loc[10:12, "channel"] = "pigeon"  # the second of them is of the control group
    messages.loc[15, "propensity"] = 0
    messages.loc[20, "customer_id"] = "lead"
    tables["consents"].loc[0:1, "scope"] = ["fax", "post"]
    tables["consents"].loc[2, "customer_id"] = "lead"
    tables["consents"] = pd.concat([tables["consents"], tables["consents"].tail(1)])
    tables["order_lines"] = pd.concat([lines, lines.tail(3)])
    tables["customers"].loc[5, "birth_year"] = 1900
    tables["customers"].loc[[6, 7], "known_at"] = ""
    identities.loc[0, "source_id"] = "c9"  # c9 is a customer of another id
    identities.loc[[20, 21], "source_id"] = "same"
    identities.loc[[30, 31], "source_id"] = ["c30", "c31"]
    identities.loc[[30, 31], "customer_id"] = ["c31", "c30"]
    return tables


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Readiness:
    return examine_tables(tmp_path_factory.mktemp("clean"), _clean())


@pytest.fixture(scope="module")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> Readiness:
    return examine_tables(tmp_path_factory.mktemp("dirty"), _dirty())


def test_a_clean_shop_has_no_finding(clean: Readiness) -> None:
    assert clean.findings == []


@pytest.mark.parametrize(
    ("level", "where", "what", "count", "examples"),
    [
        ("warning", "orders.known_at", "known before it happened", 1, ["o0"]),
        ("warning", "orders.cancelled_at", "before ordered_at", 1, ["o4"]),
        ("advice", "orders.amount", "of nothing", 2, ["o41", "o8"]),
        ("warning", "orders.amount", "from the sum of quantity", 12, None),
        ("warning", "orders.customer_id", "stands for nobody", 2, ["-1", "Guest"]),
        ("advice", "orders.order_id", "without a line", 8, None),
        ("warning", "order_lines.order_id", "not in orders", 8, ["elsewhere"]),
        ("warning", "order_lines.product_id", "not in products", 1, ["p99"]),
        ("warning", "order_lines.quantity", "no pieces", 1, ["o41"]),
        ("advice", "order_lines", "repeat another one", 3, []),
        ("warning", "returns.returned_at", "before 1971", 1, ["r3"]),
        ("warning", "returns.customer_id", "without any order", 1, ["stranger"]),
        ("warning", "returns.order_id", "not in orders", 1, ["r5"]),
        ("advice", "events.event_type", "does not name", 3, ["poke", "nudge"]),
        ("advice", "events.customer_id", "without any order", 1, ["visitor"]),
        ("warning", "events", "repeat another one", 2, []),
        ("warning", "messages.clicked_at", "before sent_at", 1, ["m0"]),
        ("warning", "messages.arm", "arms other than", 2, ["best"]),
        ("warning", "messages.arm", "tagged `control`, but sent", 1, ["pigeon"]),
        ("warning", "messages.propensity", "no probability", 1, ["m9"]),
        ("warning", "messages.propensity", "logged chance of 0", 1, ["m15"]),
        ("warning", "messages.channel", "consents do not name", 3, ["pigeon"]),
        ("advice", "messages.customer_id", "without any order", 1, ["lead"]),
        ("advice", "consents.scope", "neither a channel", 2, ["fax", "post"]),
        ("advice", "consents.customer_id", "without any order", 1, ["lead"]),
        ("advice", "consents", "repeat another one", 1, []),
        ("warning", "customers.known_at", "never used", 2, ["c6", "c7"]),
        ("warning", "customers.birth_year", "before 1905", 1, ["c5"]),
        ("advice", "identities.customer_id", "mapped to another", 3, ["c30", "c31", "c9"]),
        ("warning", "identities.source_id", "in a circle", 2, ["app/c31", "web/c30"]),
        ("warning", "identities.source_id", "several sources", 2, ["same"]),
    ],
)
def test_an_oddity_is_found_and_counted(
    dirty: Readiness, level: str, where: str, what: str, count: int, examples: list[str] | None
) -> None:
    (found,) = [f for f in dirty.findings if f.where == where and what in f.what]
    assert (found.level, found.count) == (level, count)
    assert found.share is not None and 0 < found.share < 1
    assert found.remedy
    if examples is not None:
        assert found.examples == examples


def test_the_gravest_come_first(dirty: Readiness) -> None:
    levels = [finding.level for finding in dirty.findings]
    assert levels == sorted(levels, reverse=True)  # warning, then advice
    assert len(set(levels)) == 2


def test_a_share_is_of_the_rows_that_it_could_have_been(dirty: Readiness) -> None:
    (found,) = [f for f in dirty.findings if "arms other than" in f.what]
    assert found.share == 2 / (2 * DAYS)
    (found,) = [f for f in dirty.findings if "no probability" in f.what]
    assert found.share == 1 / 159  # of those drawn at random or held out


def test_attributes_whose_features_clash_are_an_error(tmp_path: Path) -> None:
    told = {"attr_tier": "gold", "attr_tier_share": "half"}
    report = examine_tables(tmp_path, {"orders": even_orders(40, 4), "customers": _told(**told)})
    (error,) = [f for f in report.findings if f.level == "error"]
    assert "customers.attr_tier too" in error.what
    assert error.where == "customers.attr_tier_share"
    config = tmp_path / "nextbuy.toml"
    config.write_text(config.read_text() + 'columns = {attr_part = "attr_tier_share"}\n')
    log = read_log(read_shop(config))
    assert log.provided["customers"] == {"customer_id", "known_at", "attr_tier", "attr_part"}
    assert [f for f in examine_log(log).findings if f.level == "error"] == []


def _told(**told: str) -> pd.DataFrame:
    """One customer, and what they have told."""
    return pd.DataFrame([{"customer_id": "c1", "known_at": "2024-01-01 08:00:00"} | told])


Find = Callable[..., list[Finding]]


def test_orders_alone_may_be_clean(find: Find) -> None:
    assert find(even_orders(2400, 20)) == []


def test_an_unnamed_currency_is_said(find: Find) -> None:
    (found,) = find(even_orders(400, 20).drop(columns="currency"))
    assert (found.level, found.where) == ("advice", "orders.currency")


def test_a_cap_of_a_channel_that_no_message_names_is_told(write_shop: Callable[..., Path]) -> None:
    tables = {name: _clean()[name] for name in ("orders", "messages")}
    channels = {
        "max_in_7_days": {"Email": 3, "emial": 3, "all": 4},
        "quiet_hours": {"sms": ["21:00", "08:00"]},
    }
    found = examine_log(read_log(read_shop(write_shop(tables, channels)))).findings
    told = {f.where: f.examples for f in found if f.where.startswith("channels.")}
    assert told == {"channels.max_in_7_days": ["emial"], "channels.quiet_hours": ["sms"]}
    assert all(f.level == "warning" for f in found if f.where in told)
    no_messages = examine_log(
        read_log(read_shop(write_shop({"orders": tables["orders"]}, channels)))
    )
    assert not [f for f in no_messages.findings if f.where.startswith("channels.")]
