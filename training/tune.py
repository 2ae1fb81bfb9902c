"""The hyper-parameter search: seeded, budgeted by trials, on a validation origin only."""

from collections.abc import Callable

import mlflow
import optuna

from models.booster import BoosterSettings
from models.churn import fit_churn
from training.backtest import SEED
from training.metrics import mean_log_loss
from training.study import Origin


def search_space(trial: optuna.Trial) -> BoosterSettings:
    """Draw the hyper-parameters of the churn booster."""
    return BoosterSettings(
        rounds=trial.suggest_int("rounds", 50, 300, step=50),
        leaves=trial.suggest_int("leaves", 5, 31),
        min_rows=trial.suggest_int("min_rows", 50, 500, log=True),
        l2=trial.suggest_float("l2", 1.0, 100.0, log=True),
    )


def tune_churn(
    valid: Origin, trials: int, progress: Callable[[str], None] = lambda _: None
) -> BoosterSettings:
    """Search the churn booster's hyper-parameters; the default ones are the first trial.

    Parameters
    ----------
    valid : Origin
        The validation origin; the holdout is never seen.

    Returns
    -------
    BoosterSettings
        Those with the lowest log-loss. The same data, seed and number of trials give the same.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    returned = valid.labels["returned"].to_numpy()

    def objective(trial: optuna.Trial) -> float:
        settings = search_space(trial)
        p_churn = fit_churn(valid.slices, settings, SEED).predict(valid.population)
        loss = mean_log_loss(returned, 1 - p_churn)
        with mlflow.start_run(run_name=f"trial {trial.number}", nested=True):
            mlflow.log_params(trial.params)
            mlflow.log_metric("valid.log_loss", loss)
        progress(f"trial {trial.number + 1}")
        return loss

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=SEED))
    defaults = BoosterSettings()
    study.enqueue_trial({n: getattr(defaults, n) for n in ("rounds", "leaves", "min_rows", "l2")})
    study.optimize(objective, n_trials=trials)
    return search_space(optuna.trial.FixedTrial(study.best_params))
