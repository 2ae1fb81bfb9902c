"""Gives a plan compiled functions as soon as they pay, and never makes a request wait for them."""

import logging
import subprocess
from pathlib import Path
from threading import Lock, Thread

from features.engines.generated.compiled.code_cache import CodeCache, code_key
from features.engines.generated.compiled.compile_job import (
    GeneratedSource,
    send_source,
    start_compiling,
)
from features.engines.generated.compiled.object_code import CompiledRun
from features.engines.generated.engine import GeneratedPlan

_LOG = logging.getLogger(__name__)
# Compiling costs 10 s of CPU, which is what 20,000 customers cost interpreted. Who compiles when as
# much is spent never spends more than twice of what was best (Karlin, Manasse, Rudolph & Sleator
# 1988, "Competitive snoopy caching").
WORTH_COMPILING = 20_000  # customers


class CodeSupply:
    """Looks for compiled functions of a plan, and has them made after many customers.

    Parameters
    ----------
    plan : GeneratedPlan
        Gets the functions.
    folder : Path
        The cache of object code. What is found in it is used at once.
    """

    def __init__(self, plan: GeneratedPlan, folder: Path) -> None:
        self._plan, self._folder = plan, folder
        self._key = code_key(plan.source)
        self._lock = Lock()
        self._computed = 0
        self._job: subprocess.Popen[bytes] | None = None
        self._is_closed = False
        self._is_settled = self._take()

    def count(self, customers: int) -> None:
        """Count customers that are computed; when they are many, have the functions compiled."""
        if self._is_due(customers):
            Thread(target=self._compile, daemon=True).start()

    def expect(self, customers: int, times: int = 1) -> None:
        """Count customers that are computed next; when they are many, wait for the compiler.

        Parameters
        ----------
        customers : int
            How many are computed now.
        times : int
            How often about as many will be computed, this time included.
        """
        if self._is_due(customers, customers * (times - 1)):
            self._compile()

    def _is_due(self, customers: int, later: int = 0) -> bool:
        """Say whether the functions are worth compiling with these customers; once it is so."""
        if self._is_settled:
            return False
        with self._lock:
            self._computed += customers
            if self._is_settled or self._computed + later < WORTH_COMPILING:
                return False
            self._is_settled = True
        return True

    def close(self) -> None:
        """Stop a process that compiles."""
        with self._lock:
            self._is_settled = self._is_closed = True
            if self._job is not None:
                self._job.kill()

    def _compile(self) -> None:
        """Start the process that compiles, wait for it, and use what it made."""
        with self._lock:
            if self._is_closed:
                return
            self._job = start_compiling(self._folder)
        send_source(self._job, GeneratedSource(self._plan.source, self._plan.functions))
        is_made = self._job.wait() == 0 and self._take()
        if not (is_made or self._is_closed):
            _LOG.warning("the feature functions could not be compiled; they stay interpreted")

    def _take(self) -> bool:
        """Use the functions in the cache; return whether there are some."""
        code = CodeCache(self._folder).read(self._key)
        if code is None:
            return False
        self._plan.use(CompiledRun(code))
        return True
