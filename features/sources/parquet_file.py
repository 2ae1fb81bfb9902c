"""Writes rows into a Parquet file, which others see as a whole or not at all."""

import os
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

ROW_GROUP = 122_880  # rows


def write_parquet(schema: pa.Schema, batches: Iterable[pa.RecordBatch], path: Path) -> None:
    """Write batches of rows into a Parquet file, replaced in one step.

    The rows are written under a hidden name in the same folder, and renamed at the end.

    Parameters
    ----------
    schema : Schema
        Of every batch.
    batches : iterable of RecordBatch
        Each becomes a row group; best are `ROW_GROUP` rows.
    path : Path
        Of the file.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")  # hidden from readers of the folder
    try:
        with pq.ParquetWriter(unfinished, schema, compression="zstd") as writer:
            for batch in batches:
                writer.write_batch(batch)
        _flush(unfinished)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    """Wait until the contents of a file are on the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
