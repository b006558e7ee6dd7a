"""Who and where: the site, its one or two units, and the board they are built on."""

from __future__ import annotations

import enum
from typing import Annotated

from msgspec import Meta

from edge.config.sections.terms import NonEmpty, Section


class SiteSection(Section, frozen=True):
    """[site]: what the plant is called and which clock its people read."""

    name: Annotated[NonEmpty, Meta(description="Name of the plant, as people read it.")]
    timezone: Annotated[
        NonEmpty,
        Meta(description="IANA name of the local time of calendar and plan, e.g. Asia/Tokyo."),
    ]


class UnitSection(Section, frozen=True):
    """[unit.NAME]: one gateway. A machine that is not listed does not start; order breaks ties."""

    hardware_serial: Annotated[
        NonEmpty,
        Meta(description="Serial number of the machine, as `denban whoami` prints it."),
    ]
    addresses: Annotated[
        tuple[NonEmpty, ...],
        Meta(description="IP addresses at which the other unit reaches it, one for each network."),
    ] = ()


class BoardModel(enum.StrEnum):
    """Boards whose pins are known."""

    PI_4 = "raspberry-pi-4"
    PI_5 = "raspberry-pi-5"
    CM4 = "cm4"
    GENERIC = "generic"


class BoardSection(Section, frozen=True):
    """[board]: which GPIO chip and which pins there are."""

    model: Annotated[
        BoardModel,
        Meta(description="The board; `generic` accepts every pin number and needs `gpio_chip`."),
    ] = BoardModel.PI_4
    gpio_chip: Annotated[
        NonEmpty | None,
        Meta(description="Label or path of the GPIO chip, where it is not the board's own."),
    ] = None
