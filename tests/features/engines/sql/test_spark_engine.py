"""One declaration, two engines: Spark over the history's files equals DuckDB over the log."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from features.builds.feature_build import build_features
from features.catalog.dictionary import make_catalog
from features.catalog.relations import PURCHASES
from features.engines.sql.history_export import write_history
from features.engines.sql.spark_engine import (
    SparkLog,
    build_features_spark,
    spark_sql,
    write_features_spark,
)
from features.errors import InputError
from features.language.catalog import Catalog
from features.language.feature import Aggregate
from features.language.relation import Relations
from features.language.vocabulary import Vocabulary
from features.log.log import Log, read_log
from features.log.objections import objecting_customers_sql
from features.shop.shop import read_shop
from features.windows import read_cutoff, to_datetime
from nextbuy.simulator.simulator import simulate_shop

pytestmark = pytest.mark.spark

ROOT = Path(__file__).parents[4]
ZONE = ZoneInfo("Europe/Warsaw")
# The clock changes on the first one's day; both are the last microsecond of their day.
CUTOFFS = [read_cutoff(day, ZONE) for day in ("2025-03-30", "2025-10-01")]
EXACT = ("count", "sum", "min", "max", "last", "top")
# Beside a channel that must be quoted: everything known exactly at a cutoff, and next to it.
CHANNEL = "letter's reply"


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    """Two cores of this machine; interpreted, since compiling costs more than these few rows."""
    settings = {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        "spark.driver.host": "127.0.0.1",
        "spark.log.level": "ERROR",
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    session = SparkSession.builder.master("local[2]").config(map=settings).getOrCreate()
    yield session
    session.stop()


@pytest.fixture(scope="module")
def shop_log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    """The simulated shop, and some customers written by hand."""
    folder = tmp_path_factory.mktemp("spark") / "demo" / "simulated"
    folder.mkdir(parents=True)
    config = simulate_shop(folder, 300)
    for table, rows in _by_hand().items():
        _append(folder / f"{table}.parquet", rows)
    return read_log(read_shop(config))


def _append(path: Path, rows: list[dict]) -> None:
    table = pq.read_table(path)
    fields = [
        (f.name, pa.string() if pa.types.is_dictionary(f.type) else f.type) for f in table.schema
    ]
    plain = pa.schema(fields)
    pq.write_table(pa.concat_tables([table.cast(plain), pa.Table.from_pylist(rows, plain)]), path)


def _by_hand() -> dict[str, list[dict]]:
    """Nulls, ties, empty histories, a single order, rows at a cutoff and a microsecond away."""
    tables: dict[str, list[dict]] = {
        name: [] for name in ("orders", "order_lines", "products", "events", "messages", "returns")
    }
    tables["products"] = [
        {"product_id": "h1", "category": "tea, green", "brand": "b", "size": "L", "price": 3.0}
        | {"subcategory": 'it\'s "green"'},
        {"product_id": "h2", "category": None, "brand": "a", "size": None, "price": None},
    ]
    for cutoff in CUTOFFS:
        for shift in (-1, 0, 1):
            _at_edge(tables, cutoff, to_datetime(cutoff + shift), f"{cutoff}{shift:+d}")
    return tables


def _at_edge(tables: dict[str, list[dict]], cutoff: int, moment: object, name: str) -> None:
    earlier = to_datetime(cutoff - 3 * 86_400_000_000)
    order = {"amount": 10.0, "currency": "EUR", "store": None, "known_at": moment}
    tables["orders"] += [
        order | {"order_id": f"e{name}", "customer_id": "h-edge", "ordered_at": moment},
        order | {"order_id": f"l{name}", "customer_id": "h-late", "ordered_at": earlier},
        order
        | {"order_id": f"c{name}", "customer_id": "h-back", "ordered_at": earlier}
        | {"known_at": earlier, "cancelled_at": moment, "amount": 0.0, "discount": 2.5},
    ]
    if name == f"{CUTOFFS[0]}+0":
        tables["orders"].append(
            order | {"order_id": "o", "customer_id": "h-once", "ordered_at": moment}
        )
    for product in ("h1", "h2", "nowhere"):
        line = {"order_id": f"e{name}", "product_id": product, "quantity": 0.5, "unit_price": 0.01}
        tables["order_lines"].append(line)
    seen = {"occurred_at": moment, "known_at": moment, "store": None, "device": None}
    tables["events"] += [
        seen | {"event_id": f"{product}{name}", "customer_id": "h-edge", "product_id": product}
        | {"event_type": "view"}
        for product in ("h1", "h2", None)
    ]  # fmt: skip
    for customer, opened in (("h-edge", True), ("h-mailed", None)):
        tables["messages"].append(
            {"message_id": f"{customer}{name}", "customer_id": customer, "channel": CHANNEL}
            | {"sent_at": earlier, "known_at": earlier, "opened_at": moment}
            | {"clicked_at": moment, "machine_opened": opened, "campaign_id": name}
            | {"converted_at": moment, "revenue": 9.99, "store": "north"}
        )
    tables["returns"].append(
        {"return_id": name, "customer_id": "h-edge", "returned_at": moment, "amount": 1.0}
        | {"product_id": "h1"}
    )


@pytest.fixture(scope="module")
def written(spark: SparkSession, shop_log: Log) -> tuple[SparkLog, Path]:
    """Run the example of the page about Spark, as it stands there, and give what it leaves."""
    (example,) = re.findall(r"```python\n(.*?SparkLog.*?)```", PAGE, flags=re.DOTALL)
    names: dict = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(shop_log.shop.root.parents[1])
        exec(example, names)
    assert names["spark"].sparkContext is spark.sparkContext
    return names["warehouse"], names["folder"] / "features"


PAGE = (ROOT / "docs" / "how-to" / "spark.md").read_text()


def _read(folder: Path, cutoff: int) -> pa.Table:
    path = folder / f"cutoff={to_datetime(cutoff):%Y-%m-%dT%H%M%SZ}"
    parts = [pq.ParquetFile(part).read() for part in sorted(path.glob("*.parquet"))]
    return pa.concat_tables(parts).sort_by("customer_id")


def _expected(log: Log, cutoff: int, catalog: Catalog) -> pd.DataFrame:
    frame = build_features(log, [cutoff], catalog, population="contacts")
    objected = [row[0] for row in log.fetch(objecting_customers_sql(log))]
    return frame[~frame["customer_id"].isin(objected)].reset_index(drop=True)


def _is_exact(catalog: Catalog, name: str) -> bool:
    feature = catalog[name]
    return (
        isinstance(feature, Aggregate)
        and feature.aggregate in EXACT
        and "/" not in feature.value
        and feature.relation not in ("cycles", "due")
    )


@pytest.mark.parametrize("cutoff", CUTOFFS)
def test_every_feature_equals_that_of_duckdb(
    written: tuple[SparkLog, Path], shop_log: Log, cutoff: int
) -> None:
    warehouse, folder = written
    catalog = make_catalog(warehouse.vocabulary)
    ours, theirs = _read(folder, cutoff), _expected(shop_log, cutoff, catalog)
    assert ours.column_names == ["customer_id", "cutoff", *catalog]
    assert ours["customer_id"].to_pylist() == theirs["customer_id"].tolist()
    assert {"h-edge", "h-late", "h-back", "h-mailed"} <= set(theirs["customer_id"])
    assert set(ours["cutoff"].to_pylist()) == {to_datetime(cutoff)}
    for name in catalog:
        got, expected = ours[name].to_numpy(zero_copy_only=False), theirs[name].to_numpy()
        if catalog[name].kind == "text":
            expected = [text if isinstance(text, str) else None for text in expected]
            assert got.tolist() == expected, name
        elif _is_exact(catalog, name):
            np.testing.assert_array_equal(got.astype(float), expected, err_msg=name)
        else:
            np.testing.assert_allclose(got.astype(float), expected, rtol=1e-9, err_msg=name)


def test_the_buyers_are_those_with_a_purchase_known_at_the_cutoff(
    written: tuple[SparkLog, Path],
) -> None:
    catalog = make_catalog(written[0].vocabulary).select(["orders_count"])
    rows = build_features_spark(written[0], CUTOFFS[0], catalog).toArrow()
    counts = dict(
        zip(rows["customer_id"].to_pylist(), rows["orders_count"].to_pylist(), strict=True)
    )
    assert "h-mailed" not in counts
    assert min(counts.values()) == 1
    # at the first cutoff: a microsecond before it and exactly at it, and nothing after it
    assert counts["h-edge"] == counts["h-late"] == 2
    assert counts["h-back"] == 1
    assert counts["h-once"] == 1


@pytest.mark.parametrize("name", ["spark.sql.ansi.enabled"])
def test_a_session_that_would_compute_otherwise_is_refused(spark: SparkSession, name: str) -> None:
    spark.conf.set(name, "false")
    try:
        with pytest.raises(InputError, match=rf"{name}: expected true, got false\. Set it"):
            SparkLog(spark, Vocabulary({}), ZONE)
    finally:
        spark.conf.unset(name)


def test_all_faults_of_the_tables_come_in_one_error(spark: SparkSession) -> None:
    view = "CREATE OR REPLACE TEMP VIEW history_returns AS SELECT '' AS customer_id, "
    spark.sql(view + "TIMESTAMP '2025-01-01' AS returned_at, 1L AS known_at, 1 AS local_day")
    with pytest.raises(InputError) as refused:
        SparkLog(spark, Vocabulary({"returns": []}), ZONE)
    faults = {fault.where: fault.got for fault in refused.value.faults}
    assert faults == {
        "history_returns.returned_at": "timestamp",
        "history_returns.amount": "none",
        "history_returns.product_id": "none",
        "history_returns.category": "none",
    }


def test_what_is_too_personal_is_refused(written: tuple[SparkLog, Path]) -> None:
    log = written[0]
    vocabulary = Vocabulary({}, attributes=["attr_religion"])
    with pytest.raises(InputError, match=r"vocabulary\.attributes: .* 'attr_religion'"):
        SparkLog(log.spark, vocabulary, ZONE)


def test_names_that_differ_in_case_only_are_refused(written: tuple[SparkLog, Path]) -> None:
    names = ("straße", "STRASSE")  # that differ for DuckDB
    features = [
        Aggregate(
            name,
            relation="purchases",
            aggregate="count",
            value="day",
            description="",
            unit="",
            family="",
        )
        for name in names
    ]
    catalog = Catalog(features, Relations(PURCHASES))
    with pytest.raises(InputError, match=r"catalog: .* got straße, STRASSE"):
        build_features_spark(written[0], CUTOFFS[0], catalog)


def test_an_old_partition_is_replaced(written: tuple[SparkLog, Path], tmp_path: Path) -> None:
    log = written[0]
    everything = make_catalog(log.vocabulary)
    for name in ("orders_count", "T"):
        catalog = everything.select([name])
        (path,) = write_features_spark(log, CUTOFFS[:1], catalog, str(tmp_path))
    assert path.endswith("cutoff=2025-03-30T215959Z")
    assert _read(tmp_path, CUTOFFS[0]).column_names == ["customer_id", "cutoff", "T"]


def test_the_history_is_written_in_the_types_of_the_contract(
    written: tuple[SparkLog, Path], orders: Callable, write_shop: Callable, tmp_path: Path
) -> None:
    assert len(list((written[1].parent / "history").iterdir())) == 9
    config = write_shop({"orders": orders(("a", "2024-01-01", 1.5))})
    (path,) = write_history(read_log(read_shop(config)), tmp_path / "files")
    assert path.name == "orders.parquet"
    row = pq.read_table(path)
    assert row["amount"].to_pylist() == [150]
    assert row["discount"].to_pylist() == [None]
    assert row.schema.field("discount").type == pa.int64()


@pytest.mark.parametrize(
    ("duckdb", "spark_text"),
    [
        ("SELECT arg_min(c, {'a': -(n), 'b': c}) FROM t", "MIN_BY(`c`, STRUCT(-(`n`) AS `a`"),
        ("SELECT lag(n) OVER (ORDER BY d) FROM t", "ORDER BY `d` NULLS LAST"),
        ("SELECT quantile_cont(n, [0.2e0, 0.4e0]) FROM t", "PERCENTILE(`n`, ARRAY(0.2e0, 0.4e0))"),
        ("SELECT 'it''s' AS \"a `b`\"", r"'it\'s' AS `a ``b```"),
    ],
)
def test_the_transpiled_text_keeps_the_meaning(duckdb: str, spark_text: str) -> None:
    assert spark_text in spark_sql(duckdb)
