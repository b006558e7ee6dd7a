"""What the bench has a gateway's own python3 do: a question at the product's desk, new entries of
its journal. Its text goes through ssh; it uses the standard library only.
"""

from __future__ import annotations

import json
import socket
import sqlite3
import sys
import time
from typing import Any

_ANSWER_S_MAX = 5.0
_ROWS_MAX = 5000  # in one answer; the next call goes on from there


def ask(path: str, request: str) -> dict[str, Any]:
    """The answer, and this machine's CLOCK_BOOTTIME before it was asked for."""
    read_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(_ANSWER_S_MAX)
        link.connect(path)
        link.sendall(request.encode() + b"\n")
        with link.makefile("rb") as answers:
            line = answers.readline()
    if not line:
        raise ConnectionResetError(f"{path}: closed without an answer")
    return {"boottime_ns": read_ns, "answer": json.loads(line)}


def events(path: str, last_number: str) -> list[list[Any]]:
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        rows = db.execute(
            "SELECT id, kind, subject, severity, facts FROM event WHERE id > ? ORDER BY id LIMIT ?",
            (int(last_number), _ROWS_MAX),
        ).fetchall()
    finally:
        db.close()
    return [[*row[:4], json.loads(row[4])] for row in rows]


if __name__ == "__main__":
    print(json.dumps({"ask": ask, "events": events}[sys.argv[1]](*sys.argv[2:])))
