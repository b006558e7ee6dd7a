"""Who is to blame for a silence, from what each side shows."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from edge.core.healing.signature import PeerView, can_be_healed, judge
from edge.model.healing import LineFacts, PairFacts, Signature
from edge.model.scan import BusCondition
from edge.model.units import NS_PER_S
from tests.core.healing.plant import ACTIVE, PORT, SILENT, SOUND, STANDBY

NOW_NS = 1000 * NS_PER_S
LOST = replace(SOUND, condition=BusCondition.PORT_LOST)
STUCK = replace(SOUND, condition=BusCondition.WORKER_LOST)
HEARD = replace(SOUND, leased=False, twin_mono_ns=NOW_NS - NS_PER_S)
DEAF = replace(SOUND, leased=False, twin_mono_ns=NOW_NS - 6 * NS_PER_S)
BUS_LOST = replace(ACTIVE, bus_lost=True, holds_bus=False)


def judged(facts: LineFacts, pair: PairFacts | None = None, **given: Any) -> Signature:
    view = PeerView()
    for ago_s in (given.get("held_s", 10), 0):
        view.step(pair, NOW_NS - ago_s * NS_PER_S)
    return judge(
        facts, is_there=given.get("is_there", True), pair=pair, view=view, now_mono_ns=NOW_NS
    )


@pytest.mark.parametrize(
    ("facts", "pair", "signature"),
    [
        (SOUND, None, Signature.WORKS),
        (SILENT, None, Signature.SILENT),
        (LOST, None, Signature.SILENT),
        (STUCK, None, Signature.SILENT),
        # The echo comes back: the adapter carries both ways.
        (replace(SILENT, proof_mono_ns=NOW_NS - NS_PER_S), None, Signature.LINE),
        (replace(SILENT, proof_mono_ns=NOW_NS - 6 * NS_PER_S), None, Signature.SILENT),
        (replace(SILENT, leased=False, proof_mono_ns=NOW_NS), None, Signature.SILENT),
        # The unit on duty without proof, and what the twin can say of it.
        (SOUND, BUS_LOST, Signature.SILENT),
        (SOUND, replace(BUS_LOST, peer_impaired=True), Signature.LINE),
        (SOUND, replace(BUS_LOST, peer_impaired=True, peer_heard=False), Signature.SILENT),
        (SOUND, replace(BUS_LOST, peer_impaired=True, peer_holds_bus=True), Signature.SILENT),
        # The standby, whose twin polls with success.
        (HEARD, STANDBY, Signature.WORKS),
        (DEAF, STANDBY, Signature.SILENT),
        (replace(DEAF, replied_mono_ns=NOW_NS - NS_PER_S), STANDBY, Signature.WORKS),
        (DEAF, replace(STANDBY, peer_holds_bus=False), Signature.WORKS),
        (DEAF, replace(STANDBY, peer_heard=False), Signature.WORKS),
        (SOUND, ACTIVE, Signature.WORKS),
    ],
)
def test_silence_accuses_who_is_to_blame(
    facts: LineFacts, pair: PairFacts | None, signature: Signature
) -> None:
    assert judged(facts, pair) is signature


def test_port_without_a_device_is_gone() -> None:
    assert judged(LOST, is_there=False) is Signature.GONE


def test_standby_is_not_deaf_while_its_twin_has_only_just_taken_the_bus() -> None:
    assert judged(DEAF, STANDBY, held_s=2) is Signature.WORKS


@pytest.mark.parametrize(
    ("port", "healable"),
    [
        (PORT, True),
        ("/dev/serial/by-id/usb-FTDI_FT232R_A1-if00-port0", True),
        ("/dev/ttyUSB0", False),
        ("/dev/ttyAMA0", False),
    ],
)
def test_port_can_be_healed_where_its_place_is_known(port: str, *, healable: bool) -> None:
    assert can_be_healed(port) is healable
