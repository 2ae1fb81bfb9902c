"""The instants of a request: what is read, and what is refused with one error."""

import time
from zoneinfo import ZoneInfo

import pytest

from features.errors import InputError
from features.windows import DAY, read_cutoff
from serving.answers.request_instants import read_as_of, read_send_at

WARSAW = ZoneInfo("Europe/Warsaw")
AS_OF = read_cutoff("2025-10-01", WARSAW)  # the last microsecond of that day


def test_without_a_text_a_request_is_about_now_and_names_no_instant_of_sending() -> None:
    before = time.time_ns() // 1000
    assert before <= read_as_of(None, WARSAW) <= time.time_ns() // 1000
    assert read_send_at(None, AS_OF, WARSAW) is None


def test_a_date_is_the_end_of_that_day_and_no_later_than_now() -> None:
    assert read_as_of("2025-10-01", WARSAW) == AS_OF
    with pytest.raises(InputError, match="as_of: expected an instant not after now"):
        read_as_of("2999-01-01", WARSAW)


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("2025-10-01T23:59:59.999999", 0),
        ("2025-10-15T21:59:59.999999Z", 14 * DAY),
        ("2025-10-02T08:00", 8 * DAY // 24 + 1),
        ("2025-10-02T06:00:00+00:00", 8 * DAY // 24 + 1),
    ],
)
def test_a_message_is_sent_from_as_of_on_within_14_days(text: str, after: int) -> None:
    assert read_send_at(text, AS_OF, WARSAW) == AS_OF + after


@pytest.mark.parametrize(
    "text",
    [
        "2025-10-01T23:59:59",
        "2025-10-15T22:00:00Z",
        "2025-10-02",  # a day has no instant of sending
        "tomorrow at 8:00",
        "",
    ],
)
def test_any_other_instant_of_sending_is_refused_with_one_error(text: str) -> None:
    with pytest.raises(InputError) as raised:
        read_send_at(text, AS_OF, WARSAW)
    assert str(raised.value) == (
        "send_at: expected a date and time from as_of on, at most 14 days after it "
        f"(2025-06-30T12:00:00Z), got '{text}'. Leave it out for the first instant outside quiet "
        "hours."
    )
