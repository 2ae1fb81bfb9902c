"""Puts in words what the estimated gain of a policy allows to claim, and what is not known."""

from training.channel.mean_estimates import Estimate
from training.channel.policies import BEST_FIXED
from training.channel.policy_value import PolicyValue

BETTER, CONFOUNDED = "better", "confounded"
NOT_KNOWN = "not known"
_ALIKE = "not distinguishable"
# With fewer effective decisions, or a larger share of one, a value rests on too few decisions,
# whatever its interval says.
MIN_EFFECTIVE, MAX_SHARE = 1000, 0.01
# With a smaller share of its decisions resting on draws, the rest is the model's word alone, and
# nothing is claimed. With `MIN_EFFECTIVE` decisions the share is known to some .06 (two errors).
MIN_DRAWN_SHARE = 0.9


def gain_verdict(
    gain: Estimate,
    over_hindsight: Estimate,
    of_policy: PolicyValue,
    reference: PolicyValue,
    *,
    estimated: bool,
) -> str:
    """Put in words what an estimated gain allows to claim.

    Parameters
    ----------
    gain : Estimate
        Difference of the policy's value to the reference policy's.
    over_hindsight : Estimate
        Difference to the arm that does best for everybody by all decisions together.
    of_policy, reference : PolicyValue
        The values of the two policies, with how many decisions they rest on.
    estimated : bool
        Nothing was drawn at random: the propensities are a model's.

    Returns
    -------
    str
        `better`, `worse`, `not distinguishable`, `confounded` or `not known`; with the reason
        where data are few or missing.
    """
    if not of_policy.known:
        return explain_not_known(of_policy.drawn_share, estimated=estimated)
    if not reference.known:
        return f"{NOT_KNOWN}: nor is {BEST_FIXED}"
    if estimated:
        return CONFOUNDED
    if of_policy.effective < MIN_EFFECTIVE or of_policy.largest_share > MAX_SHARE:
        return f"{_ALIKE}: too few decisions"
    for value, name in ((of_policy, "it"), (reference, BEST_FIXED)):
        if value.drawn_share < MIN_DRAWN_SHARE:
            return f"{_ALIKE}: {100 * value.drawn_share:.0f} % of {name} was drawn"
    if gain.low > 0:
        return BETTER if over_hindsight.low > 0 else f"{_ALIKE}: one channel for all may do as well"
    return "worse" if gain.high < 0 else _ALIKE


def explain_not_known(drawn_share: float, *, estimated: bool) -> str:
    """Put in words why the value of a policy is not known.

    Parameters
    ----------
    drawn_share : float
        Share of the policy's decisions that rests on draws, 0..1.
    estimated : bool
        Nothing was drawn at random: the decisions were sent for some other reason.

    Returns
    -------
    str
    """
    came = "sent" if estimated else "drawn"
    if drawn_share == 0:
        return f"{NOT_KNOWN}: none of its arms was {came}"
    return f"{NOT_KNOWN}: {100 * drawn_share:.0f} % of it was {came}"
