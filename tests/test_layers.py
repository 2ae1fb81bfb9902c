"""Imports point one way: features <- models <- training; features, models <- serving."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "features": {"features"},
    "models": {"features", "models"},
    "training": {"features", "models", "training"},
    "serving": {"features", "models", "serving"},
    "nextbuy": {"features", "models", "training", "serving", "nextbuy"},
}
# Inside features: the log <- what a feature is <- how it is computed <- what serving reads.
FEATURES_MAY_IMPORT = {
    "inputs": {"inputs"},
    "catalog": {"inputs", "catalog"},
    "engines": {"inputs", "catalog", "engines"},
    "store": {"inputs", "catalog", "engines", "store"},
    "readiness": {"inputs", "catalog", "engines", "readiness"},
}
MODULES = sorted(path for package in MAY_IMPORT for path in (ROOT / package).rglob("*.py"))


def _imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_imports_only_what_its_layer_may(path: Path) -> None:
    layer = path.relative_to(ROOT).parts[0]
    ours = {name.split(".")[0] for name in _imported(path)} & MAY_IMPORT.keys()
    assert ours <= MAY_IMPORT[layer]


@pytest.mark.parametrize("part", FEATURES_MAY_IMPORT)
def test_a_part_of_the_features_imports_only_what_it_may(part: str) -> None:
    for path in (ROOT / "features" / part).rglob("*.py"):
        names = [name.split(".") for name in _imported(path) if name.startswith("features.")]
        assert {name[1] for name in names} <= FEATURES_MAY_IMPORT[part], path


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_module_can_unpickle_and_only_one_imports_lifetimes(path: Path) -> None:
    imported = {name.split(".")[0] for name in _imported(path)}
    assert not imported & {"pickle", "cloudpickle", "dill", "joblib", "shelve"}
    assert "lifetimes" not in imported or path == ROOT / "models" / "btyd" / "lifetimes_fit.py"


def test_only_the_labels_look_past_a_cutoff() -> None:
    looking = [
        path.relative_to(ROOT).as_posix()
        for path in MODULES
        if "target_sql(" in path.read_text() and path.name != "windows.py"
    ]
    # the demo shows what customers did in the holdout, next to answers that are already given
    assert looking == ["nextbuy/demo/demo.py", "training/labels.py"]


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_stay_small(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400
