"""Determines which channels each customer could have been sent at the time of a message."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from features.arrays import Array, Flags, TableColumns
from features.history.arrays import run_starts
from features.history.layout import HISTORY, TEXTS
from features.log.identities import table_sql
from features.log.log import Log
from features.shop.contact_rules import ContactRules
from models.channel.eligibility import check_eligibility

_READ = ("consents", "messages", "reachability")  # what eligibility depends on


def eligible_arms(
    log: Log, rows: pd.DataFrame, arms: Sequence[str], known_until: int, rules: ContactRules
) -> Flags:
    """Check for each message which arms its customer could have been sent just before it.

    The shop's rules of today are applied to the consents, messages and reachability known then.
    The arm that was sent always counts as eligible, because it was sent.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    rows : DataFrame
        One row per message (n rows), with `customer_id, sent_at, channel`.
    arms : sequence of str
        Names of the K arms: channels, and possibly `none`.
    known_until : int
        Last instant (UTC microseconds) that the log may know.
    rules : ContactRules
        The shop's rules on consent, contact frequency and quiet hours.

    Returns
    -------
    bool array (n, K)
        Whether the arm was eligible, with columns in the order of `arms`.
    """
    histories = _read_histories(log, rows["customer_id"], known_until)
    eligible = np.zeros((len(rows), len(arms)), dtype=bool)
    messages = zip(rows["customer_id"], rows["sent_at"], strict=True)
    for row_index, (customer, sent_at) in enumerate(messages):
        tables = histories.get(customer, {})
        eligible[row_index] = [
            check_eligibility(arm, tables, int(sent_at) - 1, rules).eligible for arm in arms
        ]
    eligible[np.arange(len(rows)), pd.Index(arms).get_indexer(pd.Index(rows["channel"]))] = True
    return eligible


def _read_histories(
    log: Log, customers: "pd.Series[str]", known_until: int
) -> Mapping[str, Mapping[str, TableColumns]]:
    """Read the tables that eligibility depends on: customer -> table name -> columns."""
    log.connection.register("_asked", pd.DataFrame({"customer_id": customers.unique()}))
    histories: dict[str, dict[str, TableColumns]] = {}
    for name in _READ:
        if HISTORY[name].contract in log.provided:
            columns = ", ".join(HISTORY[name].columns)
            frame = log.connection.execute(
                f"SELECT customer_id, {columns} FROM {table_sql(log, name, known_until)} "
                "WHERE customer_id IN (FROM _asked) ORDER BY customer_id"
            ).df()
            for customer, table in _split(name, frame):
                histories.setdefault(customer, {})[name] = table
    log.connection.unregister("_asked")
    return histories


def _split(name: str, frame: pd.DataFrame) -> Iterator[tuple[str, TableColumns]]:
    """Split rows that are sorted by customer into one table of columns per customer."""
    columns = {column: _array(column, frame[column]) for column in HISTORY[name].columns}
    customer = frame["customer_id"].to_numpy()
    starts = run_starts(customer)
    for start, end in zip(starts, [*starts[1:], len(customer)], strict=True):
        yield str(customer[start]), {c: values[start:end] for c, values in columns.items()}


def _array(column: str, values: "pd.Series[Any]") -> Array:
    """Turn a column into a history's array: numbers with NaN for null, texts with None."""
    if column in TEXTS:
        return values.astype(object).where(values.notna(), None).to_numpy()
    return values.to_numpy(dtype=float, na_value=np.nan)
