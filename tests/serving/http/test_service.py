"""The server process over HTTP: answers, errors, log, and the swap of models and store."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from mlflow import MlflowClient

from features.store.address import store_path
from features.store.build.store_build import build_store
from features.windows import to_datetime
from models.registry import CHAMPION
from serving.answers.predictor import Predictor, load_predictor
from serving.decisions.decide import DecisionMaker
from serving.http.http_errors import MAX_BYTES
from serving.http.server import serve_command, serve_environment
from serving.schemas.decision_schemas import DecisionsRequest


@pytest.fixture(scope="module")
def server_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("server") / "log.txt"


@pytest.fixture(scope="module")
def server(simulated, server_log: Path) -> Iterator[httpx.Client]:
    """Start the service of the simulated shop as `nextbuy serve` starts it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = serve_environment(simulated.config) | {"NEXTBUY_POLL_SECONDS": "0.5"}
    with server_log.open("w") as output:
        process = subprocess.Popen(
            serve_command("127.0.0.1", port),
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30)
    try:
        _wait(lambda: _status(client, "/readyz") == 200, 90, server_log)
        yield client
    finally:
        client.close()
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


@pytest.fixture
def predictor(simulated) -> Iterator[Predictor]:
    """Load the predictor that the service answers with, in this process."""
    with closing(load_predictor(simulated.shop, 48, 24)) as loaded:
        yield loaded


def _status(client: httpx.Client, path: str) -> int:
    try:
        return client.get(path).status_code
    except httpx.TransportError:
        return 0


def _wait(condition, seconds: float, log: Path | None = None) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, log.read_text() if log else "it did not happen"
        time.sleep(0.1)


def _ask(server: httpx.Client, customer_ids: list[str], as_of: str | None) -> httpx.Response:
    body = {"customer_ids": customer_ids} | ({"as_of": as_of} if as_of else {})
    return server.post("/v1/predict", json=body)


@pytest.fixture(scope="module")
def as_of(simulated) -> str:
    return to_datetime(simulated.cutoff).isoformat()


@pytest.mark.parametrize("n", [0, 1, 3])
def test_the_served_answer_is_the_one_computed_in_process(
    server: httpx.Client, predictor: Predictor, simulated, as_of: str, n: int
) -> None:
    customer_ids = [*predictor.store.customer_ids()[5 : 5 + n], *(["nobody"] * (n > 1))]
    served = _ask(server, customer_ids, as_of)
    assert served.status_code == 200
    computed = predictor.predict(customer_ids, simulated.cutoff).model_dump(mode="json")
    body = served.json()
    assert body.pop("request_id") != computed.pop("request_id")
    assert body == computed


def test_all_customers_at_once_are_the_same_as_in_process(
    server: httpx.Client, predictor: Predictor, simulated, as_of: str
) -> None:
    ids = predictor.store.customer_ids()
    computed = predictor.predict(ids, simulated.cutoff).model_dump(mode="json")["answers"]
    assert _ask(server, ids, as_of).json()["answers"] == computed


def test_a_bare_date_is_the_end_of_that_day(server: httpx.Client, as_of: str) -> None:
    body = _ask(server, [], "2025-10-01").json()
    assert body["as_of"].replace("Z", "+00:00") == as_of


def test_without_as_of_an_old_store_answers_that_it_is_old(server: httpx.Client) -> None:
    answer = _ask(server, ["x"], None).json()["answers"][0]
    assert (answer["status"], answer["retry_after"]) == ("unavailable", 3600)


@pytest.mark.parametrize("n", [0, 1, 3])
def test_the_served_reasons_are_those_given_in_process(
    server: httpx.Client, predictor: Predictor, simulated, as_of: str, n: int
) -> None:
    customer_ids = [*predictor.store.customer_ids()[5 : 5 + n], *(["nobody"] * (n > 1))]
    served = server.post("/v1/explain", json={"customer_ids": customer_ids, "as_of": as_of})
    assert served.status_code == 200
    computed = predictor.explain(customer_ids, simulated.cutoff).model_dump(mode="json")
    body = served.json()
    assert body.pop("request_id") != computed.pop("request_id")
    assert body == computed


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"customer_ids": ["x"] * 21}, "at most 20"),
        ({"customer_ids": ["x"], "as_of": "soon"}, "a date or an instant"),
        ({"customer_ids": ["x"], "why": True}, "why"),
    ],
)
def test_a_wrong_request_for_reasons_gets_400_and_the_reason(
    server: httpx.Client, body: dict, says: str
) -> None:
    response = server.post("/v1/explain", json=body)
    assert response.status_code == 400
    assert says in response.text


def _asking(customer_ids: list[str], as_of: str | None, key: str) -> dict:
    asking = [{"customer_id": i, "campaign": "autumn", "key": key} for i in customer_ids]
    return {"decisions": asking} | ({"as_of": as_of} if as_of else {})


def test_the_service_and_another_process_decide_the_same_once(
    server: httpx.Client, predictor: Predictor, simulated, as_of: str
) -> None:
    body = _asking([*predictor.store.customer_ids()[:50], "nobody"], as_of, "both")
    first = server.post("/v1/decisions", json=body)
    assert first.status_code == 200
    served = first.json()["decisions"]
    decisions = DecisionMaker(simulated.shop)
    request = DecisionsRequest.model_validate(body)
    computed = decisions.decide(predictor, request).model_dump(mode="json")["decisions"]
    decisions.close()
    assert [d["repeated"] for d in computed] == [d["status"] == "ok" for d in served]
    assert [d | {"repeated": False} for d in computed] == served
    assert server.post("/v1/decisions", json=body).json()["decisions"] == computed
    assert sum(d["decision_id"] is not None for d in served) > 40


def test_a_decision_needs_a_store_that_is_not_old(server: httpx.Client) -> None:
    body = _asking(["x"], None, "old")
    (decided,) = server.post("/v1/decisions", json=body).json()["decisions"]
    assert (decided["status"], decided["retry_after"]) == ("unavailable", 3600)
    assert decided["channel"] is None


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "decisions"),
        (_asking(["x"], "soon", "k"), "a date or an instant"),
        (_asking(["x"], None, ""), "at least 1 character"),
        (_asking(["x"], None, "a\0b"), "pattern"),
        (_asking(["x"] * 5001, None, "k"), "5000"),
    ],
)
def test_a_wrong_request_for_decisions_gets_400_and_the_reason(
    server: httpx.Client, body: dict, says: str
) -> None:
    response = server.post("/v1/decisions", json=body)
    assert response.status_code == 400
    assert says in response.text


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "customer_ids"),
        ({"customer_ids": "x"}, "customer_ids"),
        ({"customer_ids": [3]}, "customer_ids"),
        ({"customer_ids": [""]}, "at least 1 character"),
        ({"customer_ids": ["x" * 201]}, "at most 200 characters"),
        ({"customer_ids": ["x"], "asof": "2025-10-01"}, "asof"),
        ({"customer_ids": ["x"] * 5001}, "5000"),
        ({"customer_ids": ["x"], "as_of": "soon"}, "a date or an instant"),
        ({"customer_ids": ["x"], "as_of": "2999-01-01"}, "not after now"),
        ({"customer_ids": ["x"], "send_at": "soon"}, "send_at: expected a date and time from"),
        (
            {"customer_ids": ["x"], "as_of": "2025-10-01", "send_at": "2025-10-01T12:00"},
            "send_at: expected a date and time from as_of on, at most 14 days after it",
        ),
    ],
)
def test_a_wrong_request_gets_400_and_the_reason(
    server: httpx.Client, body: dict, says: str
) -> None:
    response = server.post("/v1/predict", json=body)
    assert response.status_code == 400
    assert says in response.text
    assert "Traceback" not in response.text


def test_it_is_alive_ready_measured_and_described(server: httpx.Client, as_of: str) -> None:
    _ask(server, [], as_of)
    assert [_status(server, path) for path in ("/livez", "/readyz")] == [200, 200]
    assert "bentoml_service_request_total" in server.get("/metrics").text
    described = server.get("/docs.json").json()
    assert "/v1/predict" in described["paths"]
    assert "PredictResponse" in str(described)


def test_a_refused_request_is_answered_in_one_form_and_leaves_no_customer_in_the_log(
    server: httpx.Client, server_log: Path
) -> None:
    secret = "c-secret" * 30
    for path, body in (
        ("/v1/predict", {"customer_ids": [secret]}),
        ("/v1/events", {"orders": [{"customer_id": secret}]}),
        ("/v1/decisions", _asking([secret[:9]], "soon", "k")),
    ):
        response = server.post(path, json=body)
        error = response.json()["error"]
        assert (response.status_code, error.keys()) == (400, {"message", "request_id"})
        request_id = error["request_id"]
        _wait(lambda i=request_id: i in server_log.read_text(), 5)
    assert server.post("/v1/nothing", json={}).json()["error"]["message"] == "Not Found"
    written = server_log.read_text()
    assert "c-secret" not in written
    assert "Traceback" not in written


def test_a_request_that_is_too_large_gets_413(server: httpx.Client) -> None:
    for content in (b" " * (MAX_BYTES + 1), iter([b" " * MAX_BYTES, b" "])):
        response = server.post("/v1/predict", content=content)
        assert response.status_code == 413
        assert "send it in parts" in response.json()["error"]["message"]


class Churn:
    """The registered churn model of the simulated shop, as an MLOps engineer moves it."""

    def __init__(self, server: httpx.Client, simulated, as_of: str) -> None:
        self._client = MlflowClient(simulated.shop.tracking_uri)
        self._server, self._as_of = server, as_of
        self.first = simulated.promoted["churn"]
        self._first_version = self._client.get_model_version("churn", self.first)

    def copy(self, source: str = "", **tags: str) -> str:
        """Register the first version again, perhaps with another source or other tags."""
        tags = dict(self._first_version.tags) | tags
        made = self._client.create_model_version(
            "churn", source or self._first_version.source, self._first_version.run_id, tags
        )
        return str(made.version)

    def point(self, version: str) -> None:
        self._client.set_registered_model_alias("churn", CHAMPION, version)

    def answering(self) -> str:
        return str(_ask(self._server, [], self._as_of).json()["models"]["churn"])

    def follow(self, version: str) -> None:
        self.point(version)
        _wait(lambda: self.answering() == version, 20)


@pytest.fixture
def churn(server: httpx.Client, simulated, as_of: str) -> Iterator[Churn]:
    registered = Churn(server, simulated, as_of)
    yield registered
    registered.follow(registered.first)


def test_new_champions_are_followed_and_rolled_back_without_a_restart(churn: Churn) -> None:
    churn.follow(churn.copy())
    churn.follow(churn.first)


def test_a_new_store_is_followed_without_a_restart(
    server: httpx.Client, simulated, as_of: str
) -> None:
    until = to_datetime(simulated.log.observed_until).isoformat()[:10]
    try:
        build_store(simulated.log, store_path(simulated.shop))
        _wait(lambda: _ask(server, [], as_of).json()["data_cutoff"][:10] == until, 20)
    finally:
        build_store(simulated.log, store_path(simulated.shop), simulated.cutoff)


def test_broken_promotions_are_not_taken_and_a_good_one_after_them_is(
    server: httpx.Client, server_log: Path, churn: Churn
) -> None:
    def count_refusals() -> int:
        return server_log.read_text().count("the new version is not taken")

    for broken in (churn.copy(artefact_sha256="0" * 64), churn.copy(source="/nowhere/at/all")):
        before = count_refusals()
        churn.point(broken)
        _wait(lambda before=before: count_refusals() > before + 1, 20, server_log)
        assert churn.answering() == churn.first
        assert _status(server, "/readyz") == 200
    churn.follow(churn.copy())


def _modules_after(program: str, environment: dict[str, str]) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\nimport sys\nprint(*sys.modules)"],
        check=True, capture_output=True, text=True, env=environment,
    )  # fmt: skip
    return set(done.stdout.splitlines()[-1].split())


def test_the_process_that_answers_imports_nothing_of_a_training(
    simulated, predictor: Predictor, as_of: str
) -> None:
    request = {"customer_ids": predictor.store.customer_ids()[:1], "as_of": as_of}
    program = (
        "from serving.http.service import NextbuyService, PredictRequest\n"
        "service = NextbuyService.inner()\n"
        f"answer, = service.predict(PredictRequest(**{request})).answers\n"
        "service._stop()\n"
        "assert answer.status == 'ok', answer"
    )
    modules = _modules_after(program, serve_environment(simulated.config))
    assert {"serving.swap.watcher", "lightgbm"} <= modules
    packages = {name.partition(".")[0] for name in modules}
    unneeded = {"lifetimes", "matplotlib", "mlflow", "numba", "optuna", "sklearn", "training"}
    assert not packages & unneeded


def test_the_process_that_watches_over_it_imports_only_the_endpoints(simulated) -> None:
    modules = _modules_after("import serving.http.service", serve_environment(simulated.config))
    assert not modules & {"pandas", "lightgbm", "features.shop.shop", "serving.swap.watcher"}
