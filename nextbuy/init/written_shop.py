"""Writes a proposed `nextbuy.toml`, whole or not at all."""

from pathlib import Path

from features.errors import refuse


def check_may_write(path: Path, force: bool) -> None:
    """Raise an `InputError` if a file is there already and may not be overwritten."""
    if path.exists() and not force:
        raise refuse(
            str(path), "no file yet", "one that is there",
            "Give --force to write it anew, or --shop to write another one.",
        )  # fmt: skip


def write_shop(text: str, path: Path) -> None:
    """Write settings into their file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)
