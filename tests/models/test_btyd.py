"""BTYD against the literature, against lifetimes, and where lifetimes breaks."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta as beta_law
from scipy.stats import gamma as gamma_law

from features.inputs.faults import NextbuyError
from models.btyd import (
    RFM,
    Btyd,
    ParetoNbd,
    fit_btyd,
    fit_pareto_nbd,
    import_lifetimes,
    log_likelihood,
    pareto_log_likelihood,
)
from nextbuy.cdnow import cdnow_file

CALIBRATION_END = pd.Timestamp("1997-09-30")


@pytest.fixture(scope="module")
def sample() -> pd.DataFrame:
    """The classic 1/10 sample of CDNOW, same-day purchases merged."""
    names = ["master_id", "customer", "date", "cds", "amount"]
    rows = pd.read_csv(cdnow_file("CDNOW_sample.txt"), sep=r"\s+", header=None, names=names)
    rows["date"] = pd.to_datetime(rows["date"].astype(str))
    days = rows[rows["date"] <= CALIBRATION_END].drop_duplicates(["customer", "date"])
    dates = days.groupby("customer")["date"]
    return pd.DataFrame(
        {
            "frequency": dates.size() - 1.0,
            "recency": (dates.max() - dates.min()).dt.days.astype(float),
            "T": (CALIBRATION_END - dates.min()).dt.days.astype(float),
        }
    )


def _arrays(frame: pd.DataFrame) -> list[np.ndarray]:
    return [frame[name].to_numpy(dtype=float) for name in RFM]


def test_bg_nbd_has_the_published_parameters_and_likelihood_on_cdnow(sample) -> None:
    model = fit_btyd(sample, "bg_nbd")
    found = (model.r, model.alpha, model.a, model.b)
    assert found == pytest.approx((0.243, 4.414, 0.793, 2.426), abs=1e-3)
    assert log_likelihood(model, *_arrays(sample)) == pytest.approx(-9582.43, abs=0.05)
    assert model.penalty == 0


def test_mbg_nbd_has_the_measured_parameters_and_likelihood_on_cdnow(sample) -> None:
    model = fit_btyd(sample, "mbg_nbd")
    found = (model.r, model.alpha, model.a, model.b)
    assert found == pytest.approx((0.525, 6.183, 0.891, 1.614), abs=1e-3)
    assert log_likelihood(model, *_arrays(sample)) == pytest.approx(-9582.14, abs=0.05)


def test_pareto_nbd_has_the_published_parameters_and_likelihood_on_cdnow(sample) -> None:
    model = fit_pareto_nbd(sample)
    found = (model.r, model.alpha, model.s, model.beta)
    assert found == pytest.approx((0.553, 10.578, 0.606, 11.669), abs=0.01)
    assert pareto_log_likelihood(model, *_arrays(sample)) == pytest.approx(-9594.98, abs=0.1)


def test_the_pareto_likelihood_does_not_depend_on_which_scale_is_larger() -> None:
    x, t_x, T = np.array([0.0, 3.0]), np.array([0.0, 70.0]), np.array([140.0, 210.0])
    sides = [
        pareto_log_likelihood(ParetoNbd(0.5, alpha, 0.6, 5.0), x, t_x, T)
        for alpha in (5.0 - 1e-9, 5.0 + 1e-9)
    ]
    assert sides[0] == pytest.approx(sides[1], rel=1e-8)


def test_the_answers_are_those_of_lifetimes_where_it_has_any(sample) -> None:
    lifetimes = import_lifetimes()
    x, t_x, T = _arrays(sample)
    model = fit_btyd(sample, "bg_nbd")
    fitter = lifetimes.BetaGeoFitter()
    fitter.params_ = pd.Series({n: getattr(model, n) for n in ("r", "alpha", "a", "b")})
    alive = fitter.conditional_probability_alive(x, t_x / 7, T / 7)
    np.testing.assert_allclose(model.p_alive(x, t_x, T), alive, rtol=1e-9)
    bought = fitter.conditional_expected_number_of_purchases_up_to_time(39, x, t_x / 7, T / 7)
    np.testing.assert_allclose(model.expected_purchases(x, t_x, T, 39 * 7), bought, rtol=1e-8)


@pytest.mark.parametrize("variant", ["bg_nbd", "mbg_nbd"])
def test_answers_agree_with_a_simulation_of_the_models_own_story(variant: str) -> None:
    """Draw rate and drop-out from the posterior of a living customer, and let them buy."""
    model = Btyd(variant, 0.8, 6.0, 0.9, 2.5, 0.0)
    x, t_x, T = np.array([4.0]), np.array([140.0]), np.array([150.0])
    rng = np.random.default_rng(1)
    n, weeks = 200_000, 12.0
    survived = x[0] + (1 if variant == "mbg_nbd" else 0)
    rate = gamma_law.rvs(
        model.r + x[0], scale=1 / (model.alpha + T[0] / 7), size=n, random_state=rng
    )
    p = beta_law.rvs(model.a, model.b + survived, size=n, random_state=rng)
    bought, clock, alive = np.zeros(n), np.zeros(n), np.ones(n, dtype=bool)
    while alive.any():
        clock = clock + rng.exponential(1 / rate)
        alive &= clock <= weeks
        bought += alive
        alive &= rng.random(n) >= p
    p_alive = model.p_alive(x, t_x, T)[0]
    within = model.p_within(x, t_x, T, [weeks * 7])[0, 0] / p_alive
    expected = model.expected_purchases(x, t_x, T, weeks * 7)[0] / p_alive
    assert (bought > 0).mean() == pytest.approx(within, abs=0.005)
    assert bought.mean() == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("variant", ["bg_nbd", "mbg_nbd"])
def test_very_frequent_buyers_get_numbers(variant: str) -> None:
    model = Btyd(variant, 0.24, 4.4, 0.79, 2.43, 0.0)
    x = np.array([0.0, 1.0, 400.0, 3000.0, 50_000.0])
    t_x = np.array([0.0, 1.0, 364.0, 3650.0, 100.0])
    T = np.array([0.0, 400.0, 365.0, 3650.0, 3650.0])
    within = model.p_within(x, t_x, T, [0, 1, 7, 90, 365])
    assert np.isfinite(within).all()
    assert (np.diff(within, axis=1) >= 0).all()
    expected = model.expected_purchases(x, t_x, T, 90)
    assert np.isfinite(expected).all()
    assert (expected >= within[:, 3] - 1e-12).all()


@pytest.mark.parametrize("kind", ["regular", "once", "mixed"])
@pytest.mark.parametrize("n", [5, 30, 200])
def test_a_tiny_shop_gets_numbers(n: int, kind: str) -> None:
    rng = np.random.default_rng(n)
    T = rng.integers(60, 400, n).astype(float)
    frequency = {
        "regular": 20.0 + rng.integers(0, 4, n),
        "once": np.zeros(n),
        "mixed": rng.poisson(3, n).astype(float),
    }[kind]
    recency = np.where(frequency > 0, T * rng.uniform(0.7, 1, n), 0).round()
    model = fit_btyd(pd.DataFrame({"frequency": frequency, "recency": recency, "T": T}))
    for answer in (
        model.p_alive(frequency, recency, T),
        model.p_within(frequency, recency, T, [7, 90]),
        model.expected_purchases(frequency, recency, T, 90),
    ):
        assert np.isfinite(answer).all()


def test_one_time_buyers_are_not_alive_for_certain_under_mbg_nbd() -> None:
    x, t_x, T = np.zeros(1), np.zeros(1), np.full(1, 300.0)
    assert Btyd("bg_nbd", 0.24, 4.4, 0.79, 2.4, 0.0).p_alive(x, t_x, T)[0] == 1.0
    assert Btyd("mbg_nbd", 0.52, 6.2, 0.89, 1.6, 0.0).p_alive(x, t_x, T)[0] < 0.5


def test_a_later_last_purchase_is_never_less_alive() -> None:
    model = Btyd("bg_nbd", 0.24, 4.4, 0.79, 2.43, 0.0)
    t_x = np.linspace(1, 300, 50)
    alive = model.p_alive(np.full(50, 3.0), t_x, np.full(50, 300.0))
    assert (np.diff(alive) > 0).all()


def test_a_fit_that_cannot_converge_says_so() -> None:
    frame = pd.DataFrame({"frequency": [0.0] * 5, "recency": [0.0] * 5, "T": [0.0] * 5})
    with pytest.raises(NextbuyError, match="does not converge on 5 customers"):
        fit_btyd(frame)


def test_importing_lifetimes_leaves_the_process_as_it_was() -> None:
    """lifetimes silences every FutureWarning and sets a pandas option that is deprecated."""
    import_lifetimes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert pd.get_option("mode.chained_assignment") == "warn"
    with pytest.warns(FutureWarning, match="still heard"):
        warnings.warn("still heard", FutureWarning, stacklevel=1)
