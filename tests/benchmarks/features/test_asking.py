"""What is asked of the store in the benchmark, and by its rivals, is the same."""

from pathlib import Path

import numpy as np

from benchmarks.features.asking import write_busy_warehouse
from benchmarks.features.asking_tasks import (
    build_embedded,
    open_history,
    planted_ids,
    prepare,
    read_by_duckdb,
    read_by_pandas,
)
from features.store.sqlite_store import SqliteStore


def test_rivals_read_the_same_rows_of_customers_as_busy_as_planned(tmp_path: Path) -> None:
    write_busy_warehouse(tmp_path, customers=300, planted=20)
    build_embedded(tmp_path)
    store = SqliteStore(tmp_path / "store.sqlite")
    plan, scope = prepare(store, tmp_path)
    ids = planted_ids(store)
    assert len(ids) == 20
    reads = [
        read_by_duckdb(open_history(tmp_path)),
        read_by_pandas(open_history(tmp_path), ids),
    ]
    for customer_id in ids[:5]:
        tables = store.read([customer_id])[customer_id]
        counts = {name: len(rows["known_at"]) for name, rows in tables.items()}
        expected = {"orders": 30, "lines": 60, "events": 100, "messages": 60}
        assert counts.items() >= expected.items()
        ours = plan.compute([tables], scope)
        for read in reads:
            theirs = plan.compute([read([customer_id])[customer_id]], scope)
            for name, values in ours.items():
                if values.dtype == object:
                    np.testing.assert_array_equal(theirs[name], values, err_msg=name)
                else:  # the lines of one order stand in any order, and are added up in it
                    np.testing.assert_allclose(theirs[name], values, rtol=1e-12, err_msg=name)
    store.close()
