"""Adds to messages what was possible when they were sent, on which occasion, by which chances."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec
import numpy as np
import pandas as pd

from features.arrays import Array, Flags, Floats, Indices
from features.catalog.relations import MESSAGE_DAYS
from features.contract.casts import quote
from features.log.identities import history_table_sql
from features.log.log import Log
from features.shop.contact_rules import ContactRules
from features.windows import DAY
from models.arms import NO_MESSAGE, arms_with_none
from models.channel.draws import CLUSTER, add_chances
from models.channel.occasion import occasion_columns, possible_column
from models.channel.recommend import Options
from training.channel.draws.logged_chances import LoggedChances, PropensityFinding
from training.channel.draws.options_at_sending import read_options
from training.channel.draws.propensity_checks import check_propensities, untrusted_rows

PREFERRED = "preferred arm"
ALONE = "customer "  # begins the name of a cluster of one customer


@dataclass(frozen=True)
class SituatedRows:
    """Messages with the situation in which they were sent, and what is wrong with their chances.

    Attributes
    ----------
    rows : DataFrame
        One row per message.
    findings : list of PropensityFinding
        What `training.channel.draws.propensity_checks` found; these messages count as targeted.
    differing : int
        Messages whose decision lists other arms as possible than the shop's consents and rules
        allowed just before.
    """

    rows: pd.DataFrame
    findings: list[PropensityFinding]
    differing: int = 0


def add_situations(log: Log, rows: pd.DataFrame, known_until: int) -> SituatedRows:
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
    SituatedRows
        The rows with, for each arm of the log, `possible_column` (1 where the customer could have
        been sent it just before the message, by the shop's rules of today, or by the chances that
        a decision lists), the columns of the occasion, and those of
        `models.channel.draws.add_chances`; and `PREFERRED`, the customer's preferred arm.
        `randomised` is false where the logged chance is not to be believed.
    """
    listed = _listed_chances(rows["chances"])
    arms = arms_with_none([*message_channels(log), *listed])
    options = read_options(log, rows, arms, known_until, _rules_at_sending(log, arms))
    chances = _by_arm(listed, arms, len(rows))
    is_listed = np.asarray(np.isfinite(chances).any(axis=1))
    possible = np.where(is_listed[:, None], chances > 0, options.eligible)
    is_sent = rows["channel"].to_numpy()[:, None] == np.array(arms)
    cluster = read_clusters(log, rows, known_until)
    findings = _check(rows, arms, possible, chances, cluster)
    rows = rows.drop(columns="chances").assign(
        randomised=rows["randomised"] & ~untrusted_rows(findings, len(rows)),
        **_occasions(log, rows, arms, known_until),
        **_eligibility(arms, possible | is_sent, options.preferred),
        **{CLUSTER: cluster},
    )
    differing = int((possible != options.eligible).any(axis=1).sum())
    return SituatedRows(add_chances(rows, arms, possible | is_sent, chances), findings, differing)


def _check(
    rows: pd.DataFrame, arms: list[str], possible: Flags, listed: Floats, cluster: Array
) -> list[PropensityFinding]:
    """Check the chances of the draws; an arm that was never drawn is no possible draw."""
    drawn = rows["randomised"].to_numpy(dtype=bool)
    is_sent = rows["channel"].to_numpy()[:, None] == np.array(arms)
    return check_propensities(
        LoggedChances(
            arms,
            is_sent.argmax(axis=1),
            np.where(drawn, rows["propensity"].to_numpy(dtype=float), np.nan),
            possible & is_sent[drawn].any(axis=0),
            np.where(drawn[:, None], listed, np.nan),
            cluster,
        )
    )


def _occasions(
    log: Log, rows: pd.DataFrame, arms: Sequence[str], known_until: int
) -> dict[str, Floats]:
    """Make the columns of the occasion: every arm would have been sent at the same instant."""
    sent_at = np.repeat(rows["occasion_at"].to_numpy(dtype=np.int64)[:, None], len(arms), axis=1)
    last = _last_messages(log, rows, known_until)
    return occasion_columns(arms, sent_at, last, log.shop.timezone)


def _eligibility(arms: Sequence[str], possible: Flags, preferred: Indices) -> dict[str, Array]:
    """Make the columns of what was possible and preferred."""
    names = np.array([*arms, None], dtype=object)  # the last one stands for no preference
    columns = {possible_column(arm): possible[:, k].astype(float) for k, arm in enumerate(arms)}
    return {**columns, PREFERRED: names[preferred]}


def _by_arm(listed: Mapping[str, Floats], arms: Sequence[str], rows: int) -> Floats:
    """Put listed chances into an array (rows, K): 0 for what a list leaves out, NaN without one."""
    chances = np.column_stack([listed.get(arm, np.full(rows, np.nan)) for arm in arms])
    is_listed = np.isfinite(chances).any(axis=1)
    chances[is_listed] = np.nan_to_num(chances[is_listed])
    return chances


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


def read_clusters(log: Log, rows: pd.DataFrame, known_until: int) -> Array:
    """Read which messages were drawn together: those of a customer, or of a declared group.

    Parameters
    ----------
    log : Log
        The opened event log of one shop; `channels.cluster_by` names the attribute.
    rows : DataFrame
        One row per message (n rows), with `customer_id`, `occasion_at` and `sent_at`.
    known_until : int
        Last instant (UTC microseconds) that the log may know.

    Returns
    -------
    str array (n,)
        The value of the attribute that was known before the message; without one the customer,
        with `ALONE` before it.
    """
    customer = (ALONE + rows["customer_id"].astype(str)).to_numpy(dtype=object)
    attribute = log.shop.channels.cluster_by
    if attribute is None:
        return customer
    value = _latest(
        log,
        rows,
        history_table_sql(log, "attributes", known_until),
        f"m.attribute = {quote(attribute)} AND m.known_at <= a.until",
        "arg_max(m.value, m.known_at)",
    )
    return np.where(pd.notna(value), "group " + value.astype(str), customer)


def _last_messages(log: Log, rows: pd.DataFrame, known_until: int) -> Floats:
    """Find when each row's customer was last sent a message before the row's own.

    Returns
    -------
    array (n,)
        UTC microseconds; NaN without one in `MESSAGE_DAYS`, as far back as the history store goes.
        Decisions to send nothing are no messages.
    """
    messages = history_table_sql(log, "messages", known_until)
    recent = f"m.sent_at < a.until AND m.sent_at > a.until - {MESSAGE_DAYS * DAY}"
    before = f"{recent} AND m.known_at <= a.until"
    last = _latest(
        log, rows, messages, f"{before} AND m.channel <> '{NO_MESSAGE}'", "max(m.sent_at)"
    )
    return last.astype(float)


def _latest(log: Log, rows: pd.DataFrame, table: str, condition: str, value: str) -> Array:
    """Find a value among the rows `m` of the customer of each row `a`: array (n,).

    What was known of the customer ends with `until`, the occasion or the message if that was sent
    earlier than its decision said.
    """
    until = rows[["occasion_at", "sent_at"]].min(axis=1)
    asked = rows[["customer_id"]].assign(until=until, place=np.arange(len(rows)))
    log.connection.register("_asked_sends", asked)
    found = log.connection.execute(
        f"SELECT a.place, {value} AS value FROM _asked_sends AS a LEFT JOIN ({table}) AS m "
        f"ON m.customer_id = a.customer_id AND {condition} GROUP BY a.place ORDER BY a.place"
    ).df()
    log.connection.unregister("_asked_sends")
    return found["value"].to_numpy(dtype=object, na_value=np.nan)
