"""Gain by feature and by family, over all boosters of a model."""

import msgspec
import numpy as np
import pytest

from features.catalog.dictionary import make_catalog
from features.catalog.glossary import FULL_VOCABULARY
from models.boosters.booster import BoosterSettings, BoosterTarget, ResidualBooster
from training.evaluation.feature_importance import (
    NO_FEATURE,
    family_table,
    importance_table,
    iterate_boosters,
)


class _Model(msgspec.Struct, frozen=True):
    """Boosters one by one, in a list and in a dict, and none at all."""

    first: ResidualBooster | None
    others: list[ResidualBooster] | dict[str, ResidualBooster]
    size: int = 3


def _fit(columns: tuple[str, ...], matters: str) -> ResidualBooster:
    rng = np.random.default_rng(0)
    inputs = {name: rng.random(2000) for name in columns}
    outcome = rng.random(2000) < inputs[matters]
    settings = BoosterSettings(rounds=20, min_rows=20, feature_share=1.0)
    return ResidualBooster.fit(
        inputs, columns, BoosterTarget(outcome, np.zeros(2000)), settings, seed=0
    )


COLUMNS = ("frequency", "gap_median", "interval")


def test_gain_is_that_of_the_column_that_matters() -> None:
    gains = _fit(COLUMNS, "gap_median").gains()
    assert set(gains) == set(COLUMNS)
    assert gains["gap_median"] > 0.9 * sum(gains.values())
    again = ResidualBooster.from_text(COLUMNS, _fit(COLUMNS, "gap_median").to_text())
    assert again.gains() == pytest.approx(gains)


def test_all_boosters_of_a_model_are_found_however_they_are_kept() -> None:
    booster = _fit(COLUMNS, "frequency")
    assert len(list(iterate_boosters(_Model(booster, [booster, booster])))) == 3
    assert len(list(iterate_boosters(_Model(None, {"a": booster})))) == 1


def test_shares_add_up_to_1_for_each_model_and_name_their_families() -> None:
    models = {
        "churn": _Model(_fit(COLUMNS, "frequency"), [_fit(COLUMNS, "gap_median")]),
        "repurchase-timing": _Model(_fit(COLUMNS, "interval"), []),
        "without boosters": _Model(None, []),
    }
    table = importance_table(models, make_catalog(FULL_VOCABULARY))
    assert table.groupby("model")["share"].sum().to_dict() == {
        "churn": pytest.approx(1), "repurchase-timing": pytest.approx(1),
    }  # fmt: skip
    families = family_table(table).set_index("family")
    assert families.index[0] == NO_FEATURE  # of the features nothing matters to timing here
    assert families.loc["RFM", "churn"] + families.loc["rhythm", "churn"] > 0.9
    assert families.loc[NO_FEATURE, "repurchase-timing"] > 0.9
