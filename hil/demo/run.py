"""One run of the demo: the bench, the story's acts at their times, the picture, the summary."""

from __future__ import annotations

import contextlib
import time
from datetime import datetime
from typing import Any, Final

from hil import timezone
from hil import works as wiring
from hil.bench import Bench
from hil.boottime import boottime_ns
from hil.demo.display import Display
from hil.demo.picture import Line, Picture
from hil.demo.story import BASE_KW, Act, Variant, story
from hil.demo.summary import Summary, fault_rows, interval_rows, shed_seconds
from hil.demo.uncontrolled import uncontrolled_uwh
from hil.demo.words import event_text
from hil.events import Event
from hil.works import FEEDER, LOADS, UNIT, Works

TICK_S: Final = 0.5
# Before the first whole interval: the controller's start, and the filing of a plan.
_LEAD_S_MIN: Final = 14.0
# After the last boundary: the interval is closed and in the journal.
_CLOSE_S: Final = 3.0
_QUIET_S_MAX: Final = 10.0


def works_for(variant: Variant, interval_s: int) -> Works:
    """The works of a variant; a plan needs a local day that begins with the demo."""
    if variant != "plan":
        return Works(interval_s=interval_s)
    return Works(interval_s=interval_s, plan_slot_s=interval_s, timezone=timezone.NAME)


class Demo:
    """Call :meth:`run`, which may be interrupted, then :meth:`summary` while the bench is up."""

    def __init__(self, bench: Bench, variant: Variant, minutes: float, display: Display) -> None:
        interval_s = bench.works.interval_s
        now_s = time.time()
        self._bench = bench
        self._variant = variant
        self._display = display
        self._boundary_s = int((now_s + _LEAD_S_MIN) // interval_s + 1) * interval_s
        lead_s = self._boundary_s - now_s
        self._intervals_count = max(1, round((minutes * 60 - lead_s) / interval_s))
        self._acts = story(
            variant, bench.works, self._intervals_count, self._boundary_s, bench.seed
        )
        self._done: list[tuple[float, Act[Bench]]] = []
        self._events: list[Event] = []
        self._lines: list[Line] = []
        self._begin_ns = 0
        self._begin_s = now_s
        self._booked_uwh: int | None = None
        self._answer: dict[str, Any] | None = None

    def run(self) -> None:
        """Until the last whole interval has closed and the plant stands still."""
        bench = self._bench
        if self._variant == "plan":
            bench.begin_day_at(self._boundary_s)
        bench.plant_stop()
        bench.wait("a plant at rest", self._at_rest)
        bench.start_controller()
        self._begin_ns = boottime_ns()
        self._begin_s = time.time()
        at_rest = bench.snapshot()
        self._taken_before_uwh = at_rest["import_uwh"][FEEDER]
        self._pulses_before = at_rest["pulses"][FEEDER]["pulses_count"]
        self._arrived_before = bench.pulses_arrived()
        bench.plant_run(BASE_KW)
        self._say("bench", f"the plant starts: {self._full_kw():g} kW without a controller")
        end_s = self._boundary_s + self._intervals_count * bench.works.interval_s + _CLOSE_S
        with self._display:
            while (now_s := time.time()) < end_s:
                self._act(now_s - self._boundary_s)
                self._look()
                self._display.show(self._picture(end_s))
                time.sleep(max(0.0, TICK_S - (time.time() - now_s)))

    def _full_kw(self) -> float:
        return BASE_KW + sum(load.rated_kw for load in LOADS.values())

    def _at_rest(self) -> bool:
        seen = self._bench.snapshot()
        return not seen["power_w"][FEEDER] and bool(seen["pulses"][FEEDER]["idle"])

    def _elapsed_s(self) -> float:
        return (boottime_ns() - self._begin_ns) / 1e9

    def _say(
        self, voice: str, text: str, severity: str = "info", at_s: float | None = None
    ) -> None:
        at_s = self._elapsed_s() if at_s is None else at_s
        self._lines.append(Line(at_s, voice, severity, text))

    def _act(self, story_s: float) -> None:
        while self._acts and self._acts[0].at_s <= story_s:
            act = self._acts.pop(0)
            at_s = self._elapsed_s()
            told = act.do(self._bench)
            self._done.append((at_s, act))
            self._say("bench", act.text + (f": {told}" if told else ""), at_s=at_s)

    def _look(self) -> None:
        self._answer = self._bench.desk.status()
        fresh = self._bench.events.fresh()
        self._events += fresh
        for event in fresh:
            if event.kind == "audit":
                continue  # the story has said it
            at_s = (event.mono_ns - self._begin_ns) / 1e9
            self._say("controller", event_text(event), event.severity, at_s)

    def _picture(self, end_s: float) -> Picture:
        bench = self._bench
        snapshot = bench.snapshot()
        return Picture(
            elapsed_s=self._elapsed_s(),
            lasts_s=end_s - self._begin_s,
            clock=f"{datetime.now().astimezone():%H:%M:%S}",
            title=f"DENBAN DEMO {self._variant}: {bench.works.name}, unit {UNIT}",
            wiring=self._wiring(),
            answer=self._answer,
            snapshot=snapshot,
            truth_uwh=self._bench.since_boundary_uwh(snapshot),
            sent_count=snapshot["pulses"][FEEDER]["pulses_count"] - self._pulses_before,
            arrived_count=bench.pulses_arrived() - self._arrived_before,
            lines=list(self._lines),
        )

    def _wiring(self) -> str:
        pins = ", ".join(str(load.pin) for load in LOADS.values())
        servers = ", ".join(self._bench.meter_servers.values())
        return (
            f"control process {self._bench.control_pid}, RS-485 {self._bench.port}\n"
            f"meters: {servers}; GPIO: pulses {wiring.PULSE_PIN}, relays {pins}"
        )

    def summary(self) -> Summary | None:
        """Stop the plant, let the last pulse arrive, and add up. None if it had not begun."""
        if not self._begin_ns:
            return None
        bench = self._bench
        complete = self._stop_plant()
        self._look()
        log, snapshot = bench.observed(), bench.snapshot()
        uncontrolled = uncontrolled_uwh(wiring.plant(bench.works), bench.seed, log, FEEDER)
        return Summary(
            intervals=interval_rows(bench.works, log, self._events, uncontrolled, self._begin_ns),
            moves=_moves(log.moves(self._begin_ns)),
            shed_s=shed_seconds(log, self._begin_ns, snapshot["t_ns"]),
            chatter_count=len(log.chatter()),
            faults=fault_rows(self._done, self._events, self._begin_ns),
            pulses_sent=snapshot["pulses"][FEEDER]["pulses_count"] - self._pulses_before,
            pulses_arrived=bench.pulses_arrived() - self._arrived_before,
            pulse_wire_broke=any("pulse wire breaks" in act.text for _, act in self._done),
            booked_uwh=self._booked(),
            taken_uwh=snapshot["import_uwh"][FEEDER] - self._taken_before_uwh,
            health=self._answer["health"] if self._answer else None,
            complete=complete,
        )

    def _stop_plant(self) -> bool:
        """Whether everything was counted before the time was up."""
        bench = self._bench
        bench.plant_stop()
        with contextlib.suppress(TimeoutError, RuntimeError):
            bench.wait("a plant at rest", self._at_rest, _QUIET_S_MAX)
            rest_ns = bench.snapshot()["t_ns"] + 1_000_000_000
            bench.wait_status(lambda answer: answer["status"]["mono_ns"] > rest_ns, _QUIET_S_MAX)
            return True
        return False

    def _booked(self) -> int | None:
        """Closed intervals and the open one: everything that the controller has counted."""
        if self._answer is None:
            return None
        closed: int = sum(
            event.facts["energy_uwh"] for event in self._events if event.kind == "interval_closed"
        )
        limits = self._answer["status"]["limits"]
        open_kwh = next(limit["energy_kwh"] for limit in limits if limit["name"] == "demand")
        return closed + int(open_kwh * 1e9 + 0.5)


def _moves(moves: list[Any]) -> dict[str, int]:
    counts = dict.fromkeys(LOADS, 0)
    for move in moves:
        counts[move.load] += 1
    return counts
