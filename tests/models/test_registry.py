"""Tests of what the registry's reader does with what the registry holds."""

import pytest

from features.errors import NextbuyError
from models import registry
from models.registered_version import RegisteredVersion
from models.registry import Champions, read_champions, read_version

URI = "sqlite:///shop.db"


@pytest.fixture
def holds(monkeypatch: pytest.MonkeyPatch):
    """Let the registry hold one version under every name and alias, or none."""

    def set_version(version: RegisteredVersion | None) -> None:
        monkeypatch.setattr(registry, "find_registered_version", lambda *_: version)

    return set_version


def test_an_alias_that_does_not_exist_is_no_error(holds) -> None:
    holds(None)
    assert read_version(URI, "churn", "champion") is None
    champions = read_champions(URI)
    assert champions.versions == {}
    assert champions.churn is champions.timing is champions.channel is None


def test_a_version_without_the_tag_of_its_artefact_is_refused(holds) -> None:
    holds(RegisteredVersion("3", "nowhere", {}))
    with pytest.raises(NextbuyError, match=r"churn version 3: expected .* no tag artefact_sha256"):
        read_version(URI, "churn", "champion")


def test_a_version_whose_files_are_gone_says_where_they_were(holds, tmp_path) -> None:
    holds(RegisteredVersion("3", str(tmp_path / "gone"), {"artefact_sha256": "0"}))
    with pytest.raises(NextbuyError, match=r"expected its files at .*gone, got the error"):
        read_version(URI, "churn", "champion")


def test_all_kinds_are_missing_from_an_empty_snapshot() -> None:
    assert Champions({}).missing == ["churn", "repurchase-timing", "best-channel"]
