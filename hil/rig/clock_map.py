"""A Pico's microseconds on the bench's clock, from pings: each says that the Pico's reading lay
between two of ours. The quickest pings bound the error; their line gives the drift.
"""

from __future__ import annotations

import collections
import itertools

import msgspec

_NS_PER_US = 1000
_BUCKET_NS = 10_000_000_000  # of so long the quickest ping is kept
_BUCKETS_MAX = 12  # the line is drawn over two minutes: a crystal's wander is less than its drift
_DRIFT_PPM_MAX = 100.0  # between any two crystals, before it has been measured
_WANDER_PPM = 2.0  # what a measured drift may change within the line's length, by warming


class Ping(msgspec.Struct, frozen=True):
    """The Pico read `device_us` between two instants of ours."""

    sent_ns: int
    device_us: int
    received_ns: int

    @property
    def middle_ns(self) -> int:
        return (self.sent_ns + self.received_ns) // 2

    @property
    def error_ns(self) -> int:
        return (self.received_ns - self.sent_ns + 1) // 2 + _NS_PER_US


class ClockMap:
    """Add pings about once a second; then ask. Before the first ping it cannot answer."""

    def __init__(self) -> None:
        self._pings: collections.deque[Ping] = collections.deque(maxlen=_BUCKETS_MAX)

    def add(self, ping: Ping) -> None:
        if self._pings and ping.sent_ns // _BUCKET_NS == self._pings[-1].sent_ns // _BUCKET_NS:
            if ping.error_ns < self._pings[-1].error_ns:
                self._pings[-1] = ping
        else:
            self._pings.append(ping)

    @property
    def _is_measured(self) -> bool:
        first, last = self._pings[0], self._pings[-1]
        return last.middle_ns - first.middle_ns >= _BUCKET_NS

    @property
    def drift_ppm(self) -> float:
        """How much the Pico's clock is ahead a second; 0 until it is known."""
        if not self._is_measured:
            return 0.0
        first, last = self._pings[0], self._pings[-1]
        device_ns = (last.device_us - first.device_us) * _NS_PER_US
        return (device_ns / (last.middle_ns - first.middle_ns) - 1) * 1e6

    def to_ns(self, device_us: int) -> int:
        """The instant on the bench's clock at which the Pico read so much."""
        nearest = self._nearest(device_us)
        ahead_ns = (device_us - nearest.device_us) * _NS_PER_US
        return nearest.middle_ns + round(ahead_ns / (1 + self.drift_ppm * 1e-6))

    def error_ns(self, device_us: int) -> int:
        """The bound of what :meth:`to_ns` may be wrong by, at that reading."""
        nearest = self._nearest(device_us)
        age_ns = abs(device_us - nearest.device_us) * _NS_PER_US
        return nearest.error_ns + round(age_ns * self._rate_error_ppm() * 1e-6)

    def _rate_error_ppm(self) -> float:
        if not self._is_measured:
            return _DRIFT_PPM_MAX
        first, last = self._pings[0], self._pings[-1]
        apart_ns = last.middle_ns - first.middle_ns
        return _WANDER_PPM + (first.error_ns + last.error_ns) / apart_ns * 1e6

    def _nearest(self, device_us: int) -> Ping:
        return min(self._pings, key=lambda ping: abs(ping.device_us - device_us))

    def is_steady(self) -> bool:
        """Whether no ping contradicts another: a Pico that was reset does."""
        return all(new.device_us > old.device_us for old, new in itertools.pairwise(self._pings))
