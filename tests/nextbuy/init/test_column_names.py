"""Names of columns in other systems and languages."""

import pytest

from features.contract.tables import ORDERS, PRODUCTS
from nextbuy.init.column_names import candidates, count_required, is_price


@pytest.mark.parametrize(
    ("column", "names", "fitting"),
    [
        ("customer_id", ["Customer ID", "email"], ["Customer ID"]),
        ("customer_id", ["E-Mail", "phone"], ["E-Mail"]),
        ("customer_id", ["customer_id", "customer_unique_id"], ["customer_id"]),
        ("ordered_at", ["Order Date", "Ship Date"], ["Order Date"]),
        ("amount", ["Sales", "Profit", "Total"], ["Sales", "Total"]),
        ("amount", ["Profit"], []),
        ("store", ["Filiale"], ["Filiale"]),
        ("cancelled_at", ["storno"], []),
    ],
)
def test_the_surest_names_come_first(column: str, names: list[str], fitting: list[str]) -> None:
    assert candidates(column, names) == fitting


def test_a_table_fits_where_all_of_its_required_columns_do() -> None:
    assert count_required(ORDERS, ["no", "kunde", "datum", "betrag"]) == 4
    assert count_required(ORDERS, ["kunde", "datum", "betrag"]) == 0
    assert count_required(PRODUCTS, ["sku"]) == 1
    assert is_price(["Price"])
    assert not is_price(["amount"])
