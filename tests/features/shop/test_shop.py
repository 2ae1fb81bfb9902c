"""A shop is read from its nextbuy.toml, with defaults for what the file leaves out."""

from pathlib import Path

import pytest

from features.errors import InputError
from features.shop.shop import read_shop

ORDERS = '[tables.orders]\npath = "orders.csv"\n'


def test_the_smallest_file_has_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "nextbuy.toml").write_text(ORDERS)
    shop = read_shop(tmp_path / "nextbuy.toml")
    assert (shop.section.timezone, shop.section.horizon_days, shop.minor_digits) == ("UTC", 90, 2)
    assert shop.workspace == tmp_path / ".nextbuy"


def test_points_attributes_and_words_are_taken_over(tmp_path: Path) -> None:
    (tmp_path / "nextbuy.toml").write_text(
        "[customers]\nstatic = ['country', 'attr_club']\n[contact_points]\nView = 2\nunbox = 5\n"
        "[sensitive]\nwords = ['tarot']\nallow = ['baby blue']\n" + ORDERS
    )
    shop = read_shop(tmp_path / "nextbuy.toml")
    assert shop.static == ["country", "attr_club"]
    assert (shop.sensitive.words, shop.sensitive.allow) == (["tarot"], ["baby blue"])
    points = shop.contact_points
    assert (points["view"], points["unbox"], points["purchase"]) == (2, 5, 10)


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected a nextbuy\.toml, got no such file"):
        read_shop(tmp_path / "nextbuy.toml")
