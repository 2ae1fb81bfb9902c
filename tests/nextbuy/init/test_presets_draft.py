"""What a draft from presets takes from the rows: currencies, tables without a row, gaps."""

from pathlib import Path

import pytest

from features.errors import InputError
from features.log.log import read_log
from features.shop.shop import parse_shop
from nextbuy.init.given_tables import look_at
from nextbuy.init.presets_draft import draft_from_presets
from nextbuy.init.shop_draft import ShopDraft, render_shop
from tests.nextbuy.init.made_up_exports import open_database

HEAD = (
    "Name,Email,Financial Status,Currency,Shipping,Total,Created at,Lineitem quantity,"
    "Lineitem name,Lineitem price\n"
)
ORDERS = """\
#1,a@x.org,paid,SEK,0,100,2025-01-01 10:00:00 +0100,1,Mug,100
#2,b@x.org,paid,SEK,0,50,2025-01-02 10:00:00 +0100,1,Mug,50
#3,b@x.org,paid,EUR,0,5,2025-01-03 10:00:00 +0100,1,Mug,5
"""
CUSTOMERS = "Email,Accepts Email Marketing\n"


def _draft(folder: Path, *given: str, currency: str | None = None) -> ShopDraft:
    (folder / "orders.csv").write_text(HEAD + ORDERS)
    (folder / "customers.csv").write_text(CUSTOMERS)
    tables = look_at([str(folder / name) for name in given], folder, None)
    shop = {} if currency is None else {"currency": currency}
    return draft_from_presets(["shopify"], tables, shop, folder / "nextbuy.toml")


def test_the_most_frequent_currency_is_taken_and_others_are_left_out(tmp_path: Path) -> None:
    draft = _draft(tmp_path, "orders.csv")
    assert draft.shop["currency"] == "SEK"
    log = read_log(parse_shop(render_shop(draft), tmp_path / "nextbuy.toml"))
    assert log.left_out["orders"] == {"other currency": 1}
    assert log.fetch("SELECT DISTINCT order_id FROM order_lines ORDER BY 1") == [("#1",), ("#2",)]
    log.close()


def test_a_currency_that_is_given_is_kept(tmp_path: Path) -> None:
    draft = _draft(tmp_path, "orders.csv", currency="EUR")
    assert draft.shop["currency"] == "EUR"
    assert "other currency" not in draft.tables[0].source.leave_out


def test_a_table_without_a_row_is_not_written(tmp_path: Path) -> None:
    draft = _draft(tmp_path, "orders.csv", "customers.csv")
    assert {table.table for table in draft.tables} == {"orders", "order_lines"}
    assert "consents: there are none yet" in draft.gaps


def test_an_encoding_is_written_down_and_settings_that_nothing_told_are_named(
    tmp_path: Path,
) -> None:
    export = (HEAD + ORDERS).replace("Mug", "Krüge").encode("windows-1252")
    (tmp_path / "orders.csv").write_bytes(export)
    tables = look_at([str(tmp_path / "orders.csv")], tmp_path, "windows-1252")
    draft = draft_from_presets(["shopify"], tables, {}, tmp_path / "nextbuy.toml")
    assert {table.source.encoding for table in draft.tables} == {"windows-1252"}
    assert draft.shop == {"timezone": "UTC", "currency": "SEK"}
    assert "shop.timezone: UTC is assumed: give --timezone" in draft.gaps
    assert not [gap for gap in draft.gaps if gap.startswith("shop.currency")]


def test_a_currency_that_an_export_does_not_name_is_said_to_be_assumed(tmp_path: Path) -> None:
    with open_database("prestashop") as given:
        tables = look_at(given, tmp_path, None)
        draft = draft_from_presets(["prestashop"], tables, {}, tmp_path / "nextbuy.toml")
    assert "shop.currency: EUR is assumed: give --currency" in draft.gaps


def test_a_system_without_orders_needs_another_one(tmp_path: Path) -> None:
    with open_database("mautic") as given:
        tables = look_at(given, tmp_path, None)
        with pytest.raises(InputError, match="a system that has orders, got mautic"):
            draft_from_presets(["mautic"], tables, {}, tmp_path / "nextbuy.toml")
