"""Tests of probes: when they apply, what they count, and when that makes a finding."""

from collections.abc import Callable
from pathlib import Path

import pytest

from features.log.log import Log, read_log
from features.readiness.probes import Probe, applies, row_name_sql, run_probes
from features.shop.shop import read_shop


@pytest.fixture
def log(write_shop: Callable[..., Path], orders) -> Log:
    rows = [("a", f"2024-01-0{amount} 10:00:00", amount) for amount in (1, 2, 3, 4)]
    return read_log(read_shop(write_shop({"orders": orders(*rows)})))


def _probe(broken: str, **parts) -> Probe:
    return Probe("warning", "orders.amount", "large", "Check it.", broken, **parts)


def test_a_probe_applies_where_the_shop_gives_all_that_it_reads(log: Log) -> None:
    assert applies(_probe("TRUE", needs=("orders", "orders.amount")), log)
    assert not applies(_probe("TRUE", needs=("orders.discount",)), log)
    assert not applies(_probe("TRUE", needs=("returns",)), log)


def test_a_finding_counts_and_names_the_rows_and_their_share(log: Log) -> None:
    (finding,) = run_probes(log, "orders", [_probe("amount > 200", among="amount > 100")])
    assert (finding.count, finding.share, finding.examples) == (2, 2 / 3, ["o2", "o3"])
    (finding,) = run_probes(log, "orders", [_probe("amount > 200", example="customer_id")])
    assert finding.examples == ["a"]


@pytest.mark.parametrize(
    ("least", "findings"),
    [({"least_rows": 2}, 1), ({"least_rows": 3}, 0), ({"least_share": 0.5}, 1),
     ({"least_share": 0.51}, 0)],
)  # fmt: skip
def test_few_rows_make_no_finding(log: Log, least: dict, findings: int) -> None:
    assert len(run_probes(log, "orders", [_probe("amount > 200", **least)])) == findings


def test_without_probes_nothing_is_found(log: Log) -> None:
    assert run_probes(log, "orders", []) == []


def test_a_row_is_named_by_its_id_or_by_its_customer() -> None:
    assert row_name_sql("orders") == "order_id"
    assert row_name_sql("events") == "customer_id"
