"""The members: which models there are, and how each is put together from its parameters."""

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
_DROPS_BY_CHANCE = ("r", "alpha", "a", "b")
_PARAMETERS: dict[MemberName, tuple[str, ...]] = {
    "pareto_nbd": ("r", "alpha", "s", "beta"),
    "nbd": ("r", "alpha"),
}
SCALES = ("alpha", "beta")  # parameters that are times; the others have no unit


def parameters_of(name: MemberName) -> tuple[str, ...]:
    """Name the parameters of a member that are fitted.

    >>> parameters_of("nbd")
    ('r', 'alpha')
    """
    return _PARAMETERS.get(name, _DROPS_BY_CHANCE)


def make_member(
    name: MemberName,
    parameters: dict[str, float],
    *,
    penalty: float = 0.0,
    unreliable: bool = False,
) -> Member:
    """Put a member together from its parameters, times in weeks."""
    return _MAKERS[name](**parameters, penalty=penalty, unreliable=unreliable)


def name_of(member: Member) -> MemberName:
    """Name a fitted member.

    >>> name_of(MbgCnbd(2, 0.5, 6.0, 0.9, 1.6))
    'mbg_cnbd_2'
    """
    if isinstance(member, MbgCnbd):
        regular: dict[int, MemberName] = {1: "mbg_nbd", 2: "mbg_cnbd_2", 3: "mbg_cnbd_3"}
        return regular[member.k]
    names: dict[type, MemberName] = {BgNbd: "bg_nbd", ParetoNbd: "pareto_nbd", Nbd: "nbd"}
    return names[type(member)]
