"""What the benchmark of training fits is what a training would fit, on ever larger samples."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from benchmarks.training.simulated_orders import write_simulated_orders
from benchmarks.training.training_cost import losses
from benchmarks.training.training_tasks import (
    CATALOG,
    FEATURES,
    HORIZON,
    LABELS,
    build,
    make_slices_of,
    read_parts,
)
from features.builds.shop_catalog import read_catalog
from features.log.log import read_log
from features.shop.shop import read_shop
from models.purchase.slices import Slices
from training.purchase.slice_cutoffs import holdout_cutoff
from training.purchase.slices import make_slices


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("orders")
    write_simulated_orders(path, customers=400)
    assert build(path).gib > 0
    return path


@pytest.fixture(scope="module")
def trained(folder: Path) -> Slices:
    log = read_log(read_shop(folder / "nextbuy.toml"))
    cutoff = holdout_cutoff(log, HORIZON)
    return make_slices(log, cutoff, HORIZON, read_catalog(log, cutoff).select(FEATURES))


def test_slices_put_together_from_files_are_those_of_a_training(
    folder: Path, trained: Slices
) -> None:
    ours = make_slices_of(read_parts(folder, 1.0))
    assert (ours.cutoff, ours.columns) == (trained.cutoff, trained.columns)
    names = list(FEATURES)
    for mine, theirs in ((ours.frame, trained.frame), (ours.latest, trained.latest)):
        assert (mine["cutoff"] == theirs["cutoff"]).all()
        np.testing.assert_allclose(mine[names], theirs[names], rtol=1e-6, atol=1e-6)
    told = ["returned", "days_to_next"]
    pd.testing.assert_frame_equal(ours.labels[told], trained.labels[told], check_dtype=False)
    assert trained.season is not None
    assert ours.season == trained.season
    assert list(ours.btyds) == list(trained.btyds)


def test_a_smaller_sample_is_part_of_a_larger_one(folder: Path) -> None:
    few, more = (read_parts(folder, share) for share in (0.2, 0.6))
    for name, part in few.items():
        assert 0 < len(part) < len(more[name])
        assert set(part["customer_id"]) < set(more[name]["customer_id"])


def test_the_wide_frames_have_as_many_features_as_a_whole_catalog(folder: Path) -> None:
    (part, *_) = read_parts(folder, 0.2, features=CATALOG).values()
    others = ["customer_id", "cutoff", *LABELS]
    assert len(part.columns.difference(others)) == CATALOG
    assert (part.dtypes[list(FEATURES)] == np.float64).all()


def test_a_wrong_level_is_told_apart_from_a_wrong_order_of_customers() -> None:
    rng = np.random.default_rng(3)
    p = rng.beta(1, 4, 20_000)
    told = pd.DataFrame({"returned": rng.random(len(p)) < p, "p_return": p, "crps": 0.0})
    shifted = told.assign(p_return=expit(logit(p) - 0.7))
    right, wrong = losses(told), losses(shifted)
    assert wrong["log-loss"].mean() > right["log-loss"].mean() + 0.01
    of_order = "log-loss, the level set right,"
    np.testing.assert_allclose(wrong[of_order], right[of_order], rtol=1e-4)
    assert right[of_order].mean() <= right["log-loss"].mean()
