"""What the site file means to all that touches the outside: pins, lines, devices, directories.

Records here are complete and consistent; who drives the hardware checks none of it again. No I/O.
"""

from __future__ import annotations

import enum

from msgspec import Struct

from edge.model.bus import BusPlan
from edge.model.units import NS_PER_MIN


class Edge(enum.StrEnum):
    """The edge of the input line that counts; one pulse has one of each."""

    RISING = "rising"
    FALLING = "falling"


class Bias(enum.StrEnum):
    """Resistor of the input line, inside the processor. NONE: the board has its own."""

    PULL_UP = "pull_up"
    PULL_DOWN = "pull_down"
    NONE = "none"


class OutputPolicy(enum.StrEnum):
    """SAFE: the output goes to its safe value. HOLD: it is left where it stands."""

    SAFE = "safe"
    HOLD = "hold"


class UnitPlan(Struct, frozen=True):
    """One gateway of the site. The order in the site file breaks ties, so it is kept."""

    name: str
    hardware_serial: str
    addresses: tuple[str, ...]


class PulsePlan(Struct, frozen=True):
    """A counting input. `debounce_ns` 0: none. Pins are GPIO numbers of the processor (BCM)."""

    name: str
    pin: int
    edge: Edge
    bias: Bias
    debounce_ns: int


class RelayPlan(Struct, frozen=True):
    """The output of one load. `shed_level` is the line's level while the load is shed (for an
    absorb load: while it is switched on); `safe_shed` says which of the two is its safe value.
    """

    load: str
    pin: int
    shed_level: bool
    safe_shed: bool
    at_stop: OutputPolicy
    at_crash: OutputPolicy

    def level(self, *, shed: bool) -> bool:
        """Level of the line for a wish."""
        return self.shed_level is shed

    @property
    def safe_level(self) -> bool:
        """Level of the line for the safe value."""
        return self.level(shed=self.safe_shed)


class FeedbackPlan(Struct, frozen=True):
    """Auxiliary contact of one load; `closed_level`: the level while the contactor is closed."""

    load: str
    pin: int
    closed_level: bool
    bias: Bias


class AlarmPlan(Struct, frozen=True):
    """Alarm outputs (`active_level`: on) and the acknowledge button, None where not fitted."""

    caution_pin: int | None
    shed_pin: int | None
    fault_pin: int | None
    buzzer_pin: int | None
    active_level: bool
    acknowledge_pin: int | None
    acknowledge_bias: Bias
    acknowledge_active_level: bool


class ScanPlan(Struct, frozen=True):
    """Pace of the control process. `priority` 0: no real-time scheduling.

    An output command that is older than `output_lease_ns` is no longer followed.
    """

    period_ns: int
    priority: int
    lock_memory: bool
    output_lease_ns: int


class WatchdogPlan(Struct, frozen=True):
    """The hardware watchdog; an empty `device` means that none is used."""

    device: str
    timeout_s: int


class StorePlan(Struct, frozen=True):
    """Where the controller keeps state, journal and recorder, and how large the latter two grow."""

    directory: str
    journal_bytes_max: int
    recorder_bytes_max: int


class ControlPlan(Struct, frozen=True):
    """The socket for orders; members of `group` may use it."""

    socket: str
    group: str


class TwinPlan(Struct, frozen=True):
    """The link between the two units. `serial` is empty where it is not cabled; the pins are those
    of the enable lines, both or neither. `query_gap_ns`: a unit that holds the meter lines puts a
    query on each at least so often, 0 without a serial one.
    """

    port: int
    key_file: str
    serial: str
    enable_pin: int | None
    peer_enable_pin: int | None
    mirror_hold_ns: int
    query_gap_ns: int
    swap_ns_min: int = 10 * NS_PER_MIN


class PathPlan(Struct, frozen=True):
    """One path to the peer: UDP between two addresses, or the serial port `device`."""

    name: str
    own_host: str = ""
    peer_host: str = ""
    port: int = 0
    device: str = ""


class IoPlan(Struct, frozen=True):
    """Everything outside the decisions. `gpio_chips` are chip labels in the order to try them.

    `eoi` is the end-of-interval input, if fitted. `plan_directory` is absolute, or empty without a
    plan. `twin` is None for a site with one unit. `identify_led` is empty where none blinks.
    """

    units: tuple[UnitPlan, ...]
    gpio_chips: tuple[str, ...]
    pulses: tuple[PulsePlan, ...]
    eoi: PulsePlan | None
    relays: tuple[RelayPlan, ...]
    feedbacks: tuple[FeedbackPlan, ...]
    alarm: AlarmPlan
    buses: tuple[BusPlan, ...]
    scan: ScanPlan
    watchdog: WatchdogPlan
    store: StorePlan
    control: ControlPlan
    plan_directory: str
    twin: TwinPlan | None = None
    identify_led: str = ""
