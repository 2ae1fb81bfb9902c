"""Candidates: fitted models that may be registered, with the figures that decide on promotion."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from features.arrays import Floats
from models.artefact import ArtefactHead
from models.kinds import Model

_ROUNDING = 1e-9  # in units of the loss
EXCESS_TAG, ERROR_TAG = "gate.excess_loss", "gate.standard_error"


@dataclass(frozen=True)
class Judgement:
    """How much better or worse a model is than the simplest rival, on outcomes it had not seen.

    Attributes
    ----------
    excess : float
        Mean over the rows of the model's loss less the rival's; below 0 the model is better.
    error : float
        Standard error of `excess`; NaN with fewer than two rows.
    """

    excess: float
    error: float

    @classmethod
    def of(cls, ours: Floats, rival: Floats) -> "Judgement":
        """Judge a model by its losses and a rival's on the same rows.

        Parameters
        ----------
        ours, rival : array (n,)
            Loss of each row; lower is better.

        Returns
        -------
        Judgement
            NaN in both figures with fewer than two rows.
        """
        difference = np.asarray(ours) - np.asarray(rival)
        if len(difference) < 2:
            return cls(float("nan"), float("nan"))
        return cls(
            float(difference.mean()), float(difference.std(ddof=1) / np.sqrt(len(difference)))
        )

    @property
    def lost(self) -> bool:
        """Whether the model's loss exceeds the rival's by more than two standard errors.

        A difference in the last digits, as between two ways to compute the same, does not count.
        """
        return self.excess > 2 * self.error + _ROUNDING


@dataclass(frozen=True)
class Candidate:
    """A fitted model, logged in its MLflow run, not registered yet.

    Attributes
    ----------
    head : Head
        What the artefact states of itself: kind, features, cutoff, population.
    model : Model
        The fitted model.
    run_id : str
        MLflow run that it was logged in.
    source : str
        URI of the logged artefact.
    sha256 : str
        Hash of the artefact's manifest.
    judgement : Judgement
        How it did on outcomes that it had not seen.
    tested : dict of str to Model
        By split, the model that was judged there: fitted on that origin's slices.
    """

    head: ArtefactHead
    model: Model
    run_id: str
    source: str
    sha256: str
    judgement: Judgement
    tested: Mapping[str, Model] = field(default_factory=dict)
