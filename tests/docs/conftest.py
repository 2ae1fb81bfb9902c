"""What the pages' commands run against: a copy of the trained shop, and a service of it."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from nextbuy.demo.cdnow import write_cdnow
from serving.http.server import serve_command, serve_environment

_START_SECONDS = 240  # a busy machine imports for a minute


@pytest.fixture(scope="session")
def shop_folder(simulated, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the trained shop; within the copy `demo/simulated` leads to the copy itself.

    A page either works inside the folder of its shop or names the demo's, and both are here, as
    are the other shop of the demo and the list of ids that the page about pseudonyms writes.
    """
    folder = tmp_path_factory.mktemp("pages") / "my-shop"
    shutil.copytree(simulated.config.parent, folder)
    (folder / "demo").mkdir()
    (folder / "demo" / "simulated").symlink_to(folder)
    write_cdnow(folder / "demo" / "cdnow")
    (folder / "ids.txt").write_text("c-02561615287a\n")
    return folder


@pytest.fixture(scope="session")
def service(shop_folder: Path) -> Iterator[httpx.Client]:
    """Serve the copy as `nextbuy serve` does; the clients' port is a free one."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = shop_folder / "service.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            serve_command("127.0.0.1", port),
            env=serve_environment(shop_folder / "nextbuy.toml"),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30)
    try:
        _wait_until_ready(client, process, log)
        yield client
    finally:
        client.close()
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def _wait_until_ready(client: httpx.Client, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not _is_ready(client):
        assert time.monotonic() < deadline and process.poll() is None, log.read_text()
        time.sleep(0.2)


def _is_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:  # it does not listen yet
        return False
