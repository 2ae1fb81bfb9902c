"""Everybody's features at many cutoffs, each built once for all that are fitted on them."""

import pandas as pd

from features.catalog.catalog import Catalog
from features.engines.build import build_features
from features.inputs.log import Log
from features.inputs.objections import without_objected
from models.btyd.ladder import fit_member
from models.btyd.member import Member, MemberName


class Populations:
    """The populations of one log at the cutoffs asked for, kept in memory.

    What one model learns from, another is judged on: a training builds each cutoff once.
    Customers who have objected to profiling are left out.
    """

    def __init__(self, log: Log, catalog: Catalog) -> None:
        self._log, self._catalog = log, catalog
        self._features: dict[int, pd.DataFrame] = {}
        self._btyds: dict[tuple[int, MemberName], Member] = {}

    def features(self, cutoff: int) -> pd.DataFrame:
        """Give the features at a cutoff, as `features.engines.build.build_features` does."""
        if cutoff not in self._features:
            built = build_features(self._log, [cutoff], self._catalog)
            self._features[cutoff] = without_objected(self._log, built)
        return self._features[cutoff]

    def btyd(self, cutoff: int, name: MemberName = "bg_nbd") -> Member:
        """Give a BTYD member fitted at a cutoff, on what was known then."""
        if (cutoff, name) not in self._btyds:
            self._btyds[cutoff, name] = fit_member(self.features(cutoff), name)
        return self._btyds[cutoff, name]
