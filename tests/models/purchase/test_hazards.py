"""Hazards of the next purchase: their probability, its terms, and their share in a mixture."""

from dataclasses import replace

import msgspec
import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from models.boosters.booster import BoosterSettings, BoosterTarget, ResidualBooster
from models.boosters.contributions import BASELINE
from models.btyd.bg_nbd import BgNbd
from models.purchase.churn import ChurnModel
from models.purchase.hazards import PurchaseHazards, at_risk, hazard_edges
from models.purchase.hazards_fit import fit_hazards, fit_share
from models.purchase.season import CUTOFF_DAY, Season
from models.purchase.slices import Slices
from models.purchase.timing import INTERVAL

EDGES = hazard_edges(90)
BTYD = BgNbd(0.24, 4.4, 0.79, 2.43)
EARLY, LATE, OPEN, NOW = pd.to_datetime(
    ["2025-01-01", "2025-04-15", "2025-06-24", "2025-08-01"], utc=True
)
CUSTOMERS = 4000


def _inputs(n: int = 400) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    frequency = rng.integers(0, 20, n).astype(float)
    return {
        "frequency": frequency,
        "recency": np.where(frequency > 0, 100.0, 0.0),
        "T": rng.uniform(100, 300, n),
        "mood": rng.normal(size=n),
        CUTOFF_DAY: np.full(n, 20_000.0),
    }


@pytest.fixture(scope="module", name="hazards")
def _hazards() -> PurchaseHazards:
    """Hazards that rise with a customer's mood."""
    rng = np.random.default_rng(1)
    rows = {"mood": rng.normal(size=5000), INTERVAL: rng.integers(0, 5, 5000).astype(float)}
    outcome = rng.random(5000) < expit(rows["mood"] - 1)
    target = BoosterTarget(outcome, np.full(5000, -1.0))
    booster = ResidualBooster.fit(
        rows, ("mood", INTERVAL), target, BoosterSettings(rounds=30), seed=1
    )
    return PurchaseHazards(0.3, [-1.0] * 5, booster)


@pytest.fixture(scope="module", name="churn")
def _churn(hazards: PurchaseHazards) -> ChurnModel:
    return ChurnModel(90, BTYD, [0.0] * 101, -1.0, hazards=hazards)


def test_intervals_of_a_short_horizon_are_not_empty() -> None:
    assert hazard_edges(90) == [7, 21, 35, 63, 90]
    assert hazard_edges(3) == [1, 2, 3]


def test_who_has_bought_is_at_risk_no_longer_and_what_is_not_known_does_not_count() -> None:
    days, watched = np.array([0, 5, 21, 0, 30]), np.array([90, 90, 90, 35, 30])
    awaited, came = at_risk(days, watched, EDGES)
    assert awaited.astype(int).tolist() == [
        [1, 1, 1, 1, 1],
        [1, 0, 0, 0, 0],
        [1, 1, 0, 0, 0],
        [1, 1, 1, 0, 0],
        [1, 1, 0, 0, 0],
    ]
    assert [np.flatnonzero(row).tolist() for row in came] == [[], [0], [1], [], [2]]


def test_the_probability_follows_from_the_hazards(hazards: PurchaseHazards) -> None:
    """A booster that corrects nothing leaves hazards of which the probability is known."""
    p = msgspec.structs.replace(hazards, base=[-40.0] * 5).p_return(_inputs())
    np.testing.assert_allclose(p, 1e-6)
    inputs = _inputs()
    p = hazards.p_return(inputs)
    high, low = inputs["mood"] > 1, inputs["mood"] < -1
    assert p[high].mean() > p[low].mean() + 0.1


def test_a_season_raises_the_probability(hazards: PurchaseHazards) -> None:
    busy = msgspec.structs.replace(hazards, seasons=[Season([0], [0.5])] * 5)
    assert CUTOFF_DAY in busy.inputs and CUTOFF_DAY not in hazards.inputs
    shifted = msgspec.structs.replace(hazards, base=[-0.5] * 5)
    np.testing.assert_allclose(busy.p_return(_inputs()), shifted.p_return(_inputs()))


def test_the_churn_model_mixes_probabilities_by_share(churn: ChurnModel) -> None:
    inputs = _inputs()
    assert churn.hazards is not None
    alone = msgspec.structs.replace(churn, hazards=None)
    expected = 0.7 * alone.predict(inputs) + 0.3 * (1 - churn.hazards.p_return(inputs))
    np.testing.assert_allclose(churn.predict(inputs), expected, atol=1e-6)
    assert "mood" in churn.inputs and "mood" not in alone.inputs
    assert INTERVAL not in churn.inputs


def test_terms_sum_to_the_logit_of_the_mixture(churn: ChurnModel) -> None:
    inputs = _inputs()
    assert churn.hazards is not None
    of_hazards = churn.hazards.contributions(inputs)
    total = sum(of_hazards.values())
    np.testing.assert_allclose(total, logit(churn.hazards.p_return(inputs)), atol=1e-9)
    terms = churn.contributions(inputs)
    assert INTERVAL not in terms
    np.testing.assert_allclose(sum(terms.values()), churn.score(inputs), atol=1e-9)
    assert np.corrcoef(terms["mood"], inputs["mood"])[0, 1] > 0.5


def test_terms_are_slopes_where_differences_are_small(churn: ChurnModel) -> None:
    """Of a share of 1 the terms are the hazards' own."""
    assert churn.hazards is not None
    alone = msgspec.structs.replace(churn, hazards=msgspec.structs.replace(churn.hazards, share=1))
    inputs = _inputs()
    np.testing.assert_allclose(
        alone.contributions(inputs)["mood"], churn.hazards.contributions(inputs)["mood"]
    )
    assert BASELINE in alone.contributions(inputs)


def _slice(cutoff: pd.Timestamp, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "customer_id": [str(place) for place in range(CUSTOMERS)],
            "cutoff": cutoff,
            "mood": rng.normal(size=CUSTOMERS),
        }
    )
    rate = 0.01 * np.exp(frame["mood"])
    days = np.ceil(rng.exponential(1 / rate)).astype(int)
    days = np.where(days <= 90, days, 0)
    return frame, pd.DataFrame({"days_to_next": days, "returned": days > 0})


@pytest.fixture(scope="module", name="slices")
def _slices() -> Slices:
    frames, labels = zip(_slice(EARLY, 1), _slice(LATE, 2), strict=True)
    later, seen = _slice(OPEN, 3)
    days = np.where(seen["days_to_next"] <= 35, seen["days_to_next"], 0)
    seen = pd.DataFrame({"days_to_next": days, "returned": days > 0, "watched_days": 35})
    return Slices(
        0,
        90,
        pd.concat(frames, ignore_index=True),
        pd.concat(labels, ignore_index=True),
        _slice(NOW, 4)[0],
        dict.fromkeys([EARLY, LATE, OPEN, NOW], BTYD),
        open=(later, seen),
    )


BY_TIME = [(np.arange(CUSTOMERS), np.arange(CUSTOMERS, 2 * CUSTOMERS))]
HALF = np.tile(np.arange(CUSTOMERS) % 2 == 0, 2)
BY_CUSTOMER = [
    (np.flatnonzero(HALF), np.flatnonzero(~HALF)),
    (np.flatnonzero(~HALF), np.flatnonzero(HALF)),
]


@pytest.mark.parametrize("splits", [BY_TIME, BY_CUSTOMER])
def test_hazards_that_know_more_get_most_of_the_weight(slices: Slices, splits) -> None:
    held_out = np.concatenate([unseen for _, unseen in splits])
    rate = np.full(len(held_out), slices.labels["returned"].mean())
    model = fit_hazards(slices, splits, rate, ridge=20.0, seed=1)
    assert model is not None
    assert model.share > 0.8
    truth = 1 - np.exp(-0.9 * np.exp(slices.latest["mood"]))
    assert np.corrcoef(model.p_return(slices.latest), truth)[0, 1] > 0.97
    assert model.p_return(slices.latest).mean() == pytest.approx(truth.mean(), abs=0.03)


@pytest.mark.parametrize("splits", [BY_TIME, BY_CUSTOMER])
def test_hazards_that_bring_nothing_are_left_out(slices: Slices, splits) -> None:
    held_out = np.concatenate([unseen for _, unseen in splits])
    truth = 1 - np.exp(-0.9 * np.exp(slices.frame["mood"].to_numpy()[held_out]))
    model = fit_hazards(slices, splits, truth, ridge=20.0, seed=1)
    assert model is None or model.share < 0.15


def test_open_slices_count_and_do_not_weigh_the_rows_before_them(slices: Slices) -> None:
    """The booster that foretells the latest closed slice reads nothing later."""
    assert slices.open is not None
    later, seen = slices.open
    nobody = replace(slices, open=(later, seen.assign(days_to_next=0, returned=False)))
    rate = np.full(CUSTOMERS, 0.5)
    told, silent = (
        fit_hazards(some, BY_TIME, rate, ridge=20.0, seed=1) for some in (slices, nobody)
    )
    assert told is not None and silent is not None
    latest = slices.latest
    assert silent.p_return(latest).mean() < told.p_return(latest).mean() - 0.02
    assert silent.share == pytest.approx(told.share, abs=0.05)


def test_the_share_is_found_and_shrinks_with_few_rows() -> None:
    rng = np.random.default_rng(5)
    p, rival = rng.uniform(0.05, 0.95, (2, 40_000))
    outcome = rng.random(40_000) < 0.6 * p + 0.4 * rival
    weight = np.ones(40_000)
    assert fit_share(p, rival, outcome, weight, ridge=20.0) == pytest.approx(0.4, abs=0.03)
    few = slice(0, 20)
    assert fit_share(p[few], rival[few], outcome[few], weight[few], ridge=2000.0) < 0.02
    assert fit_share(p, 1 - outcome.astype(float) * 0.9, outcome, weight, ridge=0.0) == 0.0
