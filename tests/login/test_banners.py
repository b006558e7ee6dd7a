"""What is shown after a login (by the script) and before one (by root's program)."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge.root.login import main, page
from tests.login.shells import LOGIN, TOLD, put_identity, run, uptime_s

ROLE = f"1|2026-04-01 00:00:00 UTC|{TOLD}\n"
HOST = os.uname().nodename


@pytest.fixture
def root(tmp_path: Path) -> Path:
    place = tmp_path / "root/usr/lib/denban"
    place.mkdir(parents=True)
    (place / "prompt.sh").write_text((LOGIN / "prompt.sh").read_text())
    return tmp_path / "root"


def _motd(root: Path, folder: Path) -> str:
    given = {"DENBAN_ROOT": str(root), "LANG": "", "TERM": ""}
    return run(["sh"], f". {LOGIN}/motd.sh", folder, **given)


def _put_command(root: Path, script: str) -> None:
    path = root / "usr/bin/denban"
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_motd_says_the_unit_the_other_and_the_duty(root: Path, tmp_path: Path) -> None:
    put_identity(tmp_path, uptime_s())
    assert _motd(root, tmp_path) == (
        "EG-KITA ■ ACTIVE  Rolling mill\nThe other unit is EG-MINAMI, □ STANDBY.\n"
    )


def test_motd_of_a_dead_controller_names_the_unit_without_the_command(
    root: Path, tmp_path: Path
) -> None:
    _put_command(root, "echo asked")
    put_identity(tmp_path, uptime_s() - 60)
    assert _motd(root, tmp_path) == (
        "EG-KITA ? UNKNOWN  Rolling mill\n"
        "The controller does not run, or hangs: see systemctl status denban.\n"
    )


def test_motd_of_a_controller_that_never_ran_asks_the_command(root: Path, tmp_path: Path) -> None:
    _put_command(root, 'echo "$@"')
    site = f"{root}/etc/denban/site.toml"
    assert _motd(root, tmp_path) == f"whoami --banner --site {site}\n"


@pytest.mark.parametrize("script", ["sleep 60", "trap '' TERM; while :; do :; done", "exit 1"])
def test_motd_never_holds_a_login_up(root: Path, tmp_path: Path, script: str) -> None:
    _put_command(root, script)
    begin_s = time.monotonic()
    assert _motd(root, tmp_path).startswith(f"{HOST}  ? UNKNOWN\n")
    assert time.monotonic() - begin_s < 20


def test_banner_before_a_login_is_the_role_and_in_ascii_for_the_console(tmp_path: Path) -> None:
    role = tmp_path / "run/denban-login/role"
    role.parent.mkdir(parents=True)
    role.write_text(ROLE)
    done = subprocess.run(
        [sys.executable, "-m", "edge.root.login", str(tmp_path)], check=True, umask=0o077
    )
    assert done.returncode == 0
    banner, issue = tmp_path / "run/denban-banner", tmp_path / "run/denban-issue"
    assert banner.read_text() == (
        "EG-KITA  ■ ACTIVE  Rolling mill\n"
        "The other unit is EG-MINAMI, □ STANDBY.\n"
        "(since 2026-04-01 00:00:00 UTC)\n\n"
    )
    assert issue.read_text() == (
        "EG-KITA  [#] ACTIVE  Rolling mill\n"
        "The other unit is EG-MINAMI, [ ] STANDBY.\n"
        "(since 2026-04-01 00:00:00 UTC)\n\n"
    )
    assert {path.stat().st_mode & 0o777 for path in (banner, issue)} == {0o644}
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
        "denban-banner",
        "denban-issue",
        "denban-login",
    ]


UNKNOWN = f"{HOST}  ? UNKNOWN\nA gateway of Denban whose controller does not run.\n\n"


@pytest.mark.parametrize(
    "line",
    [
        None,
        "",
        "root:*:19000:0:99999:7:::\n",
        ROLE.replace("ACTIVE", "\x1b[2J"),
        ROLE.replace("mill", "\\4"),
        ROLE.replace("EG-KITA", "EG KITA"),
        ROLE + ROLE,
        ROLE.replace("mill", "m" * 400),
    ],
)
def test_banner_believes_no_line_of_another_form(line: str | None) -> None:
    assert page(line, HOST) == UNKNOWN


def test_banner_follows_no_link_and_waits_for_no_pipe(tmp_path: Path) -> None:
    role = tmp_path / "run/denban-login/role"
    role.parent.mkdir(parents=True)
    (tmp_path / "secret").write_text(ROLE)
    banner = tmp_path / "run/denban-banner"
    role.symlink_to(tmp_path / "secret")
    assert main([str(tmp_path)]) == 0
    assert banner.read_text() == UNKNOWN
    role.unlink()
    os.mkfifo(role)
    assert main([str(tmp_path)]) == 0
    assert banner.read_text() == UNKNOWN


def test_banner_that_can_not_be_written_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run").write_text("a file")
    assert main([str(tmp_path)]) == 1
    assert "not written" in capsys.readouterr().err


INSTALL = LOGIN.parent / "install.sh"


def test_banners_are_installed_where_getty_and_sshd_look() -> None:
    """agetty(8): a folder of issues counts only beside an issue of its own place; Debian has one in
    /etc. What root's program writes is what both are given.
    """
    script = INSTALL.read_text()
    assert 'ln -sfn /run/denban-issue "$DESTDIR/etc/issue.d/denban.issue"' in script
    assert "put login/motd.sh /etc/update-motd.d/10-denban 755\n" in script
    banner = (LOGIN / "sshd.conf").read_text().splitlines()[-1]
    assert banner == "Banner /run/denban-banner"
