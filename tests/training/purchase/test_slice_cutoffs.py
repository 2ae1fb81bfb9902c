from itertools import pairwise
from pathlib import Path

from features.log.log import read_log
from features.shop.shop import read_shop
from features.windows import DAY, local_day, read_cutoff
from training.purchase.slice_cutoffs import holdout_cutoff, walk_training_origins


def test_every_label_of_a_model_closes_before_its_cutoff(simulated) -> None:
    origins = list(walk_training_origins(simulated.log, simulated.cutoff, 90))
    assert len(origins) == 10
    assert max(origins) + 90 * DAY <= simulated.cutoff
    days = [local_day(origin, simulated.shop.timezone) for origin in origins]
    assert [a - b for a, b in pairwise(days)] == [28] * 9


def test_the_settle_time_moves_the_origins_back(simulated, tmp_path: Path) -> None:
    config = tmp_path / "nextbuy.toml"
    text = simulated.config.read_text().replace(
        "horizon_days = 90", "horizon_days = 90\nsettle_days = 14"
    )
    config.write_text(text.replace('path = "', f'path = "{simulated.config.parent}/'))
    log = read_log(read_shop(config))
    assert holdout_cutoff(log, 90) + 104 * DAY <= log.observed_until
    assert max(walk_training_origins(log, simulated.cutoff, 90)) + 104 * DAY <= simulated.cutoff


def test_the_default_cutoff_leaves_the_last_horizon_as_the_holdout(cdnow) -> None:
    assert cdnow.cutoff == read_cutoff("1998-04-01", cdnow.shop.timezone)
    assert cdnow.log.observed_until - cdnow.cutoff == 90 * DAY
