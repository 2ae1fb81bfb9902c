"""Settings of the consent world: those whose truth is unknown are refused."""

import pytest

from benchmarks.channel.consent_settings import ConsentSettings


def test_there_are_six_decisions_about_each_customer() -> None:
    assert ConsentSettings(sends=30_000).customers == 5_000
    assert ConsentSettings(sends=4_000).customers % 2 == 0


def test_a_world_whose_truth_is_unknown_is_refused() -> None:
    with pytest.raises(ValueError, match="additive"):
        ConsentSettings(households=True, scale="logit")
    with pytest.raises(ValueError, match="drawn, season"):
        ConsentSettings(drawn=1.5, season=3.0)
