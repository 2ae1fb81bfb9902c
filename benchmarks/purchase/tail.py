"""Compares two laws beyond the horizon: tilted by the models, and BG/NBD's (`make bench-tail`).

Of those who had not returned within H, what they did until 270 days after the origin or the end
of the log: CRPS of P(back within h days | not within H) over all days h beyond H. The origins
are early enough for that; Complete Journey is one year, of households of whom all but 150 are
back within H.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.purchase.origins import HORIZON, Origin, fit_origin, report_logs
from benchmarks.rows import Row, report_each
from features.arrays import Floats
from features.log.log import Log, read_log
from features.shop.shop import read_shop
from features.windows import DAY, Window
from models.btyd.history import rfm_arrays
from training.labels import make_labels
from training.metrics.bootstrap import paired_difference

_UNTIL = 270
_ORIGINS = {
    "CDNOW": ("1997-06-15", "1997-07-31", "1997-09-30", "1997-12-31"),
    "Online Retail II": ("2010-07-08", "2010-09-09", "2010-12-09", "2011-03-10", "2011-06-09"),
    "sparse": ("2024-09-30", "2024-12-31", "2025-06-30"),
    "dense": ("2024-09-30", "2024-12-31", "2025-06-30"),
}


@dataclass(frozen=True)
class Judged:
    """Losses beyond the horizon of the customers who were not back within it.

    Attributes
    ----------
    customer : Series (n,)
        Their ids.
    tilted, plain : array (n,)
        CRPS in days of the tilted law, and of BG/NBD's.
    """

    customer: pd.Series
    tilted: Floats
    plain: Floats


def main() -> None:
    """Judge both laws on all logs."""
    report_each("tail", report_logs(list(_ORIGINS), _measure))


def _measure(name: str, shop: Path, _: Sequence[str]) -> Iterator[Row]:
    log, origins = read_log(read_shop(shop)), _ORIGINS[name]
    judged = [_judge(log, fit_origin(log, origin)) for origin in origins]
    for origin, one in zip(origins, judged, strict=True):
        yield _against(f"{name} {origin}", [one])
    yield _against(name, judged)


def _judge(log: Log, at: Origin) -> Judged:
    """Score both laws on those who were not back within H."""
    cutoff = at.slices.cutoff
    until = min(_UNTIL, (log.observed_until - cutoff) // DAY)
    labels = make_labels(log, at.population, Window(cutoff, horizon=until), log.observed_until)
    back = labels["days_to_next"].to_numpy()
    silent = (back == 0) | (back > HORIZON)
    inputs, back = at.population[silent], back[silent, None]
    days = np.arange(HORIZON + 1, until + 1)
    p_return = 1.0 - at.churn.predict(inputs)
    theirs = at.timing.btyd.p_within(*rfm_arrays(inputs), [HORIZON])[:, 0]
    tilted = at.timing.tail(inputs, days, p_return, at.churn.lead)
    plain = at.timing.tail(inputs, days, theirs, 0.0)
    gone = (back == 0) | (back > days)
    return Judged(
        inputs["customer_id"],
        ((tilted - gone) ** 2).sum(axis=1),
        ((plain - gone) ** 2).sum(axis=1),
    )


def _against(label: str, judged: Sequence[Judged]) -> Row:
    difference = paired_difference(
        np.concatenate([j.tilted for j in judged]),
        np.concatenate([j.plain for j in judged]),
        pd.concat([j.customer for j in judged]).to_numpy(),
    )
    label = f"{label}: CRPS beyond the horizon against BG/NBD's tail, %"
    return Row(
        label,
        difference.percent,
        difference.low,
        difference.high,
        "high <= 0",
        difference.high <= 0,
    )


if __name__ == "__main__":
    main()
