"""Firmware of the rig's two Raspberry Pi Pico: put it there as main.py (MicroPython 1.22 or later).

The one whose strap pin is grounded observes: it stamps edges. The other one stimulates: it makes
trains of pulses. Orders and answers are JSON lines over USB; hil/rig/pico.py is the other end.
"""

import json
import select
import sys
from array import array
from time import ticks_diff, ticks_us  # type: ignore[attr-defined]

import machine  # type: ignore[import-not-found]

PROTOCOL = 1
STRAP_PIN = 22
PINS_COUNT = 22
EDGES_KEPT = 4096  # a power of two; 400 ms of a contact that rattles at 10 kHz
EDGES_A_TURN = 16
LINE_CHARS_MAX = 1024
TRAINS_MAX = 256
WIDTH_US_MIN = 200  # the loop takes up to about 100 us a turn
IDLE_MS = 1


class Clock:
    """The microseconds since the start, from a counter that wraps every 18 minutes."""

    def __init__(self) -> None:
        self._last = ticks_us()
        self._total_us = 0

    def extend(self, ticks: int) -> int:
        """A stamp of the last minutes."""
        since_us: int = ticks_diff(ticks, self._last)
        return self._total_us + since_us

    def now_us(self) -> int:
        ticks = ticks_us()
        self._total_us = self.extend(ticks)
        self._last = ticks
        return self._total_us


class Edges:
    """A ring from interrupts to the loop. What does not fit is counted, and its numbers are left
    out; `blurred` counts pulses that were over before their interrupt looked.
    """

    def __init__(self) -> None:
        self._stamps = array("I", [0] * EDGES_KEPT)
        self._numbers = array("I", [0] * EDGES_KEPT)
        self._whats = bytearray(EDGES_KEPT)
        self._states = bytearray(PINS_COUNT)
        self._lines: dict[int, machine.Pin] = {}
        self._put = 0
        self._taken = 0
        self.seen = 0
        self.lost = 0
        self.blurred = 0

    def watch(self, number: int) -> None:
        """An input is `on` while its opto-coupler conducts, which pulls it low."""
        line = machine.Pin(number, machine.Pin.IN, machine.Pin.PULL_UP)
        self._lines[number] = line
        self._states[number] = 1 - line.value()

        def hear(_line: object) -> None:  # within an interrupt: it must not allocate
            on = 1 - line.value()
            if on == self._states[number]:
                self.blurred += 1
            self._states[number] = on
            self.seen += 1
            if self._put - self._taken >= EDGES_KEPT:
                self.lost += 1
                return
            place = self._put & (EDGES_KEPT - 1)
            self._stamps[place] = ticks_us()
            self._numbers[place] = self.seen
            self._whats[place] = number << 1 | on
            self._put += 1

        line.irq(hear, machine.Pin.IRQ_RISING | machine.Pin.IRQ_FALLING, hard=True)

    def forget(self) -> None:
        """What nobody took in an earlier run."""
        self._taken = self._put

    def states(self) -> dict[str, int]:
        return {str(number): 1 - line.value() for number, line in self._lines.items()}

    def take(self, clock: Clock) -> list[int] | None:
        """The oldest edge that was not taken: its number, microseconds, pin, on; or None."""
        if self._taken == self._put:
            return None
        place = self._taken & (EDGES_KEPT - 1)
        what = self._whats[place]
        edge = [self._numbers[place], clock.extend(self._stamps[place]), what >> 1, what & 1]
        self._taken += 1
        return edge


class Contact:
    """An output: a level, or trains of pulses that are exact in number, and late rather than lost.

    A broken one pulses on unseen.
    """

    def __init__(self, number: int) -> None:
        self._line = machine.Pin(number, machine.Pin.OUT, value=0)
        self._trains: list[list[int]] = []  # [count, width_us, period_us]
        self._due_us: int | None = None
        self._closed = False
        self._broken = False
        self.made = 0

    def set(self, closed: bool) -> None:
        self._closed = closed
        self._line.value(1 if closed and not self._broken else 0)

    def set_broken(self, broken: bool) -> None:
        self._broken = broken
        self.set(self._closed)

    def add(self, count: int, width_us: int, period_us: int) -> None:
        if width_us < WIDTH_US_MIN or period_us - width_us < WIDTH_US_MIN or count < 0:
            raise ValueError(f"pulses: need a width and a rest of {WIDTH_US_MIN} us or more")
        if len(self._trains) >= TRAINS_MAX:
            raise ValueError(f"pulses: {TRAINS_MAX} trains wait")
        if count:
            self._trains.append([count, width_us, period_us])

    def drop(self) -> None:
        self._trains = []
        self.set_broken(False)
        self.set(False)

    def wait_us(self, now_us: int) -> int | None:
        """Until the next edge; None with nothing to do."""
        if not self._trains:
            return None
        return 0 if self._due_us is None else self._due_us - now_us

    def advance(self, now_us: int) -> None:
        wait_us = self.wait_us(now_us)
        if wait_us is None or wait_us > 0:
            return
        due_us = now_us if self._due_us is None else self._due_us
        train = self._trains[0]
        _, width_us, period_us = train
        if self._closed:
            lasts_us = period_us - width_us
            train[0] -= 1
            if not train[0]:
                self._trains.pop(0)
        else:
            lasts_us = width_us
            self.made += 1
        self.set(not self._closed)
        # On time on the average, but no phase is cut to less than half because of the one before.
        self._due_us = max(due_us + lasts_us, now_us + lasts_us // 2)

    def rest(self, now_us: int) -> None:
        """The rest after the last pulse is over."""
        if not self._trains and self._due_us is not None and now_us >= self._due_us:
            self._due_us = None


class Firmware:
    """One of the two; `answer` carries out an order."""

    def __init__(self) -> None:
        strap = machine.Pin(STRAP_PIN, machine.Pin.IN, machine.Pin.PULL_UP)
        self.role = "stimulus" if strap.value() else "observer"
        self.clock = Clock()
        self.edges = Edges()
        self.contacts: dict[int, Contact] = {}
        self._line = ""
        self._poll = select.poll()
        self._poll.register(sys.stdin, select.POLLIN)
        verbs: dict[str, object] = {
            "hello": self.hello, "ping": self.clock.now_us, "stats": self.stats,
        }  # fmt: skip
        if self.role == "observer":
            verbs["watch"] = self.watch
            verbs["states"] = self.edges.states
        else:
            verbs["set"] = lambda pin, on: self.contact(pin).set(on)
            verbs["break"] = lambda pin, on: self.contact(pin).set_broken(on)
            verbs["pulses"] = lambda pin, **train: self.contact(pin).add(**train)
            verbs["made"] = lambda pin: self.contact(pin).made
            verbs["rest"] = self.rest
        self._verbs = verbs

    def hello(self) -> dict[str, object]:
        serial = "".join(f"{byte:02x}" for byte in machine.unique_id())
        verbs = sorted(self._verbs)
        return {"protocol": PROTOCOL, "role": self.role, "serial": serial, "verbs": verbs,
                "width_us_min": WIDTH_US_MIN, "edges_kept": EDGES_KEPT}  # fmt: skip

    def stats(self) -> dict[str, int]:
        edges = self.edges
        return {"seen": edges.seen, "lost": edges.lost, "blurred": edges.blurred}

    def watch(self, pins: list[int]) -> dict[str, int]:
        for pin in pins:
            self.edges.watch(pin)
        self.edges.forget()
        return self.edges.states()

    def rest(self) -> None:
        """Every contact open, nothing waiting, whatever an earlier run left."""
        for contact in self.contacts.values():
            contact.drop()

    def contact(self, pin: int) -> Contact:
        if pin not in self.contacts:
            if not 0 <= pin < PINS_COUNT:
                raise ValueError(f"pin: got {pin}, need 0 to {PINS_COUNT - 1}")
            self.contacts[pin] = Contact(pin)
        return self.contacts[pin]

    def answer(self, line: str) -> dict[str, object]:
        said: dict[str, object] = {}
        try:
            order = json.loads(line)
            said["id"] = order.pop("id")
            said["ok"] = self._verbs[order.pop("do")](**order)  # type: ignore[operator]
        except Exception as error:  # an order must never end the firmware: the caller gets it
            said["error"] = repr(error)
        return said

    def say(self, said: dict[str, object]) -> None:
        sys.stdout.write(json.dumps(said) + "\n")
        if hasattr(sys.stdout, "flush"):
            sys.stdout.flush()

    def read(self, wait_ms: int) -> None:
        """One character at a time: a read for more would wait."""
        while self._poll.poll(wait_ms):
            wait_ms = 0
            char = sys.stdin.read(1)
            if not char:
                raise SystemExit
            if char == "\n":
                line, self._line = self._line, ""
                self.say(self.answer(line))
                return
            if len(self._line) < LINE_CHARS_MAX:
                self._line += char

    def turn(self) -> None:
        now_us = self.clock.now_us()
        wait_ms = IDLE_MS
        for contact in self.contacts.values():
            contact.advance(now_us)
            contact.rest(now_us)
            wait_us = contact.wait_us(now_us)
            if wait_us is not None and wait_us < 2000 * IDLE_MS:
                wait_ms = 0
        for _ in range(EDGES_A_TURN):
            edge = self.edges.take(self.clock)
            if edge is None:
                break
            self.say({"edge": edge})
        self.read(wait_ms)


def main() -> None:
    firmware = Firmware()
    while True:
        firmware.turn()


if __name__ == "__main__":
    main()
