"""Tests of what the registry's reader does without a registry that answers."""

from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INTERNAL_ERROR, RESOURCE_DOES_NOT_EXIST
from sqlalchemy.exc import SQLAlchemyError

from features.errors import NextbuyError
from models import registry
from models.registry import Champions, read_champions, read_version

URI = "sqlite:///shop.db"


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch):
    """Let the registry answer every question with an entry, or raise an error."""

    def set_answer(answer: object) -> None:
        client = Mock()
        if isinstance(answer, Exception):
            client.get_model_version_by_alias.side_effect = answer
        else:
            client.get_model_version_by_alias.return_value = answer
        monkeypatch.setattr(registry, "MlflowClient", lambda _: client)

    return set_answer


def test_an_alias_that_does_not_exist_is_no_error(answers) -> None:
    answers(MlflowException("no such alias", RESOURCE_DOES_NOT_EXIST))
    assert read_version(URI, "churn", "champion") is None
    champions = read_champions(URI)
    assert champions.versions == {}
    assert champions.churn is champions.timing is champions.channel is None


@pytest.mark.parametrize(
    "error",
    [MlflowException("it broke", INTERNAL_ERROR), SQLAlchemyError("it broke\nat a long place")],
)
def test_a_registry_that_fails_is_named_with_its_first_line(answers, error: Exception) -> None:
    answers(error)
    with pytest.raises(NextbuyError, match=r"registry at sqlite.*version churn@champion.*it broke"):
        read_version(URI, "churn", "champion")


def test_a_version_without_the_tag_of_its_artefact_is_refused(answers) -> None:
    answers(SimpleNamespace(version="3", tags={}, source="nowhere"))
    with pytest.raises(NextbuyError, match=r"churn version 3: expected .* no tag artefact_sha256"):
        read_version(URI, "churn", "champion")


def test_a_version_whose_files_are_gone_says_where_they_were(answers, tmp_path) -> None:
    source = str(tmp_path / "gone")
    answers(SimpleNamespace(version="3", tags={"artefact_sha256": "0"}, source=source))
    with pytest.raises(NextbuyError, match=r"expected its files at .*gone, got the error"):
        read_version(URI, "churn", "champion")


def test_all_kinds_are_missing_from_an_empty_snapshot() -> None:
    assert Champions({}).missing == ["churn", "repurchase-timing", "best-channel"]
