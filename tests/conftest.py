"""Shops that tests share: tiny ones written row by row, and the two of the demo, trained once."""

import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ["OMP_WAIT_POLICY"] = "PASSIVE"  # as the command line does
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["BENTOML_DO_NOT_TRACK"] = "true"
os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
os.environ["MLFLOW_LOGGING_LEVEL"] = "WARNING"
os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] = "false"
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ["OMP_THREAD_LIMIT"] = "1"  # there is a process for each core

import msgspec
import pandas as pd
import pytest

from features.builds import feature_build, population_statistics
from features.builds.shop_catalog import read_catalog
from features.log.log import Log, read_log
from features.shop.shop import Shop, read_shop
from features.store.address import store_path
from features.store.build.store_build import build_store
from models.registry import Champions, read_champions
from nextbuy.demo.cdnow import write_cdnow
from nextbuy.simulator.simulator import simulate_shop
from training.lifecycle.promote import promote
from training.purchase.slice_cutoffs import holdout_cutoff
from training.train import TrainingResult, train

WriteShop = Callable[..., Path]


@pytest.hookimpl(tryfirst=True)  # before the groups are read
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Say which tests run in one process: those of a module, and all that need a trained shop.

    So each trained shop is trained once, and what a module's tests share is made once.
    """
    needs = {item: set(getattr(item, "fixturenames", ())) for item in items}
    trained = {item.path for item in items if needs[item] & {"simulated", "cdnow"}}
    for item in items:
        module = item.path.relative_to(config.rootpath)
        group = "trained shops" if item.path in trained else str(module)
        item.add_marker(pytest.mark.xdist_group(group))


def pytest_unconfigure() -> None:
    """Take back what would let modules outlive the interpreter.

    DuckDB's binding, nanobind, reports all of its types and functions as leaked then. Hypothesis
    leaves a callback on the garbage collector. A `ValidationError` of pydantic holds the errors of
    validators where the garbage collector does not see it, and through their tracebacks whatever
    the frames name; Typer, which checks options with pydantic, has it in a frame of its own.
    """
    gc.callbacks[:] = [c for c in gc.callbacks if not str(c.__module__).startswith("hypothesis.")]
    for left in gc.get_objects():
        if issubclass(type(left), BaseException):  # a weak proxy has no class to ask any more
            left.__traceback__ = None


@pytest.fixture(scope="session", autouse=True)
def _shared_code(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Compile the functions of a catalog once for all builds of a run, not once for each shop."""
    shared = tmp_path_factory.mktemp("code")  # a whole path takes the place of the workspace's
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feature_build, "COMPILED_FOLDER", shared)
        patch.setattr(population_statistics, "COMPILED_FOLDER", shared)
        yield


@pytest.fixture
def write_shop(tmp_path: Path) -> WriteShop:
    """Write tables as CSV with a nextbuy.toml; keyword arguments are `[shop]` settings."""

    def write(
        tables: dict[str, pd.DataFrame], channels: dict[str, Any] | None = None, **shop: Any
    ) -> Path:
        folder = tmp_path / f"shop{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        for name, frame in tables.items():
            frame.to_csv(folder / f"{name}.csv", index=False)
        config = {
            "shop": shop,
            "channels": channels or {},
            "tables": {name: {"path": f"{name}.csv"} for name in tables},
        }
        path = folder / "nextbuy.toml"
        path.write_bytes(msgspec.toml.encode(config))
        return path

    return write


@pytest.fixture
def orders() -> Callable[..., pd.DataFrame]:
    """Make an orders table from (customer, when, amount) rows."""

    def make(*rows: tuple[str, str, float]) -> pd.DataFrame:
        frame = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "amount"])
        return frame.assign(order_id=[f"o{place}" for place in range(len(frame))])

    return make


class TrainedShop:
    """A shop with promoted models and a history store as known at the models' cutoff."""

    def __init__(self, config: Path) -> None:
        self.config = config
        self.shop: Shop = read_shop(config)
        self.log: Log = read_log(self.shop)
        self.cutoff = holdout_cutoff(self.log, self.shop.section.horizon_days)
        self.catalog = read_catalog(self.log, self.cutoff)
        self.trained: TrainingResult = train(self.log, trials=0)
        self.promoted = promote(self.shop.tracking_uri)
        self.champions: Champions = read_champions(self.shop.tracking_uri)
        build_store(self.log, store_path(self.shop), self.cutoff)


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> TrainedShop:
    """The simulated shop, 1,500 customers."""
    return TrainedShop(simulate_shop(tmp_path_factory.mktemp("simulated"), 1500))


@pytest.fixture(scope="session")
def cdnow(tmp_path_factory: pytest.TempPathFactory) -> TrainedShop:
    """CDNOW, all 23,570 customers."""
    return TrainedShop(write_cdnow(tmp_path_factory.mktemp("cdnow")))


@pytest.fixture(params=["simulated", "cdnow"])
def demo_shop(
    request: pytest.FixtureRequest, simulated: TrainedShop, cdnow: TrainedShop
) -> TrainedShop:
    """Each shop of the demo in turn."""
    return {"simulated": simulated, "cdnow": cdnow}[request.param]
