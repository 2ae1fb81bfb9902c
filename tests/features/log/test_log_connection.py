"""Queries over the log: a lack of disk is one clear error, another error is left as it is."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from features.log.kept_tables import KEPT_FOLDER
from features.log.log import read_log
from features.shop.shop import read_shop
from features.sources.parquet_file import write_parquet
from tests.features.sources.shop_folders import many_orders, run_with_shop

GOOD = pd.DataFrame(
    {
        "order_id": ["a", "b", "c"],
        "customer_id": ["x", "y", "x"],
        "ordered_at": ["2024-01-05", "2024-01-06 10:00:00", "2024-01-07T10:00:00Z"],
        "amount": ["10.50", "0", "7.25"],
    }
)


_FULL_AFTER_READING = """
import resource, sys
from features.builds.feature_build import build_features, write_features
from features.builds.shop_catalog import read_catalog
from features.errors import InputError
from features.store.address import store_target
from features.store.build.store_build import build_store
log = read_log(read_shop(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
try:
    {work}
except InputError as error:
    print(error)
log.close()
"""


def test_a_disk_that_is_full_after_reading_is_the_same_error(
    write_shop: Callable[..., Path],
) -> None:
    config = write_shop({"orders": many_orders()}, memory_gib=0.1)  # so that queries spill over
    for work in (
        "build_features(log, [log.observed_until], read_catalog(log, log.observed_until))",
        "write_features(log)",
        "build_store(log, store_target(log.shop))",
    ):
        done = run_with_shop(_FULL_AFTER_READING.format(work=work), config)
        *_, error = done.stdout.splitlines()  # a slow query's progress bar may stand before it
        assert error.startswith("shop.workspace: expected room to write in "), (work, done)
        workspace = read_shop(config).workspace
        left = [path for path in workspace.rglob("*") if path.is_file()]
        assert {path.parent.name for path in left} == {KEPT_FOLDER}, work
        assert len(left) == 2, work


def test_a_query_that_fails_is_not_called_a_full_disk(
    write_shop: Callable[..., Path], tmp_path: Path
) -> None:
    log = read_log(read_shop(write_shop({"orders": GOOD})))
    path = tmp_path / "features.parquet"
    path.write_bytes(b"the last one")
    query = "SELECT CAST(order_id || 'x' AS INTEGER) AS n FROM orders"
    with (
        pytest.raises((duckdb.Error, OSError), match="Conversion Error"),
        log.connection.within_room(),
    ):
        rows = log.connection.read(query, 1)
        write_parquet(rows.schema, rows, path)
    assert path.read_bytes() == b"the last one"
    assert list(tmp_path.glob(".features*")) == []
