"""What is plugged into a gateway, every stimulus written into the diary: USB port, meter line."""

from __future__ import annotations

from hil.suite.diary import Diary
from hil.suite.protocol import BusEnd, UsbPort


class NotedUsb:
    def __init__(self, usb: UsbPort, lane: str, diary: Diary) -> None:
        self._usb, self._lane, self._diary = usb, lane, diary

    def pull(self) -> None:
        self._diary.fault(self._lane, "USB adapter pulled", self.plug, on=True)
        self._usb.pull()

    def plug(self) -> None:
        self._usb.plug()
        self._diary.fault(self._lane, "USB adapter pulled", self.plug, on=False)

    def die(self) -> None:
        self._diary.fault(self._lane, "USB adapter dead", self.cycle, on=True)
        self._usb.die()

    def hang(self) -> None:
        self._diary.fault(self._lane, "USB adapter hangs", self.cycle, on=True)
        self._usb.hang()

    def follow(self) -> bool:
        if is_back := self._usb.follow():
            self._diary.mark(self._lane, "USB adapter off and on by its machine")
            self._diary.fault(self._lane, "USB adapter hangs", self.cycle, on=False)
        return is_back

    def cycle(self) -> None:
        self._diary.mark(self._lane, "USB port off and on")
        self._usb.cycle()
        self._diary.fault(self._lane, "USB adapter dead", self.cycle, on=False)
        self._diary.fault(self._lane, "USB adapter hangs", self.cycle, on=False)


class NotedBusEnd:
    def __init__(self, end: BusEnd, lane: str, diary: Diary) -> None:
        self._end, self._lane, self._diary = end, lane, diary

    def cut(self, *, on: bool) -> None:
        self._diary.fault(self._lane, "off the line", lambda: self.cut(on=False), on=on)
        self._end.cut(on=on)

    def deafen(self, *, on: bool) -> None:
        self._diary.fault(self._lane, "deaf on the line", lambda: self.deafen(on=False), on=on)
        self._end.deafen(on=on)
