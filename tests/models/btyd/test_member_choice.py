"""The member of a shop is chosen by what it foretold, not by how well it fits."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.purchase.btyd_customers import draw_customers
from models.btyd.history import rfm_arrays
from models.btyd.mbg_cnbd import MbgCnbd
from models.btyd.member_choice import choose_member
from models.btyd.member_fit import fit_member
from models.crps import crps

ERLANG_2 = MbgCnbd(2, 0.8, 1.5, 0.9, 2.5)


def _slices(population: MbgCnbd, cutoffs: int, n: int = 3000) -> tuple[pd.DataFrame, pd.DataFrame]:
    parts = [
        draw_customers(n, population, (200, 700), horizon=90, seed=seed).assign(cutoff=seed)
        for seed in range(cutoffs)
    ]
    frame = pd.concat(parts, ignore_index=True)
    return frame[["cutoff", "frequency", "recency", "T"]], frame[["days_to_next"]]


def test_erlang_2_wins_where_gaps_are_erlang_2() -> None:
    choice = choose_member(*_slices(ERLANG_2, 2), 90)
    assert choice.name == "mbg_cnbd_2"
    assert choice.scores["mbg_cnbd_2"] < 0.99 * choice.scores["mbg_nbd"]
    assert choice.scores["nbd"] == max(choice.scores.values())


def test_poisson_gaps_are_not_taken_for_regular_ones() -> None:
    choice = choose_member(*_slices(MbgCnbd(1, 0.8, 6.0, 0.9, 2.5), 2), 90)
    assert choice.name not in ("mbg_cnbd_2", "mbg_cnbd_3", "nbd")


def test_the_score_is_the_crps_at_the_latest_cutoffs_each_fitted_on_its_own() -> None:
    frame, labels = _slices(ERLANG_2, 3, n=400)
    days = labels["days_to_next"].to_numpy()
    expected = []
    for cutoff in (1, 2):
        rows = (frame["cutoff"] == cutoff).to_numpy()
        law = fit_member(frame[rows], "nbd").p_within(*rfm_arrays(frame[rows]), range(91))
        expected.append(crps(days[rows], law))
    shuffled = np.random.default_rng(0).permutation(len(frame))
    choice = choose_member(
        frame.iloc[shuffled], labels.iloc[shuffled], 90, names=["nbd"], cutoffs=2
    )
    assert choice.name == "nbd"
    assert choice.scores["nbd"] == pytest.approx(np.mean(expected))
