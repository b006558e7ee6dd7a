"""Who is at the other end of the desk's socket: the process, by the kernel, and the person behind.

The login user outlives sudo: it is the audit login uid of the process, which is set once at the
login, else the owner of its session. Nothing here comes from the asker's own environment, which
anybody can write; who is root already can forge the rest, too.
"""

from __future__ import annotations

import pwd
import re
import socket
import struct
from pathlib import Path
from typing import Final

from msgspec import Struct

from edge.keeper.wording import plain

_PEER: Final = struct.Struct("3i")  # struct ucred: pid, uid, gid
_UNSET_UID: Final = (1 << 32) - 1
_FILE_BYTES_MAX: Final = 4096
_WORD_CHARS_MAX: Final = 64
_SESSION: Final = re.compile(r"/session-([0-9A-Za-z]{1,32})\.scope")
_SERVICE: Final = re.compile(r"/([\w@.-]{1,64}\.service)$")


class Asker(Struct, frozen=True):
    """The process at the other end, by SO_PEERCRED, and the login behind its uid. `login`: who
    logged in at first; `origin`: from which address, at which terminal, or by which service. Both
    are empty where the system does not tell.
    """

    user: str
    uid: int
    pid: int
    login: str = ""
    origin: str = ""


def read_asker(client: socket.socket, root: Path = Path("/")) -> Asker:
    """Asked when it connects: it waits for its answer, so its number is still its own."""
    raw = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
    pid, uid, _gid = _PEER.unpack(raw)
    login, origin = read_origin(pid, root)
    return Asker(_name(uid), uid, pid, login, origin)


def read_origin(pid: int, root: Path = Path("/")) -> tuple[str, str]:
    """Login user and origin of a process."""
    process = root / f"proc/{pid}"
    groups = _text(process / "cgroup")
    found = _SESSION.search(groups)
    session = _pairs(root / f"run/systemd/sessions/{found[1]}") if found else {}
    login = _login(_text(process / "loginuid").strip()) or session.get("USER", "")
    remote, terminal = session.get("REMOTE_HOST", ""), session.get("TTY", "")
    service = _SERVICE.search(groups.strip())
    origin = remote or terminal or (service[1] if service else "")
    return plain(login, _WORD_CHARS_MAX), plain(origin, _WORD_CHARS_MAX)


def _login(uid: str) -> str:
    if not uid.isdecimal() or int(uid) >= _UNSET_UID:
        return ""
    return _name(int(uid))


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _pairs(path: Path) -> dict[str, str]:
    """``KEY=VALUE`` lines of a session's file."""
    lines = (line.partition("=") for line in _text(path).splitlines())
    return {key: value for key, equals, value in lines if equals}


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_FILE_BYTES_MAX).decode("utf-8", "replace")
    except OSError:
        return ""
