"""How the arm of a message came about: the chance with which each arm could have been drawn.

A table of messages holds it in columns beside the features: a chance for each arm, and the weight
of the row. A message that was targeted by a rule, or whose logged chance is not known, has none.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from features.arrays import Flags, Floats
from features.errors import refuse

DRAW_WEIGHT = "weight of the draw"
CLUSTER = "cluster of the draw"  # customers of the same cluster were drawn together
_CHANCE_NAME = "chance of {arm}"
_EQUAL = 1e-6  # chances that differ by less are the same


def chance_column(arm: str) -> str:
    """Name the column of the chance with which an arm could have been drawn.

    >>> chance_column("email")
    'chance of email'
    """
    return _CHANCE_NAME.format(arm=arm)


def add_chances(
    rows: pd.DataFrame, arms: Sequence[str], possible: Flags, listed: Floats | None = None
) -> pd.DataFrame:
    """Add to messages the chance with which each arm could have been drawn.

    Where all chances of a draw are listed, they are taken as they are. Else the arm counts as
    drawn alike from the possible arms, and the row gets the weight that turns the logged chance of
    its arm into that (importance weighting). An arm that was never drawn is no possible draw, and
    where the logged chance is 1 no other arm is one.

    Parameters
    ----------
    rows : DataFrame
        One row per message (n rows): `customer_id`, `channel`, `randomised` (whether it was drawn
        at random) and `propensity` (the logged chance of its arm).
    arms : sequence of str
        Names of the K arms, every arm of `rows` among them.
    possible : bool array (n, K)
        Whether the customer could have been sent each arm; the arm that was sent counts as
        possible.
    listed : array (n, K), optional
        The chance of every arm, which sum to 1; NaN in the rows of draws that list none.

    Returns
    -------
    DataFrame
        The rows with the columns `chance_column` of each arm, which sum to 1 where the arm was
        drawn and are NaN where it was not, and `DRAW_WEIGHT`, 1 where it was not drawn; and
        `CLUSTER`, the customer, where it is missing. Chances and weights of before are replaced.

    Raises
    ------
    InputError
        A row has an arm that is not among the arms.
    """
    sent = pd.Index(arms).get_indexer(pd.Index(rows["channel"]))
    if (sent < 0).any():
        unknown = str(rows["channel"].to_numpy()[sent < 0][0])
        raise refuse("channel", f"one of {', '.join(arms)}", unknown, "Name every arm of the rows.")
    drawn = rows["randomised"].to_numpy(dtype=bool)
    is_sent = sent[:, None] == np.arange(len(arms))
    propensity = rows["propensity"].to_numpy(dtype=float)
    drawable = possible & is_sent[drawn].any(axis=0) & (propensity < 1)[:, None] | is_sent
    chance = drawable / drawable.sum(axis=1, keepdims=True)
    weight = chance[is_sent] / propensity
    if listed is not None:
        is_listed = np.asarray(np.isfinite(listed).all(axis=1))
        chance = np.where(is_listed[:, None], listed, chance)
        weight[is_listed] = 1.0
    weight = np.where(drawn & (np.abs(weight - 1) > _EQUAL), weight, 1.0)
    chance = np.where(drawn[:, None], chance, np.nan)
    columns = {chance_column(arm): chance[:, place] for place, arm in enumerate(arms)}
    draws = pd.DataFrame({**columns, DRAW_WEIGHT: weight}, index=rows.index)
    cluster = rows.get(CLUSTER, rows["customer_id"]).rename(CLUSTER)
    kept = rows.drop(columns=[*draws, CLUSTER], errors="ignore")
    return pd.concat([kept, draws, cluster], axis=1)


def chances_of(rows: pd.DataFrame, arms: Sequence[str]) -> Floats:
    """Return the chances that `add_chances` added: array (n, K), NaN where nothing was drawn."""
    return rows[[chance_column(arm) for arm in arms]].to_numpy(dtype=float)


def could_have_differed(rows: pd.DataFrame, arms: Sequence[str]) -> Flags:
    """Tell which messages were drawn among several arms: bool array (n,)."""
    return np.asarray((chances_of(rows, arms) > 0).sum(axis=1) > 1)
