"""The judgement that decides on a promotion."""

import numpy as np
import pytest

from training.runs.candidates import Judgement


def test_a_loss_within_chance_is_no_loss() -> None:
    rng = np.random.default_rng(0)
    same, noise = np.ones(500), rng.normal(0, 1, 500)
    assert not Judgement.of(same + noise, same + rng.permutation(noise)).lost
    assert Judgement.of(same + 0.3 + 0.1 * noise, same).lost
    assert not Judgement.of(same - 0.3 + 0.1 * noise, same).lost
    assert not Judgement.of(np.ones(1), np.zeros(1)).lost  # one outcome judges nothing


def test_a_model_has_lost_beyond_two_standard_errors() -> None:
    assert not Judgement(1.99, 1.0).lost
    assert Judgement(2.01, 1.0).lost


def test_the_error_of_a_judgement_is_that_of_a_mean() -> None:
    found = Judgement.of(np.array([3.0, 5.0, 4.0, 4.0]), np.full(4, 3.0))
    assert found.excess == 1.0
    assert found.error == pytest.approx(np.sqrt(2 / 3 / 4))


def test_a_model_that_says_what_its_rival_says_has_not_lost_by_rounding() -> None:
    rival = np.full(89, 0.7)
    assert not Judgement.of(rival + 1e-16, rival).lost
    assert not Judgement(1e-17, 0.0).lost
    assert Judgement(1e-6, 0.0).lost
