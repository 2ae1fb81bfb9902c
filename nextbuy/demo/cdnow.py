"""CDNOW as a shop: 69,659 real purchases of 23,570 customers of a music shop, 1997-1998.

Source: Fader & Hardie, "Forecasting Repeat Sales at CDNOW: A Case Study" (2001). The file
ships inside the lifetimes package; it is read by its path, since importing lifetimes changes
the process that does it.
"""

from importlib.util import find_spec
from pathlib import Path

import pandas as pd

from features.errors import NextbuyError

_CONFIG = """\
# CDNOW: every purchase of the customers who first bought in the first quarter of 1997.
[shop]
name = "cdnow"
timezone = "UTC"
currency = "USD"
horizon_days = 90

[tables.orders]
path = "orders.csv"
"""


def cdnow_file(name: str = "CDNOW_master.txt") -> Path:
    """Find a data file of lifetimes."""
    spec = find_spec("lifetimes")
    if spec is None or not spec.submodule_search_locations:
        raise NextbuyError("the package lifetimes, which holds the CDNOW data, is not installed")
    return Path(spec.submodule_search_locations[0]) / "datasets" / name


def write_cdnow(folder: Path) -> Path:
    """Write CDNOW as a shop: `orders.csv` and `nextbuy.toml`; gives the path of the latter.

    Each line of the master file is one order; its number becomes the order's id.
    """
    names = ["customer_id", "date", "cds", "amount"]
    master = pd.read_csv(cdnow_file(), sep=r"\s+", skiprows=1, names=names, dtype=str)
    orders = pd.DataFrame(
        {
            "order_id": [f"order-{line}" for line in range(1, len(master) + 1)],
            "customer_id": "cdnow-" + master["customer_id"],
            "ordered_at": pd.to_datetime(master["date"], format="%Y%m%d").dt.strftime("%Y-%m-%d"),
            "amount": master["amount"],
        }
    )
    folder.mkdir(parents=True, exist_ok=True)
    orders.to_csv(folder / "orders.csv", index=False)
    config = folder / "nextbuy.toml"
    config.write_text(_CONFIG)
    return config
