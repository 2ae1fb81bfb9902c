"""A shop's rules of contact: consent that it assumes, frequency caps and quiet hours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time
from typing import Self
from zoneinfo import ZoneInfo

from features.shop.settings_file import ChannelSection
from features.windows import instant_of_local_time, local_day

ALL_CHANNELS = "all"  # stands in place of a channel for the cap over all channels together


@dataclass(frozen=True)
class FrequencyCap:
    """The largest number of messages that a customer may get within some days.

    Attributes
    ----------
    most : int
        Largest number of messages.
    days : int
        The days over which they are counted.
    channel : str or None
        The channel whose messages count; None counts those of all channels together.
    """

    most: int
    days: int
    channel: str | None

    def __str__(self) -> str:
        """Describe the cap in words, as answers name it: `cap of 2 over all channels in 7 days`."""
        over = " over all channels" if self.channel is None else ""
        return f"cap of {self.most}{over} in {self.days} days"


@dataclass(frozen=True)
class QuietHours:
    """Local hours without messages, from `start` until `end`, which may be on the next day.

    A local time that the clock skips or repeats is read as in `features.windows.to_instant`.

    Attributes
    ----------
    start, end : time
        Times of day on the shop's clock.
    """

    start: time
    end: time

    @classmethod
    def read(cls, texts: Sequence[str]) -> Self:
        """Read quiet hours from two texts, as in `["21:00", "08:00"]`."""
        start, end = (time.fromisoformat(text) for text in texts)
        return cls(start, end)

    def end_after(self, instant: int, timezone: ZoneInfo) -> int | None:
        """Return when the quiet hours end that an instant lies in; None if it lies outside of them.

        Parameters
        ----------
        instant : int
            Microseconds since 1970, UTC.
        timezone : ZoneInfo
            The shop's zone.

        Returns
        -------
        int or None
            The first instant after the quiet hours.
        """
        today = local_day(instant, timezone)
        for day in (today - 1, today):
            ends = instant_of_local_time(day + (self.end < self.start), self.end, timezone)
            if instant_of_local_time(day, self.start, timezone) <= instant < ends:
                return ends
        return None

    def meet(self, hour: int, hours: int) -> bool:
        """Return whether any of the `hours` hours of the local day from `hour` on is quiet."""
        start, end = (t.hour + t.minute / 60 for t in (self.start, self.end))
        quiet_spans = [(start, end)] if start < end else [(0, end), (start, 24)]
        return any(begin < hour + hours and hour < until for begin, until in quiet_spans)


@dataclass(frozen=True)
class ContactRules:
    """The rules that say when and how often a shop may contact a customer.

    Attributes
    ----------
    timezone : ZoneInfo
        The shop's zone: quiet hours and dates are local.
    assume_consent : sequence of str
        Channels for which the shop has consent by other means than the table consents.
    caps : sequence of FrequencyCap
        Limits on the number of messages; all of them hold.
    quiet_hours : mapping of str to QuietHours
        Channel -> its quiet hours; a channel without an entry has none.
    """

    timezone: ZoneInfo
    assume_consent: Sequence[str] = ()
    caps: Sequence[FrequencyCap] = ()
    quiet_hours: Mapping[str, QuietHours] = field(default_factory=dict)

    @classmethod
    def of(cls, section: ChannelSection, timezone: ZoneInfo) -> Self:
        """Return the rules of the checked section `[channels]`, its channels in lower case."""
        caps = [
            FrequencyCap(most, days, None if channel == ALL_CHANNELS else channel)
            for days, by_channel in section.caps.items()
            for channel, most in by_channel.items()
        ]
        quiet = {name: QuietHours.read(texts) for name, texts in section.quiet_hours.items()}
        return cls(timezone, section.assume_consent, caps, quiet)
