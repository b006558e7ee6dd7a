"""Two machines with Debian alone become a pair, by the guide's own commands; and what versions of
the package are at hand.
"""

from __future__ import annotations

import base64
import contextlib
import re
from typing import Final

import msgspec

from hil.answers import Found, answers_text, completed
from hil.card import CARD, PERSON
from hil.scenarios.guide import ANSWERS, STEPS, Step, logged_on
from hil.suite.protocol import Gateway, Said
from hil.suite.scene import Scene
from hil.works import UNITS

_HOME: Final = f"/home/{PERSON}"
_SITE: Final = "/etc/denban/site.toml"
_SERIAL: Final = re.compile(r'hardware_serial = "([^"]+)"')
_NOT_NOW: Final = 2
_TRIES_MAX: Final = 5
_REST_S: Final = 10.0
_LOOK_S_MAX: Final = 2.0
_BOOT_ID: Final = "cat /proc/sys/kernel/random/boot_id"
APT: Final = "DEBIAN_FRONTEND=noninteractive apt-get install --yes --reinstall {deb}"
APT_S_MAX: Final = 900.0


class Packages(msgspec.Struct, frozen=True):
    """Paths on a gateway, in the order of their versions."""

    first: str
    next: str
    broken: str


def packages(gateway: Gateway) -> Packages:
    return Packages(*_said(gateway, f"ls -v {CARD}/*.deb").split())


def version_of(deb: str) -> str:
    return deb.split("_")[1]


def used_version(gateway: Gateway) -> str:
    return _said(gateway, "denban --version").split()[-1]


def need_pair(scene: Scene) -> None:
    """Follow the guide, unless that was done on this bench."""
    if all(gateway.status() is not None for gateway in scene.bench.gateways.values()):
        return
    Installation(scene).follow()


class Installation:
    """The guide, followed once. `told` is what each command said, by command and unit."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._gateways = dict(scene.bench.gateways)
        self.told: dict[tuple[str, str], Said] = {}

    def follow(self) -> None:
        for gateway in self._gateways.values():
            _said(gateway, f"cp {packages(gateway).first} {_HOME}/")
        for step in STEPS:
            if not step.left_out:
                self._take(step)

    def _take(self, step: Step) -> None:
        if ANSWERS in step.typed:
            self._answer()
        places = {"both": UNITS, "first": UNITS[:1], "other": UNITS[1:]}[step.on]
        for unit in places:
            self._type(step, unit)
        if ANSWERS in step.typed:
            self._complete()

    def _type(self, step: Step, unit: str) -> None:
        gateway = self._gateways[unit]
        line = step.line(self._addresses(self._scene.other(gateway))[0])
        if " reboot " in step.command:
            self._boot(gateway, line)
            return
        said = gateway.shell(logged_on(line), step.within_s)
        for _ in range(_TRIES_MAX):
            if said.code != _NOT_NOW or not step.answer:
                break
            # A unit that has just come back is not yet believed; a person would try again, too.
            self._scene.settled()
            self._scene.watch(_REST_S)
            said = gateway.shell(logged_on(line), step.within_s)
        self.told[step.command, unit] = said
        assert said.code == 0, f"{unit}: {line}: exit code {said.code}\n{said.text}"

    def _boot(self, gateway: Gateway, line: str) -> None:
        """Nobody waits for the answer of a machine that goes down."""
        booted = _said(gateway, _BOOT_ID)
        _said(gateway, f"nohup {logged_on(line)} >{_HOME}/typed 2>&1 &")
        self._scene.wait(
            f"{gateway.unit}: back from its boot",
            lambda: _boot_id(gateway) not in {booted, ""} and gateway.status(),
            self._scene.allowed.boot_s,
        )

    # What people look up, and fill in.

    def _addresses(self, gateway: Gateway) -> list[str]:
        return _said(gateway, "hostname -I").split()

    def _answer(self) -> None:
        first = self._gateways[UNITS[0]]
        serials = {}
        for unit in UNITS:
            said = self.told["denban whoami --serial", unit].text
            told = _SERIAL.search(said)
            assert told is not None, said
            serials[unit] = told[1]
        assert len(set(serials.values())) == len(serials), serials
        found = Found(
            serials,
            {unit: self._addresses(gateway) for unit, gateway in self._gateways.items()},
            _said(first, "ls /dev/serial/by-path/*").split()[0],
            _said(first, "cat /sys/class/gpio/gpiochip*/label").split()[0],
        )
        _put(first, f"{_HOME}/{ANSWERS}", answers_text(self._scene.works, found))

    def _complete(self) -> None:
        """What was not asked, by an editor."""
        first = self._gateways[UNITS[0]]
        _put(first, _SITE, completed(_said(first, f"cat {_SITE}")))


def _boot_id(gateway: Gateway) -> str:
    with contextlib.suppress(OSError):  # also of an answer that does not come
        return gateway.shell(_BOOT_ID, _LOOK_S_MAX).text
    return ""


def _put(gateway: Gateway, path: str, text: str) -> None:
    coded = base64.b64encode(text.encode()).decode()
    _said(gateway, f"echo {coded} | base64 -d >{path}")


def _said(gateway: Gateway, command: str) -> str:
    said = gateway.shell(command)
    assert said.code == 0, f"{gateway.unit}: {command}: exit code {said.code}\n{said.text}"
    return said.text
