"""Tests of the fits by the library lifetimes."""

import warnings

import pandas as pd
import pytest

from models.btyd.history import count_distinct_histories
from models.btyd.lifetimes_fit import fit_by_lifetimes, import_lifetimes


def test_cdnow_gives_the_published_parameters_in_weeks(sample) -> None:
    parameters = fit_by_lifetimes("bg_nbd", count_distinct_histories(sample))
    assert parameters is not None
    published = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
    assert parameters == pytest.approx(published, abs=0.001)


def test_importing_lifetimes_leaves_the_process_as_it_was() -> None:
    """The import silences every FutureWarning and sets a pandas option that is deprecated."""
    import_lifetimes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert pd.get_option("mode.chained_assignment") == "warn"
    with pytest.warns(FutureWarning, match="still heard"):
        warnings.warn("still heard", FutureWarning, stacklevel=1)
