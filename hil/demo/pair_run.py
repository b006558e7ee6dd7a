"""One run of the pair: both gateways, the story's acts at their times, the picture, the summary."""

from __future__ import annotations

import contextlib
import time
from datetime import datetime
from typing import Final

from hil import works as wiring
from hil.boottime import boottime_ns
from hil.demo.changes import Seen, judge
from hil.demo.display import Display
from hil.demo.keys import Keys
from hil.demo.pair_story import EARLY_KW, full_kw
from hil.demo.pair_summary import PairSummary, booked_uwh, on_duty_events
from hil.demo.picture import Line, PairPicture, Picture
from hil.demo.stage import Stage
from hil.demo.story import Act
from hil.demo.summary import interval_rows, shed_seconds
from hil.demo.uncontrolled import uncontrolled_uwh
from hil.demo.words import event_text
from hil.events import Event
from hil.pair import Pair
from hil.waiting import DEADLINE_S
from hil.works import FEEDER, LOADS, UNITS, Works

# Before the first whole interval: the bench and both gateways start, roles settle.
LEAD_S: Final = 14
LEAD_S_MIN: Final = 9
TICK_S: Final = 0.25
_CLOSE_S: Final = 3.0  # the interval is closed and in the journals
_WHOLE_S_MAX: Final = 15.0  # an act that waits for a whole pair waits no longer
_QUIET_S_MAX: Final = 10.0
_HINT: Final = "; k: kill the one on duty, p: cut its power, h: hand over"


def works_for_pair_demo(interval_s: int) -> Works:
    """The first whole interval begins soon, where intervals of an hour can be moved."""
    alignment_s = int(time.time() + LEAD_S) % interval_s if 3600 % interval_s == 0 else 0
    return Works(interval_s=interval_s, alignment_s=alignment_s)


class PairDemo:
    """Call :meth:`run`, which may be interrupted, then :meth:`summary` while the pair is up.

    `lasts_s` is from the first boundary on; it is extended to whole intervals unless `is_short`.
    """

    def __init__(
        self,
        pair: Pair,
        acts: list[Act[Stage]],
        lasts_s: float,
        display: Display,
        *,
        is_short: bool = False,
    ) -> None:
        interval_s, alignment_s = pair.works.interval_s, pair.works.alignment_s
        now_s = time.time()
        begin_s = now_s if is_short else now_s + LEAD_S_MIN - alignment_s
        self._boundary_s = begin_s
        if not is_short:
            self._boundary_s = (int(begin_s // interval_s) + 1) * interval_s + alignment_s
            lasts_s = -(-lasts_s // interval_s) * interval_s + _CLOSE_S
        self._end_s = self._boundary_s + lasts_s
        self._pair = pair
        self._stage = Stage(pair)
        self._display = display
        self._acts = sorted(acts, key=lambda act: act.at_s)
        self._events: dict[str, list[Event]] = {unit: [] for unit in UNITS}
        self._lines: list[Line] = []
        self._changes: list[Seen] = []
        self._keys = Keys()
        self._begin_s = 0.0
        self._plant_ns = 0

    def run(self) -> None:
        """Until the story and the last whole interval are over."""
        pair, stage = self._pair, self._stage
        pair.plant_stop()
        pair.wait("a plant at rest", self._at_rest)
        stage.start()
        stage.begin_ns = boottime_ns()
        self._begin_s = time.time()
        self._taken_before_uwh = pair.snapshot()["import_uwh"][FEEDER]
        self._say("bench", f"{' and '.join(UNITS)} are switched on")
        with self._display, self._keys:
            self._await_whole()
            self._plant_ns = boottime_ns()
            pair.plant_run(EARLY_KW)
            self._say("bench", f"the plant starts: {full_kw(EARLY_KW):g} kW without a controller")
            while (now_s := time.time()) < self._end_s:
                self._turn(now_s - self._boundary_s)
                time.sleep(max(0.0, TICK_S - (time.time() - now_s)))

    def _turn(self, story_s: float) -> None:
        self._look()
        self._act(story_s)
        self._press(self._keys.pressed())
        self._judge()
        self._display.show(self._picture())

    def _await_whole(self) -> None:
        """The plant starts when somebody is on duty who could be replaced."""
        while not self._stage.is_whole:
            if self._elapsed_s() > DEADLINE_S:
                raise TimeoutError(f"a whole pair: not seen\n{self._pair.log_text()}")
            self._look()
            self._display.show(self._picture())
            time.sleep(TICK_S)

    def _at_rest(self) -> bool:
        seen = self._pair.snapshot()
        return not seen["power_w"][FEEDER] and bool(seen["pulses"][FEEDER]["idle"])

    def _elapsed_s(self, at_ns: int | None = None) -> float:
        return ((at_ns or boottime_ns()) - self._stage.begin_ns) / 1e9

    def _say(self, voice: str, text: str, severity: str = "info", at_ns: int | None = None) -> None:
        self._lines.append(Line(self._elapsed_s(at_ns), voice, severity, text))

    def _act(self, story_s: float) -> None:
        while self._acts and self._acts[0].at_s <= story_s:
            act = self._acts[0]
            if act.whole and not self._stage.is_whole and story_s < act.at_s + _WHOLE_S_MAX:
                return
            del self._acts[0]
            at_ns = boottime_ns()
            told = act.do(self._stage)
            self._say("bench", act.text + (f": {told}" if told else ""), at_ns=at_ns)

    def _press(self, keys: str) -> None:
        deeds = {"k": self._stage.kill, "p": self._stage.cut_power, "h": self._stage.hand_over}
        for key in keys:
            if key in deeds:
                at_ns = boottime_ns()
                self._say("bench", f"the viewer pressed {key}: {deeds[key]()}", at_ns=at_ns)

    def _look(self) -> None:
        for unit in self._stage.look():
            self._say("bench", f"{unit} has power again and boots")
        fresh = [
            (unit, event)
            for unit, gateway in self._pair.gateways.items()
            for event in gateway.events.fresh()
        ]
        for unit, event in sorted(fresh, key=lambda each: each[1].mono_ns):
            self._events[unit].append(event)
            if event.kind != "audit":  # the story has said it
                text = f"{unit}: {event_text(event)}"
                self._say("controller", text, event.severity, event.mono_ns)

    def _judge(self) -> None:
        """Say of each change what the witness has seen, once it is over."""
        for change in self._stage.changes[len(self._changes) :]:
            seen = judge(self._pair.witness(), self._all_events(), change)
            if boottime_ns() < seen.over_ns or (seen.gap_ms is None and self._is_awaited(seen)):
                return
            self._changes.append(seen)
            self._say("witness", seen.text)

    def _is_awaited(self, seen: Seen) -> bool:
        return self._elapsed_s() - seen.change.at_s < DEADLINE_S and time.time() < self._end_s

    def _all_events(self) -> list[Event]:
        return [event for events in self._events.values() for event in events]

    # The picture.

    def _picture(self) -> Picture:
        snapshot = self._pair.snapshot()
        return Picture(
            elapsed_s=self._elapsed_s(),
            lasts_s=self._end_s - self._begin_s,
            clock=f"{datetime.now().astimezone():%H:%M:%S}",
            title=f"DENBAN DEMO pair: {self._pair.works.name}, two gateways",
            wiring=self._wiring(),
            answer=self._stage.answer,
            snapshot=snapshot,
            truth_uwh=self._pair.since_boundary_uwh(snapshot),
            lines=list(self._lines),
            pair=PairPicture(
                [self._stage.row(unit) for unit in UNITS],
                [seen.text for seen in self._changes],
                _HINT if self._keys.are_read else "",
            ),
        )

    def _wiring(self) -> str:
        pins = ", ".join(str(load.pin) for load in LOADS.values())
        servers = ", ".join(self._pair.meter_servers.values())
        return (
            f"one RS-485 line, meters: {servers}; two networks between the gateways\n"
            f"both: GPIO pulses {wiring.PULSE_PIN}, relays {pins}; watchdog"
            f" {self._pair.works.watchdog_s} s"
        )

    # The summary.

    def summary(self) -> PairSummary | None:
        """Stop the plant, let the last pulse arrive, and add up. None if it had not begun."""
        if not self._plant_ns:
            return None
        pair, begin_ns = self._pair, self._plant_ns
        complete = self._stop_plant()
        self._look()
        log, snapshot, witness = pair.observed(), pair.snapshot(), pair.witness()
        events = on_duty_events(self._events, witness)
        uncontrolled = uncontrolled_uwh(wiring.plant(pair.works), pair.seed, log, FEEDER)
        moved = [move.load for move in log.moves(begin_ns)]
        return PairSummary(
            intervals=interval_rows(pair.works, log, events, uncontrolled, begin_ns),
            moves={load: moved.count(load) for load in LOADS},
            shed_s=shed_seconds(log, begin_ns, snapshot["t_ns"]),
            chatter_count=sum(dwell.since_ns >= begin_ns for dwell in log.chatter()),
            booked_uwh=booked_uwh(events, self._stage.answer),
            taken_uwh=snapshot["import_uwh"][FEEDER] - self._taken_before_uwh,
            complete=complete,
            changes=[judge(witness, self._all_events(), each) for each in self._stage.changes],
            left_acts=[act.text for act in self._acts if act.whole],
            queries={unit: len(witness.of(unit)) for unit in UNITS},
            overlaps_count=len(witness.overlaps()),
            collisions_count=len(witness.collisions()),
        )

    def _stop_plant(self) -> bool:
        """Whether everything was counted before the time was up."""
        pair = self._pair
        pair.plant_stop()
        with contextlib.suppress(TimeoutError, RuntimeError):
            pair.wait("a plant at rest", self._at_rest, _QUIET_S_MAX)
            rest_ns = pair.snapshot()["t_ns"] + 1_000_000_000
            pair.wait("a later answer", lambda: self._is_answered_after(rest_ns), _QUIET_S_MAX)
            return True
        return False

    def _is_answered_after(self, at_ns: int) -> bool:
        self._stage.look()
        active = self._stage.active
        if active is None:
            return False
        answer = self._stage.answers[active.unit]
        return answer is not None and answer["status"]["mono_ns"] > at_ns
