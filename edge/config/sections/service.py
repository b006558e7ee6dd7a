"""How the controller runs on its machine: pace, watchdog, files and the socket for orders."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from edge.config.sections.terms import NonEmpty, Section


class ScanSection(Section, frozen=True):
    """[scan]: pace of reading, deciding and writing."""

    period_ms: Annotated[
        Annotated[int, Meta(ge=20, le=1000)], Meta(description="Time between two scans.")
    ] = 100
    priority: Annotated[
        Annotated[int, Meta(ge=0, le=90)],
        Meta(description="Real-time priority of the control process; 0: none."),
    ] = 50
    lock_memory: Annotated[bool, Meta(description="Keep the control process in memory.")] = True
    output_lease_ms: Annotated[
        Annotated[int, Meta(ge=40, le=10000)],
        Meta(
            description="An output command that is not renewed for so long goes to its safe value."
        ),
    ] = 1000


class WatchdogSection(Section, frozen=True):
    """[watchdog]: the hardware that resets a machine which hangs."""

    device: Annotated[str, Meta(description="Watchdog device; empty: none is used.")] = (
        "/dev/watchdog"
    )
    timeout_s: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(
            description="Reset after so long; the hardware allows 15. None given: 10, and 2 where "
            "there are two units, because the other one waits for the reset."
        ),
    ] = None


class IdentifySection(Section, frozen=True):
    """[identify]: how a unit shows which machine it is."""

    led: Annotated[
        str, Meta(description="LED of /sys/class/leds that `denban identify` blinks; empty: none.")
    ] = "ACT"


class StoreSection(Section, frozen=True):
    """[store]: what is kept on the disk."""

    directory: Annotated[NonEmpty, Meta(description="Folder of state, journal and recorder.")] = (
        "/var/lib/denban"
    )
    journal_mb_max: Annotated[
        Annotated[int, Meta(ge=1, le=10000)], Meta(description="The journal's share, oldest goes.")
    ] = 64
    recorder_mb_max: Annotated[
        Annotated[int, Meta(ge=1, le=10000)],
        Meta(description="The flight recorder's share, oldest goes."),
    ] = 64


class ControlSection(Section, frozen=True):
    """[control]: where orders come in."""

    socket: Annotated[NonEmpty, Meta(description="Path of the socket.")] = "/run/denban/control"
    group: Annotated[NonEmpty, Meta(description="Members of this group may give orders.")] = (
        "denban"
    )
