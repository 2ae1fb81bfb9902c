"""Posted rows are written down once, and are one row with what the files hold of them."""

import os
import uuid
from collections.abc import Iterator

import msgspec
import numpy as np
import psycopg
import pytest

from features.errors import InputError
from features.history.layout import HISTORY_COLUMNS, ROW_KEY
from features.ledgers.journal import JOURNAL_LEDGER, journal_path, open_journal
from features.ledgers.ledger import open_ledger
from features.log.log import read_log
from features.shop.settings_file import JournalSection
from features.shop.shop import Shop, read_shop
from features.store.address import store_target
from features.store.build.store_build import build_store
from features.store.fresh import FreshStore
from features.windows import to_datetime
from tests.features.ledgers.posting import MESSAGE, ORDER, post


@pytest.fixture(params=["file", pytest.param("postgres", marks=pytest.mark.services)])
def shop(request: pytest.FixtureRequest, write_shop, orders) -> Iterator[Shop]:
    """A shop without a store or posts, its journal in a file or in PostgreSQL."""
    frame = orders(("c", "2024-01-02", 1.5), ("d", "2024-02-02", 2), ("c", "2024-03-01", 3))
    name = f"test_{uuid.uuid4().hex}"
    read = read_shop(write_shop({"orders": frame}, name=name))
    if request.param == "file":
        yield read
        return
    url = os.environ.get("NEXTBUY_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
    yield msgspec.structs.replace(read, journal=JournalSection(url=url))
    with psycopg.connect(url) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS nextbuy_{name} CASCADE")


def read_fresh(shop: Shop, customer_id: str) -> dict:
    store = FreshStore(shop, store_target(shop).open(), open_journal(shop))
    found = store.read([customer_id])
    store.close()
    return found.get(customer_id, {})


def build(shop: Shop) -> None:
    log = read_log(shop)
    build_store(log, store_target(shop), keep_days={})  # however old the rows of a test
    log.connection.close()


def test_a_posted_row_is_in_the_next_history_and_in_the_next_log_alike(shop: Shop) -> None:
    build(shop)
    consent = {"customer_id": "c", "scope": "email", "granted": True, "changed_at": "2024-03-01"}
    person = {"customer_id": "c", "reachable_email": True}
    assert post(shop, messages=[MESSAGE], consents=[consent], customers=[person]) == (3, 0)
    assert post(shop, orders=[ORDER]) == (1, 0)  # last, since the data ends with the last order
    fresh = read_fresh(shop, "c")
    assert fresh["orders"]["amount"].tolist() == [150, 300, 500]
    assert fresh["messages"]["channel"].tolist() == ["email"]
    assert fresh["messages"]["known_at"] > fresh["messages"]["sent_at"]
    build(shop)
    assert_same(read_fresh(shop, "c"), fresh)
    built = store_target(shop).open()
    assert_same(built.read(["c"])["c"], fresh)
    built.close()


@pytest.mark.parametrize("complete", [False, True])
def test_a_post_moves_the_end_of_the_data_only_where_everything_is_posted(
    shop: Shop, complete: bool
) -> None:
    """Of an export that ended weeks ago, a single post says nothing about the weeks since."""
    section = msgspec.structs.replace(shop.journal, complete=complete)
    shop = msgspec.structs.replace(shop, journal=section)
    end_of_files = read_log(shop).observed_until
    build(shop)
    assert post(shop, orders=[ORDER]) == (1, 0)
    log, (posted,) = read_log(shop), read_fresh(shop, "c")["orders"]["known_at"][-1:]
    assert log.count("orders") == 4
    assert log.observed_until == (posted if complete else end_of_files)
    build(shop)
    store = FreshStore(shop, store_target(shop).open(), open_journal(shop))
    assert store.data_cutoff == (posted if complete else end_of_files)
    assert store.read(["c"])["c"]["orders"]["amount"].tolist() == [150, 300, 500]
    store.close()


def assert_same(one: dict, other: dict) -> None:
    assert one.keys() == other.keys()
    for name in one:
        for column in (ROW_KEY, *HISTORY_COLUMNS[name]):
            np.testing.assert_array_equal(one[name][column], other[name][column], column)


def test_a_row_posted_twice_is_one_and_a_late_field_is_added_from_its_receipt(shop: Shop) -> None:
    build(shop)
    assert post(shop, messages=[MESSAGE, MESSAGE]) == (1, 1)
    assert post(shop, messages=[MESSAGE]) == (0, 1)
    clicked = MESSAGE | {"clicked_at": "2024-03-02T09:05:00Z", "opened_at": "2024-03-02T09:04:00Z"}
    assert post(shop, messages=[clicked]) == (1, 0)
    assert post(shop, messages=[clicked | {"clicked_at": "2024-03-02T09:09:00Z"}]) == (0, 1)
    fresh = read_fresh(shop, "c")["messages"]
    assert [to_datetime(int(t)).minute for t in fresh["clicked_at"]] == [5]
    assert fresh["clicked_known_at"] > fresh["known_at"]
    build(shop)
    assert_same(read_fresh(shop, "c"), {**read_fresh(shop, "c"), "messages": fresh})


@pytest.mark.parametrize("posted_first", [True, False])
def test_an_order_in_the_files_and_in_a_post_is_one_in_any_order(
    shop: Shop, posted_first: bool
) -> None:
    """The files' values count, and a field that they lack comes from the post."""
    again = ORDER | {"order_id": "o2", "ordered_at": "2024-03-01", "amount": 99, "discount": 1}
    if posted_first:
        post(shop, orders=[again])
    build(shop)
    if not posted_first:
        post(shop, orders=[again])
    fresh = read_fresh(shop, "c")["orders"]
    assert fresh["amount"].tolist() == [150, 300]
    np.testing.assert_array_equal(fresh["discount"], [np.nan, 100])
    log = read_log(shop)
    rows = log.connection.execute("SELECT amount, discount FROM orders WHERE order_id = 'o2'")
    assert rows.fetchall() == [(300, 100)]
    assert "discount" in log.provided["orders"]


def _order_clock(shop: Shop) -> tuple:
    query = "SELECT amount, discount, known_at FROM orders WHERE order_id = 'p1'"
    return read_log(shop).connection.execute(query).fetchall()[0]


def test_a_row_is_known_from_when_all_of_its_values_had_been_said(shop: Shop) -> None:
    """Posted again with what has no instant of its own, it is known from that post on."""
    build(shop)
    post(shop, orders=[ORDER])
    first = _order_clock(shop)[2]
    post(shop, orders=[ORDER | {"discount": 1}])
    amount, discount, known_at = _order_clock(shop)
    assert (amount, discount) == (500, 100)
    assert known_at > first
    assert read_fresh(shop, "c")["orders"]["known_at"].tolist()[-1] == known_at
    build(shop)
    assert read_fresh(shop, "c")["orders"]["known_at"].tolist()[-1] == known_at


def test_lines_come_with_their_order(shop: Shop) -> None:
    """They have no clock but its own, and two lists of lines for one order are a mistake."""
    line = {"order_id": "p1", "product_id": "b", "quantity": 2, "unit_price": "1.25"}
    post(shop, orders=[ORDER])
    for posts in ({"order_lines": [line]}, {"orders": [ORDER], "order_lines": [line]}):
        with pytest.raises(InputError, match="an order of the same request"):
            post(shop, **posts)
    whole = {"orders": [ORDER | {"order_id": "p2"}], "order_lines": [line | {"order_id": "p2"}]}
    assert post(shop, **whole) == (2, 0)
    assert post(shop, **whole) == (0, 2)
    with pytest.raises(InputError, match="an order of the same request"):
        post(shop, order_lines=[line | {"order_id": "p2", "product_id": "c"}])


def test_a_table_that_only_posts_give_is_provided_and_events_without_ids_are_told_apart(
    shop: Shop,
) -> None:
    seen = {"customer_id": "e", "occurred_at": "2024-03-02T10:00:00Z", "event_type": "View"}
    other = seen | {"product_id": "x"}
    assert post(shop, events=[seen, other, seen]) == (2, 1)
    log = read_log(shop)
    given = {"customer_id", "occurred_at", "event_type", "product_id"}
    assert log.provided["events"] == given | {"known_at"}  # at their receipt
    query = "SELECT event_type, product_id FROM events ORDER BY ALL"
    assert log.connection.execute(query).fetchall() == [("view", "x"), ("view", None)]


def test_an_id_that_is_another_customers_is_refused(shop: Shop) -> None:
    post(shop, orders=[ORDER])
    with pytest.raises(InputError, match="the customer that it was posted with before"):
        post(shop, orders=[ORDER | {"customer_id": "d"}])


def test_a_statement_that_returns_to_an_earlier_one_counts(shop: Shop) -> None:
    build(shop)
    for reachable in (True, False, True):
        row = {"customer_id": "c", "reachable_email": reachable}
        assert post(shop, customers=[row]) == (1, 0)
    told = read_fresh(shop, "c")["reachability"]
    assert told["reachable"][told["channel"] == "email"].tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    "shop", [pytest.param("postgres", marks=pytest.mark.services)], indirect=True
)
def test_an_existing_postgres_ledger_is_opened_without_creating_its_tables_again(
    shop: Shop,
) -> None:
    """Creating them would wait for the lock of a writer that is in the middle of a transaction."""
    assert shop.journal.url is not None
    impatient = f"{shop.journal.url}?options=-c%20lock_timeout%3D500ms"
    first = open_ledger(JOURNAL_LEDGER, shop.journal.url, journal_path(shop), shop.section.name)
    with first.write() as run:
        run("SELECT 1", ())
        again = open_ledger(JOURNAL_LEDGER, impatient, journal_path(shop), shop.section.name)
        assert again.select("SELECT count(*) FROM posted") == [(0,)]
    again.close()
    first.close()


@pytest.mark.parametrize(
    "shop", [pytest.param("postgres", marks=pytest.mark.services)], indirect=True
)
def test_an_index_that_a_postgres_ledger_lacks_is_created_at_its_next_opening(shop: Shop) -> None:
    assert shop.journal.url is not None
    open_journal(shop).close()
    query = "SELECT count(*) FROM pg_indexes WHERE schemaname = %s"
    schema = f"nextbuy_{shop.section.name}"
    with psycopg.connect(shop.journal.url) as connection:
        (before,) = connection.execute(query, [schema]).fetchone()
        connection.execute(f"DROP INDEX {schema}.posted_of_key")
    open_journal(shop).close()
    with psycopg.connect(shop.journal.url) as connection:
        assert connection.execute(query, [schema]).fetchone() == (before,)
