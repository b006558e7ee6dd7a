"""Orders at the desk: override a load, acknowledge alarms, set a demand-response limit.

Each says first whom it has told, and each is audited by the desk with who asked.
"""

from __future__ import annotations

import time
from pathlib import Path

import click

from edge.cli.connection import desk_of, desk_options
from edge.cli.errors import RefusedError
from edge.cli.terms import clock_time, date_time, duration, duration_s, kw, moment_ns
from edge.keeper.requests import AskAcknowledge, AskLimit, AskOverride, Identity
from edge.model.order import OverrideMode
from edge.model.units import NS_PER_S, W_PER_KW


@click.command(name="override")
@click.argument("load")
@click.argument("mode", type=click.Choice([mode.value for mode in OverrideMode]))
@click.option("--for", "length_s", type=duration_s, metavar="TIME", help="How long, e.g. 30m.")
@desk_options
def override_load(
    load: str, mode: str, length_s: int | None, socket_path: Path | None, site_path: Path | None
) -> None:
    """Hold LOAD by hand: shed, run, or auto again.

    Minimum times and the safe value of a faulty output still rule.
    """
    wanted = OverrideMode(mode)
    if wanted is not OverrideMode.AUTO and length_s is None:
        raise RefusedError(
            f"override {load}: no duration: need --for, e.g. --for 30m; nothing was changed"
        )
    desk = desk_of(socket_path, site_path)
    identity = desk.identity()
    carried = desk.order(AskOverride(load, wanted, length_s or 0)).text
    if wanted is OverrideMode.AUTO:
        _say(identity, f"{load} is given back to the controller", carried)
        return
    end = clock_time(time.time_ns() + (length_s or 0) * NS_PER_S)
    held = "shed" if wanted is OverrideMode.SHED else "kept running"
    span = f"{duration(length_s or 0)}, until {end}"
    _say(identity, f"{load} is to be {held} by hand for {span}", carried)


@click.command()
@desk_options
def acknowledge(socket_path: Path | None, site_path: Path | None) -> None:
    """Silence the buzzer for the alarms that stand now."""
    desk = desk_of(socket_path, site_path)
    identity = desk.identity()
    carried = desk.order(AskAcknowledge()).text
    _say(identity, "alarms are acknowledged", carried)


@click.command()
@click.argument("kilowatts", metavar="KW|off")
@click.option("--for", "length_s", type=duration_s, metavar="TIME", help="How long, e.g. 2h.")
@click.option(
    "--from",
    "start_utc_ns",
    type=moment_ns,
    metavar="TIME",
    help="When it begins, e.g. 2026-08-13T13:00.  [default: now]",
)
@desk_options
def limit(
    kilowatts: str,
    length_s: int | None,
    start_utc_ns: int | None,
    socket_path: Path | None,
    site_path: Path | None,
) -> None:
    """Hold demand below KW for some time, or off.

    Demand response: the limit counts beside contract, calendar and plan.
    """
    start_utc_ns = start_utc_ns or time.time_ns()
    desk = desk_of(socket_path, site_path)
    if kilowatts == "off":
        identity = desk.identity()
        carried = desk.order(AskLimit(None, start_utc_ns, start_utc_ns + NS_PER_S)).text
        _say(identity, "demand-response limit is off", carried)
        return
    limit_w = _watts(kilowatts)
    if length_s is None:
        raise RefusedError("limit: no duration: need --for, e.g. --for 2h; nothing was changed")
    identity = desk.identity()
    end_utc_ns = start_utc_ns + length_s * NS_PER_S
    carried = desk.order(AskLimit(limit_w, start_utc_ns, end_utc_ns)).text
    span = f"from {date_time(start_utc_ns)} to {date_time(end_utc_ns)}"
    _say(identity, f"demand is to stay below {kw(limit_w)} {span}", carried)


def _watts(kilowatts: str) -> float:
    try:
        limit_w = float(kilowatts) * W_PER_KW
    except ValueError:
        limit_w = 0.0
    if not 0.0 < limit_w < float("inf"):
        raise RefusedError(f"limit: got {kilowatts}, need kW above 0, or off; nothing was changed")
    return limit_w


def _say(identity: Identity, text: str, carried: str) -> None:
    """`carried`: the desk's word on whose order it is now, empty where it is this unit's."""
    click.echo(f"{identity.unit}, {identity.site}: {'; '.join(filter(None, (text, carried)))}")
