"""The classic data set of the field."""

import math

import pandas as pd
import pytest

from nextbuy.demo.cdnow import cdnow_file

_CALIBRATION_END = pd.Timestamp("1997-09-30")


@pytest.fixture(scope="session")
def sample() -> pd.DataFrame:
    """Return the classic 1/10 sample of CDNOW up to 1997-09-30, same-day purchases merged.

    One row per customer: `frequency, recency, T` in days, `log_gaps` (sum over the gaps of
    log(weeks)), and `holdout`, the purchase days in the 39 weeks afterwards.
    """
    names = ["master_id", "customer", "date", "cds", "amount"]
    rows = pd.read_csv(cdnow_file("CDNOW_sample.txt"), sep=r"\s+", header=None, names=names)
    rows["date"] = pd.to_datetime(rows["date"].astype(str))
    rows = rows.drop_duplicates(["customer", "date"]).sort_values(["customer", "date"])
    days = rows[rows["date"] <= _CALIBRATION_END]
    dates = days.groupby("customer")["date"]
    weeks = dates.diff().dt.days / 7
    holdout = rows[rows["date"] > _CALIBRATION_END].groupby("customer").size()
    frame = pd.DataFrame(
        {
            "frequency": dates.size() - 1.0,
            "recency": (dates.max() - dates.min()).dt.days.astype(float),
            "T": (_CALIBRATION_END - dates.min()).dt.days.astype(float),
            "log_gaps": weeks.map(math.log, na_action="ignore").groupby(days["customer"]).sum(),
        }
    )
    frame["holdout"] = holdout.reindex(frame.index, fill_value=0)
    return frame
