"""What the closed windows of a small shop can show, and the law of all its customers together."""

import numpy as np
import pandas as pd
import pytest

from models.purchase.past_evidence import is_better, smoothed_law


def test_a_clear_gain_is_seen_and_a_gain_by_chance_is_not() -> None:
    rng, customers = np.random.default_rng(0), pd.Series(np.arange(200))
    rival = rng.random(200)
    assert is_better(rival - 0.2, rival, customers)
    assert not is_better(rival, rival, customers)
    assert not is_better(rival + 0.2, rival, customers)
    noise = rng.normal(size=200)
    assert not is_better(rival + noise - noise.mean() - 0.01, rival, customers)


def test_many_rows_of_few_customers_prove_no_more_than_their_number() -> None:
    gains = np.array([-1.0, -1.0, 0.9])
    assert not is_better(gains, np.zeros(3), pd.Series(["a", "b", "c"]))
    repeated = np.repeat(gains, 100)
    assert not is_better(repeated, np.zeros(300), pd.Series(np.repeat(["a", "b", "c"], 100)))
    assert is_better(repeated, np.zeros(300), pd.Series(np.arange(300)))


def test_one_customer_proves_nothing() -> None:
    assert not is_better(np.array([-1.0, -1.0]), np.zeros(2), pd.Series(["a", "a"]))


@pytest.mark.parametrize(
    ("days", "at_the_end"), [([], 0.5), ([1, 1, 1], 3.5 / 4), ([0, 0], 0.5 / 3)]
)
def test_the_smoothed_law_is_never_certain(days: list[int], at_the_end: float) -> None:
    law = smoothed_law(np.array(days, dtype=int), 10)
    assert law[0] == 0.0
    assert law[-1] == pytest.approx(at_the_end)
    assert (np.diff(law) > 0).all()
