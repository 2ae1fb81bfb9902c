"""Times what a newcomer waits for: the demo, and a large simulated shop (`make bench-demo`)."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks.rows import Row, report


def main() -> None:
    """Time the demo and a simulation as a user would run them, each in its own process."""
    with tempfile.TemporaryDirectory() as folder:
        seconds = _time("demo", "--folder", folder)
        left = subprocess.check_output(["ps", "-eo", "args"], text=True).count(folder)
    with tempfile.TemporaryDirectory() as folder:
        simulated = _time("simulate", folder, "--customers", "100000")
        orders = pq.read_metadata(Path(folder) / "orders.parquet").num_rows
    fast, large = simulated <= 60, 1.35 <= orders / 1e6 <= 1.65
    rows = [
        Row("demo of both shops, seconds", seconds, goal="<= 240", met=seconds <= 240),
        Row("processes left by it", left, goal="0", met=left == 0),
        Row("100,000 simulated customers, seconds", simulated, goal="<= 60", met=fast),
        Row("orders of theirs, millions", orders / 1e6, goal="about 1.5", met=large),
    ]
    report("demo", rows)


def _time(*arguments: str) -> float:
    start = time.monotonic()
    command = [sys.executable, "-m", "nextbuy.cli", *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - start


if __name__ == "__main__":
    main()
