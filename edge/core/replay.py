"""A recorded run decided again: the same inputs must give the same outputs and the same state.

Compares and says where it differs; reads no file. The control process uses the same encoding, so
that what is compared is what was recorded.
"""

from __future__ import annotations

import zlib
from typing import Final

import msgspec
from msgspec import Struct

from edge.core.controller import Controller, ControllerState
from edge.model.checkpoint import Checkpoint
from edge.model.scan import ScanInputs, ScanOutputs
from edge.model.spec import ControlSpec
from edge.model.status import Status

encode: Final = msgspec.msgpack.Encoder().encode
_decode_inputs: Final = msgspec.msgpack.Decoder(ScanInputs).decode
_decode_state: Final = msgspec.msgpack.Decoder(ControllerState).decode


def outputs_crc(outputs: ScanOutputs) -> int:
    """CRC-32 of the encoded outputs: equal for equal outputs, to the bit."""
    return zlib.crc32(encode(outputs))


class Replayed(Struct, frozen=True):
    """One scan decided again; `same` says whether the recorded outputs came out."""

    inputs: ScanInputs
    outputs: ScanOutputs
    same: bool


class Replay:
    """Decides a recording for one site. Begin at a checkpoint, then step; after a gap begin anew.

    Raises msgspec.MsgspecError for records of another version.
    """

    def __init__(self, spec: ControlSpec) -> None:
        self._spec = spec
        self._controller: Controller | None = None
        self._boot_id = ""
        self._number = 0

    def meets(self, checkpoint: Checkpoint) -> bool:
        """Whether the checkpoint is of the instant that this replay has reached. Where it is an
        adopted one, begin anew from it: nothing that was replayed leads to it.
        """
        reached = self._controller is not None and checkpoint.scan_number == self._number
        return reached and checkpoint.boot_id == self._boot_id

    def begin(self, checkpoint: Checkpoint) -> None:
        """Continue from the recorded state, whatever was before."""
        state = _decode_state(checkpoint.state)
        # The run has given its sources time to speak up since its start, not since here.
        self._controller = Controller(self._spec, state, state.metering.started_mono_ns)
        self._boot_id = checkpoint.boot_id
        self._number = checkpoint.scan_number

    def follows(self, number: int) -> bool:
        """Whether the scan `number` is the next one."""
        return self._controller is not None and number == self._number + 1

    def step(self, inputs: bytes, recorded_crc: int) -> Replayed:
        """Decide the next scan."""
        assert self._controller is not None
        self._number += 1
        decoded = _decode_inputs(inputs)
        outputs = self._controller.step(decoded)
        return Replayed(decoded, outputs, outputs_crc(outputs) == recorded_crc)

    def state_is(self, checkpoint: Checkpoint) -> bool:
        """Whether the state is the recorded one, byte for byte."""
        assert self._controller is not None
        return encode(self._controller.state) == bytes(checkpoint.state)

    def status(self) -> Status | None:
        """The picture after the last scan; None before the first."""
        return None if self._controller is None else self._controller.status()
