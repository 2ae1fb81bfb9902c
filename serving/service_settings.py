"""Settings of the service, read from environment variables; nothing is read at import."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from features.errors import refuse

# Name of the variable -> (meaning, default); a test compares them with docs/how-to/serve.md.
SETTINGS: dict[str, tuple[str, str]] = {
    "NEXTBUY_SHOP": ("path of nextbuy.toml", "nextbuy.toml"),
    "NEXTBUY_POLL_SECONDS": (
        "how often new champions and store builds are looked for",
        "10",
    ),
    "NEXTBUY_MAX_AGE_HOURS": (
        "how old the store may be at the instant asked about",
        "48",
    ),
    "NEXTBUY_EXPIRES_HOURS": ("how long an answer may be used", "24"),
}


@dataclass(frozen=True)
class Settings:
    """Settings that the environment gives the service.

    Attributes
    ----------
    shop : path
        The shop's nextbuy.toml.
    poll_seconds : float
        Seconds between two looks for new champions and a new build of the history store.
    max_age_hours : float
        How many hours the store's data may end before the instant that is asked about.
    expires_hours : float
        For how many hours an answer may be used.
    """

    shop: Path
    poll_seconds: float
    max_age_hours: float
    expires_hours: float


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings of the service.

    Parameters
    ----------
    environment : mapping of str to str
        Environment variables; a variable of `SETTINGS` that is missing has its default.

    Raises
    ------
    InputError
        A variable that must be a number above 0 is none.
    """
    values = {name: environment.get(name, default) for name, (_, default) in SETTINGS.items()}
    return Settings(
        shop=Path(values["NEXTBUY_SHOP"]),
        poll_seconds=_read_positive_number("NEXTBUY_POLL_SECONDS", values),
        max_age_hours=_read_positive_number("NEXTBUY_MAX_AGE_HOURS", values),
        expires_hours=_read_positive_number("NEXTBUY_EXPIRES_HOURS", values),
    )


def _read_positive_number(name: str, values: Mapping[str, str]) -> float:
    try:
        value = float(values[name])
    except ValueError:
        value = float("nan")
    if not value > 0:
        raise refuse(name, "a number above 0", f"'{values[name]}'", "Correct the environment.")
    return value
