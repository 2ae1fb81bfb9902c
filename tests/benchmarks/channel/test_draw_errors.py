"""What the chance of the draws adds to an uplift: by hand, and 0 on average over worlds."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.channel.consent_settings import ARMS, CHANNELS
from benchmarks.channel.draw_errors import draw_errors, take_off_draw_errors


def _decisions(channel: list[str], bought: list[float], propensity: list[float]) -> pd.DataFrame:
    n = len(channel)
    truth = {f"true {arm}": np.full(n, 0.1 + 0.1 * k) for k, arm in enumerate(ARMS)}
    eligible = {f"eligible {arm}": np.full(n, arm != "phone" or n > 4) for arm in ARMS}
    drawn = {"channel": channel, "bought": bought, "propensity": propensity}
    return pd.DataFrame({**drawn, **truth, **eligible})


def test_the_error_is_that_of_weighted_means_less_the_truth() -> None:
    rows = _decisions(
        ["email", "none", "email", "push", "sms"],
        [1.0, 0.0, 0.0, 1.0, 1.0],
        [0.5, 0.25, 0.5, np.nan, 0.2],
    )
    errors = draw_errors(rows)
    none = (0.0 - 0.1) / 0.25
    assert errors["email"] == pytest.approx(100 * (0.8 / 0.5 - 0.2 / 0.5 - none) / 4)
    assert errors["sms"] == pytest.approx(100 * (0.7 / 0.2 - none) / 4)
    assert errors["push"] == pytest.approx(100 * (0.0 - none) / 4)


def test_its_mean_over_worlds_is_0() -> None:
    rng = np.random.default_rng(0)
    means: dict[str, list[float]] = {channel: [] for channel in CHANNELS}
    for _ in range(400):
        chances = rng.dirichlet(np.full(5, 3.0), 300)
        arm = (chances.cumsum(axis=1) > rng.random((300, 1))).argmax(axis=1)
        bought = rng.random(300) < 0.1 + 0.1 * arm
        propensity = chances[np.arange(300), arm]
        rows = _decisions([ARMS[a] for a in arm], bought.tolist(), propensity.tolist())
        for channel, error in draw_errors(rows).items():
            means[channel].append(error)
    for errors in means.values():
        assert abs(np.mean(errors)) < 3 * np.std(errors) / np.sqrt(len(errors))


def test_only_what_biases_share_with_the_errors_is_taken_off() -> None:
    errors = [1.0, -1.0, 2.0, -2.0]
    assert take_off_draw_errors([0.3 + 0.5 * e for e in errors], errors) == pytest.approx([0.3] * 4)
    unrelated = [0.2, 0.2, -0.2, -0.2]
    assert take_off_draw_errors(unrelated, errors) == pytest.approx(unrelated)


def test_of_few_seeds_nothing_is_taken_off() -> None:
    assert take_off_draw_errors([0.3, 0.5, 0.1], [1.0, 2.0, 3.0]) == [0.3, 0.5, 0.1]
