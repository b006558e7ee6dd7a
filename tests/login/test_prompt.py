"""The prompt's mark in bash and in sh: unit and role, and that an old line says nothing."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from pathlib import Path

import pytest

from tests.login.shells import LIMIT_S, LOGIN, TOLD, put_identity, run, uptime_s

SHELLS = (["bash", "--norc", "--noprofile"], ["sh"])
MARK = f'. {LOGIN}/prompt.sh; printf "%s" "$DENBAN_MARK"'


@pytest.fixture(params=SHELLS, ids=["bash", "sh"])
def shell(request: pytest.FixtureRequest) -> list[str]:
    found: list[str] = request.param
    return found


def test_prompt_shows_unit_and_role(shell: list[str], tmp_path: Path) -> None:
    put_identity(tmp_path, uptime_s())
    assert run(shell, MARK, tmp_path) == "EG-KITA ■ ACTIVE"


@pytest.mark.parametrize(
    "given",
    [{"LANG": "C"}, {"LC_ALL": "POSIX"}, {"TERM": "linux"}, {"TERM": "dumb"}, {"LANG": ""}],
    ids=str,
)
def test_prompt_without_the_signs_uses_brackets(
    shell: list[str], tmp_path: Path, given: dict[str, str]
) -> None:
    put_identity(tmp_path, uptime_s())
    assert run(shell, MARK, tmp_path, **given) == "EG-KITA [#] ACTIVE"


@pytest.mark.parametrize("age_s", [12, -60])
def test_prompt_of_a_line_that_is_old_or_of_another_boot_knows_no_role(
    shell: list[str], tmp_path: Path, age_s: int
) -> None:
    put_identity(tmp_path, uptime_s() - age_s)
    assert run(shell, MARK, tmp_path) == "EG-KITA ? UNKNOWN"


@pytest.mark.parametrize("line", ["", "1|", "1|x|EG-KITA|■", "2|1|EG-KITA|■", "root:$6$x:1:::"])
def test_prompt_of_a_torn_or_foreign_line_names_no_unit(
    shell: list[str], tmp_path: Path, line: str
) -> None:
    (tmp_path / "identity").write_text(line)
    assert run(shell, MARK, tmp_path) == "no unit ? UNKNOWN"


def test_prompt_without_a_line_names_no_unit(shell: list[str], tmp_path: Path) -> None:
    assert run(shell, MARK, tmp_path) == "no unit ? UNKNOWN"


def test_prompt_expands_nothing_of_the_line(shell: list[str], tmp_path: Path) -> None:
    put_identity(tmp_path, uptime_s(), "EG|$(touch x)`id`|[#]|s|l")
    assert run(shell, MARK, tmp_path) == "EG $(touch x)`id`"


def test_prompt_works_where_errors_and_unset_names_end_the_shell(
    shell: list[str], tmp_path: Path
) -> None:
    assert run(shell, f"set -eu; {MARK}", tmp_path) == "no unit ? UNKNOWN"


def _dialogue(command: list[str], folder: Path, lines: list[str], **given: str) -> str:
    """What an interactive shell on a terminal of its own writes."""
    environment = {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "TERM": "xterm",
        "HISTFILE": "",
        "DENBAN_LOGIN_FOLDER": str(folder),
        **given,
    }
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, cwd=folder,
        start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    os.write(ours, "".join(f"{line}\n" for line in [*lines, "exit"]).encode())
    said, end_s = b"", time.monotonic() + LIMIT_S
    while time.monotonic() < end_s and select.select([ours], [], [], LIMIT_S)[0]:
        try:
            said += os.read(ours, 4096)
        except OSError:
            break  # the shell has gone
    os.close(ours)
    process.kill()
    process.wait()
    return said.decode(errors="replace")


@pytest.fixture
def profile(tmp_path: Path) -> str:
    place = tmp_path / "lib/denban"
    place.mkdir(parents=True)
    (place / "prompt.sh").write_text((LOGIN / "prompt.sh").read_text())
    path = tmp_path / "denban.sh"
    text = (LOGIN / "profile.sh").read_text()
    path.write_text(text.replace("/usr/lib/denban/", f"{place}/"))
    return str(path)


def test_bash_has_mark_and_title_before_a_prompt_that_a_users_file_has_set(
    tmp_path: Path, profile: str
) -> None:
    put_identity(tmp_path, uptime_s())
    bash = ["bash", "--norc", "--noprofile", "-i"]
    said = _dialogue(bash, tmp_path, [f". {profile}", "PS1='mine> '", "false", 'echo "was $?"'])
    assert "EG-KITA ■ ACTIVE mine> \x1b]0;EG-KITA ■ ACTIVE\x07" in said
    assert "was 1" in said
    assert said.count("EG-KITA ■ ACTIVE EG-KITA") == 0


def test_bash_within_bash_shows_the_role_of_the_moment(tmp_path: Path, profile: str) -> None:
    put_identity(tmp_path, uptime_s())
    bash = ["bash", "--norc", "--noprofile", "-i"]
    standby = TOLD.replace("■ ACTIVE", "□ STANDBY")
    inner = f"printf '%s\\n' '1|{uptime_s()}|{standby}' >identity"
    lines = [f". {profile}", "bash --norc", inner, "exit"]
    said = _dialogue(bash, tmp_path, lines, PROMPT_COMMAND="true;")
    assert "EG-KITA ■ ACTIVE bash" in said
    assert "EG-KITA □ STANDBY bash" in said
    assert "syntax error" not in said


def test_sh_has_the_mark_before_its_own_prompt(tmp_path: Path, profile: str) -> None:
    put_identity(tmp_path, uptime_s())
    said = _dialogue(["sh", "-i"], tmp_path, [f". {profile}", "true"], PS1="mine> ")
    assert "EG-KITA ■ ACTIVE mine> " in said


def test_profile_leaves_a_shell_that_nobody_types_into_alone(tmp_path: Path, profile: str) -> None:
    assert run(["bash"], f'. {profile}; echo "${{PROMPT_COMMAND-none}}"', tmp_path) == "none\n"
