"""What every member says of its own fit."""

import msgspec


class Fitted(msgspec.Struct, frozen=True, kw_only=True, tag_field="member"):
    """The base of all members: asked in days, with parameters in weeks.

    Attributes
    ----------
    penalty : float
        Weight of the penalty that the fit needed; 0 is the plain likelihood.
    unreliable : bool
        The plain likelihood did not pin the parameters down (`models.btyd.ladder`).
    """

    penalty: float = 0.0
    unreliable: bool = False
