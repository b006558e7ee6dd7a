"""Compares the running machine's settings with the list that ships with the package.

Only reads: the command line, /proc/sys, sysfs and configuration files. Nothing here needs root.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import msgspec

from edge.adapters.reasons import reason
from edge.cli.doctor.expected import Setting, Source, find_list, read_list
from edge.cli.doctor.result import CheckResult, ok, warn

_NAME: Final = "machine settings"
# Where systemd looks for drop-ins; of two with one name the first folder's counts.
_SYSTEMD_FOLDERS: Final = ("etc/systemd", "run/systemd", "usr/lib/systemd", "lib/systemd")
_CONFIG_TXT: Final = ("boot/firmware/config.txt", "boot/config.txt")
_CHRONY: Final = ("etc/chrony/conf.d", "etc/chrony/chrony.conf", "etc/chrony.conf")
_THERE: Final = "there"


def check_settings(root: Path = Path("/"), listed: Path | None = None) -> list[CheckResult]:
    """One line for all that is as it should be, and one for each that is not."""
    path = find_list() if listed is None else listed
    if path is None:
        advice = "install the package, or compare by hand with its firmware-config folder"
        return [warn(_NAME, "no list to compare with", advice)]
    try:
        settings = [setting for setting in read_list(path) if _concerns(setting, root)]
    except (OSError, msgspec.MsgspecError) as error:
        return [warn(_NAME, f"{path} cannot be used: {_text(error)}", "install the package again")]
    results = [_deviation(setting, values(setting, root)) for setting in settings]
    found = [result for result in results if result is not None]
    good = ok(_NAME, f"{len(settings) - len(found)} of {len(settings)} as in {path.parent}")
    return [good, *found]


def values(setting: Setting, root: Path) -> list[str]:
    """What the machine has, in the order in which it was set; empty where it is not set."""
    return _READERS[setting.source](root, setting.name)


def config_txt_lines(root: Path) -> list[str]:
    """The settings of config.txt, of all its sections: which model reads it is not asked."""
    for name in _CONFIG_TXT:
        if (root / name).is_file():
            return [line for line in _lines(root / name) if not line.startswith(("#", "["))]
    return []


def _concerns(setting: Setting, root: Path) -> bool:
    """Not each machine is a Raspberry Pi, or has chrony."""
    match setting.source:
        case Source.CONFIG_TXT:
            return any((root / name).is_file() for name in _CONFIG_TXT)
        case Source.CHRONY:
            return any((root / name).exists() for name in _CHRONY)
        case _:
            bcm2835 = setting.name.startswith("bcm2835")
            return not bcm2835 or any((root / name).is_file() for name in _CONFIG_TXT)


def systemd_values(root: Path, file: str, name: str) -> list[str]:
    """Values of `name` in a configuration file of systemd: in the file itself, then in its drop-ins
    in the order of their names, as systemd reads them.
    """
    mains = [root / folder / file for folder in _SYSTEMD_FOLDERS]
    drop_ins: dict[str, Path] = {}
    for folder in _SYSTEMD_FOLDERS:
        for path in (root / folder / f"{file}.d").glob("*.conf"):
            drop_ins.setdefault(path.name, path)
    main = next((path for path in mains if path.is_file()), None)
    ordered = [path for _, path in sorted(drop_ins.items())]
    paths = ([] if main is None else [main]) + ordered
    return _pairs((line for path in paths for line in _lines(path)), name)


def _deviation(setting: Setting, found: list[str]) -> CheckResult | None:
    if setting.accepts(found):
        return None
    shown = ", ".join(found) or "not set"
    name = setting.name.split()[0] if setting.source is Source.FILE else setting.name
    advice = f"need {setting.need}, else {setting.why}; see firmware-config/{setting.file}"
    return warn(f"{setting.source}: {name}", shown, advice)


def _kernel(root: Path, name: str) -> list[str]:
    return _pairs(_read(root / "proc/cmdline").split(), name)


def _sysctl(root: Path, name: str) -> list[str]:
    return _lines(root / "proc/sys" / name.replace(".", "/"))


def _config_txt(root: Path, name: str) -> list[str]:
    return _pairs(config_txt_lines(root), name)


def _sysfs(root: Path, pattern: str) -> list[str]:
    """The worst last: of several values the last is judged."""
    found = (line for path in (root / "sys").glob(pattern) for line in _lines(path))
    return sorted(found, key=lambda text: (len(text), text))


def _file(root: Path, names: str) -> list[str]:
    return [_THERE if any((root / name).exists() for name in names.split()) else "not there"]


def _chrony(root: Path, directive: str) -> list[str]:
    """The values of a directive. Debian's own file reads conf.d first, so it is last here too."""
    folder, *files = (root / name for name in _CHRONY)
    paths = [*sorted(folder.glob("*.conf")), *files]
    lines = [line.split(maxsplit=1) for path in paths for line in _lines(path)]
    return [words[1] for words in lines if len(words) > 1 and words[0].lower() == directive]


def _pairs(texts: Iterable[str], name: str) -> list[str]:
    """The values of each `name=value`."""
    pattern = re.compile(rf"{re.escape(name)}\s*=\s*(.*)")
    return [match[1].strip() for text in texts if (match := pattern.fullmatch(text)) is not None]


def _lines(path: Path) -> list[str]:
    return [line.strip() for line in _read(path).splitlines() if line.strip()]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _text(error: Exception) -> str:
    return reason(error) if isinstance(error, OSError) else str(error)


_READERS: Final[dict[Source, Callable[[Path, str], list[str]]]] = {
    Source.KERNEL: _kernel,
    Source.SYSCTL: _sysctl,
    Source.SYSTEM: lambda root, name: systemd_values(root, "system.conf", name),
    Source.JOURNALD: lambda root, name: systemd_values(root, "journald.conf", name),
    Source.CHRONY: _chrony,
    Source.CONFIG_TXT: _config_txt,
    Source.SYSFS: _sysfs,
    Source.FILE: _file,
}
