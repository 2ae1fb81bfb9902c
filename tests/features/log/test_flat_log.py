"""The files of flat columns: what is written is what is read, and what is damaged is refused."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.log.flat_log import FlatLog, LogFiles
from features.log.log import read_log
from features.shop.shop import read_shop


@pytest.fixture
def laid_out(write_shop) -> FlatLog:
    rows = [("o1", "b", "2024-01-02", 1.0, "south"), ("o2", "a", "2024-01-03", 2.0, None)]
    columns = ["order_id", "customer_id", "ordered_at", "amount", "store"]
    shop = read_shop(write_shop({"orders": pd.DataFrame(rows, columns=columns)}))
    return read_log(shop).layout.with_words(["east"])


def write(flat: FlatLog, folder: Path) -> LogFiles:
    files = LogFiles(folder)
    for table, numbers in flat.columns.numbers.items():
        ours = files.make_columns(table, numbers.shape[1])
        for array, values in zip(ours, (numbers, flat.columns.codes[table]), strict=True):
            array[:] = values
    files.finish(flat)
    return files


def test_what_is_written_is_read(laid_out: FlatLog, tmp_path: Path) -> None:
    read = write(laid_out, tmp_path).read()
    assert read.accounts.tolist() == laid_out.accounts.tolist() == ["a", "b"]
    assert read.columns.words.texts == laid_out.columns.words.texts
    assert read.columns.customers == 2
    for kind in ("offsets", "numbers", "codes"):
        ours, theirs = getattr(read.columns, kind), getattr(laid_out.columns, kind)
        assert ours.keys() == theirs.keys()
        for table, array in ours.items():
            np.testing.assert_array_equal(array, theirs[table])
    assert not read.columns.numbers["orders"].flags.writeable


def test_a_file_that_is_cut_off_or_of_other_rows_is_refused(
    laid_out: FlatLog, tmp_path: Path
) -> None:
    files = write(laid_out, tmp_path)
    path = tmp_path / "orders-numbers.npy"
    whole = path.read_bytes()
    path.write_bytes(whole[:-8])
    with pytest.raises(ValueError, match="mmap length"):
        files.read()
    np.save(path, laid_out.columns.numbers["orders"][:, :1])
    with pytest.raises(ValueError, match="orders-numbers has the shape"):
        files.read()
    path.unlink()
    with pytest.raises(FileNotFoundError):
        files.read()
