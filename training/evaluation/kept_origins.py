"""Finished origins of back-tests, kept in the shop's workspace until their input changes."""

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd

_LOSSES, _ABOUT = "losses.parquet", "about.json"


class _About(msgspec.Struct, frozen=True):
    """What stands beside the losses: of which origin they are, and their bytes' hash."""

    origin: str
    sha256: str
    settings: dict[str, Any]


@dataclass(frozen=True)
class KeptOrigins:
    """A folder of finished origins, each under the name that says what it depends on.

    An origin is written beside its place and renamed into it, so that one whose writing was
    interrupted is not there.
    """

    folder: Path

    def read(self, name: str) -> pd.DataFrame | None:
        """Read the losses of an origin; None where it is not kept, or not as it was written."""
        place = self.folder / name
        if not (place / _ABOUT).is_file() or not (place / _LOSSES).is_file():
            return None
        about = msgspec.json.decode((place / _ABOUT).read_bytes(), type=_About)
        if _sha256(place / _LOSSES) != about.sha256:
            return None
        return pd.read_parquet(place / _LOSSES)

    def write(self, name: str, losses: pd.DataFrame, origin: str, settings: dict[str, Any]) -> None:
        """Keep the losses of a finished origin, with what they were made with."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.folder, prefix="unfinished-") as parent:
            written = Path(parent) / name
            written.mkdir()
            losses.to_parquet(written / _LOSSES, index=False)
            about = _About(origin, _sha256(written / _LOSSES), settings)
            text = msgspec.json.format(msgspec.json.encode(about), indent=1)
            (written / _ABOUT).write_bytes(text)
            place = self.folder / name
            if place.exists():  # not as it was written: `read` did not take it
                place.rename(Path(parent) / "replaced")
            written.rename(place)


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
