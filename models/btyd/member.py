"""The table of the members: their names, their parameters, and how each is made from them."""

from collections.abc import Callable
from functools import partial
from typing import Literal, get_args

from models.btyd.bg_nbd import BgNbd
from models.btyd.mbg_cnbd import MbgCnbd
from models.btyd.nbd import Nbd
from models.btyd.pareto_nbd import ParetoNbd

Member = BgNbd | MbgCnbd | ParetoNbd | Nbd
MemberName = Literal["bg_nbd", "mbg_nbd", "mbg_cnbd_2", "mbg_cnbd_3", "pareto_nbd", "nbd"]
MEMBER_NAMES: tuple[MemberName, ...] = get_args(MemberName)

_MAKERS: dict[MemberName, Callable[..., Member]] = {
    "bg_nbd": BgNbd,
    "mbg_nbd": partial(MbgCnbd, 1),
    "mbg_cnbd_2": partial(MbgCnbd, 2),
    "mbg_cnbd_3": partial(MbgCnbd, 3),
    "pareto_nbd": ParetoNbd,
    "nbd": Nbd,
}
_BETA_DROP_OUT = ("r", "alpha", "a", "b")
_PARAMETERS: dict[MemberName, tuple[str, ...]] = {
    "pareto_nbd": ("r", "alpha", "s", "beta"),
    "nbd": ("r", "alpha"),
}
TIME_PARAMETERS = ("alpha", "beta")  # in weeks; the other parameters have no unit


def parameter_names(name: MemberName) -> tuple[str, ...]:
    """Return the names of the parameters that are fitted for a member.

    >>> parameter_names("nbd")
    ('r', 'alpha')
    """
    return _PARAMETERS.get(name, _BETA_DROP_OUT)


def make_member(
    name: MemberName,
    parameters: dict[str, float],
    *,
    penalty: float = 0.0,
    unreliable: bool = False,
) -> Member:
    """Make a member from its parameters by name, times in weeks.

    Parameters
    ----------
    penalty, unreliable : float, bool
        As in `models.btyd.fitted_member.FittedMember`.
    """
    return _MAKERS[name](**parameters, penalty=penalty, unreliable=unreliable)


def member_name(member: Member) -> MemberName:
    """Return the name of a fitted member.

    >>> member_name(MbgCnbd(2, 0.5, 6.0, 0.9, 1.6))
    'mbg_cnbd_2'
    """
    if isinstance(member, MbgCnbd):
        regular: dict[int, MemberName] = {1: "mbg_nbd", 2: "mbg_cnbd_2", 3: "mbg_cnbd_3"}
        return regular[member.k]
    names: dict[type, MemberName] = {BgNbd: "bg_nbd", ParetoNbd: "pareto_nbd", Nbd: "nbd"}
    return names[type(member)]
