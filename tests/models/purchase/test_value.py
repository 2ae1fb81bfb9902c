"""How many purchases, and what each is worth: coherent, finite, and clear where there is little."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.boosters.booster import BoosterSettings, BoosterTarget, ResidualBooster
from models.btyd.bg_nbd import BgNbd
from models.purchase.churn import ChurnModel
from models.purchase.forecast import make_forecast
from models.purchase.timing import TimingModel
from models.purchase.timing_fit import interval_edges
from models.purchase.value import GammaGamma, PurchaseCount
from models.purchase.value_fit import MIN_REPEATERS, fit_count, fit_gamma_gamma
from training.purchase.slices import make_slices

_INPUTS = ("frequency", "recency", "T", "monetary_value")


def _booster() -> ResidualBooster:
    """Learn counts that are far from what any BTYD model expects."""
    rng = np.random.default_rng(0)
    inputs = {name: rng.uniform(0, 700, 3000) for name in _INPUTS}
    counts = rng.poisson(np.where(inputs["frequency"] > 350, 80.0, 0.01))
    wild = BoosterSettings(rounds=200, learning_rate=0.3, min_rows=20, l2=0.0)
    target = BoosterTarget(counts, np.zeros(3000), objective="poisson")
    return ResidualBooster.fit(inputs, _INPUTS, target, wild, seed=1)


_BOOSTER = _booster()
_PARAMETER = st.floats(0.05, 20)
_CUSTOMER = st.tuples(
    st.integers(0, 1000), st.floats(0, 1), st.integers(0, 1000), st.floats(0, 1e12)
)


@settings(deadline=None)
@given(
    btyd=st.tuples(_PARAMETER, _PARAMETER, _PARAMETER, _PARAMETER),
    customers=st.lists(_CUSTOMER, min_size=1, max_size=5),
    horizon=st.sampled_from([1, 7, 30, 90, 365]),
    level=st.none() | st.floats(-20, 20),
)
def test_expected_purchases_are_at_least_the_probability_of_one(
    btyd: tuple[float, ...],
    customers: list[tuple[int, float, int, float]],
    horizon: int,
    level: float | None,
) -> None:
    x, share, days, amount = np.array(customers, dtype=float).T
    T = np.maximum(days, x)  # a purchase day a day at most
    recency = np.where(x > 0, np.maximum(x, (share * T).round()), 0.0)
    amount = np.where(x > 0, amount, np.nan)
    inputs = pd.DataFrame(dict(zip(_INPUTS, (x, recency, T, amount), strict=True)))
    member, edges = BgNbd(*btyd), interval_edges(horizon)
    count = None if level is None else PurchaseCount(_BOOSTER, level)
    spend, mean = GammaGamma(6.0, 4.0, 15.0, 100.0), [-1.0] * (len(edges) - 1)
    timing = TimingModel(horizon, edges, member, None, spend, mean, count=count)
    churn = ChurnModel(horizon, BgNbd(*btyd[::-1]), [0.0] * 101, -1.0)
    forecast = make_forecast(churn, timing, inputs)
    p_return = forecast.within[:, horizon]
    assert (forecast.expected_purchases >= p_return - 1e-12).all()
    assert (forecast.expected_purchases <= horizon * p_return + 1e-9).all()
    assert forecast.expected_spend is not None
    assert np.isfinite(forecast.expected_spend).all()
    assert (forecast.expected_spend >= 0).all()


def test_a_correction_leaves_the_populations_sum_where_it_was(simulated) -> None:
    slices = make_slices(simulated.log, simulated.cutoff, 90, simulated.catalog.without_texts())
    latest = slices.latest
    p_return = slices.btyd.p_within(*(latest[n].to_numpy() for n in _INPUTS[:3]), [90])[:, 0]
    models = [
        TimingModel(90, [30, 90], slices.btyd, None, None, [-1.0], count=count)
        for count in (None, fit_count(slices, 1))
    ]
    plain, corrected = (m.expected_purchases_given_return(latest) for m in models)
    assert (p_return * corrected).sum() == pytest.approx((p_return * plain).sum(), rel=1e-3)
    assert np.abs(corrected - plain).max() > 0.05


def _frame(amounts: np.ndarray) -> pd.DataFrame:
    """Three repeat purchases of each amount, and as many newcomers."""
    n = len(amounts)
    return pd.DataFrame(
        {
            "frequency": np.repeat([3.0, 0.0], n),
            "monetary_value": np.concatenate([amounts, np.full(n, np.nan)]),
        }
    )


@pytest.mark.parametrize("repeaters", [0, 1, MIN_REPEATERS - 1])
def test_spend_of_too_few_repeat_buyers_is_not_known(repeaters: int) -> None:
    assert fit_gamma_gamma(_frame(np.full(repeaters, 2000.0))) is None


def test_amounts_of_zero_are_left_out_of_the_fit_and_expect_little() -> None:
    paid = np.random.default_rng(0).gamma(4, 900, 300)
    model = fit_gamma_gamma(_frame(np.concatenate([paid, np.zeros(20)])))
    assert model is not None
    assert model == fit_gamma_gamma(_frame(paid))
    free, typical = model.expected_spend(np.array([3.0, 3.0]), np.array([0.0, paid.mean()]))
    assert 0 < free < typical
    assert fit_gamma_gamma(_frame(np.zeros(300))) is None


@pytest.mark.parametrize("scale", [0.01, 1.0, 1e9])
def test_the_size_of_the_money_does_not_matter(scale: float) -> None:
    amounts = np.random.default_rng(0).gamma(4, 900, 300)
    own, scaled = (fit_gamma_gamma(_frame(a)) for a in (amounts, scale * amounts))
    assert own is not None
    assert scaled is not None
    one = own.expected_spend(np.array([0.0, 2.0]), np.array([np.nan, 5000.0]))
    other = scaled.expected_spend(np.array([0.0, 2.0]), np.array([np.nan, scale * 5000.0]))
    np.testing.assert_allclose(other, scale * one, rtol=1e-6)


def test_one_huge_amount_hardly_changes_the_spend_of_others() -> None:
    amounts = np.random.default_rng(0).gamma(4, 900, 300)
    model = fit_gamma_gamma(_frame(np.append(amounts, 1e15)))
    assert model is not None
    newcomer, typical, huge = model.expected_spend(
        np.array([0.0, 3.0, 3.0]), np.array([np.nan, 3600.0, 1e15])
    )
    assert 2000 < newcomer < 6000
    assert 2000 < typical < 6000
    assert 1e14 < huge < 1e15
