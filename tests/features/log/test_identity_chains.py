"""Chains of identities: every reader sees the end of a chain, as known at its cutoff."""

from collections.abc import Callable, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.builds.feature_build import build_features
from features.builds.population_statistics import build_lookups_at
from features.builds.shop_catalog import read_catalog
from features.engines.plan import compute_features
from features.engines.sql.feature_queries import make_scope
from features.history.customer_histories import customer_at, read_customer_histories
from features.ledgers.journal import open_journal
from features.ledgers.posted_rows import PostedRowChecker
from features.log.identities import account_customers_sql, customers_of_accounts
from features.log.identity_chains import IdentityStep, follow_chains
from features.log.log import Log, read_log
from features.shop.settings_file import JournalSection
from features.shop.shop import read_shop
from features.store.build.store_build import build_store
from features.store.fresh import FreshStore
from features.store.sqlite_store import SqliteStore
from features.windows import DAY, read_cutoff, to_datetime
from tests.random_logs import OVER_LOGS

WriteShop = Callable[..., Path]
START = read_cutoff("2024-01-01T00:00:00Z", ZoneInfo("UTC"))
IDS = ["a", "b", "c", "d", "e", "f"]
STEPS = st.lists(st.tuples(st.integers(0, 6), st.sampled_from(IDS), st.sampled_from(IDS)))


def _naive(steps: Sequence[IdentityStep], account: str, cutoff: int) -> str:
    """Follow an account step by step, as known at a cutoff."""
    known = [step for step in steps if step[0] <= cutoff]
    newest = {a: max((at, to) for at, of, to in known if of == a) for _, a, _ in known}
    way = [account]
    while way[-1] in newest and newest[way[-1]][1] not in way:
        way.append(newest[way[-1]][1])
    if way[-1] not in newest:
        return way[-1]
    circle = way[way.index(newest[way[-1]][1]) :]
    return max(newest[i] for i in circle)[1]


@given(STEPS)
@settings(max_examples=500, deadline=None, derandomize=True)
def test_one_step_leads_to_the_end_of_the_chain_as_known_then(steps: list[IdentityStep]) -> None:
    followed, circled = follow_chains(steps)
    for cutoff in range(-1, 8):
        newest = dict(sorted((of, (at, to)) for at, of, to in followed if at <= cutoff))
        for account in IDS:
            one_step = newest.get(account, (0, account))[1]
            assert one_step == _naive(steps, account, cutoff), (account, cutoff)
    assert circled <= {account for _, account, _ in steps}


@pytest.mark.parametrize(
    ("steps", "customers"),
    [
        ([(1, "a", "b"), (3, "b", "c")], ["a", "b", "b", "c", "c"]),
        ([(3, "a", "b"), (1, "b", "c")], ["a", "a", "a", "c", "c"]),
        ([(1, "a", "b"), (2, "b", "c"), (3, "a", "d")], ["a", "b", "c", "d", "d"]),
        ([(1, "a", "b"), (2, "b", "c"), (3, "b", "b")], ["a", "b", "c", "b", "b"]),
        ([(1, "a", "b"), (3, "b", "a")], ["a", "b", "b", "a", "a"]),
        ([(1, "b", "a"), (2, "a", "b"), (4, "a", "a")], ["a", "a", "b", "b", "a"]),
    ],
)
def test_of_an_account_the_newest_known_chain_counts(
    steps: list[IdentityStep], customers: list[str]
) -> None:
    followed, _ = follow_chains(steps)
    for cutoff, customer in enumerate(customers):
        of_a = [(at, to) for at, of, to in followed if of == "a" and at <= cutoff]
        assert max(of_a, default=(0, "a"))[1] == customer, cutoff


def test_ids_in_a_circle_are_named_and_those_that_lead_into_it_are_not() -> None:
    _, circled = follow_chains(
        [(1, "x", "a"), (1, "a", "b"), (2, "b", "c"), (3, "c", "a"), (4, "d", "d")]
    )
    assert circled == {"a", "b", "c"}


def test_where_sources_are_named_a_customer_is_no_account_of_equal_id(
    write_shop: WriteShop,
) -> None:
    """A till that numbers its customers from 1 as the shop itself does."""
    pairs = [("till", "1", "2"), ("till", "2", "3"), ("till", "3", "1"), ("web", "70", "till:3")]
    identities = pd.DataFrame(pairs, columns=["source", "source_id", "customer_id"])
    orders = identities.drop(columns="customer_id").rename(columns={"source_id": "customer_id"})
    orders = orders.assign(order_id=orders.index, ordered_at=["2024-01-01", "2024-01-02"] * 2)
    log = read_log(
        read_shop(write_shop({"orders": orders.assign(amount=1), "identities": identities}))
    )
    accounts = [f"{source}:{source_id}" for source, source_id, _ in pairs]
    assert customers_of_accounts(log, pd.Series(accounts), log.observed_until).tolist() == [
        "2",
        "3",
        "1",
        "1",
    ]
    assert customers_of_accounts(log, pd.Series(["1", "2"]), log.observed_until).tolist() == [
        "1",
        "2",
    ]


def test_a_long_chain_is_followed_at_once() -> None:
    steps = [(0, f"{place}", f"{place + 1}") for place in range(200_000)]
    followed, _ = follow_chains(steps)
    assert {customer for _, _, customer in followed} == {"200000"}
    assert len(followed) == 200_000


def _shop(write_shop: WriteShop, steps: Sequence[IdentityStep]) -> Log:
    """A shop in which every id has an order a day, and the steps become known day by day."""
    ids = [*IDS, "stranger"]
    days = [to_datetime(START + n * DAY // 2).isoformat() for n in range(16)]
    orders = pd.DataFrame(
        [{"customer_id": i, "ordered_at": day, "amount": n + 1}
         for n, i in enumerate(ids) for day in days]
    )  # fmt: skip
    orders["order_id"] = orders.index
    identities = pd.DataFrame(
        [("web", of, to, to_datetime(START + at * DAY).isoformat()) for at, of, to in steps],
        columns=["source", "source_id", "customer_id", "known_at"],
    ).drop_duplicates(["source", "source_id", "known_at"], keep=False)
    tables = {"orders": orders} | ({"identities": identities} if len(identities) else {})
    return read_log(read_shop(write_shop(tables)))


@given(STEPS)
@settings(OVER_LOGS, max_examples=6)
def test_first_middle_and_last_ids_agree_alone_in_a_batch_and_in_the_build(
    write_shop: WriteShop, tmp_path: Path, steps: list[IdentityStep]
) -> None:
    log = _shop(write_shop, steps)
    query = "SELECT known_at, source_id, customer_id FROM identities"
    taken = log.fetch(query) if "identities" in log.provided else []
    build_store(log, tmp_path / "store.sqlite")
    store = SqliteStore(tmp_path / "store.sqlite")
    for day in (0, 2, 4, 6):
        _assert_agreement(log, store, START + day * DAY + 1, taken)
    store.close()


def _assert_agreement(
    log: Log, store: SqliteStore, cutoff: int, steps: Sequence[IdentityStep]
) -> None:
    catalog = read_catalog(log, cutoff)
    frame = build_features(log, [cutoff], catalog).set_index("customer_id")
    customers = {account: _naive(steps, account, cutoff) for account in IDS}
    assert customers_of_accounts(log, pd.Series(IDS), cutoff).tolist() == list(customers.values())
    assert set(frame.index) == {*customers.values(), "stranger"}
    found = read_customer_histories(lambda some: store.read(list(some)), IDS, cutoff)
    assert [customer_at(found[i], i, cutoff) for i in IDS] == list(customers.values())
    scope = make_scope(log, cutoff, build_lookups_at(log, cutoff, catalog))
    together = compute_features(catalog, [found[i] for i in IDS], scope)
    for place, account in enumerate(IDS):
        alone = compute_features(catalog, [found[account]], scope)
        row = frame.loc[customers[account]]
        for name in catalog.numbers:
            np.testing.assert_array_equal(alone[name][0], together[name][place], err_msg=name)
            np.testing.assert_allclose(together[name][place], row[name], rtol=1e-9, err_msg=name)


def test_what_is_posted_for_any_id_of_a_chain_is_asked_for_as_it_will_be_built(
    write_shop: WriteShop, tmp_path: Path
) -> None:
    log = _shop(write_shop, [(1, "a", "b"), (2, "b", "c")])
    complete = msgspec.structs.replace(log.shop, journal=JournalSection(complete=True))
    build_store(log, tmp_path / "store.sqlite")
    row = {"ordered_at": "2024-01-20T00:00:00Z", "amount": 5}
    rows = [row | {"customer_id": i, "order_id": f"posted-{i}"} for i in "abc"]
    journal = open_journal(log.shop)
    journal.append(PostedRowChecker(log.shop).read({"orders": rows}))
    rebuilt = read_log(complete)
    cutoff = rebuilt.observed_until
    build_store(rebuilt, tmp_path / "rebuilt.sqlite")
    catalog = read_catalog(rebuilt, cutoff).select(["orders_count", "monetary_value"])
    frame = build_features(rebuilt, [cutoff], catalog).set_index("customer_id")
    scope = make_scope(rebuilt, cutoff, build_lookups_at(rebuilt, cutoff, catalog))
    fresh = FreshStore(log.shop, SqliteStore(tmp_path / "store.sqlite"), journal)
    for store in (fresh, SqliteStore(tmp_path / "rebuilt.sqlite")):
        found = read_customer_histories(lambda some, s=store: s.read(list(some)), "abc", cutoff)
        values = compute_features(catalog, [found[i] for i in "abc"], scope)
        assert values["orders_count"].tolist() == [3 * 16 + 3] * 3
        assert values["monetary_value"].tolist() == [frame.loc["c", "monetary_value"]] * 3
        store.close()


def test_an_account_of_a_source_leads_on_by_its_bare_id(write_shop: WriteShop) -> None:
    log = _shop(write_shop, [(1, "a", "b"), (2, "b", "c")])
    known = dict(log.fetch(account_customers_sql(START + 3 * DAY)))
    assert known == {"a": "c", "web:a": "c", "b": "c", "web:b": "c"}
