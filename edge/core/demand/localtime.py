"""Local time of the site from UTC and back, through a given time zone. Reads no clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, tzinfo
from typing import Final

from edge.model.outlook import LocalMoment
from edge.model.units import NS_PER_MIN, NS_PER_S

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_S: Final = 86_400
# Offsets of all zones in use, and the instants at which they change, are multiples of this.
_QUARTER_NS: Final = 15 * NS_PER_MIN


def local_datetime(utc_ns: int, timezone: tzinfo) -> datetime:
    """The local date and time at `utc_ns`, whole seconds."""
    return datetime.fromtimestamp(utc_ns // NS_PER_S, timezone)


def utc_ns_of(moment: datetime) -> int:
    """UTC ns of an aware `moment`; a local time that occurs twice is told apart by its `fold`."""
    since = moment.astimezone(UTC) - _EPOCH
    return (since.days * _DAY_S + since.seconds) * NS_PER_S + since.microseconds * 1000


def local_utc_ns(day: date, at: time, timezone: tzinfo, *, fold: int = 0) -> int:
    """UTC ns of the local time `at` on `day`; `fold` 1 takes the second of two."""
    return utc_ns_of(datetime.combine(day, at.replace(fold=fold), timezone))


class LocalClock:
    """The site's weekday and second of the day, without calendar arithmetic in every scan."""

    def __init__(self, timezone: tzinfo) -> None:
        self._timezone = timezone
        self._quarter_utc_ns = -1
        self._quarter_second = 0
        self._moment = LocalMoment(0, 0)

    def moment(self, utc_ns: int) -> LocalMoment:
        """Where `utc_ns` is in the local week."""
        quarter_utc_ns = utc_ns - utc_ns % _QUARTER_NS
        if quarter_utc_ns != self._quarter_utc_ns:
            local = local_datetime(quarter_utc_ns, self._timezone)
            self._quarter_utc_ns = quarter_utc_ns
            self._quarter_second = local.hour * 3600 + local.minute * 60 + local.second
            self._moment = LocalMoment(local.weekday(), self._quarter_second)
        second = self._quarter_second + (utc_ns - quarter_utc_ns) // NS_PER_S
        if second != self._moment.second_of_day:
            self._moment = LocalMoment(self._moment.weekday, second)
        return self._moment
