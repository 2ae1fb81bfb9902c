"""Tests of the packed products of a log."""

import pandas as pd

from features.log.log import read_log
from features.shop.shop import read_shop
from features.store.build.product_records import read_products
from features.store.products import unpack_product


def test_every_product_is_packed_with_the_attributes_that_the_shop_gives(
    write_shop, orders
) -> None:
    frame = orders(("a", "2024-01-01", 1), ("a", "2024-02-01", 1))
    products = pd.DataFrame({"product_id": ["p", "q"], "category": ["tea", ""], "price": [2.5, 3]})
    log = read_log(read_shop(write_shop({"orders": frame, "products": products})))
    packed = {product_id: unpack_product(values) for product_id, values in read_products(log)}
    assert packed.keys() == {"p", "q"}
    assert (packed["p"]["category"], packed["p"]["price"]) == ("tea", 250)
    assert (packed["q"]["category"], packed["q"]["brand"]) == (None, None)


def test_a_shop_without_products_has_none(write_shop, orders) -> None:
    frame = orders(("a", "2024-01-01", 1), ("a", "2024-02-01", 1))
    assert list(read_products(read_log(read_shop(write_shop({"orders": frame}))))) == []
