"""Cuts the customers of a cutoff into chunks whose rows are computed together."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.arrays import Array, Indices, object_array
from features.history.flat_columns import FlatColumns
from features.log.flat_log import FlatLog
from features.log.identities import account_customers_sql
from features.log.log import Log

_CHUNK = 8192  # customers: what a chunk of usual ones needs stays in the caches


@dataclass(frozen=True)
class CustomerChunks:
    """The customers of a log as their accounts are known at a cutoff.

    Attributes
    ----------
    ids : (n,) object array
        The customers, in alphabetical order.
    columns : FlatColumns
        The rows of the log by account.
    accounts : (m,) int array or None
        Places of accounts, customer after customer; None where every account is a customer.
    bounds : (n + 1,) int array
        Customer i has the accounts at `accounts[bounds[i]:bounds[i + 1]]`.
    """

    ids: Array
    columns: FlatColumns
    accounts: Indices | None
    bounds: Indices

    @classmethod
    def at(cls, log: Log, flat: FlatLog, cutoff: int) -> "CustomerChunks":
        """Give every account to its customer as known at a cutoff (microseconds UTC)."""
        known: dict[str, str] = {}
        if "identities" in log.provided:
            known = dict(log.connection.execute(account_customers_sql(cutoff)).fetchall())
        n = len(flat.accounts)
        if not known:
            return cls(flat.accounts, flat.columns, None, np.arange(n + 1))
        customers = object_array(known.get(account, account) for account in flat.accounts)
        places, ids = pd.factorize(customers, sort=True)
        accounts = np.argsort(places, kind="stable")
        bounds = np.searchsorted(places[accounts], np.arange(len(ids) + 1))
        return cls(ids, flat.columns, accounts, bounds)

    def sampled(self, share: float) -> "CustomerChunks":
        """Return a share of the customers, drawn by a hash of their ids: always the same ones."""
        if share >= 1.0:
            return self
        drawn = np.flatnonzero(pd.util.hash_array(self.ids) < share * 2.0**64)
        counts = np.diff(self.bounds)[drawn]
        ends = np.concatenate(([0], np.cumsum(counts)))
        within = np.repeat(self.bounds[drawn] - ends[:-1], counts) + np.arange(ends[-1])
        accounts = within if self.accounts is None else self.accounts[within]
        return CustomerChunks(self.ids[drawn], self.columns, accounts, ends)

    def __iter__(self) -> Iterator[tuple[Array, FlatColumns]]:
        """Yield the ids and the rows of one chunk of customers after the other."""
        for first in range(0, len(self.ids), _CHUNK):
            end = min(first + _CHUNK, len(self.ids))
            yield self.ids[first:end], self._rows(first, end)

    def _rows(self, first: int, end: int) -> FlatColumns:
        if self.accounts is None:
            return self.columns.between(first, end)
        bounds = self.bounds[first : end + 1]
        return self.columns.joined(self.accounts[bounds[0] : bounds[-1]], bounds - bounds[0])
