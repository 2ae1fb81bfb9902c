"""Counts the draws that channels can be compared by, and says what is wrong with the others."""

from collections.abc import Iterator
from dataclasses import dataclass

from features.log.identities import customers_of_accounts
from features.log.log import Log
from features.readiness.finding import Finding
from features.windows import DAY
from models.channel.draws import CLUSTER, could_have_differed
from training.channel.draws.logged_chances import PropensityFinding
from training.channel.draws.send_situations import (
    ALONE,
    SituatedRows,
    add_situations,
    message_channels,
)
from training.channel.message_rows import LEARN_DAYS
from training.labels import make_message_labels

_MOST_ALONE = 0.5  # share of messages without a known cluster, above which `check` warns


@dataclass(frozen=True)
class DrawnMessages:
    """The messages of a year that were drawn at random.

    Attributes
    ----------
    counts : dict of str to int
        By arm, the draws among several possible arms whose logged chances are believed.
    findings : list of Finding
        What is wrong or assumed: chances that contradict the draws, decisions that list other
        arms than the shop's consents and rules allow, clusters of which little is known, and a
        missing history of consents.
    """

    counts: dict[str, int]
    findings: list[Finding]


def read_drawn_messages(log: Log, cutoff: int) -> DrawnMessages:
    """Read the drawn messages that a training at a cutoff learns from.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    cutoff : int
        Last instant that the training may know (UTC microseconds).
    """
    if "messages" not in log.provided:
        return DrawnMessages({}, [])
    labels = make_message_labels(log, log.shop.channels.window_days, cutoff)
    drawn = labels[labels["randomised"] & (labels["sent_at"] > cutoff - LEARN_DAYS * DAY)]
    if drawn.empty:
        return DrawnMessages({}, [])
    customers = customers_of_accounts(log, drawn["account"], cutoff)
    situated = add_situations(log, drawn.assign(customer_id=customers), cutoff)
    compared = could_have_differed(situated.rows, message_channels(log))
    counts = situated.rows["channel"][compared].value_counts()
    by_arm = {str(arm): int(count) for arm, count in counts.items()}
    return DrawnMessages(by_arm, list(_findings(log, situated)))


def _findings(log: Log, situated: SituatedRows) -> Iterator[Finding]:
    """Yield what is wrong with the chances of drawn messages, or assumed of them."""
    rows = len(situated.rows)
    yield from (_of_chances(finding, rows) for finding in situated.findings)
    if situated.differing:
        yield Finding(
            "warning",
            "messages.decision_id",
            "decisions that list other arms as possible than the consents and rules of today allow",
            situated.differing,
            situated.differing / rows,
            [],
            "Give all consents with the instants of their changes; the lists are believed.",
        )
    attribute = log.shop.channels.cluster_by
    alone = int(situated.rows[CLUSTER].str.startswith(ALONE).sum())
    if attribute is not None and alone > _MOST_ALONE * rows:
        yield Finding(
            "warning",
            "channels.cluster_by",
            f"drawn messages of customers of whom no {attribute} was known: each customer counts "
            "as drawn alone",
            alone,
            alone / rows,
            [],
            f"Give {attribute} of more customers, with the instants from which it was known; "
            "without it the intervals of effects may be too narrow.",
        )
    if "consents" not in log.provided:
        yield Finding(
            "advice",
            "consents",
            "no history of consents: a draw counts as made among all channels, for everybody",
            rows,
            None,
            [],
            "Give the table consents, or draw through POST /v1/decisions, which lists what could "
            "be drawn.",
        )


def _of_chances(finding: PropensityFinding, rows: int) -> Finding:
    """Report a finding about logged chances as a finding about the shop's data."""
    return Finding(
        "warning",
        "messages.propensity",
        f"{finding.what}; these messages count as targeted",
        finding.rows,
        finding.rows / rows,
        [],
        "Log the chance with which each channel was drawn, and draw by it.",
    )
