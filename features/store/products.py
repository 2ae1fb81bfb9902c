"""Products: what a posted row takes of the product that it names, as a build keeps it.

A build joins products to its own rows and is done with them; a row that is posted after it is
joined when it is read. The products of the build count until the next one, as they have no clock.
"""

from typing import Any

import msgspec

from features.history.layout import PRODUCT_COLUMNS

Product = dict[str, Any]  # the columns `PRODUCT_COLUMNS`; what is sensitive is not in them


def unpack_product(packed: bytes) -> Product:
    """Unpack a product of `read_products`."""
    return dict(zip(PRODUCT_COLUMNS, msgspec.json.decode(packed, type=list), strict=True))
