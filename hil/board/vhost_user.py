"""A vhost-user device: what QEMU says over a Unix socket, and the answers.

Modelled on QEMU's docs/interop/vhost-user.rst, back-end's side, for devices that are configured by
the back-end. An emulator that breaks the protocol loses its connection, which does not end the
board.
"""

from __future__ import annotations

import enum
import os
import selectors
import socket
import struct
from collections.abc import Callable
from functools import partial
from pathlib import Path

from hil.board.clock import Agenda, now_ns
from hil.board.vhost_memory import GuestMemory, VhostError
from hil.board.vhost_rings import Backend, Rings
from hil.board.vhost_wire import PAYLOAD_BYTES_MAX, Message, Wire

_U64 = struct.Struct("<Q")
_RING_NUMBER = struct.Struct("<II")  # ring, number
_RING_ADDRESSES = struct.Struct("<IIQQQQ")  # ring, flags, descriptors, used, offered, log
_CONFIG = struct.Struct("<III")  # offset, size, flags
_RING_OF_BELL, _NO_BELL = 0xFF, 1 << 8
_EVENTFD = "anon_inode:[eventfd]"

_F_PROTOCOL_FEATURES = 1 << 30
_F_VERSION_1 = 1 << 32
_PROTOCOL_FEATURES = 1 << 0 | 1 << 3 | 1 << 9  # MQ, REPLY_ACK, CONFIG


class _Say(enum.IntEnum):
    GET_FEATURES = 1
    SET_FEATURES = 2
    SET_OWNER = 3
    SET_MEM_TABLE = 5
    SET_VRING_NUM = 8
    SET_VRING_ADDR = 9
    SET_VRING_BASE = 10
    GET_VRING_BASE = 11
    SET_VRING_KICK = 12
    SET_VRING_CALL = 13
    SET_VRING_ERR = 14
    GET_PROTOCOL_FEATURES = 15
    SET_PROTOCOL_FEATURES = 16
    GET_QUEUE_NUM = 17
    SET_VRING_ENABLE = 18
    GET_CONFIG = 24


class VhostUser:
    """Serves one emulator at a time; the next one replaces it. `log(t_ns, event, **fields)`."""

    def __init__(
        self,
        backend: Backend,
        agenda: Agenda,
        selector: selectors.BaseSelector,
        log: Callable[..., None],
    ) -> None:
        self._backend = backend
        self._selector = selector
        self._log = log
        self._listener = socket.socket(socket.AF_UNIX)
        self._wire: Wire | None = None
        self.rings = Rings(backend, agenda, selector, log)
        self._verbs: dict[int, Callable[[Message], bytes | None]] = {
            _Say.GET_FEATURES: self._get_features,
            _Say.SET_FEATURES: self._check_features,
            _Say.SET_OWNER: self._accept_silently,
            _Say.SET_MEM_TABLE: self._set_memory,
            _Say.SET_VRING_NUM: self._set_ring_size,
            _Say.SET_VRING_ADDR: self._set_ring_addresses,
            _Say.SET_VRING_BASE: self._set_ring_base,
            _Say.GET_VRING_BASE: self._get_ring_base,
            _Say.SET_VRING_KICK: self._set_kick,
            _Say.SET_VRING_CALL: self._set_call,
            _Say.SET_VRING_ERR: self._accept_silently,  # faults go to the log
            _Say.GET_PROTOCOL_FEATURES: self._get_protocol_features,
            _Say.SET_PROTOCOL_FEATURES: self._accept_silently,
            _Say.GET_QUEUE_NUM: self._get_queues_count,
            _Say.SET_VRING_ENABLE: self._enable_ring,
            _Say.GET_CONFIG: self._get_config,
        }

    @property
    def is_connected(self) -> bool:
        return self._wire is not None

    # The connection.

    def listen(self, path: Path) -> None:
        self._listener.bind(str(path))
        self._listener.listen(2)
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)

    def _accept(self) -> None:
        peer, _ = self._listener.accept()
        self._drop("replaced by another connection")
        self._wire = Wire(peer)
        self._selector.register(peer, selectors.EVENT_READ, partial(self._hear, self._wire))

    def _hear(self, wire: Wire) -> None:
        if wire is not self._wire:
            return  # dropped earlier in the same turn
        try:
            message = wire.receive()
            if message is not None:
                self._carry_out(wire, message)
                wire.close_files()
        except (EOFError, ConnectionError):
            self._drop("disconnected")
        except (VhostError, OSError, ValueError, struct.error) as error:
            self._log(now_ns(), "vhost_error", what=str(error))
            self._drop("protocol broken")

    def _carry_out(self, wire: Wire, message: Message) -> None:
        verb = self._verbs.get(message.request)
        if verb is None:
            raise VhostError(f"message: got request {message.request}, need one that was offered")
        reply = verb(message)
        if reply is None and message.needs_reply:
            reply = _U64.pack(0)
        if reply is not None:
            wire.reply(message.request, reply)

    def _drop(self, why: str) -> None:
        if self._wire is None:
            return
        self.rings.drop(why)
        self._selector.unregister(self._wire.peer)
        self._wire.close()
        self._wire = None

    def close(self) -> None:
        self._drop("the board ends")
        self._selector.unregister(self._listener)
        self._listener.close()

    # What the emulator says. Each returns the reply's payload, if there is one.

    def _accept_silently(self, message: Message) -> None:
        """Nothing of it concerns the device."""

    def _get_features(self, message: Message) -> bytes:  # noqa: ARG002
        return _U64.pack(self._offered_features())

    def _offered_features(self) -> int:
        return _F_VERSION_1 | _F_PROTOCOL_FEATURES | self._backend.features

    def _check_features(self, message: Message) -> None:
        (taken,) = _U64.unpack(message.payload)
        if strange := taken & ~self._offered_features():
            raise VhostError(f"features: got {strange:#x} beside those offered")

    def _get_protocol_features(self, message: Message) -> bytes:  # noqa: ARG002
        return _U64.pack(_PROTOCOL_FEATURES)

    def _get_queues_count(self, message: Message) -> bytes:  # noqa: ARG002
        return _U64.pack(len(self.rings))

    def _get_config(self, message: Message) -> bytes:
        offset, size, flags = _CONFIG.unpack_from(message.payload)
        if size > PAYLOAD_BYTES_MAX - _CONFIG.size:
            raise VhostError(f"configuration: got {size} bytes wanted")
        space = self._backend.config()[offset : offset + size]
        return _CONFIG.pack(offset, size, flags) + space.ljust(size, b"\0")

    def _set_memory(self, message: Message) -> None:
        self.rings.set_memory(GuestMemory.of(message.payload, message.descriptors))

    def _set_ring_size(self, message: Message) -> None:
        number, size = _RING_NUMBER.unpack(message.payload)
        self.rings[number].resize(size)

    def _set_ring_addresses(self, message: Message) -> None:
        number, _, *addresses, _ = _RING_ADDRESSES.unpack(message.payload)
        descriptors, used, offered = addresses
        self.rings.set_addresses(number, (descriptors, used, offered))

    def _set_ring_base(self, message: Message) -> None:
        number, base = _RING_NUMBER.unpack(message.payload)
        self.rings[number].next_offered = base & 0xFFFF

    def _get_ring_base(self, message: Message) -> bytes:
        number, _ = _RING_NUMBER.unpack(message.payload)
        return _RING_NUMBER.pack(number, self.rings.take_back(number))

    def _enable_ring(self, message: Message) -> None:
        number, enabled = _RING_NUMBER.unpack(message.payload)
        self.rings.enable(number, on=bool(enabled))

    def _set_kick(self, message: Message) -> None:
        self.rings.set_kick(*self._bell(message))

    def _set_call(self, message: Message) -> None:
        self.rings.set_call(*self._bell(message))

    def _bell(self, message: Message) -> tuple[int, int | None]:
        """The ring and the descriptor that came along, now the ring's."""
        (told,) = _U64.unpack(message.payload)
        number = told & _RING_OF_BELL
        self.rings[number]  # refused before the file is taken
        if told & _NO_BELL:
            return number, None
        kinds = [str(Path(f"/proc/self/fd/{sent}").readlink()) for sent in message.descriptors]
        if kinds != [_EVENTFD]:
            raise VhostError(f"bell of ring {number}: got {kinds}, need one {_EVENTFD}")
        bell = message.descriptors.pop()
        os.set_blocking(bell, False)
        return number, bell
