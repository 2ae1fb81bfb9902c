"""Adds to messages what was possible when they were sent, on which occasion, by which chances."""

from collections.abc import Sequence
from dataclasses import replace

import msgspec
import numpy as np
import pandas as pd

from features.arrays import Floats
from features.log.identities import history_table_sql
from features.log.log import Log
from features.shop.contact_rules import ContactRules
from models.arms import NO_MESSAGE, arms_with_none
from models.channel.draws import add_chances
from models.channel.occasion import occasion_columns, possible_column
from models.channel.recommend import Options
from training.channel.options_at_sending import read_options

PREFERRED = "preferred arm"


def add_situations(log: Log, rows: pd.DataFrame, known_until: int) -> pd.DataFrame:
    """Add to messages the columns in which a channel model reads the situation of a send.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    rows : DataFrame
        One row per message (n rows), with the columns of `training.labels.make_message_labels`
        and `customer_id`.
    known_until : int
        Last instant (UTC microseconds) that the log may know.

    Returns
    -------
    DataFrame
        The rows with, for each arm of the log, `possible_column` (1 where the customer could have
        been sent it just before the message, by the shop's rules of today; an arm that the
        decision lists with a chance above 0 was possible), the columns of the occasion, and those
        of `models.channel.draws.add_chances`; and `PREFERRED`, the customer's preferred arm.
    """
    listed = _listed_chances(rows["chances"])
    arms = arms_with_none([*message_channels(log), *listed])
    options = read_options(log, rows, arms, known_until, _rules_at_sending(log, arms))
    chances = np.column_stack([listed.get(arm, np.full(len(rows), np.nan)) for arm in arms])
    is_listed = np.isfinite(chances).any(axis=1)
    chances[is_listed] = np.nan_to_num(chances[is_listed])
    possible = np.where(is_listed[:, None], chances > 0, options.eligible)
    occasion_at = rows["occasion_at"].to_numpy(dtype=np.int64)
    occasion = occasion_columns(
        arms,
        np.repeat(occasion_at[:, None], len(arms), axis=1),
        _last_messages(log, rows, known_until),
        log.shop.timezone,
    )
    eligibility = {possible_column(a): possible[:, k].astype(float) for k, a in enumerate(arms)}
    names = np.array([*arms, None], dtype=object)  # the last one stands for no preference
    preferred = {PREFERRED: names[options.preferred]}
    situated = rows.drop(columns="chances").assign(**occasion, **eligibility, **preferred)
    return add_chances(situated, arms, possible, chances)


def options_of(rows: pd.DataFrame, arms: Sequence[str]) -> Options:
    """Return what the customers of messages could have been sent, and preferred.

    Parameters
    ----------
    rows : DataFrame
        From `add_situations`.
    arms : sequence of str
        Names of the arms, `none` among them; an arm that the log does not know was not possible.
    """
    possible = [rows.get(possible_column(arm), pd.Series(0.0, rows.index)) for arm in arms]
    return Options.of(arms, np.column_stack(possible) > 0, list(rows[PREFERRED]))


def _rules_at_sending(log: Log, arms: Sequence[str]) -> ContactRules:
    """Return the shop's rules; without a history of consents every channel counts as consented."""
    if "consents" in log.provided:
        return log.shop.rules
    return replace(log.shop.rules, assume_consent=arms)


def message_channels(log: Log) -> list[str]:
    """List the channels of the table messages, sorted by name."""
    rows = log.connection.execute("SELECT DISTINCT channel FROM messages ORDER BY channel")
    return [str(channel) for (channel,) in rows.fetchall()]


def _listed_chances(texts: "pd.Series[str]") -> dict[str, Floats]:
    """Read the chances that decisions list: arm -> array (n,), NaN where a decision lacks it."""
    listed: dict[str, Floats] = {}
    for place, text in enumerate(texts):
        if text is not None:
            for arm, chance in msgspec.json.decode(text, type=dict[str, float]).items():
                listed.setdefault(arm, np.full(len(texts), np.nan))[place] = chance
    return listed


def _last_messages(log: Log, rows: pd.DataFrame, known_until: int) -> Floats:
    """Find when each row's customer was last sent a message before the row's occasion.

    Returns
    -------
    array (n,)
        UTC microseconds; NaN without one. Decisions to send nothing are no messages.
    """
    asked = rows[["customer_id", "occasion_at"]].assign(place=np.arange(len(rows)))
    log.connection.register("_asked_sends", asked)
    last = log.connection.execute(
        "SELECT a.place, max(m.sent_at)::DOUBLE AS last FROM _asked_sends AS a "
        f"LEFT JOIN ({history_table_sql(log, 'messages', known_until)}) AS m "
        "ON m.customer_id = a.customer_id AND m.sent_at < a.occasion_at "
        f"AND m.known_at <= a.occasion_at AND m.channel <> '{NO_MESSAGE}' "
        "GROUP BY a.place ORDER BY a.place"
    ).df()
    log.connection.unregister("_asked_sends")
    return last["last"].to_numpy(dtype=float)
