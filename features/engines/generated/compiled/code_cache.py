"""Keeps object code in a folder, so that functions are compiled once for a catalog and a CPU.

An entry is one file: a JSON header in its first line with the hash of the object code after it.
Nothing is unpickled. A file is written under a temporary name and renamed, so that a process that
reads finds a whole entry or none, and two that write the same one do no harm. Object code is run as
it is: a file that another user could have written is not read.
"""

import hashlib
import logging
import os
import stat
import tempfile
from importlib.metadata import version
from inspect import getsource
from pathlib import Path

import llvmlite.binding as llvm
import msgspec

from features.engines.generated.compiled.object_code import ObjectCode
from features.engines.generated.flat_functions import FUNCTIONS
from features.engines.generated.source_sections import RUN_PARAMETERS

_LOG = logging.getLogger(__name__)
_KEY_LENGTH = 32
_FORMAT = 1  # of the files, and of how sources are compiled


class CodeHeader(msgspec.Struct, frozen=True):
    """What stands before object code.

    Attributes
    ----------
    name : str
        The function's name in the code.
    sha256 : str
        Hash of the code.
    """

    name: str
    sha256: str


def code_key(source: str) -> str:
    """Return the key of a generated source: all that its object code depends on, hashed.

    This is the source with the functions that it calls, how it is called, the versions of the
    compilers, and the name and features of this machine's CPU.
    """
    parts = [str(_FORMAT), str(RUN_PARAMETERS), source]
    parts += [*(getsource(function) for function in FUNCTIONS)]
    parts += [version("numba"), version("llvmlite")]
    parts += [llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:_KEY_LENGTH]


class CodeCache:
    """Object code by key, in a folder.

    Parameters
    ----------
    folder : Path
        Made where it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, key: str) -> ObjectCode | None:
        """Return an entry; None where there is none, or none that may be trusted.

        A damaged entry, or one of another user, is reported as a warning; so is one that cannot be
        read.
        """
        path = self._path(key)
        try:
            if not _is_ours(path):
                _LOG.warning("%s is not used: others may write to it. Delete it.", path)
                return None
            first, _, code = path.read_bytes().partition(b"\n")
            header = msgspec.json.decode(first, type=CodeHeader)
        except FileNotFoundError:
            return None
        except PermissionError as error:
            _LOG.warning("%s cannot be read (%s); the functions stay interpreted", path, error)
            return None
        except msgspec.DecodeError:
            _LOG.warning("%s is damaged; it is made again", path)
            return None
        if hashlib.sha256(code).hexdigest() != header.sha256:
            _LOG.warning("%s is damaged; it is made again", path)
            return None
        return ObjectCode(header.name, code)

    def write(self, key: str, code: ObjectCode) -> None:
        """Write an entry; one that is there is replaced."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        header = CodeHeader(code.name, hashlib.sha256(code.code).hexdigest())
        handle, name = tempfile.mkstemp(dir=self._folder, prefix=".")  # 0600
        unfinished = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(msgspec.json.encode(header) + b"\n" + code.code)
            unfinished.replace(self._path(key))
        finally:
            unfinished.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.code"


def _is_ours(path: Path) -> bool:
    """Say whether a file is this user's, and nobody else may write to it or its folder."""
    return all(
        found.st_uid == os.getuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        for found in (path.stat(), path.parent.stat())
    )
