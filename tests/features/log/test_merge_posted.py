"""A row in the files and in a post is one row of the log."""

import pandas as pd
import pytest

from features.log.log import read_log
from features.shop.shop import Shop, read_shop
from tests.features.ledgers.posting import ORDER, post


def _order_clock(shop: Shop) -> tuple:
    query = "SELECT amount, discount, known_at FROM orders WHERE order_id = 'p1'"
    return read_log(shop).connection.execute(query).fetchall()[0]


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
