"""Exploration: with which chance a decision takes each eligible arm, and which one it takes.

A decision is one of three: held out (no message), drawn at random among the eligible arms, or
as the model says. What is written down with it is the chance of its arm over all three.
"""

import hashlib
from collections.abc import Mapping, Sequence

import msgspec

from features.contract.tables import DrawReason
from features.errors import NextbuyError, refuse
from features.shop.settings_file import DecisionSection
from models.arms import NO_MESSAGE

_BITS = 53  # exact as a float64


class Draw(msgspec.Struct, frozen=True):
    """One arm, drawn.

    Attributes
    ----------
    arm : {"control", "random", "optimised"}
        Why it was drawn.
    propensity : float
        Chance that this channel would be drawn, for whichever reason.
    propensities : dict of str to float
        The same of every eligible arm; they sum to 1.
    """

    channel: str
    arm: DrawReason
    propensity: float
    propensities: dict[str, float]


def draw(
    recommended: str,
    eligible: Sequence[str],
    settings: DecisionSection,
    u: float,
    best_shares: Mapping[str, float] | None = None,
) -> Draw:
    """Draw an arm.

    Parameters
    ----------
    recommended : str
        One of `eligible`; drawn unless something else is, by the method epsilon.
    eligible : sequence of str
        Arms that may be drawn, in any order; `none` is one of them.
    u : float
        Where in [0, 1) the draw falls: the same u, the same arm.
    best_shares : mapping of str to float, optional
        Share of the posterior's draws in which each eligible arm is the best, for the method
        thompson.

    Raises
    ------
    InputError
        An arm is recommended, or has a share, that is not eligible.
    NextbuyError
        The method is thompson, and there are no shares.
    """
    parts = _parts(recommended, sorted(set(eligible)), settings, best_shares)
    propensities = dict.fromkeys(sorted(set(eligible)), 0.0)
    for _, channel, share in parts:
        propensities[channel] += share
    arm, channel = _part_at(u, parts)
    return Draw(channel, arm, propensities[channel], propensities)


def draw_at(*parts: str) -> float:
    """Say where in [0, 1) a draw falls: a hash of what it is of.

    >>> draw_at("3-5d1f", "c-1", "autumn") == draw_at("3-5d1f", "c-1", "autumn")
    True
    >>> draw_at("a", "bc") == draw_at("ab", "c")
    False
    """
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode(errors="surrogatepass")
        digest.update(len(encoded).to_bytes(8, "big") + encoded)  # so that no two lists are one
    return (int.from_bytes(digest.digest()[:8], "big") >> (64 - _BITS)) / (1 << _BITS)


def _parts(
    recommended: str,
    eligible: Sequence[str],
    settings: DecisionSection,
    best_shares: Mapping[str, float] | None,
) -> list[tuple[DrawReason, str, float]]:
    """Divide [0, 1) into parts, each of one tag and one arm."""
    _check_eligible({recommended, NO_MESSAGE, *(best_shares or ())}, eligible)
    control = settings.control
    # of more arms than the floor leaves room for, each has the same
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
    """Divide among the arms what is neither held out nor drawn at random."""
    if settings.method == "epsilon":
        return {recommended: 1.0}
    if best_shares is None:
        raise NextbuyError(
            'nextbuy.toml has decisions.method = "thompson", and the channel model does not '
            'say how likely each channel is the best. Set method = "epsilon".'
        )
    total = sum(best_shares.values())
    if not total > 0 or min(best_shares.values()) < 0:
        raise refuse("best_shares", "shares of 0 or more", str(best_shares), "Count the draws.")
    return {arm: best_shares[arm] / total for arm in sorted(best_shares)}


def _check_eligible(arms: set[str], eligible: Sequence[str]) -> None:
    if others := sorted(arms - set(eligible)):
        raise refuse(
            "eligible",
            "every arm that may be drawn, `none` among them",
            f"{', '.join(eligible) or 'none'} without {', '.join(others)}",
            "Recommend only what is eligible.",
        )


def _part_at(u: float, parts: Sequence[tuple[DrawReason, str, float]]) -> tuple[DrawReason, str]:
    """Find the part that a point falls into; parts of no width have no points."""
    drawn = [part for part in parts if part[2] > 0]
    end = 0.0
    for arm, channel, share in drawn:
        end += share
        if u < end:
            return arm, channel
    return drawn[-1][:2]  # the sum of the shares may be a rounding error short of 1
