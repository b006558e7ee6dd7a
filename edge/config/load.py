"""Reads a site file and its profiles and makes of them what the controller needs, or every problem.

The only part of edge.config that reads files.
"""

from __future__ import annotations

import hashlib
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from msgspec import Struct

from edge.config.alignment import alignments_s
from edge.config.checks.demand import check_demand
from edge.config.checks.lines import check_lines, check_units
from edge.config.checks.loads import check_loads
from edge.config.checks.metering import check_metering
from edge.config.checks.names import check_names
from edge.config.checks.pace import check_pace
from edge.config.checks.pins import check_pins
from edge.config.checks.twin import check_takeover, check_twin
from edge.config.compile import compile_spec
from edge.config.compile_io import compile_io
from edge.config.document import decode_document
from edge.config.findings import Findings
from edge.config.io import IoPlan
from edge.config.locate import Path as Place
from edge.config.profile import Profile, inline_profile, profile_of
from edge.config.sections.metering import MeterSection, ProfileFile
from edge.config.site import Site
from edge.config.spelling import nearest
from edge.model.problem import Problem, ProblemsError
from edge.model.spec import ControlSpec

_PROFILE_SUFFIX = ".toml"


class LoadedSite(Struct, frozen=True):
    """A site that may be run. `digest` is the BLAKE2s of the site file and of each profile that it
    uses, so two units with the same digest read the same meters in the same way.
    """

    site: Site
    spec: ControlSpec
    io: IoPlan
    digest: str
    warnings: tuple[Problem, ...]


def load_site(path: Path) -> LoadedSite:
    """Read, check and compile the site file at `path` with the `profiles/` beside it.

    Raises ProblemsError with every problem that was found.
    """
    return site_of(_read(path), path)


def site_of(data: bytes, path: Path) -> LoadedSite:
    """As `load_site`, of a file at `path` that would hold `data`; it need not be there yet."""
    site, findings = decode_document(data, path.name, Site, {"bus": {"kind": "rtu"}})
    shelf = _Shelf(path.parent / "profiles")
    profiles = {
        name: profile
        for name, meter in site.meter.items()
        if (profile := _profile(name, meter, shelf, findings)) is not None
    }
    for check in (check_pins, check_lines, check_units, check_names, check_demand):
        check(site, findings)
    check_metering(site, profiles, findings)
    check_loads(site, findings)
    check_pace(site, findings)
    check_twin(site, findings)
    zone = _zone(site, findings)
    problems = (*findings.errors, *shelf.problems)
    if problems or zone is None:
        raise ProblemsError(problems)
    io = compile_io(site, profiles, path.absolute().parent)
    check_takeover(io, findings)
    return LoadedSite(
        site=site,
        spec=compile_spec(site, profiles, zone),
        io=io,
        digest=_digest(data, shelf.used),
        warnings=findings.warnings,
    )


def load_profiles(path: Path) -> dict[str, Profile]:
    """Every profile that the site file at `path` could name: those shipped, and its own.

    Raises ProblemsError when one of them is faulty.
    """
    shelf = _Shelf(path.parent / "profiles")
    profiles = {name: shelf.take(name) for name in shelf.names}
    if shelf.problems:
        raise ProblemsError(shelf.problems)
    return {name: profile for name, profile in profiles.items() if profile is not None}


class _Shelf:
    """Profiles by name: those shipped, and the plant's own beside the site file."""

    def __init__(self, directory: Path) -> None:
        self._shipped = {
            entry.name.removesuffix(_PROFILE_SUFFIX): entry
            for entry in resources.files("edge.config").joinpath("profiles").iterdir()
            if entry.name.endswith(_PROFILE_SUFFIX)
        }
        self._own = {entry.stem: entry for entry in sorted(directory.glob(f"*{_PROFILE_SUFFIX}"))}
        self._read: dict[str, Profile | None] = {}
        self.used: dict[str, bytes] = {}
        self.problems: tuple[Problem, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return (*sorted(self._shipped), *sorted(self._own))

    def take(self, name: str) -> Profile | None:
        """The profile of this name, None if it is unknown or faulty (then `problems` has it)."""
        if name not in self._read:
            self._read[name] = self._load(name)
        return self._read[name]

    def _load(self, name: str) -> Profile | None:
        source = self._own.get(name) or self._shipped[name]
        file = f"profiles/{name}{_PROFILE_SUFFIX}"
        try:
            data = source.read_bytes()
            content, findings = decode_document(data, file, ProfileFile, {})
        except ProblemsError as fault:
            self.problems += fault.problems
            return None
        except OSError as fault:
            self.problems += (_unreadable(file, fault),)
            return None
        self._check_name(name, content, findings)
        profile = profile_of(content, findings)
        self.used[name] = data
        self.problems += findings.errors
        return None if findings.errors else profile

    def _check_name(self, name: str, content: ProfileFile, findings: Findings) -> None:
        if content.name != name:
            findings.refuse(("name",), "not the file's name", got=content.name, need=name)
        if name in self._own and name in self._shipped:
            findings.refuse(
                ("name",), "name of a shipped profile", got=name, need="a name of its own"
            )


def _profile(name: str, meter: MeterSection, shelf: _Shelf, findings: Findings) -> Profile | None:
    place: Place = ("meter", name, "profile")
    registers: Place = ("meter", name, "register")
    if (meter.profile is None) == (not meter.register):
        findings.refuse(
            place,
            "registers are not clear",
            got="both keys" if meter.register else "neither key",
            need="either profile or [[meter.NAME.register]]",
            rests_on=[registers],
        )
        return None
    if meter.profile is None:
        profile = inline_profile(name, meter.register, registers, findings)
        return profile if findings.whole(registers) and not findings.doubtful(place) else None
    if meter.profile in shelf.names:
        return shelf.take(meter.profile)
    findings.refuse(
        place,
        "unknown profile",
        got=meter.profile,
        need=nearest(meter.profile, shelf.names) or f"one of {', '.join(shelf.names)}",
    )
    return None


def _zone(site: Site, findings: Findings) -> ZoneInfo | None:
    name = site.site.timezone
    try:
        zone = ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        findings.refuse(
            ("site", "timezone"),
            "unknown time zone",
            got=name,
            need=nearest(name, available_timezones()) or "an IANA name, e.g. Asia/Tokyo",
        )
        return None
    if len(alignments_s(site, zone)) > 1:
        findings.refuse(
            ("demand", "interval_s"),
            f"a change of the clocks in {name} would shift the intervals",
            got=f"{site.demand.interval_s} s",
            need="a divisor of the change",
            rests_on=[("demand", "subinterval_s")],
        )
    return zone


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as fault:
        raise ProblemsError((_unreadable(str(path), fault),)) from None


def _unreadable(where: str, fault: OSError) -> Problem:
    return Problem(
        where,
        "cannot be read",
        fault.strerror or str(fault),
        "a readable file",
        "not started",
        "check path and permissions",
    )


def _digest(data: bytes, profiles: dict[str, bytes]) -> str:
    digest = hashlib.blake2s(data)
    for name, profile in sorted(profiles.items()):
        digest.update(hashlib.blake2s(name.encode()).digest() + hashlib.blake2s(profile).digest())
    return digest.hexdigest()
