"""What both gateways have counted in their running interval, beside the contact's own count."""

from __future__ import annotations

from hil.suite.protocol import Gateway
from hil.suite.scene import Scene
from hil.works import PULSE_UWH

# A scenario within one interval takes no longer.
_ROOM_S = 60.0
_FRESH_NS = 1_000_000_000
# A source is steady again some seconds after a start, and then the peer's account is taken.
_LEARNED_NS_MAX = 20_000_000_000
_UWH_PER_KWH = 1e9


def await_room(scene: Scene) -> None:
    """Until the running interval has time left for a scenario."""

    def has_room() -> bool:
        told = [gateway.status() for gateway in scene.bench.gateways.values()]
        return all(each and each.answer["status"]["limits"][0]["remaining_s"] > _ROOM_S
                   for each in told)  # fmt: skip

    scene.wait("an interval with time left", has_room, 2 * _ROOM_S)


class Counts:
    """Begins with the plant at rest; within one interval."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self.stand_still()
        self._made_before = scene.bench.pulses.made_count()
        self._before = self._energies_uwh()

    def made(self) -> int:
        return self._scene.bench.pulses.made_count() - self._made_before

    def stand_still(self) -> None:
        """Stop the plant, and wait for its last pulse."""
        bench = self._scene.bench
        bench.plant.stop()
        seen: list[tuple[int, int]] = []

        def is_still() -> bool:
            seen.append((bench.plant.import_uwh(), bench.pulses.made_count()))
            self._scene.watch(0.3)
            return len(seen) > 1 and seen[-1] == seen[-2]

        self._scene.wait("a plant at rest", is_still)

    def errors_at_last(self, most: dict[str, int]) -> dict[str, int]:
        """As soon as they are within `most`, or after a unit had time to learn of its peer."""
        until_ns = self._scene.bench.now_ns() + _LEARNED_NS_MAX
        while True:
            errors = self._errors()
            if all(abs(error) <= most[unit] for unit, error in errors.items()):
                return errors
            if self._scene.bench.now_ns() >= until_ns:
                return errors

    def _errors(self) -> dict[str, int]:
        """Pulses that each gateway has counted too many."""
        made = self.made()
        return {
            unit: round((energy_uwh - self._before[unit]) / PULSE_UWH) - made
            for unit, energy_uwh in self._energies_uwh().items()
        }

    def _energies_uwh(self) -> dict[str, int]:
        since_ns = self._scene.bench.now_ns() + _FRESH_NS
        return {
            unit: self._energy_uwh(gateway, since_ns)
            for unit, gateway in self._scene.bench.gateways.items()
        }

    def _energy_uwh(self, gateway: Gateway, since_ns: int) -> int:
        """Of the running interval, a state of the peer later than now."""

        def look() -> tuple[float] | None:
            status = gateway.status()
            if status is None or status.scanned_ns < since_ns:
                return None
            # 1-tuple: zero energy is an answer too.
            return (float(status.answer["status"]["limits"][0]["energy_kwh"]),)

        (energy_kwh,) = self._scene.wait(f"energy of {gateway.unit}", look)
        return round(energy_kwh * _UWH_PER_KWH)
