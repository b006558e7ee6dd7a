"""What the files of firmware-config may contain: names and forms of values, with the source.

A name that is not here is a typing error, or a new one whose source belongs here.
"""

from __future__ import annotations

SECTIONS = {"all", "pi4", "cm4", "pi5"}

# Raspberry Pi documentation, config.txt. dtoverlay, dtparam and gpio have tables of their own.
CONFIG_TXT = {
    "kernel_watchdog_timeout": r"\d{1,3}",
    "camera_auto_detect": r"[01]",
    "display_auto_detect": r"[01]",
    "otg_mode": r"[01]",
    "enable_uart": r"[01]",
    "arm_64bit": r"[01]",
}
# raspberrypi/firmware, boot/overlays/README, "The base DTB".
DTPARAM = {
    "watchdog": r"on|off",
    "i2c_vc": r"on|off",
    "rtc_bbat_vchg": r"3000000",
}
# The same README: parameters of each overlay, and the model that it is for.
OVERLAYS: dict[str, tuple[set[str], set[str]]] = {
    "disable-bt": (set(), {"pi4", "cm4"}),
    "uart4": ({"ctsrts"}, {"pi4", "cm4"}),
    "uart0-pi5": ({"ctsrts"}, {"pi5"}),
    "uart3-pi5": ({"ctsrts"}, {"pi5"}),
    "i2c-rtc": ({"ds3231", "pcf85063a", "i2c_csi_dsi"}, {"pi4", "cm4"}),
    "stratopi": (set(), {"all"}),  # sfera-labs/strato-pi-kernel-module, stratopi.dts
}
# Raspberry Pi documentation, config.txt, "gpio".
GPIO = r"gpio=(?P<pins>\d+(-\d+)?(,\d+(-\d+)?)*)=(?P<what>(ip|op|a[0-5])(,(dh|dl|pu|pd|pn|np))*)"
GPIO_MAX = 27

# Kernel documentation: admin-guide/kernel-parameters and watchdog/watchdog-parameters;
# systemd-fsck@.service(8).
KERNEL = {
    "watchdog.open_timeout": r"\d+",
    "bcm2835_wdt.nowayout": r"1",
    "panic": r"\d+",
    "oops": r"panic",
    "fsck.repair": r"yes|no|preen",
}
# Raspberry Pi documentation, "Raspberry Pi bootloader configuration".
EEPROM = {
    "BOOT_ORDER": r"0x[0-9a-f]{1,8}",
    "POWER_OFF_ON_HALT": r"[01]",
    "WAKE_ON_GPIO": r"[012]",
    "WAIT_FOR_POWER_BUTTON": r"[01]",
    "BOOT_WATCHDOG_TIMEOUT": r"\d+",
    "BOOT_UART": r"[01]",
}
# Kernel documentation, admin-guide/sysctl/kernel and vm.
SYSCTL = {
    "kernel.panic": r"\d+",
    "kernel.panic_on_oops": r"[01]",
    "kernel.softlockup_panic": r"[01]",
    "kernel.sched_rt_runtime_us": r"\d+",
    "kernel.sysrq": r"\d+",
    "vm.panic_on_oom": r"[012]",
    "vm.swappiness": r"\d+",
    "vm.dirty_bytes": r"\d+",
    "vm.dirty_background_bytes": r"\d+",
}
_SPAN = r"\d+(s|min|m|h)?"
_SIZE = r"\d+[KMG]?"
# journald.conf(5).
JOURNALD = {
    "Storage": r"volatile|persistent|auto|none",
    "SystemMaxUse": _SIZE,
    "SystemMaxFileSize": _SIZE,
    "RuntimeMaxUse": _SIZE,
    "SyncIntervalSec": _SPAN,
    "RateLimitIntervalSec": _SPAN,
    "RateLimitBurst": r"\d+",
    "ForwardToSyslog": r"yes|no",
}
# systemd-system.conf(5).
MANAGER = {
    "RuntimeWatchdogSec": rf"off|{_SPAN}",
    "RebootWatchdogSec": rf"off|{_SPAN}",
    "KExecWatchdogSec": rf"off|{_SPAN}",
    "CtrlAltDelBurstAction": r"none|(reboot|poweroff)-(force|immediate)",
    "DefaultTimeoutStopSec": _SPAN,
}
# chrony.conf(5).
CHRONY = {
    "makestep": r"[\d.]+ -?\d+",
    "leapsecmode": r"system|step|slew|ignore",
    "maxslewrate": r"[\d.]+",
    "rtcsync": r"",
}
# udev(7): keys that are compared, and keys that are set.
UDEV_MATCH = {"ACTION", "SUBSYSTEM", "DRIVER", "KERNEL", "KERNELS", "ATTR", "ATTRS", "ENV"}
UDEV_ASSIGN = {"ATTR", "ENV", "SYMLINK", "GROUP", "MODE", "TAG"}
# fstab(5), mount(8), ext4(5), vfat; systemd.mount(5).
FSTAB_OPTIONS = {
    "ro",
    "noatime",
    "nodev",
    "nosuid",
    "noexec",
    "nofail",
    "errors=remount-ro",
    "x-systemd.device-timeout=10s",
}
