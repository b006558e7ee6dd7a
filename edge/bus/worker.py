"""The worker's one loop: keep the port open, poll while the lease holds, post samples, show life.

It waits for nobody but the line: every wait is bounded, and each step writes a sign of life.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from typing import Final

from edge.bus.client import LineClient
from edge.bus.clock import boottime_ns
from edge.bus.diagnosis import LineDiagnosis
from edge.bus.gate import LeaseEndedError
from edge.bus.lease import BusPage
from edge.bus.link import SampleSender
from edge.bus.listener import Listener
from edge.bus.poller import PollSchedule
from edge.bus.reading import sample_of
from edge.bus.reply import PortLostError, Reply
from edge.core.line_timing import KEEP_ALIVE_NS, WAIT_NS_MAX
from edge.core.metering.registers import Request, plan_requests
from edge.model.bus import BusPlan, LineKind, PolledMeter
from edge.model.problem import Problem
from edge.model.scan import BusCondition, BusSample, MeterFault, MeterSample
from edge.model.units import NS_PER_MS, NS_PER_S

# A unit without a lease looks for one so often: less than half a percent of a small processor, and
# twenty milliseconds of a takeover on average.
LEASE_LOOK_NS: Final = 40 * NS_PER_MS
# With a twin a takeover is a matter of tenths of seconds, and who listens is awake often anyway.
TWIN_LOOK_NS: Final = 20 * NS_PER_MS
OPEN_BACKOFF_NS_MIN: Final = NS_PER_S // 5
OPEN_BACKOFF_NS_MAX: Final = NS_PER_S


class Worker:
    """One line's loop; `run` ends only with the process."""

    def __init__(self, plan: BusPlan, page: BusPage, link: socket.socket) -> None:
        self._plan = plan
        self._page = page
        self._link = link
        self._sender = SampleSender(link, page)
        listens = plan.has_twin and plan.kind is LineKind.RTU
        self._listener = Listener(plan, page, self._take_overheard) if listens else None
        self._look_ns = TWIN_LOOK_NS if listens else LEASE_LOOK_NS
        self._client = LineClient(plan, page, self._listener)
        self._schedule = PollSchedule(
            len(plan.meters), plan.poll_ms_min * NS_PER_MS, KEEP_ALIVE_NS if listens else None
        )
        self._diagnosis = LineDiagnosis()
        self._requests = [plan_requests(meter.map) for meter in plan.meters]
        self._told: dict[str, str] = {}
        self._told_condition: BusCondition | None = None
        self._open_backoff_ns = OPEN_BACKOFF_NS_MIN
        self._was_leased = False
        self._reopened_mono_ns = 0

    async def run(self) -> None:
        """Poll until control goes away; then the process exits at once, whatever it is doing."""
        asyncio.get_running_loop().add_reader(self._link, self._heed_control)
        while True:
            await self._step()

    def _heed_control(self) -> None:
        """Control sends nothing after the plan: what arrives is the end of the link."""
        os._exit(0)

    async def _step(self) -> None:
        """Open the port if it is not, then poll or wait.

        A serial port stays open without a lease, so that its loss is known; a connection does not,
        because many serial servers and meters accept one only, and the twin needs it.
        """
        now_mono_ns = boottime_ns()
        self._page.alive_mono_ns = now_mono_ns
        leased = self._page.lease_until_mono_ns > now_mono_ns
        if not leased:
            self._diagnosis.suspended()
            if self._was_leased:
                self._client.discard_unsent()
            if self._plan.kind is not LineKind.RTU:
                self._client.close()
                await self._wait(self._look_ns)
                return
        self._was_leased = leased
        if not await self._keep_open():
            return
        if self._listener is not None:
            self._listener.hear(b"", now_mono_ns)
        if leased:
            await self._turn(now_mono_ns)
        else:
            await self._wait(self._look_ns)

    async def _keep_open(self) -> bool:
        """Whether the port is open, opened anew if control asks for it or the port went away."""
        if self._page.reopen_mono_ns != self._reopened_mono_ns:
            self._reopened_mono_ns = self._page.reopen_mono_ns
            self._client.close()
        if (loss := self._client.loss) is not None:  # between polls
            self._lost(loss)
        return self._client.is_open or await self._open()

    async def _open(self) -> bool:
        problem = await self._client.open()
        if problem is None:
            for warning in self._client.warnings:
                self._tell("port", warning)
            self._diagnosis.port_opened()
            self._post_condition()
            return True
        self._lost(problem)
        await self._wait(self._open_backoff_ns)
        self._open_backoff_ns = min(2 * self._open_backoff_ns, OPEN_BACKOFF_NS_MAX)
        return False

    async def _turn(self, now_mono_ns: int) -> None:
        """One meter's poll, or a bounded wait."""
        index = self._schedule.choose(now_mono_ns)
        if index is None:
            await self._wait(min(self._schedule.wait_ns(now_mono_ns), WAIT_NS_MAX))
            return
        try:
            await self._poll(index, now_mono_ns)
        except LeaseEndedError:
            self._diagnosis.suspended()
        except PortLostError as lost:
            self._lost(lost.problem)

    async def _poll(self, index: int, started_mono_ns: int) -> None:
        meter = self._plan.meters[index]
        sample, problem = await self._read_meter(meter, self._requests[index])
        now_mono_ns = boottime_ns()
        good = sample.fault is None
        self._schedule.record(
            index, good=good, started_mono_ns=started_mono_ns, now_mono_ns=now_mono_ns
        )
        if sample.fault in {None, MeterFault.EXCEPTION, MeterFault.NOT_A_NUMBER}:
            self._diagnosis.replied()
            self._open_backoff_ns = OPEN_BACKOFF_NS_MIN
        else:
            self._diagnosis.failed(now_mono_ns)
        self._tell(meter.name, problem)
        self._post_condition()
        self._sender.post(self._blamed(sample))
        if self._diagnosis.may_reopen(now_mono_ns):
            self._client.close()

    async def _read_meter(
        self, meter: PolledMeter, requests: tuple[Request, ...]
    ) -> tuple[MeterSample, Problem | None]:
        """All requests of one meter; the first that fails ends the poll."""
        replies: dict[Request, tuple[int, ...]] = {}
        reply = Reply(0)
        for request in requests:
            self._page.alive_mono_ns = boottime_ns()
            reply = await self._client.read(meter, request)
            if reply.fault is not None:
                sample = MeterSample(meter.name, reply.end_mono_ns, fault=reply.fault)
                return sample, reply.problem
            replies[request] = reply.words
        return sample_of(meter, replies, reply.end_mono_ns), None

    def _take_overheard(self, place: int, sample: MeterSample) -> None:
        """A reading that the twin has asked for is as good as one of our own."""
        self._schedule.overheard(place)
        self._diagnosis.replied()
        self._tell(sample.meter, None)
        self._post_condition()
        self._sender.post(sample)

    def _blamed(self, sample: MeterSample) -> MeterSample:
        if sample.fault is None:
            return sample
        return MeterSample(sample.meter, sample.mono_ns, fault=self._diagnosis.blame(sample.fault))

    def _lost(self, problem: Problem) -> None:
        """The port is not there: close it, say so once, and that no meter is to blame."""
        self._client.close()
        self._tell("port", problem)
        self._diagnosis.port_lost()
        if self._post_condition():
            now_mono_ns = boottime_ns()
            for meter in self._plan.meters:
                self._sender.post(MeterSample(meter.name, now_mono_ns, fault=MeterFault.BUS))

    def _post_condition(self) -> bool:
        """Post the line's condition if it has changed."""
        condition = self._diagnosis.condition
        if condition is None or condition is self._told_condition:
            return False
        self._told_condition = condition
        self._sender.post(BusSample(self._plan.name, condition))
        return True

    async def _wait(self, duration_ns: int) -> None:
        """Wait in pieces that show life, and send what control had no room for."""
        until_mono_ns = boottime_ns() + duration_ns
        while (left_ns := until_mono_ns - boottime_ns()) > 0:
            self._page.alive_mono_ns = boottime_ns()
            self._sender.flush()
            await asyncio.sleep(min(left_ns, WAIT_NS_MAX) / NS_PER_S)

    def _tell(self, subject: str, problem: Problem | None) -> None:
        """One line to stderr for each change; the same words again stay unsaid until they end."""
        text = "" if problem is None else str(problem)
        if text and self._told.get(subject) != text:
            sys.stderr.write(f"{text}\n")
            sys.stderr.flush()
        self._told[subject] = text
