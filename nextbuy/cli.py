"""The command line, `nextbuy`: all commands together, and how what is wrong is said."""

import os
import sys
from importlib.metadata import version
from typing import Annotated

import typer
from rich.console import Console

from features.errors import NextbuyError
from nextbuy.commands import (
    demo_command as demo,
)
from nextbuy.commands import (
    log_commands as log,
)
from nextbuy.commands import (
    serving_commands as serving,
)
from nextbuy.commands import (
    training_commands as training,
)

app = typer.Typer(
    help="Will each customer buy again, when, and through which channel to ask.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for part in (demo, log, training, serving):  # the order of the work, and of the help
    app.add_typer(part.app)


def _print_version(asked: bool) -> None:
    """Print the version of the installed package and end the program, if it was asked for."""
    if asked:
        typer.echo(f"nextbuy {version('nextbuy')}")
        raise typer.Exit


@app.callback()
def _options(
    _: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,  # so that it is answered without a command
            help="Print the version and exit.",
        ),
    ] = False,
) -> None:
    """Declare the options that stand before a command."""


def main() -> None:
    """Run the command line; what the caller can put right is said in a sentence."""
    # LightGBM's threads wait asleep: spinning, they take ten times as long on a busy machine
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("BENTOML_DO_NOT_TRACK", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    try:
        app()
    except (NextbuyError, OSError) as error:
        said = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)
        said.print(f"error {error}")
        sys.exit(1)


if __name__ == "__main__":
    main()
