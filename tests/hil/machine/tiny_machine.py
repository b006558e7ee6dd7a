"""An emulated machine without an operating system: a kernel of two instructions.

All of its hardware is there, as it is for a gateway; the processor halts and halts again.
"""

from __future__ import annotations

import shutil
import struct
from pathlib import Path

from hil.machine.command_line import PROGRAM, TRANSLATED_MIB, BootFiles, Card, Connections
from hil.machine.disk import make_disk
from hil.machine.emulator import Emulator

_TOOLS = (PROGRAM, "qemu-img", "setpriv")
MISSING = [name for name in _TOOLS if shutil.which(name) is None]
REASON = f"{' '.join(MISSING)}: not installed"
_LOAD_AT = 0x100000
_HEADER_BYTES = 32
_HALT_FOR_EVER = b"\xf4\xeb\xfd"  # hlt; jmp to it


def _kernel() -> bytes:
    """By the Multiboot specification 0.6.96, with addresses in the header and nothing else."""
    magic, flags = 0x1BADB002, 1 << 16
    checksum = -(magic + flags) & 0xFFFFFFFF
    end = _LOAD_AT + _HEADER_BYTES + len(_HALT_FOR_EVER)
    addresses = (_LOAD_AT, _LOAD_AT, end, end, _LOAD_AT + _HEADER_BYTES)
    return struct.pack("<8I", magic, flags, checksum, *addresses) + _HALT_FOR_EVER


def make_tiny_machine(
    folder: Path, gpio: Path, line: Path, translated_mib: int = TRANSLATED_MIB
) -> Emulator:
    """`gpio` and `line`: where its lines and its adapter connect."""
    for name, content in (("kernel", _kernel()), ("initrd", b"none")):
        (folder / name).write_bytes(content)
    make_disk(folder / "disk.qcow2", 1)
    files = BootFiles(
        folder / "kernel", folder / "initrd", folder / "disk.qcow2", translated_mib=translated_mib
    )
    card = Card("02:4d:00:00:00:01", folder / "net0", folder / "port0")
    return Emulator(files, Connections(gpio, line, (card,)), folder)
