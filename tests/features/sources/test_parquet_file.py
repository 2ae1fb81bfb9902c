"""A Parquet file that others see as a whole or not at all."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.sources.parquet_file import write_parquet

_SCHEMA = pa.schema({"n": pa.int64()})


def _batches(*numbers: int) -> Iterator[pa.RecordBatch]:
    for n in numbers:
        if n < 0:
            raise ValueError("not a number")
        yield pa.record_batch([[n]], schema=_SCHEMA)


def test_batches_are_row_groups_one_after_the_other(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    write_parquet(_SCHEMA, _batches(1, 2), path)
    file = pq.ParquetFile(path)
    assert (file.read()["n"].to_pylist(), file.num_row_groups) == ([1, 2], 2)


def test_batches_that_fail_leave_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    write_parquet(_SCHEMA, _batches(1), path)
    with pytest.raises(ValueError, match="not a number"):
        write_parquet(_SCHEMA, _batches(2, -1), path)
    assert pq.read_table(path)["n"].to_pylist() == [1]
    assert [p.name for p in tmp_path.iterdir()] == ["rows.parquet"]


def test_no_batches_make_a_file_without_rows(tmp_path: Path) -> None:
    write_parquet(_SCHEMA, _batches(), tmp_path / "rows.parquet")
    assert pq.read_table(tmp_path / "rows.parquet").num_rows == 0
