"""Finds versions in MLflow's registry and delivers their files.

Importing MLflow costs a process seconds of processor time, and a service only asks which version an
alias names. So a registry in a database is asked by one query, and MLflow only where its tables
are not those that the query was written for, where the registry is behind HTTP, or where the files
of a version are not in a folder of this machine.
"""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from sqlalchemy import Connection, create_engine, inspect, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from features.errors import NextbuyError
from models.kinds import ModelKind

if TYPE_CHECKING:
    from mlflow import MlflowClient

# MLflow numbers the states of its tables by their last migration; the queries hold in these.
READABLE_SCHEMAS = frozenset({"dc11669786a5"})

_SCHEMA = "SELECT version_num FROM alembic_version"
_VERSION = """
SELECT version, COALESCE(NULLIF(storage_location, ''), source)
FROM registered_model_aliases JOIN model_versions USING (workspace, name, version)
WHERE workspace = 'default' AND name = :name AND alias = :alias
"""
_TAGS = """
SELECT key, value FROM model_version_tags
WHERE workspace = 'default' AND name = :name AND version = :version
"""


@dataclass(frozen=True)
class RegisteredVersion:
    """What the registry holds about one version of a model.

    Attributes
    ----------
    version : str
        Its number in the registry.
    source : str
        Where its files are: a folder, or an address that MLflow can read.
    tags : dict of str to str
        Its tags.
    """

    version: str
    source: str
    tags: Mapping[str, str]


def find_registered_version(
    tracking_uri: str, kind: ModelKind, alias: str
) -> RegisteredVersion | None:
    """Look up the version that an alias points to; None where the alias does not exist.

    Parameters
    ----------
    tracking_uri : str
        MLflow's database or server.
    kind : str
        The name of the registered model.
    alias : str
        For instance `champion`.

    Raises
    ------
    NextbuyError
        The registry cannot be reached.
    """
    try:
        if urlsplit(tracking_uri).scheme.startswith(("sqlite", "postgresql")):
            return _find_in_database(tracking_uri, kind, alias)
        return _ask_mlflow(tracking_uri, kind, alias)
    except SQLAlchemyError as error:  # MLflow lets those of other databases through
        raise _registry_error(tracking_uri, kind, alias, str(error)) from None


@contextmanager
def version_files(tracking_uri: str, source: str) -> Iterator[Path]:
    """Lend the folder with a version's files for the length of a `with` block.

    Raises
    ------
    OSError
        The files cannot be read; the message says why.
    """
    address = urlsplit(source)
    if address.scheme in ("", "file"):
        folder = Path(url2pathname(address.path))
        if not folder.is_dir():
            raise FileNotFoundError(f"{folder} is no folder")
        yield folder
        return
    from mlflow.artifacts import download_artifacts
    from mlflow.exceptions import MlflowException

    with tempfile.TemporaryDirectory() as parent:
        try:
            path = download_artifacts(
                artifact_uri=source, dst_path=parent, tracking_uri=tracking_uri
            )
        except MlflowException as error:
            raise OSError(error.message) from None
        yield Path(path)


def open_client(tracking_uri: str) -> "MlflowClient":
    """Open MLflow's client of the shop's own registry, whatever `MLFLOW_REGISTRY_URI` names."""
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri, registry_uri=tracking_uri)


def _find_in_database(uri: str, kind: ModelKind, alias: str) -> RegisteredVersion | None:
    """Look the alias up in MLflow's tables, without making or changing any."""
    url = make_url(uri)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        return None  # nothing was registered yet; connecting would leave an empty file
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            if _has_readable_schema(connection):
                return _read_version(connection, kind, alias)
    finally:
        engine.dispose()
    return _ask_mlflow(uri, kind, alias)


def _has_readable_schema(connection: Connection) -> bool:
    """Return whether the queries of this module hold in the database."""
    if os.environ.get("MLFLOW_ENABLE_WORKSPACES", "").lower() in ("true", "1"):
        return False  # MLflow knows which workspace is meant
    if not inspect(connection).has_table("alembic_version"):
        return False
    return connection.execute(text(_SCHEMA)).scalar_one_or_none() in READABLE_SCHEMAS


def _read_version(connection: Connection, kind: ModelKind, alias: str) -> RegisteredVersion | None:
    named = {"name": kind, "alias": alias}
    row = connection.execute(text(_VERSION), named).one_or_none()
    if row is None:
        return None
    version, source = row
    tags = connection.execute(text(_TAGS), {"name": kind, "version": version}).all()
    return RegisteredVersion(str(version), source, {key: value for key, value in tags})


def _ask_mlflow(tracking_uri: str, kind: ModelKind, alias: str) -> RegisteredVersion | None:
    """Look the alias up through MLflow itself."""
    from mlflow.exceptions import MlflowException

    try:
        entry = open_client(tracking_uri).get_model_version_by_alias(kind, alias)
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return None
        raise _registry_error(tracking_uri, kind, alias, error.message) from None
    source = entry.source or ""
    return RegisteredVersion(str(entry.version), source, entry.tags)


def _registry_error(tracking_uri: str, kind: ModelKind, alias: str, message: str) -> NextbuyError:
    """Make the error that the registry cannot be read."""
    return NextbuyError(
        f"the registry at {tracking_uri} cannot be read: expected the version {kind}@{alias}, "
        f"got the error: {message.splitlines()[0]}. Check that the registry is there and can be "
        "reached."
    )
