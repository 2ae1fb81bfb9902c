"""Measures what one process uses for one task: CPU, peak memory, wall time."""

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import msgspec


class Usage(msgspec.Struct):
    """Resources that a task used in its process.

    Attributes
    ----------
    cpu : float
        Seconds of CPU, user and system, of the processes that it started and awaited too.
    wall : float
        Seconds of wall time.
    gib : float
        Peak memory of the process, GiB.
    anonymous_gib : float
        Peak of the memory that no file stands behind, GiB: the rest can be taken at any time.
    """

    cpu: float
    wall: float
    gib: float
    anonymous_gib: float = 0.0


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
    with _AnonymousMemory() as memory:
        before, start = _cpu(), time.monotonic()
        task()
        usage = Usage(_cpu() - before, time.monotonic() - start, 0.0)
    usage.gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # in KiB on Linux
    usage.anonymous_gib = memory.peak
    return usage


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(of.ru_utime + of.ru_stime for of in used)


class _AnonymousMemory:
    """Watches the process's anonymous memory, of which Linux keeps no peak.

    Attributes
    ----------
    peak : float
        The most that was seen, GiB.
    """

    def __init__(self) -> None:
        self.peak = 0.0
        self._is_over = Event()
        self._thread = Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "_AnonymousMemory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            text = Path("/proc/self/status").read_text()
            kib = int(text.partition("RssAnon:")[2].split()[0])
            self.peak = max(self.peak, kib / 2**20)
            if self._is_over.wait(0.02):
                return


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
