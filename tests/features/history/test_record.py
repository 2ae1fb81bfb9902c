"""What is packed into a record comes out of it again, to the last bit."""

import numpy as np

from features.arrays import object_array
from features.history.layout import HISTORY_COLUMNS, ROW_KEY, TEXT_COLUMNS
from features.history.record import pack_history, record_columns, unpack_history

WORDS = object_array(["sms", "email", None])


def _blocks(rows: int) -> dict[str, np.ndarray]:
    """Make random rows for every table; a text is an index of `WORDS`."""
    rng = np.random.default_rng(0)
    blocks = {}
    for table in HISTORY_COLUMNS:
        numbers, texts = record_columns(table)
        values = rng.uniform(-(2.0**53), 2.0**53, (rows, len(numbers)))
        values[rng.random(values.shape) < 0.3] = np.nan
        blocks[table] = np.hstack([values, rng.integers(-1, 2, (rows, len(texts)))])
    return blocks


def test_numbers_and_texts_come_back_as_they_were() -> None:
    blocks = _blocks(5)
    tables = unpack_history(pack_history(list(blocks.values())), WORDS)
    assert tables.keys() == HISTORY_COLUMNS.keys()
    for table, block in blocks.items():
        numbers, texts = record_columns(table)
        for index, name in enumerate(numbers):
            np.testing.assert_array_equal(tables[table][name], block[:, index], name)
        for index, name in enumerate(texts, len(numbers)):
            assert tables[table][name].tolist() == WORDS[block[:, index].astype(int)].tolist()


def test_tables_without_rows_are_left_out() -> None:
    blocks = _blocks(0) | {"orders": _blocks(1)["orders"]}
    assert unpack_history(pack_history(list(blocks.values())), WORDS).keys() == {"orders"}


def test_a_record_has_the_key_first_and_the_texts_last() -> None:
    for table, names in HISTORY_COLUMNS.items():
        numbers, texts = record_columns(table)
        assert numbers[0] == ROW_KEY
        assert set(texts) == set(names) & TEXT_COLUMNS
        assert {*numbers[1:], *texts} == set(names)
