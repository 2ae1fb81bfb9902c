"""Compiled functions: equal to the interpreted ones, made when they pay, awaited by nobody."""

import logging
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from features.arrays import History
from features.catalog.dictionary import make_catalog
from features.engines.generated.compiled import code_supply
from features.engines.generated.compiled.code_cache import CodeCache, code_key
from features.engines.generated.compiled.code_supply import CodeSupply
from features.engines.generated.compiled.compile_job import (
    GeneratedSource,
    compile_into,
    send_source,
    start_compiling,
)
from features.engines.generated.compiled.object_code import CompiledRun
from features.engines.generated.engine import GeneratedPlan
from features.engines.plan import FeaturePlan
from features.history.flat_columns import Flattener
from features.language.catalog import Catalog
from features.language.scope import Scope
from features.language.vocabulary import Vocabulary
from tests.features.catalog.small_history import ALL_COLUMNS, CUTOFF, CUTOFF_DAY, make_history

_SCOPE = Scope(CUTOFF, CUTOFF_DAY)
_CATALOG = make_catalog(Vocabulary(ALL_COLUMNS)).select(
    ["orders_count", "gap_median", "gap_std", "sales_channel_top", "monetary_value"]
)


def _histories() -> list[History]:
    rng = np.random.default_rng(0)
    return [
        make_history(
            orders=[
                {"ago": float(ago), "amount": float(ago % 7), "sales_channel": "web"}
                for ago in rng.integers(1, 300, customer % 12)
            ]
        )
        for customer in range(60)
    ]


def _wait_for(folder: Path, key: str) -> None:
    for _ in range(600):
        if CodeCache(folder).read(key) is not None:
            return
        time.sleep(0.1)
    raise AssertionError("nothing was compiled within a minute")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a cache that has the small catalog's functions."""
    folder = tmp_path_factory.mktemp("compiled")
    plan = GeneratedPlan(_CATALOG)
    compile_into(folder, GeneratedSource(plan.source, plan.functions))
    return folder


def test_what_is_in_the_cache_is_used_at_once_and_gives_the_same(folder: Path) -> None:
    interpreted = FeaturePlan(_CATALOG).compute(_histories(), _SCOPE)
    plan = GeneratedPlan(_CATALOG)
    CodeSupply(plan, folder)
    assert isinstance(plan._run, CompiledRun)
    compiled = FeaturePlan(_CATALOG, folder).compute(_histories(), _SCOPE)
    for name in _CATALOG:
        np.testing.assert_array_equal(compiled[name], interpreted[name], err_msg=name)
    assert FeaturePlan(_CATALOG, folder).compute([], _SCOPE)["orders_count"].shape == (0,)


def test_functions_are_compiled_once_many_customers_were_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(code_supply, "WORTH_COMPILING", 100)
    plan = GeneratedPlan(_CATALOG)
    supply = CodeSupply(plan, tmp_path)
    interpreted = plan._run
    supply.count(99)
    assert (plan._run, list(tmp_path.iterdir())) == (interpreted, [])
    supply.count(1)
    supply.count(1000)
    _wait_for(tmp_path, code_key(plan.source))
    for _ in range(100):
        if plan._run is not interpreted:
            break
        time.sleep(0.1)
    assert isinstance(plan._run, CompiledRun)
    assert len(list(tmp_path.iterdir())) == 1


def test_who_expects_many_customers_waits_for_the_compiler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(code_supply, "WORTH_COMPILING", 100)
    plan = GeneratedPlan(Catalog([_CATALOG["orders_count"]], _CATALOG.relations))
    supply = CodeSupply(plan, tmp_path)
    interpreted = plan._run
    supply.expect(60)
    assert plan._run is interpreted
    supply.expect(60)
    assert isinstance(plan._run, CompiledRun)


def test_customers_that_come_again_are_expected_and_not_counted_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(code_supply, "WORTH_COMPILING", 100)
    plan = GeneratedPlan(_CATALOG)
    supply, interpreted = CodeSupply(plan, tmp_path), plan._run
    monkeypatch.setattr(supply, "_compile", lambda: plan.use(print))
    for _ in range(9):
        supply.expect(5, times=10)
    assert plan._run is interpreted  # 45 were computed, and 45 are still expected
    supply.expect(10, times=5)
    assert plan._run is interpreted
    supply.expect(10, times=5)
    assert plan._run is print


def _failing(_folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "raise SystemExit(1)"], stdin=subprocess.PIPE)


def test_what_cannot_be_compiled_stays_interpreted_and_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(code_supply, "start_compiling", _failing)
    plan = GeneratedPlan(_CATALOG)
    supply, interpreted = CodeSupply(plan, tmp_path), plan._run
    with caplog.at_level(logging.WARNING):
        supply._compile()
    assert plan._run is interpreted
    assert "stay interpreted" in caplog.text


def test_a_closed_supply_starts_nothing_and_stops_what_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(code_supply, "WORTH_COMPILING", 1)
    running = CodeSupply(GeneratedPlan(_CATALOG), tmp_path)
    running.count(1)
    for _ in range(100):
        if running._job is not None:
            break
        time.sleep(0.1)
    with caplog.at_level(logging.WARNING):
        running.close()
        assert running._job is not None and running._job.wait() < 0
        never = CodeSupply(GeneratedPlan(_CATALOG), tmp_path)
        never.close()
        never.count(1)
        never._compile()
        assert never._job is None
    assert not caplog.text


def test_other_threads_run_while_compiled_functions_do(folder: Path) -> None:
    plan = GeneratedPlan(_CATALOG)
    CodeSupply(plan, folder)
    histories = [*_histories()[:12]] * 4000
    columns = Flattener(plan.tables, plan.words).flatten(histories)
    run, spans = plan._run, []

    def timed(*arguments: object) -> None:
        spans.append(time.perf_counter())
        for _ in range(20):
            run(*arguments)
        spans.append(time.perf_counter())

    plan.use(timed)
    ticks: list[float] = []
    computing = Thread(target=plan.compute, args=(columns, _SCOPE))
    computing.start()
    while computing.is_alive():
        ticks.append(time.perf_counter())
        time.sleep(0.001)
    assert sum(spans[0] < tick < spans[1] for tick in ticks) > 5


def test_a_process_that_computes_does_not_load_the_compiler(folder: Path) -> None:
    script = (
        "import sys\nfrom pathlib import Path\n"
        "from tests.features.engines.generated.compiled.test_code_supply import _CATALOG, _SCOPE\n"
        "from features.engines.plan import FeaturePlan\n"
        f"FeaturePlan(_CATALOG, Path({str(folder)!r})).compute([], _SCOPE)\n"
        "sys.exit(int('numba' in sys.modules))\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_the_job_reads_its_source_from_its_input(tmp_path: Path) -> None:
    plan = GeneratedPlan(Catalog([_CATALOG["orders_count"]], _CATALOG.relations))
    job = start_compiling(tmp_path)
    send_source(job, GeneratedSource(plan.source, plan.functions))
    assert job.wait() == 0
    assert CodeCache(tmp_path).read(code_key(plan.source)) is not None
