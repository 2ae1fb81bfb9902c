"""What the members answer: against simulations of their own story, and at the extremes."""

import warnings

import msgspec
import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.special import betaln
from scipy.stats import gamma as gamma_law
from scipy.stats import nbinom

from benchmarks.purchase.btyd_customers import draw_customers
from models.btyd.bg_nbd import BgNbd
from models.btyd.history import rfm_arrays
from models.btyd.mbg_cnbd import MbgCnbd
from models.btyd.member import Member, member_name
from models.btyd.nbd import Nbd
from models.btyd.pareto_nbd import ParetoNbd

MEMBERS: list[Member] = [
    BgNbd(0.24, 4.4, 0.79, 2.43),
    MbgCnbd(1, 0.52, 6.2, 0.89, 1.6),
    MbgCnbd(2, 0.58, 2.3, 1.1, 1.6),
    MbgCnbd(3, 0.53, 1.3, 1.3, 1.8),
    ParetoNbd(0.55, 10.6, 0.61, 11.7),
    Nbd(0.38, 12.1),
]
each_member = pytest.mark.parametrize("member", MEMBERS, ids=member_name)
EDGES = [3, 7, 10, 14, 21, 30, 45, 60, 75, 90]


def _one(x: float, t_x: float, T: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return np.array([x]), np.array([t_x]), np.array([T])


@pytest.mark.parametrize("k", [1, 2, 3])
def test_predictions_agree_with_customers_simulated_from_the_model(k: int) -> None:
    """Among customers with like histories, the share alive, back, and the purchases of each."""
    member = MbgCnbd(k, 0.8, 6.0 / k, 0.9, 2.5)
    customers = draw_customers(200_000, member, (60, 700), horizon=90, seed=k)
    histories = rfm_arrays(customers)
    days = customers["days_to_next"]
    error = pd.DataFrame(
        {
            "alive": member.p_alive(*histories) - customers["alive"],
            "within_7": member.p_within(*histories, [7])[:, 0] - days.between(1, 7),
            "within_90": member.p_within(*histories, [90])[:, 0] - (days > 0),
            "bought": member.expected_purchases(*histories, 90) - customers["bought"],
        }
    )
    bucket = np.searchsorted([1, 3, 10], customers["frequency"], side="right")
    recent = (customers["T"] - customers["recency"] < 60).to_numpy()
    groups = error.groupby([bucket, recent])
    large = groups.size() >= 100
    assert large.sum() >= 7
    in_standard_errors = groups.mean() / groups.sem()
    assert (in_standard_errors[large].abs() < 4).all(axis=None)


@pytest.mark.parametrize("variant", ["bg_nbd", "pareto_nbd"])
def test_predictions_agree_with_a_simulation_of_a_living_customer(variant: str) -> None:
    """Draw the rates from the posterior of a living customer, and let them buy."""
    x, t_x, T, n, weeks = 4.0, 140.0, 150.0, 200_000, 12.0
    rng = np.random.default_rng(1)
    rate = rng.gamma(0.8 + x, 1 / (6 + T / 7), n)
    if variant == "bg_nbd":
        member: Member = BgNbd(0.8, 6.0, 0.9, 2.5)
        p, end = rng.beta(0.9, 2.5 + x, n), np.full(n, weeks)
    else:
        member = ParetoNbd(0.8, 6.0, 0.9, 20.0)
        lives = rng.exponential(1 / rng.gamma(0.9, 1 / (20 + T / 7), n))
        p, end = np.zeros(n), np.minimum(lives, weeks)
    bought, clock, alive = np.zeros(n), np.zeros(n), np.ones(n, dtype=bool)
    first = np.full(n, np.inf)
    while alive.any():
        clock = clock + rng.exponential(1 / rate)
        alive &= clock <= end
        first = np.where(alive & (bought == 0), clock, first)
        bought += alive
        alive &= rng.random(n) >= p
    history = _one(x, t_x, T)
    p_alive = member.p_alive(*history)[0]
    within = member.p_within(*history, [weeks * 7, 14])[0] / p_alive
    expected = member.expected_purchases(*history, weeks * 7)[0] / p_alive
    assert (first < np.inf).mean() == pytest.approx(within[0], abs=0.005)
    assert (first <= 2).mean() == pytest.approx(within[1], abs=0.005)
    assert bought.mean() == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("k", [2, 3])
def test_of_regular_buyers_only_the_running_gap_counts(k: int) -> None:
    """P(next within h | alive) is a ratio of silences, mixed over the rate by brute force."""
    member, x, t_x, T = MbgCnbd(k, 0.6, 2.0, 1.0, 2.0), 3.0, 100.0, 130.0
    rate = gamma_law(0.6 + k * x, scale=1 / (2 + t_x / 7))  # known since the last purchase

    def silence(weeks: float) -> float:
        return quad(lambda v: gamma_law.sf(weeks, k, scale=1 / v) * rate.pdf(v), 0, 20)[0]

    since, h = (T - t_x) / 7, 45 / 7
    expected = 1 - silence(since + h) / silence(since)
    history = _one(x, t_x, T)
    found = member.p_within(*history, [45])[0, 0] / member.p_alive(*history)[0]
    assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize("history", [(0, 0, 0), (0, 0, 200), (3, 100, 130), (60, 390, 400)])
def test_expected_purchases_of_regular_buyers_add_up_purchase_by_purchase(k, history) -> None:
    """Sum over n of P(n - 1 drop-outs survived) P(at least n k - j events), by stage j."""
    member = MbgCnbd(k, 0.6, 2.0, 1.0, 2.0)
    x, t_x, T = history
    shape, scale, since, t = 0.6 + k * x, 2 + T / 7, (T - t_x) / 7, 90 / 7
    stages = nbinom.pmf(range(k), shape, (2 + t_x / 7) / scale) if since else np.eye(k)[0]
    n = np.arange(1, 200)
    survived = np.exp(betaln(1.0, 2 + x + 1 + n - 1) - betaln(1.0, 2 + x + 1))
    # Beta(a, b'): E q^(n-1) = B(a, b' + n - 1) / B(a, b')
    total = 0.0
    for j, weight in enumerate(stages / stages.sum()):
        total += (
            weight * (survived * nbinom.sf(n * k - j - 1, shape + j, scale / (scale + t))).sum()
        )
    row = _one(*map(float, history))
    found = member.expected_purchases(*row, 90)[0] / member.p_alive(*row)[0]
    assert found == pytest.approx(total, rel=1e-8)


@each_member
def test_hazards_follow_from_the_probabilities_within_days(member: Member) -> None:
    history = np.array([0.0, 1, 5, 30]), np.array([0.0, 90, 200, 300]), np.full(4, 310.0)
    law = member.p_within(*history, [0, *EDGES])
    given = law / law[:, -1:]
    expected = np.diff(given, axis=1)[:, :-1] / (1 - given[:, :-2])
    np.testing.assert_allclose(member.return_hazards(*history, EDGES), expected, rtol=1e-6)


@each_member
def test_hazards_of_daily_buyers_tell_the_days_apart(member: Member) -> None:
    """The law itself is 1 in floats after weeks; its hazard per day stays where it was."""
    daily = _one(3650.0, 3650.0, 3650.0)
    hazards = member.return_hazards(*daily, range(1, 91))[0]
    assert np.isfinite(hazards).all()
    assert (np.abs(np.diff(hazards[5:80])) < 0.01).all()
    assert ((hazards[5:80] > 0.5) & (hazards[5:80] < 1)).all()


_X = np.array([0.0, 0, 0, 1, 1, 1, 10, 10, 3650, 3650, 3650, 400, 50_000, 50_000])
_RECENCY = np.array([0.0, 0, 0, 1, 1, 3650, 100, 10, 3650, 3650, 3650, 400, 100, 3650])
_T = np.array([0.0, 1, 3650, 1, 3650, 3650, 100, 3650, 3650, 3660, 4015, 3650, 3650, 3650])
_WIDE = [
    make(*values)
    for values in ((1e-7, 1e7, 1e-7, 1e7), (1e7, 1e-7, 1e7, 1e-7), (1e-7,) * 4, (1e7,) * 4)
    for make in (
        BgNbd,
        lambda *p: MbgCnbd(1, *p),
        lambda *p: MbgCnbd(2, *p),
        lambda *p: MbgCnbd(3, *p),
        ParetoNbd,
        lambda *p: Nbd(*p[:2]),
    )
]


@pytest.mark.parametrize("member", [*MEMBERS, *_WIDE], ids=repr)
def test_every_customer_gets_numbers(member: Member) -> None:
    """Daily for ten years, a single purchase, no time at all, by any parameters of a bad fit."""
    history = _X, _RECENCY, _T
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        alive = member.p_alive(*history)
        within = member.p_within(*history, [0, 1, 7, 90, 365])
        hazards = member.return_hazards(*history, EDGES)
        expected = member.expected_purchases(*history, 90)
        likelihood = member.log_likelihood(*history)
    for p in (alive, within, hazards):
        assert ((p >= 0) & (p <= 1)).all()  # which no NaN is
    assert (np.diff(within, axis=1) >= -1e-12).all()
    assert (within[:, 0] == 0).all()
    assert np.isfinite(likelihood).all()
    assert np.isfinite(expected).all()
    assert (expected >= within[:, 3] * (1 - 1e-7) - 1e-12).all()


def test_days_may_be_given_in_any_order() -> None:
    history = _one(3.0, 100.0, 130.0)
    for member in MEMBERS:
        rising = member.p_within(*history, [7, 30, 90])[0]
        mixed = member.p_within(*history, [90, 7, 30, 7])[0]
        np.testing.assert_allclose(mixed, rising[[2, 0, 1, 0]], rtol=1e-9)


@each_member
def test_many_customers_get_the_same_predictions_as_each_alone(member: Member) -> None:
    for n in (0, 1, 3):
        batch = member.p_within(_X[:n], _RECENCY[:n], _T[:n], [30, 90])
        alone = [
            member.p_within(*_one(*row), [30, 90])[0] for row in zip(_X, _RECENCY, _T, strict=True)
        ][:n]
        np.testing.assert_allclose(batch, np.reshape(alone, (n, 2)), rtol=1e-12)
        assert member.expected_purchases(_X[:n], _RECENCY[:n], _T[:n], 90).shape == (n,)


@pytest.mark.parametrize("member", MEMBERS[:5], ids=member_name)
def test_a_later_last_purchase_is_never_less_alive(member: Member) -> None:
    t_x = np.linspace(1, 300, 50)
    alive = member.p_alive(np.full(50, 3.0), t_x, np.full(50, 300.0))
    assert (np.diff(alive) > 0).all()


@each_member
def test_a_member_is_a_small_json_that_comes_back_as_itself(member: Member) -> None:
    text = msgspec.json.encode(member)
    assert len(text) < 300
    assert msgspec.json.decode(text, type=Member) == member
