"""Tests of the timing model without a booster, which follows the BTYD model."""

import numpy as np

from models.btyd.bg_nbd import BgNbd
from models.purchase.timing import INTERVAL, TimingModel, conditional_hazards, person_intervals

EDGES = [3, 7, 14, 30]
BTYD = BgNbd(0.24, 4.4, 0.79, 2.43)
CUSTOMERS = {
    "frequency": np.array([0.0, 5.0, 40.0]),
    "recency": np.array([0.0, 90.0, 120.0]),
    "T": np.array([200.0, 100.0, 121.0]),
    "monetary_value": np.array([np.nan, 2500.0, 900.0]),
}
MODEL = TimingModel(30, EDGES, BTYD, None, None, [-1.0, -1.0, -0.5])


def test_the_law_of_a_return_rises_from_zero_to_one_and_meets_the_btyd_model_at_the_edges() -> None:
    law = MODEL.given_return(CUSTOMERS)
    assert law.shape == (3, 31)
    assert (law[:, 0] == 0).all() and (law[:, -1] == 1).all()
    assert (np.diff(law, axis=1) >= 0).all()
    history = (CUSTOMERS["frequency"], CUSTOMERS["recency"], CUSTOMERS["T"])
    within = BTYD.p_within(*history, EDGES)
    np.testing.assert_allclose(law[:, EDGES], within / within[:, -1:], atol=1e-5)


def test_the_tail_beyond_the_horizon_falls_and_follows_the_probability_of_a_return() -> None:
    days = np.array([31.0, 60.0, 365.0])
    history = (CUSTOMERS["frequency"], CUSTOMERS["recency"], CUSTOMERS["T"])
    of_btyd = BTYD.p_within(*history, [30])[:, 0]
    same = MODEL.tail(CUSTOMERS, days, of_btyd, 0.0)
    likelier = MODEL.tail(CUSTOMERS, days, np.minimum(of_btyd * 1.2, 0.999), 0.0)
    assert (np.diff(same, axis=1) <= 0).all()
    assert (likelier <= same).all() and (likelier[:, 1] < same[:, 1]).any()


def test_contributions_sum_to_the_speed() -> None:
    total = sum(MODEL.contributions(CUSTOMERS).values())
    np.testing.assert_allclose(total, MODEL.speed(CUSTOMERS))
    assert np.isclose(MODEL.weights.sum(), 1.0)


def test_customers_are_repeated_once_per_interval_with_its_index() -> None:
    rows = person_intervals(CUSTOMERS, ("T", INTERVAL), 2)
    assert rows.tolist() == [[200, 0], [200, 1], [100, 0], [100, 1], [121, 0], [121, 1]]
    kept = np.array([True, False, False, True, False, False])
    assert person_intervals(CUSTOMERS, ("T", INTERVAL), 2, kept).tolist() == [[200, 0], [100, 1]]


def test_hazards_stay_away_from_zero_and_one() -> None:
    hazards = conditional_hazards(BTYD, CUSTOMERS, EDGES)
    assert hazards.shape == (3, 3)
    assert ((hazards > 0) & (hazards < 1)).all()
