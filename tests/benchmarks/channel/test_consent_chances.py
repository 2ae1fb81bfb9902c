"""Chances of a purchase in the consent world, by engagement, season and second message."""

import numpy as np
import pytest

from benchmarks.channel.consent_chances import (
    Situation,
    arm_chances,
    base_chance,
    chance_after,
    second_chance,
)
from benchmarks.channel.consent_effects import VisibleState
from benchmarks.channel.consent_settings import ARMS, DAY, ConsentSettings

_ENGAGEMENT = np.array([[-1.0, 0.0, 1.0]])


def _seen(day: int = 210, days_since: float = 60.0) -> VisibleState:
    one, none = np.ones(1, dtype=np.int64), np.zeros((1, 4), dtype=np.int64)
    return VisibleState(one * day * DAY, one, one, one, np.array([days_since]), none, none)


def test_the_engaged_buy_more_and_nobody_soon_after_an_order() -> None:
    base = base_chance(_ENGAGEMENT, _seen(), 1.0)[0]
    assert (np.diff(base) > 0.01).all()
    assert (base_chance(_ENGAGEMENT, _seen(days_since=3.0), 1.0)[0] < base).all()


def test_the_season_swings_by_its_factor() -> None:
    days = np.arange(56) + 200
    ratio = [
        (base_chance(_ENGAGEMENT, _seen(day), 1.4) / base_chance(_ENGAGEMENT, _seen(day), 1.0))[0]
        for day in days
    ]
    assert np.max(ratio) == pytest.approx(1.4, rel=0.01)
    assert np.min(ratio) == pytest.approx(1 / 1.4, rel=0.01)


def test_effects_add_to_the_chance_or_to_its_logit() -> None:
    base, nothing = np.array([0.05, 0.09, 0.2]), np.zeros(3)
    added = chance_after(base, np.full(3, 0.02), nothing, ConsentSettings())
    np.testing.assert_allclose(added, base + 0.02)
    on_logit = chance_after(base, np.full(3, 0.02), nothing, ConsentSettings(scale="logit"))
    assert (np.diff(on_logit - base) > 0).all()
    assert on_logit[1] == pytest.approx(0.11, abs=0.003)


def test_chances_by_arm_are_over_whether_a_second_message_follows() -> None:
    settings = ConsentSettings(second_message=0.5)
    followed = np.array([[True, False, True, True, True]])
    eligible, effects = np.ones((1, 5), dtype=bool), np.zeros((1, 5))
    situation = Situation(_seen(), eligible, followed, effects)
    p = arm_chances(_ENGAGEMENT, situation, settings)[0]
    assert p.shape == (3, len(ARMS))
    base = base_chance(_ENGAGEMENT, _seen(), 1.0)[0]
    np.testing.assert_allclose(p[:, 1], base)
    expected = base + 0.015 * second_chance(_ENGAGEMENT[0], settings)
    np.testing.assert_allclose(p[:, 0], expected)
