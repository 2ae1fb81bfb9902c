"""What messages do in the consent world follows the occasion and what the log shows."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.channel.consent_effects import EMAIL, PUSH, SMS, VisibleState, arm_effects
from benchmarks.channel.consent_settings import ARMS, DAY

_NOON, _EVENING = 12 * 3600, 19 * 3600


def _state(n: int = 1, instant: int = _NOON) -> VisibleState:
    zeros = np.zeros(n, dtype=np.int64)
    none = np.zeros((n, 4), dtype=np.int64)
    return VisibleState(zeros + instant, zeros, zeros + 1, zeros + 2, zeros + 60.0, none, none)


def test_the_calendar_of_the_log_begins_on_a_monday() -> None:
    days = VisibleState(
        np.arange(7) * DAY + _NOON, *(np.zeros(7, dtype=np.int64),) * 3, *(np.zeros(7),) * 3
    )
    assert days.weekend.tolist() == [False] * 5 + [True] * 2
    assert not days.evening.any()


def test_effects_follow_the_weekend_and_the_evening() -> None:
    week, weekend, evening = (
        arm_effects("occasion", _state(instant=instant))[0]
        for instant in (_NOON, 5 * DAY + _NOON, _EVENING)
    )
    assert weekend[PUSH] - week[PUSH] > 0.03
    assert weekend[EMAIL] < week[EMAIL]
    assert evening[SMS] - week[SMS] > 0.02


def test_clicks_on_a_channel_speak_for_it() -> None:
    seen = _state()
    sent = np.array([[3, 3, 0, 0]])
    clicked = np.array([[3, 0, 0, 0]])
    before = arm_effects("occasion", seen)[0]
    after = arm_effects("occasion", replace(seen, sent=sent, clicked=clicked))[0]
    assert after[EMAIL] > before[EMAIL]
    assert after[SMS] < before[SMS]
    assert after[PUSH] == before[PUSH]


@pytest.mark.parametrize("kind", ["none", "occasion", "steps"])
def test_none_does_nothing_and_no_arm_takes_more_than_a_small_part(kind: str) -> None:
    rng = np.random.default_rng(0)
    n = 5_000
    sent = rng.integers(0, 6, (n, 4))
    seen = VisibleState(
        rng.integers(0, 60 * DAY, n),
        rng.integers(0, 3, n),
        rng.integers(0, 4, n),
        rng.integers(1, 30, n),
        rng.uniform(0, 200, n),
        sent,
        rng.binomial(sent, 0.3),
    )
    effects = arm_effects(kind, seen)
    assert effects.shape == (n, len(ARMS))
    assert (effects[:, 0] == 0).all()
    assert effects.min() >= -0.012
    assert (effects.max() > 0) == (kind != "none")
