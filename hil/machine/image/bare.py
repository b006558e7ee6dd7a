"""A second image: Debian as somebody's installer has put it on a card, without anything of the
product, and beside it a disk with the product's packages. It shares kernel and cache with the first
one, and is built when it is asked for.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from hil.card import PERSON
from hil.machine.boot_image import BARE
from hil.machine.image import disk, product
from hil.machine.image.base import BARE_PACKAGES, base_of, make_base
from hil.machine.image.build import (
    MANIFEST,
    build,
    digest,
    drop_roots,
    inputs_key,
    read_manifest,
    root_name,
    write_manifest,
)
from hil.machine.image.kernel import kernel_of
from hil.machine.image.packages import KINDS, make_card, make_packages
from hil.machine.image.tools import require_tools, run, step

_CARD: Final = "packages.ext4"
_ROOM_MIB: Final = 512  # two releases, and what dpkg unpacks beside them
# They do nothing for a machine that lives for an hour, and it boots slowly enough. The console is
# the bench's: nobody may log in there.
_MASKED: Final = (
    "apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer",
    "e2scrub_reap.service", "fstrim.timer", "ldconfig.service", "systemd-hwdb-update.service",
    "serial-getty@ttyS0.service",
)  # fmt: skip
# What the imager asks for: a user of the person's name, who may log in by key; here also from one
# gateway to the other.
_SETTLE: Final = f"""
set -e
useradd --create-home --shell /bin/bash --groups sudo {PERSON}
echo '{PERSON} ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/{PERSON}
chmod 440 /etc/sudoers.d/{PERSON}
cd /home/{PERSON}
mkdir -m 700 .ssh
ssh-keygen -q -t ed25519 -N '' -f .ssh/id_ed25519
cp .ssh/id_ed25519.pub .ssh/authorized_keys
sed 's/^/* /' /etc/ssh/ssh_host_ed25519_key.pub >.ssh/known_hosts
chown -R {PERSON}: .ssh
"""


def build_bare(folder: Path, sources: Sequence[str] = (), *, fresh: bool = False) -> bool:
    """In `folder`/bare, after the first image; False where it is as it would be built.

    Raises BuildError.
    """
    build(folder, sources, fresh=fresh)
    cache, place = folder / "cache", folder / BARE
    base = base_of(cache, sources, BARE_PACKAGES)
    key = inputs_key(base.key)
    if not fresh and base.is_made and read_manifest(place).get("inputs") == key:
        return False
    require_tools()
    place.mkdir(exist_ok=True)
    if fresh or not base.is_made:
        with step("bare: Debian's packages"):
            make_base(base, sources, BARE_PACKAGES, kernel=False)
    (place / MANIFEST).unlink(missing_ok=True)
    kernel = kernel_of(base_of(cache, sources))
    tree = cache / "bare-tree"
    with step("bare: system"):
        disk.make_bare_tree(base, kernel, tree)
        disk.mask(tree, _MASKED)
        product.check_interpreter(tree)
        run("chroot", tree, "/bin/sh", "-c", _SETTLE)
        root = root_name(key)
        disk.make_root(tree, place / root, _ROOM_MIB)
        shutil.rmtree(tree)
        drop_roots(place, {root})
    with step("bare: packages"):
        wheels = product.fetch_wheels(cache)
        debs = cache / "bare-packages"
        packages = make_packages(wheels, cache / "bare-work", debs)
        make_card(debs, place / _CARD)
    shared = read_manifest(folder)
    files = {name: f"../{shared['files'][name]}" for name in ("kernel", "initrd")}
    write_manifest(
        place,
        {
            "inputs": key,
            "files": {**files, "root": root, "layers": [_CARD]},
            "sha256": {name: digest(place / name) for name in (root, _CARD)},
            "product": product.version(),
            "kernel": shared["kernel"],
            "debian": base.versions(),
            "packages": {kind: packages[kind] for kind in KINDS},
        },
    )
    return True
