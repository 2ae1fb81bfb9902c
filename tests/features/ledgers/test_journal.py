"""Posted rows: refused as files are, written down once, and one row with what the files say."""

import os
import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import psycopg
import pytest

from features.contract.row_keys import hash_sql, hash_values
from features.errors import InputError, NextbuyError
from features.history.layout import HISTORY_COLUMNS, ROW_KEY
from features.ledgers.journal import JOURNAL_LEDGER, Journal, journal_path, open_journal
from features.ledgers.ledger import open_ledger
from features.ledgers.posted_rows import PostedRowChecker
from features.log.log import read_log
from features.shop.pseudonyms import pseudonym
from features.shop.settings_file import JournalSection
from features.shop.shop import Shop, read_shop
from features.store.address import store_target
from features.store.build.store_build import build_store
from features.store.fresh import FreshStore
from features.windows import to_datetime

ORDER = {"order_id": "p1", "customer_id": "c", "ordered_at": "2024-03-02T10:00:00Z", "amount": 5}
MESSAGE = {
    "message_id": "m1",
    "customer_id": "c",
    "sent_at": "2024-03-02T09:00:00Z",
    "channel": "Email",
}


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


@pytest.fixture
def file_shop(write_shop, orders) -> Shop:
    frame = orders(("c", "2024-01-02", 1), ("c", "2024-02-02", 2))
    return read_shop(write_shop({"orders": frame}))


def post(shop: Shop, **tables: list[dict]) -> tuple[int, int]:
    journal = open_journal(shop)
    try:
        receipt = journal.append(PostedRowChecker(shop).read(tables))
    finally:
        journal.close()
    return receipt.accepted, receipt.duplicates


def read_fresh(shop: Shop, customer_id: str) -> dict:
    store = FreshStore(shop, store_target(shop).open(), open_journal(shop))
    found = store.read([customer_id])
    store.close()
    return found.get(customer_id, {})


def build(shop: Shop) -> None:
    log = read_log(shop)
    build_store(log, store_target(shop), keep_days={})  # however old the rows of a test
    log.connection.close()


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"colour": "red"}, r"orders.colour: expected a column of the contract .* row 2"),
        ({"amount": "much"}, r"orders.amount: expected a decimal number.*row 2: 'much'"),
        ({"amount": None}, r"orders.amount: expected a value, got row 2: nothing"),
        ({"amount": -1}, r"orders.amount: expected 0 or more"),
        ({"amount": True}, r"orders.amount: expected a decimal number.*row 2: True"),
        ({"order_id": 1.5}, r"orders.order_id: expected text or a whole number"),
        ({"store": ["x"]}, r"orders.store: expected text"),
        ({"ordered_at": "soon"}, r"orders.ordered_at: expected a date"),
        ({"ordered_at": "2999-01-01"}, r"orders.ordered_at: expected nothing after now"),
        ({"currency": "PLN"}, r"orders.currency: expected one currency, EUR"),
        ({"known_at": "2024-03-02"}, r"orders.known_at: .*known when it is received"),
    ],
)
def test_a_row_that_breaks_the_contract_is_refused_and_the_whole_post_with_it(
    file_shop: Shop, row: dict, says: str
) -> None:
    with pytest.raises(InputError, match=says):
        post(file_shop, orders=[ORDER, ORDER | {"order_id": "p2"} | row])
    assert list(open_journal(file_shop).rows(10)) == []


@pytest.mark.parametrize(
    ("tables", "says"),
    [
        ({"products": [{"product_id": "x"}]}, "products: expected one of orders"),
        ({}, "rows: expected 1 to 1000 in a request, got 0"),
        ({"orders": [ORDER] * 1001}, "rows: expected 1 to 1000 in a request, got 1001"),
        ({"messages": [MESSAGE | {"machine_opened": True}]}, "expected `opened_at` with it"),
        (
            {"order_lines": [{"order_id": "x", "product_id": "y", "quantity": 1, "unit_price": 2}]},
            "expected an order of the same request, that was not posted before, got 'x'",
        ),
    ],
)
def test_a_post_that_makes_no_sense_is_refused(file_shop: Shop, tables: dict, says: str) -> None:
    with pytest.raises(InputError, match=says):
        post(file_shop, **tables)


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


@pytest.mark.parametrize(("amount", "is_later"), [(5, False), (999, True)])
def test_a_value_of_the_files_is_not_known_from_a_post_that_said_another(
    write_shop, orders, amount: int, is_later: bool
) -> None:
    frame = orders(("c", "2024-01-02", 1), ("c", "2024-02-02", 2))
    shop = read_shop(write_shop({"orders": frame}))
    post(shop, orders=[ORDER])
    received = _order_clock(shop)[2]
    later = frame.iloc[:1].assign(
        order_id="p1",
        ordered_at=ORDER["ordered_at"],
        amount=amount,
        known_at=pd.Timestamp.now("UTC"),
    )
    frame = frame.assign(known_at=pd.to_datetime(frame["ordered_at"], utc=True))
    pd.concat([frame, later]).to_csv(shop.workspace.parent / "orders.csv", index=False)
    found = _order_clock(shop)
    assert found[0] == amount * 100
    assert (found[2] > received) is is_later


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


def test_the_lines_of_an_order_count_from_where_they_come_first(write_shop, orders) -> None:
    lines = pd.DataFrame(
        {"order_id": ["o0"], "product_id": ["a"], "quantity": [1], "unit_price": [2]}
    )
    frame = orders(("c", "2024-01-02", 1), ("c", "2024-02-02", 1))
    shop = read_shop(write_shop({"orders": frame, "order_lines": lines}))
    line = {"product_id": "b", "quantity": 2, "unit_price": "1.25"}
    posted_order = ORDER | {"order_id": "o0", "ordered_at": "2024-01-02"}
    taken = [line | {"order_id": "p1"}, line | {"order_id": "p1"}, line | {"order_id": "o0"}]
    assert post(shop, orders=[ORDER, posted_order], order_lines=taken) == (5, 0)
    assert post(shop, order_lines=taken[:1]) == (0, 1)
    rows = read_log(shop).connection.execute(
        "SELECT order_id, product_id, unit_price FROM order_lines ORDER BY ALL"
    )
    assert rows.fetchall() == [("o0", "a", 200), ("p1", "b", 125), ("p1", "b", 125)]


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


def test_the_door_lets_no_raw_id_in_where_the_shop_wants_pseudonyms(
    file_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEXTBUY_PSEUDONYM_KEY", "k" * 32)
    section = msgspec.structs.replace(file_shop.section, pseudonymise=True)
    shop = msgspec.structs.replace(file_shop, section=section)
    (row,) = PostedRowChecker(shop).read({"orders": [ORDER]})
    assert row.body["customer_id"] == pseudonym(b"k" * 32, "c")


def test_a_key_is_the_same_number_in_sql_and_in_python(file_shop: Shop) -> None:
    values = ["żółć", None, True, 3]
    connection = read_log(file_shop).connection
    columns = ", ".join(f"? AS c{place}" for place in range(len(values)))
    keys = hash_sql([f"c{place}" for place in range(len(values))])
    found = connection.execute(f"SELECT {keys} FROM (SELECT {columns})", values).fetchall()
    assert found[0][0] == hash_values(values) < 2**53


def test_a_journal_that_cannot_be_written_accepts_nothing(file_shop: Shop) -> None:
    journal: Journal = open_journal(file_shop)
    journal.append(PostedRowChecker(file_shop).read({"orders": [ORDER]}))
    limit = journal._database._writer  # what a full disk does to the connection
    limit.execute("PRAGMA max_page_count = 1")
    many = [ORDER | {"order_id": f"x{n}", "store": "s" * 500} for n in range(900)]
    with pytest.raises(NextbuyError, match=r"full.*Nothing of this request was accepted"):
        journal.append(PostedRowChecker(file_shop).read({"orders": many}))
    limit.execute("PRAGMA max_page_count = 100000")
    assert journal.append(PostedRowChecker(file_shop).read({"orders": many})).accepted == 900
    assert sum(map(len, journal.rows(100))) == 901
    journal.close()


def test_a_file_that_is_no_journal_is_refused(file_shop: Shop) -> None:
    path: Path = journal_path(file_shop)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"not a database at all, but long enough" * 50)
    with pytest.raises(NextbuyError, match=r"journal.sqlite: the journal .* cannot be used"):
        open_journal(file_shop)


def test_what_is_answered_is_on_the_disk(file_shop: Shop) -> None:
    journal = open_journal(file_shop)
    connection: sqlite3.Connection = journal._database._writer
    assert connection.execute("PRAGMA synchronous").fetchall() == [(2,)]
    journal.close()


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


@pytest.mark.services
def test_a_database_that_cannot_be_reached_is_named_without_its_password(file_shop: Shop) -> None:
    url = "postgresql://me:secret@127.0.0.1:9/none"
    with pytest.raises(NextbuyError, match=r"postgresql://127.0.0.1/none: the journal") as raised:
        open_journal(msgspec.structs.replace(file_shop, journal=JournalSection(url=url)))
    assert "secret" not in str(raised.value)
