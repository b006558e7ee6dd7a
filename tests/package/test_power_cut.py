"""An upgrade whose power goes before each single change of the disk: a whole release is in use, and
the same package installed once more ends the upgrade.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.package.machine import NEW, OLD, Machine, PowerCutError

pytestmark = pytest.mark.skipif(shutil.which("dpkg") is None, reason="dpkg is missing")
# Fewer would mean that the programs of the scripts are no longer seen.
STEPS_MIN = 30


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """OLD runs; each case begins with a copy of it."""
    folder = tmp_path_factory.mktemp("power-cut") / "installed"
    machine = Machine(folder)
    assert machine.install(OLD) == (0, "")
    machine.note("steps", "0\n")
    machine.note("ActiveState", "active")
    return folder


def _begun(installed: Path, folder: Path, cut: int | None, *notes: str) -> Machine:
    shutil.copytree(installed, folder, symlinks=True)
    machine = Machine(folder)
    machine.cut = cut
    for note in notes:
        machine.note(note)
    return machine


def _resume(machine: Machine) -> None:
    """As dpkg does: what is unpacked is configured, what is not is unpacked once more."""
    if machine.noted("dpkg") == "unpacked":
        assert machine.configure(NEW, OLD) == (0, "")
        return
    assert machine.script(NEW, "preinst", "upgrade", OLD, NEW).returncode == 0
    machine.unpack(NEW, OLD)
    assert machine.configure(NEW, OLD) == (0, "")


def _upgrade(machine: Machine) -> None:
    machine.note("dpkg", "half-installed")
    assert machine.script(OLD, "prerm", "upgrade", NEW).returncode == 0
    assert machine.script(NEW, "preinst", "upgrade", OLD, NEW).returncode == 0
    machine.unpack(NEW, OLD)
    assert machine.script(OLD, "postrm", "upgrade", NEW).returncode == 0
    machine.note("dpkg", "unpacked")
    assert machine.configure(NEW, OLD) == (0, "")


@pytest.mark.slow
def test_upgrade_cut_at_any_step_leaves_a_whole_release_and_ends_the_next_time(
    installed: Path, tmp_path: Path
) -> None:
    whole = _begun(installed, tmp_path / "whole", None)
    _upgrade(whole)
    assert whole.steps >= STEPS_MIN
    used: list[str] = []
    for cut in range(1, whole.steps + 1):
        machine = _begun(installed, tmp_path / str(cut), cut)
        with pytest.raises(PowerCutError):
            _upgrade(machine)
        used.append(machine.in_use)
        assert machine.is_whole(machine.in_use), (cut, machine.in_use)
        machine.boot()
        _resume(machine)
        assert (machine.in_use, machine.kept) == (f"releases/{NEW}", [OLD]), cut
        assert machine.is_whole(f"releases/{NEW}"), cut
        assert machine.is_whole(f"kept/{OLD}"), cut
        assert set(machine.units().values()) == {f"# {NEW}"}, cut
        assert machine.enabled == [f"denban-since-{NEW}.path", "denban.service"], cut
        shutil.rmtree(tmp_path / str(cut))
    assert sorted(set(used)) == [f"kept/{OLD}", f"releases/{OLD}", f"releases/{NEW}"]
    # Once left it never comes back: the old place, the copy, the new one.
    assert used == sorted(used, key=[f"releases/{OLD}", f"kept/{OLD}", f"releases/{NEW}"].index)


@pytest.mark.slow
def test_taking_back_cut_at_any_step_leaves_a_whole_release(
    installed: Path, tmp_path: Path
) -> None:
    whole = _begun(installed, tmp_path / "whole", None, f"broken-{NEW}")
    begun = _until_use(whole)
    for cut in range(begun + 1, whole.steps + 1):
        machine = _begun(installed, tmp_path / str(cut), cut, f"broken-{NEW}")
        with pytest.raises(PowerCutError):
            machine.install(NEW, OLD)
        assert machine.is_whole(machine.in_use), (cut, machine.in_use)
        assert machine.is_whole(f"kept/{OLD}"), cut
        machine.boot()
        code, _ = machine.configure(NEW, OLD)
        assert (code, machine.in_use) == (1, f"kept/{OLD}"), cut
        assert machine.is_whole(f"kept/{OLD}"), cut
        shutil.rmtree(tmp_path / str(cut))


def _until_use(machine: Machine) -> int:
    """Steps before the last script, which does the whole of an upgrade that is taken back."""
    assert machine.script(NEW, "preinst", "upgrade", OLD, NEW).returncode == 0
    machine.unpack(NEW, OLD)
    steps = machine.steps
    assert machine.configure(NEW, OLD)[0] == 1
    return steps
