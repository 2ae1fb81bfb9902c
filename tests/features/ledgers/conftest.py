"""Shops whose ledgers are files."""

import pytest

from features.shop.shop import Shop, read_shop


@pytest.fixture
def file_shop(write_shop, orders) -> Shop:
    """A shop with two orders, whose ledgers are files."""
    frame = orders(("c", "2024-01-02", 1), ("c", "2024-02-02", 2))
    return read_shop(write_shop({"orders": frame}))
