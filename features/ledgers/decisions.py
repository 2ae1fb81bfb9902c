"""The decision table: every decision, written to the disk before anybody acts on it.

A decision is made once. For an account, a campaign and a key there is one row: whoever asks
first makes it, and everybody who asks later is given that row.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from features.contract.tables import DrawReason
from features.ledgers.ledger import Ledger, LedgerDatabase, open_ledger
from features.shop.shop import Shop

_AT_ONCE = 500  # rows in one SQL statement
_IDENTITY = ("account", "campaign", "key")

DECISION_LEDGER = Ledger(
    name="decisions",
    what="the decision table",
    unaccepted="Nothing of this request was decided.",
    schema={
        "decisions": "CREATE TABLE IF NOT EXISTS decisions (seq {seq}, "
        "decision_id TEXT NOT NULL UNIQUE, "
        "decided_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, account TEXT NOT NULL, "
        "customer_id TEXT NOT NULL, campaign TEXT NOT NULL, key TEXT NOT NULL, "
        "channel TEXT NOT NULL, arm TEXT NOT NULL, propensity DOUBLE PRECISION NOT NULL, "
        "propensities {bytes} NOT NULL, policy_version TEXT NOT NULL, "
        "send_at BIGINT, UNIQUE (account, campaign, key))",
    },
    added={"decisions": {"send_at": "BIGINT"}},
)


class Decision(msgspec.Struct, frozen=True):
    """One decision about a customer, as it is written down.

    Attributes
    ----------
    decision_id : str
        Identifies the decision; a message that carries it out names it.
    decided_at, expires_at : int
        Microseconds since 1970, UTC; the decision may be carried out until it expires.
    account : str
        The id that was asked about, as the history store holds it.
    customer_id : str
        The customer to whom the account was known to belong.
    campaign, key : str
        The campaign, and the caller's key; one key always gives the same decision.
    channel : str
        The channel that was drawn, `none` included.
    arm : {"control", "random", "optimised"}
        Why it was drawn.
    propensity : float
        Probability with which the channel was drawn.
    propensities : dict of str to float
        Channel -> its probability, for every channel that was eligible.
    policy_version : str
        The model and the settings that drew it.
    send_at : int or None
        The instant of sending that it was decided for, `none` included, in microseconds since
        1970, UTC; None in a decision of a version that knew no such instant.
    """

    decision_id: str
    decided_at: int
    expires_at: int
    account: str
    customer_id: str
    campaign: str
    key: str
    channel: str
    arm: DrawReason
    propensity: float
    propensities: dict[str, float]
    policy_version: str
    send_at: int | None = None

    @property
    def identity(self) -> tuple[str, str, str]:
        """Account, campaign and key, for which there is one decision."""
        return self.account, self.campaign, self.key


_COLUMNS = Decision.__struct_fields__


class DecisionTable:
    """The table of a shop's decisions: which arm was drawn for an account and a campaign, and how.

    Rows are only added. It stands in a file of the workspace or in PostgreSQL; `open_decisions`
    opens it.
    """

    def __init__(self, database: LedgerDatabase) -> None:
        self._database = database

    def decide_once(self, proposed: Sequence[Decision]) -> list[Decision]:
        """Write down the decisions that were not made before, all or none.

        They are durable when this returns.

        Parameters
        ----------
        proposed : sequence of Decision
            Decisions to make.

        Returns
        -------
        list of Decision
            For each proposed decision, in order, the one that holds: itself, or an earlier one for
            the same account, campaign and key, by whichever process and policy.

        Raises
        ------
        NextbuyError
            The table could not be written; then none of the decisions was made.
        """
        stored: dict[tuple[str, str, str], Decision] = {}
        with self._database.write() as run:
            for start in range(0, len(proposed), _AT_ONCE):
                some = proposed[start : start + _AT_ONCE]
                run(_insert_sql(len(some)), [v for decision in some for v in _values(decision)])
                rows = run(_find_sql(len(some)), [v for d in some for v in d.identity])
                stored |= {decision.identity: decision for decision in map(_decision, rows)}
        return [stored[decision.identity] for decision in proposed]

    def rows(self, size: int) -> Iterator[list[Decision]]:
        """Yield all decisions in the order in which they were made, in lists of at most `size`."""
        last = 0
        columns = ", ".join(_COLUMNS)
        query = f"SELECT {columns}, seq FROM decisions WHERE seq > ? ORDER BY seq LIMIT {size}"
        while rows := self._database.select(query, [last]):
            yield [_decision(row[:-1]) for row in rows]
            last = rows[-1][-1]

    def close(self) -> None:
        """Close the table."""
        self._database.close()


def _insert_sql(rows: int) -> str:
    marks = ", ".join([f"({', '.join('?' * len(_COLUMNS))})"] * rows)
    return f"INSERT INTO decisions ({', '.join(_COLUMNS)}) VALUES {marks} ON CONFLICT DO NOTHING"


def _find_sql(rows: int) -> str:
    columns = ", ".join(f"decisions.{name}" for name in _COLUMNS)
    same = " AND ".join(
        f"decisions.{name} = wanted.column{number}" for number, name in enumerate(_IDENTITY, 1)
    )
    marks = ", ".join([f"({', '.join('?' * len(_IDENTITY))})"] * rows)
    return f"SELECT {columns} FROM (VALUES {marks}) AS wanted JOIN decisions ON {same}"


def _values(decision: Decision) -> list[Any]:
    values = msgspec.structs.asdict(decision)
    return list((values | {"propensities": msgspec.json.encode(decision.propensities)}).values())


def _decision(row: Sequence[Any]) -> Decision:
    values = dict(zip(_COLUMNS, row, strict=True))
    return Decision(**values | {"propensities": msgspec.json.decode(values["propensities"])})


def decisions_path(shop: Shop) -> Path:
    """Return the file of a shop's decision table, which is used if no database is set."""
    return shop.workspace / "decisions.sqlite"


def open_decisions(shop: Shop) -> DecisionTable:
    """Open a shop's decision table; it is made if it does not exist.

    It is in the database of `[decisions] url`, else in a file of the workspace.
    """
    path = decisions_path(shop)
    return DecisionTable(open_ledger(DECISION_LEDGER, shop.decisions.url, path, shop.section.name))
