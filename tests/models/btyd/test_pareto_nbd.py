"""Tests of the Pareto/NBD model against the published closed form of its likelihood."""

import numpy as np
from scipy.special import gammaln, hyp2f1

from models.btyd.history import rfm_arrays
from models.btyd.pareto_nbd import ParetoNbd


def _closed_form(model: ParetoNbd, x, t_x, T) -> np.ndarray:
    """Compute the likelihood by Fader & Hardie (2005, eq. 17-20), for alpha <= beta."""
    r, alpha, s, beta = model.r, model.alpha, model.s, model.beta
    t_x, T, total = t_x / 7, T / 7, r + s + x

    def term(t):
        z = (beta - alpha) / (beta + t)
        return hyp2f1(total, r + x, total + 1, z) / (beta + t) ** total

    rate = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    alive = (alpha + T) ** -(r + x) * (beta + T) ** -s
    return rate + np.log(alive + s / total * (term(t_x) - term(T)))


def test_the_likelihood_is_that_of_the_published_closed_form(sample) -> None:
    x, t_x, T = rfm_arrays(sample)
    member = ParetoNbd(0.553, 10.578, 0.606, 11.669)
    np.testing.assert_allclose(
        member.log_likelihood(x, t_x, T), _closed_form(member, x, t_x, T), rtol=1e-9, atol=1e-9
    )


def test_hazards_and_probabilities_of_a_return_agree(sample) -> None:
    member, histories = ParetoNbd(0.553, 10.578, 0.606, 11.669), rfm_arrays(sample[:50])
    edges = [3, 10, 30, 90]
    returned = 1 - np.cumprod(1 - member.return_hazards(*histories, edges), axis=1)
    within = member.p_within(*histories, edges)
    np.testing.assert_allclose(returned, within[:, :-1] / within[:, -1:], rtol=1e-6)
