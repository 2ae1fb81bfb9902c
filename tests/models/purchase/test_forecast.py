"""Coherence: one law of the next purchase from two models that can be promoted alone."""

import msgspec
import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from features.builds.feature_build import build_features
from features.errors import NextbuyError
from models.btyd.bg_nbd import BgNbd
from models.purchase.churn import ChurnModel, band
from models.purchase.forecast import Forecast, check_pair, make_forecast
from models.purchase.timing import TimingModel
from models.purchase.timing_fit import interval_edges
from models.purchase.value import GammaGamma

BTYD = BgNbd(0.24, 4.4, 0.79, 2.43)


def _pair(horizon: int) -> tuple[ChurnModel, TimingModel]:
    spend = GammaGamma(6.0, 4.0, 15.0, 1.0)
    edges = interval_edges(horizon)
    timing = TimingModel(horizon, edges, BTYD, None, spend, [-1.0] * (len(edges) - 1))
    return ChurnModel(horizon, BTYD, [0.0] * 101, -1.0), timing


def _population(n: int = 200) -> pd.DataFrame:
    """Return customers of all kinds, of whom the last ones buy every day."""
    rng = np.random.default_rng(0)
    T = rng.uniform(0, 700, n).round()
    frequency = rng.poisson(rng.gamma(0.5, 4, n)).astype(float)
    recency = np.where(frequency > 0, (T * rng.random(n)).round(), 0.0)
    frequency[-9:], recency[-9:] = T[-9:], T[-9:]
    spend = np.where(frequency > 0, rng.gamma(4, 900, n), np.nan)
    return pd.DataFrame(
        {"frequency": frequency, "recency": recency, "T": T, "monetary_value": spend}
    )


def _assert_coherent(churn: ChurnModel, timing: TimingModel, inputs: pd.DataFrame) -> None:
    forecast = make_forecast(churn, timing, inputs)
    horizon = churn.horizon_days
    assert (np.diff(forecast.within, axis=1) >= 0).all()
    assert ((forecast.within >= 0) & (forecast.within <= 1)).all()
    np.testing.assert_allclose(1 - forecast.within[:, horizon], forecast.p_churn, atol=1e-9)
    np.testing.assert_allclose(forecast.given_return[:, [0, -1]], [[0.0, 1.0]] * len(inputs))
    assert (forecast.expected_purchases >= forecast.within[:, horizon] - 1e-12).all()
    assert forecast.expected_spend is not None
    assert (forecast.expected_spend >= 0).all()
    days = forecast.quantile_days([0.1, 0.25, 0.5, 0.75, 0.9])
    assert (np.diff(days, axis=1) >= 0).all()
    assert ((days > 0) & (days <= horizon)).all()
    expected = forecast.expected_days()
    never = forecast.within[:, horizon] < 0.5
    assert np.isnan(expected[never]).all()
    rows = np.flatnonzero(~never)
    at_half = [np.interp(expected[r], np.arange(366), forecast.within[r]) for r in rows]
    np.testing.assert_allclose(at_half, 0.5, atol=1e-9)


def test_quantiles_are_the_days_on_which_the_law_given_a_return_reaches_them() -> None:
    """Not the law of all customers, of whom most do not return."""
    share = np.arange(101) / 100
    given_return = np.array([share, share**2, np.sqrt(share)])
    within = np.minimum(0.3 * given_return, 0.2)
    forecast = Forecast(100, np.full(3, 0.7), within, given_return, np.ones(3), None)
    assert forecast.quantile_days([0.1, 0.25, 0.5, 0.75, 0.9])[0] == pytest.approx(
        [10, 25, 50, 75, 90]
    )
    assert forecast.quantile_days([0.25, 0.64])[1:] == pytest.approx(
        np.array([[50, 80], [6.25, 40.96]]), abs=0.05
    )


@pytest.mark.parametrize("horizon", [7, 30, 90, 180, 365])
def test_forecasts_of_any_horizon_are_coherent(horizon: int) -> None:
    _assert_coherent(*_pair(horizon), _population())


def test_forecasts_of_every_customer_of_both_shops_are_coherent(demo_shop) -> None:
    churn, timing = demo_shop.champions.churn, demo_shop.champions.timing
    assert churn.level == "learned"
    assert timing.booster is not None
    frame = build_features(demo_shop.log, [demo_shop.cutoff], demo_shop.catalog)
    _assert_coherent(churn, timing, frame)


def test_models_of_different_horizons_are_refused_together() -> None:
    churn, _ = _pair(60)
    _, timing = _pair(90)
    with pytest.raises(NextbuyError, match="horizon of 60 days and the timing model of 90"):
        check_pair(churn, timing)
    with pytest.raises(NextbuyError, match="cannot answer together"):
        make_forecast(churn, timing, _population())


def test_the_order_of_the_customers_does_not_matter() -> None:
    frame = _population()
    ahead = make_forecast(*_pair(90), frame)
    back = make_forecast(*_pair(90), frame[::-1])
    np.testing.assert_array_equal(ahead.within, back.within[::-1])


def test_without_boosters_the_law_is_bg_nbds_at_the_edges() -> None:
    churn, timing = _pair(90)
    frame = _population()
    law = BTYD.p_within(*(frame[n].to_numpy() for n in ("frequency", "recency", "T")), timing.edges)
    np.testing.assert_allclose(
        make_forecast(churn, timing, frame).within[:, timing.edges], law, atol=1e-5
    )


@pytest.mark.parametrize("lead", [-2.0, 0.0, 1.0])
def test_beyond_the_horizon_the_law_goes_on_from_where_it_was(lead: float) -> None:
    """Whatever the models know beside the purchase dates, the step at H is no jump."""
    churn, timing = _pair(90)
    churn = msgspec.structs.replace(churn, btyd=BgNbd(0.9, 3.0, 0.5, 4.0), lead=lead)
    inputs = _population()
    p_return = 1 - churn.predict(inputs)
    left = timing.tail(inputs, [90 + 1e-7, 91, 200, 365], p_return, lead)
    np.testing.assert_allclose(left[:-9, 0], 1, atol=1e-4)  # who buys every day is back at once
    assert (np.diff(left, axis=1) <= 0).all()
    _assert_coherent(churn, timing, inputs)


def test_a_customer_likelier_to_return_than_bg_nbd_predicts_is_so_beyond_the_horizon_too() -> None:
    churn, timing = _pair(30)
    inputs = _population()
    theirs = 1 - churn.predict(inputs)
    unsure = (theirs > 0.001) & (theirs < 0.999)
    inputs, theirs = inputs[unsure], theirs[unsure]

    def odds(more: float, lead: float) -> np.ndarray:
        left = timing.tail(inputs, [60], expit(logit(theirs) + more), lead)
        return (1 - left) / left

    np.testing.assert_allclose(odds(2.0, 2.0), odds(0.0, 0.0), rtol=1e-6)
    np.testing.assert_allclose(odds(1.0, 0.0), np.exp(0.5) * odds(0.0, 0.0), rtol=1e-6)
    np.testing.assert_allclose(odds(-1.0, 0.5), np.exp(-0.75) * odds(0.0, 0.0), rtol=1e-6)


@pytest.mark.parametrize("horizon", [7, 14, 30, 60, 90, 365])
def test_the_intervals_end_at_the_horizon(horizon: int) -> None:
    edges = interval_edges(horizon)
    assert edges[-1] == horizon
    assert edges == sorted(set(edges))


def test_bands_are_those_of_the_design() -> None:
    assert [band(p) for p in (0, 0.2499, 0.25, 0.5, 0.75, 1)] == [
        "low", "low", "medium", "high", "very_high", "very_high",
    ]  # fmt: skip


def test_spend_is_drawn_to_the_populations_mean_and_finite() -> None:
    model = GammaGamma(p=6.0, q=4.0, v=15.0, unit=100.0)
    mean = 6.0 * 15.0 * 100.0 / 3.0
    x, own = np.array([0.0, 1.0, 50.0]), np.array([np.nan, 6000.0, 6000.0])
    spend = model.expected_spend(x, own)
    assert spend[0] == pytest.approx(mean)
    assert abs(spend[2] - 6000) < abs(spend[1] - 6000)
