"""The best-channel job: conversion by channel, judged on messages later than those it learned."""

from collections.abc import Callable, Sequence

import mlflow
import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.arrays import Floats
from features.engines.sql.feature_build import read_catalog
from features.errors import refuse
from features.language.catalog import Catalog
from features.log.log import Log
from features.windows import DAY
from models.arms import NO_MESSAGE
from models.boosters.booster import BoosterSettings
from models.channel.fit import channel_traits, fit_channel
from models.channel.message_value import MessageValue
from models.channel.model import ChannelModel
from training.channel.best_moments import train_moments
from training.channel.eligible_channels import eligible_arms
from training.channel.message_rows import make_message_rows
from training.channel.tree_challenger import ChallengeResult, challenge_with_trees, log_challenge
from training.metrics.probabilities import (
    OURS,
    frequency_buckets,
    log_loss_by_row,
    score_probability,
)
from training.runs.candidates import Candidate, Judgement
from training.runs.training_runs import SEED, log_candidate, log_plots, log_scores, training_run

JUDGED_DAYS = 28
LEARN_DAYS = 365
MIN_MESSAGES = 1000


def train_channel_model(log: Log, cutoff: int, progress: Callable[[str], None]) -> Candidate:
    """Train best-channel as one MLflow run; registers nothing.

    Judged on the four weeks of messages after the cutoff where they are observed (`holdout`),
    else by a second fit on the last four weeks before it (`valid`).
    """
    window = log.shop.channels.window_days
    flags = msgspec.structs.asdict(BoosterSettings()) | {"window_days": window}
    with training_run(log, "best-channel", cutoff, flags):
        catalog = read_catalog(log, cutoff).without_texts()
        since = cutoff - LEARN_DAYS * DAY
        rows = make_message_rows(log, catalog, since, cutoff, window, cutoff)
        check_message_rows(rows, window)
        contest = _fit_best(log, cutoff, catalog, rows)
        log_challenge(contest, log.shop.minor_digits)
        model = msgspec.structs.replace(contest.model, moments=train_moments(log, since, cutoff))
        mlflow.set_tag("level", model.level)
        judgement = _judge(log, cutoff, catalog, rows, model)
        sample = rows.head(5)
        example = sample, pd.DataFrame(model.predict(sample))
        progress("best-channel")
        return log_candidate(log, "best-channel", model, cutoff, example, judgement)


def fit_channel_model(rows: pd.DataFrame, window: int, catalog: Catalog) -> ChannelModel:
    """Fit an exploring model, or associations, to rows of `make_message_rows`."""
    traits = channel_traits(sorted(rows["channel"].unique()), catalog)
    return fit_channel(rows, window, list(catalog), traits, BoosterSettings(), SEED)


def _fit_best(log: Log, cutoff: int, catalog: Catalog, rows: pd.DataFrame) -> ChallengeResult:
    """Fit the model, and let trees challenge it where enough was drawn at random."""
    shop = log.shop

    def fit(part: pd.DataFrame) -> ChannelModel:
        return fit_channel_model(part, shop.channels.window_days, catalog)

    def eligible(asked: pd.DataFrame, arms: Sequence[str]) -> NDArray[np.bool_]:
        return eligible_arms(log, asked, arms, cutoff, shop.rules)

    return challenge_with_trees(fit(rows), rows, fit, eligible, MessageValue.of_shop(shop))


def explain_missing_messages(log: Log) -> str | None:
    """Say why a shop cannot train best-channel; None if it can try."""
    if "messages" not in log.provided:
        return "the shop gives no table messages"
    count = log.count("messages")
    return None if count >= MIN_MESSAGES else f"{count} messages, at least {MIN_MESSAGES} needed"


def check_messages_table(log: Log) -> None:
    """Refuse a shop that has nothing to learn channels from, before anything is built."""
    if (reason := explain_missing_messages(log)) is not None:
        raise refuse(
            "tables.messages",
            "enough messages to learn best-channel from",
            reason,
            "Give more, or leave best-channel out: --model churn --model repurchase-timing.",
        )


def check_message_rows(rows: pd.DataFrame, window: int) -> None:
    if len(rows) < MIN_MESSAGES:
        raise refuse(
            "messages",
            f"at least {MIN_MESSAGES} in the year before the cutoff, with {window} days after",
            str(len(rows)),
            "Leave best-channel out: --model churn --model repurchase-timing.",
        )
    if (rows["channel"] == NO_MESSAGE).all():
        raise refuse(
            "messages.channel",
            f"at least one channel besides {NO_MESSAGE}",
            NO_MESSAGE,
            "Give the messages that were sent, too.",
        )


def _judge(
    log: Log, cutoff: int, catalog: Catalog, rows: pd.DataFrame, model: ChannelModel
) -> Judgement:
    """Judge on the messages after the cutoff, else by a second fit before the last weeks."""
    window = log.shop.channels.window_days
    ends = cutoff + (JUDGED_DAYS + window + log.shop.section.settle_days) * DAY
    if ends <= log.observed_until:
        last = cutoff + JUDGED_DAYS * DAY
        later = make_message_rows(log, catalog, cutoff, last, window, log.observed_until)
        if len(later):
            return _score("holdout", model, later, rows["bought"].mean())
    start = int(rows["sent_at"].max()) - JUDGED_DAYS * DAY
    learned = rows[rows["sent_at"] <= start - window * DAY]
    if len(learned) < MIN_MESSAGES // 2:
        return Judgement(float("nan"), float("nan"))
    tested = _fit_best(log, cutoff, catalog, learned).model
    return _score("valid", tested, rows[rows["sent_at"] > start], learned["bought"].mean())


def _score(split: str, model: ChannelModel, test: pd.DataFrame, base_rate: float) -> Judgement:
    """Log the scores overall and by channel; judge against the base rate."""
    p = _p_of_sent(model, test)
    bought = test["bought"].to_numpy(dtype=bool)
    log_scores(split, score_probability(bought, p))
    for channel, rows in test.groupby("channel").indices.items():
        shares = {"mean_p": float(p[rows].mean()), "bought": float(bought[rows].mean())}
        log_scores(f"{split}.{channel}", shares | {"messages": float(len(rows))})
    frequency = np.nan_to_num(test["frequency"].to_numpy(dtype=float))
    for bucket, of_bucket in frequency_buckets(frequency).items():
        scores = score_probability(bought[of_bucket], p[of_bucket])
        log_scores(f"{split}.frequency_{bucket}", scores)
    rival = np.full(len(bought), base_rate)
    title = f"Buys within {model.window_days} days of the message"
    log_plots(split, bought, {OURS: p, "base rate": rival}, title)
    return Judgement.of(log_loss_by_row(bought, p), log_loss_by_row(bought, rival))


def _p_of_sent(model: ChannelModel, rows: pd.DataFrame) -> Floats:
    """Give each message the probability of its own channel; the base of an unseen one."""
    predicted = model.predict(rows)
    p = np.full(len(rows), model.base_rate)
    for channel, of_channel in rows.groupby("channel").indices.items():
        if channel in predicted:
            p[of_channel] = predicted[str(channel)][of_channel]
    return p
