"""Reads every product of a log in the packed form that the history store keeps."""

from collections.abc import Iterator

import msgspec

from features.history.layout import PRODUCT_COLUMNS
from features.log.log import Log

_CHUNK = 50_000  # products in memory at once


def read_products(log: Log) -> Iterator[tuple[str, bytes]]:
    """Read every product of a log; none if the shop gives no products.

    Yields
    ------
    (str, bytes)
        The product's id and the JSON list of its attributes, in the order of `PRODUCT_COLUMNS`.
    """
    columns = ", ".join(("product_id", *PRODUCT_COLUMNS))
    rows = log.connection.execute(f"SELECT {columns} FROM product_attributes")
    while some := rows.fetchmany(_CHUNK):
        for product_id, *values in some:
            yield product_id, msgspec.json.encode(values)
