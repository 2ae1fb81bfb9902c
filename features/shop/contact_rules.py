"""The shop's rules of contact: assumed consent, frequency caps and quiet hours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time
from typing import Self
from zoneinfo import ZoneInfo

from features.shop.settings_file import ChannelSection
from features.windows import instant_of_local_time, local_day

ALL_CHANNELS = "all"  # in place of a channel: the cap over all channels together


@dataclass(frozen=True)
class FrequencyCap:
    """At most so many messages within so many days, through one channel or all together."""

    most: int
    days: int
    channel: str | None

    def __str__(self) -> str:
        over = " over all channels" if self.channel is None else ""
        return f"cap of {self.most}{over} in {self.days} days"


@dataclass(frozen=True)
class QuietHours:
    """Local hours without messages, from `start` until `end`, which may be on the next day.

    An hour that the clock skips or repeats is read as everywhere (`windows.to_instant`).
    """

    start: time
    end: time

    @classmethod
    def read(cls, texts: Sequence[str]) -> Self:
        """Read `["21:00", "08:00"]`."""
        start, end = (time.fromisoformat(text) for text in texts)
        return cls(start, end)

    def end_after(self, instant: int, timezone: ZoneInfo) -> int | None:
        """Give the end of the quiet hours in which an instant lies; None outside of them."""
        today = local_day(instant, timezone)
        for day in (today - 1, today):
            ends = instant_of_local_time(day + (self.end < self.start), self.end, timezone)
            if instant_of_local_time(day, self.start, timezone) <= instant < ends:
                return ends
        return None

    def meet(self, hour: int, hours: int) -> bool:
        """Say whether any of some hours of the local day, from `hour` on, is quiet."""
        start, end = (t.hour + t.minute / 60 for t in (self.start, self.end))
        quiet = [(start, end)] if start < end else [(0, end), (start, 24)]
        return any(begins < hour + hours and hour < ends for begins, ends in quiet)


@dataclass(frozen=True)
class ContactRules:
    """When and how often a customer may be asked.

    Attributes
    ----------
    timezone : ZoneInfo
        Of the shop: quiet hours and dates are local.
    assume_consent : sequence of str
        Channels to which the shop has consent by other means than the table consents.
    quiet_hours : dict of str to QuietHours
        By channel.
    """

    timezone: ZoneInfo
    assume_consent: Sequence[str] = ()
    caps: Sequence[FrequencyCap] = ()
    quiet_hours: Mapping[str, QuietHours] = field(default_factory=dict)

    @classmethod
    def of(cls, section: ChannelSection, timezone: ZoneInfo) -> Self:
        """Take over the section `[channels]`, checked, channels in lower case."""
        caps = [
            FrequencyCap(most, days, None if channel == ALL_CHANNELS else channel)
            for days, by_channel in section.caps.items()
            for channel, most in by_channel.items()
        ]
        quiet = {name: QuietHours.read(texts) for name, texts in section.quiet_hours.items()}
        return cls(timezone, section.assume_consent, caps, quiet)
