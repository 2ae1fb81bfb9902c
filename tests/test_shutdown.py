"""How a run of the tests ends."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# Hypothesis's hook on the garbage collector, an option that pydantic refuses, and DuckDB's binding
PROPERTY = (
    "tests/serving/http/test_http_errors.py::test_what_is_small_enough_and_right_passes_as_it_is"
)
OPTION = "tests/nextbuy/test_cli.py::test_a_wrong_option_is_named"
DATABASE = "tests/test_columns.py"


@pytest.mark.slow
def test_a_run_of_the_tests_does_not_end_with_leaks_of_a_binding() -> None:
    command = (
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        PROPERTY,
        OPTION,
        DATABASE,
    )
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout
    assert "leaked" not in ended.stderr
