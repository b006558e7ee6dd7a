"""The state of the decisions as it goes from the unit on duty to the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.app.following import Following
from edge.core.controller import Controller, new_state
from edge.core.replay import encode
from edge.core.twin.sync_snapshot import snapshot
from edge.model.order import Override, OverrideMode
from edge.model.scan import ClockTrust, PulseSample, RelayCommand, ScanInputs, ScanOutputs
from edge.model.spec import ControlSpec
from edge.model.twin import Account, Beat, Grade, PeerBeat, RelayState, Role
from edge.model.units import NS_PER_MS, NS_PER_S
from tests.cli.plant import BOOT_NS, START_UTC_NS, loaded_site

_OFFSET_NS = 500 * NS_PER_S
_SCANS_MAX = 10_000


class _Link:
    """Keeps what is posted."""

    def __init__(self) -> None:
        self.posted: list[int] = []

    def post_state(self, _data: bytes, mono_ns: int) -> bool:
        self.posted.append(mono_ns)
        return True


class _Side:
    """One unit's decisions; `ahead_ns`: its clock before the other's."""

    def __init__(self, spec: ControlSpec, ahead_ns: int = 0) -> None:
        self.ahead_ns = ahead_ns
        controller = Controller(spec, new_state(), BOOT_NS + ahead_ns)
        self.following = Following(spec, controller)
        self.decided: ScanOutputs | None = None
        self.scans_count = 0

    def scan(self, scan: int, *orders: Override) -> None:
        now_ns = BOOT_NS + scan * 100 * NS_PER_MS
        pulse = PulseSample("incomer", 1, scan, now_ns + self.ahead_ns)
        inputs = ScanInputs(
            now_ns + self.ahead_ns,
            START_UTC_NS + scan * 100 * NS_PER_MS,
            ClockTrust.NTP,
            (pulse,),
            orders=orders,
        )
        self.decided = self.following.controller.step(inputs)
        self.following.note()
        self.scans_count = scan

    def shed(self, load: str) -> None:
        """By hand, and scanned until the load's least times let it."""
        self.scan(self.scans_count + 1, _shed(load))
        while RelayCommand(load, shed=True) not in self.following.controller.relays:
            self.scan(self.scans_count + 1)
            assert self.scans_count < _SCANS_MAX, f"{load} never shed"


@pytest.fixture
def spec(tmp_path: Path) -> ControlSpec:
    return loaded_site(tmp_path).spec


def _said(relays: tuple[RelayState, ...] = (), account: Account | None = None) -> PeerBeat:
    beat = Beat(
        Role.ACTIVE, 3, Grade.FIT, BOOT_NS, 1, on_duty=True, relays=relays,
        account=account or Account(),
    )  # fmt: skip
    return PeerBeat(beat, BOOT_NS + _OFFSET_NS, _OFFSET_NS)


def _shed(load: str) -> Override:
    return Override(load, OverrideMode.SHED, 3600 * NS_PER_S, "kim")


def _both_at(spec: ControlSpec, scans: int) -> tuple[_Side, _Side]:
    leader, follower = _Side(spec), _Side(spec, _OFFSET_NS)
    for scan in range(1, scans):
        leader.scan(scan, *((_shed("fan"),) if scan == 1 else ()))
        follower.scan(scan)
    return leader, follower


def test_state_of_the_leader_is_gone_on_from_and_says_so_in_bytes(spec: ControlSpec) -> None:
    leader, follower = _both_at(spec, 30)
    told = snapshot(leader.following.controller.state)
    before = follower.following.controller
    now_ns = BOOT_NS + 3 * NS_PER_S + _OFFSET_NS
    adopted = follower.following.adopt(told, _said(), now_ns)
    after = follower.following.controller
    assert after is not before
    assert adopted == encode(after.state)
    assert after.state.shedding.loads["fan"].override is not None


def test_nothing_told_leaves_the_own_state(spec: ControlSpec) -> None:
    follower = _Side(spec)
    before = follower.following.controller
    assert follower.following.adopt(None, None, BOOT_NS) is None
    assert follower.following.controller is before


def test_state_that_can_not_be_read_is_a_condition_until_one_can(spec: ControlSpec) -> None:
    leader, follower = _both_at(spec, 30)
    now_ns = BOOT_NS + 3 * NS_PER_S + _OFFSET_NS
    assert follower.following.adopt(b"\xc1", _said(), now_ns) is None
    text = {each.name: each.text for each in follower.following.conditions}["twin state"]
    assert text.startswith("twin: the peer's state has another layout: ")
    told = snapshot(leader.following.controller.state)
    assert follower.following.adopt(told, _said(), now_ns) is not None
    assert [each.text for each in follower.following.conditions] == ["", ""]


@pytest.mark.parametrize("parted", [False, True], ids=["since the start", "since its own duty"])
def test_promotion_with_nobody_before_forgets_what_the_shadow_has_moved(
    spec: ControlSpec, parted: bool
) -> None:
    """What it was given in force stays so, with its age; energy that came in stays booked."""
    side = _Side(spec)
    side.scan(1)
    if parted:
        side.following.part()
    before = side.following.controller.relay_states(BOOT_NS)
    side.shed("fan")
    ledger = side.following.controller.state.metering.ledger
    adopted = side.following.promote(None, None, BOOT_NS + 3 * NS_PER_S)
    controller = side.following.controller
    assert adopted == encode(controller.state)
    assert not any(command.shed for command in controller.relays)
    assert not parted or controller.relay_states(BOOT_NS) == before
    assert controller.state.metering.ledger == ledger


def test_promotion_after_the_relays_were_let_go_begins_with_the_own_decisions(
    spec: ControlSpec,
) -> None:
    side = _Side(spec)
    side.following.release()
    side.shed("fan")
    assert side.following.promote(None, None, BOOT_NS + 3 * NS_PER_S) is None
    assert RelayCommand("fan", shed=True) in side.following.controller.relays


def test_promotion_takes_the_state_that_came_with_the_last_word(spec: ControlSpec) -> None:
    """And the commands of the beat over it: chiller was shed 2 s before it."""
    leader, follower = _both_at(spec, 30)
    told = snapshot(leader.following.controller.state)
    said = _said((RelayState(True, 2 * NS_PER_S), RelayState(False, NS_PER_S)))
    now_ns = BOOT_NS + 3 * NS_PER_S + _OFFSET_NS
    adopted = follower.following.promote(said, told, now_ns)
    controller = follower.following.controller
    assert adopted == encode(controller.state)
    assert controller.relays == (
        RelayCommand("chiller", shed=True),
        RelayCommand("fan", shed=False),
    )
    loads = controller.state.shedding.loads
    assert loads["chiller"].since_mono_ns == BOOT_NS + _OFFSET_NS - 2 * NS_PER_S
    assert loads["fan"].override is not None


def test_promotion_without_a_leader_goes_on_from_the_own_state(spec: ControlSpec) -> None:
    _, follower = _both_at(spec, 5)
    before = follower.following.controller
    assert follower.following.promote(None, None, BOOT_NS) is None
    assert follower.following.controller is before


def test_divergence_is_a_condition_while_the_leader_is_followed(spec: ControlSpec) -> None:
    _, follower = _both_at(spec, 2)
    said = _said((RelayState(True, 0), RelayState(True, 0)))
    for scan in range(2, 70):
        follower.scan(scan)
        assert follower.decided is not None
        follower.following.shadow(follower.decided, said)
    assert follower.following.divergence.startswith("decision: here ")
    texts = {each.name: each.text for each in follower.following.conditions}
    assert texts["twin divergence"] == f"twin: {follower.following.divergence}"
    follower.following.shadow(follower.decided, None)
    assert follower.following.divergence == ""


def test_state_is_sent_each_second_and_at_once_after_an_order(spec: ControlSpec) -> None:
    side, link = _Side(spec), _Link()
    for scan in range(25):
        if scan == 14:
            side.following.hurry()
        side.following.send(link, scan * 100 * NS_PER_MS)  # type: ignore[arg-type]
    assert link.posted == [0, NS_PER_S, 1400 * NS_PER_MS, 2400 * NS_PER_MS]


def test_beat_says_what_is_in_force_and_why(spec: ControlSpec) -> None:
    side = _Side(spec)
    for scan in range(1, 5):
        side.scan(scan)
    now_ns = BOOT_NS + 400 * NS_PER_MS
    beat = side.following.fill(_said().beat, now_ns)
    assert [relay.shed for relay in beat.relays] == [False, False]
    assert beat.account.import_uwh > 0
    assert beat.why == side.following.controller.reason()[:120]
    assert len(side.following.plan_digest()) == 8
