"""What the pins do between power-on and the controller's first scan: lines for config.txt.

Pure. The rule: an output is driven to what the controller would begin with, and pulled the same
way, so that it also stays there if the kernel makes the line an input; an input gets its pull.
"""

from __future__ import annotations

from msgspec import Struct

from edge.config.io import Bias, IoPlan

_PULLS = {Bias.PULL_UP: "pu", Bias.PULL_DOWN: "pd", Bias.NONE: "pn"}


class BootPin(Struct, frozen=True):
    """One pin. `use` says what hangs on it; `attributes` are those of `gpio=` in config.txt."""

    pin: int
    use: str
    attributes: str

    @property
    def line(self) -> str:
        """As it stands in config.txt."""
        return f"gpio={self.pin}={self.attributes}"


def boot_pins(io: IoPlan) -> tuple[BootPin, ...]:
    """Every pin of the site, by number. A relay has its safe level, an alarm output is off, the
    enable line is down: it says that nobody scans.
    """
    pins = [
        BootPin(
            relay.pin,
            f"relay {relay.load}: {'shed' if relay.safe_shed else 'run'}, its safe value",
            _output(level=relay.safe_level),
        )
        for relay in io.relays
    ]
    pins += [
        BootPin(pin, f"alarm {name}: off", _output(level=not io.alarm.active_level))
        for name, pin in (
            ("caution", io.alarm.caution_pin),
            ("shed", io.alarm.shed_pin),
            ("fault", io.alarm.fault_pin),
            ("buzzer", io.alarm.buzzer_pin),
        )
        if pin is not None
    ]
    pins += [BootPin(pulse.pin, f"pulse {pulse.name}", _input(pulse.bias)) for pulse in io.pulses]
    pins += [BootPin(one.pin, f"feedback {one.load}", _input(one.bias)) for one in io.feedbacks]
    if io.eoi is not None:
        pins.append(BootPin(io.eoi.pin, "end-of-interval pulse", _input(io.eoi.bias)))
    if io.alarm.acknowledge_pin is not None:
        bias = _input(io.alarm.acknowledge_bias)
        pins.append(BootPin(io.alarm.acknowledge_pin, "acknowledge button", bias))
    if io.twin is not None and io.twin.enable_pin is not None:
        use = "enable line: down, nobody scans"
        pins.append(BootPin(io.twin.enable_pin, use, _output(level=False)))
    if io.twin is not None and io.twin.peer_enable_pin is not None:
        use = "enable line of the other unit"
        pins.append(BootPin(io.twin.peer_enable_pin, use, _input(Bias.PULL_DOWN)))
    return tuple(sorted(pins, key=lambda one: one.pin))


def _output(*, level: bool) -> str:
    return "op,dh,pu" if level else "op,dl,pd"


def _input(bias: Bias) -> str:
    return f"ip,{_PULLS[bias]}"
