"""Computes features in Spark, for a log that outgrew one machine.

Every query is written once, in DuckDB's SQL, and transpiled to Spark's. The language of features
is small (`features.language.expressions`), and within it the two dialects differ in nothing that
a translation cannot even out: division and logarithms are guarded, literals are never DECIMAL,
and nothing depends on the order of NULLs, which the transpiler writes out.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import sqlglot
from sqlglot import exp

from features.catalog.population import Population
from features.engines.sql.feature_queries import prepare_features
from features.engines.sql.history_export import FILES, typed_columns
from features.errors import Fault, InputError, refuse
from features.history.layout import HISTORY_TABLES
from features.language.catalog import Catalog
from features.language.vocabulary import Vocabulary
from features.log.objections import objecting_customers_sql
from features.log.queryable_log import TypedColumn
from features.shop.sensitive_words import find_sensitive_names
from features.shop.settings_file import SensitiveSection
from features.windows import to_datetime

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# What the transpiled text means depends on these; Spark 4 has them so unless it is told otherwise.
_SETTINGS = {
    "spark.sql.ansi.enabled": "true",  # a number too large is an error, not another number
    "spark.sql.parser.escapedStringLiterals": "false",
    "spark.sql.ansi.doubleQuotedIdentifiers": "false",
}
_ARROW_TYPES = {"VARCHAR": pa.string(), "DOUBLE": pa.float64()}
_SPARK_TYPES = {
    "VARCHAR": "string",
    "BIGINT": "bigint",
    "INTEGER": "int",
    "DOUBLE": "double",
    "BOOLEAN": "boolean",
}


@dataclass(frozen=True)
class SparkLog:
    """A shop's history in Spark, which implements `features.log.queryable_log.QueryableLog`.

    Attributes
    ----------
    spark : SparkSession
        Has the tables or views `history_<table>` that
        `features.engines.sql.history_export` describes.
    vocabulary : Vocabulary
        The shop's tables and names, as
        `features.builds.shop_catalog.read_vocabulary` reads them from a log and every
        model keeps them.
    timezone : ZoneInfo
        The shop's calendar.
    sensitive : SensitiveSection
        `[sensitive]` of nextbuy.toml: what must not be among the categories and attributes.

    Raises
    ------
    InputError
        Settings of the session or columns of the tables are wrong (all faults at once), or the
        tables hold sensitive names, which the tables of a log leave out.
    """

    spark: "SparkSession"
    vocabulary: Vocabulary
    timezone: ZoneInfo
    sensitive: SensitiveSection = field(default_factory=SensitiveSection)

    def __post_init__(self) -> None:
        faults = [*_setting_faults(self.spark), *self._table_faults()]
        if faults := faults or list(self._sensitive_faults()):
            raise InputError(faults)

    @property
    def provided(self) -> Mapping[str, frozenset[str]]:
        """Table of the contract -> the columns that the shop gives."""
        return {name: frozenset(columns) for name, columns in self.vocabulary.tables.items()}

    def query(self, query: str) -> "DataFrame":
        """Open a query written in DuckDB's SQL as a Spark frame."""
        return self.spark.sql(spark_sql(query))

    def fetch(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query written in DuckDB's SQL."""
        return [tuple(row) for row in self.query(query).collect()]

    def put(self, name: str, columns: Mapping[str, TypedColumn]) -> None:
        """Register a small table under a name, in place of an older one.

        Parameters
        ----------
        name : str
            What queries call it.
        columns : mapping of str to Column
            Name of a column -> its SQL type and its values.
        """
        table = {n: pa.array(values, _ARROW_TYPES[kind]) for n, (kind, values) in columns.items()}
        self.spark.createDataFrame(pa.table(table)).createOrReplaceTempView(name)

    def keep(self, name: str, query: str) -> None:
        """Register the rows of a query under a name.

        Nothing is stored: Spark computes the rows whenever the name is read.
        """
        self.query(query).createOrReplaceTempView(name)

    def drop(self, name: str) -> None:
        """Remove a registered name; frames opened under it can still be read."""
        self.spark.catalog.dropTempView(name)

    def _table_faults(self) -> Iterator[Fault]:
        for table in FILES:
            if HISTORY_TABLES[table].contract not in self.provided:
                continue
            name = f"history_{table}"
            exists = self.spark.catalog.tableExists(name)
            types = dict(self.spark.table(name).dtypes) if exists else {}
            for column, kind in typed_columns(table).items():
                expected, got = _SPARK_TYPES[kind], types.get(column, "none")
                if got != expected:
                    yield Fault(
                        f"{name}.{column}",
                        f"a column of {expected}",
                        got,
                        "Make the table as features/engines/sql/history_export.py describes it.",
                    )

    def _sensitive_faults(self) -> Iterator[Fault]:
        named = {"vocabulary.attributes": self.vocabulary.attributes}
        given = [name for name, table in HISTORY_TABLES.items() if table.contract in self.provided]
        for table in given:
            for column in ("category", "subcategory"):
                if column in HISTORY_TABLES[table].columns:
                    rows = self.fetch(f"SELECT DISTINCT {column} FROM history_{table}")
                    names = [row[0] for row in rows if row[0] is not None]
                    named[f"history_{table}.{column}"] = names
        for where, names in named.items():
            yield from self._kept_out(where, names)

    def _kept_out(self, where: str, names: Iterable[str]) -> Iterator[Fault]:
        for name, word in find_sensitive_names(sorted(names), self.sensitive).items():
            yield Fault(
                where,
                "nothing that is too personal",
                f"'{name}' (it has '{word}')",
                "Make it NULL, or allow the name in [sensitive] of nextbuy.toml.",
            )


def _setting_faults(spark: "SparkSession") -> Iterator[Fault]:
    for name, expected in _SETTINGS.items():
        got = str(spark.conf.get(name)).lower()
        if got != expected:
            yield Fault(name, expected, got, "Set it so in the Spark session.")


def spark_sql(query: str) -> str:
    """Transpile a query of this project from DuckDB's SQL to Spark's.

    Examples
    --------
    >>> spark_sql('SELECT median("@a b") FILTER (WHERE x > 0), quantile_cont(x, [0.2e0]) FROM t')
    'SELECT MEDIAN(`@a b`) FILTER(WHERE `x` > 0), PERCENTILE(`x`, ARRAY(0.2e0)) FROM `t`'
    """
    tree = sqlglot.parse_one(query, dialect="duckdb").transform(_respell)
    return tree.sql(dialect="spark", identify=True)


def _respell(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.PercentileCont):  # Spark's own takes one quantile, and no list
        return exp.Anonymous(this="PERCENTILE", expressions=[node.this, node.expression])
    return node


def build_features_spark(
    log: SparkLog, cutoff: int, catalog: Catalog, population: Population = "buyers"
) -> "DataFrame":
    """Open the features of all customers at a cutoff as a Spark frame.

    The population's lookups are built at once, the features when the frame is read. Customers who
    have objected to profiling are left out.

    Parameters
    ----------
    log : SparkLog
        The shop's history.
    cutoff : int
        Microseconds UTC.
    catalog : Catalog
        The features to compute.
    population : {"buyers", "contacts"}
        Everybody with a purchase known at the cutoff, or also everybody who was sent a message.

    Returns
    -------
    pyspark.sql.DataFrame
        One row per customer: `customer_id`, `cutoff` (UTC), and the catalog's features, numbers
        as double and texts as string, equal to those of `features.builds.feature_build`.

    Raises
    ------
    InputError
        Names of features differ in upper and lower case only.
    """
    _check_names(catalog)
    with prepare_features(log, cutoff, catalog, population) as query:
        features = log.query(query)
    kept = features.join(log.query(objecting_customers_sql(log)), "customer_id", "left_anti")
    clock = f"timestamp_micros({cutoff}) AS cutoff"
    return kept.selectExpr("customer_id", clock, *map(_column, catalog))


def _column(name: str) -> str:
    return f"`{name.replace('`', '``')}`"


def _check_names(catalog: Catalog) -> None:
    """Refuse features whose names differ in upper and lower case only, as SQL confuses them."""
    folded = Counter(name.casefold() for name in catalog)
    if clashes := [name for name in catalog if folded[name.casefold()] > 1]:
        raise refuse(
            "catalog",
            "names that differ in more than upper and lower case",
            ", ".join(clashes),
            "Rename the store, channel or attribute that they are of.",
        )


def write_features_spark(
    log: SparkLog,
    cutoffs: Iterable[int],
    catalog: Catalog,
    folder: str,
    population: Population = "buyers",
) -> list[str]:
    """Write the features of all customers, one Parquet partition per cutoff.

    Parameters
    ----------
    log, catalog, population
        As of `build_features_spark`.
    cutoffs : iterable of int
        Microseconds UTC.
    folder : str
        Any address that Spark can write to.

    Returns
    -------
    list of str
        `<folder>/cutoff=<instant>`, each replacing an older one. A partition is complete once it
        holds Spark's file `_SUCCESS`.
    """
    written = []
    for cutoff in cutoffs:
        path = f"{folder}/cutoff={to_datetime(cutoff):%Y-%m-%dT%H%M%SZ}"
        frame = build_features_spark(log, cutoff, catalog, population)
        # by default Spark writes instants without their time zone
        with _setting(log.spark, "spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS"):
            frame.write.mode("overwrite").parquet(path)
        written.append(path)
    return written


@contextmanager
def _setting(spark: "SparkSession", name: str, value: str) -> Iterator[None]:
    """Change a setting of the Spark session within a context, and restore it afterwards."""
    before = str(spark.conf.get(name))
    spark.conf.set(name, value)
    try:
        yield
    finally:
        spark.conf.set(name, before)
