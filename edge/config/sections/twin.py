"""How the two gateways of a site hear each other, beside the meter lines on which both listen."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from edge.config.sections.terms import NonEmpty, Pin, Section


class TwinSection(Section, frozen=True):
    """[twin]: the link between two gateways. A site with one unit has none."""

    port: Annotated[
        Annotated[int, Meta(ge=1024, le=65535)],
        Meta(description="UDP port of the heartbeats, on every network."),
    ] = 47474
    key_file: Annotated[
        NonEmpty,
        Meta(description="File of the key that both units have; `denban key new` makes it."),
    ] = "/etc/denban/twin.key"
    serial: Annotated[
        NonEmpty | None,
        Meta(description="Serial port cabled to the other unit's, a further path, if fitted."),
    ] = None
    enable_pin: Annotated[
        Pin | None,
        Meta(description="Output that keeps the one-shot of the enable line going, if fitted."),
    ] = None
    peer_enable_pin: Annotated[
        Pin | None, Meta(description="Input of the other unit's enable line, if fitted.")
    ] = None
    mirror_hold_s: Annotated[
        Annotated[float, Meta(ge=1, le=3600)],
        Meta(
            description="A standby that hears the other unit on the meter line only holds its "
            "relays for so long, then lets go of them."
        ),
    ] = 30.0
    health_swap_s_min: Annotated[
        Annotated[float, Meta(ge=60, le=14400)],
        Meta(
            description="Time between two changes of roles for health's sake; it doubles with "
            "each, up to 4 h. A takeover from a silent unit is never limited."
        ),
    ] = 600.0
