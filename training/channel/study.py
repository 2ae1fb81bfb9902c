"""A study of policies on one log: what each is worth, for whom, and how sure that is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.arrays import Flags, Floats
from models.arms import NO_MESSAGE
from models.channel.message_value import MessageValue
from models.channel.model import MIN_RANDOMISED
from training.channel.policies import (
    BEST_FIXED,
    ChannelFit,
    CrossFittedPredictions,
    cross_fit,
    make_policies,
)
from training.channel.policy_value import (
    Estimate,
    LoggedDecisions,
    PolicyValue,
    count_sends_needed,
    gains,
    mean_outcome,
    policy_values,
)
from training.channel.propensities import estimate_propensities, hidden_odds_that_reverse_lead
from training.metrics.probabilities import equal_mass_bins, frequency_buckets

ESTIMATORS = ("dr", "snips", "dros")
LOGGED = "logged policy"
BETTER, CONFOUNDED = "better", "confounded"
# With less than this a value rests on a few decisions, whatever its interval says.
MIN_EFFECTIVE, MAX_SHARE = 1000, 0.01
NEEDED_EFFECT = 0.10
_BINS = 5
_SEGMENTS = ("no purchase", "0", "1-2", "3-9", "10+")  # by days with a purchase after the first
_MIN_SEGMENT = 50  # draws of an arm, and of none, before they are told apart
_NO_SEGMENTS = pd.DataFrame(columns=["segment", "arm", "uplift", "low", "high", "sends"])
_Z = 1.96


@dataclass(frozen=True)
class PolicyStudy:
    """What was found out about the policies.

    Attributes
    ----------
    sends, judged : int
        Messages of the log, and those whose decision the values are estimated from.
    estimated : bool
        Nothing was drawn at random: propensities are a model's, and the values confounded.
    values : DataFrame
        A row per policy and estimator: `policy, estimator, value, low, high`, conversions per
        decision, `effective, largest_share`.
    gains : DataFrame
        A row per policy, against the best fixed arm, by DR: `policy, gain, low, high` in % of
        the best fixed arm's value, `verdict`.
    margins : DataFrame
        As `gains`, of margin less cost, in minor units per decision.
    segments : DataFrame
        A row per segment and arm: `segment, arm, uplift, low, high, sends`, as drawn.
    calibration : DataFrame
        A row per arm and fifth of the predictions: `arm, predicted, observed, low, high`.
    needed : int
        Sends per arm that a test of two arms needs for an effect of `NEEDED_EFFECT`.
    hidden_odds : float or None
        Where propensities are estimated: how many times the odds of being sent an arm would have
        to depend on something unseen to turn the best fixed arm's gain over no message around.
    """

    sends: int
    judged: int
    estimated: bool
    values: pd.DataFrame
    gains: pd.DataFrame
    margins: pd.DataFrame
    segments: pd.DataFrame
    calibration: pd.DataFrame
    needed: int
    hidden_odds: float | None


def study_policies(
    rows: pd.DataFrame,
    fit: ChannelFit,
    eligible: Flags,
    worth: MessageValue,
    default_order: Sequence[str] = (),
    *,
    reasons: Sequence[str] = (),
    folds: int = 5,
    seed: int = 0,
) -> PolicyStudy:
    """Study policies on the decisions that were drawn at random; without any, on all.

    Parameters
    ----------
    rows : DataFrame
        As `fit_channel` takes them, a row per message.
    eligible : array (n, K)
        Which arms, sorted by name, each message's customer could have been sent; of those that
        are not judged (`select_judged_rows`) it does not matter.
    reasons : sequence of str
        Columns from which propensities are estimated where none was logged.
    """
    judged, estimated = select_judged_rows(rows)
    unseen = cross_fit(rows, fit, eligible, worth, default_order, folds=folds, seed=seed)
    asked, unseen = rows[judged], _take(unseen, judged)
    if estimated:
        asked = asked.assign(propensity=estimate_propensities(asked, reasons, folds, seed))
    decisions = _decisions(asked, unseen)
    policies = make_policies(asked, unseen, eligible[judged])
    found = policy_values(decisions, policies, seed=seed)
    return PolicyStudy(
        sends=len(rows),
        judged=len(asked),
        estimated=estimated,
        values=_values(found, rows),
        gains=_gains(decisions, policies, found, estimated, seed),
        margins=_margins(decisions, policies, asked, unseen, worth, seed),
        segments=_NO_SEGMENTS if estimated else _segments(asked),
        calibration=_calibration(decisions, unseen.arms),
        needed=count_sends_needed(float(rows["bought"].mean()), NEEDED_EFFECT),
        hidden_odds=_hidden_odds(decisions, policies, unseen.arms) if estimated else None,
    )


def select_judged_rows(rows: pd.DataFrame) -> tuple[Flags, bool]:
    """Say which decisions values are estimated from, and whether propensities must be too.

    Those that could have gone another way, with a logged chance; with too few of them, all.
    """
    propensity = rows["propensity"].to_numpy(dtype=float)
    drawn = rows["randomised"].to_numpy(dtype=bool) & (propensity < 1)
    if drawn.sum() >= 2 * MIN_RANDOMISED:
        return drawn, False
    return np.ones(len(rows), dtype=bool), True


def _take(unseen: CrossFittedPredictions, rows: Flags) -> CrossFittedPredictions:
    return CrossFittedPredictions(
        unseen.arms, unseen.p[rows], unseen.spend[rows], unseen.chosen[rows], unseen.fixed[rows]
    )


def _decisions(rows: pd.DataFrame, unseen: CrossFittedPredictions) -> LoggedDecisions:
    return LoggedDecisions(
        customer=rows["customer_id"].to_numpy(),
        arm=pd.Index(unseen.arms).get_indexer(pd.Index(rows["channel"])),
        propensity=rows["propensity"].to_numpy(dtype=float),
        outcome=rows["bought"].to_numpy(dtype=float),
        model=unseen.p,
    )


def _values(found: Mapping[str, PolicyValue], rows: pd.DataFrame) -> pd.DataFrame:
    """Give every policy's value by every estimator, and what the log itself came to."""
    table = [
        {"policy": name, "estimator": kind, **_interval(getattr(value, kind))}
        | {"effective": value.effective, "largest_share": value.largest_share}
        for name, value in found.items()
        for kind in ESTIMATORS
    ]
    logged = mean_outcome(rows["bought"].to_numpy(dtype=float), rows["customer_id"])
    return pd.DataFrame([*table, {"policy": LOGGED, "estimator": "mean", **_interval(logged)}])


def _interval(estimate: Estimate) -> dict[str, float]:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}


def _gains(
    decisions: LoggedDecisions,
    policies: Mapping[str, Floats],
    found: Mapping[str, PolicyValue],
    estimated: bool,
    seed: int,
) -> pd.DataFrame:
    """Give the gains over the best fixed arm in % of its value."""
    scale = 100 / found[BEST_FIXED].dr.value
    return pd.DataFrame(
        [
            {
                "policy": name,
                "gain": scale * gain.value,
                "low": scale * gain.low,
                "high": scale * gain.high,
                "verdict": CONFOUNDED if estimated else gain_verdict(gain, found[name]),
            }
            for name, gain in gains(decisions, policies, BEST_FIXED, seed=seed).items()
        ]
    )


def gain_verdict(gain: Estimate, of_policy: PolicyValue) -> str:
    """Say in words what an estimated gain allows to claim."""
    if of_policy.effective < MIN_EFFECTIVE or of_policy.largest_share > MAX_SHARE:
        return "not distinguishable: too few decisions"
    if gain.low > 0:
        return BETTER
    return "worse" if gain.high < 0 else "not distinguishable"


def _margins(
    decisions: LoggedDecisions,
    policies: Mapping[str, Floats],
    rows: pd.DataFrame,
    unseen: CrossFittedPredictions,
    worth: MessageValue,
    seed: int,
) -> pd.DataFrame:
    """Give the gains of margin less cost over the best fixed arm."""
    cost = np.array([worth.cost.get(arm, 0.0) for arm in unseen.arms])
    earned = worth.margin * rows["spend"].to_numpy(dtype=float) - cost[decisions.arm]
    expected = worth.margin * unseen.spend[:, None] * decisions.model - cost
    of_margin = LoggedDecisions(
        decisions.customer, decisions.arm, decisions.propensity, earned, expected
    )
    found = gains(of_margin, policies, BEST_FIXED, seed=seed)
    return pd.DataFrame(
        [
            {"policy": name, "gain": gain.value, "low": gain.low, "high": gain.high}
            for name, gain in found.items()
        ]
    )


def _segments(rows: pd.DataFrame) -> pd.DataFrame:
    """Compare each message with none by frequency, as drawn: rates weighed by 1 / propensity."""
    rates = pd.DataFrame(
        {
            "segment": _segment_names(rows["frequency"]) if "frequency" in rows else "everybody",
            "arm": rows["channel"].to_numpy(),
            "bought": rows["bought"].to_numpy(dtype=float),
            "weight": 1 / rows["propensity"].to_numpy(dtype=float),
        }
    )
    rates = pd.DataFrame(
        [(*key, *_rate(part)) for key, part in rates.groupby(["segment", "arm"])],
        columns=["segment", "arm", "rate", "error", "sends"],
    )
    none = rates[rates["arm"] == NO_MESSAGE].drop(columns="arm")
    sent = rates[rates["arm"] != NO_MESSAGE].merge(none, on="segment", suffixes=("", "_none"))
    uplift = sent["rate"] - sent["rate_none"]
    reach = _Z * np.hypot(sent["error"], sent["error_none"])
    table = pd.DataFrame(
        {
            "segment": sent["segment"],
            "arm": sent["arm"],
            "uplift": uplift,
            "low": uplift - reach,
            "high": uplift + reach,
            "sends": sent["sends"],
        }
    )
    told = (sent["sends"] >= _MIN_SEGMENT) & (sent["sends_none"] >= _MIN_SEGMENT)
    return table[told].sort_values(["segment", "arm"], key=_segment_order, ignore_index=True)


def _segment_order(names: "pd.Series[str]") -> "pd.Series[int]":
    """Sort segments by frequency, those without a purchase first; arms by name."""
    known = {name: place for place, name in enumerate(_SEGMENTS)}
    return names.map(lambda name: known.get(name, name))


def _segment_names(frequency: "pd.Series[float]") -> NDArray[np.str_]:
    """Name the frequency bucket of each row; a contact may have no purchase at all."""
    values = frequency.to_numpy(dtype=float)
    names = np.full(len(values), _SEGMENTS[0], dtype=object)
    for name, rows in frequency_buckets(np.where(np.isnan(values), -1.0, values)).items():
        names[rows] = name.replace("_up", "+")
    return names


def _rate(rows: pd.DataFrame) -> tuple[float, float, int]:
    """Give a weighed rate, its standard error and its rows."""
    weight, bought = rows["weight"].to_numpy(), rows["bought"].to_numpy()
    rate = float(weight @ bought / weight.sum())
    error = float(np.sqrt((weight**2 * (bought - rate) ** 2).sum()) / weight.sum())
    return rate, error, len(rows)


def _calibration(decisions: LoggedDecisions, arms: Sequence[str]) -> pd.DataFrame:
    """Compare what was predicted for the arm that was drawn with what came of it."""
    table = []
    predicted = decisions.of_drawn(decisions.model)
    for place, arm in enumerate(arms):
        sent = np.flatnonzero(decisions.arm == place)
        for part in equal_mass_bins(predicted[sent], _BINS) if len(sent) else ():
            own = sent[part]
            observed = mean_outcome(decisions.outcome[own], decisions.customer[own])
            table.append(
                {
                    "arm": arm,
                    "predicted": predicted[own].mean(),
                    "observed": observed.value,
                    "low": max(0.0, observed.low),
                    "high": observed.high,
                }
            )
    return pd.DataFrame(table, columns=["arm", "predicted", "observed", "low", "high"])


def _hidden_odds(
    decisions: LoggedDecisions, policies: Mapping[str, Floats], arms: Sequence[str]
) -> float | None:
    """Ask how much the best fixed arm's lead over no message can bear."""
    if NO_MESSAGE not in arms:
        return None
    fixed = int(policies[BEST_FIXED].sum(axis=0).argmax())
    none = arms.index(NO_MESSAGE)
    return None if fixed == none else hidden_odds_that_reverse_lead(decisions, fixed, none)
