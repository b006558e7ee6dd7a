"""The whole build: what is there already and still fits is used again.

The manifest is written last, so an image that has one is whole.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from hil.machine.boot_image import FOLDER
from hil.machine.image import disk, product
from hil.machine.image.base import base_of, make_base
from hil.machine.image.kernel import kernel_of, make_kernel
from hil.machine.image.tools import require_tools, step

MANIFEST: Final = "manifest.json"
_KERNEL: Final = "vmlinuz"
_INITRD: Final = "initrd.cpio"


def build(folder: Path = FOLDER, sources: Sequence[str] = (), *, fresh: bool = False) -> bool:
    """False where the image is as it would be built. `fresh`: Debian's packages are fetched again.

    Raises BuildError.
    """
    cache = folder / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    base = base_of(cache, sources)
    key = inputs_key(base.key)
    if not fresh and base.is_made and read_manifest(folder).get("inputs") == key:
        return False
    require_tools()
    if fresh or not base.is_made:
        with step("Debian's packages"):
            make_base(base, sources)
    kernel = kernel_of(base)
    if not kernel.is_made:
        with step("kernel and its modules"):
            make_kernel(base, kernel)
    with step("wheels"):
        wheels = product.fetch_wheels(cache)
    before = str(read_manifest(folder).get("files", {}).get("root", ""))
    (folder / MANIFEST).unlink(missing_ok=True)
    tree = cache / "tree"
    with step("system"):
        disk.make_tree(base, kernel, tree)
        disk.make_initrd(kernel, cache / "initrd", folder / _INITRD)
        shutil.copy(kernel.image, folder / _KERNEL)
    with step("product"):
        product.install(tree, wheels)
        disk.settle_product(tree)
    with step("disk"):
        root = root_name(key)
        disk.make_root(tree, folder / root)
        shutil.rmtree(tree)
        drop_roots(folder, {root, before})
    about = {
        "inputs": key,
        "files": {"kernel": _KERNEL, "initrd": _INITRD, "root": root},
        "sha256": {name: digest(folder / name) for name in (_KERNEL, _INITRD, root)},
        "product": product.version(),
        "kernel": {"release": kernel.release, "version": kernel.version},
        "packages": base.versions(),
        "wheels": sorted(path.name for path in wheels.iterdir()),
    }
    write_manifest(folder, about)
    return True


def write_manifest(folder: Path, about: dict[str, Any]) -> None:
    (folder / MANIFEST).write_text(json.dumps(about, indent=1) + "\n")


def root_name(key: str) -> str:
    """Another image has another name: disks of machines that run lie over the one they know."""
    return f"root-{key[:16]}.ext4"


def drop_roots(folder: Path, kept: set[str]) -> None:
    for path in folder.glob("root*.ext4"):
        if path.name not in kept:
            path.unlink()


def inputs_key(base_key: str) -> str:
    """Changes with every file of product, guest and build."""
    told = hashlib.sha256(base_key.encode())
    own = [*Path(__file__).parent.iterdir(), *disk.GUEST_FILES.rglob("*")]
    own = sorted(path for path in own if path.is_file() and path.suffix != ".pyc")
    for path in [*product.parts(), *own]:
        content = path.read_bytes()
        told.update(f"{path.relative_to(product.ROOT)}\0{len(content)}\0".encode())
        told.update(content)
    return told.hexdigest()


def read_manifest(folder: Path) -> dict[str, Any]:
    """Empty where nothing was built."""
    path = folder / MANIFEST
    return json.loads(path.read_text()) if path.exists() else {}


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
