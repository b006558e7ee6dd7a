"""The rig's self-test: every channel driven at one end and seen at the other, without the product.

On the gateways it needs `pinctrl`, which comes with Raspberry Pi OS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from hil.crc import with_crc
from hil.suite.ability import Ability
from hil.suite.protocol import ChannelCheck
from hil.works import INCOMER_METER, LOADS, PULSE_PIN, PULSE_UWH

if TYPE_CHECKING:
    from hil.rig.bench import RigBench
    from hil.rig.gateway import RigGateway

_MOVED_S_MAX = 2.0
_BOOT_S_MAX = 90.0
_CLOCK_ERROR_NS_MAX = 1_000_000
_STILL_NS = 200_000_000
_PULSES_COUNT = 100
_PULSES_HZ = 100.0


def check(bench: RigBench) -> list[ChannelCheck]:
    """All channels, the ones that fail too."""
    bench.plant.stop()
    try:
        return [_try(name, step) for name, step in _steps(bench)]
    finally:
        bench.plant.run(bench.works.base_kw)


def _try(name: str, step: Callable[[], str]) -> ChannelCheck:
    try:
        return ChannelCheck(name, ok=True, note=step())
    except Exception as error:
        return ChannelCheck(name, ok=False, note=f"{type(error).__name__}: {error}")


def _steps(bench: RigBench) -> Iterator[tuple[str, Callable[[], str]]]:
    yield "clocks", lambda: _clocks(bench)
    yield "pulses made", lambda: _pulses_made(bench)
    for gateway in bench.gateways.values():
        yield from _gateway_steps(bench, gateway)
    for path in bench.config.links:
        for gateway in bench.gateways.values():
            yield f"{path} from {gateway.unit}", partial(_link, bench, path, gateway)


def _gateway_steps(bench: RigBench, gateway: RigGateway) -> Iterator[tuple[str, Callable[[], str]]]:
    unit = gateway.unit
    for load in LOADS:
        yield f"{unit} relay {load}", partial(_relay, bench, gateway, load)
    yield f"{unit} pulse input", lambda: _pulse_input(bench, gateway)
    yield f"{unit} line", lambda: _line(bench, gateway)
    if Ability.USB in bench.abilities:
        yield f"{unit} USB port", lambda: _usb(bench, gateway)
    if Ability.POWER in bench.abilities:
        yield f"{unit} power", lambda: _power(bench, gateway)


def _clocks(bench: RigBench) -> str:
    clocks = bench.board.order("clocks")
    for name, clock in clocks.items():
        assert clock["error_ns"] <= _CLOCK_ERROR_NS_MAX, f"{name}: {clock}"
        assert clock["lost"] == 0, f"{name}: {clock}"
    return ", ".join(
        f"{name} to {clock['error_ns'] / 1000:.0f} us" for name, clock in clocks.items()
    )


def _pulses_made(bench: RigBench) -> str:
    bench.wait("a still plant", lambda: _is_still(bench), 10.0)
    before = bench.pulses.made_count()
    bench.pulses.send(_PULSES_COUNT, _PULSES_HZ)
    wanted = before + _PULSES_COUNT
    bench.wait("pulses made", lambda: bench.pulses.made_count() >= wanted, 10.0)
    assert bench.pulses.made_count() == wanted
    return f"{_PULSES_COUNT}, {PULSE_UWH / 1e6:g} Wh each"


def _is_still(bench: RigBench) -> bool:
    """No pulse of the plant's own is to come."""
    taken_uwh, begun_ns = bench.plant.import_uwh(), bench.now_ns()
    bench.wait("some time", lambda: bench.now_ns() > begun_ns + _STILL_NS)
    return bench.plant.import_uwh() == taken_uwh


def _relay(bench: RigBench, gateway: RigGateway, load: str) -> str:
    for level, wanted in (("dh", True), ("dl", False)):
        _pin(gateway, "set", LOADS[load].pin, "op", level)

        def is_seen(wanted: bool = wanted) -> bool:
            seen: dict[str, Any] = bench.board.order("snapshot")["energised"]
            return bool(seen[load][gateway.unit] == wanted)

        bench.wait(f"contact of {load}", is_seen, _MOVED_S_MAX)
    return "on and off"


def _pulse_input(bench: RigBench, gateway: RigGateway) -> str:
    _pin(gateway, "set", PULSE_PIN, "ip", "pu")
    for on, level in ((True, "lo"), (False, "hi")):
        bench.board.order("contact", on=on)
        bench.wait(f"level {level}", partial(_reads, gateway, level), _MOVED_S_MAX)
    return "closed and open"


def _reads(gateway: RigGateway, level: str) -> bool:
    return f"| {level}" in _pin(gateway, "get", PULSE_PIN)


def _pin(gateway: RigGateway, verb: str, pin: int, *words: str) -> str:
    said = gateway.shell(" ".join(["pinctrl", verb, str(pin), *words]))
    assert said.code == 0, said.text
    return said.text


def _line(bench: RigBench, gateway: RigGateway) -> str:
    """A query from the gateway's own adapter: who drove, and what was heard."""
    since_ns = bench.now_ns()
    port = bench.config.installed.serial_port
    query = with_crc(bytes([INCOMER_METER["unit_id"], 3, 0, 0, 0, 1]))
    octal = "".join(f"\\{byte:03o}" for byte in query)
    said = gateway.shell(f"stty -F {port} raw -echo 19200 cstopb && printf '{octal}' > {port}")
    assert said.code == 0, said.text
    seen = bench.wait(
        "the query", lambda: bench.witness().first_of(gateway.unit, since_ns), _MOVED_S_MAX
    )
    assert seen.sent == query, f"heard {seen.sent.hex()}, sent {query.hex()}"
    return f"{len(query)} bytes in {(seen.end_ns - seen.start_ns) / 1e6:.1f} ms"


def _usb(bench: RigBench, gateway: RigGateway) -> str:
    port = bench.config.installed.serial_port

    def is_there() -> bool:
        return gateway.shell(f"test -e {port}").code == 0

    gateway.usb.pull()
    bench.wait("port gone", lambda: not is_there(), 10.0)
    gateway.usb.plug()
    bench.wait("port back", is_there, 10.0)
    return "pulled and put back"


def _power(bench: RigBench, gateway: RigGateway) -> str:
    pin = str(bench.config.gateway[gateway.unit].observed.alive)
    gateway.power_off()
    bench.wait("alive line down", lambda: not bench.board.order("states")[pin], 5.0)
    gateway.power_on()
    bench.wait("alive line up", lambda: bench.board.order("states")[pin], _BOOT_S_MAX)
    bench.wait("a shell", lambda: _answers(gateway), _BOOT_S_MAX)
    gateway.stop_service()
    return "off and on"


def _answers(gateway: RigGateway) -> bool:
    try:
        return gateway.shell("true", 10.0).code == 0
    except (ConnectionError, TimeoutError):
        return False


def _link(bench: RigBench, path: str, gateway: RigGateway) -> str:
    """A ping needs both ways, so one that is cut ends it."""
    place = list(bench.config.links).index(path)
    (other,) = (unit for unit in bench.gateways if unit != gateway.unit)
    ping = f"ping -c 1 -W 1 {bench.config.gateway[other].addresses[place]}"
    assert gateway.shell(ping).code == 0, "no way through"
    bench.links.cut(path, gateway.unit)
    try:
        assert gateway.shell(ping).code != 0, "a way through although it is cut"
    finally:
        bench.links.cut(path, gateway.unit, on=False)
    return "open and cut"
