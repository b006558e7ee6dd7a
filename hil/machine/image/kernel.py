"""Debian's kernel with the few modules that the guests' hardware needs, one of them built here.

Debian leaves virtio's GPIO driver out. It is built from Debian's own source of the same kernel;
that source stays in the cache.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path
from typing import Final

import msgspec

from hil.machine.image.base import Base
from hil.machine.image.tools import BuildError, run

MODULES: Final = (
    "button", "evdev", "ext4", "ftdi_sio", "i6300esb", "virtio_blk", "virtio_console", "virtio_net",
    "virtio_pci", "virtio-rng", "watchdog", "xhci_pci",
)  # fmt: skip
_FOLDER: Final = "kernel-"
_FOR_DISK: Final = ("virtio_pci", "virtio_blk", "crc32c_generic", "ext4")
_DRIVER: Final = "gpio-virtio"
# Emulators up to 9 do not pass on that the device can interrupt, and it always can.
_ASKS: Final = "virtio_has_feature(vdev, VIRTIO_GPIO_F_IRQ)"


class Kernel(msgspec.Struct, frozen=True):
    """`modules` is a root tree that has only them."""

    release: str
    version: str
    folder: Path

    @property
    def modules(self) -> Path:
        return self.folder / "modules"

    @property
    def image(self) -> Path:
        return self.folder / "packages/boot" / f"vmlinuz-{self.release}"

    @property
    def is_made(self) -> bool:
        return (self.folder / "made").exists()


def kernel_of(base: Base) -> Kernel:
    """Made as this file says: with another one it is another kernel."""
    found = [
        match
        for deb in base.debs.iterdir()
        if (match := re.fullmatch(r"linux-image-([0-9].*?)_(.*)_amd64\.deb", deb.name))
    ]
    assert len(found) == 1, f"{base.debs}: got {len(found)} kernels, need one"
    key = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]
    return Kernel(found[0][1], found[0][2], base.folder / f"{_FOLDER}{key}")


def make_kernel(base: Base, kernel: Kernel) -> None:
    """Raises BuildError."""
    for old in base.folder.glob(f"{_FOLDER}*"):
        shutil.rmtree(old)
    packages = kernel.folder / "packages"
    packages.mkdir(parents=True)
    for deb in base.debs.iterdir():
        run("dpkg-deb", "--extract", deb, packages)
    driver = _build_driver(kernel, packages)
    run("depmod", "-b", packages, kernel.release)
    for path in _closure(packages, kernel.release, MODULES):
        _copy(path, kernel.modules / path.relative_to(packages))
    folder = kernel.modules / "lib/modules" / kernel.release
    for name in ("modules.order", "modules.builtin", "modules.builtin.modinfo"):
        shutil.copy(packages / "lib/modules" / kernel.release / name, folder)
    _copy(driver, folder / "extra" / driver.name)
    run("depmod", "-b", kernel.modules, kernel.release)
    (kernel.folder / "made").touch()


def _copy(module: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    run("strip", "--strip-debug", "-o", place, module)


def _closure(root: Path, release: str, names: tuple[str, ...]) -> list[Path]:
    """Files of the modules and of all that they need, in the order in which they are loaded."""
    found: dict[Path, None] = {}
    for name in names:
        said = run("modprobe", "-d", root, "-S", release, "--show-depends", name)
        for line in said.splitlines():
            kind, _, path = line.strip().partition(" ")
            if kind == "insmod":
                found[Path(path.split()[0])] = None
    return list(found)


def disk_modules(kernel: Kernel) -> list[Path]:
    """What finds the disk, in order."""
    return _closure(kernel.modules, kernel.release, _FOR_DISK)


def _build_driver(kernel: Kernel, packages: Path) -> Path:
    work = kernel.folder / "driver"
    work.mkdir()
    source = _unpack_driver(packages, work)
    text = source.read_text()
    if text.count(_ASKS) != 1:
        raise BuildError(
            f"{source.name}: got {text.count(_ASKS)} times {_ASKS}, need it once:"
            " this kernel's driver is another, look at what it asks"
        )
    source.write_text(text.replace(_ASKS, "true"))
    (work / "Makefile").write_text(f"obj-m := {_DRIVER}.o\n")
    headers = packages / "usr/src" / f"linux-headers-{kernel.release}"
    _move(headers / "Makefile", packages)
    run("make", "-C", headers, f"M={work.resolve()}", "modules")
    return work / f"{_DRIVER}.ko"


def _unpack_driver(packages: Path, work: Path) -> Path:
    (archive,) = (packages / "usr/src").glob("linux-source-*.tar.xz")
    name = f"{archive.name.removesuffix('.tar.xz')}/drivers/gpio/{_DRIVER}.c"
    # The rest of a hundred megabytes would be read for nothing.
    run("tar", "-xJf", archive.resolve(), "--strip-components=3", "--occurrence=1", name, cwd=work)
    return work / f"{_DRIVER}.c"


def _move(makefile: Path, packages: Path) -> None:
    """Debian's headers know each other by the place where they would be installed."""
    text = makefile.read_text()
    makefile.write_text(text.replace("/usr/src/", f"{packages.resolve()}/usr/src/"))
