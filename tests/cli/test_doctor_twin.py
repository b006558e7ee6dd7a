"""The doctor on one of two gateways: key, own addresses, cable, peer."""

from __future__ import annotations

import json
import os
import pty
from pathlib import Path

import pytest

from edge.adapters.hardware import HardwareIdentity
from edge.cli.doctor import command, twin
from edge.cli.doctor.result import CheckResult, Verdict, fail, ok, warn
from edge.config.io import PathPlan
from edge.keeper.requests import Answer
from edge.model.twin_status import PathStatus, TwinStatus
from tests.cli.answers import ANSWER
from tests.cli.conftest import FakeKeeper, Invoke
from tests.cli.plant import SITE, write_site
from tests.keeper.pair import ACTIVE, seen

_KEY = f"7 {bytes(range(32)).hex()} # made by a test\n"


def _key_file(folder: Path, mode: int = 0o600, text: str = _KEY) -> Path:
    path = folder / "twin.key"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_key_that_only_the_service_reads_is_sound(tmp_path: Path) -> None:
    path = _key_file(tmp_path, text=f"{_KEY}3 {bytes(range(1, 33)).hex()}\n")
    assert twin.check_key(str(path), {}) == ok("twin key", "2 in force, id 7 is used")


def test_key_that_others_may_read_fails_and_is_not_shown(tmp_path: Path) -> None:
    path = _key_file(tmp_path, 0o644)
    found = twin.check_key(str(path), {})
    assert found == fail(
        "twin key",
        "others may use the key file: 0644",
        f"chmod 600 {path}; if others may have read it, make a new key",
    )
    assert bytes(range(32)).hex() not in str(found)


@pytest.mark.parametrize(
    ("text", "what"), [("", "number of keys: 0"), ("7 zz\n", "not a key"), (_KEY * 2, "twice")]
)
def test_key_file_without_a_meaning_fails(tmp_path: Path, text: str, what: str) -> None:
    found = twin.check_key(str(_key_file(tmp_path, text=text)), {})
    assert found.verdict is Verdict.FAIL
    assert what in found.found


def test_key_that_is_missing_says_how_to_make_one(tmp_path: Path) -> None:
    found = twin.check_key(str(tmp_path / "none.key"), {})
    assert found.verdict is Verdict.FAIL
    assert found.advice == "make one with `denban key new` on one unit and copy it to the other"


def test_path_needs_an_address_of_this_machine() -> None:
    own = PathPlan("net0", "127.0.0.1", "127.0.0.2", 47474)
    assert twin.check_path(own) == ok("twin path net0", "127.0.0.1 to 127.0.0.2, port 47474")
    for host in ("192.0.2.1", "2001:db8::1"):
        found = twin.check_path(PathPlan("net1", host, "192.0.2.2", 47474))
        assert found.verdict is Verdict.FAIL
        assert found.found.startswith(f"{host} is not of this machine (")


def test_serial_path_needs_its_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    controller, device = pty.openpty()
    name = os.ttyname(device)
    path = PathPlan("serial", device=name)
    assert twin.check_path(path) == ok("twin path serial", name)
    monkeypatch.setattr(twin.os, "access", lambda _path, _mode: False)
    assert twin.check_path(path).found == f"{name}: no permission"
    missing = PathPlan("serial", device=str(tmp_path / "tty"))
    assert twin.check_path(missing).found == f"{tmp_path}/tty is missing"
    os.close(controller)
    os.close(device)


def _peer(pair: TwinStatus) -> CheckResult:
    return twin.check_peer(Answer(ok=True, twin=pair))


def test_peer_is_what_the_controller_hears_of_it() -> None:
    unknown = warn(
        "twin peer", "not known: no controller tells of it", "start it, then check again"
    )
    assert [twin.check_peer(None), twin.check_peer(Answer(ok=False))] == [unknown, unknown]
    assert _peer(ACTIVE) == ok("twin peer", "EG-MINAMI is heard on 2 paths, standby")
    silent = seen(ACTIVE, peer_heard=False, peer_age_s=65.0)
    never = seen(ACTIVE, peer_heard=False, peer_age_s=None)
    assert [(found.verdict, found.found) for found in map(_peer, (silent, never))] == [
        (Verdict.FAIL, "EG-MINAMI is not heard (not for 1 min 05 s)"),
        (Verdict.FAIL, "EG-MINAMI is not heard (never)"),
    ]
    one_path = seen(ACTIVE, paths=(PathStatus("net0", True, 0.1), PathStatus("net1", False, None)))
    drifts = (one_path, seen(ACTIVE, peer_same_plan=False), seen(ACTIVE, peer_same_site_file=False))
    assert [(found.verdict, found.found) for found in map(_peer, drifts)] == [
        (Verdict.WARN, "EG-MINAMI is heard, but not on net1"),
        (Verdict.WARN, "EG-MINAMI has another plan"),
        (Verdict.WARN, "EG-MINAMI has another site file"),
    ]


def test_doctor_of_a_pair_checks_key_paths_and_peer(
    tmp_path: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch, keeper: FakeKeeper
) -> None:
    monkeypatch.setattr(
        command, "read_hardware_identity", lambda **_: HardwareIdentity("10000000a1b2c3d4", "test")
    )
    keeper.answer = lambda _request: Answer(
        ok=True, identity=ANSWER.identity, status=ANSWER.status, twin=ACTIVE
    )
    pair = SITE.replace(
        'hardware_serial = "10000000a1b2c3d4"\n',
        'hardware_serial = "10000000a1b2c3d4"\naddresses = ["127.0.0.1"]\n'
        '[unit.EG-MINAMI]\nhardware_serial = "77"\naddresses = ["127.0.0.2"]\n'
        f'[twin]\nkey_file = "{_key_file(tmp_path, 0o640)}"\n',
    )
    site = write_site(tmp_path, pair)
    made = {
        one["name"]: one for one in json.loads(invoke("doctor", "--site", site, "--json").stdout)
    }
    assert [(name, made[name]["verdict"]) for name in made if name.startswith("twin ")] == [
        ("twin key", "fail"),
        ("twin path net0", "ok"),
        ("twin peer", "ok"),
    ]


def test_key_that_is_roots_alone_is_told_to_another_user_by_its_mode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _key_file(tmp_path)
    monkeypatch.setattr(twin.os, "access", lambda _path, _mode: False)
    found = f"{path} is there, closed to this user; run this as root to look into it"
    assert twin.check_key(str(path), {}) == ok("twin key", found)
    path.chmod(0o640)
    assert twin.check_key(str(path), {}) == fail(
        "twin key", f"{path} is open to others, 0640", f"sudo chmod 600 {path}"
    )
