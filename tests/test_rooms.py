"""The layout of the code: what a folder, a file name, a class name and a name of a model may be.

Which room may import which is checked by the contracts of import-linter in `pyproject.toml`; here
stands what an import linter cannot say. Every exception is written out.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("features", "models", "training", "serving", "nextbuy")
MODULES = sorted(
    path
    for package in PACKAGES
    for path in (ROOT / package).rglob("*.py")
    if path.name != "__init__.py"
)
MOST_MODULES = 14  # in one folder
MOST_LINES = 400  # in one file

# File names that stand in several rooms, because the rooms are built alike.
PARALLEL = {
    "expressions.py": {"features/language", "features/engines/generated"},
    "churn.py": {"models/purchase", "training/purchase"},
    "slices.py": {"models/purchase", "training/purchase"},
    "timing.py": {"models/purchase", "training/purchase"},
    "job.py": {"training/purchase", "training/channel"},
    "study.py": {"training/purchase", "training/channel"},
}
# Besides models/kinds.py: the command line lists the kinds in its help without importing a model.
NAMING_A_KIND = {"models/kinds.py", "nextbuy/commands/training_commands.py"}
UNPICKLING = {"pickle", "cloudpickle", "dill", "joblib", "shelve"}


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _imported(path: Path) -> set[str]:
    """Give the modules that a file imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(node.module or "")
    return names


def _class_names(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield node.name


def _alias_names(path: Path) -> Iterator[str]:
    """Give the names of the type aliases of a file: `Name = ...` at its top level."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if re.fullmatch(r"[A-Z][A-Za-z]*[a-z][A-Za-z]*", name):
                yield name


def _twice(names_of: Mapping[str, list[str]]) -> dict[str, list[str]]:
    return {name: files for name, files in names_of.items() if len(files) > 1}


def test_a_folder_holds_few_modules() -> None:
    folders: dict[str, list[str]] = defaultdict(list)
    for path in MODULES:
        folders[_name(path.parent)].append(path.name)
    assert {f: names for f, names in folders.items() if len(names) > MOST_MODULES} == {}


def test_every_folder_says_what_it_holds() -> None:
    for folder in {path.parent for path in MODULES}:
        docstring = ast.get_docstring(ast.parse((folder / "__init__.py").read_text()))
        assert docstring, f"{_name(folder)}/__init__.py has no docstring"


def test_a_file_name_stands_twice_only_in_parallel_rooms() -> None:
    folders: dict[str, set[str]] = defaultdict(set)
    for path in MODULES:
        folders[path.name].add(_name(path.parent))
    assert {name: found for name, found in folders.items() if len(found) > 1} == PARALLEL


@pytest.mark.parametrize("names_of_file", [_class_names, _alias_names])
def test_a_class_or_type_alias_is_defined_once(names_of_file) -> None:
    files: dict[str, list[str]] = defaultdict(list)
    for path in MODULES:
        for name in names_of_file(path):
            files[name].append(_name(path))
    assert _twice(files) == {}


def test_the_kinds_of_models_are_named_in_one_table() -> None:
    paths = [*MODULES, *(ROOT / "benchmarks").rglob("*.py")]
    naming = {_name(p) for p in paths if re.search("repurchase-timing|best-channel", p.read_text())}
    assert naming == NAMING_A_KIND


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_no_module_can_unpickle_and_only_one_imports_lifetimes(path: Path) -> None:
    imported = {name.split(".")[0] for name in _imported(path)}
    assert not imported & UNPICKLING
    assert "lifetimes" not in imported or _name(path) == "models/btyd/lifetimes_fit.py"


def test_only_the_labels_look_past_a_cutoff() -> None:
    looking = {
        _name(path)
        for path in MODULES
        if "target_sql(" in path.read_text() and path.name != "windows.py"
    }
    # the demo shows what customers did in the holdout, next to answers that are already given
    assert looking == {"nextbuy/demo/demo.py", "training/labels.py"}


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_files_stay_small(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MOST_LINES


def test_most_modules_have_a_test_file_of_their_own_name() -> None:
    tested = [ROOT / "tests" / p.parent.relative_to(ROOT) / f"test_{p.name}" for p in MODULES]
    missing = [_name(path) for path in tested if not path.exists()]
    assert len(missing) <= 0.2 * len(MODULES), missing
