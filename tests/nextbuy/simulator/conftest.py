"""Simulated shops that the tests of the simulator read and never change."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nextbuy.simulator.profiles import PROFILES, ProfileName
from nextbuy.simulator.seasonal_clock import Clock
from nextbuy.simulator.simulated_customers import draw_customers
from nextbuy.simulator.simulated_world import Customers
from nextbuy.simulator.simulator import simulate_shop
from tests.nextbuy.simulator.exported_shop import read_linked, read_table


@pytest.fixture(scope="session")
def dense_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate_shop(tmp_path_factory.mktemp("shop"), 5000, seed=3).parent


@pytest.fixture(scope="session")
def sparse_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate_shop(tmp_path_factory.mktemp("sparse"), 3000, 3, ProfileName.sparse).parent


@pytest.fixture(scope="session")
def bought(dense_shop: Path) -> pd.DataFrame:
    """Order lines with their order and product."""
    lines = read_table(dense_shop, "order_lines").astype({"order_id": str, "product_id": str})
    products = read_table(dense_shop, "products").astype({"product_id": str})
    return lines.merge(read_linked(dense_shop, "orders"), on="order_id").merge(
        products, on="product_id"
    )


@pytest.fixture(scope="session")
def clock() -> Clock:
    """The clock of the dense shop."""
    return Clock(PROFILES[ProfileName.dense])


@pytest.fixture(scope="session")
def people(clock: Clock) -> Customers:
    """500 customers of the dense shop, of whom nobody has bought yet."""
    return draw_customers(np.random.default_rng(11), 500, PROFILES[ProfileName.dense], clock)
