"""Writes CDNOW as a shop: 69,659 purchases of 23,570 customers of a music shop, 1997-1998.

Source: Fader & Hardie, "Forecasting Repeat Sales at CDNOW: A Case Study" (2001). The data file
ships inside the package lifetimes and is read by its path, because importing lifetimes changes
settings of the whole process.
"""

from importlib.util import find_spec
from pathlib import Path

import pandas as pd

from features.errors import refuse

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
    """Return the path of a data file that ships inside the package lifetimes.

    Parameters
    ----------
    name : str
        Name of the file in the folder `datasets` of the package.

    Raises
    ------
    InputError
        The package is not installed.
    """
    spec = find_spec("lifetimes")
    if spec is None or not spec.submodule_search_locations:
        raise refuse(
            "CDNOW",
            "the package lifetimes, which holds the data",
            "an environment without it",
            "Install the packages of requirements.lock.",
        )
    return Path(spec.submodule_search_locations[0]) / "datasets" / name


def write_cdnow(folder: Path) -> Path:
    """Write CDNOW as a shop: `orders.csv` and `nextbuy.toml`.

    Each line of the master file is one order, and the number of the line becomes the id of the
    order.

    Parameters
    ----------
    folder : Path
        Where to write the files; it is made if it does not exist.

    Returns
    -------
    Path
        Path of `nextbuy.toml`.
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
