"""What the image is built from, decided without building one."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from hil.machine.boot_image import read_image
from hil.machine.image import __main__ as command
from hil.machine.image import build as whole
from hil.machine.image import disk, kernel, product, tools
from hil.machine.image.base import Base, base_of
from hil.machine.image.kernel import Kernel, kernel_of
from hil.machine.image.tools import BuildError

NO_TOOL = "mke2fs is missing"


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A product of few files instead of ours."""
    root = tmp_path / "source"
    for name in ("edge/__init__.py", "edge/__pycache__/x.pyc", "systemd/denban.service"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("1")
    (root / "pyproject.toml").write_text(
        '[project]\nversion = "9.8"\ndependencies = ["x>=1"]\n[build-system]\nrequires = ["y"]\n'
    )
    (root / "Makefile").write_text("")
    (root / "hil/guest").mkdir(parents=True)
    (root / "hil/guest/agent.py").write_text("1")
    (root / "hil/image").mkdir()
    (root / "hil/image/build.py").write_text("1")
    monkeypatch.setattr(product, "ROOT", root)
    monkeypatch.setattr(disk, "GUEST_FILES", root / "hil/guest")
    monkeypatch.setattr(whole, "__file__", str(root / "hil/image/build.py"))
    return root


@pytest.mark.parametrize(
    "changed",
    ["edge/__init__.py", "systemd/denban.service", "pyproject.toml", "Makefile",
     "hil/guest/agent.py", "hil/image/build.py", "edge/new.toml"],
)  # fmt: skip
def test_inputs_with_another_file_of_product_or_guest_have_another_key(
    source: Path, changed: str
) -> None:
    before = whole.inputs_key("base")
    (source / changed).write_text("2")
    assert whole.inputs_key("base") != before


def test_inputs_with_compiled_files_have_the_same_key(source: Path) -> None:
    before = whole.inputs_key("base")
    (source / "edge/__pycache__/x.pyc").write_text("2")
    (source / "hil/image/x.pyc").write_text("2")
    assert whole.inputs_key("base") == before
    assert whole.inputs_key("another base") != before


def test_base_from_other_sources_is_another(tmp_path: Path) -> None:
    ours = base_of(tmp_path, ())
    assert base_of(tmp_path, ()) == ours
    assert base_of(tmp_path, ("deb file:/mirror bookworm main",)).folder != ours.folder
    assert not ours.is_made


def test_image_that_fits_its_inputs_is_not_built_again(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = base_of(tmp_path / "cache", ())
    base.folder.mkdir(parents=True)
    (base.folder / "made").touch()
    key = whole.inputs_key(base.key)
    (tmp_path / whole.MANIFEST).write_text(json.dumps({"inputs": key}))
    assert whole.build(tmp_path) is False

    def refuse() -> None:
        raise BuildError("it would be built")

    monkeypatch.setattr(whole, "require_tools", refuse)
    (source / "edge/__init__.py").write_text("2")
    with pytest.raises(BuildError, match="would be built"):
        whole.build(tmp_path)


def test_kernel_is_the_one_among_the_packages(tmp_path: Path) -> None:
    base = Base("key", tmp_path)
    base.debs.mkdir()
    for name in (
        "linux-image-6.1.0-56-amd64_6.1.192-2_amd64.deb",
        "linux-headers-6.1.0-56-amd64_6.1.192-2_amd64.deb",
        "linux-source-6.1_6.1.192-2_all.deb",
    ):
        (base.debs / name).touch()
    found = kernel_of(base)
    assert (found.release, found.version) == ("6.1.0-56-amd64", "6.1.192-2")
    assert found.folder.parent == base.folder


def test_driver_that_asks_otherwise_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A patch that no longer meets its line would give a driver that counts no pulses."""
    driver = tmp_path / "gpio-virtio.c"
    driver.write_text("if (virtio_has_feature(vdev, VIRTIO_GPIO_F_IRQS)) {")
    monkeypatch.setattr(kernel, "_unpack_driver", lambda *_: driver)
    with pytest.raises(BuildError, match="got 0 times"):
        kernel._build_driver(Kernel("6.1", "6.1", tmp_path), tmp_path)


def test_interpreter_of_another_release_is_refused(tmp_path: Path) -> None:
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "usr/bin/python3").symlink_to("python3.9")
    with pytest.raises(BuildError, match=r"image's interpreter is python3\.9"):
        product.install(tmp_path, tmp_path)


def test_tools_that_are_missing_are_named_by_their_packages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def which(program: str, path: str) -> str | None:
        return None if program in {"depmod", "modprobe", "qemu-img"} else f"{path}/{program}"

    monkeypatch.setattr(tools.shutil, "which", which)
    monkeypatch.setattr(tools, "_KEYRING", Path(__file__))
    assert tools.missing_packages() == ["kmod", "qemu-utils"]


def test_build_without_root_says_how_it_can_be_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools.os, "geteuid", lambda: 1000)
    with pytest.raises(BuildError, match="unshare"):
        tools.require_tools()


def test_tool_that_fails_is_told_with_what_it_said() -> None:
    with pytest.raises(BuildError, match=r"(?s)exit code 3.*no room"):
        tools.run("sh", "-c", "echo no room >&2; exit 3")


def test_step_that_fails_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(BuildError), tools.step("disk"):
        raise BuildError
    assert capsys.readouterr().out == "disk ... failed\n"


def test_command_that_can_not_build_says_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object, **__: object) -> bool:
        raise BuildError("no room")

    monkeypatch.setattr(command, "build", refuse)
    monkeypatch.setattr("sys.argv", ["image"])
    assert command.main() == 1
    assert capsys.readouterr().err == "image: no room\n"


@pytest.mark.skipif(shutil.which("mke2fs", path=tools._PLACES) is None, reason=NO_TOOL)
def test_root_has_the_trees_files_a_journal_and_room(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "etc").mkdir(parents=True)
    (tree / "etc/hostname").write_text("denban\n")
    image = tmp_path / "root.ext4"
    disk.make_root(tree, image)
    said = _debugfs(image, "cat /etc/hostname")
    assert said == "denban\n"
    told = _debugfs(image, "show_super_stats -h")
    assert "has_journal" in told
    assert image.stat().st_size >= disk._ROOM_MIB << 20


def _debugfs(image: Path, order: str) -> str:
    words = ["debugfs", "-R", order, str(image)]
    path = {"PATH": tools._PLACES}
    return subprocess.run(words, env=path, capture_output=True, text=True, check=True).stdout


def test_masked_units_are_no_part_of_what_is_tested() -> None:
    masked = disk._masked()
    assert len(masked) == len(set(masked))
    needed = {
        "denban.service", "denban-agent.service", "denban-paths.service", "systemd-udevd.service",
        "systemd-journald.service", "systemd-tmpfiles-setup.service",
    }  # fmt: skip
    assert needed.isdisjoint(masked)


def test_manifest_has_what_the_bench_boots(tmp_path: Path) -> None:
    about = {"files": {"kernel": "vmlinuz", "initrd": "initrd.cpio", "root": "root.ext4"}}
    (tmp_path / whole.MANIFEST).write_text(json.dumps(about))
    image = read_image(tmp_path)
    assert [image.kernel, image.initrd, image.root] == [
        tmp_path / name for name in (whole._KERNEL, whole._INITRD, "root.ext4")
    ]


def test_root_of_other_inputs_lies_beside_the_one_before(tmp_path: Path) -> None:
    """A machine that is switched on again finds below its disk what was there before."""
    oldest, before, now = (whole.root_name(key * 20) for key in "abc")
    for name in (oldest, before, now):
        (tmp_path / name).touch()
    whole.drop_roots(tmp_path, {now, before})
    assert {path.name for path in tmp_path.iterdir()} == {now, before}
