"""The demo, from a log to served answers."""

from pathlib import Path

import pytest

from tests.nextbuy.command_line import RunCommand


@pytest.mark.slow
@pytest.mark.parametrize("shop", ["cdnow", "simulated"])
def test_the_demo_runs_and_leaves_no_process(
    run: RunCommand, tmp_path: Path, shop: str
) -> None:
    import subprocess

    code, says, _ = run("demo", "--shop", shop, "--folder", str(tmp_path))
    assert code == 0
    assert "what they" in says
    assert (tmp_path / shop / ".nextbuy" / "mlflow.db").is_file()
    processes = subprocess.check_output(["ps", "-eo", "args"], text=True)
    assert str(tmp_path) not in processes
