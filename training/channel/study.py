"""Studies contact policies on one log: what each is worth, for whom, and how certain that is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from features.arrays import Flags, Floats
from models.arms import NO_MESSAGE
from models.channel.draws import CLUSTER
from models.channel.message_value import MessageValue
from models.channel.model import MIN_RANDOMISED
from models.channel.recommend import Options
from training.channel.draws.propensities import estimate_propensities, hidden_odds_that_reverse_lead
from training.channel.gain_verdicts import gain_verdict
from training.channel.logged_decisions import LoggedDecisions
from training.channel.mean_estimates import Estimate, mean_outcome
from training.channel.policies import (
    BEST_FIXED,
    NONE,
    ClusterFolds,
    CrossFittedPredictions,
    make_policies,
    one_hot,
)
from training.channel.policy_value import PolicyValue, count_sends_needed, gains, policy_values
from training.channel.segment_uplift import SEGMENT_COLUMNS, compare_segments
from training.metrics.probabilities import equal_mass_bins

ESTIMATORS = ("dr", "snips", "dros")
LOGGED = "logged policy"
NEEDED_EFFECT = 0.10
_BINS = 5
_HINDSIGHT = "best fixed in hindsight"


@dataclass(frozen=True)
class PolicyStudy:
    """Results of a comparison of contact policies on one log.

    Attributes
    ----------
    sends, judged : int
        Messages of the log, and those whose decision the values are estimated from.
    estimated : bool
        Nothing was drawn at random: propensities are a model's, and the values confounded.
    values : DataFrame
        One row per policy and estimator: `policy, estimator, value, low, high` (conversions per
        decision; NaN where the policy is not known), `effective, largest_share, drawn_share` (see
        `PolicyValue`).
    gains : DataFrame
        One row per policy, against the best fixed arm, by DR: `policy, gain, low, high` in % of
        the best fixed arm's value (NaN where one of the two is not known), `verdict`.
    margins : DataFrame
        As `gains`, of margin less cost, in minor units per decision, without a verdict.
    segments : DataFrame
        One row per segment and arm, from `compare_segments`; none where propensities are estimated.
    calibration : DataFrame
        One row per arm and fifth of the predictions: `arm, predicted, observed, low, high`, rates
        0..1.
    needed : int
        Sends per arm that a test of two arms needs for a relative effect of `NEEDED_EFFECT`.
    hidden_odds : float or None
        Where propensities are estimated: how many times the odds of being sent an arm would have
        to depend on something unseen to reverse the best fixed arm's lead over no message.
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
    unseen: CrossFittedPredictions,
    options: Options,
    worth: MessageValue,
    *,
    reasons: Sequence[str] = (),
    folds: ClusterFolds,
) -> PolicyStudy:
    """Compare contact policies on the decisions that were drawn at random; without any, on all.

    Parameters
    ----------
    rows : DataFrame
        One row per message (n rows), as `fit_channel` takes them.
    unseen : CrossFittedPredictions
        Row by row with `rows`, from `cross_fit`.
    options : Options
        What the customer of each message could have been sent, and preferred; of those that are
        not judged (`select_judged_rows`) it does not matter.
    worth : MessageValue
        What the shop earns by a purchase and pays for a message, minor units.
    reasons : sequence of str
        Columns from which propensities are estimated where none was logged.
    folds : ClusterFolds
        Parts of the clusters for estimated propensities; its seed also draws the intervals.

    Returns
    -------
    PolicyStudy
        Values, gains, segments and calibration.
    """
    judged_mask, estimated = select_judged_rows(rows)
    judged, unseen = rows[judged_mask], _take(unseen, judged_mask)
    if estimated:
        propensity = estimate_propensities(judged, reasons, folds.count, folds.seed)
        judged = judged.assign(propensity=propensity)
    decisions = _decisions(judged, unseen)
    policies = make_policies(judged, unseen, options.take(judged_mask))
    estimates = policy_values(decisions, policies, seed=folds.seed)
    return PolicyStudy(
        sends=len(rows),
        judged=len(judged),
        estimated=estimated,
        values=_values(estimates, rows),
        gains=_gains(decisions, policies, estimates, unseen, estimated, folds.seed),
        margins=_margins(decisions, policies, judged, unseen, worth, folds.seed),
        segments=pd.DataFrame(columns=list(SEGMENT_COLUMNS))
        if estimated
        else compare_segments(decisions, judged, unseen.arms, folds.seed),
        calibration=_calibration(decisions, unseen.arms),
        needed=count_sends_needed(float(rows["bought"].mean()), NEEDED_EFFECT),
        hidden_odds=_hidden_odds(decisions, policies, estimates, unseen.arms)
        if estimated
        else None,
    )


def select_judged_rows(rows: pd.DataFrame) -> tuple[Flags, bool]:
    """Select the decisions that values are estimated from.

    These are the rows that could have gone another way, with a logged chance; where they are too
    few, all rows.

    Parameters
    ----------
    rows : DataFrame
        One row per message (n rows), with `propensity` and `randomised`.

    Returns
    -------
    judged : bool array (n,)
        The selected rows.
    estimated : bool
        Whether their propensities have to be estimated, because too few were logged.
    """
    propensity = rows["propensity"].to_numpy(dtype=float)
    drawn = rows["randomised"].to_numpy(dtype=bool) & (propensity < 1)
    if drawn.sum() >= 2 * MIN_RANDOMISED:
        return drawn, False
    return np.ones(len(rows), dtype=bool), True


def _take(unseen: CrossFittedPredictions, rows: Flags) -> CrossFittedPredictions:
    return CrossFittedPredictions(
        unseen.arms,
        *(getattr(unseen, field.name)[rows] for field in fields(unseen) if field.name != "arms"),
    )


def _decisions(rows: pd.DataFrame, unseen: CrossFittedPredictions) -> LoggedDecisions:
    return LoggedDecisions(
        cluster=rows[CLUSTER].to_numpy(),
        arm=pd.Index(unseen.arms).get_indexer(pd.Index(rows["channel"])),
        propensity=rows["propensity"].to_numpy(dtype=float),
        outcome=rows["bought"].to_numpy(dtype=float),
        model=unseen.p,
    )


def _values(estimates: Mapping[str, PolicyValue], rows: pd.DataFrame) -> pd.DataFrame:
    """Tabulate every policy's value by each estimator, and the mean outcome of the log itself."""
    table = [
        {"policy": name, "estimator": kind, **_interval(getattr(value, kind))}
        | {
            "effective": value.effective,
            "largest_share": value.largest_share,
            "drawn_share": value.drawn_share,
        }
        for name, value in estimates.items()
        for kind in ESTIMATORS
    ]
    logged = mean_outcome(rows["bought"].to_numpy(dtype=float), rows[CLUSTER])
    return pd.DataFrame([*table, {"policy": LOGGED, "estimator": "mean", **_interval(logged)}])


def _interval(estimate: Estimate) -> dict[str, float]:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}


def _gains(
    decisions: LoggedDecisions,
    policies: Mapping[str, Floats],
    estimates: Mapping[str, PolicyValue],
    unseen: CrossFittedPredictions,
    estimated: bool,
    seed: int,
) -> pd.DataFrame:
    """Tabulate the gains over the best fixed arm in % of its value."""
    scale = 100 / estimates[BEST_FIXED].dr.value
    hindsight = one_hot(unseen.fixed_in_hindsight, len(unseen.arms))
    over_hindsight = gains(decisions, {**policies, _HINDSIGHT: hindsight}, _HINDSIGHT, seed=seed)
    return pd.DataFrame(
        [
            {
                "policy": name,
                "gain": scale * gain.value,
                "low": scale * gain.low,
                "high": scale * gain.high,
                "verdict": gain_verdict(
                    gain,
                    over_hindsight[name],
                    estimates[name],
                    estimates[BEST_FIXED],
                    estimated=estimated,
                ),
            }
            for name, gain in gains(decisions, policies, BEST_FIXED, seed=seed).items()
        ]
    )


def _margins(
    decisions: LoggedDecisions,
    policies: Mapping[str, Floats],
    rows: pd.DataFrame,
    unseen: CrossFittedPredictions,
    worth: MessageValue,
    seed: int,
) -> pd.DataFrame:
    """Tabulate the gains of margin less cost over the best fixed arm, minor units per decision."""
    cost = np.array([worth.cost.get(arm, 0.0) for arm in unseen.arms])
    earned = worth.margin * rows["spend"].to_numpy(dtype=float) - cost[decisions.arm]
    expected = worth.margin * unseen.spend[:, None] * decisions.model - cost
    of_margin = LoggedDecisions(
        decisions.cluster, decisions.arm, decisions.propensity, earned, expected
    )
    margin_gains = gains(of_margin, policies, BEST_FIXED, seed=seed)
    return pd.DataFrame(
        [
            {"policy": name, "gain": gain.value, "low": gain.low, "high": gain.high}
            for name, gain in margin_gains.items()
        ]
    )


def _calibration(decisions: LoggedDecisions, arms: Sequence[str]) -> pd.DataFrame:
    """Compare the rate predicted for the arm that was drawn with the observed rate."""
    table = []
    predicted = decisions.of_drawn(decisions.model)
    for column, arm in enumerate(arms):
        sent = np.flatnonzero(decisions.arm == column)
        for part in equal_mass_bins(predicted[sent], _BINS) if len(sent) else ():
            in_bin = sent[part]
            observed = mean_outcome(decisions.outcome[in_bin], decisions.cluster[in_bin])
            table.append(
                {
                    "arm": arm,
                    "predicted": predicted[in_bin].mean(),
                    "observed": observed.value,
                    "low": max(0.0, observed.low),
                    "high": observed.high,
                }
            )
    return pd.DataFrame(table, columns=["arm", "predicted", "observed", "low", "high"])


def _hidden_odds(
    decisions: LoggedDecisions,
    policies: Mapping[str, Floats],
    estimates: Mapping[str, PolicyValue],
    arms: Sequence[str],
) -> float | None:
    """Find which hidden odds reverse the best fixed arm's lead over no message, if it has one."""
    if not (estimates[NONE].known and estimates[BEST_FIXED].known):
        return None
    fixed = int(policies[BEST_FIXED].sum(axis=0).argmax())
    none = arms.index(NO_MESSAGE)
    return None if fixed == none else hidden_odds_that_reverse_lead(decisions, fixed, none)
