"""`python -m hil.machine.image`: builds the guests' image into build/image, if it has to."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from hil.machine.boot_image import FOLDER
from hil.machine.image.bare import build_bare
from hil.machine.image.build import build
from hil.machine.image.tools import BuildError


def main() -> int:
    parser = argparse.ArgumentParser(prog="hil.machine.image", description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the image is put")
    parser.add_argument("--fresh", action="store_true", help="fetch Debian's packages again")
    parser.add_argument(
        "--source",
        action="append",
        default=[],
        help="mirror or line of sources.list instead of Debian's own, such as a dated snapshot",
    )
    parser.add_argument(
        "--bare", action="store_true", help="also machines without the product, and its packages"
    )
    asked = parser.parse_args()
    begun_s = time.monotonic()
    try:
        make = build_bare if asked.bare else build
        built = make(asked.folder, asked.source, fresh=asked.fresh)
    except BuildError as error:
        print(f"image: {error}", file=sys.stderr)
        return 1
    took = f"built in {time.monotonic() - begun_s:.0f} s" if built else "is up to date"
    print(f"image in {asked.folder} {took}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
