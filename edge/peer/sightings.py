"""What the link has seen that somebody should look at, told while it goes on. Pure."""

from __future__ import annotations

from collections import Counter, deque
from typing import Final

from msgspec import Struct

from edge.model.scan import HealthSample
from edge.model.units import NS_PER_S
from edge.peer.frame import Refusal

SEEN_NS: Final = 10 * NS_PER_S


class _Sign(Struct, frozen=True):
    """`count` sightings within ten seconds are one alarm or warning."""

    name: str
    count: int
    severe: bool
    text: str


_FLOOD: Final = "flood"
_CROSSED: Final = "crossed"
# A key that is being changed, or a process that has just been replaced, gives a few.
_SIGNS: Final = {
    Refusal.WRONG_KEY: _Sign(
        "twin key",
        10,
        severe=True,
        text="twin: heartbeats with another key; put the same key file on both units",
    ),
    Refusal.OWN_UNIT: _Sign(
        "twin own unit",
        5,
        severe=True,
        text="twin: another machine speaks as this unit; look for a copied card: `denban whoami`",
    ),
    Refusal.SAME_UNIT: _Sign(
        "twin same unit",
        5,
        severe=True,
        text="twin: two machines speak as the other unit; look for a copied card: `denban whoami`",
    ),
    Refusal.OTHER_SITE: _Sign(
        "twin other site",
        1,
        severe=False,
        text="twin: heartbeats of another site arrive here; check addresses and site files",
    ),
    Refusal.OTHER_UNIT: _Sign(
        "twin third unit",
        1,
        severe=True,
        text="twin: a third gateway speaks with this site's key; check unit names",
    ),
    Refusal.REPLAYED: _Sign(
        "twin replay",
        20,
        severe=False,
        text="twin: heartbeats arrive again and again; look for a loop in the network",
    ),
    Refusal.OWN_ECHO: _Sign(
        "twin echo",
        10,
        severe=False,
        text="twin: this unit hears its own heartbeats; check addresses and the serial cable",
    ),
    _FLOOD: _Sign(
        "twin flood",
        3,
        severe=False,
        text="twin: more datagrams than can be read; look for who sends them",
    ),
    _CROSSED: _Sign(
        "twin crossed",
        5,
        severe=False,
        text="twin: a path arrives on another one; list the addresses in the same order",
    ),
}


class Sightings:
    """Counts all refusals; remembers the instants of the newest few of those that matter."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._seen: dict[str, deque[int]] = {
            kind: deque(maxlen=sign.count) for kind, sign in _SIGNS.items()
        }

    def refused(self, refusal: Refusal, now_mono_ns: int) -> None:
        self._note(refusal, now_mono_ns)

    def flooded(self, now_mono_ns: int) -> None:
        self._note(_FLOOD, now_mono_ns)

    def crossed(self, now_mono_ns: int) -> None:
        self._note(_CROSSED, now_mono_ns)

    def health(self, now_mono_ns: int) -> tuple[HealthSample, ...]:
        """One a sign, with an empty text while it is not seen."""
        samples = []
        for kind, sign in _SIGNS.items():
            stands = self.stands(kind, now_mono_ns)
            samples.append(HealthSample(sign.name, sign.severe, sign.text if stands else ""))
        return tuple(samples)

    def stands(self, kind: str, now_mono_ns: int) -> bool:
        """Whether it has been seen often enough, and lately."""
        seen = self._seen[kind]
        return len(seen) == _SIGNS[kind].count and now_mono_ns - seen[0] <= SEEN_NS

    def _note(self, kind: str, now_mono_ns: int) -> None:
        self.counts[kind] += 1
        if kind in self._seen:
            self._seen[kind].append(now_mono_ns)
