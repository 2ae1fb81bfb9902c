"""Settings of the service, from the environment; nothing is read at import."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from features.errors import refuse

# name -> (what it is, default); docs/how-to/serve.md lists them, and a test holds it to that.
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
    """What the service is told from outside."""

    shop: Path
    poll_seconds: float
    max_age_hours: float
    expires_hours: float


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings.

    Raises
    ------
    InputError
        A number that is not one, or not positive.
    """
    values = {name: environment.get(name, default) for name, (_, default) in SETTINGS.items()}
    return Settings(
        Path(values["NEXTBUY_SHOP"]),
        _positive("NEXTBUY_POLL_SECONDS", values),
        _positive("NEXTBUY_MAX_AGE_HOURS", values),
        _positive("NEXTBUY_EXPIRES_HOURS", values),
    )


def _positive(name: str, values: Mapping[str, str]) -> float:
    try:
        value = float(values[name])
    except ValueError:
        value = float("nan")
    if not value > 0:
        raise refuse(name, "a number above 0", f"'{values[name]}'", "Correct the environment.")
    return value
