"""The yardstick: what its rows say, how it knows of an address, and that it leaves nothing."""

from __future__ import annotations

import os
import shutil
import socket
import struct
from pathlib import Path

import pytest

from hil.figures import keepalived
from hil.figures.keepalived_pair import KeepalivedPair, Trial, reason_to_skip
from hil.figures.keepalived_space import tells_address

VIRTUAL = socket.inet_aton("10.77.0.100")
OTHER = socket.inet_aton("10.77.0.1")
NEW, GONE = 20, 21


def told(kind: int, address: bytes) -> bytes:
    """A netlink message of one IPv4 address attribute, as rtnetlink(7) lays it out."""
    body = struct.pack("=BBBBI", 2, 24, 0, 0, 3) + struct.pack("=HH", 8, 1) + address
    return struct.pack("=IHHII", 16 + len(body), kind, 0, 0, 0) + body


def test_netlink_datagram_with_the_new_address_behind_another_tells_it() -> None:
    assert tells_address(told(NEW, OTHER) + told(NEW, VIRTUAL), VIRTUAL)


@pytest.mark.parametrize(
    "datagram",
    [b"", told(NEW, OTHER), told(GONE, VIRTUAL), told(NEW, VIRTUAL)[:15], bytes(64)],
    ids=["empty", "another address", "address gone", "cut short", "zeros"],
)
def test_netlink_datagram_without_the_new_address_does_not_tell_it(datagram: bytes) -> None:
    assert not tells_address(datagram, VIRTUAL)


def test_row_counts_trials_without_a_takeover_and_addresses_still_held() -> None:
    trials = [Trial(0.3, is_held=True), Trial(None, is_held=True), Trial(0.5, is_held=False)]
    row = keepalived.row("kill", {0.1: trials, 1.0: [Trial(None, is_held=True)]})
    assert row.measured == (
        "advert 0.1 s: 0.40 s (0.30 to 0.50, n 3, 1 never); advert 1 s: never (n 1)"
    )
    assert row.against == (
        "2 of 3 times the first one still held it; 1 of 1 times the first one still held it"
    )


def test_skip_without_keepalived_names_its_package() -> None:
    reason = reason_to_skip(lambda name: None if name == "keepalived" else name, 0)
    assert reason.startswith("keepalived: not installed (apt install keepalived")


def test_skip_without_root_says_so() -> None:
    assert "root" in reason_to_skip(str, 1000)
    assert reason_to_skip(str, 0) == ""


@pytest.mark.skipif(
    bool(reason_to_skip(shutil.which, os.geteuid())),
    reason=reason_to_skip(shutil.which, os.geteuid()),
)
def test_pair_changes_places_with_each_trial_and_leaves_no_process(tmp_path: Path) -> None:
    with KeepalivedPair(tmp_path, 0.1, seed=1) as pair:
        trials = [pair.trial("kill"), pair.trial("freeze"), pair.trial("stop")]
    assert [(trial.taken_s is not None, trial.is_held) for trial in trials] == [
        (True, True),
        (True, True),
        (True, False),
    ]
    assert _pids_in(tmp_path) == []


def _pids_in(folder: Path) -> list[int]:
    """Processes that name the folder in their command line."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(folder).encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found
