"""The few customers whose forecasts the report shows."""

import pytest

from tests.training.judged_origins import make_tiny_judged
from training.evaluation.evaluation import Evaluation
from training.evaluation.sample_customers import choose_samples, sample_laws, sample_windows
from training.metrics.probabilities import OURS


def test_samples_are_chosen_by_their_chance_and_nobody_twice() -> None:
    law = [[0.0, 0.1, p] for p in (0.1, 0.2, 0.3, 0.4, 0.5)]
    judged = make_tiny_judged({OURS: law}, [0, 0, 1, 2, 0])
    assert choose_samples(judged) == {
        "customer A": 4, "customer B": 3, "customer C": 2, "customer D": 1, "customer E": 0,
    }  # fmt: skip
    alike = make_tiny_judged({OURS: [[0.0, 0.1, 0.3]] * 4}, [0] * 4)
    assert choose_samples(alike) == {"customer A": 0}


def test_a_window_is_where_the_law_given_a_return_passes_its_shares() -> None:
    windows = sample_windows(make_tiny_judged({OURS: [[0.0, 0.2, 0.2, 0.4]]}, [3]))
    row = windows.iloc[0]
    assert (row["p_within"], row["days_to_next"]) == (0.4, 3)
    shares = row[["p10", "p25", "p50", "p75", "p90"]].tolist()
    assert shares == pytest.approx([0.2, 0.5, 1.0, 2.5, 2.8])
    assert sample_windows(make_tiny_judged({OURS: [[0.0, 0.0]]}, [0])).loc[0, "p50"] == 1.0


def test_no_id_stands_in_the_samples(evaluation: Evaluation) -> None:
    for frame in (sample_laws(evaluation.test), sample_windows(evaluation.test)):
        assert "secret" not in frame.to_csv()
