"""What a start continues: the state of the run before, on this boot's clock."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from edge.app.restore import restore
from edge.core.controller import Controller, new_state
from edge.keeper.slots import CHECKPOINT_NAME, SlotFile
from edge.model.checkpoint import Checkpoint
from edge.model.order import Override, OverrideMode
from edge.model.scan import ClockTrust, MeterSample, PulseSample, RelayCommand, ScanInputs
from edge.model.twin import TwinMemory
from tests.specs import control_spec

_S = 1_000_000_000
_UTC_NS = 1_790_000_000 * _S
_NTP = ClockTrust.NTP


def _inputs(second: int, boot_s: int = 0, orders: tuple[Override, ...] = ()) -> ScanInputs:
    energy_uwh = 100_000_000 * second
    now_ns = (1000 + boot_s + second) * _S
    return ScanInputs(
        now_ns,
        _UTC_NS + second * _S,
        _NTP,
        (PulseSample("incomer", 1, energy_uwh // 24_000_000, now_ns),),
        meters=(MeterSample("incomer", now_ns, 360_000.0, energy_uwh, 0),),
        orders=orders,
    )


def _run_and_save(folder: Path) -> Controller:
    """Three minutes with a load held by hand at the end, then the checkpoint on the disk."""
    controller = Controller(control_spec(), new_state(), 1000 * _S)
    order = Override("fan-1", OverrideMode.SHED, 3600 * _S, "operator")
    for second in range(180):
        controller.step(_inputs(second, orders=(order,) if second == 150 else ()))
    raw = msgspec.Raw(msgspec.msgpack.encode(controller.state))
    last = _inputs(179)
    checkpoint = Checkpoint("boot-1", last.now_mono_ns, last.now_utc_ns, _NTP, "d", 180, raw)
    slots = SlotFile(folder / CHECKPOINT_NAME)
    slots.write(msgspec.msgpack.encode(checkpoint))
    slots.close()
    return controller


def test_memory_of_the_twin_is_restored_on_this_boots_clock(tmp_path: Path) -> None:
    raw = msgspec.Raw(msgspec.msgpack.encode(new_state()))
    memory = TwinMemory(epoch=7, swap_mono_ns=900 * _S, maintenance=True)
    checkpoint = Checkpoint("boot-1", 1000 * _S, _UTC_NS, _NTP, "d", 1, raw, False, memory)
    SlotFile(tmp_path / CHECKPOINT_NAME).write(msgspec.msgpack.encode(checkpoint))
    restored = restore(tmp_path, "boot-2", 30 * _S, _UTC_NS + 60 * _S, _NTP)
    assert restored.twin == TwinMemory(epoch=7, swap_mono_ns=-130 * _S, maintenance=True)
    assert restore(tmp_path / "none", "boot-2", 0, 0, _NTP).twin == TwinMemory()


def test_restart_in_the_same_boot_continues_bit_for_bit(tmp_path: Path) -> None:
    before = _run_and_save(tmp_path)
    now = _inputs(180)
    restored = restore(tmp_path, "boot-1", now.now_mono_ns, now.now_utc_ns, _NTP)
    assert restored.is_restart
    assert restored.facts == {"checkpoint": "continued", "checkpoint_age_s": 1.0}
    assert msgspec.msgpack.encode(restored.state) == msgspec.msgpack.encode(before.state)
    after = Controller(control_spec(), restored.state, now.now_mono_ns)
    assert after.relays == (
        RelayCommand("chiller-1", shed=False),
        RelayCommand("compressor-1", shed=False),
        RelayCommand("fan-1", shed=True),
    )
    assert after.step(now) == before.step(now)


def test_reboot_continues_on_the_new_clock_but_relays_begin_safe(tmp_path: Path) -> None:
    _run_and_save(tmp_path)
    boot_s = -995  # the clock began anew; ten seconds passed on the wall clock
    now = _inputs(189, boot_s)
    restored = restore(tmp_path, "boot-2", now.now_mono_ns, now.now_utc_ns, _NTP)
    assert not restored.is_restart
    assert restored.facts["checkpoint_age_s"] == 10.0
    fan = restored.state.shedding.loads["fan-1"]
    assert fan.override_until_mono_ns is not None
    assert fan.override_until_mono_ns - now.now_mono_ns == (3600 - 39) * _S


def test_start_after_a_longer_pause_is_no_restart(tmp_path: Path) -> None:
    _run_and_save(tmp_path)
    now = _inputs(179 + 61)
    assert not restore(tmp_path, "boot-1", now.now_mono_ns, now.now_utc_ns, _NTP).is_restart


@pytest.mark.parametrize(
    ("payload", "fact"),
    [
        (None, "none"),
        (b"", "of another version"),
        (msgspec.msgpack.encode({"other": 1}), "of another version"),
    ],
)
def test_start_without_a_usable_checkpoint_begins_anew_and_says_so(
    tmp_path: Path, payload: bytes | None, fact: str
) -> None:
    if payload is not None:
        slots = SlotFile(tmp_path / CHECKPOINT_NAME)
        slots.write(payload)
        slots.close()
    restored = restore(tmp_path, "boot-1", 0, 0, _NTP)
    assert str(restored.facts["checkpoint"]).startswith(fact)
    assert restored.state == new_state()
    assert not restored.is_restart


def test_start_with_a_checkpoint_that_can_not_be_read_begins_anew(tmp_path: Path) -> None:
    (tmp_path / CHECKPOINT_NAME).mkdir()
    assert str(restore(tmp_path, "b", 0, 0, _NTP).facts["checkpoint"]).startswith("not readable")
