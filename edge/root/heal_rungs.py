"""What each rung writes where. Every write is bounded; what was switched off is switched on again
also where a step between has failed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from edge.root.heal_bounded import HungError, run_bounded, write_file
from edge.root.heal_usb import Place, RefusedError, UsbTree, read_word

_USBDEVFS_RESET: Final = 0x5514  # _IO('U', 20), linux/usbdevice_fs.h
_WRITE_S_MAX: Final = 5.0
# Unbinding a controller ends every device below it; a dead one takes its time-outs first.
_CONTROLLER_S_MAX: Final = 15.0
_REBOOT_S_MAX: Final = 60.0
# Long enough for an adapter's own capacitors to run empty.
OFF_S: Final = 2.0
# In units of the pause: a device is there again after a second, most of them sooner.
_RETURN_LOOKS_MAX: Final = 2
_SERIAL_DRIVERS: Final = frozenset(
    {"ftdi_sio", "ch341", "ch341-uart", "cp210x", "pl2303", "cdc_acm"}
)
_SYSTEMCTL: Final = "/usr/bin/systemctl"


def reset_device(node: Path, number: str) -> None:
    """USBDEVFS_RESET. The node must be the character device that sysfs says it is."""
    fd = os.open(node, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        status = os.fstat(fd)
        seen = f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"
        if not stat.S_ISCHR(status.st_mode) or seen != number:
            raise OSError(f"{node}: not device {number}")
        fcntl.ioctl(fd, _USBDEVFS_RESET, 0)
    finally:
        os.close(fd)


class Rungs:
    """Does one rung to one place and says what. Raises RefusedError, OSError or HungError."""

    def __init__(
        self,
        tree: UsbTree,
        off_s: float = OFF_S,
        reset: Callable[[Path, str], None] = reset_device,
        write_s_max: float = _WRITE_S_MAX,
    ) -> None:
        self._tree = tree
        self._off_s = off_s
        self._reset = reset
        self._write_s_max = write_s_max
        self._controller_s_max = min(_CONTROLLER_S_MAX, 3 * write_s_max)

    def reset(self, place: Place) -> str:
        device = place.device
        bus, number = (int(read_word(device / name) or 0) for name in ("busnum", "devnum"))
        node = self._tree.root / "dev/bus/usb" / f"{bus:03}" / f"{number:03}"
        wanted = read_word(device / "dev")
        run_bounded(lambda: self._reset(node, wanted), f"reset of {device.name}", self._write_s_max)
        return f"{device.name} reset"

    def authorize(self, place: Place) -> str:
        switch = place.device / "authorized"
        try:
            self._write(switch, "0")
            time.sleep(self._off_s / 2)
        finally:
            self._write(switch, "1")
        return f"{place.device.name} off and on"

    def rebind(self, place: Place) -> str:
        bound = [
            (name, driver)
            for name, driver in self._tree.interfaces(place)
            if driver.name in _SERIAL_DRIVERS
        ]
        if not bound:
            raise RefusedError(
                f"{place.device.name}: no driver of a serial adapter is bound to it:"
                f" need one of {', '.join(sorted(_SERIAL_DRIVERS))}; nothing was done"
            )
        for name, driver in bound:
            try:
                self._write(driver / "unbind", name)
                time.sleep(self._off_s / 2)
            finally:
                self._write(driver / "bind", name)
        return f"{', '.join(name for name, _ in bound)}: {bound[0][1].name} off and on"

    def cycle_hub(self, hub: Path) -> str:
        """All ports: a Pi 4 or 5 switches its sockets together, and only when all are off."""
        switches = self._tree.hub_ports(hub)
        if not switches:
            raise RefusedError(
                f"{hub.name}: its ports have no switch: need a kernel of 6.0 or later and a hub"
                " that switches power; nothing was done"
            )
        for folder in {switch.parents[2] for switch in switches}:
            self._tree.refuse_others(folder)
        children = self._tree.children(hub)
        off: list[Path] = []
        try:
            for switch in switches:
                off.append(switch)
                self._write(switch, "1")
            time.sleep(self._off_s)
        finally:
            self._switch_on(off)
        scanned = self._bring_back(hub, children)
        return f"{len(switches)} ports of {hub.name} off and on{scanned}"

    def _bring_back(self, hub: Path, children: list[Path]) -> str:
        """A hub that does not really switch power sees no new device after it: the kernel has let
        the old ones go, and finds them when the hub's driver starts anew.
        """
        deadline_s = time.monotonic() + _RETURN_LOOKS_MAX * self._off_s
        while not all(child.exists() for child in children):
            if time.monotonic() >= deadline_s:
                return self._scan_anew(hub)
            time.sleep(self._off_s / 10)
        return ""

    def _scan_anew(self, hub: Path) -> str:
        found = self._tree.hub_interface(hub)
        if found is None:
            return ", not all devices are back"
        name, driver = found
        try:
            self._write(driver / "unbind", name)
        finally:
            self._write(driver / "bind", name)
        return ", its devices found anew"

    def _switch_on(self, switches: list[Path]) -> None:
        """Each, whatever became of the others; the first failure is told."""
        failed: OSError | HungError | None = None
        for switch in switches:
            try:
                self._write(switch, "0")
            except (OSError, HungError) as error:
                failed = failed or error
        if failed is not None:
            raise failed

    def rebind_controller(self, controller: Path, driver: Path) -> str:
        if (controller / "driver").is_symlink():
            self._tree.refuse_others(controller)
            self._write_controller(driver / "unbind", controller.name)
            time.sleep(self._off_s)
        self._write_controller(driver / "bind", controller.name)
        return f"{controller.name}: {driver.name} off and on"

    def _write(self, path: Path, value: str) -> None:
        run_bounded(lambda: write_file(str(path), value), f"{path} = {value}", self._write_s_max)

    def _write_controller(self, path: Path, value: str) -> None:
        run_bounded(
            lambda: write_file(str(path), value), f"{path} = {value}", self._controller_s_max
        )


def reboot() -> str:
    """In order, so that the controller hands over; systemd's own masks have the last word."""
    done = subprocess.run(  # noqa: S603 -- a fixed command
        [_SYSTEMCTL, "reboot"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_REBOOT_S_MAX,
        check=False,
    )
    if done.returncode:
        with contextlib.suppress(UnicodeDecodeError):
            raise RefusedError(f"reboot: {done.stderr[:200].decode().strip()}")
        raise RefusedError("reboot: refused")
    return "reboot ordered"
