"""What somebody types at a gateway, and does not wait for."""

from __future__ import annotations

from typing import Final

from hil.suite.protocol import Gateway

# Nobody waits for the answer of a machine that goes down.
_TYPED: Final = "nohup sh -c 'sleep 0.3; {way}' >/tmp/typed 2>&1 &"


def type_in(gateway: Gateway, way: str) -> None:
    """As root, at the gateway's own shell."""
    assert gateway.shell(_TYPED.format(way=way)).code == 0
