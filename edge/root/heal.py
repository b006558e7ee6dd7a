"""`python -m edge.root.heal`: does one rung of the healing ladder that the controller asked for.

Started by denban-heal.path when a request lies in /run/denban/heal. Trusts nothing there: a request
names a line of the root-owned site file and a rung of the list below, never a device.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any, Final, NamedTuple

from edge.root.heal_bounded import HungError
from edge.root.heal_memory import (
    AUTHORIZE,
    CONTROLLER,
    LOOK,
    PORT_POWER,
    REBIND,
    REBOOT,
    RESET,
    RUNGS,
    Memory,
    Now,
    load_memory,
)
from edge.root.heal_rungs import OFF_S, Rungs, reboot
from edge.root.heal_usb import Place, RefusedError, UsbTree

FOLDER: Final = ("run", "denban", "heal")
REQUEST: Final = "request"
RESULT: Final = "result"
SITE: Final = "etc/denban/site.toml"
MEMORY: Final = "var/lib/denban-heal/memory.json"
_REQUEST_BYTES_MAX: Final = 512
_SITE_BYTES_MAX: Final = 1 << 20
_TEXT_CHARS_MAX: Final = 500
_ID: Final = re.compile(r"[0-9a-f]{1,32}")
_BUS_CHARS_MAX: Final = 64
_WRITABLE_BY_OTHERS: Final = 0o022


class Request(NamedTuple):
    """What was asked for; its shape has been checked, its meaning has not."""

    id: str
    bus: str
    rung: int


class Helper:
    """One run. `root` is /, or a test's imitation of it; `owner` owns the site file."""

    def __init__(self, root: Path, rungs: Rungs, tree: UsbTree, owner: int = 0) -> None:
        self._root = root
        self._rungs = rungs
        self._tree = tree
        self._owner = owner

    def run(self) -> bool:
        """Take the request, do it, leave the result. False where there was none to answer."""
        folder = self._open_folder()
        try:
            try:
                raw = _take(folder)
            except FileNotFoundError:
                return False
            begun_s = time.monotonic()
            request, ok, text = self._answer(raw)
            duration_ms = round((time.monotonic() - begun_s) * 1000)
            sys.stderr.write(f"{request.bus!r} rung {request.rung}: {text}\n")
            result = {"id": request.id, "rung": request.rung, "ok": ok}
            _leave(folder, {**result, "text": text, "duration_ms": duration_ms})
        finally:
            os.close(folder)
        return True

    def _open_folder(self) -> int:
        """Step by step, since all but the first belong to somebody else: no link is followed."""
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        fd = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        for name in FOLDER:
            try:
                below = os.open(name, flags, dir_fd=fd)
            finally:
                os.close(fd)
            fd = below
        return fd

    def _answer(self, raw: bytes) -> tuple[Request, bool, str]:
        request = Request("", "", LOOK)
        try:
            request = parse_request(raw)
            text = self._do(request)
        except (RefusedError, HungError) as error:
            return request, False, str(error)[:_TEXT_CHARS_MAX]
        except (OSError, subprocess.TimeoutExpired) as error:
            return request, False, f"failed: {error}"[:_TEXT_CHARS_MAX]
        return request, True, text[:_TEXT_CHARS_MAX]

    def _do(self, request: Request) -> str:
        port = self._port(request.bus)
        memory, now = load_memory(self._root / MEMORY), Now.of(self._root)
        memory.refuse_over_limit(request.rung, now)
        place = None if request.rung == REBOOT else self._find(request, port, memory)
        memory.note(request.rung, now)
        self._save(memory, request.rung)
        try:
            return self._act(request.rung, place, memory.places.get(port, {}))
        except HungError:
            memory.hung[str(request.rung)] = now.boot_id
            self._save(memory, LOOK)
            raise

    def _port(self, bus: str) -> str:
        """From the site file, which must be root's alone. Raises RefusedError."""
        fd = os.open(self._root / SITE, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(fd, "rb") as file:
            status = os.fstat(fd)
            is_ours = status.st_uid == self._owner and not status.st_mode & _WRITABLE_BY_OTHERS
            if not stat.S_ISREG(status.st_mode) or not is_ours:
                raise RefusedError(
                    f"/{SITE}: not root's alone: got mode {status.st_mode & 0o777:o} of uid"
                    f" {status.st_uid}; nothing was done; chown root and chmod 644 it"
                )
            raw = file.read(_SITE_BYTES_MAX)
        try:
            port = tomllib.loads(raw.decode())["bus"][bus]["port"]
        except (UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError):
            port = None
        if not isinstance(port, str):
            raise RefusedError(f"/{SITE}: no port of bus.{bus}; nothing was done")
        return port

    def _find(self, request: Request, port: str, memory: Memory) -> Place | None:
        """The device, and its place kept for the day when it is gone; None: gone, place known."""
        known = memory.places.get(port)
        try:
            place = self._tree.find(request.bus, port)
        except RefusedError:
            if known is None or request.rung == LOOK:
                raise
            again = self._tree.again(known["device"], known["identity"])
            if again is None and request.rung < PORT_POWER:
                raise
            return again
        controller = self._tree.controller(place.device)
        driver = self._tree.controller_driver(controller)
        memory.places[port] = {
            "device": self._tree.relative(place.device),
            "identity": place.identity,
            "controller": self._tree.relative(controller),
            "driver": driver.name if driver else "",
            "kind": driver.parents[1].name if driver else "",
        }
        return place

    def _save(self, memory: Memory, rung: int) -> None:
        """A rung that hits others is not done where it can not be counted."""
        try:
            memory.save()
        except OSError as error:
            if rung >= PORT_POWER:
                raise RefusedError(
                    f"{memory.path}: can not be written: got {error.strerror}; nothing was done"
                ) from error

    def _act(self, rung: int, place: Place | None, known: dict[str, str]) -> str:
        if rung == REBOOT:
            return reboot()
        if rung == PORT_POWER:
            return self._rungs.cycle_hub(self._hub(known))
        if rung == CONTROLLER:
            return self._rebind_controller(known)
        assert place is not None
        if rung == LOOK:
            return f"{place.device.name} {place.identity}"
        acts = {
            RESET: self._rungs.reset,
            AUTHORIZE: self._rungs.authorize,
            REBIND: self._rungs.rebind,
        }
        return acts[rung](place)

    def _hub(self, known: dict[str, str]) -> Path:
        """It must be there, whether or not something is in its port."""
        hub = self._tree.below_devices(os.path.dirname(known["device"]))  # noqa: PTH120
        if hub is None:
            raise RefusedError(f"{known['device']}: its hub is gone too; nothing was done")
        return hub

    def _rebind_controller(self, known: dict[str, str]) -> str:
        controller = self._tree.below_devices(known["controller"])
        driver = self._tree.driver_named(known["kind"], known["driver"])
        if controller is None or driver is None:
            raise RefusedError(
                f"{known['controller']}: no USB controller with a driver of the list:"
                f" got {known['driver'] or 'none'}; nothing was done"
            )
        return self._rungs.rebind_controller(controller, driver)


def parse_request(raw: bytes) -> Request:
    """Raises RefusedError for anything but the one shape."""
    try:
        said: Any = json.loads(raw)
    except (ValueError, RecursionError):
        raise RefusedError("request: not JSON; nothing was done") from None
    if not isinstance(said, dict) or set(said) != {"id", "bus", "rung"}:
        raise RefusedError("request: need id, bus and rung, no more; nothing was done")
    number, bus, rung = said["id"], said["bus"], said["rung"]
    if not isinstance(number, str) or not _ID.fullmatch(number):
        raise RefusedError("request: id: need up to 32 digits of hex; nothing was done")
    if not isinstance(bus, str) or not 0 < len(bus) <= _BUS_CHARS_MAX:
        raise RefusedError("request: bus: need the name of a line; nothing was done")
    if type(rung) is not int or rung not in RUNGS:
        raise RefusedError(f"request: rung: need one of {RUNGS}; nothing was done")
    return Request(number, bus, rung)


def _take(folder: int) -> bytes:
    """Read the request and remove it, whatever it is. A link or a pipe is none."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        fd = os.open(REQUEST, flags, dir_fd=folder)
    except FileNotFoundError:
        raise
    except OSError:
        _remove(folder)
        return b""
    try:
        is_file = stat.S_ISREG(os.fstat(fd).st_mode)
        raw = os.read(fd, _REQUEST_BYTES_MAX + 1) if is_file else b""
    finally:
        os.close(fd)
    _remove(folder)
    return raw if len(raw) <= _REQUEST_BYTES_MAX else b""


def _remove(folder: int) -> None:
    """What can not be removed would start this program again and again: moved out of the way."""
    try:
        os.unlink(REQUEST, dir_fd=folder)
    except IsADirectoryError:
        os.rename(REQUEST, "refused", src_dir_fd=folder, dst_dir_fd=folder)


def _leave(folder: int, result: dict[str, Any]) -> None:
    """The result under its name at once and whole; a file that lies there is not written into."""
    draft = f"{RESULT}.new"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(draft, dir_fd=folder)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(draft, flags, 0o640, dir_fd=folder), "wb") as file:
        file.write(json.dumps(result).encode())
    os.rename(draft, RESULT, src_dir_fd=folder, dst_dir_fd=folder)


def main(arguments: list[str]) -> int:
    """`[ROOT [OFF_S]]`: a test's imitation of / and shorter pauses. 0: a request was answered."""
    root = Path(arguments[0]) if arguments else Path("/")
    off_s = float(arguments[1]) if len(arguments) > 1 else OFF_S
    tree = UsbTree(root)
    owner = os.getuid() if arguments else 0
    try:
        answered = Helper(root, Rungs(tree, off_s), tree, owner).run()
    except OSError as error:
        sys.stderr.write(f"denban-heal: {error}\n")
        return 1
    return 0 if answered else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
