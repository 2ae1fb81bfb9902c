"""The commands that answer with the champions: how they call the service, and their exit codes."""

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from serving.bulk.audience import CampaignSend
from tests.nextbuy.command_line import RunCommand


def _respond(**answers: list[str]) -> SimpleNamespace:
    """A response whose answers or explanations have these statuses."""
    ((name, statuses),) = answers.items()
    rows = [SimpleNamespace(status=status) for status in statuses]
    body = {name: [{"status": status} for status in statuses]}
    return SimpleNamespace(**{name: rows}, model_dump_json=lambda: json.dumps(body))


def test_serve_becomes_the_process_of_the_service(
    run: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[str, list[str], dict[str, str]]] = []
    monkeypatch.setattr(os, "execve", lambda *call: calls.append(call))
    monkeypatch.setattr("serving.http.server.check_address", lambda *_: None)
    monkeypatch.setattr("serving.http.server.serve_environment", lambda shop: {"SHOP": str(shop)})
    code, _, error = run("serve", "--shop", "my.toml", "--host", "0.0.0.0", "--port", "8080")
    assert (code, error) == (0, "")
    ((program, command, environment),) = calls
    assert program == command[0]
    options = dict(zip(command[5::2], command[6::2], strict=False))
    assert (options["--host"], options["--port"]) == ("0.0.0.0", "8080")
    assert environment == {"SHOP": "my.toml"}


@pytest.mark.parametrize("port", ["0", "65536"])
def test_serve_refuses_a_port_that_does_not_exist(run: RunCommand, port: str) -> None:
    code, _, error = run("serve", "--port", port)
    assert code == 2
    assert "--port" in error


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (["ok"], 0),
        (["unavailable", "ok"], 0),
        (["unavailable", "unknown_customer"], 0),
        (["unavailable", "unavailable"], 1),
    ],
)
def test_predict_and_explain_fail_only_if_no_answer_is_available(
    run: RunCommand, monkeypatch: pytest.MonkeyPatch, statuses: list[str], expected: int
) -> None:
    requests: list[tuple[Any, ...]] = []

    def predict(*request: Any) -> SimpleNamespace:
        requests.append(request)
        return _respond(answers=statuses)

    def explain(*request: Any) -> SimpleNamespace:
        requests.append(request)
        return _respond(explanations=statuses)

    monkeypatch.setattr("serving.bulk.offline.predict_offline", predict)
    monkeypatch.setattr("serving.bulk.offline.explain_offline", explain)
    code, output, _ = run("predict", "a", "b", "--as-of", "2025-01-01")
    assert code == expected
    assert [answer["status"] for answer in json.loads(output)["answers"]] == statuses
    code, output, _ = run("explain", "a", "b", "--as-of", "2025-01-01", "--json")
    assert code == expected
    assert [row["status"] for row in json.loads(output)["explanations"]] == statuses
    assert requests == [(Path("nextbuy.toml"), ["a", "b"], "2025-01-01", None)] * 2


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [([], 0), (["ok", "unavailable"], 0), (["unavailable", "unavailable"], 1)],
)
def test_decide_fails_only_if_no_decision_was_available(
    run: RunCommand, monkeypatch: pytest.MonkeyPatch, statuses: list[str], expected: int
) -> None:
    requests: list[tuple[Any, ...]] = []
    made = [status == "ok" for status in statuses]
    decided = pd.DataFrame(
        {
            "status": pd.Series(statuses, dtype=str),
            "channel": ["email" if ok else None for ok in made],
            "arm": ["control" if ok else None for ok in made],
            "reason": [None if ok else "the history store ends" for ok in made],
        }
    )

    def decide(*request: Any) -> pd.DataFrame:
        requests.append(request)
        return decided

    monkeypatch.setattr("serving.bulk.audience.decide_audience", decide)
    options = ("--campaign", "autumn", "--audience", "a.csv", "--out", "o.csv")
    code, output, _ = run("decide", *options)
    assert code == expected
    assert f"{len(statuses)} rows written to o.csv" in output
    later = ("--key", "october", "--send-at", "2025-10-02T10:00")
    assert run("decide", *options, *later)[0] == expected
    assert [request[3] for request in requests] == [
        CampaignSend("autumn", "autumn"),
        CampaignSend("autumn", "october", send_at="2025-10-02T10:00"),
    ]
