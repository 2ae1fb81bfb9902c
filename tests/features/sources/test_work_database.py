"""The work database: on disk while a log is used, removed after, a full disk named."""

import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from features.errors import InputError
from features.log.log import read_log
from features.shop.shop import read_shop
from tests.features.sources.shop_folders import (
    HEADER,
    many_orders,
    orders_section,
    read_folder,
    run_with_shop,
)

GOOD = pd.DataFrame(
    {
        "order_id": ["a", "b", "c"],
        "customer_id": ["x", "y", "x"],
        "ordered_at": ["2024-01-05", "2024-01-06 10:00:00", "2024-01-07T10:00:00Z"],
        "amount": ["10.50", "0", "7.25"],
    }
)


def test_only_kept_tables_are_left_in_the_workspace_once_a_log_is_closed(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(HEADER + "1,x,2024-01-05,1\n2,x,2024-01-06,1\n")
    log = read_folder(tmp_path, orders_section("orders.csv"))
    assert sorted(p.name[:4] for p in (tmp_path / ".nextbuy").iterdir()) == ["kept", "log-"]
    log.close()
    assert [p.name for p in (tmp_path / ".nextbuy").iterdir()] == ["kept"]
    assert os.listdir(tmp_path) != []


def test_the_log_is_on_disk_and_goes_with_its_last_user(write_shop: Callable[..., Path]) -> None:
    shop = read_shop(write_shop({"orders": GOOD}))
    log = read_log(shop)
    connection = log.connection
    del log
    assert len(list(shop.workspace.glob("log-*/log.duckdb"))) == 1
    assert connection.execute("SELECT count(*) FROM orders").fetchall() == [(3,)]
    del connection
    assert [path.name for path in shop.workspace.iterdir()] == ["kept"]


def test_a_refused_log_leaves_nothing(write_shop: Callable[..., Path]) -> None:
    config = write_shop({"orders": GOOD.assign(amount="x")})
    with pytest.raises(InputError, match=r"^orders\.amount: expected a decimal number"):
        read_log(read_shop(config))
    assert list(read_shop(config).workspace.iterdir()) == []


def test_what_a_dead_process_left_is_removed_and_what_a_living_one_has_is_not(
    write_shop: Callable[..., Path],
) -> None:
    config = write_shop({"orders": GOOD})
    workspace = read_shop(config).workspace
    mine = read_log(read_shop(config))
    killed = "import os, sys\nlog = read_log(read_shop(sys.argv[1]))\nos.kill(os.getpid(), 9)"
    assert run_with_shop(killed, config).returncode == -9
    assert len(list(workspace.glob("log-*"))) == 2
    other = read_log(read_shop(config))
    assert len(list(workspace.glob("log-*"))) == 2
    assert mine.count("orders") == other.count("orders") == 3


def test_a_full_disk_is_one_clear_error_and_leaves_nothing(
    write_shop: Callable[..., Path],
) -> None:
    config = write_shop({"orders": many_orders()})
    full = (
        "import resource, sys\nfrom features.errors import InputError\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))\n"
        "try:\n    read_log(read_shop(sys.argv[1]))\n"
        "except InputError as error:\n    print(len(error.faults), error)"
    )
    done = run_with_shop(full, config)
    assert done.stdout.startswith("1 shop.workspace: expected room to write in "), done
    assert list(read_shop(config).workspace.iterdir()) == []


def test_a_workspace_that_cannot_be_written_is_one_clear_error(
    write_shop: Callable[..., Path],
) -> None:
    config = write_shop({"orders": GOOD}, workspace="orders.csv/inside")
    with pytest.raises(InputError, match=r"^shop\.workspace: expected room to write in"):
        read_log(read_shop(config))
