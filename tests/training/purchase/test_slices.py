import pandas as pd

from features.windows import to_datetime
from training.purchase.slices import make_slices


def test_slices_hold_one_row_per_customer_and_cutoff(simulated) -> None:
    slices = make_slices(simulated.log, simulated.cutoff, 90, simulated.catalog)
    assert not slices.frame.duplicated(["customer_id", "cutoff"]).any()
    assert len(slices.labels) == len(slices.frame)
    assert slices.open is not None
    later, _ = slices.open
    cutoffs = (slices.frame, later, slices.latest)
    assert set(slices.btyds) == set().union(*(set(frame["cutoff"]) for frame in cutoffs))
    assert (slices.labels["days_to_next"] <= 90).all()
    assert ((slices.labels["days_to_next"] > 0) == slices.labels["returned"]).all()


def test_open_slices_go_on_in_the_same_steps_and_know_nothing_past_the_cutoff(simulated) -> None:
    cutoff = simulated.cutoff
    slices = make_slices(simulated.log, cutoff, 90, simulated.catalog)
    assert slices.open is not None
    frame, labels = slices.open
    last = slices.frame["cutoff"].max()
    days_on = [(at - last).days for at in sorted(set(frame["cutoff"]))]
    assert days_on == [28, 56, 84]
    assert sorted(set(labels["watched_days"])) == [90 - on for on in reversed(days_on)]
    assert (labels["days_to_next"] <= labels["watched_days"]).all()
    ends = frame["cutoff"] + pd.to_timedelta(labels["watched_days"], unit="D")
    assert (ends <= to_datetime(cutoff)).all()


def test_customers_who_object_to_profiling_are_not_learned_from(simulated) -> None:
    objected = {
        row[0]
        for row in simulated.log.connection.execute(
            "SELECT customer_id FROM consents WHERE scope = 'profiling' AND NOT granted"
        ).fetchall()
    }
    assert objected
    slices = make_slices(simulated.log, simulated.cutoff, 90, simulated.catalog)
    assert not objected & {*slices.frame["customer_id"], *slices.latest["customer_id"]}
