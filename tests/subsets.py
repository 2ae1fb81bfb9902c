"""Shops that give only some of the optional tables and columns of the contract."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from features.contract.tables import TABLES, TABLES_BY_NAME
from nextbuy.simulator.simulator import simulate_shop

Subset = Mapping[str, list[str]]  # the columns that a shop gives, by table
HORIZON_DAYS = 30
_ORDER_DAYS, _MESSAGE_DAYS = 200, 100  # before the end of the log: few cutoffs, quick to train on
_SHARES = (0.35, 0.6, 0.85)  # of the optional columns, from a bare shop to one that lacks a few
_TABLE_SHARE = 0.7


@dataclass(frozen=True)
class WholeShop:
    """A small simulated shop with all tables and columns, to take subsets of.

    Attributes
    ----------
    settings : dict of str to dict
        The sections of its nextbuy.toml.
    """

    tables: Mapping[str, pd.DataFrame]
    settings: Mapping[str, Any]

    @classmethod
    def simulate(cls, folder: Path, customers: int) -> "WholeShop":
        """Simulate a shop, and keep only the last months of its log."""
        config = simulate_shop(folder, customers)
        tables = {t.name: pd.read_parquet(folder / f"{t.name}.parquet") for t in TABLES}
        end = tables["orders"]["ordered_at"].max()
        kept = {"messages": _MESSAGE_DAYS} | dict.fromkeys(
            ("orders", "returns", "events"), _ORDER_DAYS
        )
        for name, days in kept.items():
            happened = tables[name][TABLES_BY_NAME[name].happened]
            tables[name] = tables[name][happened > end - pd.Timedelta(days=days)]
        for name in ("order_lines", "returns"):
            tables[name] = tables[name][tables[name]["order_id"].isin(tables["orders"]["order_id"])]
        settings = msgspec.toml.decode(config.read_bytes())
        settings["shop"] |= {"horizon_days": HORIZON_DAYS}
        return cls(tables, settings)

    @cached_property
    def columns(self) -> Subset:
        """All columns, by table."""
        return {name: list(frame) for name, frame in self.tables.items()}

    def write(self, folder: Path, subset: Subset, **sections: Mapping[str, Any]) -> Path:
        """Write the shop that gives a subset; keyword arguments are sections of nextbuy.toml."""
        folder.mkdir(parents=True)
        for name, columns in subset.items():
            frame = self.tables[name][columns]
            if name in ("customers", "identities") and "known_at" not in columns:
                # of two statements without a clock nobody can say which one counts
                frame = frame.drop_duplicates([c for c in TABLES_BY_NAME[name].key if c in columns])
            frame.to_parquet(folder / f"{name}.parquet", index=False)
        settings = {**self.settings, **sections}
        settings["tables"] = {name: {"path": f"{name}.parquet"} for name in subset}
        path = folder / "nextbuy.toml"
        path.write_bytes(msgspec.toml.encode(settings))
        return path

    def draw(self, seed: int) -> Subset:
        """Draw a subset: what the contract requires, and a share of the rest."""
        rng = np.random.default_rng(seed)
        share = _SHARES[seed % len(_SHARES)]
        given = [name for name in self.tables if name == "orders" or rng.random() < _TABLE_SHARE]
        return {
            name: [c for c in self.columns[name] if _is_required(name, c) or rng.random() < share]
            for name in given
        }

    def without(self, *names: str) -> Subset:
        """Give the subset that lacks some tables and columns, as in `messages.clicked_at`."""
        return {
            table: [column for column in columns if f"{table}.{column}" not in names]
            for table, columns in self.columns.items()
            if table not in names
        }


def _is_required(table: str, column: str) -> bool:
    return TABLES_BY_NAME[table][column].required
