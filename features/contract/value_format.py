"""How values of a shop's columns are written, where that is not how the contract writes them."""

import re

import msgspec

EPOCHS = {"epoch_s": 1_000_000, "epoch_ms": 1_000, "epoch_us": 1, "epoch_ns": 0.001}  # microseconds
_TIMES = re.compile(r"%-?[HIMSf]|%[cXT]")  # directives of a time of day
_DIRECTIVES = re.compile(r"%-?(.?)")
_KNOWN_DIRECTIVES = frozenset("aAbBdfHIjmMnpSyYz%")
_DATES = (frozenset("yY"), frozenset("mbBj"), frozenset("dj"))  # one of each makes a date


class ValueFormat(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How values are written that the contract would otherwise refuse. Nothing is guessed.

    Attributes
    ----------
    instant : str or None
        How dates and times are written, by the directives of strftime: `"%d.%m.%Y %H:%M"`. Or
        `"epoch_s"`, `"epoch_ms"`, `"epoch_us"`, `"epoch_ns"` for the time since 1970 in seconds,
        thousandths, millionths or billionths. Without it the year comes first: 2025-06-30 12:00.
    timezone : str or None
        IANA time zone of instants without an offset. Without it the shop's.
    decimal : str or None
        The decimal sign of numbers and money, `"."` or `","`.
    thousands : str or None
        The sign between groups of three digits, such as `"."`, `" "` or `"'"`. Without it there
        is none.
    strip : list of str or None
        Texts that are taken off both ends of a value, such as `["EUR", "€"]`, the apostrophe that
        spreadsheets put before ids, or the `".0"` that they put behind.
    nulls : list of str or None
        Texts that stand for no value, such as `["NULL", "n/a"]`.
    round : bool or None
        Whether amounts are rounded to the decimals of the currency.
    """

    instant: str | None = None
    timezone: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    strip: list[str] | None = None
    nulls: list[str] | None = None
    round: bool | None = None

    def over(self, other: "ValueFormat") -> "ValueFormat":
        """Return this format, with what it does not say taken from another one."""
        said = {
            name: value for name, value in msgspec.structs.asdict(self).items() if value is not None
        }
        return msgspec.structs.replace(other, **said)

    @property
    def is_bare_date(self) -> bool:
        """Whether the declared instants are dates without a time of day."""
        declared = self.instant
        return declared is not None and declared not in EPOCHS and not _TIMES.search(declared)


PLAIN = ValueFormat()


def instant_fault(declared: str) -> str | None:
    """Say what is wrong with a declared way to write instants; None where nothing is.

    >>> instant_fault("%d.%m.%Y")
    >>> instant_fault("%H:%M")
    'no year, month or day'
    """
    if declared in EPOCHS:
        return None
    directives = set(_DIRECTIVES.findall(declared))
    if unknown := sorted(directives - _KNOWN_DIRECTIVES):
        return f"the directive %{unknown[0]}"
    if not all(directives & some for some in _DATES):
        return "no year, month or day"
    return None
