"""Shares what tests of the readiness report need: tables of a shop, and what is said of them."""

from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd

from features.log.log import read_log
from features.readiness.readiness import Readiness, examine_log
from features.shop.shop import read_shop

START = datetime(2024, 1, 1, 8)
Tables = dict[str, pd.DataFrame]


def at(day: float, seconds: int = 0) -> str:
    """Write a local time so many days and seconds after the start of the log."""
    return f"{START + timedelta(days=day, seconds=seconds):%Y-%m-%d %H:%M:%S}"


def examine_tables(folder: Path, tables: Tables) -> Readiness:
    """Write tables as CSV with a nextbuy.toml, and examine them."""
    for name, frame in tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    sections = "".join(f'[tables.{name}]\npath = "{name}.csv"\n' for name in tables)
    (folder / "nextbuy.toml").write_text('[shop]\ntimezone = "Europe/Berlin"\n' + sections)
    return examine_log(read_log(read_shop(folder / "nextbuy.toml")))


def even_orders(count: int, per_day: int) -> pd.DataFrame:
    """Orders in the middle of a year, `per_day` of them on every day."""
    return pd.DataFrame(
        {
            "order_id": f"o{i}",
            "customer_id": f"c{i % (count // 3)}",
            "ordered_at": at(i // per_day, i % per_day * 1000 + i % 997),
            "amount": 10 + i % 7,
            "currency": "EUR",
        }
        for i in range(count)
    )
