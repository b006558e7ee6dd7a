"""`denban init`: asks, or reads answers, and writes a site file that `denban check` accepts.

Checks before it writes, writes whole or not at all, and never over a file.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Final

import click

from edge.adapters.reasons import reason
from edge.app.unit import listing_unit, serials
from edge.cli.errors import FailedError, RefusedError
from edge.cli.init import asking
from edge.cli.init.judge import drafted
from edge.cli.init.machine import look_around
from edge.cli.init.metering import ask_measuring
from edge.cli.init.plant import ask_board, ask_demand, ask_loads, ask_site, ask_units
from edge.cli.init.talk import Talk
from edge.cli.prober import Answering, Prober
from edge.cli.scan import find_meters, search_progress
from edge.cli.screen import note, show
from edge.config.answers import Answers, LineAnswer, read_answers
from edge.config.load import LoadedSite, load_profiles, site_of
from edge.model.bus import BusPlan, LineKind, Parity
from edge.model.problem import Problem

SITE_FILE: Final = "/etc/denban/site.toml"
_BYTES_MAX: Final = 1_000_000


@click.command()
@click.argument("file", type=click.Path(path_type=Path), default=SITE_FILE)
@click.option(
    "--answers",
    "answers_path",
    type=click.Path(path_type=Path),
    help="Ask nothing: the answers are in this TOML file.",
)
@click.option(
    "--from",
    "from_path",
    type=click.Path(path_type=Path),
    help="Ask nothing: take the other gateway's site file, byte for byte.",
)
def init(file: Path, answers_path: Path | None, from_path: Path | None) -> None:
    """Draft a site file and write it to FILE (/etc/denban/site.toml).

    Asks few questions, finds serial ports and meters, and checks the result before it writes.
    A file that is there is never written over. Docs: docs/install.md.
    """
    if answers_path and from_path:
        raise RefusedError("--answers and --from: got both, need one of them; nothing was written")
    _check_place(file)
    if from_path is not None:
        data, loaded = _taken(from_path, file)
    elif answers_path is not None:
        data, loaded = drafted(read_answers(_read(answers_path), answers_path.name), file)
    else:
        data, loaded = drafted(_dialogue(file), file)
        if not asking.confirm(f"Write {file}?", proposal=True):
            raise RefusedError(f"{file}: not wanted; nothing was written")
    _write(file, data)
    for warning in loaded.warnings:
        note(f"warning: {warning}")
    show(*_next_steps(file, loaded))


def _dialogue(file: Path) -> Answers:
    machine = look_around()
    talk = Talk(machine, file)
    maps = {name: profile.map for name, profile in load_profiles(file).items()}

    def search(line: LineAnswer, ids: tuple[int, ...]) -> list[Answering]:
        prober = Prober(maps, thorough=False)
        with search_progress(len(ids)) as told:
            return asyncio.run(find_meters(_plan(line), prober, ids, told))

    ask_site(talk)
    ask_units(talk)
    ask_demand(talk)
    ask_board(talk)
    ask_measuring(talk, search, tuple(maps))
    ask_loads(talk)
    return talk.answers


def _plan(line: LineAnswer) -> BusPlan:
    return BusPlan(
        line.name,
        LineKind.RTU,
        (),
        port=line.port,
        baudrate=line.baudrate,
        parity=line.parity,
        stopbits=2 if line.parity is Parity.NONE else 1,
    )


def _taken(source: Path, file: Path) -> tuple[bytes, LoadedSite]:
    """The other gateway's file, if it lists this machine."""
    data = _read(source)
    loaded = site_of(data, file)
    hardware = look_around(listed=serials(loaded.io.units)).hardware
    unit = listing_unit(loaded.io.units, hardware)
    if unit is None:
        serial = hardware.serial if hardware else "none"
        listed = ", ".join(f"{u.name} ({u.hardware_serial})" for u in loaded.io.units)
        raise RefusedError(
            f"{source}: this machine is none of its gateways: got hardware serial {serial}, need"
            f" one of {listed}; nothing was written; is this the right machine? else correct the"
            " serial in the file on the other gateway and take it again"
        )
    for bus in loaded.io.buses:
        if bus.port and not Path(bus.port).exists():
            note(f"warning: bus.{bus.name}.port: {bus.port} is not on this machine: plug the")
            note("  adapter into the same socket as on the other gateway")
    show(f"this machine is {unit.name}")
    return data, loaded


def _check_place(file: Path) -> None:
    """Before any question: whether the file could be written at all."""
    if os.path.lexists(file):
        raise _there_already(file)
    if not file.parent.is_dir():
        step = "make the folder, or name another file"
        raise FailedError(
            str(Problem(str(file), "no such folder", str(file.parent), next_step=step))
        )
    if not os.access(file.parent, os.W_OK):
        raise _failed(file, PermissionError(13, "Permission denied"))


def _there_already(file: Path) -> RefusedError:
    step = "change it by hand and run `denban check` on it, or name another file"
    return RefusedError(
        str(Problem(str(file), "there is a file already", effect="kept", next_step=step))
    )


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(_BYTES_MAX + 1)
    except OSError as error:
        problem = Problem(str(path), "cannot be read", reason(error), effect="nothing was written")
        raise RefusedError(str(problem)) from error


def _write(file: Path, data: bytes) -> None:
    """Whole and on the disk under its name, or not at all; a file that came meanwhile stays."""
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        try:
            with os.fdopen(fd, "wb") as stream:
                os.fchmod(fd, 0o644)  # whatever the umask took away: the service reads it
                stream.write(data)
                stream.flush()
                os.fsync(fd)
            os.link(fresh, file)
        finally:
            fresh.unlink(missing_ok=True)
        _settle(file.parent)
    except FileExistsError as error:
        raise _there_already(file) from error
    except OSError as error:
        raise _failed(file, error) from error


def _settle(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _failed(file: Path, error: OSError) -> FailedError:
    step = "run it as root, or name another file"
    return FailedError(str(Problem(str(file), "not written", reason(error), next_step=step)))


def _next_steps(file: Path, loaded: LoadedSite) -> list[str]:
    """What to do now; of two gateways the same on both, so that they end up alike."""
    lines = [
        f"{file}: written, {loaded.spec.site}, digest {loaded.digest[:16]}",
        "next:",
        f"  denban check {file}     what it means; the digest is the same on both gateways",
    ]
    if len(loaded.io.units) > 1:
        key = Path(loaded.site.twin.key_file)
        both = f"-C {file.absolute().parent} {file.name} -C {key.parent} {key.name}"
        lines += [
            f"  denban key new {key}     on one gateway only, once",
            "  both files to the other one:",
            f"    sudo tar -c {both} | ssh OTHER tar -x",
            "  then there:",
            f"    sudo denban init --from {file.name} {file}",
            f"    sudo install -m 600 -o root -g root {key.name} {key} && shred -u {key.name}",
        ]
    return [
        *lines,
        f"  denban doctor --site {file}     on each gateway",
        "  systemctl enable --now denban",
        "  denban status",
    ]
