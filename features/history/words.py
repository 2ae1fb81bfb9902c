"""Numbers texts: the code of a text is its position among all texts in alphabetical order."""

from collections.abc import Iterable
from functools import cached_property

import numpy as np

from features.arrays import Array


class Words:
    """Texts with their codes; -1 stands for a missing text.

    Parameters
    ----------
    texts : iterable of str
        The texts, in any order; they may repeat.

    Examples
    --------
    >>> words = Words(["south", "north"])
    >>> words.codes["south"], words.decoded[[0, -1]].tolist()
    (1, ['north', None])
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self.texts = sorted(set(texts))

    @cached_property
    def codes(self) -> dict[str | None, int]:
        """Codes by text, with -1 for None."""
        codes: dict[str | None, int] = {text: code for code, text in enumerate(self.texts)}
        return codes | {None: -1}

    @cached_property
    def decoded(self) -> Array:
        """Texts by code: an object array whose last element is None."""
        return np.array([*self.texts, None], dtype=object)
