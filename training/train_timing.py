"""The repurchase-timing job: when a returning customer is back, and what that is worth."""

from collections.abc import Callable

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.log import Log
from models.timing import TimingModel
from training.backtest import TIMING_SETTINGS, fit_timing_on
from training.baselines import empirical_law
from training.metrics import coverage, crps, frequency_buckets
from training.publish import Candidate
from training.runs import log_candidate, log_scores, training_run
from training.study import Origin, Study

Floats = NDArray[np.float64]


def train_timing(log: Log, study: Study, progress: Callable[[str], None]) -> Candidate:
    """Train repurchase timing as one MLflow run; registers nothing."""
    settings = TIMING_SETTINGS
    flags = msgspec.structs.asdict(settings) | {"slices": study.slices.frame["cutoff"].nunique()}
    with training_run(log, "repurchase-timing", study.slices.cutoff, flags):
        model = fit_timing_on(study.slices, settings)
        if study.valid is not None:
            valid = fit_timing_on(study.valid.slices, settings)
            _log_scores("valid", valid, study.valid)
        if study.holdout is not None:
            _log_scores("holdout", model, study.holdout)
        test = study.test
        judged = _compare(model if test is study.holdout else valid, test)
        sample = study.slices.latest.head(5)
        law = model.given_return(sample)
        outputs = pd.DataFrame(law, columns=[f"given_return_{h}d" for h in range(law.shape[1])])
        progress("repurchase-timing")
        return log_candidate(
            log,
            "repurchase-timing",
            model,
            study.slices.cutoff,
            (sample, outputs),
            judged,
        )


def _log_scores(split: str, model: TimingModel, origin: Origin) -> None:
    """Score the law given a return, on those who returned."""
    population, labels = _returners(origin)
    law, days = model.given_return(population), labels["days_to_next"].to_numpy()
    log_scores(split, _score(days, law))
    for bucket, rows in frequency_buckets(population["frequency"].to_numpy()).items():
        log_scores(f"{split}.frequency_{bucket}", _score(days[rows], law[rows]))


def _score(days: NDArray[np.int_], law: Floats) -> dict[str, float]:
    shares = {f"in_window_{share}": coverage(days, law, share / 100) for share in (50, 80)}
    return {"crps": crps(days, law), **shares}


def _compare(model: TimingModel, test: Origin) -> tuple[float, float]:
    """Give the CRPS of our law and of the pooled one of earlier returners; log BG/NBD's too."""
    population, labels = _returners(test)
    days = labels["days_to_next"].to_numpy()
    alone = msgspec.structs.replace(model, booster=None).given_return(population)
    earlier = test.slices.labels
    pooled = empirical_law(earlier["days_to_next"][earlier["returned"]], model.horizon_days)
    rivals = {"bg_nbd": crps(days, alone), "pooled": crps(days, np.tile(pooled, (len(days), 1)))}
    log_scores(test.split, {f"crps_of_{name}": value for name, value in rivals.items()})
    return crps(days, model.given_return(population)), rivals["pooled"]


def _returners(origin: Origin) -> tuple[pd.DataFrame, pd.DataFrame]:
    returned = origin.labels["returned"]
    return origin.population[returned], origin.labels[returned]
