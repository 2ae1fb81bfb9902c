"""CDNOW written as a shop."""

from pathlib import Path

import pandas as pd
import pytest

from features.errors import InputError
from features.shop.shop import read_shop
from nextbuy.demo import cdnow
from nextbuy.demo.cdnow import cdnow_file, write_cdnow


def test_every_line_of_the_master_file_becomes_one_order(tmp_path: Path) -> None:
    config = write_cdnow(tmp_path / "new" / "cdnow")
    shop = read_shop(config)
    assert (shop.section.name, shop.section.horizon_days, str(shop.timezone)) == ("cdnow", 90, "UTC")
    orders = pd.read_csv(config.parent / "orders.csv")
    assert len(orders) == 69_659
    assert orders["order_id"].is_unique
    assert orders["customer_id"].nunique() == 23_570
    assert (orders["ordered_at"].min(), orders["ordered_at"].max()) == ("1997-01-01", "1998-06-30")
    first = orders.groupby("customer_id")["ordered_at"].min()
    assert first.max() < "1997-04-01"  # all joined in the first quarter
    assert orders["amount"].sum() == pytest.approx(2_500_315.63)


def test_another_data_file_of_lifetimes_is_returned_by_its_name() -> None:
    assert cdnow_file("CDNOW_sample.txt").name == "CDNOW_sample.txt"
    assert cdnow_file().parent == cdnow_file("CDNOW_sample.txt").parent
    assert cdnow_file().is_file()


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cdnow, "find_spec", lambda _: None)
    with pytest.raises(InputError, match="CDNOW: expected the package lifetimes"):
        write_cdnow(tmp_path / "shop")
    assert not (tmp_path / "shop").exists()
