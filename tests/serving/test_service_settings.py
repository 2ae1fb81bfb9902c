"""Settings of the service from environment variables."""

import pytest

from features.errors import InputError
from serving.service_settings import read_settings


def test_the_defaults_need_no_environment() -> None:
    settings = read_settings({})
    assert settings.shop.name == "nextbuy.toml"
    assert (settings.poll_seconds, settings.max_age_hours, settings.expires_hours) == (10, 48, 24)


@pytest.mark.parametrize("value", ["never", "0", "-1", "nan", ""])
def test_a_number_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(InputError, match="NEXTBUY_POLL_SECONDS: expected a number above 0"):
        read_settings({"NEXTBUY_POLL_SECONDS": value})
