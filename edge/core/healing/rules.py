"""The ladder's table: how long each rung may take, what is waited for after it, how often it may be
tried, whom it hits. Pure; the root program has limits of its own beside these.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from edge.model.healing import Attempt, HealingMemory, LineFacts, PairFacts, Rung, Signature
from edge.model.units import NS_PER_HOUR, NS_PER_MIN, NS_PER_S

NS_PER_DAY: Final = 24 * NS_PER_HOUR
# CLOCK_BOOTTIME begins with the boot. A machine that has been up for so long may be rebooted, so
# two reboots are so far apart even where the disk and the wall clock are lost.
REBOOT_UP_NS_MIN: Final = 6 * NS_PER_HOUR
# More than all limits of a day allow on eight lines.
ATTEMPTS_KEPT_MAX: Final = 600


class Rule(Struct, frozen=True):
    """`act_ns_max`: the root program's answer comes within it, or never. `wait_ns`: a valid reply
    has so long after it. `day_max`, `hour_max`: for each line below PORT_POWER, for all together
    from there on, since those hit all.
    """

    text: str
    act_ns_max: int
    wait_ns: int
    hour_max: int
    day_max: int


# 20 s: a unit that gave the bus up asks again after 15 s at the latest; then a device's return.
RULES: Final = {
    Rung.REOPEN: Rule("port opened anew", 0, 20 * NS_PER_S, 12, 96),
    Rung.RESET: Rule("USB device reset", 20 * NS_PER_S, 20 * NS_PER_S, 3, 12),
    Rung.AUTHORIZE: Rule("USB device off and on", 25 * NS_PER_S, 20 * NS_PER_S, 3, 12),
    Rung.REBIND: Rule("driver off and on", 25 * NS_PER_S, 20 * NS_PER_S, 3, 12),
    Rung.PORT_POWER: Rule("power of the hub off and on", 40 * NS_PER_S, 30 * NS_PER_S, 1, 4),
    Rung.CONTROLLER: Rule("USB controller off and on", 60 * NS_PER_S, 30 * NS_PER_S, 1, 2),
    Rung.REBOOT: Rule("reboot", 2 * NS_PER_MIN, 10 * NS_PER_MIN, 1, 1),
}
RUNGS_COUNT: Final = len(RULES)
_HITS_ALL: Final = Rung.PORT_POWER
_OF_THE_DEVICE: Final = frozenset({Rung.RESET, Rung.AUTHORIZE, Rung.REBIND})


def applies(rung: Rung, signature: Signature, *, healable: bool) -> bool:
    """Whether the rung could do anything at all for that fault."""
    if signature is Signature.WORKS:
        return False
    if rung is Rung.REOPEN:
        return signature is not Signature.GONE
    if signature is Signature.LINE or not healable:
        return False
    return signature is Signature.SILENT or rung not in _OF_THE_DEVICE


def age_ns(attempt: Attempt, boot_id: str, now_mono_ns: int, now_utc_ns: int) -> int:
    """Within a boot by its own clock; else by the wall clock, which may have been set back."""
    if attempt.boot_id == boot_id:
        return now_mono_ns - attempt.mono_ns
    return abs(now_utc_ns - attempt.utc_ns)


def limit_text(
    rung: Rung, line: str, memory: HealingMemory, boot_id: str, now_mono_ns: int, now_utc_ns: int
) -> str:
    """Why the rung may not be tried again yet; empty where it may."""
    rule = RULES[rung]
    if rung is Rung.REBOOT and now_mono_ns < REBOOT_UP_NS_MIN:
        return f"up for {now_mono_ns // NS_PER_MIN} min, need {REBOOT_UP_NS_MIN // NS_PER_MIN} min"
    ages_ns = [
        age_ns(attempt, boot_id, now_mono_ns, now_utc_ns)
        for attempt in memory.attempts
        if attempt.rung is rung and (attempt.line == line or rung >= _HITS_ALL)
    ]
    for span_ns, span, count_max in (
        (NS_PER_HOUR, "hour", rule.hour_max),
        (NS_PER_DAY, "day", rule.day_max),
    ):
        count = sum(age <= span_ns for age in ages_ns)
        if count >= count_max:
            return f"tried {count} times within the {span}, limit {count_max}"
    return ""


def forget_old(memory: HealingMemory, boot_id: str, now_mono_ns: int, now_utc_ns: int) -> None:
    """Attempts that no limit counts any more, and, beyond all limits, the oldest."""
    memory.attempts = [
        attempt
        for attempt in memory.attempts
        if age_ns(attempt, boot_id, now_mono_ns, now_utc_ns) <= NS_PER_DAY
    ][-ATTEMPTS_KEPT_MAX:]


def usb_device(port: str) -> str:
    """What ports of one USB device have alike: the name without interface and port."""
    if port.startswith("/dev/serial/by-id/"):
        return port.rpartition("-if")[0] or port
    head, usb, tail = port.partition("-usb")
    return f"{head}{usb}{':'.join(tail.split(':')[:2])}" if usb else port


def hit_lines(
    rung: Rung, facts: LineFacts, lines: tuple[LineFacts, ...], working: frozenset[str]
) -> tuple[str, ...]:
    """Other lines that work and that the rung would interrupt."""
    if rung is Rung.REOPEN:
        return ()
    return tuple(
        other.line
        for other in lines
        if other.line != facts.line
        and other.line in working
        and other.port.startswith("/dev/serial/")
        and (rung >= _HITS_ALL or usb_device(other.port) == usb_device(facts.port))
    )


class Permission(Struct, frozen=True):
    """`why` is empty where the rung may be tried, `hands_over` after the duty was given away."""

    why: str = ""
    hands_over: bool = False


def permission(rung: Rung, hit: tuple[str, ...], pair: PairFacts | None) -> Permission:
    """May this unit be without its other lines, or away, for the time of the rung?

    Rungs of the silent device alone always may. Whoever would lose something that works gives the
    duty, and the bus with it, to the twin first; nobody there to take it: not tried.
    """
    if rung < _HITS_ALL and not hit:
        return Permission()
    if pair is not None and pair.on_duty and pair.peer_heard and pair.peer_ready:
        return Permission(hands_over=True)
    is_covered = pair is not None and not pair.on_duty and pair.peer_heard and pair.peer_on_duty
    if rung is Rung.REBOOT:
        if not is_covered or pair is None or not pair.peer_holds_bus:
            return Permission("no other unit is on duty and polls the meters")
        return Permission()
    if hit and not is_covered:
        return Permission(f"{', '.join(hit)} works, would be lost, and nobody else would poll it")
    return Permission()
