"""Whether a gateway's own ways to stop are open, as its root sees it."""

from __future__ import annotations

from typing import Final

from hil.suite.protocol import Gateway

_MASK: Final = "/run/systemd/system/poweroff.target"
# In the guest: one line in the diary, however often it looks.
_UNTIL: Final = "for i in $(seq 200); do {look} && exit 0; sleep 0.5; done; exit 1"
_UNTIL_S: Final = 200.0


def await_closed(gateway: Gateway) -> None:
    """Nobody else would be on duty, and the guard has followed."""
    assert gateway.shell(_UNTIL.format(look=f"test -L {_MASK}"), _UNTIL_S).code == 0


def await_open(gateway: Gateway) -> None:
    """A twin that has just come is not yet believed: the ways stay closed for ten seconds more."""
    assert gateway.shell(_UNTIL.format(look=f"test ! -L {_MASK}"), _UNTIL_S).code == 0
