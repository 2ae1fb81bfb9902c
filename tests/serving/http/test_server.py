"""The command and the environment of the server process."""

import socket
import sys
from pathlib import Path

import msgspec
import pytest

from features.errors import InputError
from features.shop.shop import read_shop
from serving.http.server import check_address, serve_command, serve_environment


def test_the_command_serves_at_an_address_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    command = serve_command("0.0.0.0", 8080)
    assert command[:4] == [sys.executable, "-m", "bentoml", "serve"]
    options = dict(zip(command[5::2], command[6::2], strict=True))
    assert options == {"--host": "0.0.0.0", "--port": "8080", "--working-dir": str(tmp_path)}


def test_a_port_in_use_is_refused_in_one_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"port {port}.*in use.*--port"):
            check_address("127.0.0.1", port)
    check_address("127.0.0.1", port)


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(InputError, match="port 3000"):
        check_address("192.0.2.1", 3000)


def test_the_environment_names_the_shop_by_a_full_path_and_turns_telemetry_off(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(config.parent)
    monkeypatch.setenv("BENTOML_DO_NOT_TRACK", "false")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "false")
    monkeypatch.setenv("NEXTBUY_POLL_SECONDS", "3")
    environment = serve_environment(Path("nextbuy.toml"))
    assert environment["NEXTBUY_SHOP"] == str(config.resolve())
    assert environment["NEXTBUY_POLL_SECONDS"] == "3"
    assert environment["BENTOML_DO_NOT_TRACK"] == "true"
    assert environment["MLFLOW_DISABLE_TELEMETRY"] == "true"


def test_each_shop_has_a_folder_of_metrics_unless_the_environment_names_one(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BENTOML_HOME", raising=False)
    folder = read_shop(config).workspace / "bentoml"
    assert serve_environment(config)["BENTOML_HOME"] == str(folder)
    monkeypatch.setenv("BENTOML_HOME", "/elsewhere")
    assert serve_environment(config)["BENTOML_HOME"] == "/elsewhere"


def test_a_shop_without_a_history_store_is_not_served(tmp_path: Path) -> None:
    config = tmp_path / "nextbuy.toml"
    config.write_bytes(msgspec.toml.encode({"tables": {"orders": {"path": "orders.csv"}}}))
    with pytest.raises(InputError, match=r"serve: expected a history store at .*, got none"):
        serve_environment(config)
