from pathlib import Path

import numpy as np
import pytest

from features.arrays import object_array
from features.errors import InputError
from features.history.layout import HISTORY_COLUMNS, ROW_KEY
from features.history.record import pack_history, record_columns, unpack_history
from features.store.build.store_build import build_store


def test_a_record_is_read_as_it_was_written() -> None:
    blocks = {name: np.empty((0, 0)) for name in HISTORY_COLUMNS}
    numbers, texts = record_columns("messages")
    blocks["messages"] = np.full((2, len(numbers) + len(texts)), np.nan)
    blocks["messages"][:, 0] = [2.0**53, -0.5]
    blocks["messages"][:, len(numbers) :] = [[1], [-1]]
    again = unpack_history(
        pack_history(list(blocks.values())), object_array(["sms", "email", None])
    )
    assert again.keys() == {"messages"}
    np.testing.assert_array_equal(again["messages"][ROW_KEY], [2.0**53, -0.5])
    assert np.isnan(again["messages"]["clicked_at"]).all()
    assert again["messages"]["channel"].tolist() == ["email", None]


def test_a_cutoff_past_the_data_is_refused_and_the_old_build_stays(
    simulated, tmp_path: Path
) -> None:
    path = tmp_path / "store.sqlite"
    build_store(simulated.log, path, simulated.cutoff)
    before = path.read_bytes()
    with pytest.raises(InputError, match="cutoff: expected an instant within the data"):
        build_store(simulated.log, path, simulated.log.observed_until + 1)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["store.sqlite"]
