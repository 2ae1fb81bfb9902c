"""Determines which channels each customer could have been sent when a message was."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from features.arrays import Array, History, TableColumns
from features.history.layout import HISTORY_TABLES, TEXT_COLUMNS
from features.log.identities import history_table_sql
from features.log.log import Log
from features.shop.contact_rules import ContactRules
from models.channel.eligibility import check_eligibility
from models.channel.recommend import Options, preferred_channel

# What eligibility and preference depend on: tables of the history, and the rows that are read.
_READ = {
    "consents": "TRUE",
    "messages": "TRUE",
    "reachability": "TRUE",
    "attributes": "attribute = 'preferred_channel'",
}


def read_options(
    log: Log, rows: pd.DataFrame, arms: Sequence[str], known_until: int, rules: ContactRules
) -> Options:
    """Read what each message's customer could have been sent just before it, and preferred.

    The shop's rules of today are applied to the consents, messages and reachability known then. An
    arm is not eligible because it was sent.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    rows : DataFrame
        One row per message, with `customer_id, sent_at, channel`.
    arms : sequence of str
        Names of the arms, `none` among them; the columns of the options.
    known_until : int
        Last instant (UTC microseconds) that the log may know.
    rules : ContactRules
        The shop's rules on consent, contact frequency and quiet hours.

    Returns
    -------
    Options
        Row by row with `rows`.
    """
    histories = _read_histories(log, rows["customer_id"], known_until)
    return options_before(histories, rows, arms, rules)


def options_before(
    histories: Mapping[str, History],
    rows: pd.DataFrame,
    arms: Sequence[str],
    rules: ContactRules,
) -> Options:
    """Determine the options just before each message from the histories of the customers.

    Parameters
    ----------
    histories : dict of str to History
        By customer id, the tables that eligibility and preference depend on.
    rows : DataFrame
        One row per message, with `customer_id, sent_at, channel`.
    arms : sequence of str
        Names of the arms, `none` among them; the columns of the options.
    rules : ContactRules
        The shop's rules on consent, contact frequency and quiet hours.

    Returns
    -------
    Options
        Row by row with `rows`.
    """
    eligible = np.zeros((len(rows), len(arms)), dtype=bool)
    preferred = []
    sent = zip(rows["customer_id"], rows["sent_at"], strict=True)
    for row_index, (customer, sent_at) in enumerate(sent):
        tables, just_before = histories.get(customer, {}), int(sent_at) - 1
        checks = [check_eligibility(arm, tables, just_before, rules) for arm in arms]
        eligible[row_index] = [check.eligible for check in checks]
        preferred.append(preferred_channel(tables.get("attributes"), just_before))
    return Options.of(arms, eligible, preferred)


def _read_histories(
    log: Log, customers: "pd.Series[str]", known_until: int
) -> Mapping[str, History]:
    """Read the tables that options depend on: customer -> table name -> columns."""
    log.connection.register("_asked", pd.DataFrame({"customer_id": customers.unique()}))
    histories: dict[str, dict[str, TableColumns]] = {}
    for name, condition in _READ.items():
        if HISTORY_TABLES[name].contract in log.provided:
            columns = ", ".join(HISTORY_TABLES[name].columns)
            frame = log.connection.execute(
                f"SELECT customer_id, {columns} FROM {history_table_sql(log, name, known_until)} "
                f"WHERE customer_id IN (FROM _asked) AND {condition} ORDER BY customer_id"
            ).df()
            for customer, table in _split(name, frame):
                histories.setdefault(customer, {})[name] = table
    log.connection.unregister("_asked")
    return histories


def _split(name: str, frame: pd.DataFrame) -> Iterator[tuple[str, TableColumns]]:
    """Split rows that are sorted by customer into one table of columns per customer."""
    columns = {column: _array(column, frame[column]) for column in HISTORY_TABLES[name].columns}
    customer = frame["customer_id"].to_numpy()
    starts = np.sort(np.unique(customer, return_index=True)[1])
    for start, end in zip(starts, [*starts, len(customer)][1:], strict=True):
        yield str(customer[start]), {c: values[start:end] for c, values in columns.items()}


def _array(column: str, values: "pd.Series[Any]") -> Array:
    """Turn a column into a history's array: numbers with NaN for null, texts with None."""
    if column in TEXT_COLUMNS:
        return values.astype(object).where(values.notna(), None).to_numpy()
    return values.to_numpy(dtype=float, na_value=np.nan)
