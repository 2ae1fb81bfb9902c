"""Simulates customers who follow the MBG/CNBD-k model, drawn from a population of any size."""

import numpy as np
import pandas as pd

from models.btyd.history import WEEK
from models.btyd.mbg_cnbd import MbgCnbd


def draw_customers(
    n: int, population: MbgCnbd, ages: tuple[float, float], *, horizon: float = 0.0, seed: int = 0
) -> pd.DataFrame:
    """Simulate n customers, each observed at its own age, and what they did afterwards.

    Parameters
    ----------
    n : int
        Number of customers.
    population : MbgCnbd
        Parameters of the model.
    ages : (float, float)
        Youngest and oldest T in days; uniform between them.
    horizon : float
        Days after the cutoff that are simulated too.
    seed : int
        Seed of all draws.

    Returns
    -------
    DataFrame
        One row per customer: `frequency, recency, T` in days; `alive` at the cutoff; `bought`,
        purchases within the horizon; `days_to_next`, whole days until the first, 0 without.
    """
    rng = np.random.default_rng(seed)
    rate = rng.gamma(population.r, 1 / population.alpha, n) / WEEK
    p = rng.beta(population.a, population.b, n)
    T = rng.uniform(*ages, n)
    clock, recency, frequency = np.zeros(n), np.zeros(n), np.zeros(n)
    bought, days_to_next = np.zeros(n), np.zeros(n, dtype=int)
    lost_at = np.full(n, np.inf)
    going = np.arange(n)
    while len(going):
        stays = rng.random(len(going)) >= p[going]
        lost_at[going[~stays]] = clock[going[~stays]]
        going = going[stays]
        clock[going] += rng.gamma(population.k, 1 / rate[going])
        going = going[clock[going] <= T[going] + horizon]
        before = going[clock[going] <= T[going]]
        frequency[before] += 1
        recency[before] = clock[before]
        after = going[clock[going] > T[going]]
        first = after[bought[after] == 0]
        days_to_next[first] = np.ceil(clock[first] - T[first])
        bought[after] += 1
    return pd.DataFrame(
        {
            "frequency": frequency,
            "recency": recency,
            "T": T,
            "alive": lost_at > T,
            "bought": bought,
            "days_to_next": days_to_next,
        }
    )
