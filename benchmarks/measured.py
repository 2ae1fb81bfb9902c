"""Measures what one process uses for one task: CPU, peak memory, wall time."""

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec


class Usage(msgspec.Struct):
    """Resources that a task used in its process.

    Attributes
    ----------
    cpu : float
        Seconds of CPU, user and system.
    wall : float
        Seconds of wall time.
    gib : float
        Peak memory of the process, GiB.
    """

    cpu: float
    wall: float
    gib: float


def use(task: Callable[[], object]) -> Usage:
    """Run a task and measure the resources that it used.

    Parameters
    ----------
    task : callable
        Called without arguments.

    Returns
    -------
    Usage
    """
    before, start = _cpu(), time.monotonic()
    task()
    usage = Usage(_cpu() - before, time.monotonic() - start, 0.0)
    usage.gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # in KiB on Linux
    return usage


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measure(task: str, folder: Path, repeats: int = 1) -> list[Usage]:
    """Run a task of `benchmarks.features.feature_tasks` several times, each in a fresh process.

    Parameters
    ----------
    task : str
        Name of the task.
    folder : Path
        The warehouse that it reads.
    repeats : int
        How often.

    Returns
    -------
    list of Usage
        One per run.
    """
    command = [sys.executable, "-m", "benchmarks.features.feature_tasks", task, str(folder)]
    return [
        msgspec.json.decode(subprocess.check_output(command), type=Usage) for _ in range(repeats)
    ]
