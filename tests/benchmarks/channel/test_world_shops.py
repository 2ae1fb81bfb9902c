"""A consent world through training, promotion and answers."""

import pytest

from benchmarks.channel.consent_settings import CHANNELS, ConsentSettings
from benchmarks.channel.world_shops import AskedRecord, run_shop_trial

SETTINGS = ConsentSettings(sends=12_000)


@pytest.fixture(scope="module")
def asked() -> dict[str, AskedRecord]:
    return run_shop_trial(0, SETTINGS)


@pytest.mark.slow
def test_everybody_is_answered_at_each_moment(asked: dict[str, AskedRecord]) -> None:
    assert set(asked) == {"week", "weekend"}
    for record in asked.values():
        assert set(record.arms) == set(CHANNELS)
        assert record.choice <= record.oracle
        for figures in record.arms.values():
            assert 0 < figures.decisions < SETTINGS.customers
            assert abs(figures.stated) < 15
            assert 0 <= figures.covered <= 1 and 0 <= figures.above <= 1


@pytest.mark.slow
def test_the_answers_follow_the_moment(asked: dict[str, AskedRecord]) -> None:
    """In this world push does more on a weekend, and e-mail less."""
    week, weekend = asked["week"].arms, asked["weekend"].arms
    assert weekend["push"].stated > week["push"].stated
    assert weekend["email"].stated < week["email"].stated
