"""Builds everybody's features at many cutoffs, each once for all that are fitted on them."""

import pandas as pd

from features.builds.feature_build import FeatureBuilder
from features.language.catalog import Catalog
from features.log.log import Log
from features.log.objections import drop_objecting_customers
from models.btyd.member import Member, MemberName
from models.btyd.member_fit import fit_member

# By the tasks of `make bench-training`: of a million simulated customers 40,000 are within .1 % of
# the CRPS and of the log-loss that more of them reach, and with every table's features a training
# of so many stays far within 8 GiB. Of CDNOW's 23,570 customers a tenth took half of the gain over
# BG/NBD, a quarter four fifths.
MAX_CUSTOMERS = 40_000
TRAINING_BUILDS = 25  # cutoffs that a training reads at least


class PopulationCache:
    """The populations of one log at several cutoffs, kept in memory once they are built.

    What one model learns from, another is judged on: a training builds each cutoff once.
    Customers who have objected to profiling are left out. Of a shop with more than `MAX_CUSTOMERS`
    a part of them is taken, at every cutoff the same, which bounds time and memory.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    catalog : Catalog
        Features to build.
    builds : int
        Number of cutoffs that are expected.
    """

    def __init__(self, log: Log, catalog: Catalog, builds: int = TRAINING_BUILDS) -> None:
        self._log, self._builder = log, FeatureBuilder(log, catalog, builds=builds)
        self._share = MAX_CUSTOMERS / max(_count_customers(log), MAX_CUSTOMERS)
        self._features: dict[int, pd.DataFrame] = {}
        self._btyds: dict[tuple[int, MemberName], Member] = {}

    def features(self, cutoff: int) -> pd.DataFrame:
        """Return the features of the population at a cutoff.

        Parameters
        ----------
        cutoff : int
            Last instant known (UTC microseconds).

        Returns
        -------
        DataFrame
            One row per customer with a purchase known by then: `customer_id, cutoff`, features.
        """
        if cutoff not in self._features:
            built = self._builder.frame(cutoff, self._share)
            self._features[cutoff] = drop_objecting_customers(self._log, built)
        return self._features[cutoff]

    def btyd(self, cutoff: int, name: MemberName = "bg_nbd") -> Member:
        """Return a BTYD model fitted to the population at a cutoff.

        Parameters
        ----------
        cutoff : int
            Last instant known (UTC microseconds).
        name : MemberName
            Name of the BTYD model.

        Returns
        -------
        Member
        """
        if (cutoff, name) not in self._btyds:
            self._btyds[cutoff, name] = fit_member(self.features(cutoff), name)
        return self._btyds[cutoff, name]


def _count_customers(log: Log) -> int:
    return int(log.fetch("SELECT count(DISTINCT customer_id) FROM orders")[0][0])
