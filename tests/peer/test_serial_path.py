"""The serial path over ptys: frames both ways, noise, a slow line, a cable that is pulled."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import threading
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.config.io import PathPlan
from edge.model.units import NS_PER_S
from edge.peer import cobs
from edge.peer.serial_path import SerialPath
from tests.peer.ends import End, free_port, turn, udp_paths


class Cable:
    """A pty: `device` is the unit's end, under a name like udev's; `fd` the test's."""

    def __init__(self, link: Path) -> None:
        self.link = link
        self.device = str(link)
        self.fd = -1
        self.plug()

    def plug(self) -> None:
        self.fd, unit_fd = pty.openpty()
        tty.setraw(unit_fd)
        self.link.unlink(missing_ok=True)
        self.link.symlink_to(os.ttyname(unit_fd))
        self._unit_fd = unit_fd
        os.set_blocking(self.fd, False)

    def release(self) -> None:
        """From here on the unit is the only one that has its end open."""
        if self._unit_fd >= 0:
            os.close(self._unit_fd)
            self._unit_fd = -1

    def pull(self) -> None:
        self.release()
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def read(self) -> bytes:
        try:
            return os.read(self.fd, 8192)
        except BlockingIOError:
            return b""


@pytest.fixture
def cable(tmp_path: Path) -> Iterator[Cable]:
    cable = Cable(tmp_path / "ttyTWIN")
    yield cable
    cable.pull()


@pytest.fixture
def path(cable: Cable) -> Iterator[SerialPath]:
    path = SerialPath(PathPlan("serial", device=cable.device))
    cable.release()
    yield path
    path.close()


def _frames(path: SerialPath, now_ns: int = 0) -> list[bytes]:
    return [arrival.datagram for arrival in path.receive(now_ns)]


def test_frames_arrive_whole_from_between_noise(cable: Cable, path: SerialPath) -> None:
    stuffed = cobs.encode(b"beat\0one")
    os.write(cable.fd, b"\x91noise\0" + stuffed[:4])
    assert _frames(path) == []
    os.write(cable.fd, stuffed[4:] + cobs.encode(b"two"))
    assert _frames(path) == [b"beat\0one", b"two"]
    assert path.can_send


def test_frame_is_sent_stuffed(cable: Cable, path: SerialPath) -> None:
    path.send(b"be\0at")
    assert cable.read() == cobs.encode(b"be\0at")


def test_line_that_does_not_take_a_frame_gets_no_second_one_into_it(
    cable: Cable, path: SerialPath
) -> None:
    """What the line takes are whole frames, some left out."""
    sent = [b"%05d" % number + b"x" * 1000 for number in range(100)]
    for frame in sent:
        path.send(frame)
    assert len(path._unsent) <= 1010
    received, line = [], cobs.Deframer(1200)
    for _ in range(100):
        received += line.feed(cable.read())
        path.send(b"last")
    assert received[-1] == b"last"
    passed = [frame for frame in received if frame != b"last"]
    assert 0 < len(passed) < len(sent)
    assert set(passed) <= set(sent)


def test_cable_that_is_pulled_is_told_and_opened_again(cable: Cable, path: SerialPath) -> None:
    cable.pull()
    assert _frames(path, 1) == []
    assert path.problem
    path.send(b"nobody")
    assert not path.can_send
    _frames(path, 2)
    assert "No such file" in path.problem
    cable.plug()
    assert _frames(path, 3) == []
    assert path.problem, "not before the pause has passed"
    assert _frames(path, 2 * NS_PER_S) == []
    assert path.problem == ""
    os.write(cable.fd, cobs.encode(b"back"))
    assert _frames(path, 2 * NS_PER_S) == [b"back"]
    cable.release()


def test_pauses_between_attempts_grow_to_half_a_minute(tmp_path: Path) -> None:
    path = SerialPath(PathPlan("serial", device=str(tmp_path / "ttyNONE")))
    tries = []
    path._open = lambda: tries.append(now_s)  # type: ignore[method-assign]
    for now_s in range(1, 200):
        path.receive(now_s * NS_PER_S)
    assert tries == [1, 2, 4, 8, 16, 32, 62, 92, 122, 152, 182]


def _carry(source: int, target: int) -> None:
    with contextlib.suppress(OSError):  # the unit's end was closed
        while received := os.read(source, 4096):
            os.write(target, received)


def _await_bytes(end: End) -> None:
    port = end.link._paths[0]._port  # type: ignore[attr-defined]
    readable, _, _ = select.select([port.fileno()], [], [], 5)
    assert readable


@pytest.fixture
def cross_wired(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Two ptys whose far ends are joined, as by a null-modem cable."""
    cables = [Cable(tmp_path / f"tty{name}") for name in ("KITA", "MINAMI")]
    for cable in cables:
        os.set_blocking(cable.fd, True)
    threads = [
        threading.Thread(target=_carry, args=(one.fd, other.fd), daemon=True)
        for one, other in (cables, reversed(cables))
    ]
    for thread in threads:
        thread.start()
    yield cables[0].device, cables[1].device
    for cable in cables:
        cable.release()
    for thread in threads:
        thread.join(5)
    for cable in cables:
        cable.pull()


def test_units_hear_each_other_over_the_cable_alone(cross_wired: tuple[str, str]) -> None:
    kita, minami = (
        End(own, (PathPlan("serial", device=device),)) for own, device in enumerate(cross_wired)
    )
    try:
        kita.link.post_state(b"state" * 300, kita.clock.now_ns)
        for _ in range(8):
            for speaker, listener in ((kita, minami), (minami, kita)):
                speaker.say()
                _await_bytes(listener)
                listener.hear()
        state = minami.link.take_state()
        assert state is not None
        assert state.data == b"state" * 300
    finally:
        kita.link.close()
        minami.link.close()


def test_bulk_is_kept_off_the_cable_while_a_network_works(cable: Cable) -> None:
    port = free_port("127.0.1.1")
    serial = PathPlan("serial", device=cable.device)
    kita = End(0, (*udp_paths(0, [port]), serial))
    minami = End(1, udp_paths(1, [port]))
    try:
        turn(kita, minami, times=4)
        kita.link.post_state(b"s" * 600, kita.clock.now_ns)
        kita.hear()
        kita.say()
        minami.hear()
        assert minami.link.take_state() is not None
        beats = cobs.Deframer(1200).feed(cable.read())
        assert beats
        assert all(len(beat) < 300 for beat in beats)
    finally:
        kita.link.close()
        minami.link.close()


def test_device_that_fails_while_it_sends_or_is_read_is_told(
    cable: Cable, path: SerialPath
) -> None:
    port = path._port
    assert port is not None
    cable.pull()
    path.send(b"x" * 100)
    assert "Input/output error" in path.problem
    assert (path._unsent, path.can_send) == (b"", False)


def test_line_that_is_full_keeps_the_rest_of_a_frame(path: SerialPath) -> None:
    for _ in range(100):
        path.send(b"x" * 1000)
    unsent = path._unsent
    path.send(b"next")
    assert unsent
    assert path._unsent == unsent
    assert path.can_send
