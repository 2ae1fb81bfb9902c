"""The program `nextbuy`: puts all commands together and prints an error as one sentence."""

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
    init_command as init,
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
    help="Predict whether and when each customer of a shop buys again, and choose the channel "
    "through which to ask.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for group in (demo, init, log, training, serving):  # the order of the work, and of the help
    app.add_typer(group.app)


_MLFLOW_ADDRESSES = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")


def _stderr() -> Console:
    """Return the console for what is not the result of a command."""
    return Console(stderr=True, soft_wrap=True, highlight=False, markup=False)


def _print_version(is_requested: bool) -> None:
    """Print the version of the installed package and end the program, if `--version` is given."""
    if is_requested:
        typer.echo(f"nextbuy {version('nextbuy')}")
        raise typer.Exit


@app.callback()
def _options(
    _: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,  # so that it works without a command
            help="Print the version of the installed package and exit.",
        ),
    ] = False,
) -> None:
    """Declare the options that stand before a command, and name variables that are not followed."""
    if ignored := [name for name in _MLFLOW_ADDRESSES if os.environ.get(name)]:
        _stderr().print(
            f"warning {' and '.join(ignored)} in the environment: not followed, since the models "
            "of a shop are in its own MLflow database"
        )


def main() -> None:
    """Run the command line of `nextbuy` with the arguments of the process.

    An error that the caller can put right is printed to stderr as one sentence, without a
    traceback, and the exit code is 1.
    """
    # LightGBM's threads sleep while they wait: if they spin, training takes ten times as long on a
    # busy machine
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("BENTOML_DO_NOT_TRACK", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    try:
        app()
    except (NextbuyError, OSError) as error:
        _stderr().print(f"error {error}")
        sys.exit(1)


if __name__ == "__main__":
    main()
