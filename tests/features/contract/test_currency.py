"""The minor unit of a currency."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from features.log.log import read_log
from features.shop.shop import read_shop

GOOD = pd.DataFrame(
    {
        "order_id": ["a", "b", "c"],
        "customer_id": ["x", "y", "x"],
        "ordered_at": ["2024-01-05", "2024-01-06 10:00:00", "2024-01-07T10:00:00Z"],
        "amount": ["10.50", "0", "7.25"],
    }
)


@pytest.mark.parametrize(("currency", "amount"), [("JPY", 10), ("KWD", 10500), ("EUR", 1050)])
def test_money_is_held_in_the_currencys_minor_unit(
    write_shop: Callable[..., Path], currency: str, amount: int
) -> None:
    written = "10.00" if currency == "JPY" else "10.50"  # which has no decimals to lose
    orders = GOOD.head(1).assign(amount=written)
    log = read_log(read_shop(write_shop({"orders": orders}, currency=currency)))
    assert log.connection.execute("SELECT amount FROM orders").fetchall() == [(amount,)]
