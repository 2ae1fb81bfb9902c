"""Faults and the error that carries them read as sentences with expected, got and remedy."""

from features.errors import Fault, InputError, NextbuyError, refuse


def test_a_fault_is_written_as_place_expected_got_and_remedy() -> None:
    fault = Fault("orders.amount", "0 or more", "-3", "Move refunds.", 1, 9, ("row 2: '-3'",))
    assert str(fault) == "orders.amount: expected 0 or more, got -3. Move refunds."


def test_an_input_error_names_all_its_faults_one_a_line() -> None:
    faults = [Fault("a", "x", "y", "Do this."), Fault("b", "u", "v", "Do that.")]
    error = InputError(faults)
    assert error.faults == faults
    assert str(error).splitlines() == [str(fault) for fault in faults]


def test_refuse_makes_an_error_that_users_may_see_and_does_not_raise_it() -> None:
    error = refuse("cutoff", "an instant", "'soon'", "Write it in ISO 8601.")
    assert isinstance(error, NextbuyError)
    assert error.faults == [Fault("cutoff", "an instant", "'soon'", "Write it in ISO 8601.")]
