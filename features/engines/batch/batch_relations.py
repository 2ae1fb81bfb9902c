"""Computes the rows of a relation with numpy, for a batch of customers at once."""

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from features.arrays import Array, Floats, Indices
from features.engines.batch.expressions import (
    compile_condition,
    compile_expression,
    compile_together,
    is_known,
    is_missing,
)
from features.history.customer_rows import CustomerRows, HistoryBatch, run_lengths, run_starts
from features.history.layout import HISTORY_TABLES
from features.language.expressions import names_in
from features.language.relation import Relation, Relations, is_constant
from features.language.scope import Scope
from features.windows import Window

_NO_ROWS = np.empty(0)


class RelationReader:
    """Computes the rows of one relation for many requests, its texts compiled once.

    Parameters
    ----------
    relation : Relation
        The declaration.
    wanted : set of str
        The columns of the relation to compute.
    relations : Relations
        The relations that it may read, by name.
    """

    def __init__(self, relation: Relation, wanted: set[str], relations: Relations) -> None:
        self._relation = relation
        self._wanted = sorted(wanted)
        inputs, names = relation.inputs_of(wanted), relation.reads(wanted)
        self._inputs = sorted(inputs)
        if relation.table is not None:
            self._inputs = sorted(inputs & HISTORY_TABLES[relation.table].columns.keys())
        self._customer = [(n, *relation.customer[n]) for n in relation.customer if n in names]
        joined = relation.lookup.totals if relation.lookup else ()
        self._looked_up = [name for name in joined if name in names]
        self._where = compile_condition(relation.where) if relation.where else None
        totals = [name for name in relation.totals if name in wanted]
        self._columns = _Columns({n: t for n, t in relation.columns.items() if n in wanted})
        self._values = _Columns({name: relation.totals[name][1] for name in totals})
        self._totals = [(name, _TOTALS[relation.totals[name][0]]) for name in totals]
        first = relations[relation.sources[0]].by if len(relation.sources) == 1 else ()
        self._is_grouped = bool(relation.by) and first[: len(relation.by)] == relation.by
        self._gaps = [(n, of) for n, of in relation.gaps.items() if n in wanted]
        self._ages = [(n, of) for n, of in relation.ages.items() if n in wanted]
        self._is_sorted = bool(relation.by) and relation.by[0] == relation.order
        self._is_sorted &= not relation.within

    def read(
        self, read: Mapping[str, CustomerRows], histories: HistoryBatch, scope: Scope,
        constants: Mapping[str, float],
    ) -> CustomerRows:  # fmt: skip
        """Compute the relation's rows at a cutoff.

        Parameters
        ----------
        read : mapping of str to Rows
            Name of a relation -> rows, of the relations that this one reads.
        histories : mapping of str to Rows
            Name of a table -> the rows of n customers.
        scope : Scope
            The cutoff and the population's lookups.
        constants : mapping of str to float
            `cutoff`, `cutoff_day` and `@lookup:column` -> value, as the texts read them.

        Returns
        -------
        Rows
            The wanted columns, sorted by customer; numbers as float64, texts as objects.
        """
        rows = self._source(read, histories, scope)
        if len(rows.customer):
            rows = self._joined(rows, read, scope, constants)
            if self._where is not None:
                rows = rows.where(self._where({**rows.columns, **constants}))
        if not len(rows.customer):
            return CustomerRows(rows.customer, dict.fromkeys(self._wanted, _NO_ROWS), rows.n)
        if self._relation.by:
            rows = self._grouped(rows, constants)
        else:
            rows = CustomerRows(rows.customer, self._columns.compute(rows, constants), rows.n)
        return rows if self._relation.order is None else self._ordered(rows)

    def _source(
        self, read: Mapping[str, CustomerRows], histories: HistoryBatch, scope: Scope
    ) -> CustomerRows:
        """Read the rows within the lookback, with the columns that are needed."""
        relation = self._relation
        if relation.table is not None:
            rows = histories[relation.table]
            if not len(rows.customer):
                return rows
            happened = rows[HISTORY_TABLES[relation.table].happened]
            window = Window(scope.cutoff, relation.lookback)
            return rows.where(window.known(happened, rows["known_at"]), self._inputs)
        rows = _concatenated([read[name] for name in relation.sources], self._inputs)
        start = Window(scope.cutoff, relation.lookback).start
        return rows if start is None else rows.where(rows["happened_at"] > start)

    def _joined(
        self,
        rows: CustomerRows,
        read: Mapping[str, CustomerRows],
        scope: Scope,
        constants: Mapping[str, float],
    ) -> CustomerRows:
        """Add the columns that have one value per customer, or per key of the lookup."""
        if not self._customer and not self._looked_up:
            return rows
        columns = dict(rows.columns)
        for name, other, aggregate, text in self._customer:
            source = read[other]
            values = np.empty(rows.n)
            values.fill(np.nan)
            if len(source.customer):
                value = compile_expression(text)({**source.columns, **constants})
                values[source.present] = _TOTALS[aggregate](value, source.starts)
            columns[name] = values.take(rows.customer)
        lookup = self._relation.lookup
        if lookup is not None and self._looked_up:
            keys = rows[str(lookup.key)].tolist()
            table = scope.lookups.tables.get(lookup.name, {})
            for name in self._looked_up:
                columns[name] = np.array(list(map(table.get(name, {}).get, keys)), float)
        return CustomerRows(rows.customer, columns, rows.n)

    def _grouped(self, rows: CustomerRows, constants: Mapping[str, float]) -> CustomerRows:
        """Make one row for each customer and value of the keys, sorted by both."""
        by = self._relation.by
        if self._is_grouped:
            starts = run_starts(rows.customer, *(rows[name] for name in by))
        else:
            rows, starts = _sorted_by(by, rows)
        columns = {name: rows[name].take(starts) for name in by}
        values = self._values.compute(rows, constants)
        for name, total in self._totals:
            columns[name] = total(values[name], starts)
        return CustomerRows(rows.customer.take(starts), columns, rows.n)

    def _ordered(self, rows: CustomerRows) -> CustomerRows:
        """Put rows into their order, and compare each one with others of its run."""
        if not self._is_sorted:
            rows = _sorted(self._relation, rows)
        within = self._relation.within
        starts = run_starts(rows.customer, *(rows[n] for n in within)) if within else rows.starts
        columns = dict(rows.columns)
        for name, of in self._gaps:
            values, gap = rows[of], np.empty(len(rows.customer))
            np.subtract(values[1:], values[:-1], out=gap[1:])
            gap[starts] = np.nan
            columns[name] = gap
        for name, of in self._ages:
            values = rows[of]
            lengths = run_lengths(starts, len(values))
            columns[name] = values - values.take(starts).repeat(lengths)
        rows = CustomerRows(rows.customer, columns, rows.n)
        if not self._relation.latest:
            return rows
        return rows.take(starts + run_lengths(starts, len(rows.customer)) - 1)


class _Columns:
    """Computes columns from their texts; a text that names a column of the source copies it."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        copied = {n for n, t in texts.items() if names_in(t) == {t} and not is_constant(t)}
        self._copied = [(name, text) for name, text in texts.items() if name in copied]
        self._computed = [name for name in texts if name not in copied]
        self._compute = compile_together(tuple(texts[name] for name in self._computed))

    def compute(self, rows: CustomerRows, constants: Mapping[str, float]) -> dict[str, Array]:
        """Compute each column of some rows."""
        columns = {name: rows.columns[text] for name, text in self._copied}
        if self._computed:
            values = self._compute({**rows.columns, **constants})
            for name, value in zip(self._computed, values, strict=True):
                is_array = bool(np.ndim(value))
                columns[name] = value if is_array else np.full(len(rows.customer), value)
        return columns


def _concatenated(parts: list[CustomerRows], names: Iterable[str]) -> CustomerRows:
    """Concatenate the rows of several relations, sorted by customer."""
    given = [part for part in parts if len(part.customer)] or parts[:1]
    if len(given) == 1:
        columns = given[0].columns
        return CustomerRows(given[0].customer, {name: columns[name] for name in names}, given[0].n)
    customer = np.concatenate([part.customer for part in given])
    columns = {name: np.concatenate([part[name] for part in given]) for name in names}
    rows = CustomerRows(customer, columns, given[0].n)
    return rows.take(customer.argsort(kind="stable"))


def _sorted_by(by: tuple[str, ...], rows: CustomerRows) -> tuple[CustomerRows, Indices]:
    """Sort the rows of each customer by some columns; return also where equal rows begin."""
    keys = [_codes(rows[name]) if rows[name].dtype == object else rows[name] for name in by]
    keys = [rows.customer, *keys]
    order = np.lexsort(keys[::-1])
    return rows.take(order), run_starts(*(key.take(order) for key in keys))


def _codes(texts: Array) -> Array:
    """Return the number of each text in the order of the alphabet; None has the largest."""
    values = texts.tolist()
    known = set(values) - {None}
    codes: dict[str | None, int] = {text: code for code, text in enumerate(sorted(known))}
    codes[None] = len(known)
    return np.array([codes[text] for text in values], np.intp)


def _missing_first(values: Array) -> Array:
    """Turn values into sort keys in which a missing value comes before all others."""
    keys = _codes(values) if values.dtype == object else values
    return np.where(is_missing(values), -np.inf, keys)


def _sorted(relation: Relation, rows: CustomerRows) -> CustomerRows:
    if len(rows.customer) == 1:
        return rows
    keys = [_codes(rows[name]) for name in relation.within]
    ties = [_missing_first(rows[name]) for name in relation.ties]
    keys = [rows.customer, *keys, rows[str(relation.order)], *ties]
    return rows.take(np.lexsort(keys[::-1]))


def _count(value: Array, starts: Indices) -> Floats:
    return np.add.reduceat(is_known(value), starts, dtype=float)


def _sum(value: Floats, starts: Indices) -> Floats:
    """Sum up each run of rows without its missing values; NaN where all are missing."""
    known = value == value
    sums = sum_runs(np.where(known, value, 0.0)[None], starts)[0]
    return np.where(np.add.reduceat(known, starts, dtype=float) > 0, sums, np.nan)


def sum_runs(values: Floats, starts: Indices) -> Floats:
    """Sum up each run of rows in the order of the rows, as a loop does.

    `numpy.add.reduceat` sums in pairs, so that the last bit would depend on rows that are left
    out as zeros.

    Parameters
    ----------
    values : array `(n features, n rows)`
        Without NaN.
    starts : array `(n runs,)`
        Index of the first row of each run.

    Returns
    -------
    array `(n features, n runs)`
    """
    runs = np.arange(len(starts)).repeat(run_lengths(starts, values.shape[1]))
    return np.array([np.bincount(runs, row, len(starts)) for row in values])


_TOTALS: dict[str, Callable[[Array, Indices], Floats]] = {
    "count": _count,
    "sum": _sum,
    "min": lambda value, starts: np.fmin.reduceat(value, starts),
    "max": lambda value, starts: np.fmax.reduceat(value, starts),
}
