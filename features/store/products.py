"""Holds the attributes of a product that a posted row takes, as a build of the store keeps them.

A build joins products to its rows when it is made. A row that is posted later is joined when it is
read, with the products of the last build, since products have no clock.
"""

from typing import Any

import msgspec

from features.history.layout import PRODUCT_COLUMNS

Product = dict[str, Any]  # columns `PRODUCT_COLUMNS` -> value; sensitive names are left out


def unpack_product(packed: bytes) -> Product:
    """Unpack the JSON list of a product's attributes, in the order of `PRODUCT_COLUMNS`."""
    return dict(zip(PRODUCT_COLUMNS, msgspec.json.decode(packed, type=list), strict=True))
