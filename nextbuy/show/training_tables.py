"""What the command line shows of a training: its versions, the holdout, and where the page is."""

from pathlib import Path

from rich.console import Console

from nextbuy.show.answer_tables import show_holdout
from training.train import TrainingResult


def show_trained(console: Console, trained: TrainingResult, shop: Path) -> None:
    """Show the versions that a training registered, and how the models did on the holdout."""
    for kind, version in trained.versions.items():
        console.print(f"{kind}: version {version} is the challenger")
    if trained.holdout is not None:
        show_holdout(console, trained.holdout)
    if trained.reported:
        command = f"nextbuy report --shop {shop} --version {trained.versions['churn']}"
        console.print(f"as a page: {command}", markup=False, soft_wrap=True)
