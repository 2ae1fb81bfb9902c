"""The churn job: search on the validation origins, fit, look at the holdout once."""

from collections.abc import Callable
from dataclasses import asdict, replace

import mlflow
import pandas as pd

from features.inputs.log import Log
from models.churn import ChurnModel
from training.comparison import OURS
from training.metrics import frequency_buckets, log_loss_by_row, score_probability
from training.publish import Candidate, Judgement
from training.recipes import CHURN, SEED
from training.runs import log_candidate, log_plots, log_scores, slice_flags, training_run
from training.study import Origin, Study
from training.tune import Budget, flatten, tune


def train_churn(
    log: Log, study: Study, budget: Budget, progress: Callable[[str], None]
) -> Candidate:
    """Train churn as one MLflow run; registers nothing."""
    flags = asdict(budget) | slice_flags(study.slices)
    with training_run(log, "churn", study.slices.cutoff, flags):
        settings = tune(log, CHURN, study, budget, progress)
        mlflow.log_params(flatten(settings))
        model = CHURN.fit(study.slices, settings, SEED)
        _log_scores("train", model, study.train)
        tested: dict[str, ChurnModel] = {}
        if study.valid is not None:
            tested["valid"] = CHURN.fit(study.valid.slices, settings, SEED)
            _log_scores("valid", tested["valid"], study.valid)
        if study.holdout is not None:
            tested["holdout"] = model
            _log_scores("holdout", model, study.holdout)
        judgement = _compare(tested[study.test.split], study.test)
        sample = study.slices.latest.head(5)
        example = sample, pd.DataFrame({"p_churn": model.predict(sample)})
        progress("churn")
        cutoff = study.slices.cutoff
        candidate = log_candidate(log, "churn", model, cutoff, example, judgement)
        return replace(candidate, tested=tested)


def _log_scores(split: str, model: ChurnModel, origin: Origin) -> None:
    returned = origin.labels["returned"].to_numpy()
    p_return = 1 - model.predict(origin.population)
    log_scores(split, score_probability(returned, p_return))
    for bucket, rows in frequency_buckets(origin.population["frequency"].to_numpy()).items():
        scores = score_probability(returned[rows], p_return[rows])
        log_scores(f"{split}.frequency_{bucket}", scores)


def _compare(model: ChurnModel, test: Origin) -> Judgement:
    """Log plots and the table beside the baselines; judge against the base rate."""
    returned = test.labels["returned"].to_numpy()
    p_return = {OURS: 1 - model.predict(test.population)}
    p_return |= {name: law[:, -1] for name, law in test.baseline_laws.items()}
    rows = [{"model": n} | score_probability(returned, p) for n, p in p_return.items()]
    mlflow.log_text(pd.DataFrame(rows).to_csv(index=False), f"{test.split}_baselines.csv")
    shown = {n: p_return[n] for n in (OURS, "BG/NBD", "LightGBM-RFM")}
    log_plots(test.split, returned, shown, f"Buys within {model.horizon_days} days")
    losses = [log_loss_by_row(returned, p_return[name]) for name in (OURS, "base rate")]
    return Judgement.of(*losses)
