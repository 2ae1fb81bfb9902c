"""A draft is written as settings that are read back equal."""

from pathlib import Path

from features.contract.value_format import ValueFormat
from features.shop.settings_file import TableSource
from features.shop.shop import parse_shop
from nextbuy.init.shop_draft import ShopDraft, TableDraft, render_shop

SOURCE = TableSource(
    path={"orders": "Bestellungen 2025.csv", "people": 'a"b\\c.csv'},
    query='SELECT "Größe" AS order_id\nFROM orders',
    leave_out={"test orders": "status = 'test'", "ünpaid": 'amount < 0 OR "x" IS NULL'},
    columns={"customer_id": "Kunde (Nr.)"},
    delimiter="\t",
    format=ValueFormat(decimal=",", nulls=["NULL", "n/a"]),
    formats={"ordered_at": ValueFormat(instant="%d.%m.%Y", timezone="Europe/Paris")},
)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    headless = TableSource(path="x", columns=["order_id", "product_id", "quantity", "unit_price"])
    tables = [
        TableDraft("orders", SOURCE, "A long text. " * 20),
        TableDraft("order_lines", headless),
    ]
    draft = ShopDraft("A shop.", tables, {"name": "Löwe", "currency": "PLN"}, "case", ["x: y"])
    text = render_shop(draft)
    shop = parse_shop(text, tmp_path / "nextbuy.toml")
    assert shop.tables == {"orders": SOURCE, "order_lines": headless}
    assert (shop.section.name, shop.section.currency, shop.fold) == ("Löwe", "PLN", "case")
    assert max(len(line) for line in text.splitlines() if line.startswith("#")) <= 100
    assert "# - x: y" in text
