"""Input lines that outlive the process: the service manager keeps their descriptors over a restart.

The kernel goes on numbering the edges of a line as long as somebody holds it, so a line that the
next run takes over has lost none and gives none twice. Without a service manager that keeps
descriptors every run requests its lines anew. See docs/decisions/0008-kept-pulse-lines.md.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence
from typing import Final

from edge.adapters.fd_store import FdStore
from edge.adapters.inherited import Inherited
from edge.adapters.line_request import OpenLine, Request
from edge.adapters.tally import Tally, is_page, new_tally
from edge.config.io import PulsePlan

_PREFIX: Final = "line"


class KeptLine:
    """One request of a line, from its `epoch` (CLOCK_BOOTTIME of the request) until `release`, over
    any number of runs. `tally` is what was counted of it so far.
    """

    def __init__(
        self, name: str, epoch: int, request: Request, tally: Tally, store: FdStore
    ) -> None:
        self.epoch = epoch
        self.tally = tally
        self._name = name
        self._request = request
        self._store = store

    @property
    def fd(self) -> int:
        return self._request.fd

    def release(self) -> None:
        """Give the line back to the kernel, which no longer counts its edges."""
        self._request.release()
        self.tally.close()
        self._store.forget(self._name)


class KeptLines:
    """Takes over, requests and has kept the lines of `plans` on the chip at `chip_path`."""

    def __init__(
        self,
        plans: Sequence[PulsePlan],
        chip_path: str,
        open_line: OpenLine,
        store: FdStore,
        inherited: Sequence[Inherited],
    ) -> None:
        """Descriptors in `inherited` that are of no plan are closed and no longer kept."""
        self._open_line = open_line
        self._store = store
        self._stems = {plan.name: _stem(plan, chip_path) for plan in plans}
        self._adopted: dict[str, KeptLine] = {}
        self._adopt(inherited)

    def open(self, plan: PulsePlan, now_mono_ns: int) -> KeptLine:
        """The line that the run before had, else one requested now, which is kept from here on.

        Raises OSError, and ValueError where the chip has no such line.
        """
        stem = self._stems[plan.name]
        if stem in self._adopted:
            return self._adopted.pop(stem)
        request = self._open_line(plan)
        try:
            tally = new_tally(now_mono_ns)
        except OSError:
            request.release()
            raise
        name = f"{stem}-{now_mono_ns}"
        self._store.keep(name, (request.fd, tally.fd))
        return KeptLine(name, now_mono_ns, request, tally, self._store)

    def _adopt(self, inherited: Sequence[Inherited]) -> None:
        by_name: dict[str, list[int]] = {}
        for one in inherited:
            by_name.setdefault(one.name, []).append(one.fd)
        # The newest epoch first: of two requests of one line, the other is a leftover.
        for name in sorted(by_name, key=_epoch, reverse=True):
            stem, fds = name.rpartition("-")[0], by_name[name]
            wanted = stem in self._stems.values() and stem not in self._adopted
            line = self._pair(name, fds) if wanted else None
            if line is not None:
                self._adopted[stem] = line
                continue
            for fd in fds:
                os.close(fd)
            self._store.forget(name)

    def _pair(self, name: str, fds: Sequence[int]) -> KeptLine | None:
        """The kept line made of a line and its page, in whichever order they come."""
        pages = [fd for fd in fds if is_page(fd)]
        lines = [fd for fd in fds if fd not in pages]
        if len(pages) != 1 or len(lines) != 1:
            return None  # systemd had room for one of the two only
        return KeptLine(name, _epoch(name), _Adopted(lines[0]), Tally(pages[0]), self._store)


class _Adopted:
    """The request of a run before, of which only the descriptor is left."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def release(self) -> None:
        os.close(self.fd)


def _stem(plan: PulsePlan, chip_path: str) -> str:
    """Name of a kept line without its epoch: another for each setting that the kernel was told."""
    setting = f"{chip_path} {plan.pin} {plan.edge} {plan.bias} {plan.debounce_ns}"
    return f"{_PREFIX}-{plan.name}-{zlib.crc32(setting.encode()):08x}"


def _epoch(name: str) -> int:
    text = name.rpartition("-")[2]
    return int(text) if text.isdecimal() else 0
