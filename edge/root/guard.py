"""The guard: closes this machine's own ways to stop while nobody else would be on duty.

Runs as root: by `denban-guard.path` when the controller's word changes, by a timer while something
is closed, and for `denban stop` and its like. It masks targets of systemd at runtime and refuses a
manual stop of the service; it never stops or reboots anything itself, and what it reads from the
controller's folder can do no more than close and open.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from edge.model.units import NS_PER_S

SERVICE: Final = "denban.service"
# Each way down that systemd knows; those that it does not know yet do no harm.
TARGETS: Final = tuple(
    f"{name}.target"
    for name in (
        "poweroff", "reboot", "halt", "kexec", "exit", "soft-reboot", "ctrl-alt-del",
        "suspend", "hibernate", "hybrid-sleep", "suspend-then-hibernate",
    )
)  # fmt: skip
_TIMER: Final = "denban-guard.timer"
_DROP_IN: Final = "50-denban-guard.conf"
_DROP_IN_TEXT: Final = "[Unit]\nRefuseManualStop=yes\n"
_NOWHERE: Final = "/dev/null"
# A controller that has been down for so long controls nothing, and what would mend it may be a
# reboot. Every restart is over well before, also one with a slow card.
DEAD_S: Final = 120
RELEASE_S_MAX: Final = 3600
# What somebody does who can not use the desk, or takes the product away.
BY_HAND_S: Final = 600
_FILE_BYTES_MAX: Final = 4096
_REASON_CHARS_MAX: Final = 300
_TURNS_MAX: Final = 3  # the word may change while it is followed, which takes systemd seconds
_COMMAND_S_MAX: Final = 60  # systemd reads all its units anew, on a slow card


class Told(NamedTuple):
    """The controller's last word."""

    may_stop: bool
    reason: str
    unit: str
    peer: str


class Kept(NamedTuple):
    """What the guard has done, and what it remembers from one run to the next."""

    masked: tuple[str, ...] = ()
    dead_since_mono_ns: int | None = None
    released_until_mono_ns: int = 0
    released_why: str = ""
    is_timed: bool = False


class Verdict(NamedTuple):
    """Whether the ways to stop are to be closed, and why in one line."""

    closed: bool
    why: str


class Places(NamedTuple):
    """Where things lie; a test has its own."""

    told: Path = Path("/run/denban/guard.json")
    kept: Path = Path("/run/denban-guard/state.json")
    units: Path = Path("/run/systemd/system")


Systemctl = Callable[..., str]


def decide(told: Told | None, kept: Kept, now_mono_ns: int) -> Verdict:
    """`kept` says since when the service has been down."""
    if told is None:
        return Verdict(closed=False, why="the controller has said nothing since the boot")
    if kept.released_until_mono_ns > now_mono_ns:
        left_s = (kept.released_until_mono_ns - now_mono_ns) // NS_PER_S
        return Verdict(closed=False, why=f"opened for {left_s} s more: {kept.released_why}")
    if told.may_stop:
        return Verdict(closed=False, why=told.reason)
    since_mono_ns = kept.dead_since_mono_ns
    if since_mono_ns is not None and now_mono_ns - since_mono_ns >= DEAD_S * NS_PER_S:
        down_s = (now_mono_ns - since_mono_ns) // NS_PER_S
        return Verdict(closed=False, why=f"the controller has been down for {down_s} s")
    return Verdict(closed=True, why=told.reason)


class Guard:
    """`systemctl` takes words and gives what it says; it raises OSError where it can not be run."""

    def __init__(self, places: Places, systemctl: Systemctl) -> None:
        self._places = places
        self._systemctl = systemctl

    def apply(self, now_mono_ns: int) -> Verdict:
        """Close or open, as the controller's word and its life say."""
        with self._alone():
            is_up = self._systemctl("is-active", SERVICE).strip() == "active"
            kept = self.kept()
            since_mono_ns = None if is_up else kept.dead_since_mono_ns or now_mono_ns
            kept = kept._replace(dead_since_mono_ns=since_mono_ns)
            verdict = self._follow(kept, now_mono_ns)
            for _ in range(_TURNS_MAX):
                if decide(self.told(), self.kept(), now_mono_ns).closed is verdict.closed:
                    break
                verdict = self._follow(self.kept(), now_mono_ns)
            return verdict

    def release(self, why: str, seconds: int, now_mono_ns: int) -> None:
        """Open for so long, for somebody who has got leave, or who has taken it."""
        until_mono_ns = now_mono_ns + min(seconds, RELEASE_S_MAX) * NS_PER_S
        with self._alone():
            kept = self.kept()
            kept = kept._replace(released_until_mono_ns=until_mono_ns, released_why=_plain(why))
            self._follow(kept, now_mono_ns)

    def look(self, now_mono_ns: int) -> tuple[Verdict, Kept]:
        """What is to be, and what is; touches nothing."""
        kept = self.kept()
        return decide(self.told(), kept, now_mono_ns), kept

    def told(self) -> Told | None:
        words = _json(self._places.told)
        may_stop = words.get("may_stop")
        if not isinstance(may_stop, bool):
            return None
        texts = [_plain(str(words.get(name, ""))) for name in ("reason", "unit", "peer")]
        return Told(may_stop, *texts)

    def kept(self) -> Kept:
        words = _json(self._places.kept)
        try:
            since_mono_ns = words["dead_since_mono_ns"]
            return Kept(
                tuple(name for name in words["masked"] if name in TARGETS),
                None if since_mono_ns is None else int(since_mono_ns),
                int(words["released_until_mono_ns"]),
                str(words["released_why"]),
                words["is_timed"] is True,
            )
        except (KeyError, TypeError, ValueError):
            return Kept()

    def _follow(self, kept: Kept, now_mono_ns: int) -> Verdict:
        verdict = decide(self.told(), kept, now_mono_ns)
        if verdict.closed is not bool(kept.masked) and not self._is_going_down():
            kept = self._close(kept) if verdict.closed else self._open(kept)
        # What is closed, or open for a time, is looked at again without anybody's word.
        is_timed = bool(kept.masked) or kept.released_until_mono_ns > now_mono_ns
        if is_timed is not kept.is_timed:
            self._systemctl("start" if is_timed else "stop", "--no-block", _TIMER)
        self._keep(kept._replace(is_timed=is_timed))
        return verdict

    def _is_going_down(self) -> bool:
        """A target that is masked under way would leave the machine neither up nor down."""
        return self._systemctl("is-system-running").strip() == "stopping"

    def _close(self, kept: Kept) -> Kept:
        free = [name for name in TARGETS if not os.path.lexists(self._places.units / name)]
        kept = kept._replace(masked=tuple(free))
        self._keep(kept)  # first: what is noted is opened again
        self._places.units.mkdir(parents=True, exist_ok=True)
        for name in free:
            (self._places.units / name).symlink_to(_NOWHERE)
        self._drop_in.parent.mkdir(exist_ok=True)
        self._drop_in.write_text(_DROP_IN_TEXT)
        self._systemctl("daemon-reload")
        return kept

    def _open(self, kept: Kept) -> Kept:
        for name in kept.masked:
            mask = self._places.units / name
            if mask.is_symlink() and str(mask.readlink()) == _NOWHERE:
                mask.unlink()
        self._drop_in.unlink(missing_ok=True)
        self._systemctl("daemon-reload")
        return kept._replace(masked=())

    @property
    def _drop_in(self) -> Path:
        return self._places.units / f"{SERVICE}.d" / _DROP_IN

    def _keep(self, kept: Kept) -> None:
        draft = self._places.kept.with_suffix(".new")
        draft.write_text(json.dumps(kept._asdict()) + "\n")
        draft.replace(self._places.kept)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """The path's run and one by hand take turns."""
        folder = self._places.kept.parent
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def run_systemctl(*words: str) -> str:
    """What it says, whatever its exit code: states are told by a code, too. Raises OSError."""
    try:
        done = subprocess.run(  # noqa: S603 -- no word of it comes from outside
            ["/usr/bin/systemctl", *words],
            capture_output=True, text=True, check=False, timeout=_COMMAND_S_MAX,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise TimeoutError(f"systemctl {words[0]}: no end after {_COMMAND_S_MAX} s") from error
    if done.returncode and words[0] == "daemon-reload":
        raise OSError(f"systemctl {words[0]}: exit code {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def this_guard() -> Guard:
    return Guard(Places(), run_systemctl)


def now_mono_ns() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def _json(path: Path) -> dict[str, Any]:
    """A small file's object; empty where there is none. The folder's owner may put anything there:
    a link is not followed, and nothing is waited for.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return {}
    try:
        found = json.loads(os.read(fd, _FILE_BYTES_MAX))
    except (OSError, ValueError):
        return {}
    finally:
        os.close(fd)
    return found if isinstance(found, dict) else {}


def _plain(text: str) -> str:
    """No word of another program steers a terminal or fills a log."""
    return "".join(char if char.isprintable() else "?" for char in text)[:_REASON_CHARS_MAX]


def main(arguments: list[str]) -> int:
    guard, now_ns = this_guard(), now_mono_ns()
    try:
        match arguments:
            case ["apply"]:
                verdict = guard.apply(now_ns)
            case ["open"]:
                guard.release("by hand, as root", BY_HAND_S, now_ns)
                verdict, _ = guard.look(now_ns)
            case _:
                print("usage: python -m edge.root.guard apply|open", file=sys.stderr)
                return 2
    except OSError as error:
        print(f"guard: the ways to stop are as they were: got {error}", file=sys.stderr)
        return 1
    print(f"guard: ways to stop {'closed' if verdict.closed else 'open'}: {verdict.why}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
