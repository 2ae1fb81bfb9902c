from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from features.readiness.finding import Finding
from tests.features.readiness.shop_tables import examine_tables

Find = Callable[..., list[Finding]]


@pytest.fixture
def find(tmp_path: Path) -> Find:
    """Find what is said about orders (and other tables), the currency apart."""

    def run(orders: pd.DataFrame, **others: pd.DataFrame) -> list[Finding]:
        return examine_tables(tmp_path, {"orders": orders, **others}).findings

    return run
