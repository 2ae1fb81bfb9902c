"""What the tests of the commands share: a call of the command line, and small shops."""

import sys
from pathlib import Path

import pytest

from nextbuy import cli
from nextbuy.simulator.simulator import simulate_shop
from tests.nextbuy.command_line import RunCommand


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> RunCommand:
    """Run `nextbuy ...` in this process; returns the exit code, stdout and stderr."""
    # MLflow sets it in the process of a training, so that its children find the same database.
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["nextbuy", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        captured = capsys.readouterr()
        return int(stopped.value.code or 0), captured.out, captured.err

    return call


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate_shop(tmp_path_factory.mktemp("small"), 400)
