"""Shows a training in the terminal: its versions, the holdout, and the command of its report."""

from pathlib import Path

from rich.console import Console

from nextbuy.show.answer_tables import show_holdout
from training.train import TrainingResult


def show_trained(console: Console, trained: TrainingResult, shop: Path) -> None:
    """Show the versions that a training registered, and how the models did on the holdout.

    Parameters
    ----------
    console : Console
        The terminal.
    trained : TrainingResult
        The result of the training.
    shop : Path
        Path of the shop's nextbuy.toml, for the command that writes the report.
    """
    for kind, version in trained.versions.items():
        console.print(f"{kind}: version {version} is the challenger")
    if trained.holdout is not None:
        show_holdout(console, trained.holdout)
    if trained.reported:
        command = f"nextbuy report --shop {shop} --version {trained.versions['churn']}"
        console.print(f"as a page: {command}", markup=False, soft_wrap=True)
