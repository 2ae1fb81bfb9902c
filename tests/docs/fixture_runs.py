"""What `nextbuy train` and `nextbuy demo` print of the shop that the tests have trained.

Both commands would train again for minutes. Here their results are those of the fixture, and
the functions that show them are the commands' own.
"""

import io
from pathlib import Path

from rich.console import Console

from features.windows import to_datetime
from nextbuy.demo.demo import choose_customers, what_they_did
from nextbuy.show.answer_tables import show_answers, show_holdout
from nextbuy.show.readiness_tables import make_report, show_report
from nextbuy.show.training_tables import show_trained
from serving.answers.predictor import load_predictor

COLUMNS = 80


def printed_by_train(simulated) -> str:
    """Print what `nextbuy train` shows when it is done."""
    console = _console()
    show_trained(console, simulated.trained, Path("nextbuy.toml"))
    return console.file.getvalue()


def printed_by_demo(simulated) -> str:
    """Print what `nextbuy demo` shows of a shop, the back-test before its training left out."""
    console = _console()
    show_report(console, make_report(simulated.log))
    show_holdout(console, simulated.trained.holdout)
    for kind, version in simulated.promoted.items():
        console.print(f"{kind}: version {version} is the champion")
    customers = choose_customers(simulated.log, simulated.cutoff)
    predictor = load_predictor(simulated.shop, 48, 24)
    response = predictor.predict(customers, simulated.cutoff).model_dump(mode="json")
    done = what_they_did(simulated.log, customers, simulated.cutoff)
    day, horizon = to_datetime(simulated.cutoff), simulated.shop.section.horizon_days
    title = f"as of {day:%Y-%m-%d}, next to what they did in the {horizon} days after"
    show_answers(console, response["answers"], done, title)
    return console.file.getvalue()


def _console() -> Console:
    return Console(file=io.StringIO(), width=COLUMNS)
