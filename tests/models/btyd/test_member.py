"""Tests of the table of the BTYD models."""

import pytest

from models.btyd.member import MEMBER_NAMES, MemberName, make_member, member_name, parameter_names


@pytest.mark.parametrize("name", MEMBER_NAMES)
def test_a_member_made_from_its_parameters_has_its_name_and_them(name: MemberName) -> None:
    parameters = {parameter: 1.0 + i for i, parameter in enumerate(parameter_names(name))}
    member = make_member(name, parameters, penalty=0.1, unreliable=True)
    assert member_name(member) == name
    assert {parameter: getattr(member, parameter) for parameter in parameters} == parameters
    assert (member.penalty, member.unreliable) == (0.1, True)


def test_a_parameter_that_a_member_does_not_have_is_refused() -> None:
    with pytest.raises(TypeError, match="beta"):
        make_member("nbd", {"r": 1.0, "alpha": 1.0, "beta": 1.0})
