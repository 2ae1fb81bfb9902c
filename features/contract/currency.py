"""The currency of a shop, and how many decimals its amounts have."""

from dataclasses import dataclass

# Currencies whose minor unit is not a hundredth (ISO 4217).
_MINOR_DIGITS = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
}


@dataclass(frozen=True)
class Currency:
    """The one currency in which a shop's amounts are given.

    Attributes
    ----------
    code : str
        Its ISO 4217 code, as in `EUR`.
    """

    code: str

    @property
    def minor_digits(self) -> int:
        """Number of decimals of an amount; money is held as whole numbers of the minor unit.

        >>> [Currency(code).minor_digits for code in ("EUR", "JPY", "KWD")]
        [2, 0, 3]
        """
        return _MINOR_DIGITS.get(self.code, 2)
