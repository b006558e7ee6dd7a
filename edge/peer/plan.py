"""Who the two ends of the link are and which paths lie between them. No I/O."""

from __future__ import annotations

from _blake2 import blake2s
from typing import Final

from msgspec import Struct

from edge.config.io import PathPlan

SITE_ID_BYTES: Final = 8


class LinkPlan(Struct, frozen=True):
    """`units` in site-file order; `own` is one of them. Both ends have the same paths in the same
    order, so that a path's index means the same cable at both.
    """

    site: str
    units: tuple[str, str]
    own: str
    paths: tuple[PathPlan, ...]

    @property
    def own_index(self) -> int:
        return self.units.index(self.own)

    @property
    def peer_index(self) -> int:
        return 1 - self.own_index

    @property
    def peer(self) -> str:
        return self.units[self.peer_index]

    @property
    def site_id(self) -> bytes:
        """8 bytes that no other site's pair has: of the names of the site and of its units."""
        names = [name.encode() for name in (self.site, *self.units)]
        told = b"".join(len(name).to_bytes(4, "big") + name for name in names)
        return blake2s(told, digest_size=SITE_ID_BYTES, person=b"denban-s").digest()
