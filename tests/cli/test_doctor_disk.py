"""The disk under the store: mount tables and sysfs files as kernels write them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from edge.cli.doctor import disk
from edge.cli.doctor.disk import check_disk, check_errors, check_mount, check_wear, mount_of
from edge.cli.doctor.result import CheckResult, Verdict, fail, ok, warn

STORE = Path("/var/lib/denban")
ROOT_LINE = "22 1 179:2 / / rw,noatime shared:1 - ext4 /dev/mmcblk0p2 rw,errors=remount-ro"
OVERLAY_LINE = "22 1 0:24 / / rw,relatime shared:1 - overlay overlayroot rw,lowerdir=/media/root-ro"
BOOT_LINE = "40 22 179:1 / /boot/firmware ro,noatime shared:2 - vfat /dev/mmcblk0p1 ro"
DATA_LINE = "41 22 179:3 / /var/lib/denban rw,noatime shared:3 - ext4 /dev/mmcblk0p3 rw,commit=30"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _checked(root: Path, *lines: str) -> CheckResult:
    _write(root / "proc/self/mountinfo", "\n".join(lines) + "\n")
    mounts = disk.read_mounts(root)
    mount = mount_of(STORE, mounts)
    assert mount is not None
    return check_mount(STORE, mount, mounts)


def test_store_on_a_partition_of_its_own_is_right(tmp_path: Path) -> None:
    own = "/var/lib/denban on /dev/mmcblk0p3 (ext4), mounted on /var/lib/denban"
    for system in (ROOT_LINE, OVERLAY_LINE):
        assert _checked(tmp_path, system, BOOT_LINE, DATA_LINE) == ok("store disk", own)


def test_store_beside_the_system_is_a_warning(tmp_path: Path) -> None:
    found = _checked(tmp_path, ROOT_LINE, BOOT_LINE)
    assert found == warn(
        "store disk",
        "/var/lib/denban on /dev/mmcblk0p2 (ext4), mounted on /",
        "a full system disk stops the records: a partition of its own, firmware-config",
    )


def test_store_on_a_disk_that_errors_made_read_only_is_a_failure(tmp_path: Path) -> None:
    """errors=remount-ro changes the options of the file system, the last field, not the mount's."""
    found = _checked(tmp_path, ROOT_LINE, DATA_LINE.replace("ext4 /dev/mmcblk0p3 rw", "ext4 x ro"))
    assert found.verdict is Verdict.FAIL
    assert found.found == "/var/lib/denban on x (ext4), mounted on /var/lib/denban, read-only"


def test_store_in_memory_because_its_partition_is_not_mounted_is_a_failure(tmp_path: Path) -> None:
    found = _checked(tmp_path, OVERLAY_LINE, BOOT_LINE)
    assert found == fail(
        "store disk",
        "/var/lib/denban on overlayroot (overlay), mounted on /, in memory",
        "what is written is gone at the next start: is the data partition mounted?",
    )


def test_mount_over_another_is_the_one_that_counts(tmp_path: Path) -> None:
    later = DATA_LINE.replace("/dev/mmcblk0p3", "/dev/sda1")
    assert "/dev/sda1" in _checked(tmp_path, ROOT_LINE, DATA_LINE, later).found


def test_errors_of_a_file_system_are_a_failure(tmp_path: Path) -> None:
    assert check_errors(tmp_path) == ok("disk errors", "not told by the kernel")
    _write(tmp_path / "sys/fs/ext4/mmcblk0p2/errors_count", "0\n")
    assert check_errors(tmp_path) == ok("disk errors", "none on 1 file systems")
    _write(tmp_path / "sys/fs/ext4/mmcblk0p3/errors_count", "7\n")
    found = check_errors(tmp_path)
    assert (found.verdict, found.found) == (Verdict.FAIL, "7 on mmcblk0p3")


@pytest.mark.parametrize(
    ("life", "spare", "verdict", "found"),
    [
        ("0x01 0x02", "0x01", Verdict.OK, "up to 20 % of its life used"),
        ("0x08 0x01", "0x01", Verdict.WARN, "up to 80 % of its life used"),
        ("0x0b 0x01", "0x01", Verdict.FAIL, "beyond its life"),
        (
            "0x01 0x01",
            "0x03",
            Verdict.FAIL,
            "up to 10 % of its life used, nearly all of its spare blocks are used",
        ),
    ],
)
def test_wear_that_an_emmc_tells(
    tmp_path: Path, life: str, spare: str, verdict: Verdict, found: str
) -> None:
    _write(tmp_path / "sys/bus/mmc/devices/mmc0:0001/life_time", f"{life}\n")
    _write(tmp_path / "sys/bus/mmc/devices/mmc0:0001/pre_eol_info", f"{spare}\n")
    (result,) = check_wear(tmp_path)
    assert (result.name, result.verdict, result.found) == ("eMMC mmc0:0001", verdict, found)


def test_wear_of_a_card_that_tells_nothing_is_no_line(tmp_path: Path) -> None:
    (tmp_path / "sys/bus/mmc/devices/mmc0:aaaa").mkdir(parents=True)
    _write(tmp_path / "sys/bus/mmc/devices/mmc1:0001/life_time", "0x00 0x00\n")
    assert check_wear(tmp_path) == []


def test_inodes_that_run_out_are_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    states = iter([(0, 0), (5000, 999), (5000, 1000)])

    def told(_path: object) -> SimpleNamespace:
        files, available = next(states)
        return SimpleNamespace(f_files=files, f_favail=available)

    monkeypatch.setattr(disk.os, "statvfs", told)
    verdicts = [disk.check_inodes(tmp_path / "new").verdict for _ in range(3)]
    assert verdicts == [Verdict.OK, Verdict.FAIL, Verdict.OK]


def test_disk_of_this_machine_is_told_without_root(tmp_path: Path) -> None:
    names = [result.name for result in check_disk(tmp_path)]
    assert names[:3] == ["store disk", "disk inodes", "disk errors"]
    assert [result.name for result in check_disk(tmp_path, tmp_path)] == [
        "disk inodes",
        "disk errors",
    ]
