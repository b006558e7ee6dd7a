"""The guest's files: the tree that it boots into, the small one that finds it, both as images."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from hil.machine.image.base import Base
from hil.machine.image.kernel import Kernel, disk_modules
from hil.machine.image.tools import run

GUEST_FILES: Final = Path(__file__).resolve().parents[1] / "guest"
_SYSTEM: Final = GUEST_FILES / "system"
_PLACE: Final = "usr/lib/denban-bench"
_UNITS: Final = "etc/systemd/system"
_UDEV_RULES: Final = frozenset(
    {
        "50-udev-default.rules",
        "60-input-id.rules",
        "60-persistent-storage.rules",
        "60-serial.rules",
        "70-power-switch.rules",
        "75-net-description.rules",
        "80-drivers.rules",
        "99-systemd.rules",
    }
)
_ROOM_MIB: Final = 64  # for what a guest writes: journal, recorder, saved state
_MIB: Final = 1 << 20
_BLOCK_BYTES: Final = 4096


def make_tree(base: Base, kernel: Kernel, tree: Path) -> None:
    """The base with modules and the bench's own files, without the product."""
    make_bare_tree(base, kernel, tree)
    mask(tree, _masked())
    extra = tree / _UNITS / "denban.service.d"
    extra.mkdir()
    shutil.copy(_SYSTEM / "to-console.conf", extra)
    _configure(tree)


def make_bare_tree(base: Base, kernel: Kernel, tree: Path) -> None:
    """Debian as it comes, with modules for the machine and the bench's hand in it."""
    shutil.rmtree(tree, ignore_errors=True)
    run("cp", "-a", "--reflink=auto", base.tree, tree)
    run("cp", "-aT", kernel.modules / "lib/modules", tree / "usr/lib/modules")
    place = tree / _PLACE
    place.mkdir()
    shutil.copy(GUEST_FILES / "agent.py", place)
    shutil.copy(_SYSTEM / "set-paths", place)
    for name in ("denban-agent.service", "denban-paths.service"):
        shutil.copy(_SYSTEM / name, tree / _UNITS)
        enable(tree, name, f"/{_UNITS}/{name}")
    boots_into_service(tree)


def mask(tree: Path, units: Iterable[str]) -> None:
    for name in units:
        (tree / _UNITS / name).unlink(missing_ok=True)
        (tree / _UNITS / name).symlink_to("/dev/null")


def _masked() -> list[str]:
    lines = (_SYSTEM / "masked").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def enable(tree: Path, unit: str, path: str) -> None:
    wants = tree / _UNITS / "multi-user.target.wants"
    wants.mkdir(parents=True, exist_ok=True)
    (wants / unit).unlink(missing_ok=True)
    (wants / unit).symlink_to(path)


def boots_into_service(tree: Path) -> None:
    """By itself, as a machine that is nobody yet."""
    (tree / _UNITS / "default.target").unlink(missing_ok=True)
    (tree / _UNITS / "default.target").symlink_to("/usr/lib/systemd/system/multi-user.target")
    (tree / "etc/machine-id").write_text("")
    (tree / "etc/hostname").write_text("denban\n")
    (tree / "etc/fstab").write_text("")  # the initrd has mounted all there is


def _configure(tree: Path) -> None:
    _thin_udev(tree)
    journal = tree / "etc/systemd/journald.conf.d"
    journal.mkdir(parents=True)
    # In memory: a full disk must not cost the journal, and the console has what matters.
    (journal / "bench.conf").write_text("[Journal]\nStorage=volatile\nRuntimeMaxUse=16M\n")


def _thin_udev(tree: Path) -> None:
    """Each rule is tried for each device, and an emulated processor does it slowly."""
    folder = tree / "usr/lib/udev"
    (folder / "hwdb.bin").unlink(missing_ok=True)
    for rules in (folder / "rules.d").iterdir():
        if rules.name not in _UDEV_RULES:
            rules.unlink()
    only = tree / _UNITS / "systemd-udev-trigger.service.d"
    only.mkdir()
    shutil.copy(_SYSTEM / "only-hardware.conf", only)


def settle_product(tree: Path) -> None:
    """Users, folders and the start at boot: what a package would do when it is installed."""
    run("systemd-sysusers", f"--root={tree.resolve()}")
    lists = sorted(path.name for path in (tree / "usr/lib/tmpfiles.d").glob("denban*.conf"))
    run("systemd-tmpfiles", f"--root={tree.resolve()}", "--create", *lists)
    units = [
        path.name
        for folder in (_UNITS, "usr/lib/systemd/system")
        for path in sorted((tree / folder).glob("denban*.*"))
        if path.is_file() and "\n[Install]\n" in path.read_text()
    ]
    run("systemctl", f"--root={tree.resolve()}", "preset", *units)


def make_root(tree: Path, image: Path, room_mib: int = _ROOM_MIB) -> None:
    """A file system with its journal, since guests lose their power."""
    used_bytes = sum(
        -(-path.lstat().st_size // _BLOCK_BYTES) * _BLOCK_BYTES + 256
        for path in tree.rglob("*")
        if not path.is_dir() or path.is_symlink()
    )
    size_mib = used_bytes * 105 // 100 // _MIB + room_mib
    draft = image.with_suffix(".part")
    draft.unlink(missing_ok=True)
    run(
        "mke2fs", "-q", "-F", "-t", "ext4", "-J", "size=8", "-m", "0", "-d", tree, draft,
        f"{size_mib}M",
    )  # fmt: skip
    draft.rename(image)


def make_initrd(kernel: Kernel, work: Path, image: Path) -> None:
    shutil.rmtree(work, ignore_errors=True)
    for name in ("bin", "dev", "modules", "proc", "root", "sys"):
        (work / name).mkdir(parents=True)
    busybox = shutil.which("busybox", path="/usr/bin:/bin")
    assert busybox is not None
    shutil.copy(busybox, work / "bin/busybox")
    shutil.copy(_SYSTEM / "init", work / "init")
    (work / "init").chmod(0o755)
    modules = disk_modules(kernel)
    for module in modules:
        shutil.copy(module, work / "modules")
    order = "".join(f"{module.name}\n" for module in modules)
    (work / "modules/order").write_text(order)
    draft = image.with_suffix(".part").resolve()
    run("sh", "-c", f"find . | sort | cpio -o -H newc --quiet >'{draft}'", cwd=work)
    draft.rename(image)
