"""Our forecast beside every baseline on the last 90 days. Run with `make bench-holdout`.

CDNOW (real) and the simulated shop of the demo; the models are trained exactly as the demo
trains them. Intervals are of the paired difference over customers, by bootstrap.
"""

import tempfile
from pathlib import Path

import numpy as np
from rich.console import Console

from benchmarks.rows import Row, report
from features.inputs.log import read_log
from features.inputs.shop import read_shop
from models.crps import crps_by_customer
from models.forecast import make_forecast
from models.registry import read_version
from nextbuy.cdnow import write_cdnow
from nextbuy.demo import SIMULATED_CUSTOMERS, TRIALS
from nextbuy.reports import show_holdout
from nextbuy.simulator import simulate_shop
from training.study import make_study
from training.train import train

_DRAWS = 2000


def main() -> None:
    """Train and judge both shops."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, config in (
            ("CDNOW", write_cdnow(Path(folder) / "cdnow")),
            ("simulated", simulate_shop(Path(folder) / "simulated", SIMULATED_CUSTOMERS)),
        ):
            rows += _judge(name, config)
    report("holdout", rows)


def _judge(name: str, config: Path) -> list[Row]:
    log = read_log(read_shop(config))
    trained = train(log, ["churn", "repurchase-timing"], trials=TRIALS)
    show_holdout(Console(), trained.holdout)
    origin = make_study(log, trained.cutoff).holdout
    uri = log.shop.tracking_uri
    models = [read_version(uri, k, "challenger").model for k in ("churn", "repurchase-timing")]
    ours = make_forecast(*models, origin.population).within[:, : models[0].horizon_days + 1]
    days = origin.labels["days_to_next"].to_numpy()
    mine = crps_by_customer(days, ours)
    return [
        _row(f"{name}: CRPS against {rival}, %", mine, crps_by_customer(days, law))
        for rival, law in origin.baseline_laws.items()
    ]


def _row(figure: str, mine: np.ndarray, theirs: np.ndarray) -> Row:
    rng = np.random.default_rng(0)
    draws = []
    for _ in range(_DRAWS):
        rows = rng.integers(0, len(mine), len(mine))
        draws.append(100 * (mine[rows].mean() / theirs[rows].mean() - 1))
    low, high = np.quantile(draws, [0.025, 0.975])
    value = 100 * (mine.mean() / theirs.mean() - 1)
    return Row(figure, value, low, high, "high < 0", bool(high < 0))


if __name__ == "__main__":
    main()
