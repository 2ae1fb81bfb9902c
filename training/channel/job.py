"""Trains the channel model, and judges it on messages later than those it learned from."""

from collections.abc import Callable, Sequence

import mlflow
import msgspec
import numpy as np
import pandas as pd

from features.arrays import Floats
from features.builds.shop_catalog import read_catalog
from features.errors import refuse
from features.language.catalog import Catalog
from features.log.log import Log
from features.windows import DAY
from models.arms import NO_MESSAGE
from models.boosters.booster import BoosterSettings
from models.channel.channel_fit import fit_channel
from models.channel.effects.trait_choice import choose_traits
from models.channel.message_value import MessageValue
from models.channel.model import ChannelModel
from models.channel.occasion import possible_column
from models.kinds import CHANNEL, CHURN, TIMING
from training.channel.draws.logged_chances import PropensityFinding
from training.channel.draws.send_situations import options_of
from training.channel.message_rows import LEARN_DAYS, make_message_rows
from training.channel.train_best_moments import train_moments
from training.channel.tree_challenger import ChallengeResult, challenge_with_trees, log_challenge
from training.labels import count_sends
from training.metrics.probabilities import (
    OURS,
    frequency_buckets,
    log_loss_by_row,
    score_probability,
)
from training.runs.candidates import Candidate, Judgement
from training.runs.training_runs import SEED, log_candidate, log_plots, log_scores, training_run

JUDGED_DAYS = 28
MIN_MESSAGES = 1000


def train_channel_model(log: Log, cutoff: int, progress: Callable[[str], None]) -> Candidate:
    """Train the channel model as one MLflow run, without registering it.

    It is judged on the four weeks of messages after the cutoff where their outcomes are observed
    (`holdout`), else by a second fit that leaves out the last four weeks before it (`valid`).

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    cutoff : int
        Last instant that the model may know (UTC microseconds).
    progress : callable
        Called with the model's name when it is trained.

    Returns
    -------
    Candidate
        The fitted model with its judgement against the base rate, ready to be registered.

    Raises
    ------
    InputError
        The year before the cutoff has too few messages, or none through a channel.
    """
    check_messages(log, cutoff)
    window = log.shop.channels.window_days
    flags = msgspec.structs.asdict(BoosterSettings()) | {"window_days": window}
    with training_run(log, CHANNEL, cutoff, flags):
        catalog = select_channel_features(read_catalog(log, cutoff))
        since = cutoff - LEARN_DAYS * DAY
        messages = make_message_rows(log, catalog, since, cutoff, window, cutoff)
        rows = messages.rows
        log_findings(messages.findings)
        result = _fit_best(log, catalog, rows)
        log_challenge(result, log.shop.minor_digits)
        model = msgspec.structs.replace(result.model, moments=train_moments(log, since, cutoff))
        mlflow.set_tag("level", model.level)
        judgement = _judge(log, cutoff, catalog, rows, model)
        sample = rows.head(5)
        example = sample, pd.DataFrame(model.predict(sample))
        progress(CHANNEL)
        return log_candidate(log, CHANNEL, model, cutoff, example, judgement)


def fit_channel_model(rows: pd.DataFrame, window: int, catalog: Catalog) -> ChannelModel:
    """Fit a channel model, exploring or observational, to the messages of a log.

    Parameters
    ----------
    rows : DataFrame
        One row per message, from `make_message_rows`.
    window : int
        Days after a message within which a purchase counts.
    catalog : Catalog
        Features that the model may read, all of them columns of `rows`; of the texts it reads
        what customers have declared.

    Returns
    -------
    ChannelModel
        The model, without best moments.
    """
    channels = sorted(rows["channel"].unique())
    traits = choose_traits(rows, channels, sorted(catalog.keys() - set(catalog.numbers)))
    columns = [*catalog.numbers, *(possible_column(c) for c in channels if c != NO_MESSAGE)]
    return fit_channel(rows, window, columns, traits, BoosterSettings(), SEED)


def select_channel_features(catalog: Catalog) -> Catalog:
    """Select the features that a channel model may read: numbers, and what customers declare.

    Parameters
    ----------
    catalog : Catalog
        Every feature of the shop.
    """
    declared = [f.name for f in catalog.values() if f.family == "profile" and f.kind == "text"]
    return catalog.select([*catalog.numbers, *declared])


def log_findings(findings: Sequence[PropensityFinding]) -> None:
    """Tag the active MLflow run with what is wrong with the logged chances.

    Parameters
    ----------
    findings : sequence of PropensityFinding
        Logged as the tag `wrong_propensities`, which is missing where there are none.
    """
    if findings:
        mlflow.set_tag("wrong_propensities", "; ".join(finding.what for finding in findings))


def _fit_best(log: Log, catalog: Catalog, rows: pd.DataFrame) -> ChallengeResult:
    """Fit the channel model, and let trees challenge it where enough was drawn at random."""
    shop = log.shop

    def fit(part: pd.DataFrame) -> ChannelModel:
        return fit_channel_model(part, shop.channels.window_days, catalog)

    return challenge_with_trees(fit(rows), rows, fit, options_of, MessageValue.of_shop(shop))


def count_messages(log: Log, cutoff: int) -> dict[str, tuple[int, int]]:
    """Count by channel the messages that a channel model learns from at a cutoff.

    They are those that `train_channel_model` makes rows of, counted without building any features:
    sent in the `LEARN_DAYS` before the cutoff, with a window that is closed at the cutoff.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    cutoff : int
        Last instant that the model may know (UTC microseconds).

    Returns
    -------
    dict of str to (int, int)
        By channel, `none` included: all messages, and those whose channel was drawn at random;
        empty where the shop gives no messages.
    """
    if "messages" not in log.provided:
        return {}
    return count_sends(log, cutoff - LEARN_DAYS * DAY, log.shop.channels.window_days, cutoff)


def explain_missing_messages(log: Log, cutoff: int) -> str | None:
    """Explain why a shop's messages are too few for a channel model at a cutoff.

    This decides for `nextbuy check`, `nextbuy train` and `nextbuy policy` alike.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    cutoff : int
        Last instant that the model may know (UTC microseconds).

    Returns
    -------
    str or None
        What is missing, as a text; None where the model can be trained.
    """
    if "messages" not in log.provided:
        return "the shop gives no table messages"
    counts = {channel: sends for channel, (sends, _) in count_messages(log, cutoff).items()}
    total = sum(counts.values())
    if total < MIN_MESSAGES:
        return (
            f"{total:,} messages of the year before the cutoff with "
            f"{log.shop.channels.window_days} days after, at least {MIN_MESSAGES:,} needed"
        )
    if set(counts) == {NO_MESSAGE}:
        return f"all {total:,} messages of the year before the cutoff are {NO_MESSAGE}"
    return None


def check_messages(log: Log, cutoff: int) -> None:
    """Check, before anything is built, that a shop has messages to learn channels from.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    cutoff : int
        Last instant that the model may know (UTC microseconds).

    Raises
    ------
    InputError
        The shop gives no table `messages`, fewer than `MIN_MESSAGES` rows of it to learn from, or
        none through a channel.
    """
    if (reason := explain_missing_messages(log, cutoff)) is not None:
        raise refuse(
            "tables.messages",
            "enough messages to learn the channel model from",
            reason,
            f"Give more, or leave it out: --model {CHURN} --model {TIMING}.",
        )


def _judge(
    log: Log, cutoff: int, catalog: Catalog, rows: pd.DataFrame, model: ChannelModel
) -> Judgement:
    """Judge on the messages after the cutoff, else by a second fit before the last weeks."""
    window = log.shop.channels.window_days
    ends = cutoff + (JUDGED_DAYS + window + log.shop.section.settle_days) * DAY
    if ends <= log.observed_until:
        last = cutoff + JUDGED_DAYS * DAY
        later = make_message_rows(log, catalog, cutoff, last, window, log.observed_until).rows
        if len(later):
            return _score("holdout", model, later, rows["bought"].mean())
    start = int(rows["sent_at"].max()) - JUDGED_DAYS * DAY
    learned = rows[rows["sent_at"] <= start - window * DAY]
    if len(learned) < MIN_MESSAGES // 2:
        return Judgement(float("nan"), float("nan"))
    tested = _fit_best(log, catalog, learned).model
    return _score("valid", tested, rows[rows["sent_at"] > start], learned["bought"].mean())


def _score(split: str, model: ChannelModel, test: pd.DataFrame, base_rate: float) -> Judgement:
    """Log the scores overall and by channel, and judge the model against the base rate."""
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
    """Return each message's probability under its channel, or the base rate for an unseen one."""
    predicted = model.predict(rows)
    p = np.full(len(rows), model.base_rate)
    for channel, of_channel in rows.groupby("channel").indices.items():
        if channel in predicted:
            p[of_channel] = predicted[str(channel)][of_channel]
    return p
