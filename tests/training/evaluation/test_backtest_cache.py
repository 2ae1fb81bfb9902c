"""Losses of finished back-test origins, kept in a folder."""

from pathlib import Path

import pandas as pd
import pytest

from training.evaluation.backtest_cache import KeptOrigins

LOSSES = pd.DataFrame({"customer_id": ["a", "b"], "model": "ours", "crps": [1.5, 2.5]})


@pytest.fixture
def kept(tmp_path: Path) -> KeptOrigins:
    return KeptOrigins(tmp_path / "backtests")


def test_kept_losses_are_read_as_they_were_written(kept: KeptOrigins) -> None:
    assert kept.read("2024-06-30-abc") is None
    kept.write("2024-06-30-abc", LOSSES, "2024-06-30T23:59:59+00:00", {"seed": 20})
    pd.testing.assert_frame_equal(kept.read("2024-06-30-abc"), LOSSES)
    assert kept.read("2024-06-30-other") is None


def test_changed_losses_are_not_read_and_can_be_written_anew(kept: KeptOrigins) -> None:
    kept.write("origin", LOSSES, "2024-06-30T23:59:59+00:00", {})
    LOSSES.assign(crps=0.0).to_parquet(kept.folder / "origin" / "losses.parquet", index=False)
    assert kept.read("origin") is None
    kept.write("origin", LOSSES, "2024-06-30T23:59:59+00:00", {})
    pd.testing.assert_frame_equal(kept.read("origin"), LOSSES)
    assert [path.name for path in kept.folder.iterdir()] == ["origin"]


def test_an_interrupted_write_leaves_nothing(
    kept: KeptOrigins, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", fail)
    with pytest.raises(OSError, match="the disk is full"):
        kept.write("origin", LOSSES, "2024-06-30T23:59:59+00:00", {})
    assert kept.read("origin") is None
    assert list(kept.folder.iterdir()) == []
