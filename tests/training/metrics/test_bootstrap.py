"""The paired bootstrap over customers, against slower ways to the same interval."""

import numpy as np
import pytest
from scipy.stats import bootstrap

from features.errors import InputError
from training.metrics.bootstrap import LossDifference, paired_difference, paired_differences


def _losses(rows: int, gain: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    rival = rng.gamma(2.0, 1.0, rows)
    return rival * (1 - gain) + rng.normal(0, 0.05, rows), rival


def test_the_difference_is_of_the_means_and_not_the_mean_of_differences() -> None:
    found = paired_difference([1.0, 9.0], [2.0, 8.0], ["a", "b"])
    assert found.percent == pytest.approx(0.0)
    assert (found.low, found.high) == (pytest.approx(-50.0), pytest.approx(12.5))


def test_one_row_per_customer_gives_the_percentile_interval_of_scipy() -> None:
    ours, rival = _losses(300, gain=0.1)
    found = paired_difference(ours, rival, np.arange(300), draws=4000)
    slower = bootstrap(
        (ours, rival),
        lambda a, b: 100 * (a.mean() / b.mean() - 1),
        paired=True,
        vectorized=False,
        method="percentile",
        n_resamples=4000,
        rng=np.random.default_rng(1),
    ).confidence_interval
    width = slower.high - slower.low
    assert found.low == pytest.approx(slower.low, abs=0.05 * width)
    assert found.high == pytest.approx(slower.high, abs=0.05 * width)


def test_rows_of_one_customer_count_as_one_piece_of_evidence() -> None:
    ours, rival = _losses(100, gain=0.1)
    once = paired_difference(ours, rival, np.arange(100))
    customer = np.tile(np.arange(100), 9)  # nine origins that say the same
    assert paired_difference(np.tile(ours, 9), np.tile(rival, 9), customer) == LossDifference(
        pytest.approx(once.percent), pytest.approx(once.low), pytest.approx(once.high)
    )
    as_rows = paired_difference(np.tile(ours, 9), np.tile(rival, 9), np.arange(900))
    assert as_rows.high - as_rows.low < 0.5 * (once.high - once.low)


def test_an_interval_over_0_is_not_distinguishable() -> None:
    assert paired_difference(*_losses(400, gain=0.1), np.arange(400)).distinguishable
    assert paired_difference(*_losses(400, gain=-0.1), np.arange(400)).distinguishable
    rng = np.random.default_rng(0)
    losses = rng.gamma(2, 1, 400)
    alike = paired_difference(losses, rng.permutation(losses), np.arange(400))
    assert alike.low < 0 < alike.high
    assert not alike.distinguishable


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    covered = 0
    for seed in range(200):
        found = paired_difference(*_losses(150, 0.1, seed), np.arange(150), draws=300)
        covered += found.low <= -10 <= found.high
    assert 180 <= covered <= 199


def test_the_same_seed_gives_the_same_interval_whatever_the_rivals_beside_it() -> None:
    ours, rival = _losses(50, gain=0.1)
    alone = paired_difference(ours, rival, np.arange(50), seed=3)
    beside = paired_differences(ours, {"a": ours + 1, "b": rival}, np.arange(50), seed=3)
    assert beside["b"] == alone
    assert paired_difference(ours, rival, np.arange(50), seed=4).low != alone.low


def test_draws_in_blocks_are_as_many_as_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, rival = _losses(50, gain=0.1)
    whole = paired_difference(ours, rival, np.arange(50), draws=97)
    monkeypatch.setattr("training.metrics.bootstrap._BLOCK_CELLS", 50 * 10)
    assert paired_difference(ours, rival, np.arange(50), draws=97) == LossDifference(
        whole.percent, pytest.approx(whole.low), pytest.approx(whole.high)
    )


def test_losses_that_cannot_be_compared_are_refused() -> None:
    with pytest.raises(InputError, match="rival_loss: expected one finite loss for each of 2"):
        paired_difference([1.0, 2.0], [1.0], ["a", "b"])
    with pytest.raises(InputError, match=r"loss: expected .* 1 of them finite"):
        paired_difference([1.0, np.nan], [1.0, 2.0], ["a", "b"])


def test_a_rival_without_any_loss_can_be_compared_with() -> None:
    customers = ["a", "b", "c"]
    ours = paired_difference([0.5, 0.0, 1.0], [0.0, 0.0, 0.0], customers)
    assert ours == LossDifference(np.inf, np.inf, np.inf)
    assert ours.distinguishable
    neither = paired_difference([0.0, 0.0, 0.0], [0.0, 0.0, 0.0], customers)
    assert neither == LossDifference(0.0, 0.0, 0.0)
    assert not neither.distinguishable
