"""Figures as the report shows them."""

import pytest

from training.report.number_format import as_percent, as_signed

SPACE = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("share", "decimals", "text"),
    [
        (0.1234, 1, f"12.3{SPACE}%"),
        (0.1234, 0, f"12{SPACE}%"),
        (0.0, 1, f"0.0{SPACE}%"),
        (0.0004, 1, f"<{SPACE}0.1{SPACE}%"),
        (0.0005, 1, f"0.1{SPACE}%"),
        (0.004, 0, f"<{SPACE}1{SPACE}%"),
        (1.0, 0, f"100{SPACE}%"),
    ],
)
def test_a_share_above_nothing_is_never_shown_as_nothing(
    share: float, decimals: int, text: str
) -> None:
    assert as_percent(share, decimals) == text


@pytest.mark.parametrize(
    ("value", "text"), [(1.26, "+1.3"), (0.0, "+0.0"), (-1.26, "\N{MINUS SIGN}1.3")]
)
def test_a_difference_has_its_sign(value: float, text: str) -> None:
    assert as_signed(value) == text
