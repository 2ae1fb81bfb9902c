"""Tables of the consent world: they keep the input contract, and show no engagement."""

from pathlib import Path

import numpy as np

from benchmarks.channel.consent_settings import ConsentSettings
from benchmarks.channel.consent_tables import START, to_microseconds, to_seconds
from benchmarks.channel.consent_world import draw_consent_world
from features.log.log import read_log
from features.shop.shop import read_shop


def test_seconds_count_from_a_local_midnight() -> None:
    assert START.day_name() == "Monday"
    instant = int(to_microseconds(np.array([3_600]))[0])
    assert to_seconds(instant) == 3_600
    assert instant == int((START.timestamp() + 3_600) * 1_000_000)


def test_the_shop_is_read_without_a_fault(tmp_path: Path) -> None:
    settings = ConsentSettings(sends=4_000, households=True)
    world = draw_consent_world(0, tmp_path / "shop", settings)
    log = read_log(read_shop(world.config))
    provided, until = log.provided, log.observed_until
    first, last = log.span("messages")
    log.close()
    assert set(provided) == {"orders", "customers", "consents", "messages"}
    assert {"country", "attr_age_band", "attr_colour", "attr_household"} <= provided["customers"]
    assert not any("engagement" in column for columns in provided.values() for column in columns)
    assert until == world.end
    assert first is not None and last is not None
    assert last + 7 * 86_400_000_000 < until
