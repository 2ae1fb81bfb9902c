"""Tests of the packed attributes of a product."""

import msgspec
import pytest

from features.history.layout import PRODUCT_COLUMNS
from features.store.products import unpack_product


def test_a_product_is_unpacked_by_the_names_of_its_attributes() -> None:
    values = ["tea", None, "x", "green", None, 250]
    product = unpack_product(msgspec.json.encode(values))
    assert product == dict(zip(PRODUCT_COLUMNS, values, strict=True))


def test_a_product_of_another_layout_is_not_taken_for_one() -> None:
    with pytest.raises(ValueError, match=r"shorter|longer"):
        unpack_product(msgspec.json.encode(["tea"]))
