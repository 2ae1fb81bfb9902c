"""Keeps the losses of finished back-test origins in the shop's workspace."""

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd

_LOSSES, _ABOUT = "losses.parquet", "about.json"


class _About(msgspec.Struct, frozen=True):
    """Describes kept losses: which origin they are of, the hash of their file, their settings."""

    origin: str
    sha256: str
    settings: dict[str, Any]


@dataclass(frozen=True)
class KeptOrigins:
    """A folder of finished back-test origins, each under a name that covers all it depends on.

    An origin is written to a temporary folder and renamed into place, so that one whose writing
    was interrupted does not exist.

    Attributes
    ----------
    folder : Path
        Created at the first `write`.
    """

    folder: Path

    def read(self, name: str) -> pd.DataFrame | None:
        """Read the kept losses of an origin.

        Parameters
        ----------
        name : str
            Name that the losses were written under.

        Returns
        -------
        DataFrame or None
            The losses as written; None where they are not kept, or their file was changed.
        """
        folder = self.folder / name
        if not (folder / _ABOUT).is_file() or not (folder / _LOSSES).is_file():
            return None
        about = msgspec.json.decode((folder / _ABOUT).read_bytes(), type=_About)
        if _sha256(folder / _LOSSES) != about.sha256:
            return None
        return pd.read_parquet(folder / _LOSSES)

    def write(self, name: str, losses: pd.DataFrame, origin: str, settings: dict[str, Any]) -> None:
        """Keep the losses of a finished origin, with the settings that they were made with.

        Parameters
        ----------
        name : str
            Name to keep them under; what it held before is replaced.
        losses : DataFrame
            One row per (model, customer).
        origin : str
            The cutoff as an ISO date and time.
        settings : dict
            JSON-like settings of the models and the seed.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.folder, prefix="unfinished-") as parent:
            written = Path(parent) / name
            written.mkdir()
            losses.to_parquet(written / _LOSSES, index=False)
            about = _About(origin, _sha256(written / _LOSSES), settings)
            text = msgspec.json.format(msgspec.json.encode(about), indent=1)
            (written / _ABOUT).write_bytes(text)
            target = self.folder / name
            if target.exists():  # it was damaged, since `read` did not accept it
                target.rename(Path(parent) / "replaced")
            written.rename(target)


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
