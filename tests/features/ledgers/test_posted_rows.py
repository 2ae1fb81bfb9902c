"""Posted rows are refused as rows of files are."""

import msgspec
import pytest

from features.errors import InputError
from features.ledgers.journal import open_journal
from features.ledgers.posted_rows import PostedRowChecker
from features.shop.pseudonyms import pseudonym
from features.shop.shop import Shop
from tests.features.ledgers.posting import MESSAGE, ORDER, post


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
        ({"ordered_at": "22/08/25"}, r"orders.ordered_at: expected a date.*Correct the export"),
        ({"amount": "1_000"}, r"orders.amount: expected a decimal number"),
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


def test_no_raw_id_passes_the_check_where_the_shop_wants_pseudonyms(
    file_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEXTBUY_PSEUDONYM_KEY", "k" * 32)
    section = msgspec.structs.replace(file_shop.section, pseudonymise=True)
    shop = msgspec.structs.replace(file_shop, section=section)
    (row,) = PostedRowChecker(shop).read({"orders": [ORDER]})
    assert row.body["customer_id"] == pseudonym(b"k" * 32, "c")


def test_an_offset_after_a_blank_and_three_decimals_are_clear_in_a_post(file_shop: Shop) -> None:
    """A number of JSON has no thousands sign, and posts are read like files and arguments."""
    when = "2024-03-02 11:00:00 +0100"
    order = ORDER | {"ordered_at": when, "amount": 20.520}
    rows = PostedRowChecker(file_shop).read({"orders": [order]})
    plain = PostedRowChecker(file_shop).read({"orders": [ORDER | {"amount": "20.52"}]})
    assert rows[0].body == plain[0].body
