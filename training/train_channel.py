"""The best-channel job: conversion by channel, judged on messages later than those it learned."""

from collections.abc import Callable

import mlflow
import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.build import read_catalog
from features.faults import refuse
from features.log import Log
from features.windows import DAY
from models.booster import BoosterSettings
from models.channel import ChannelModel, fit_channel
from training.backtest import SEED
from training.messages import make_message_rows
from training.metrics import mean_log_loss, score_probability
from training.publish import Candidate
from training.runs import log_candidate, log_scores, training_run

TEST_DAYS = 28
_LEARN_DAYS = 365
_MIN_MESSAGES = 1000

Floats = NDArray[np.float64]


def train_channel(log: Log, cutoff: int, progress: Callable[[str], None]) -> Candidate:
    """Train best-channel as one MLflow run; registers nothing.

    Judged on the four weeks of messages after the cutoff where they are observed (`holdout`),
    else by a second fit on the last four weeks before it (`valid`).
    """
    window = log.shop.channels.window_days
    settings = BoosterSettings()
    flags = msgspec.structs.asdict(settings) | {"window_days": window}
    with training_run(log, "best-channel", cutoff, flags):
        catalog = read_catalog(log)
        since = cutoff - _LEARN_DAYS * DAY
        rows = make_message_rows(log, catalog, since, cutoff, window, cutoff)
        if len(rows) < _MIN_MESSAGES:
            raise refuse(
                "messages",
                f"at least {_MIN_MESSAGES} in the year before the cutoff, with {window} days after",
                str(len(rows)),
                "Train churn and repurchase-timing only, until there are more.",
            )
        model = fit_channel(rows, window, list(catalog), settings, SEED)
        progress("best-channel")
        mlflow.set_tag("level", model.level)
        split, tested, test = "holdout", model, pd.DataFrame()
        if cutoff + (TEST_DAYS + window + log.shop.section.settle_days) * DAY <= log.observed_until:
            test = make_message_rows(
                log,
                catalog,
                cutoff,
                cutoff + TEST_DAYS * DAY,
                window,
                log.observed_until,
            )
        if not len(test):
            split, start = "valid", int(rows["sent_at"].max()) - TEST_DAYS * DAY
            test = rows[rows["sent_at"] > start + window * DAY]
            tested = fit_channel(
                rows[rows["sent_at"] <= start], window, list(catalog), settings, SEED
            )
        judged = _score(split, tested, test, rows["bought"].mean())
        sample = rows.head(5)
        outputs = pd.DataFrame(model.predict(sample))
        return log_candidate(log, "best-channel", model, cutoff, (sample, outputs), judged)


def _score(
    split: str, model: ChannelModel, test: pd.DataFrame, base_rate: float
) -> tuple[float, float]:
    """Log the scores overall and by channel; give our loss and the base rate's."""
    p = _p_of_sent(model, test)
    bought = test["bought"].to_numpy(dtype=bool)
    log_scores(split, score_probability(bought, p))
    for channel, rows in test.groupby("channel").indices.items():
        shares = {"mean_p": float(p[rows].mean()), "bought": float(bought[rows].mean())}
        log_scores(f"{split}.{channel}", shares | {"messages": float(len(rows))})
    return mean_log_loss(bought, p), mean_log_loss(bought, np.full(len(bought), base_rate))


def _p_of_sent(model: ChannelModel, rows: pd.DataFrame) -> Floats:
    """Give each message the probability of its own channel; the base of an unseen one."""
    predicted = model.predict(rows)
    p = np.full(len(rows), model.base_rate)
    for channel, of_channel in rows.groupby("channel").indices.items():
        if channel in predicted:
            p[of_channel] = predicted[str(channel)][of_channel]
    return p
