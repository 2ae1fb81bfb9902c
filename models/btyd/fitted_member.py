"""The base class of all members, which states how reliable the fit is."""

import msgspec


class FittedMember(msgspec.Struct, frozen=True, kw_only=True, tag_field="member"):
    """A member with fitted parameters: its inputs are in days, its parameters in weeks.

    Attributes
    ----------
    penalty : float
        Weight of the penalty that the fit needed; 0 if the likelihood alone was maximised.
    unreliable : bool
        Whether the likelihood alone did not determine the parameters (`models.btyd.member_fit`).
    """

    penalty: float = 0.0
    unreliable: bool = False
