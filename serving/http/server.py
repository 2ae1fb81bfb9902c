"""Command and environment that start the server process."""

import os
import socket
import sys
from pathlib import Path

from features.errors import refuse
from features.shop.shop import read_shop
from features.store.address import store_target

_SERVICE = "serving.http.service:NextbuyService"


def serve_command(host: str, port: int) -> list[str]:
    """Make the command that runs the service in one process.

    Parameters
    ----------
    host : str
        Address to listen on.
    port : int
        Port to listen on.

    Returns
    -------
    list of str
        The program and its arguments.
    """
    options = ["--host", host, "--port", str(port), "--working-dir", str(Path.cwd())]
    return [sys.executable, "-m", "bentoml", "serve", _SERVICE, *options]


def check_address(host: str, port: int) -> None:
    """Refuse an address on which the service cannot listen.

    Raises
    ------
    InputError
        Something else listens there, or the machine has no such address.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the service will
            trial.bind(address)
    except OSError as error:
        raise refuse(
            "serve",
            f"an address to listen on at {host}, port {port}",
            error.strerror or str(error),
            "Stop what listens there, or choose another by --port and --host.",
        ) from None


def serve_environment(shop: Path) -> dict[str, str]:
    """Make the environment variables of the server process; they turn telemetry off.

    Parameters
    ----------
    shop : path
        The shop's nextbuy.toml.

    Returns
    -------
    dict of str to str
        The environment of this process with the variables that the service needs.

    Raises
    ------
    InputError
        The shop has no history store yet.
    """
    settings = read_shop(shop)
    target = store_target(settings)
    if target.build_id() is None:
        raise refuse(
            "serve",
            f"a history store at {target}",
            "none",
            "Run `nextbuy features --online` first.",
        )
    return {
        # By default all services of a user share one folder, and clear each other's metrics.
        "BENTOML_HOME": str(settings.workspace / "bentoml"),
        **os.environ,
        "NEXTBUY_SHOP": str(shop.resolve()),
        "BENTOML_DO_NOT_TRACK": "true",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
