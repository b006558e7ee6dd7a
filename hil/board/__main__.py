"""Runs a board: ``python -m hil.board --config board.json``.

Prints one JSON line with `ready` when everything is up; ends at SIGTERM, the order `stop`, or when
its standard input closes.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from pathlib import Path

from hil.board.board import Board
from hil.board.config import read_config
from hil.urgent import be_urgent


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m hil.board", description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    config = read_config(parser.parse_args().config)
    be_urgent()
    board = Board(config)
    signal.signal(signal.SIGTERM, lambda *_: board.stop())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's ^C is for who started us

    def hear_starter() -> None:
        if not os.read(sys.stdin.fileno(), 4096):
            board.stop()

    board.watch(sys.stdin.fileno(), hear_starter)
    sockets = {name: str(unit.socket) for name, unit in config.units.items()}
    print(json.dumps({"ready": sockets, "orders": str(config.orders)}), flush=True)
    try:
        board.run()
    finally:
        board.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
