"""The stack of a BTYD model and two boosters, and the season in it."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from models.boosters.booster import BoosterSettings
from models.purchase.churn_fit import ChurnSettings, fit_churn
from models.purchase.season import CUTOFF_DAY, Season
from models.purchase.slices import Slices
from training.purchase.recipes import CHURN
from training.purchase.slices import make_slices
from training.runs.training_runs import SEED


@pytest.fixture(scope="module")
def slices(simulated) -> Slices:
    catalog = simulated.catalog.without_texts()
    return make_slices(simulated.log, simulated.cutoff, 90, catalog)


def test_the_season_shifts_everybodys_logit_alike(simulated, slices: Slices) -> None:
    churn = simulated.champions.churn
    calm = msgspec.structs.replace(churn, season=None, hazards=None)
    day = int(slices.latest[CUTOFF_DAY].iloc[0]) - 364
    busy = msgspec.structs.replace(calm, season=Season([day, day + 1], [0.7, 0.7]))
    difference = busy.score(slices.latest) - calm.score(slices.latest)
    np.testing.assert_allclose(difference, 0.7, atol=1e-12)


def test_the_simulated_shop_is_old_enough_for_a_season(simulated, slices: Slices) -> None:
    assert slices.season is not None
    assert simulated.champions.churn.season == slices.season
    assert CUTOFF_DAY in simulated.champions.churn.inputs
    assert CUTOFF_DAY not in slices.columns


def test_cdnow_is_too_young_for_a_season(cdnow) -> None:
    assert cdnow.champions.churn.season is None
    assert CUTOFF_DAY not in cdnow.champions.churn.inputs


def test_with_few_returns_the_btyd_model_answers_alone(slices: Slices) -> None:
    small = replace(slices, frame=slices.frame[:200], labels=slices.labels[:200])
    model = fit_churn(small, ChurnSettings(), SEED)
    assert model.level == "btyd"
    x, t_x, T = (slices.latest[n].to_numpy(dtype=float) for n in ("frequency", "recency", "T"))
    alone = 1 - slices.btyd.p_within(x, t_x, T, [90])[:, 0]
    np.testing.assert_allclose(model.predict(slices.latest), alone, atol=2e-6)


def test_boosters_that_overfit_get_little_weight(slices: Slices) -> None:
    """Weights come from customers that the boosters have not seen."""
    wild = BoosterSettings(rounds=300, learning_rate=0.3, leaves=63, min_rows=2, l2=0.0, bins=63)
    tame = fit_churn(slices, CHURN.defaults, SEED).stack.weights
    weights = fit_churn(slices, ChurnSettings(wild, wild), SEED).stack.weights
    assert weights["residual"] + weights["direct"] < tame["residual"] + tame["direct"] - 0.2
