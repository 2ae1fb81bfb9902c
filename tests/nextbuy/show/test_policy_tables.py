"""A policy study as the terminal shows it."""

import pandas as pd
from rich.console import Console

from nextbuy.show.policy_tables import show_study
from tests.nextbuy.show.narrow_terminal import assert_shown
from training.channel.study import ESTIMATORS, LOGGED, PolicyStudy


def test_a_policy_study_shows_whole_intervals_and_verdicts(console: Console) -> None:
    policies = ("Nextbuy", "open-rate rule", "only web_push_notifications")
    verdicts = ("worse", "not distinguishable", "not distinguishable: too few decisions")
    values = [
        {"policy": policy, "estimator": kind, "value": 0.154, "low": 0.141, "high": 0.168}
        | {"effective": 14_563, "largest_share": 0.01}
        for policy in policies
        for kind in ESTIMATORS
    ]
    logged = {"policy": LOGGED, "estimator": "mean", "value": 0.15, "low": 0.144, "high": 0.155}
    gains = [
        {"policy": policy, "gain": -12.1, "low": -22.2, "high": -12.0} | {"verdict": verdict}
        for policy, verdict in zip(policies, verdicts, strict=True)
    ]
    nothing = pd.DataFrame()
    study = PolicyStudy(
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
    show_study(console, study)
    whole = ("15.4", "[14.1, 16.8]", "14,563", "-12.1 [-22.2, -12.0]", "not distinguishable")
    assert_shown(
        console,
        *whole,
        "[14.4, 15.5]",
        "as it was",
        "worse",
        "too few decisions",
        folded=(*policies, LOGGED),
    )
