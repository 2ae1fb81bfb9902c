"""Products: what a posted row takes of the product that it names, as a build keeps it.

A build joins products to its own rows and is done with them; a row that is posted after it is
joined when it is read. The products of the build count until the next one, as they have no clock.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from features.history.layout import PRODUCT
from features.log.log import Log

Product = dict[str, Any]  # the columns `PRODUCT`; what is sensitive is not in them

_CHUNK = 50_000  # products in memory at once


def read_products(log: Log) -> Iterator[tuple[str, bytes]]:
    """Read every product of a log, packed; none if the shop gives no products."""
    columns = ", ".join(("product_id", *PRODUCT))
    rows = log.connection.execute(f"SELECT {columns} FROM product_attributes")
    while some := rows.fetchmany(_CHUNK):
        for product_id, *values in some:
            yield product_id, msgspec.json.encode(values)


def unpack_product(packed: bytes) -> Product:
    """Unpack a product of `read_products`."""
    return dict(zip(PRODUCT, msgspec.json.decode(packed, type=list), strict=True))
