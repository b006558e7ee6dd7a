"""The command line of one emulated gateway: what hardware it has, and to what that is connected.

Pure. A machine is the same hardware in the same slots whether it boots cold or is restored, for a
saved state fits no other; what cannot be saved is plugged in at run time, see `PLUGGED`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec

PROGRAM: Final = "qemu-system-x86_64"
MEMORY_MIB: Final = 256
SAVED_STATE: Final = "ready"
AGENT_PORT: Final = "org.denban.agent"
USB_ID: Final = "rs485"
USB_CHARDEV: Final = "rs485-line"
GPIO_ID: Final = "gpio"
GPIO_CHARDEV: Final = "gpio-board"

# Room for translated code. When it is full all of it is thrown away and made anew, and a guest on
# duty stands for a second or two, see Emulator.is_worn. Only what is used is taken.
TRANSLATED_MIB: Final = 1024
# Without acceleration. On the default processor lgpio's wheel dies of an illegal instruction.
_MACHINE: Final = (
    *("-M", "q35,memory-backend=mem", "-cpu", "Nehalem", "-smp", "1"),
    *("-nodefaults", "-no-user-config", "-display", "none"),
    # A reset ends the emulator, and the machine goes on in another: see Emulator.
    *("-device", "i6300esb,addr=0x10", "-action", "watchdog=reset,reboot=shutdown"),
    *("-device", "qemu-xhci,id=xhci,addr=0x11"),
    *("-device", "pcie-root-port,id=slot0,chassis=1,addr=0x12"),  # GPIO, which can't be saved
    *("-device", "virtio-rng-pci,addr=0x13"),
    # What a guest does to a USB device, a line each in the emulator's own log: see Emulator.
    *("-trace", "usb_set_config"),
)
_KERNEL_WORDS: Final = (
    "console=ttyS0 net.ifnames=0 8250.nr_uarts=1 mitigations=off nokaslr no_timer_check"
    " random.trust_cpu=on norandmaps systemd.show_status=false panic=0 rw"
    # norandmaps: the same code at the same place is translated once. preempt=full: as kernels of
    # gateways in the field are, what is urgent waits for no chore of the kernel.
    " preempt=full"
)


class Card(msgspec.Struct, frozen=True):
    """A network card: its address, its own socket, the switch's socket on the other end."""

    mac: str
    own: Path
    switch: Path


class Connections(msgspec.Struct, frozen=True):
    """Where a machine's hardware ends. The board and the line's hub listen at theirs."""

    gpio: Path
    line: Path
    cards: tuple[Card, ...]


class BootFiles(msgspec.Struct, frozen=True):
    """What a machine boots from. `disk` is its own; the `layers` are read only, and everybody's.
    `uuid` is what its firmware says that it is, where it says anything.
    """

    kernel: Path
    initrd: Path
    disk: Path
    layers: tuple[Path, ...] = ()
    kernel_words: str = ""
    uuid: str = ""
    memory_mib: int = MEMORY_MIB
    translated_mib: int = TRANSLATED_MIB


def command_line(
    files: BootFiles,
    connections: Connections,
    folder: Path,
    console: Path,
    *,
    devices: frozenset[str] = frozenset({GPIO_ID, USB_ID}),
    restored: bool = False,
) -> list[str]:
    """`folder` gets the sockets `qmp` and `agent`. `devices`: which of those that can be plugged
    are there from the start. With `restored` it goes on from the state saved in its disk.
    """
    words = [PROGRAM, *_MACHINE, *_boot(files), *_consoles(folder, console)]
    for place, card in enumerate(connections.cards):
        words += _card(place, card)
    for name in sorted(devices):
        words += ["-chardev", _chardev(name, connections)]
        words += ["-device", msgspec.json.encode(device(name)).decode()]
    return [*words, "-loadvm", SAVED_STATE] if restored else words


def _boot(files: BootFiles) -> list[str]:
    words = ["-accel", f"tcg,thread=multi,tb-size={files.translated_mib}"]
    words += ["-m", str(files.memory_mib)]
    words += ["-object", f"memory-backend-memfd,id=mem,size={files.memory_mib}M,share=on"]
    words += ["-kernel", str(files.kernel), "-initrd", str(files.initrd)]
    words += ["-append", f"{_KERNEL_WORDS} {files.kernel_words}".strip()]
    if files.uuid:
        words += ["-uuid", files.uuid]
    # Written through to the host's files at the guest's own flushes: what it has flushed survives.
    words += ["-drive", f"if=none,id=disk0,file={files.disk},format=qcow2,cache=writeback"]
    words += ["-device", "virtio-blk-pci,drive=disk0,addr=0x14"]
    for place, layer in enumerate(files.layers, start=1):
        words += ["-drive", f"if=none,id=disk{place},file={layer},format=raw,readonly=on"]
        words += ["-device", f"virtio-blk-pci,drive=disk{place},addr={0x14 + place:#x}"]
    return words


def _consoles(folder: Path, console: Path) -> list[str]:
    return [
        *("-chardev", f"file,id=console,path={console}", "-serial", "chardev:console"),
        *("-qmp", f"unix:{folder / 'qmp'},server=on,wait=off"),
        *("-device", "virtio-serial-pci,addr=0x18"),
        *("-chardev", f"socket,id=agent,path={folder / 'agent'},server=on,wait=off"),
        *("-device", f"virtserialport,chardev=agent,name={AGENT_PORT}"),
    ]


def _card(place: int, card: Card) -> list[str]:
    ends = f"local.type=unix,local.path={card.own},remote.type=unix,remote.path={card.switch}"
    options = f"netdev=net{place},mac={card.mac},addr={0x19 + place:#x}"
    return [
        *("-netdev", f"dgram,id=net{place},{ends}"),
        *("-device", f"virtio-net-pci,romfile=,{options}"),
    ]


def _chardev(name: str, connections: Connections) -> str:
    chardev, path = chardev_of(name, connections)
    return f"socket,id={chardev},path={path}"


def chardev_of(name: str, connections: Connections) -> tuple[str, Path]:
    """Name and path of the connection of a device that can be plugged."""
    return {
        GPIO_ID: (GPIO_CHARDEV, connections.gpio),
        USB_ID: (USB_CHARDEV, connections.line),
    }[name]


def device(name: str) -> dict[str, Any]:
    """What is plugged, as `device_add` takes it."""
    if name == GPIO_ID:
        return {
            "driver": "vhost-user-gpio-pci",
            "id": GPIO_ID,
            "chardev": GPIO_CHARDEV,
            "bus": "slot0",
        }
    assert name == USB_ID, name
    return {
        "driver": "usb-serial",
        "id": USB_ID,
        "chardev": USB_CHARDEV,
        "bus": "xhci.0",
        "port": "1",
        "serial": "RS485A",
        "always-plugged": True,
    }
