"""The recorded plant with relays in it: what is left of its power when some loads are shed.

A load draws what the record says of it, else its rated power times its declared duty, and the loads
together never more than the plant. A shed load draws nothing; it does not make up for it later.
"""

from __future__ import annotations

from edge.dryrun.record import Record
from edge.model.spec import LoadKind, LoadSpec


class RecordedPlant:
    """Steps through a record second by second."""

    def __init__(self, record: Record, loads: tuple[LoadSpec, ...]) -> None:
        self._site_w = record.site_w
        self._step_s = record.step_s
        self._columns = [record.loads_w.get(load.name) for load in loads]
        self._declared_w = [load.rated_w * load.duty_ratio for load in loads]
        self._absorbs = [load.kind is LoadKind.ABSORB for load in loads]
        self._row = -1
        self.site_w = 0.0
        self.loads_w = [0.0] * len(loads)

    def at(self, second: int) -> None:
        """Set `site_w` and `loads_w` to what would be drawn with no relay moved.

        After the record's end its last row goes on.
        """
        row = min(second // self._step_s, len(self._site_w) - 1)
        if row == self._row:
            return
        self._row = row
        self.site_w = self._site_w[row]
        wanted = [
            declared if column is None else column[row]
            for declared, column in zip(self._declared_w, self._columns, strict=True)
        ]
        drawn = sum(
            power for power, absorbs in zip(wanted, self._absorbs, strict=True) if not absorbs
        )
        share = self.site_w / drawn if drawn > self.site_w else 1.0
        self.loads_w = [
            power if absorbs else power * share
            for power, absorbs in zip(wanted, self._absorbs, strict=True)
        ]

    def power_w(self, moved: list[bool]) -> float:
        """Site power with the loads moved: a shed load is off, an absorb load on."""
        power_w = self.site_w
        for is_moved, load_w, absorbs in zip(moved, self.loads_w, self._absorbs, strict=True):
            if is_moved:
                power_w += load_w if absorbs else -load_w
        return max(0.0, power_w)
