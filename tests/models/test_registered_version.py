"""Finding versions in MLflow's registry, with and without MLflow."""

import subprocess
import sys
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INTERNAL_ERROR
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from features.errors import NextbuyError
from models import registered_version
from models.registered_version import (
    READABLE_SCHEMAS,
    RegisteredVersion,
    find_registered_version,
    version_files,
)


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A registry with two versions of a model, of which the first has the alias."""
    folder = tmp_path_factory.mktemp("registry")
    uri = f"sqlite:///{folder}/mlflow.db"
    client = MlflowClient(uri)
    client.create_registered_model("churn")
    for number in "12":
        client.create_model_version("churn", f"file://{folder}/files-{number}", tags={"no": number})
    client.set_registered_model_alias("churn", "champion", "1")
    return uri


@pytest.fixture
def _no_mlflow(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("MLflow was asked")

    monkeypatch.setattr(registered_version, "_ask_mlflow", refuse)


def by_mlflow(uri: str, alias: str) -> RegisteredVersion | None:
    return registered_version._ask_mlflow(uri, "churn", alias)


@pytest.mark.usefixtures("_no_mlflow")
def test_the_tables_of_the_installed_mlflow_are_read_without_it(uri: str) -> None:
    with create_engine(uri).connect() as connection:
        schema = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    assert schema in READABLE_SCHEMAS, "read MLflow's changes, then add the state of its tables"
    found = find_registered_version(uri, "churn", "champion")
    assert found is not None
    assert (found.version, found.tags) == ("1", {"no": "1"})


def test_the_query_finds_what_mlflow_finds(uri: str) -> None:
    assert find_registered_version(uri, "churn", "champion") == by_mlflow(uri, "champion")
    assert find_registered_version(uri, "churn", "challenger") is by_mlflow(uri, "challenger")
    assert find_registered_version(uri, "repurchase-timing", "champion") is None


@pytest.mark.usefixtures("_no_mlflow")
def test_a_registry_that_does_not_exist_has_no_versions_and_is_not_made(tmp_path: Path) -> None:
    file = tmp_path / "mlflow.db"
    assert find_registered_version(f"sqlite:///{file}", "churn", "champion") is None
    assert not file.exists()


@pytest.mark.parametrize("change", ["workspaces", "another schema"])
def test_mlflow_is_asked_where_the_query_may_not_hold(
    uri: str, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if change == "workspaces":
        monkeypatch.setenv("MLFLOW_ENABLE_WORKSPACES", "true")
    else:
        monkeypatch.setattr(registered_version, "READABLE_SCHEMAS", frozenset())
    answer = RegisteredVersion("7", "elsewhere", {})
    monkeypatch.setattr(registered_version, "_ask_mlflow", lambda *_: answer)
    assert find_registered_version(uri, "churn", "champion") is answer


def test_mlflow_is_asked_about_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(registered_version, "_ask_mlflow", lambda *asks: asked.append(asks))
    assert find_registered_version("http://127.0.0.1:9", "churn", "champion") is None
    assert asked == [("http://127.0.0.1:9", "churn", "champion")]


def test_a_database_that_fails_is_named_with_the_first_line_of_its_error(tmp_path: Path) -> None:
    file = tmp_path / "mlflow.db"
    file.write_text("this is no database, and long enough to be read as one by its first bytes")
    with pytest.raises(NextbuyError, match=r"registry at sqlite.*churn@champion.*not a database"):
        find_registered_version(f"sqlite:///{file}", "churn", "champion")


def test_an_mlflow_that_fails_is_named_with_its_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MlflowException("it broke", INTERNAL_ERROR)

    monkeypatch.setattr(MlflowClient, "get_model_version_by_alias", fail)
    with pytest.raises(NextbuyError, match=r"registry at http.*version churn@champion.*it broke"):
        find_registered_version("http://127.0.0.1:9", "churn", "champion")


def test_a_database_that_only_mlflow_reads_is_named_with_its_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise SQLAlchemyError("it broke\nat a long place")

    monkeypatch.setattr(MlflowClient, "get_model_version_by_alias", fail)
    monkeypatch.setattr(MlflowClient, "__init__", lambda *_, **__: None)
    with pytest.raises(NextbuyError, match=r"registry at mysql.*churn@champion.*it broke\. Check"):
        find_registered_version("mysql://127.0.0.1:9/x", "churn", "champion")


def test_files_of_a_folder_are_lent_where_they_are(tmp_path: Path) -> None:
    for source in (str(tmp_path), tmp_path.as_uri()):
        with version_files("sqlite:///none.db", source) as folder:
            assert folder == tmp_path


def test_files_that_are_gone_are_an_error_of_the_system(tmp_path: Path) -> None:
    with (
        pytest.raises(FileNotFoundError, match="gone is no folder"),
        version_files("sqlite:///none.db", str(tmp_path / "gone")),
    ):
        raise AssertionError("no folder may be lent")


def test_files_elsewhere_are_downloaded_by_mlflow_and_deleted_afterwards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def download(artifact_uri: str, dst_path: str, tracking_uri: str) -> str:
        (Path(dst_path) / "artefact.json").write_text(f"{artifact_uri} of {tracking_uri}")
        return dst_path

    monkeypatch.setattr("mlflow.artifacts.download_artifacts", download)
    with version_files("http://127.0.0.1:9", "s3://models/1") as folder:
        assert (folder / "artefact.json").read_text() == "s3://models/1 of http://127.0.0.1:9"
    assert not folder.exists()


def test_files_that_mlflow_cannot_deliver_are_an_error_of_the_system() -> None:
    with (
        pytest.raises(OSError, match="models"),
        version_files("sqlite:///none.db", "unknown-scheme://models/1"),
    ):
        raise AssertionError("no folder may be lent")


def test_finding_a_version_does_not_import_mlflow(uri: str) -> None:
    program = (
        "import sys\n"
        "from models.registered_version import find_registered_version\n"
        f"print(find_registered_version({uri!r}, 'churn', 'champion').version)\n"
        "print('mlflow' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert done.stdout.split() == ["1", "False"]
