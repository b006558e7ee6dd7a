"""The description of a process that plays meters: which units, on which line, over which values."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from hil.meters.images import IMAGES
from hil.meters.registers import Point


class Cells(msgspec.Struct, forbid_unknown_fields=True):
    """Names in the values file that an image's three quantities come from."""

    power_w: str
    import_kwh: str
    export_kwh: str


class Unit(msgspec.Struct, forbid_unknown_fields=True):
    """A meter: either a known `model` with its `cells`, or `points`, or both.

    `turnaround_ms` runs from the end of a query's last character to the start of the reply.
    """

    unit_id: int
    model: str | None = None
    cells: Cells | None = None
    points: list[Point] = []
    turnaround_ms: float = 5.0

    def image(self) -> list[Point]:
        """All points. Raises ValueError for a model that is not known or has no cells."""
        if self.model is None:
            return self.points
        if self.model not in IMAGES or self.cells is None:
            raise ValueError(
                f"unit {self.unit_id} model: got {self.model!r} with {self.cells}, need one of"
                f" {', '.join(IMAGES)} with its cells; not started; see hil/meters/images.py"
            )
        cells = self.cells
        image = IMAGES[self.model](cells.power_w, cells.import_kwh, cells.export_kwh)
        return [*image, *self.points]


class Serial(msgspec.Struct, tag_field="kind", tag="serial", forbid_unknown_fields=True):
    """A port of the hub. The two figures give the silence that ended a frame before it came."""

    port: str
    baudrate: int = 19200
    bits_per_char: Literal[10, 11] = 11


class Tcp(msgspec.Struct, tag_field="kind", tag="tcp", forbid_unknown_fields=True):
    """A listening socket; port 0 takes a free one, named in the `ready` line."""

    framing: Literal["rtu", "mbap"]
    host: str = "127.0.0.1"
    port: int = 0


class MetersConfig(msgspec.Struct, forbid_unknown_fields=True):
    """`values`: the file of :mod:`hil.values`. `orders`: the Unix socket of :mod:`hil.rpc`."""

    values: str
    orders: str
    line: Serial | Tcp
    units: list[Unit]

    @classmethod
    def read(cls, path: Path) -> MetersConfig:
        return msgspec.json.decode(path.read_bytes(), type=cls)
