"""The network paths between the gateways: each goes through a bridge of the bench computer, whose
ports lose, delay and double by the kernel's netem. Needs root, or CAP_NET_ADMIN.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping

from hil.suite.protocol import Unable

_TC_S_MAX = 10.0


class NetemLinks:
    """`ports`: by path, the bridge's port towards each unit. What a sender says leaves the bench by
    the other one's port, so that is where it is stopped.
    """

    def __init__(self, ports: Mapping[str, Mapping[str, str]]) -> None:
        self._ports = ports
        self._cut: set[str] = set()
        self._wanted: dict[str, dict[str, float]] = {}

    def cut(self, path: str | None = None, sender: str | None = None, *, on: bool = True) -> None:
        for port in self._ways(path, sender):
            (self._cut.add if on else self._cut.discard)(port)
            self._apply(port)

    def impair(self, path: str | None = None, sender: str | None = None, **wanted: float) -> None:
        for port in self._ways(path, sender):
            self._wanted[port] = wanted
            self._apply(port)

    def mend(self) -> None:
        """Nothing is left in the kernel."""
        for port in self._cut | set(self._wanted):
            _tc("del", port, [], may_fail=True)

    def _ways(self, path: str | None, sender: str | None) -> Iterator[str]:
        if not self._ports:
            raise Unable("rig: no [links] in the rig file")
        for name, ports in self._ports.items():
            for unit, port in ports.items():
                if path in {None, name} and sender != unit:
                    yield port

    def _apply(self, port: str) -> None:
        words = ["loss", "100%"] if port in self._cut else _netem(self._wanted.get(port, {}))
        _tc("replace" if words else "del", port, words, may_fail=not words)


def _netem(wanted: Mapping[str, float]) -> list[str]:
    words: list[str] = []
    if wanted.get("loss_ratio"):
        words += ["loss", f"{wanted['loss_ratio'] * 100:g}%"]
    if wanted.get("duplicate_ratio"):
        words += ["duplicate", f"{wanted['duplicate_ratio'] * 100:g}%"]
    if wanted.get("delay_ms") or wanted.get("jitter_ms"):
        # The suite's jitter adds up to so much; netem's is to both sides of the delay.
        half_ms = wanted.get("jitter_ms", 0.0) / 2
        words += ["delay", f"{wanted.get('delay_ms', 0.0) + half_ms:g}ms", f"{half_ms:g}ms"]
    return words


def _tc(verb: str, port: str, words: list[str], *, may_fail: bool) -> None:
    command = ["tc", "qdisc", verb, "dev", port, "root", *(["netem", *words] if words else [])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_TC_S_MAX, check=False)
    if done.returncode and not may_fail:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
