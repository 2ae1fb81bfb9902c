"""Tests of the scales of traits and of what happens to missing and extreme values."""

import msgspec
import numpy as np
import pandas as pd
import pytest

from models.channel.effects.traits import Trait, trait_matrix


def test_a_fitted_trait_has_centre_0_and_spread_1_on_its_scale() -> None:
    rows = pd.DataFrame({"frequency": np.arange(50.0)})
    values = Trait("frequency", "log1p").fit(rows).scaled_values(rows)
    assert values.mean() == pytest.approx(0, abs=1e-12)
    assert values.std() == pytest.approx(1)
    steps = np.diff(values)
    assert steps[0] > 10 * steps[-1]  # the first purchase says more than the fiftieth


def test_a_missing_or_constant_feature_gives_a_trait_of_zero() -> None:
    rows = pd.DataFrame({"rate": [0.1, np.nan, 0.3, 0.2], "same": 5.0, "empty": np.nan})
    assert Trait("rate", "logit").fit(rows).scaled_values(rows)[1] == 0
    assert Trait("same", "as_is").fit(rows).scaled_values(rows).tolist() == [0.0] * 4
    assert Trait("empty", "as_is").fit(rows).scaled_values(rows).tolist() == [0.0] * 4


def test_extreme_values_are_clipped() -> None:
    rows = pd.DataFrame({"rate": np.linspace(0.4, 0.6, 100)})
    trait = Trait("rate", "logit").fit(rows)
    assert np.abs(trait.scaled_values(pd.DataFrame({"rate": [0.0, 1.0]}))).tolist() == [4.0, 4.0]


def test_a_trait_that_was_constant_is_zero_whatever_comes_and_can_be_written_as_json() -> None:
    rows = pd.DataFrame({"rate": [0.1] * 7, "country": ["pl"] * 7})
    fitted = [
        Trait("rate", "logit").fit(rows),
        Trait("country", "equals", text="pl").fit(rows),
    ]
    later = {"rate": np.array([0.9]), "country": np.array(["de"], dtype=object)}
    assert trait_matrix(fitted, later, 1).tolist() == [[0.0, 0.0]]
    assert msgspec.json.decode(msgspec.json.encode(fitted), type=list[Trait]) == fitted


def test_a_text_is_compared_and_a_missing_one_is_another_text() -> None:
    rows = pd.DataFrame({"country": ["pl", "pl", "de", None]})
    values = Trait("country", "equals", text="pl").fit(rows).scaled_values(rows)
    assert values.tolist() == pytest.approx([1.0, 1.0, -1.0, -1.0])
