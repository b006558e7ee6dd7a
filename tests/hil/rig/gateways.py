"""A whole table for tests: the Picos, two gateways that are folders, relays, a line, fake programs.

What a real gateway does at its pins is done here by `pinctrl`; the product itself is not there.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import sys
import threading
import time
from pathlib import Path

from hil.works import LOADS, UNITS
from tests.hil.rig.table import Table, Terminal

PROGRAM = Path(__file__).with_name("fake_program.py")
PROGRAMS = ("ssh", "uhubctl", "pinctrl", "systemctl", "tc", "ping", "journalctl")
HOSTS = dict(zip(UNITS, ("gw-a", "gw-b"), strict=True))
CHARACTER_S = 11 / 19200
ALIVE_PINS = dict(zip(UNITS, (10, 11), strict=True))
DRIVER_PINS = dict(zip(UNITS, (8, 9), strict=True))
POWER_CHANNELS = dict(zip(UNITS, (1, 2), strict=True))
BUS_CHANNELS = dict(zip(UNITS, (3, 4), strict=True))
SHORT_CHANNEL = 5
RELAY_PINS = {
    unit: {load: 4 * place + k for k, load in enumerate(LOADS)} for place, unit in enumerate(UNITS)
}
PULSE_PIN = 2
FEEDBACK_PINS = {"chiller-1": 3, "chiller-2": 4}


class GatewayTable(Table):
    """Enter it; `rig_file` describes it. `asked`: what programs were called with."""

    def __init__(self, folder: Path):
        super().__init__(folder)
        self.folder = folder
        self.rig_file = folder / "rig.toml"
        self.asked = []
        self.energised = set()
        self.cut_ports = set()
        self.line = {name: Terminal() for name in (*UNITS, "tap", "meters")}
        self.relay_port = Terminal()
        self._before = dict(os.environ)

    def __enter__(self):
        super().__enter__()
        programs = self.folder / "bin"
        programs.mkdir()
        for name in PROGRAMS:
            (programs / name).write_text(f"#!{sys.executable} -IS\n{PROGRAM.read_text()}")
            (programs / name).chmod(0o755)
        self._server = socket.create_server(str(self.folder / "asked"), family=socket.AF_UNIX)
        os.environ["PATH"] = f"{programs}:{os.environ['PATH']}"
        os.environ["RIG_TABLE"] = str(self.folder / "asked")
        for unit, host in HOSTS.items():
            (self.folder / host).mkdir()
            (self.folder / host / "ttyRS485").symlink_to(self.line[unit].path)
            self.conduct(ALIVE_PINS[unit], True)
        for work in (self._serve, self._switch, self._carry):
            threading.Thread(target=work, daemon=True).start()
        self.rig_file.write_text(_rig_toml(self))
        return self

    def __exit__(self, *error):
        super().__exit__(*error)
        os.environ.clear()
        os.environ.update(self._before)

    # Relays.

    def _switch(self):
        while True:
            frame = os.read(self.relay_port.fd, 4)
            start, channel, on, check = frame
            assert (start, check) == (0xA0, (0xA0 + channel + on) & 0xFF)
            (self.energised.add if on else self.energised.discard)(channel)
            for unit, power in POWER_CHANNELS.items():
                if channel == power:
                    self._power(unit, not on)

    def _power(self, unit, on):
        self.conduct(ALIVE_PINS[unit], on)
        if not on:
            for pin in RELAY_PINS[unit].values():
                self.conduct(pin, False)

    # The line: what one sends the others hear, at the line's own pace.

    def _carry(self):
        names = {terminal.fd: name for name, terminal in self.line.items()}
        while True:
            for fd in select.select(list(names), [], [])[0]:
                self._send(names[fd], os.read(fd, 4096))

    def _send(self, sender, sent):
        begun_s, lasts_s = time.monotonic(), len(sent) * CHARACTER_S
        if sender in UNITS:
            self.conduct(DRIVER_PINS[sender], True)
        while (left_s := begun_s + lasts_s - time.monotonic()) > 0:
            time.sleep(left_s)
        if sender in UNITS:
            passed_s = time.monotonic() - begun_s
            self.conduct(DRIVER_PINS[sender], False, round((lasts_s - passed_s) * 1e9))
        for name, terminal in self.line.items():
            if name != sender and sender not in self._off_the_line():
                os.write(terminal.fd, sent)

    def _off_the_line(self):
        return {unit for unit, channel in BUS_CHANNELS.items() if channel in self.energised}

    # Programs.

    def _serve(self):
        while True:
            link, _ = self._server.accept()
            with link, contextlib.suppress(ConnectionError):
                said = json.loads(link.makefile().readline())
                answer = self._answer(**said)
                link.sendall(json.dumps(answer).encode() + b"\n")

    def _answer(self, name, words, host):
        self.asked.append([name, *words])
        unit = next((unit for unit in UNITS if HOSTS[unit] == host), "")
        return getattr(self, f"_answer_{name}", lambda *_: {"code": 0})(unit, words)

    def _answer_ssh(self, _unit, words):
        host = next(word for word in words if word.startswith("root@")).removeprefix("root@")
        unit = next(unit for unit in UNITS if HOSTS[unit] == host)
        if POWER_CHANNELS[unit] in self.energised:
            return {"code": 255}
        return {"code": 0, "host": host, "folder": str(self.folder / host)}

    def _answer_pinctrl(self, unit, words):
        verb, pin, *rest = words
        if verb == "get":
            closed = ([0] + [level for _, level in self.output(PULSE_PIN)])[-1]
            return {"code": 0, "text": f"{pin}: ip pu | {'lo' if closed else 'hi'} // GPIO{pin}\n"}
        for load in LOADS:
            if LOADS[load].pin == int(pin):
                self.conduct(RELAY_PINS[unit][load], rest[-1] == "dh")
        return {"code": 0}

    def _answer_uhubctl(self, unit, words):
        port = self.folder / HOSTS[unit] / "ttyRS485"
        action = words[words.index("-a") + 1]
        port.unlink(missing_ok=True)
        if action != "off":
            port.symlink_to(self.line[unit].path)
        return {"code": 0}

    def _answer_tc(self, _unit, words):
        """A port whose frames are all lost is cut."""
        port = words[words.index("dev") + 1]
        (self.cut_ports.add if words[-1] == "100%" else self.cut_ports.discard)(port)
        return {"code": 0}

    def _answer_ping(self, _unit, words):
        path = words[-1].split(".")[2]
        return {"code": int(any(port.startswith(f"net{path}") for port in self.cut_ports))}


def _rig_toml(table):
    gateways = "".join(
        f"""
[gateway.{unit}]
host = "{host}"
hardware_serial = "1000000012345{place}"
addresses = ["10.1.0.{place + 1}", "10.1.1.{place + 1}"]
power_relay = {POWER_CHANNELS[unit]}
bus_relay = {BUS_CHANNELS[unit]}
usb = {{ location = "1-1", port = 2 }}
[gateway.{unit}.observed]
driver_enable = {DRIVER_PINS[unit]}
alive = {ALIVE_PINS[unit]}
[gateway.{unit}.observed.relays]
{os.linesep.join(f"{load} = {pin}" for load, pin in RELAY_PINS[unit].items())}
"""
        for place, (unit, host) in enumerate(HOSTS.items())
    )
    return f"""
name = "Emulated table"
[stimulus]
port = "{table.ports["stimulus"]}"
pulse = {PULSE_PIN}
feedbacks = {{ chiller-1 = 3, chiller-2 = 4 }}
[observer]
port = "{table.ports["observer"]}"
[line]
tap = "{table.line["tap"].path}"
meters = "{table.line["meters"].path}"
short_relay = {SHORT_CHANNEL}
[relays]
kind = "lcus"
port = "{table.relay_port.path}"
[installed]
serial_port = "ttyRS485"
site = "site.toml"
key_file = "twin.key"
store = "store"
plans = "plans"
socket = "control"
[links.net0]
{UNITS[0]} = "net0a"
{UNITS[1]} = "net0b"
[links.net1]
{UNITS[0]} = "net1a"
{UNITS[1]} = "net1b"
{gateways}"""
