"""LightGBM without scikit-learn: what a program imports, and what still works."""

import subprocess
import sys

import pytest


def run(program: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout


ALONE = """
import sys
from models.boosters.lightgbm_import import import_lightgbm_alone
import_lightgbm_alone()
"""


def test_scikit_learn_is_not_imported_and_can_be_afterwards() -> None:
    later = "print('sklearn' in sys.modules); import sklearn.metrics; print(sklearn.metrics.auc)"
    absent, metric = run(ALONE + later).splitlines()
    assert absent == "False"
    assert metric.startswith("<function auc")


@pytest.mark.parametrize("first", ["lightgbm", "sklearn"])
def test_what_is_imported_already_stays(first: str) -> None:
    check = "print('sklearn' in sys.modules, lightgbm.LGBMClassifier().get_params()['num_leaves'])"
    assert run(f"import {first}" + ALONE + "import lightgbm\n" + check) == "True 31\n"
