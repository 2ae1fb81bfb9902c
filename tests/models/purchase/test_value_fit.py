"""Tests of the fit of the Gamma-Gamma model of spend."""

import numpy as np
import pandas as pd

from models.purchase.value_fit import MIN_REPEATERS, fit_gamma_gamma


def _repeaters(n: int) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    frequency = rng.integers(1, 12, n)
    mean = 2000.0 * rng.gamma(6.0, 1 / 6.0, n)
    return pd.DataFrame(
        {
            "frequency": frequency,
            "monetary_value": rng.gamma(6.0 * frequency) / (6 * frequency) * mean,
        }
    )


def test_too_few_repeat_buyers_give_no_model() -> None:
    frame = _repeaters(MIN_REPEATERS - 1)
    one_time = pd.DataFrame({"frequency": [0] * 500, "monetary_value": [0.0] * 500})
    assert fit_gamma_gamma(pd.concat([frame, one_time])) is None


def test_the_model_expects_the_populations_mean_and_draws_customers_towards_it() -> None:
    frame = _repeaters(800)
    model = fit_gamma_gamma(frame)
    assert model is not None and model.q > 1
    newcomer, big, bigger = model.expected_spend(
        np.array([0.0, 2.0, 20.0]), np.array([np.nan, 6000.0, 6000.0])
    )
    assert abs(newcomer - 2000.0) < 200.0
    assert newcomer < big < bigger < 6000.0
