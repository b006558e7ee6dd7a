"""What a machine that comes as Debian alone has been given by whoever prepared its card."""

from __future__ import annotations

from typing import Final

# Logs on, and may do everything by sudo.
PERSON: Final = "hanako"
# Packages lie here, in the order of their versions: the first, the next, and one that is broken.
CARD: Final = "/mnt/card"
