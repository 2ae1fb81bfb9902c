"""Keeps the flat columns of a log in the shop's workspace, for commands that read it again.

The files are written in the log's own folder, flushed, and renamed as a whole: nothing half-written
is ever used. Of two processes that lay out a log, the last one's files stay.
"""

import logging
import shutil
import time
from pathlib import Path

import msgspec

from features.log.flat_log import FlatLog, LogFiles
from features.log.kept_tables import KeptTable, flush, read_kept, write_kept

KEPT_LAYOUT = "layout"  # its name among the kept tables
_LOG = logging.getLogger(__name__)


class KeptLayout:
    """The kept layout of one log.

    Parameters
    ----------
    folder : Path
        The folder of what is kept, in the workspace.
    key : str
        Hash of all that the rows of the log depend on.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self._folder, self._key = folder, key
        self._path = folder / f"{KEPT_LAYOUT}-{key}"

    def open(self) -> FlatLog | None:
        """Map the kept columns; None where there are none of this log."""
        kept = read_kept(self._folder, KEPT_LAYOUT)
        if kept is None or kept.key != self._key:
            return None
        try:
            return LogFiles(self._path).read()
        except FileNotFoundError:  # removed at this moment
            return None
        except (ValueError, EOFError, msgspec.DecodeError) as error:
            _LOG.warning("the kept layout cannot be used and is made again: %s", error)
            return None

    def put(self, finished: Path) -> None:
        """Keep the files in a folder of the same disk, which is moved; others are removed."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        for path in [*finished.iterdir(), finished]:
            path.chmod(0o700 if path.is_dir() else 0o600)
            flush(path)
        for path in self._folder.glob(f"{KEPT_LAYOUT}-*"):
            shutil.rmtree(path, ignore_errors=True)  # who has mapped it goes on reading it
        try:
            finished.rename(self._path)
        except OSError:
            if not self._path.is_dir():
                raise
            shutil.rmtree(finished)  # another process has put the same log there just now
        kept = KeptTable(self._key, [], time.time_ns() // 1000)
        write_kept(self._folder, KEPT_LAYOUT, kept, finished.parent)
