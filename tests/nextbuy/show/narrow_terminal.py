"""What a terminal of 80 columns shows, and scores to show in it."""

import io

import pandas as pd
from rich.console import Console

MODELS = ("Nextbuy", "days since last", "a model of which the name is really long")


def read_text(console: Console) -> str:
    """Return everything that was printed to the console."""
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def assert_shown(console: Console, *whole: str, folded: tuple[str, ...] = ()) -> None:
    """Check that nothing is cut, values in one line are whole, and folded ones are all there.

    A folded value stands in one column, so its parts are joined down each column.
    """
    text = read_text(console)
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= 80
    for value in whole:
        assert value in text
    columns: dict[int, str] = {}
    for line in text.splitlines():
        for number, cell in enumerate(line.replace("┃", "│").split("│")):
            columns[number] = columns.get(number, "") + "".join(cell.split())
    for value in folded:
        assert any("".join(value.split()) in joined for joined in columns.values()), value


def make_scores(origins: int) -> pd.DataFrame:
    """Make scores of every model at so many origins, over all customers and by frequency."""
    return pd.DataFrame(
        {
            "origin": origin,
            "frequency": frequency,
            "model": model,
            "customers": 12_345,
            "crps": 12.345,
            "auc_30d": 0.828,
            "auc_90d": 0.824,
            "log_loss_90d": 0.321,
            "ece_90d": 0.016,
            "lift10_90d": 3.952,
        }
        for origin in pd.date_range("2023-03-31", periods=origins, freq="MS", tz="UTC")
        for frequency in ("all", "0", "10_up")
        for model in MODELS
    )
