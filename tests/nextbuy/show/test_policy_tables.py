"""A policy study as the terminal shows it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from nextbuy.show.policy_tables import show_study
from tests.nextbuy.show.narrow_terminal import assert_shown, read_text
from training.channel.study import ESTIMATORS, LOGGED, PolicyStudy

POLICIES = ("Nextbuy", "open-rate rule", "only web_push_notifications")
VERDICTS = ("worse", "not distinguishable", "not distinguishable: too few decisions")


@pytest.fixture
def study() -> PolicyStudy:
    """A study of three policies and the log, whose propensities were estimated."""
    values = [
        {"policy": policy, "estimator": kind, "value": 0.154, "low": 0.141, "high": 0.168}
        | {"effective": 14_563, "largest_share": 0.01, "drawn_share": 1.0}
        for policy in POLICIES
        for kind in ESTIMATORS
    ]
    logged = {"policy": LOGGED, "estimator": "mean", "value": 0.15, "low": 0.144, "high": 0.155}
    gains = [
        {"policy": policy, "gain": -12.1, "low": -22.2, "high": -12.0} | {"verdict": verdict}
        for policy, verdict in zip(POLICIES, VERDICTS, strict=True)
    ]
    nothing = pd.DataFrame()
    return PolicyStudy(
        sends=1_234_567,
        judged=123_456,
        estimated=True,
        values=pd.DataFrame([*values, logged]),
        gains=pd.DataFrame(gains),
        margins=nothing,
        segments=nothing,
        calibration=nothing,
        needed=8919,
        hidden_odds=None,
    )


def test_a_policy_study_shows_whole_intervals_and_verdicts(
    console: Console, study: PolicyStudy
) -> None:
    show_study(console, study)
    whole = ("15.4", "[14.1, 16.8]", "14,563", "-12.1 [-22.2, -12.0]", "not distinguishable")
    assert_shown(
        console,
        *whole,
        "[14.4, 15.5]",
        "as it was",
        "worse",
        "too few decisions",
        folded=(*POLICIES, LOGGED),
    )


def test_a_study_of_messages_not_drawn_at_random_is_called_confounded(
    console: Console, study: PolicyStudy
) -> None:
    show_study(console, study)
    text = " ".join(read_text(console).split())
    assert "123,456 of 1,234,567 (confounded: propensities are estimated)" in text
    assert "takes 8,919 sends of each" in text
    assert "hidden reason" not in text


def test_a_randomised_study_is_called_so_and_names_the_hidden_odds(
    console: Console, study: PolicyStudy
) -> None:
    show_study(console, replace(study, estimated=False, hidden_odds=1.234))
    text = " ".join(read_text(console).split())
    assert "(drawn at random)" in text
    assert "multiplies the odds of being sent the best fixed channel by 1.23 for those" in text


def test_a_policy_without_a_gain_shows_its_value_and_no_verdict(
    console: Console, study: PolicyStudy
) -> None:
    show_study(console, replace(study, gains=study.gains[study.gains["policy"] != POLICIES[1]]))
    text = read_text(console)
    assert text.count("15.4") == 3 * 3  # three policies by three estimators
    assert text.count("-12.1 [-22.2, -12.0]") == 2


@pytest.mark.parametrize(
    ("drawn_share", "why"),
    [(0.0, "none of its arms was drawn"), (0.31, "31 % of it was drawn")],
)
def test_a_policy_of_which_nothing_is_known_is_a_row_that_says_so(
    console: Console, study: PolicyStudy, drawn_share: float, why: str
) -> None:
    figures, numbers = study.values.copy(), ["value", "low", "high"]
    unknown = figures["policy"] == POLICIES[1]
    figures.loc[unknown, numbers] = np.nan
    figures.loc[unknown, ["effective", "drawn_share"]] = 0.0, drawn_share
    gains = study.gains.copy()
    gains.loc[1] = [POLICIES[1], np.nan, np.nan, np.nan, f"not known: {why}"]
    show_study(console, replace(study, values=figures, gains=gains, estimated=False))
    assert_shown(console, "not known", folded=(POLICIES[1], why))
    assert "nan" not in read_text(console)
