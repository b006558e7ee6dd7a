"""One pair through many scenarios: settled before each, watched by the witness during each.

All that a scenario needs is here, in the words of :mod:`hil.suite.protocol`, whatever the bench.
What is measured goes into the record of the run with what was allowed, before it is judged.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from hil.suite.allowance import ALLOWED, Allowances
from hil.suite.diary import Diary
from hil.suite.noted import NotedBench, NotedGateway
from hil.suite.protocol import Bench, Gateway, OwnEvent
from hil.suite.record import Measured
from hil.witness import Query, Takeover, Witness
from hil.works import LOADS, Works

# Their contacts are in parallel: nothing may move them, whether they are held shed by hand or run.
HELD: Final = ("chiller-1", "compressor")
# Nothing is seen to follow: longer than the longest wait of the roles for a peer that is heard.
CALM_S: Final = 2.0
# After a takeover, to see that it was the only one.
_AFTER_S = 0.5
_WATCH_S_MAX = 30.0
_HOLD_S = 86_400
# Nothing has to be shed, a load moves no sooner than so long after its last move, and one that is
# held by hand may be shed for as long as a bench stands.
CALM: Final = Works(
    contract_kw=800, base_kw=100, settle_s=0, min_shed_s=2, max_shed_s=_HOLD_S, rest_s=2
)
_Seen = TypeVar("_Seen")


class Scene:
    """`bench` is entered and started; the same scene serves one scenario after the other.

    `held`: loads that are shed by hand all the time. `asked_ns`: when the bench began to be made;
    how long that took is noted with the first scenario. `since_ns`: when the scenario began.
    """

    def __init__(
        self,
        bench: Bench,
        works: Works,
        held: tuple[str, ...] = HELD,
        asked_ns: int | None = None,
    ) -> None:
        self.diary = Diary(bench.now_ns)
        self.works = works
        self.held = held
        self._asked_ns = asked_ns
        self._real = bench
        self.bench = NotedBench(bench, self.diary)
        self.allowed: Allowances = ALLOWED[bench.description.bench_class]
        self.since_ns = bench.now_ns()
        self.roles: dict[str, list[tuple[int, str]]] = {unit: [] for unit in bench.gateways}
        self._events: dict[str, list[OwnEvent]] = {unit: [] for unit in bench.gateways}
        self._seen_count = dict.fromkeys(bench.gateways, 0)

    # Before a scenario.

    def open(self) -> None:
        """A new page in the diary, for a scenario that begins, with or without :meth:`begin`."""
        self.mend()
        self.diary.turn()
        self.since_ns = self._real.now_ns()
        for unit, seen in self.roles.items():
            self.roles[unit] = seen[-1:]
        self._turn_events()

    def begin(self) -> tuple[NotedGateway, NotedGateway]:
        """Who is on duty and who stands by, with all in order; what is seen counts from now."""
        self.mend()
        self._real.renew()
        for gateway in self._real.gateways.values():
            gateway.power_on()  # also one that a scenario has shut down by a command
        asked_ns = self._real.now_ns()
        self.wait("all paths heard", lambda: self._are_paths_heard(asked_ns))
        active, standby = self.settled()
        if self._asked_ns is not None:
            self.measure("pair made and ready", (self._real.now_ns() - self._asked_ns) / 1e9, "s")
            self._asked_ns = None
        self._hold(active)
        self._turn_events()
        self.since_ns = self._real.now_ns()
        return active, standby

    def mend(self) -> None:
        """Every fault is over."""
        self.diary.mend()

    def _turn_events(self) -> None:
        for gateway in self.bench.gateways.values():
            self._seen_count[gateway.unit] = len(self._all_events(gateway))

    def _hold(self, active: NotedGateway) -> None:
        """Loads that are not yet shed by hand, or not any more; all others run. A gateway that has
        just begun moves none for ten seconds, in which it learns what is drawn.
        """
        if not self.held:
            return
        shed = self.shed_loads()
        for load in self.held:
            if load not in shed:
                self._real.wait(f"{load}: override taken", functools.partial(_shed, active, load))
        self.wait("loads held", lambda: self.shed_loads() == set(self.held))

    # Waiting.

    def wait(
        self, what: str, look: Callable[[], _Seen | None], within_s: float | None = None
    ) -> _Seen:
        """The first result of `look` that is not None, False or empty. Raises TimeoutError; without
        `within_s` after the time in which everything settles.
        """
        return self._real.wait(what, look, self.allowed.settle_s if within_s is None else within_s)

    def watch(self, seconds: float) -> None:
        """Hold on, to see that nothing happens."""
        until_ns = self._real.now_ns() + round(seconds * 1e9)
        self.wait("the time", lambda: self._real.now_ns() >= until_ns, seconds + _WATCH_S_MAX)

    def settled(self, since_ns: int | None = None) -> tuple[NotedGateway, NotedGateway]:
        """The one on duty that drives the bus, and the one that would take over at once, as both
        say it in a scan from now on, or since an instant.
        """
        asked_ns = self._real.now_ns() if since_ns is None else since_ns

        def look() -> tuple[NotedGateway, NotedGateway] | None:
            twins = self._twins_since(asked_ns)
            for gateway in self.bench.gateways.values():
                other = self.other(gateway)
                if _are_settled(twins[gateway.unit], twins[other.unit]):
                    return gateway, other
            return None

        return self.wait("one on duty and one ready", look)

    def await_told(self, gateway: Gateway, subject: str, within_s: float | None = None) -> None:
        what = f"{gateway.unit}: {subject} said"
        self.wait(what, lambda: self.is_told(gateway, subject), within_s)

    def await_role(self, gateway: Gateway, role: str, within_s: float | None = None) -> None:
        what = f"{gateway.unit}: role {role}"
        self.wait(what, lambda: self.twin(gateway).get("role") == role, within_s)

    def await_query(
        self, gateway: Gateway, since_ns: int | None = None, within_s: float | None = None
    ) -> Query:
        """The first query of the gateway in this scenario, or since an instant."""
        start_ns = self.since_ns if since_ns is None else since_ns
        what = f"{gateway.unit}: a query on the line"
        return self.wait(what, lambda: self.witness.first_of(gateway.unit, start_ns), within_s)

    # Looking.

    def other(self, gateway: Gateway) -> NotedGateway:
        (other,) = (each for each in self.bench.gateways.values() if each.unit != gateway.unit)
        return other

    @property
    def witness(self) -> Witness:
        return self._real.witness()

    def twin(self, gateway: Gateway) -> Mapping[str, Any]:
        """As the gateway sees itself and its peer; empty while it does not answer."""
        return self._twin_since(gateway, 0)

    def _twin_since(self, gateway: Gateway, since_ns: int) -> Mapping[str, Any]:
        """The same, in a scan at an instant or later; else empty."""
        status = gateway.status()
        if status is None or status.scanned_ns < since_ns:
            return {}
        if role := status.twin.get("role"):
            seen = self.roles[gateway.unit]
            if not seen or seen[-1][1] != role:
                seen.append((status.scanned_ns, role))
        return status.twin

    def epoch(self) -> int:
        return max(int(self.twin(each).get("epoch", 0)) for each in self.bench.gateways.values())

    def _twins_since(self, since_ns: int) -> Mapping[str, Mapping[str, Any]]:
        gateways = self.bench.gateways.items()
        return {unit: self._twin_since(gateway, since_ns) for unit, gateway in gateways}

    def _are_paths_heard(self, since_ns: int) -> bool:
        twins = self._twins_since(since_ns).values()
        return all(twin and all(path["ok"] for path in twin["paths"]) for twin in twins)

    def _all_events(self, gateway: Gateway) -> list[OwnEvent]:
        events = self._events[gateway.unit]
        events += gateway.fresh_events()
        return events

    def shed_loads(self) -> set[str]:
        """By the contacts of both units; one that has not moved yet is as without gateways."""
        shed = {name: load.safe == "shed" for name, load in LOADS.items()}
        shed |= {move.load: move.shed for move in self.witness.load_moves() if move.load in LOADS}
        return {name for name, is_shed in shed.items() if is_shed}

    def events(self, gateway: Gateway, kind: str | None = None) -> list[OwnEvent]:
        """The gateway's journal of this scenario."""
        events = self._all_events(gateway)[self._seen_count[gateway.unit] :]
        return [event for event in events if kind in {None, event.kind}]

    def is_told(self, gateway: Gateway, subject: str) -> bool:
        """Whether the gateway has begun to say, in this scenario, that something is wrong."""
        told = [event for event in self.events(gateway, "health") if event.subject == subject]
        return any("text" in event.facts for event in told)

    def is_wrong(self, gateway: Gateway, subject: str) -> bool:
        """Whether the newest that it has said of it is that it is wrong."""
        told = [event for event in self.events(gateway, "health") if event.subject == subject]
        return bool(told) and "text" in told[-1].facts

    def alarms(self, gateway: Gateway) -> list[str]:
        """Subjects of what it says is wrong by now."""
        subjects = {event.subject for event in self.events(gateway, "health")}
        return sorted(subject for subject in subjects if self.is_wrong(gateway, subject))

    def has_swapped_for_health(self) -> bool:
        """Ever: the next such swap waits for minutes."""
        return any(
            event.kind == "twin" and "better health" in event.facts.get("why", "")
            for gateway in self.bench.gateways.values()
            for event in self._all_events(gateway)
        )

    # Judging.

    def mark(self, text: str, lane: str = "scenario") -> None:
        """For what no verb of the bench notes."""
        self.diary.mark(lane, text)

    def measure(
        self,
        what: str,
        value: float,
        unit: str = "",
        at_most: float | None = None,
        at_least: float | None = None,
    ) -> None:
        """Into the record; AssertionError when it is not within what is allowed."""
        measured = Measured(what, value, unit, at_least, at_most)
        self.diary.measured.append(measured)
        assert measured.ok, measured.said

    def takeover(self, old: Gateway, new: Gateway) -> Takeover:
        """The only change of who drives the line, from `old` to `new`; all held loads still."""
        first = self.await_query(new)
        self.watch(_AFTER_S)
        witness = self.witness
        last = witness.last_of(old.unit, until_ns=first.start_ns)
        assert last is not None, f"{old.unit}: no query on the line before {new.unit} took it"
        changes = [(t.old, t.new) for t in witness.takeovers(min(self.since_ns, last.start_ns))]
        assert changes == [(old.unit, new.unit)], f"line: driven by turns: {changes}"
        assert not self.is_told(new, "twin conflict"), f"{new.unit}: says twin conflict"
        self.assert_safe()
        return Takeover(old.unit, new.unit, last.end_ns, first.start_ns)

    def assert_one_master(self) -> None:
        """Never two on the line."""
        overlaps = self.witness.overlaps(self.since_ns)
        assert overlaps == [], f"line: driven by both gateways at once: {overlaps}"

    def assert_safe(self) -> None:
        """Never two on the line, and no load has moved whose contacts are in parallel."""
        self.assert_one_master()
        moves = [move for move in self.witness.load_moves(self.since_ns) if move.load in HELD]
        assert moves == [], f"loads: moved, should be still: {moves}"

    def assert_undisturbed(self) -> None:
        """The same one drives the line all the time, without a longer rest than it may take."""
        self.assert_safe()
        witness = self.witness
        takeovers = witness.takeovers(self.since_ns)
        assert takeovers == [], f"line: changed hands: {takeovers}"
        now_ns = witness.queries[-1].end_ns
        rest_s = witness.longest_silence(self.since_ns, now_ns).length_s
        self.measure("longest rest of the line", rest_s, "s", at_most=self.allowed.rest_s)


def _shed(active: Gateway, load: str) -> bool:
    return bool(active.order("override", load=load, mode="shed", duration_s=_HOLD_S)["ok"])


def _are_settled(active: Mapping[str, Any], standby: Mapping[str, Any]) -> bool:
    if not (active and standby and active["holds_bus"] and active["peer"]["ready"]):
        return False
    return bool(standby["role"] == "standby" and standby["peer"]["role"] == "active")
