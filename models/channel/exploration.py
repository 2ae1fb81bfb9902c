"""Exploration: the probability with which a decision takes each eligible arm, and the draw of one.

A decision is made for one of three reasons: `control` sends no message, `random` draws among the
eligible arms with equal probability, and `optimised` follows the channel model. The propensity
that is logged with the decision is the probability of its arm over all three reasons.
"""

import hashlib
from collections.abc import Mapping, Sequence

import msgspec

from features.contract.tables import DrawReason
from features.errors import NextbuyError, refuse
from features.shop.settings_file import DecisionSection
from models.arms import NO_MESSAGE

_BITS = 53  # so many bits are exact as a float64


class DrawnArm(msgspec.Struct, frozen=True):
    """The arm that was drawn for a decision.

    Attributes
    ----------
    channel : str
        The arm: a channel, or `none`.
    draw_reason : {"control", "random", "optimised"}
        Why it was drawn.
    propensity : float
        Probability that this arm would be drawn, for any of the reasons.
    propensities : dict of str to float
        The same probability of every eligible arm; they sum to 1.
    """

    channel: str
    draw_reason: DrawReason
    propensity: float
    propensities: dict[str, float]


def draw_arm(
    recommended: str,
    eligible: Sequence[str],
    settings: DecisionSection,
    u: float,
    best_shares: Mapping[str, float] | None = None,
) -> DrawnArm:
    """Draw the arm of a decision.

    Parameters
    ----------
    recommended : str
        The arm that the channel model recommends, one of `eligible`. By the method `epsilon` it
        is drawn unless the decision is `control` or `random`.
    eligible : sequence of str
        Arms that may be drawn, in any order; `none` is one of them.
    settings : DecisionSection
        The probabilities of `control` and `random`, and the method.
    u : float
        The position of the draw in [0, 1); the same position gives the same arm.
    best_shares : mapping of str to float, optional
        Share of the posterior's draws in which each eligible arm is the best, for the method
        `thompson`.

    Raises
    ------
    InputError
        An arm that is not eligible is recommended or has a share.
    NextbuyError
        The method is `thompson`, and there are no shares.
    """
    parts = _divide(recommended, sorted(set(eligible)), settings, best_shares)
    propensities = dict.fromkeys(sorted(set(eligible)), 0.0)
    for _, channel, share in parts:
        propensities[channel] += share
    draw_reason, channel = _part_at(u, parts)
    return DrawnArm(channel, draw_reason, propensities[channel], propensities)


def draw_position(*parts: str) -> float:
    """Compute the position of a draw in [0, 1) from texts that identify it, by their hash.

    The same texts always give the same position.

    >>> draw_position("3-5d1f", "c-1", "autumn") == draw_position("3-5d1f", "c-1", "autumn")
    True
    >>> draw_position("a", "bc") == draw_position("ab", "c")
    False
    """
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode(errors="surrogatepass")
        # The length keeps ("a", "bc") and ("ab", "c") apart.
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return (int.from_bytes(digest.digest()[:8], "big") >> (64 - _BITS)) / (1 << _BITS)


def _divide(
    recommended: str,
    eligible: Sequence[str],
    settings: DecisionSection,
    best_shares: Mapping[str, float] | None,
) -> list[tuple[DrawReason, str, float]]:
    """Divide [0, 1) into consecutive parts: (draw reason, arm, width)."""
    _check_eligible({recommended, NO_MESSAGE, *(best_shares or ())}, eligible)
    control = settings.control
    # With more arms than the floor leaves room for, every arm gets the same smaller part.
    random = min(max(settings.explore, settings.floor * len(eligible)), 1 - control)
    optimised = _optimised(recommended, settings, best_shares)
    return [
        ("control", NO_MESSAGE, control),
        *(("random", arm, random / len(eligible)) for arm in eligible),
        *(("optimised", a, (1 - control - random) * share) for a, share in optimised.items()),
    ]


def _optimised(
    recommended: str, settings: DecisionSection, best_shares: Mapping[str, float] | None
) -> dict[str, float]:
    """Return the share of each arm in the decisions that follow the model; they sum to 1."""
    if settings.method == "epsilon":
        return {recommended: 1.0}
    if best_shares is None:
        raise NextbuyError(
            'nextbuy.toml has decisions.method = "thompson", and the channel model does not '
            'say how likely each channel is the best. Set method = "epsilon".'
        )
    total = sum(best_shares.values())
    if not total > 0 or min(best_shares.values()) < 0:
        raise refuse(
            "best_shares",
            "shares of 0 or more, at least one of them above 0",
            str(best_shares),
            "Give the share of the posterior's draws in which each arm is the best.",
        )
    return {arm: best_shares[arm] / total for arm in sorted(best_shares)}


def _check_eligible(arms: set[str], eligible: Sequence[str]) -> None:
    """Refuse arms that may be drawn by the settings but are not eligible."""
    if others := sorted(arms - set(eligible)):
        raise refuse(
            "eligible",
            "every arm that may be drawn, `none` among them",
            f"{', '.join(eligible) or 'none'} without {', '.join(others)}",
            "Recommend only eligible arms.",
        )


def _part_at(u: float, parts: Sequence[tuple[DrawReason, str, float]]) -> tuple[DrawReason, str]:
    """Return draw reason and arm of the part in which a position lies, none of width 0."""
    drawn = [part for part in parts if part[2] > 0]
    end = 0.0
    for draw_reason, channel, width in drawn:
        end += width
        if u < end:
            return draw_reason, channel
    return drawn[-1][:2]  # the sum of the widths may be a rounding error short of 1
