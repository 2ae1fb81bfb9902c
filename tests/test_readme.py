"""The README is true: its commands run, its reply has the served form."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from features.shop.shop import read_shop
from nextbuy import cli
from serving.schemas.answer_schemas import ExplainRequest, PredictResponse
from serving.schemas.decision_schemas import Decided, DecisionsRequest
from serving.schemas.event_schemas import EventsRequest, EventsResponse
from serving.schemas.reason_schemas import ChurnReasons
from serving.settings import SETTINGS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


COMMANDS = [
    line.split("   #")[0].strip()
    for block in _blocks("sh")
    for line in block.replace("\\\n", " ").splitlines()
    if line.strip()
]


def test_the_first_block_is_the_two_commands_of_a_newcomer() -> None:
    first = _blocks("sh")[0].splitlines()
    assert [line.split("   #")[0].strip() for line in first] == ["make demo", "make test"]


@pytest.mark.parametrize("target", re.findall(r"`?make ([a-z-]+)", README))
def test_every_make_target_that_it_names_exists(target: str) -> None:
    done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "command",
    [c for c in COMMANDS if c.startswith("nextbuy") and not c.startswith("nextbuy serve")],
)
def test_its_commands_run(
    command: str, simulated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(simulated.config.parent, tmp_path / "demo" / "simulated")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", shlex.split(command))
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert not stopped.value.code


def test_the_mlflow_command_opens_the_database_that_a_training_writes(simulated) -> None:
    (command,) = [c for c in COMMANDS if c.startswith("mlflow")]
    path = command.split("sqlite:///")[1]
    assert path == "demo/simulated/.nextbuy/mlflow.db"
    written = read_shop(simulated.config).tracking_uri.removeprefix("sqlite:///")
    assert written.endswith("/.nextbuy/mlflow.db")


@pytest.mark.parametrize("command", [c for c in COMMANDS if "-d '" in c])
def test_its_requests_are_what_the_service_takes(command: str) -> None:
    arguments = shlex.split(command)
    body = json.loads(arguments[-1])
    if arguments[2].endswith("/v1/events"):
        EventsRequest.model_validate(body)
    elif arguments[2].endswith("/v1/decisions"):
        DecisionsRequest.model_validate(body)
    elif arguments[2].endswith("/v1/explain"):
        ExplainRequest.model_validate(body)
    else:
        assert arguments[2].endswith("/v1/predict")
        assert body.keys() <= {"customer_ids", "as_of"}


def test_its_reply_has_the_form_that_is_served() -> None:
    reply = json.loads(_blocks("json")[0])
    served = PredictResponse.model_validate(reply).model_dump(mode="json")
    assert served.keys() == reply.keys()
    assert served["answers"] == reply["answers"]


def test_its_receipt_has_the_form_that_is_served() -> None:
    assert json.loads(_blocks("json")[1]).keys() == EventsResponse.model_fields.keys()


def test_its_decision_has_the_form_that_is_served() -> None:
    decision = json.loads(_blocks("json")[2])
    assert Decided.model_validate(decision).model_dump(mode="json") == decision


def test_its_reasons_have_the_form_that_is_served() -> None:
    reasons = json.loads(_blocks("json")[3])
    assert ChurnReasons.model_validate(reasons).model_dump(mode="json") == reasons


def test_its_nextbuy_toml_files_are_read(tmp_path: Path) -> None:
    for text in _blocks("toml"):
        (tmp_path / "nextbuy.toml").write_text(text)
        read_shop(tmp_path / "nextbuy.toml")


def test_it_lists_every_setting_of_the_service() -> None:
    for name, (what, default) in SETTINGS.items():
        assert f"| `{name}` | {what} | `{default}` |" in README
