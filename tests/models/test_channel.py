import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from models.booster import BoosterSettings
from models.channel import MIN_RANDOMISED, ChannelModel, effect_columns, fit_channel

ARMS = ("email", "none", "sms")
TRUE_EFFECT = {"email": 0.3, "none": 0.0, "sms": 0.8}


def _rows(n: int, randomised: float, seed: int = 0) -> pd.DataFrame:
    """Messages whose true effects are known; the targeting prefers e-mail for likely buyers."""
    rng = np.random.default_rng(seed)
    likely = rng.normal(0, 1, n)
    channel = np.where(likely > 0, "email", "sms").astype(object)
    at_random = rng.random(n) < randomised
    channel[at_random] = rng.choice(ARMS, at_random.sum())
    score = -2 + likely + np.array([TRUE_EFFECT[c] for c in channel])
    return pd.DataFrame(
        {
            "channel": channel,
            "randomised": at_random,
            "bought": rng.random(n) < expit(score),
            "likely": likely + rng.normal(0, 1.0, n),
            "frequency": rng.poisson(2, n).astype(float),
            "email_click_rate_182d": 0.05,
            "sms_click_rate_182d": 0.05,
        }
    )


def _fit(rows: pd.DataFrame) -> ChannelModel:
    return fit_channel(rows, 7, ["likely"], BoosterSettings(), seed=1)


@pytest.fixture(scope="module")
def exploring() -> ChannelModel:
    return _fit(_rows(30_000, 0.3))


def test_randomised_sends_identify_the_uplift(exploring: ChannelModel) -> None:
    assert exploring.level == "exploring"
    rows = _rows(20_000, 1.0, seed=9)
    p, rates = exploring.predict(rows), rows.groupby("channel")["bought"].mean()
    for arm in ("email", "sms"):
        ours, true = (p[arm] - p["none"]).mean(), rates[arm] - rates["none"]
        assert ours == pytest.approx(true, abs=0.03)  # three standard errors of 3,000 sends
    assert exploring.fixed_order[0] == "sms"


def test_the_targeting_alone_would_have_ranked_them_wrongly() -> None:
    """What the level is for: by raw rates e-mail looks best, because likely buyers get it."""
    rates = _rows(30_000, 0.0).groupby("channel")["bought"].mean()
    assert rates["email"] > rates["sms"]


@pytest.mark.parametrize("rows", [_rows(3000, 0.0), _rows(3000, 0.1)])
def test_too_few_randomised_sends_give_associations_only(rows: pd.DataFrame) -> None:
    assert rows.loc[rows["randomised"], "channel"].value_counts().min() < MIN_RANDOMISED or (
        not rows["randomised"].any()
    )
    model = _fit(rows)
    assert model.level == "observational"
    for effect in model.effects:
        assert np.abs(effect.mean[1:]).max() < 1e-6  # no customer's own difference
    assert not model.is_personal(rows, model.fixed_order[-1]).any()


def test_a_personal_choice_is_one_that_beats_the_best_fixed_channel_surely(
    exploring: ChannelModel,
) -> None:
    rows = _rows(100, 1.0)
    best, worst = exploring.fixed_order[0], exploring.fixed_order[-1]
    assert not exploring.is_personal(rows, best).any()
    assert not exploring.is_personal(rows, worst).any()


def test_an_unknown_click_rate_stands_at_the_centre() -> None:
    rows = _rows(3, 1.0).assign(email_click_rate_182d=np.nan)
    assert effect_columns(rows, "email")[:, 1].tolist() == [0.0, 0.0, 0.0]
