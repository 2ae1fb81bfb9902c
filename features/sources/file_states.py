"""Tells whether files are still the same, by their content: untouched ones are not read again."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec


class FileState(msgspec.Struct, frozen=True):
    """What a file was like when it was read.

    Attributes
    ----------
    path : str
        The file.
    inode, size, modified_ns, changed_ns : int
        Its number on the disk, its bytes, and when its content and its entry were changed last, in
        nanoseconds. Where all of them are as they were, the file was not touched.
    sha256 : str
        Hash of its content.
    """

    path: str
    inode: int
    size: int
    modified_ns: int
    changed_ns: int
    sha256: str

    @property
    def untouched(self) -> tuple[str, int, int, int, int]:
        """What is compared without reading the file."""
        return self.path, self.inode, self.size, self.modified_ns, self.changed_ns


def read_states(files: Iterable[Path], known: Sequence[FileState] = ()) -> list[FileState]:
    """Read the states of files.

    Parameters
    ----------
    files : iterable of Path
        The files.
    known : sequence of FileState
        Earlier states; a file that was not touched since is not read.
    """
    hashes = {state.untouched: state.sha256 for state in known}
    states = []
    for file in files:
        found = file.stat()
        state = FileState(
            str(file), found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns, ""
        )
        sha256 = hashes.get(state.untouched) or _hash(file)
        states.append(msgspec.structs.replace(state, sha256=sha256))
    return states


def _hash(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
