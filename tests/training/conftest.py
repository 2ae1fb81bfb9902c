"""Fixtures that several tests of trainings share."""

from pathlib import Path

import numpy as np
import pytest

from nextbuy.simulator.simulator import simulate_shop
from tests.training.drawn_messages import draw_messages, study_of
from tests.training.judged_origins import make_judged
from training.channel.study import PolicyStudy
from training.evaluation.evaluation import Evaluation


@pytest.fixture(scope="session")
def evaluation() -> Evaluation:
    """Two origins of 600 customers with a horizon of 60 days."""
    return Evaluation(
        [make_judged("valid", "2025-01-31", seed=1), make_judged("holdout", "2025-04-01", seed=2)]
    )


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Configuration of a simulated shop of 400 customers, one per test module."""
    return simulate_shop(tmp_path_factory.mktemp("small"), 400)


@pytest.fixture(scope="session")
def study() -> PolicyStudy:
    """Study 15,000 messages whose arms were drawn at random."""
    return study_of(draw_messages(15_000))


@pytest.fixture(scope="session")
def confounded() -> PolicyStudy:
    """Study 12,000 messages of which nothing was drawn at random."""
    rows = draw_messages(12_000, drawn=0.0)
    some = np.arange(len(rows)) % 5 == 0  # nobody drew these either: a rule without a reason
    rows.loc[some, "channel"] = "none"
    return study_of(rows)


@pytest.fixture(scope="session")
def unknown() -> PolicyStudy:
    """Study 6,000 messages drawn between two channels; nobody was left without a message."""
    rows = draw_messages(9000)
    return study_of(rows[rows["channel"] != "none"].assign(propensity=0.5, randomised=True))
