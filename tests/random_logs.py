"""Random small logs over every table of the contract: full of nulls, ties and late knowledge.

The columns and their kinds come from the contract, so that a new column is in every test that
reads these logs. A row is made of a seed, its table and its place alone: a smaller log of the
same seed has the first rows of the larger one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pandas as pd
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from features.contract.tables import EVENT_TYPES, TABLES, Column, Table
from features.log.log import Log, read_log
from features.shop.shop import read_shop
from features.windows import DAY, read_cutoff, to_datetime, to_instant

Tables = dict[str, pd.DataFrame]
Row = dict[str, Any]

ZONES = ("Europe/Berlin", "America/New_York")
# Of a property over whole logs: an example takes seconds, and the same ones are tried each time. To
# look for a smaller log that fails too would take minutes before a failure is reported.
OVER_LOGS = settings(
    max_examples=2,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
# The end of the day on which New York's clock went back, and the middle of a day after both went
# forward: a bare date of that day has happened and is not known yet.
CUTOFFS = ("2023-11-05", "2024-04-10 13:30:00")
OBSERVED_UNTIL = "2024-12-31"
# Local times that occur twice, or never.
_ODD_TIMES = (
    *("2023-10-29 02:30:00", "2023-11-05 01:30:00", "2024-03-31 02:30:00", "2024-03-10 02:30:00"),
    *("2023-11-05 00:59:59.999999", "2024-03-31 03:00:00", "2024-03-31", "2023-11-05"),
)
_MISSING = {"source": 0.85, "category": 0.03, "products": 0.1}  # share of nulls
_DELAYS = (1_000_000, 3_600_000_000, DAY, 40 * DAY, 200 * DAY, -DAY)
_EARLY = "2022-08-01 10:00:00"

_PATTERNS = {"reachable_": ("email", "sms"), "attr_": ("hobby", "tier")}
_PRODUCTS = [f"p{place}" for place in range(6)]
_NAMES: dict[str, list[str]] = {
    "event_type": [*EVENT_TYPES, *["view"] * 5, "cart", "cart", "Stare"],
    "channel": ["email", "email", "SMS", "none", "it's \"x\""],
    "scope": ["email", "sms", "profiling"],
    "store": ["north", "it's \"s\"", "mid-town"],
    "category": ["tea"] * 4 + ["it's \"t\"", "cups"],
    "device": ["mobile", "desktop"],
    "sales_channel": ["web", "Shop", "app", "it's \"x\""],
    "preferred_channel": ["email", "SMS", "fax"],
    "arm": ["control", "random", "optimised"],
    "source": ["web", "till"],
    "currency": ["EUR"],
    "product_id": [*_PRODUCTS, *_PRODUCTS, "unheard-of"],
    "order_id": [f"orders-{place}" for place in range(90)],
    "source_id": ["c1", "c2", "c3", "x1", "x2", "x3"],
}  # fmt: skip
_ACCOUNTS = ["x1", "x2"]


def happened_at(text: str, zone: ZoneInfo) -> int:
    """Read when an instant is: a bare date begins its local day."""
    return to_instant(datetime.fromisoformat(text), zone)


def known_at(text: str, zone: ZoneInfo) -> int:
    """Read when an instant is known: a bare date at the end of its local day."""
    return read_cutoff(text, zone)


def utc(instant: int) -> str:
    """Write an instant in UTC."""
    return to_datetime(instant).isoformat()


def read_tables(tables: Tables, zone: ZoneInfo, folder: Path) -> Log:
    """Read tables as a shop of their own in a folder."""
    shop = folder / f"shop{len(list(folder.iterdir()))}"
    shop.mkdir()
    for name, frame in tables.items():
        frame.to_csv(shop / f"{name}.csv", index=False)
    config = {
        "shop": {"timezone": zone.key, "observed_until": OBSERVED_UNTIL},
        "contact_points": {"return": 2, "unsubscribed": 5, "stare": 7},
        "tables": {name: {"path": f"{name}.csv"} for name in tables},
    }
    (shop / "nextbuy.toml").write_bytes(msgspec.toml.encode(config))
    return read_log(read_shop(shop / "nextbuy.toml"))


def column_names(table: Table) -> list[str]:
    """Name every column of a table, two for each pattern."""
    return [
        column.name + ending
        for column in table.columns
        for ending in (_PATTERNS[column.name] if column.pattern else ("",))
    ]


@dataclass(frozen=True)
class RandomLog:
    """The tables of one shop as texts, and the clock of every row and every late field."""

    zone: ZoneInfo
    seed: int
    sizes: dict[str, int]

    @cached_property
    def cutoffs(self) -> list[int]:
        return [read_cutoff(text, self.zone) for text in CUTOFFS]

    @cached_property
    def tables(self) -> Tables:
        return {table.name: self._make(table) for table in TABLES}

    def row(self, table: Table, place: int, *seeds: int) -> Row:
        """Make a row; other `seeds` make another one in the same place."""
        rng = np.random.default_rng((self.seed, TABLES.index(table), place, *seeds))
        row = {name: self._value(rng, table, name, place) for name in column_names(table)}
        if table.name == "identities":  # chains and circles, of which some accounts are their own
            row["customer_id"] = str(_pick(rng, ["c1", "c2", "c3", "c4", "c5", "x1", "new"]))
        if place == 0 and not seeds:  # no table is ever empty as known at a cutoff
            row |= {"known_at": _EARLY, "source": None} if "known_at" in row else {}
            row |= {table.happened: _EARLY} if table.happened else {"order_id": "orders-0"}
            row |= {"source": "web"} if table.name == "identities" else {}
            return {name: row[name] for name in column_names(table)}
        for name in table.late_instants:
            if rng.random() < 0.15:  # today, at a time that is not known yet
                row[name] = CUTOFFS[-1][:10]
        for name in ("known_at", *table.late_instants):
            if row.get(name) and table.happened != "known_at" and rng.random() < 0.4:
                delay = _pick(rng, _DELAYS)
                row[name] = utc(happened_at(row[str(table.happened)], self.zone) + delay)
        return row

    def _make(self, table: Table) -> pd.DataFrame:
        rows = [self.row(table, place) for place in range(self.sizes[table.name])]
        frame = pd.DataFrame(rows, columns=column_names(table), dtype=object)
        if table.happened == "known_at":  # statements: of two at one instant none would count
            instants = [None if t is None else happened_at(t, self.zone) for t in frame["known_at"]]
            key = frame[[name for name in table.key if name != "known_at"]].assign(at=instants)
            frame = frame[~key.astype(str).duplicated()].reset_index(drop=True)
        return frame

    def _value(self, rng: np.random.Generator, table: Table, name: str, place: int) -> Any:
        column = table[name]
        if (name,) == table.key[:1] and name != "customer_id" and name not in _NAMES:
            return f"{table.name}-{place}"
        if name == "order_id" and table.name == "orders":
            return f"orders-{place}"
        if name == "product_id" and table.name == "products":
            return f"p{place}"
        if not column.required and rng.random() < _MISSING.get(name, _MISSING.get(table.name, 0.3)):
            return None
        if name == "customer_id":
            return self._customer(rng, table)
        return self._of_kind(rng, column)

    def _customer(self, rng: np.random.Generator, table: Table) -> str:
        """Choose a customer; each one is in two tables of three only."""
        missing = TABLES.index(table) % 3
        ids = [f"c{n}" for n in range(6) if n % 3 != missing]
        return str(_pick(rng, ids + _ACCOUNTS))

    def _of_kind(self, rng: np.random.Generator, column: Column) -> Any:
        match column.kind:
            case "instant":
                return _pick(rng, self._edges if rng.random() < 0.25 else self._days)
            case "money":
                return f"{rng.integers(0, 5000) / 100:.2f}"
            case "number":
                return str(rng.integers(0, 8) / 2)
            case "share":
                return str(rng.integers(0, 5) / 4)
            case "flag":
                return str(rng.random() < 0.5).lower()
            case "year":
                return str(rng.integers(1950, 1955))
            case _:
                return _pick(rng, _NAMES.get(column.name, ["a", "b", "c"]))

    @cached_property
    def _edges(self) -> list[str]:
        """Instants at the cutoffs and one microsecond to either side, in UTC and local time."""
        around = [cutoff + off for cutoff in self.cutoffs for off in (-1, 0, 1)]
        local = [str(to_datetime(at).astimezone(self.zone).replace(tzinfo=None)) for at in around]
        return [*map(utc, around), *local, "2023-11-06", *["2024-04-10"] * 4, *_ODD_TIMES]

    @cached_property
    def _days(self) -> list[str]:
        """Instants of more than a year, so few that many rows share one."""
        start = datetime(2022, 8, 1, 22, 15)
        days = [start + timedelta(days=11 * step, minutes=25 * step) for step in range(60)]
        for cutoff in self.cutoffs:  # and many of the last month
            last = to_datetime(cutoff).replace(tzinfo=None)
            days += [last - timedelta(days=step, hours=5 * step) for step in range(25)]
        return [str(day.date() if step % 4 == 0 else day) for step, day in enumerate(days)]

    def row_clock(self, table: Table, row: Row) -> float:
        """Say from when on a row may be read: it has happened, and is known."""
        if table.name == "order_lines":
            orders = self.tables["orders"].set_index("order_id")
            if row["order_id"] not in orders.index:
                return np.inf
            return self.row_clock(TABLES[0], orders.loc[row["order_id"]].to_dict())
        if table.happened is None:
            return -np.inf
        known, happened = row["known_at"], row[table.happened]
        if happened is None:  # of an identity: always; of another statement nobody can say
            return -np.inf if table.name == "identities" else np.inf
        known = known_at(happened if known is None else known, self.zone)
        return max(known, happened_at(happened, self.zone))

    def late_cells(self, table: Table, cutoff: int) -> Iterator[tuple[int, str]]:
        """Find the fields that were not known at a cutoff in the rows that were."""
        late = {name: name for name in table.late_instants}
        late |= {c.name: c.known_with for c in table.columns if c.known_with is not None}
        for place, row in enumerate(self.tables[table.name].to_dict("records")):
            if late and (clock := self.row_clock(table, row)) <= cutoff:
                for name, instant in late.items():
                    text = row[instant]
                    if text is None or max(known_at(text, self.zone), clock) > cutoff:
                        yield place, name

    def unknown_rows(self, table: Table, cutoff: int) -> "np.ndarray[Any, np.dtype[np.bool_]]":
        """Mark the rows that may not be read at a cutoff."""
        rows = self.tables[table.name].to_dict("records")
        return np.array([self.row_clock(table, row) > cutoff for row in rows], bool)


_SIZES = {
    "orders": (80, 100), "order_lines": (200, 260), "products": (4, len(_PRODUCTS)),
    "events": (60, 90),
}  # fmt: skip


def random_logs(zone: str) -> st.SearchStrategy[RandomLog]:
    """Draw logs of a few hundred rows, of a dozen customers."""
    sizes = {table.name: st.integers(*_SIZES.get(table.name, (30, 50))) for table in TABLES}
    return st.builds(
        RandomLog, st.just(ZoneInfo(zone)), st.integers(0, 2**32 - 1), st.fixed_dictionaries(sizes)
    )


def _pick(rng: np.random.Generator, options: Sequence[Any]) -> Any:
    return options[rng.integers(len(options))]
