"""Checks estimators of policy values on the Open Bandit sample, and where the truth is known.

Open Bandit (Saito, Aihara, Matsutani & Narita 2020, ZOZO, CC BY 4.0): two policies showed
fashion items at the same time, one uniformly, one by Bernoulli Thompson sampling (BTS), with
logged propensities. The package obp 0.4.1 carries 10,000 rows of each in three campaigns; it is
downloaded and unpacked, not installed. What one policy's log says of the other can be compared
with what the other earned.
"""

import io
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, softmax
from sklearn.linear_model import LogisticRegression

from benchmarks.rows import Row
from features.arrays import Floats
from training.channel.logged_decisions import LoggedDecisions
from training.channel.policy_value import PolicyValue, policy_values

_PACKAGE = "obp==0.4.1"
_CAMPAIGNS = ("all", "men", "women")
_ESTIMATORS = ("dr", "snips", "dros")
_PSEUDO = 100  # showings of the mean item in an item's rate
_ROWS, _ARMS, _TRAITS, _SEEDS = 10_000, 10, 5, 20


def measure_open_bandit() -> Iterator[Row]:
    """Estimate each policy's clicks from the other's log, and compare with its own clicks.

    Yields
    ------
    Row
        A figure with its goal.
    """
    with tempfile.TemporaryDirectory() as folder:
        wheel = _download(Path(folder))
        for campaign in _CAMPAIGNS:
            logs = {policy: _read(wheel, policy, campaign) for policy in ("random", "bts")}
            for target, source in (("random", "bts"), ("bts", "random")):
                yield from _judge(campaign, target, logs[source], logs[target])


def _download(folder: Path) -> zipfile.ZipFile:
    fetch = ["pip", "download", _PACKAGE, "--no-deps", "--quiet", "--dest", str(folder)]
    subprocess.run(fetch, check=True, capture_output=True)
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def _read(wheel: zipfile.ZipFile, policy: str, campaign: str) -> pd.DataFrame:
    text = wheel.read(f"obp/dataset/obd/{policy}/{campaign}/{campaign}.csv")
    columns = ["item_id", "position", "click", "propensity_score"]
    return pd.read_csv(io.BytesIO(text), usecols=columns)


def _judge(
    campaign: str, target: str, source: pd.DataFrame, target_log: pd.DataFrame
) -> Iterator[Row]:
    earned = 100 * target_log["click"].mean()
    policy_value = _value(target, source, target_log)
    for kind in _ESTIMATORS:
        estimate = getattr(policy_value, kind)
        value, low, high = (100 * x for x in (estimate.value, estimate.low, estimate.high))
        yield Row(
            f"Open Bandit {campaign}: clicks of {target} by the other's log, {kind}, %",
            value,
            low,
            high,
            goal=f"covers {earned:.2f}",
            met=low <= earned <= high,
        )


def _value(target: str, source: pd.DataFrame, target_log: pd.DataFrame) -> PolicyValue:
    """Estimate the target's clicks from the source's log, by item and position.

    BTS is taken to show an item in a position with its mean chance there.
    """
    items = int(max(source["item_id"].max(), target_log["item_id"].max())) + 1
    chances = np.full((len(source), items), 1 / items)
    if target == "bts":
        shown = target_log.groupby(["position", "item_id"])["propensity_score"].mean().unstack()
        table = shown.reindex(columns=range(items)).fillna(0.0)
        table = table.div(table.sum(axis=1), axis=0)
        chances = table.loc[source["position"]].to_numpy()
    decisions = LoggedDecisions(
        cluster=np.arange(len(source)),
        arm=source["item_id"].to_numpy(),
        propensity=source["propensity_score"].to_numpy(),
        outcome=source["click"].to_numpy(dtype=float),
        model=_item_rates(source, items),
    )
    return policy_values(decisions, {target: chances})[target]


def _item_rates(log: pd.DataFrame, items: int) -> Floats:
    """Return click rates by item from the half of the log without the row, shrunken to the mean."""
    half = np.arange(len(log)) % 2
    model = np.empty((len(log), items))
    for part in (0, 1):
        other = log[half != part]
        clicks = np.bincount(other["item_id"], weights=other["click"], minlength=items)
        shown = np.bincount(other["item_id"], minlength=items)
        rates = (clicks + _PSEUDO * other["click"].mean()) / (shown + _PSEUDO)
        model[half == part] = rates
    return model


def measure_synthetic() -> Iterator[Row]:
    """Estimate a policy's known value from 10,000 simulated decisions of another one.

    Yields
    ------
    Row
        Relative errors by estimator, with their goal.
    """
    errors = np.array([_relative_errors(seed) for seed in range(_SEEDS)])
    for index, kind in enumerate(_ESTIMATORS):
        mean = float(errors[:, index].mean())
        goal = "" if kind == "dros" else "<= 0.02"
        met = None if kind == "dros" else mean <= 0.02
        figure = f"10,000 decisions, known value: relative error of {kind}, mean of {_SEEDS}"
        low, high = float(errors[:, index].min()), float(errors[:, index].max())
        yield Row(figure, mean, low, high, goal, met)


def _relative_errors(seed: int) -> list[float]:
    rng = np.random.default_rng(seed)
    traits = rng.normal(size=(_ROWS, _TRAITS))
    chance = expit(traits @ rng.normal(0, 0.5, (_TRAITS, _ARMS)) + rng.normal(0, 0.5, _ARMS))
    logged = softmax(traits @ rng.normal(0, 0.3, (_TRAITS, _ARMS)), axis=1)
    target = softmax(3 * chance, axis=1)
    arm = (logged.cumsum(axis=1) < rng.random((_ROWS, 1))).sum(axis=1).clip(max=_ARMS - 1)
    bought = rng.random(_ROWS) < chance[np.arange(_ROWS), arm]
    decisions = LoggedDecisions(
        cluster=np.arange(_ROWS),
        arm=arm,
        propensity=logged[np.arange(_ROWS), arm],
        outcome=bought.astype(float),
        model=_fitted(traits, arm, bought),
    )
    truth = float((target * chance).sum(axis=1).mean())
    policy_value = policy_values(decisions, {"target": target})["target"]
    return [abs(getattr(policy_value, kind).value / truth - 1) for kind in _ESTIMATORS]


def _fitted(traits: Floats, arm: NDArray[np.intp], bought: NDArray[np.bool_]) -> Floats:
    """Fit a logistic regression per arm on the half that a row is not in."""
    half = np.arange(len(traits)) % 2
    model = np.empty((len(traits), _ARMS))
    for part in (0, 1):
        for a in range(_ARMS):
            rows = (half != part) & (arm == a)
            fitted = LogisticRegression().fit(traits[rows], bought[rows])
            model[half == part, a] = fitted.predict_proba(traits[half == part])[:, 1]
    return model
