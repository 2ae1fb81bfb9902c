import uuid

import pytest

from features.log.log import read_log
from features.shop.shop import read_shop


@pytest.fixture
def tiny(write_shop, orders):
    """A log of 300 customers, too many for the few kilobytes of a full disk."""
    frame = orders(*((f"c{n}", f"2024-01-{1 + n % 28:02}", n) for n in range(300)))
    return read_log(read_shop(write_shop({"orders": frame}, name=f"test-{uuid.uuid4().hex}")))
