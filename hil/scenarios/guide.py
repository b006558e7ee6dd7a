"""docs/install.md as two people follow it: every command of the page, in its order, at the gateways
where it belongs. A command that the page has and this table does not, or the other way round, is a
fault of one of them.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Final, Literal

import msgspec

from hil.card import PERSON

PAGE: Final = Path(__file__).resolve().parents[2] / "docs/install.md"
_FENCE: Final = re.compile(r"(?ms)^```\n(.*?)^```$")
# A block that begins otherwise shows what a program says.
_FIRST_WORDS: Final = ("sudo ", "denban ")
# What a program takes on an emulated processor: dpkg unpacks thousands of files.
_STEP_S_MAX: Final = 180.0
_INSTALL_S_MAX: Final = 900.0


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A command of the page. `on`: at the first gateway, at the other one, first at one and then
    at the other. `typed`: what is typed where the page leaves a choice or a place to be filled in.
    `answer`: to the question that it asks at a terminal. `left_out`: why nobody can do it here.
    """

    command: str
    on: Literal["both", "first", "other"] = "both"
    typed: str = ""
    answer: str = ""
    left_out: str = ""
    within_s: float = _STEP_S_MAX

    def line(self, other_address: str) -> str:
        """As it is given to a shell of the person's."""
        command = (self.typed or self.command).replace("OTHER", other_address)
        if not self.answer:
            return command
        return f"printf '%s\\n' {self.answer} | script -qec {shlex.quote(command)} /dev/null"


ANSWERS: Final = "answers.toml"
_DOCTOR: Final = "sudo denban doctor --site /etc/denban/site.toml"
STEPS: Final = (
    Step(command="sudo timedatectl set-timezone Asia/Tokyo"),
    Step(
        command="sudo apt update && sudo apt install chrony",
        left_out="the machines have no way to a mirror; chrony is on their card",
    ),
    Step(command="sudo apt install ./denban_*.deb", within_s=_INSTALL_S_MAX),
    Step(command="sudo usermod -aG denban $USER"),
    Step(command="denban whoami --serial"),
    # The page offers a file of answers for plants that are alike.
    Step(command="sudo denban init", on="first", typed=f"sudo denban init --answers {ANSWERS}"),
    Step(command="denban check /etc/denban/site.toml", on="first"),
    Step(command="sudo denban key new", on="first"),
    Step(command="sudo tar -c -C /etc/denban site.toml twin.key | ssh OTHER tar -x", on="first"),
    Step(command="sudo denban init --from site.toml", on="other"),
    Step(
        command="sudo install -m 600 -o root -g root twin.key /etc/denban/twin.key"
        " && shred -u twin.key",
        on="other",
    ),
    Step(command="denban check /etc/denban/site.toml", on="other"),
    Step(command=_DOCTOR),
    Step(command="sudo systemctl enable --now denban"),
    Step(command="denban status"),
    Step(command="denban handover EG-MINAMI", on="first", answer="y"),
    Step(command="denban handover EG-KITA", on="first", answer="y"),
    Step(command="sudo denban drill EG-KITA", on="first", answer="EG-KITA"),
    Step(command="sudo denban maintenance begin EG-MINAMI", on="other", answer="y"),
    Step(command="…", left_out="settings of a board that an emulated machine has not"),
    Step(command="sudo denban reboot EG-MINAMI", on="other", answer="EG-MINAMI"),
    Step(command=_DOCTOR, on="other"),
    Step(command="sudo denban maintenance end EG-MINAMI", on="other", answer="y"),
    Step(command="sudo systemctl enable --now denban-drill.timer"),
)


def commands(page: str) -> list[str]:
    """Every line of the page's blocks of commands."""
    blocks = _FENCE.findall(page)
    return [
        line
        for block in blocks
        if block.startswith(_FIRST_WORDS)
        for line in block.splitlines()
        if line
    ]


def logged_on(line: str) -> str:
    """What root has to say for the person to type it, freshly logged on."""
    return shlex.join(["runuser", "-l", PERSON, "-c", line])
