"""The engagement that the consent world's log shows: each thing seen moves it as it should."""

import numpy as np
import pytest

from benchmarks.channel.engagement_posterior import GRID, EngagementPosterior, order_rate


def _means(posterior: EngagementPosterior) -> np.ndarray:
    return np.asarray(posterior.weights @ GRID)


def test_consents_speak_for_engagement() -> None:
    consents = np.array([[True] * 4, [True, False, False, False], [False] * 4])
    means = _means(EngagementPosterior(consents))
    assert means[0] > 0.5
    assert means[2] < -0.5
    assert means[0] > means[1] > means[2]


def test_many_orders_leave_no_doubt() -> None:
    posterior = EngagementPosterior(np.zeros((1, 4), dtype=bool))
    days = 100_000.0
    expected = days * order_rate(np.array([1.0]))
    posterior.see_orders(np.round(expected), np.array([days]))
    assert _means(posterior) == pytest.approx(1, abs=0.1)


def test_email_by_the_rule_speaks_for_engagement_where_the_log_shows_it() -> None:
    consents = np.ones((3, 4), dtype=bool)
    before, posterior = _means(EngagementPosterior(consents)), EngagementPosterior(consents)
    posterior.see_rule(np.array([True, False, True]), np.array([True, True, False]))
    after = _means(posterior)
    assert after[0] > before[0]
    assert after[1] < before[1]
    assert after[2] == pytest.approx(before[2])


def test_outcomes_weigh_by_their_chances() -> None:
    posterior = EngagementPosterior(np.ones((2, 4), dtype=bool))
    before = _means(posterior)
    rising = 1 / (1 + np.exp(2 - GRID))
    posterior.see_outcome(np.array([True, False]), np.broadcast_to(rising, (2, len(GRID))))
    after = _means(posterior)
    assert after[0] > before[0]
    assert after[1] < before[1]
    np.testing.assert_allclose(posterior.weights.sum(axis=1), 1)
