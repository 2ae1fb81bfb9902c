"""Tests of the members against published results and against lifetimes, on the CDNOW data."""

import numpy as np
import pandas as pd
import pytest

from models.btyd.history import rfm_arrays
from models.btyd.lifetimes_fit import import_lifetimes
from models.btyd.member import Member, MemberName, parameter_names
from models.btyd.member_fit import fit_member

HOLDOUT = 39 * 7


@pytest.fixture(scope="module")
def fitted(sample) -> dict[MemberName, Member]:
    names: tuple[MemberName, ...] = ("bg_nbd", "mbg_nbd", "pareto_nbd", "mbg_cnbd_2")
    return {name: fit_member(sample, name) for name in names}


@pytest.mark.parametrize(
    ("name", "parameters", "log_likelihood", "within"),
    [
        ("bg_nbd", (0.243, 4.414, 0.793, 2.426), -9582.43, 0.05),
        ("mbg_nbd", (0.525, 6.183, 0.891, 1.614), -9582.14, 0.05),
        ("pareto_nbd", (0.553, 10.578, 0.606, 11.669), -9594.98, 0.1),
    ],
)
def test_cdnow_has_the_published_parameters_and_likelihood(
    fitted, sample, name, parameters, log_likelihood, within
) -> None:
    member = fitted[name]
    found = [getattr(member, parameter) for parameter in parameter_names(name)]
    # The Pareto/NBD likelihood is flat in s and beta: their last published decimal may differ.
    assert found == pytest.approx(parameters, abs=0.002 if name == "pareto_nbd" else 0.001)
    total = member.log_likelihood(*rfm_arrays(sample)).sum()
    assert total == pytest.approx(log_likelihood, abs=within)
    assert member.penalty == 0
    assert not member.unreliable


def test_erlang_2_gaps_fit_cdnow_worse_than_poisson(fitted, sample) -> None:
    gaps = sample["log_gaps"].to_numpy()
    total = fitted["mbg_cnbd_2"].log_likelihood(*rfm_arrays(sample), log_gaps=gaps).sum()
    assert total == pytest.approx(-9853, abs=1)


@pytest.mark.parametrize(
    ("name", "correlation"),
    [("bg_nbd", 0.626), ("pareto_nbd", 0.630), ("mbg_nbd", 0.627), ("mbg_cnbd_2", 0.615)],
)
def test_expected_purchases_correlate_with_the_holdout_as_published(
    fitted, sample, name, correlation
) -> None:
    expected = fitted[name].expected_purchases(*rfm_arrays(sample), HOLDOUT)
    found = np.corrcoef(expected, sample["holdout"])[0, 1]
    assert found == pytest.approx(correlation, abs=0.005)


@pytest.mark.parametrize(
    ("name", "fitter"),
    [
        ("bg_nbd", "BetaGeoFitter"),
        ("mbg_nbd", "ModifiedBetaGeoFitter"),
        ("pareto_nbd", "ParetoNBDFitter"),
    ],
)
def test_the_predictions_are_those_of_lifetimes_where_it_has_any(
    fitted, sample, name, fitter
) -> None:
    x, t_x, T = rfm_arrays(sample)
    member = fitted[name]
    theirs = getattr(import_lifetimes(), fitter)()
    theirs.params_ = pd.Series({n: getattr(member, n) for n in parameter_names(name)})
    alive = theirs.conditional_probability_alive(x, t_x / 7, T / 7)
    np.testing.assert_allclose(member.p_alive(x, t_x, T), alive, rtol=1e-9)
    bought = theirs.conditional_expected_number_of_purchases_up_to_time(39, x, t_x / 7, T / 7)
    np.testing.assert_allclose(member.expected_purchases(x, t_x, T, HOLDOUT), bought, rtol=1e-8)
