"""The decision table: one decision of an account, a campaign and a key, for good."""

import os
import signal
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psycopg
import pytest

from features.errors import InputError, NextbuyError
from features.ledgers.decisions import Decision, decisions_path, open_decisions
from features.shop.settings_file import DecisionSection
from features.shop.shop import Shop, read_shop

# A process of its own: decides of c0, c1, ... under its own policy, says so, and waits.
DECIDER = """
import sys
from features.ledgers.decisions import open_decisions
from features.shop.shop import read_shop
from tests.features.ledgers.test_decisions import decide, proposed

table = open_decisions(read_shop(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for start in range(0, 1200, 400):
    print(*decide(table, start, sys.argv[2]), flush=True)
sys.stdin.readline()
"""
ROOT = Path(__file__).parents[3]


@pytest.fixture(params=["file", pytest.param("postgres", marks=pytest.mark.services)])
def config(request: pytest.FixtureRequest, write_shop, orders) -> Iterator[Path]:
    """A shop whose decision table is a file, or in PostgreSQL."""
    name = f"test_{uuid.uuid4().hex}"
    path = write_shop({"orders": orders(("c", "2024-01-02", 1))}, name=name)
    if request.param == "file":
        yield path
        return
    url = os.environ.get("NEXTBUY_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
    path.write_text(f'{path.read_text()}\n[decisions]\nurl = "{url}"\n')
    yield path
    with psycopg.connect(url) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS nextbuy_{name} CASCADE")


def proposed(account: str = "c", campaign: str = "autumn", key: str = "k", **values) -> Decision:
    """Propose a decision with an id of its own."""
    return Decision(
        decision_id=uuid.uuid4().hex,
        account=account,
        campaign=campaign,
        key=key,
        **{
            "decided_at": 1_700_000_000_000_000,
            "expires_at": 1_700_000_086_400_000,
            "customer_id": account,
            "channel": "email",
            "arm": "random",
            "propensity": 0.1 + 0.2,
            "propensities": {"email": 0.1 + 0.2, "none": 0.7},
            "policy_version": "3-abc",
        }
        | values,
    )


def decide(table, start: int, version: str) -> list[str]:
    """Decide of 400 accounts; gives the ids."""
    some = [proposed(f"c{n}", policy_version=version) for n in range(start, start + 400)]
    return [decision.decision_id for decision in table.decide_once(some)]


def start_decider(config: Path, version: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", DECIDER, str(config), version],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    return process


def say_go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def read_ids(process: subprocess.Popen[str], lines: int) -> list[str]:
    assert process.stdout is not None
    return [i for _ in range(lines) for i in process.stdout.readline().split()]


def everything(config: Path) -> list[Decision]:
    table = open_decisions(read_shop(config))
    found = [decision for rows in table.rows(500) for decision in rows]
    table.close()
    return found


def test_what_is_written_down_is_what_was_decided(config: Path) -> None:
    table = open_decisions(read_shop(config))
    one = proposed(campaign="żółć 'x'", key="")
    assert table.decide_once([one]) == [one]
    assert table.decide_once([]) == []
    table.close()
    assert everything(config) == [one]


def test_the_first_decision_stays_whatever_is_proposed_after_it(config: Path) -> None:
    table = open_decisions(read_shop(config))
    first = proposed()
    later = [
        proposed(channel="sms", policy_version="4-def"),
        proposed(key="another"),
        proposed(campaign="winter"),
        proposed(account="d"),
        proposed(key="another", channel="sms"),
    ]
    table.decide_once([first])
    assert table.decide_once(later) == [first, *later[1:4], later[1]]
    table.close()
    assert everything(config) == [first, *later[1:4]]


def _as_of_an_earlier_version(config: Path) -> None:
    """Take the column away that tables of earlier versions do not have."""
    shop = read_shop(config)
    drop = "ALTER TABLE {} DROP COLUMN send_at"
    if shop.decisions.url is None:
        with sqlite3.connect(decisions_path(shop)) as connection:
            connection.execute(drop.format("decisions"))
        connection.close()
        return
    with psycopg.connect(shop.decisions.url) as database:
        database.execute(drop.format(f"nextbuy_{shop.section.name}.decisions"))


def test_a_table_of_an_earlier_version_goes_on_with_the_instant_of_sending(config: Path) -> None:
    table = open_decisions(read_shop(config))
    before = proposed()
    table.decide_once([before])
    table.close()
    _as_of_an_earlier_version(config)
    tables = [open_decisions(read_shop(config)) for _ in range(2)]  # the second has nothing to add
    after = proposed(key="later", send_at=1_700_000_003_600_000)
    assert tables[0].decide_once([proposed(), after]) == [before, after]
    for table in tables:
        table.close()
    assert everything(config) == [before, after]


def test_two_processes_at_once_decide_the_same_and_it_is_written_down_once(config: Path) -> None:
    deciders = [start_decider(config, version) for version in ("3-abc", "4-def")]
    assert [read_ids(process, 1) for process in deciders] == [["ready"], ["ready"]]
    for process in deciders:
        say_go(process)
    one, other = (read_ids(process, 3) for process in deciders)
    for process in deciders:
        process.communicate("\n", timeout=30)
    assert one == other
    assert [decision.decision_id for decision in everything(config)] == one
    assert len(set(one)) == 1200


def test_what_a_killed_process_has_decided_is_there_and_stays(config: Path) -> None:
    process = start_decider(config, "3-abc")
    read_ids(process, 1)
    say_go(process)
    decided = read_ids(process, 2)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    assert [d.decision_id for d in everything(config)][:800] == decided
    table = open_decisions(read_shop(config))
    assert decide(table, 0, "4-def") + decide(table, 400, "4-def") == decided
    table.close()


def test_a_table_that_cannot_be_written_decides_nothing(file_shop: Shop) -> None:
    table = open_decisions(file_shop)
    table.decide_once([proposed()])
    limit = table._database._writer  # what a full disk does to the connection
    limit.execute("PRAGMA max_page_count = 1")
    many = [proposed(f"c{n}", key="k" * 100) for n in range(900)]
    with pytest.raises(NextbuyError, match=r"full.*Nothing of this request was decided"):
        table.decide_once(many)
    limit.execute("PRAGMA max_page_count = 100000")
    assert sum(map(len, table.rows(100))) == 1
    assert table.decide_once(many) == many
    table.close()


def test_what_is_answered_is_on_the_disk(file_shop: Shop) -> None:
    table = open_decisions(file_shop)
    assert table._database._writer.execute("PRAGMA synchronous").fetchall() == [(2,)]
    assert decisions_path(file_shop).is_file()
    table.close()


def test_a_table_in_another_database_is_refused(file_shop: Shop) -> None:
    shop = msgspec.structs.replace(file_shop, decisions=DecisionSection(url="mysql://h/d"))
    with pytest.raises(InputError, match=r"decisions.url: expected postgresql://host/database"):
        open_decisions(shop)
