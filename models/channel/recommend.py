"""Policy: which of the eligible channels is recommended."""

from collections.abc import Mapping, Sequence

from features.arrays import TableColumns
from models.arms import NO_MESSAGE


def recommend(
    worth: Mapping[str, float],
    eligible: Sequence[str],
    default_order: Sequence[str] | None,
    preferred: str | None = None,
) -> str:
    """Choose among the eligible arms.

    Parameters
    ----------
    worth : dict of str to float
        What each arm is expected to earn, of those whose effect is identified.
    default_order : sequence of str or None
        Where the data identify no effect: the first eligible channel of this order. None
        chooses the arm that is worth most.
    preferred : str or None
        The channel that the customer prefers; chosen among equal arms.
    """
    if default_order is not None:
        return next((c for c in default_order if c in eligible and c != NO_MESSAGE), NO_MESSAGE)
    known = [arm for arm in eligible if arm in worth]
    return max(known, key=lambda arm: (worth[arm], arm == preferred), default=NO_MESSAGE)


def preferred_channel(attributes: TableColumns | None, as_of: int) -> str | None:
    """Give the channel that the customer's latest known row names; None if it names none."""
    if attributes is None:
        return None
    rows = (attributes["attribute"] == "preferred_channel") & (attributes["known_at"] <= as_of)
    if not rows.any():
        return None
    known_at, named = attributes["known_at"][rows], attributes["value"][rows]
    latest = [name for name in named[known_at == known_at.max()] if name is not None]
    return max(latest, default=None)
