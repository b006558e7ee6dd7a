"""Types that several sections share: names, pins, durations, hours, the base of every section."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

Name = Annotated[str, Meta(pattern=r"^\w[\w-]{0,31}$(?!\n)")]
NonEmpty = Annotated[str, Meta(min_length=1)]
Pin = Annotated[int, Meta(ge=0, le=511)]
Positive = Annotated[float, Meta(gt=0)]
Seconds = Annotated[float, Meta(ge=0, le=86400)]
Ratio = Annotated[float, Meta(ge=0, le=1)]
Hours = Annotated[str, Meta(min_length=1)]


class Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all sections: keys by name, no unknown ones."""
