"""Values of policies from randomised decisions, against values that are known."""

import numpy as np
import pytest

from features.arrays import Floats
from features.errors import InputError
from training.channel.logged_decisions import LoggedDecisions
from training.channel.policy_value import count_sends_needed, gains, policy_values

ARMS = 4


def _world(seed: int, rows: int, *, model_error: float = 0.0) -> tuple[LoggedDecisions, Floats]:
    """Draw decisions of customers with two each; give the true chances by arm as well."""
    rng = np.random.default_rng(seed)
    customer = np.arange(rows) // 2
    liking = rng.normal(size=(rows // 2, ARMS))[customer]
    truth = 1 / (1 + np.exp(2.0 - 0.5 * liking))
    logged = rng.dirichlet(np.full(ARMS, 5.0), size=rows)
    arm = (rng.random(rows)[:, None] > logged.cumsum(axis=1)).sum(axis=1)
    drawn = np.arange(rows), arm
    outcome = (rng.random(rows) < truth[drawn]).astype(float)
    model = np.clip(truth + model_error, 0, 1)
    return LoggedDecisions(customer, arm, logged[drawn], outcome, model), truth


def _policies(truth: Floats) -> dict[str, Floats]:
    best = np.eye(ARMS)[truth.argmax(axis=1)]
    return {"best": best, "first": np.eye(ARMS)[np.zeros(len(truth), dtype=int)]}


@pytest.mark.parametrize("model_error", [0.0, 0.2])
def test_the_value_is_found_even_by_a_wrong_model(model_error: float) -> None:
    decisions, truth = _world(0, 40_000, model_error=model_error)
    policies = _policies(truth)
    for name, found in policy_values(decisions, policies).items():
        true = float((policies[name] * truth).sum(axis=1).mean())
        for estimate in (found.dr, found.snips):
            assert estimate.value == pytest.approx(true, rel=0.06)
            assert estimate.low <= true <= estimate.high


def test_the_intervals_of_all_policies_hold_together_as_often_as_they_say() -> None:
    held: dict[str, list[bool]] = {"dr": [], "snips": [], "dros": []}
    for seed in range(200):
        decisions, truth = _world(seed, 1500)
        policies = _policies(truth)
        found = policy_values(decisions, policies, seed=seed)
        trues = {name: (p * truth).sum(axis=1).mean() for name, p in policies.items()}
        for kind, of_kind in held.items():
            estimates = {name: getattr(found[name], kind) for name in policies}
            of_kind.append(all(e.low <= trues[name] <= e.high for name, e in estimates.items()))
    for kind, of_kind in held.items():
        assert 0.91 <= np.mean(of_kind) <= 0.99, kind


def test_the_interval_of_the_shrunken_value_is_as_wide_as_the_doubly_robust_one() -> None:
    decisions, truth = _world(4, 2000, model_error=0.2)
    for found in policy_values(decisions, _policies(truth)).values():
        assert found.dros.value != found.dr.value
        assert found.dros.high - found.dros.low == pytest.approx(found.dr.high - found.dr.low)


def test_a_gain_is_told_more_closely_than_the_values_it_is_of() -> None:
    decisions, truth = _world(3, 4000)
    policies = _policies(truth)
    same = policies | {
        "nearly best": np.where(truth[:, :1] > 0.2, policies["first"], policies["best"])
    }
    gain = gains(decisions, same, "best")["nearly best"]
    values = policy_values(decisions, same)
    assert gain.error < values["best"].dr.error
    assert gain.value == pytest.approx(values["nearly best"].dr.value - values["best"].dr.value)


def test_the_policy_that_logged_has_all_rows_to_speak_for_it() -> None:
    rows = 1000
    rng = np.random.default_rng(1)
    arm = rng.integers(ARMS, size=rows)
    outcome = (rng.random(rows) < 0.1).astype(float)
    quarter = np.full((rows, ARMS), 1 / ARMS)
    decisions = LoggedDecisions(
        np.arange(rows), arm, np.full(rows, 1 / ARMS), outcome, np.zeros((rows, ARMS))
    )
    found = policy_values(decisions, {"uniform": quarter})["uniform"]
    assert found.effective == pytest.approx(rows)
    assert found.largest_share == pytest.approx(1 / rows)
    for estimate in (found.dr, found.snips):
        assert estimate.value == pytest.approx(outcome.mean())


def test_a_customer_with_many_decisions_is_one_customer() -> None:
    decisions, truth = _world(5, 2000)
    policies = _policies(truth)
    alone = policy_values(decisions, policies)["best"].dr
    copies = LoggedDecisions(
        *(np.repeat(getattr(decisions, name), 10, axis=0)
          for name in ("cluster", "arm", "propensity", "outcome", "model"))
    )  # fmt: skip
    together = policy_values(
        copies, {name: np.repeat(p, 10, axis=0) for name, p in policies.items()}
    )["best"].dr
    assert together.error == pytest.approx(alone.error)


def test_what_was_not_drawn_at_random_is_refused() -> None:
    decisions, _ = _world(0, 10)
    with pytest.raises(InputError, match="propensity: expected the logged chance"):
        LoggedDecisions(
            decisions.cluster, decisions.arm, np.zeros(10), decisions.outcome, decisions.model
        )


def test_a_policy_whose_chances_do_not_sum_to_one_is_refused() -> None:
    decisions, _ = _world(0, 10)
    with pytest.raises(InputError, match=r"policies\.half: expected chances"):
        policy_values(decisions, {"half": np.full((10, ARMS), 0.5 / ARMS)})


def _without_last_arm(rows: int = 4000) -> tuple[LoggedDecisions, dict[str, Floats]]:
    """Draw evenly among all arms but the last; give three policies, one of the last arm alone."""
    decisions, truth = _world(7, rows)
    arm = np.random.default_rng(8).integers(ARMS - 1, size=rows)
    drawn = LoggedDecisions(
        decisions.cluster, arm, np.full(rows, 1 / (ARMS - 1)), decisions.outcome, decisions.model
    )
    best = np.eye(ARMS)[truth[:, : ARMS - 1].argmax(axis=1)]
    first, last = (np.eye(ARMS)[np.full(rows, column)] for column in (0, ARMS - 1))
    return drawn, {"best": best, "last": last, "first": first}


def test_a_policy_of_which_nothing_was_drawn_is_not_known_and_changes_no_other() -> None:
    decisions, policies = _without_last_arm()
    known = {name: chances for name, chances in policies.items() if name != "last"}
    values = policy_values(decisions, policies)
    assert list(values) == list(policies)
    assert {name: values[name] for name in known} == policy_values(decisions, known)
    last = values["last"]
    assert not last.known
    assert (last.drawn_share, last.effective) == (0.0, 0.0)
    for estimate in (last.dr, last.snips, last.dros):
        assert np.isnan([estimate.value, estimate.error, estimate.low, estimate.high]).all()
    differences = gains(decisions, policies, "first")
    assert np.isnan(differences["last"].value)
    assert differences["best"] == gains(decisions, known, "first")["best"]


def test_nothing_is_known_where_no_policy_is() -> None:
    decisions, policies = _without_last_arm()
    assert not policy_values(decisions, {"last": policies["last"]})["last"].known
    against = gains(decisions, policies, "last")
    assert set(against) == {"best", "first"}
    assert np.isnan([gain.value for gain in against.values()]).all()


def test_the_share_that_was_drawn_is_that_of_the_decisions_whose_arm_could_be() -> None:
    """The last arm could only be drawn for a part of the customers, which the log does not say."""
    rows = 20_000
    rng = np.random.default_rng(9)
    for could in (0.2, 0.4, 0.6, 0.95):
        possible = rng.random(rows) < could
        arm = np.where(possible, rng.integers(2, size=rows), 0)
        decisions = LoggedDecisions(
            np.arange(rows), arm, np.where(possible, 0.5, 1.0), np.zeros(rows), np.zeros((rows, 2))
        )
        last = np.eye(2)[np.ones(rows, dtype=int)]
        value = policy_values(decisions, {"last": last})["last"]
        assert value.drawn_share == pytest.approx(could, abs=0.02)
        assert value.known == (could > 0.5)


@pytest.mark.parametrize("arm", [-1, ARMS])
def test_an_arm_that_does_not_exist_is_refused(arm: int) -> None:
    decisions, _ = _world(0, 10)
    with pytest.raises(InputError, match=r"an arm of 0 to 3"):
        LoggedDecisions(
            decisions.cluster, np.full(10, arm), decisions.propensity, decisions.outcome,
            decisions.model,
        )  # fmt: skip


def test_a_gain_over_a_policy_that_was_not_given_is_refused() -> None:
    decisions, truth = _world(0, 10)
    with pytest.raises(InputError, match="against: expected one of best, first"):
        gains(decisions, _policies(truth), "worst")


def test_the_sends_that_a_small_effect_needs() -> None:
    assert count_sends_needed(0.02, 0.10) == pytest.approx(77_000, rel=0.01)
    assert count_sends_needed(0.02, 0.20) == pytest.approx(19_000, rel=0.02)
