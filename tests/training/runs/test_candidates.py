"""The judgement that decides on a promotion."""

import numpy as np

from training.runs.candidates import Judgement


def test_a_loss_within_chance_is_no_loss() -> None:
    rng = np.random.default_rng(0)
    same, noise = np.ones(500), rng.normal(0, 1, 500)
    assert not Judgement.of(same + noise, same + rng.permutation(noise)).lost
    assert Judgement.of(same + 0.3 + 0.1 * noise, same).lost
    assert not Judgement.of(same - 0.3 + 0.1 * noise, same).lost
    assert not Judgement.of(np.ones(1), np.zeros(1)).lost  # one outcome judges nothing
