"""The keys that both gateways have: a file of few lines, guarded like a password.

A line is ``id hex64 # comment``; the newest key is the first. Nothing here ever prints a key.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NoReturn

from edge.adapters.reasons import reason
from edge.model.problem import Problem, ProblemsError
from edge.peer.body import KEY_IDS_MAX

KEY_BYTES: Final = 32
CREDENTIAL: Final = "denban-twin-key"
_FILE_BYTES_MAX: Final = 16 * 1024
_ID_MAX: Final = 255
_LINE: Final = re.compile(r"(?P<id>\d{1,3})\s+(?P<key>[0-9A-Fa-f]+)\s*(?:#.*)?\Z")
_HEADER: Final = "# Denban: the key of both gateways. Keep it secret; the same file on both.\n"


def load_keys(path: Path, environment: Mapping[str, str]) -> dict[int, bytes]:
    """Keys by id, the newest first, from systemd's credential if it gives one, else from `path`.

    Raises ProblemsError.
    """
    credentials = environment.get("CREDENTIALS_DIRECTORY")
    if credentials:
        credential = Path(credentials) / CREDENTIAL
        if credential.exists():
            # systemd owns it and lets the service's user in by an access list, whose mask shows
            # in the group's bits.
            return parse_keys(_read(credential, forbidden=0o007), str(credential))
    return parse_keys(_read(path, forbidden=0o077), str(path))


def parse_keys(text: str, where: str) -> dict[int, bytes]:
    """Keys by id, in the order of the lines. Raises ProblemsError."""
    keys: dict[int, bytes] = {}
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if line and not line.startswith("#"):
            key_id, key = _parse_line(line, f"{where}:{number}")
            if key_id in keys:
                _refuse(f"{where}:{number}", "key id twice", f"id {key_id}", "each id once")
            keys[key_id] = key
    if not 0 < len(keys) <= KEY_IDS_MAX:
        _refuse(where, "number of keys", str(len(keys)), f"1 to {KEY_IDS_MAX}")
    return keys


def new_key_text(old: str, today: str) -> str:
    """The file's text with a new key before those of `old`, which is empty for a new file.

    Raises ProblemsError when there is no room for another.
    """
    kept = parse_keys(old, "key file") if old else {}
    if len(kept) >= KEY_IDS_MAX:
        _refuse("key file", "no room for another key", str(len(kept)), f"under {KEY_IDS_MAX}")
    newest = next(iter(kept), 0)
    free = ((newest + step) % (_ID_MAX + 1) for step in range(1, _ID_MAX + 1))
    key_id = next(candidate for candidate in free if candidate not in kept)
    line = f"{key_id} {os.urandom(KEY_BYTES).hex()} # {today}\n"
    return _HEADER + line + old.removeprefix(_HEADER)


def read_key_file(path: Path) -> str:
    """The file's text, if nobody else may read it. Raises ProblemsError."""
    return _read(path, forbidden=0o077)


def _parse_line(line: str, where: str) -> tuple[int, bytes]:
    match = _LINE.match(line)
    if match is None:
        _refuse(where, "not a key", "another form", "id, 64 hexadecimal digits, # comment")
    key_id, digits = int(match["id"]), match["key"]
    if key_id > _ID_MAX:
        _refuse(where, "key id out of range", str(key_id), f"0 to {_ID_MAX}")
    if len(digits) != 2 * KEY_BYTES:
        got = f"{len(digits)} hexadecimal digits"
        _refuse(where, "key of a wrong length", got, str(2 * KEY_BYTES))
    key = bytes.fromhex(digits)
    if len(set(key)) < KEY_BYTES // 4:
        _refuse(where, "a key that can be guessed", "few different bytes", "random ones")
    return key_id, key


def _read(path: Path, forbidden: int) -> str:
    """Checked on the open file, so that it is the one that was checked."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
        try:
            _check_owner(path, os.fstat(fd), forbidden)
            content = os.read(fd, _FILE_BYTES_MAX + 1)
        finally:
            os.close(fd)
    except OSError as error:
        step = "make one with `denban key new` on one unit and copy it to the other"
        _refuse(str(path), "key file not read", reason(error), "", step)
    if len(content) > _FILE_BYTES_MAX:
        _refuse(str(path), "key file too large", "more", f"at most {_FILE_BYTES_MAX} B")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        _refuse(str(path), "key file is not text", "other bytes", "UTF-8")


def _check_owner(path: Path, status: os.stat_result, forbidden: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        _refuse(str(path), "key file is not a file", stat.filemode(status.st_mode), "a file")
    mode = stat.S_IMODE(status.st_mode)
    if mode & forbidden:
        step = f"chmod 600 {path}; if others may have read it, make a new key"
        _refuse(str(path), "others may use the key file", f"{mode:04o}", "0600", step)
    if status.st_uid not in {0, os.geteuid()}:
        got, need = f"user id {status.st_uid}", f"0 or {os.geteuid()}"
        _refuse(str(path), "key file of another user", got, need, f"chown root {path}")


def _refuse(where: str, what: str, got: str, need: str, next_step: str = "") -> NoReturn:
    step = next_step or "see `denban key new --help`"
    problem = Problem(where, what, got, need, "the link between the units needs it", step)
    raise ProblemsError((problem,))
