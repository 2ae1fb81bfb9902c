"""Candidates: registered model versions, and the figures that decide on their promotion."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from features.arrays import Floats
from models.artefact import Head, Model

EXCESS_TAG, ERROR_TAG = "gate.excess_loss", "gate.standard_error"


@dataclass(frozen=True)
class Judgement:
    """How a model did against the simplest rival, on outcomes that it had not seen.

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
        """Judge by the losses of the same rows."""
        difference = np.asarray(ours) - np.asarray(rival)
        if len(difference) < 2:
            return cls(float("nan"), float("nan"))
        return cls(
            float(difference.mean()), float(difference.std(ddof=1) / np.sqrt(len(difference)))
        )

    @property
    def lost(self) -> bool:
        """Whether the model is worse by more than chance explains (two standard errors)."""
        return self.excess > 2 * self.error


@dataclass(frozen=True)
class Candidate:
    """A fitted model, logged in its run, not registered yet.

    Attributes
    ----------
    tested : dict of str to Model
        The model that was judged at each origin, by its split: fitted on that origin's slices.
    """

    head: Head
    model: Model
    run_id: str
    source: str
    sha256: str
    judgement: Judgement
    tested: Mapping[str, Model] = field(default_factory=dict)
