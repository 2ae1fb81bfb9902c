"""The uplift of segments is a contrast among those who could draw either arm."""

import numpy as np
import pandas as pd

from models.channel.draws import add_chances
from training.channel.logged_decisions import LoggedDecisions
from training.channel.segment_uplift import SEGMENT_COLUMNS, compare_segments

ARMS = ["email", "none"]


def _draws_of_consents(effect: float, n: int = 40_000) -> pd.DataFrame:
    """Draw e-mail or none for half of the customers, who buy more anyway; the others get none."""
    rng = np.random.default_rng(0)
    consents = rng.random(n) < 0.5
    emailed = consents & (rng.random(n) < 0.5)
    rows = pd.DataFrame(
        {
            "customer_id": np.arange(n).astype(str),
            "channel": np.where(emailed, "email", "none"),
            "randomised": True,
            "propensity": np.where(consents, 0.5, 1.0),
            "bought": rng.random(n) < 0.1 + 0.1 * consents + effect * emailed,
            "frequency": np.where(np.arange(n) % 2 == 0, np.nan, 3.0),
        }
    )
    return add_chances(rows, ARMS, np.column_stack([consents, np.ones(n, dtype=bool)]))


def _compare(rows: pd.DataFrame, arms: list[str] = ARMS) -> pd.DataFrame:
    decisions = LoggedDecisions(
        cluster=rows["customer_id"].to_numpy(),
        arm=pd.Index(arms).get_indexer(pd.Index(rows["channel"])),
        propensity=rows["propensity"].to_numpy(),
        outcome=rows["bought"].to_numpy(dtype=float),
        model=np.full((len(rows), len(arms)), 0.15),
    )
    return compare_segments(decisions, rows, arms, seed=0)


def test_those_who_consent_and_buy_more_anyway_make_no_uplift() -> None:
    table = _compare(_draws_of_consents(effect=0.0))
    assert table["segment"].tolist() == ["no purchase", "3-9"]
    assert ((table["low"] < 0) & (table["high"] > 0)).all()
    assert (table["high"] - table["low"]).max() < 0.05


def test_an_effect_is_found_in_each_segment() -> None:
    table = _compare(_draws_of_consents(effect=0.05))
    assert ((table["low"] < 0.05) & (table["high"] > 0.05)).all()
    assert (table["low"] > 0).all()


def test_nothing_is_compared_with_few_draws_or_without_no_message() -> None:
    rows = _draws_of_consents(effect=0.0)
    few = rows[(rows["channel"] == "none") | (rows.index < 300)]
    email = rows[rows["channel"] == "email"]
    for kept in (few, email):
        table = _compare(kept)
        assert table.empty
        assert tuple(table.columns) == SEGMENT_COLUMNS
