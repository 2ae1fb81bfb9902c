"""Simulates logs of drawn messages whose chances are right, and makes them wrong in known ways."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from features.arrays import Flags, Floats, Indices
from training.channel.draws.logged_chances import LoggedChances

ARMS = ["email", "none", "phone", "push", "sms"]
_CONSENT = (0.7, 1.0, 0.3, 0.45, 0.5)  # share of customers at a mean engagement


def draw_uniformly(seed: int, rows: int) -> LoggedChances:
    """Draw among the arms that a customer consented to, one decision each."""
    rng = np.random.default_rng(seed)
    possible = _consents(rng, rows)
    return _log(rng, _uniform(possible), np.arange(rows), lists_all=False)


def draw_by_epsilon(
    seed: int, rows: int, *, epsilon: float = 0.2, lists_all: bool = False
) -> LoggedChances:
    """Draw uniformly with a chance of epsilon, else the arm that a rule prefers."""
    rng = np.random.default_rng(seed)
    possible = _consents(rng, rows)
    chances = _epsilon_greedy(rng, possible, epsilon)
    return _log(rng, chances, np.arange(rows), lists_all=lists_all)


def draw_often(seed: int, rows: int) -> LoggedChances:
    """Draw by epsilon, two or three times for each customer."""
    rng = np.random.default_rng(seed)
    customer = np.repeat(np.arange(rows), rng.integers(2, 4, rows))[:rows]
    possible = _consents(rng, rows)[customer]
    return _log(rng, _epsilon_greedy(rng, possible, 0.2), customer, lists_all=False)


def draw_by_household(seed: int, rows: int) -> LoggedChances:
    """Draw uniformly, alike for the one to four customers of a household."""
    rng = np.random.default_rng(seed)
    household = np.repeat(np.arange(rows), rng.integers(1, 5, rows))[:rows]
    possible = _consents(rng, rows)[household]
    position = rng.random(rows)[household]
    return _log(rng, _uniform(possible), household, lists_all=False, position=position)


RIGHT: dict[str, Callable[[int, int], LoggedChances]] = {
    "uniform among what was consented to": draw_uniformly,
    "epsilon-greedy": draw_by_epsilon,
    "epsilon-greedy, all chances listed": lambda s, n: draw_by_epsilon(s, n, lists_all=True),
    "2 or 3 decisions a customer": draw_often,
    "households draw alike": draw_by_household,
}


def half_for_all(logged: LoggedChances) -> LoggedChances:
    """Log a chance of .5 for everybody, in the lists too."""
    listed = np.where(logged.listed > 0, 0.5, logged.listed)
    return replace(logged, propensity=np.full(len(logged.arm), 0.5), listed=listed)


def sums_of_four(logged: LoggedChances) -> LoggedChances:
    """Log chances that are four times too high, but at most .99 each."""
    propensity, listed = (np.minimum(4 * p, 0.99) for p in (logged.propensity, logged.listed))
    return replace(logged, propensity=propensity, listed=listed)


def of_other_arms(logged: LoggedChances) -> LoggedChances:
    """Log, where a decision lists its chances, that of the next arm that was possible."""
    rows = np.arange(len(logged.arm))
    order = (logged.arm[:, None] + np.arange(1, len(ARMS) + 1)) % len(ARMS)
    other = order[rows, logged.possible[rows[:, None], order].argmax(axis=1)]
    return replace(logged, propensity=logged.listed[rows, other])


def shuffled_over_rows(logged: LoggedChances, seed: int) -> LoggedChances:
    """Log the chances of all rows in another order."""
    order = np.random.default_rng(seed).permutation(len(logged.arm))
    return replace(logged, propensity=logged.propensity[order])


def without_lists(logged: LoggedChances) -> LoggedChances:
    """Log only the chance of the arm that was sent."""
    return replace(logged, listed=np.full_like(logged.listed, np.nan))


def email_doubled(logged: LoggedChances) -> LoggedChances:
    """Log twice the chance of e-mail, at most .99."""
    email = ARMS.index("email")
    doubled = np.minimum(2 * logged.propensity, 0.99)
    listed = logged.listed.copy()
    listed[:, email] = np.minimum(2 * listed[:, email], 0.99)
    propensity = np.where(logged.arm == email, doubled, logged.propensity)
    return replace(logged, propensity=propensity, listed=listed)


def _consents(rng: np.random.Generator, rows: int) -> Flags:
    """Draw who consented to what; consents go with an engagement that nobody logs."""
    engagement = rng.normal(size=(rows, 1))
    liking = np.log(np.array(_CONSENT) / np.maximum(1 - np.array(_CONSENT), 1e-9))
    return np.asarray(rng.random((rows, len(ARMS))) < 1 / (1 + np.exp(-liking - engagement)))


def _uniform(possible: Flags) -> Floats:
    return np.asarray(possible / possible.sum(axis=1, keepdims=True))


def _epsilon_greedy(rng: np.random.Generator, possible: Flags, epsilon: float) -> Floats:
    """Prefer arms by a score that has an order of its own for each decision."""
    score = rng.normal([0.4, 0.0, 0.1, 0.3, 0.2], 1.0, possible.shape)
    best = np.where(possible, score, -np.inf).argmax(axis=1)
    return np.asarray(epsilon * _uniform(possible) + (1 - epsilon) * np.eye(len(ARMS))[best])


def _log(
    rng: np.random.Generator,
    chances: Floats,
    cluster: Indices,
    *,
    lists_all: bool,
    position: Floats | None = None,
) -> LoggedChances:
    """Draw an arm per row by its chances, and log them."""
    position = rng.random(len(chances)) if position is None else position
    arm = (position[:, None] * chances.sum(axis=1, keepdims=True) >= chances.cumsum(axis=1)).sum(
        axis=1
    )
    return LoggedChances(
        ARMS,
        arm,
        chances[np.arange(len(arm)), arm],
        chances > 0,
        chances if lists_all else np.full_like(chances, np.nan),
        cluster,
    )
