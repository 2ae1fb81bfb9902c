"""Lends the current predictor to requests, and closes a replaced one after its last use."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from serving.answers.predictor import Predictor


class CurrentPredictor:
    """Lends the current predictor to requests and closes each predictor after its last use.

    Requests run in threads of their own, so a predictor that is replaced may still be in use.

    Parameters
    ----------
    predictor : Predictor
        The first one to lend; it belongs to this object from now on.
    """

    def __init__(self, predictor: Predictor) -> None:
        self._lock = threading.Lock()
        self._loan = _Loan(predictor)

    @contextmanager
    def lend(self) -> Iterator[Predictor]:
        """Lend the current predictor for the length of a `with` block, in which it stays open."""
        with self._lock:
            loan = self._loan
            loan.users += 1
        try:
            yield loan.predictor
        finally:
            self._give_back(loan)

    def replace(self, predictor: Predictor) -> None:
        """Lend another predictor from now on; the replaced one is closed when nobody uses it."""
        with self._lock:
            replaced, self._loan = self._loan, _Loan(predictor)
        self._give_back(replaced)

    def close(self) -> None:
        """Close the predictor when nobody uses it any more; it must not be lent after that."""
        self._give_back(self._loan)

    def _give_back(self, loan: "_Loan") -> None:
        with self._lock:
            loan.users -= 1
            unused = loan.users == 0
        if unused:
            loan.predictor.close()


class _Loan:
    """A predictor and the number of its users; being the current one counts as one use."""

    def __init__(self, predictor: Predictor) -> None:
        self.predictor = predictor
        self.users = 1
