"""Fits of any data: what is found, what is tried in turn, and what is owned up to."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.purchase.btyd_customers import draw_customers
from models.btyd import member_fit
from models.btyd.history import rfm_arrays
from models.btyd.mbg_cnbd import MbgCnbd
from models.btyd.member import MEMBER_NAMES, make_member, member_name, parameter_names
from models.btyd.member_fit import fit_member

each_name = pytest.mark.parametrize("name", MEMBER_NAMES)


def _frame(frequency, recency, T) -> pd.DataFrame:
    return pd.DataFrame({"frequency": frequency, "recency": recency, "T": T}, dtype=float)


def _tiny_shop(n: int, kind: str) -> pd.DataFrame:
    rng = np.random.default_rng(n)
    T = rng.integers(60, 400, n)
    frequency = {
        "regular": 20 + rng.integers(0, 4, n),
        "once": np.zeros(n),
        "mixed": rng.poisson(3, n),
    }[kind]
    return _frame(frequency, np.where(frequency > 0, T * rng.uniform(0.7, 1, n), 0).round(), T)


DEGENERATE = {
    "a single customer": _frame([1], [30], [100]),
    "five customers who bought once": _tiny_shop(5, "once"),
    "five regular buyers": _tiny_shop(5, "regular"),
    "five customers": _tiny_shop(5, "mixed"),
    "two hundred who bought once": _tiny_shop(200, "once"),
    "equal customers": _frame([4] * 500, [200] * 500, [300] * 500),
    "nobody seen for any time": _frame([0] * 5, [0] * 5, [0] * 5),
    "daily buyers of ten years": _frame([3650] * 20, [3650] * 20, [3650] * 20),
}


@each_name
@pytest.mark.parametrize("shop", DEGENERATE)
def test_data_that_determine_no_parameters_give_an_unreliable_fit(shop: str, name) -> None:
    frame = DEGENERATE[shop]
    member = fit_member(frame, name)
    history = rfm_arrays(frame)
    within = member.p_within(*history, [7, 90])
    assert ((within >= 0) & (within <= 1)).all()
    assert np.isfinite(member.expected_purchases(*history, 90)).all()
    hazards = member.return_hazards(*history, [3, 7, 30, 90])
    assert ((hazards >= 0) & (hazards <= 1)).all()
    # the rate of five customers is all that NBD is asked for, and they may tell it
    assert member.unreliable or (shop == "five customers" and name == "nbd")


@pytest.mark.parametrize("k", [1, 2, 3])
def test_planted_parameters_are_found_again(k: int) -> None:
    planted = MbgCnbd(k, 0.8, 6.0 / k, 0.9, 2.5)
    name = member_name(planted)
    member = fit_member(draw_customers(6000, planted, (200, 700), seed=10 + k), name)
    found = np.array([getattr(member, parameter) for parameter in parameter_names(name)])
    truth = np.array([getattr(planted, parameter) for parameter in parameter_names(name)])
    np.testing.assert_allclose(np.log(found / truth), 0, atol=0.25)
    assert not member.unreliable


@pytest.mark.parametrize("name", ["bg_nbd", "mbg_nbd"])
def test_without_lifetimes_the_second_way_finds_the_same(name, sample, monkeypatch) -> None:
    first = fit_member(sample, name)
    monkeypatch.setattr(member_fit, "fit_by_lifetimes", lambda *_: None)
    second = fit_member(sample, name)
    for parameter in parameter_names(name):
        assert getattr(second, parameter) == pytest.approx(getattr(first, parameter), rel=2e-3)
    assert (second.penalty, second.unreliable) == (0, False)


@each_name
def test_the_unit_of_time_does_not_matter(name) -> None:
    """A shop whose year is an hour: the same customers, thousands of times faster."""
    frame = draw_customers(3000, MbgCnbd(1, 0.8, 6.0, 0.9, 2.5), (200, 700), seed=3)
    fast = frame.assign(recency=frame["recency"] / 1e4, T=frame["T"] / 1e4)
    slow_law = fit_member(frame, name).p_within(*rfm_arrays(frame), [10, 90])
    fast_law = fit_member(fast, name).p_within(*rfm_arrays(fast), [10 / 1e4, 90 / 1e4])
    np.testing.assert_allclose(fast_law, slow_law, atol=2e-3)


def test_without_convergence_a_penalty_grows_and_the_fit_is_unreliable(
    sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []
    search = member_fit._Likelihood.search

    def only_with_a_penalty(self, start, penalty, tolerance):
        tried.append(penalty)
        return search(self, start, penalty, tolerance) if penalty >= 0.01 else None

    monkeypatch.setattr(member_fit._Likelihood, "search", only_with_a_penalty)
    member = fit_member(sample, "pareto_nbd")
    assert tried == [0.0] * 6 + [0.001, 0.01]
    assert (member.penalty, member.unreliable) == (0.01, True)


def test_where_no_search_converges_the_rate_of_purchases_is_used(
    sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(member_fit._Likelihood, "search", lambda *_: None)
    member = fit_member(sample, "nbd")
    weeks, purchases = sample["T"].sum() / 7, (sample["frequency"] + 1).sum()
    assert member == make_member(
        "nbd", {"r": 1.0, "alpha": pytest.approx(weeks / purchases)}, penalty=1.0, unreliable=True
    )


def test_one_time_buyers_are_less_alive_in_mbg_nbd_than_in_bg_nbd() -> None:
    """BG/NBD lets nobody drop out before the first repeat purchase: its documented behaviour."""
    planted = MbgCnbd(1, 0.8, 6.0, 0.9, 2.5)
    customers = draw_customers(20_000, planted, (30, 700), seed=4)
    once = customers[customers["frequency"] == 0]
    mbg, bg = (fit_member(customers, name) for name in ("mbg_nbd", "bg_nbd"))
    assert (bg.p_alive(*rfm_arrays(once)) == 1).all()
    claimed = mbg.p_alive(*rfm_arrays(once))
    assert claimed.max() < 0.8
    for rows in np.array_split(np.argsort(once["T"].to_numpy()), 4):
        assert claimed[rows].mean() == pytest.approx(once["alive"].iloc[rows].mean(), abs=0.03)
