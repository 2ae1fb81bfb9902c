"""Object code in a folder: whole entries of ours or none, whoever writes and whatever breaks."""

import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from features.engines.generated.compiled import code_cache
from features.engines.generated.compiled.code_cache import CodeCache, code_key
from features.engines.generated.compiled.object_code import ObjectCode

_CODE = ObjectCode("run", bytes(range(256)) * 100)


def test_an_entry_is_read_as_it_was_written_and_is_ours_alone(tmp_path: Path) -> None:
    cache = CodeCache(tmp_path / "compiled")
    assert cache.read("a") is None
    cache.write("a", _CODE)
    assert cache.read("a") == _CODE
    assert cache.read("b") is None
    assert [path.name for path in (tmp_path / "compiled").iterdir()] == ["a.code"]
    assert (tmp_path / "compiled" / "a.code").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"", b"{}", b"half", b'{"name":"run","sha256":"0"}\ncode'])
def test_a_damaged_entry_is_none_and_is_said(
    content: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache = CodeCache(tmp_path)
    cache.write("a", _CODE)
    (tmp_path / "a.code").write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert cache.read("a") is None
    assert "damaged" in caplog.text
    cache.write("a", _CODE)
    assert cache.read("a") == _CODE


def test_every_beginning_of_an_entry_is_none(tmp_path: Path) -> None:
    cache = CodeCache(tmp_path)
    cache.write("a", _CODE)
    whole = (tmp_path / "a.code").read_bytes()
    for size in range(0, len(whole), 977):
        (tmp_path / "a.code").write_bytes(whole[:size])
        assert cache.read("a") is None


@pytest.mark.parametrize("what", ["a.code", "."])
def test_what_others_may_write_to_is_not_read(
    what: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache = CodeCache(tmp_path)
    cache.write("a", _CODE)
    (tmp_path / what).chmod(0o777)
    with caplog.at_level(logging.WARNING):
        assert cache.read("a") is None
    assert "others may write" in caplog.text


def test_what_may_not_be_read_is_none_and_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    cache = CodeCache(tmp_path)
    cache.write("a", _CODE)
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with caplog.at_level(logging.WARNING):
        assert cache.read("a") is None
    assert "cannot be read" in caplog.text


def test_two_that_write_one_entry_do_no_harm(tmp_path: Path) -> None:
    cache = CodeCache(tmp_path)
    with ThreadPoolExecutor(4) as pool:
        codes = [ObjectCode(f"run{n}", _CODE.code[n:]) for n in range(40)]
        list(pool.map(lambda code: cache.write("a", code), codes))
    assert cache.read("a") in codes
    assert len(list(tmp_path.iterdir())) == 1


def test_nothing_is_left_of_a_write_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="No space"):
        CodeCache(tmp_path).write("a", _CODE)
    assert list(tmp_path.iterdir()) == []


def test_another_source_another_cpu_and_another_compiler_have_other_keys(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keys = [code_key("a"), code_key("b")]
    assert code_key("a") == keys[0]
    monkeypatch.setattr(code_cache.llvm, "get_host_cpu_name", lambda: "another")
    keys.append(code_key("a"))
    monkeypatch.setattr(code_cache, "version", lambda name: f"another {name}")
    keys.append(code_key("a"))
    assert len(set(keys)) == 4
