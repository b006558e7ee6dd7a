"""`python -m edge.cli`: the `denban` command of a release that is called by its interpreter."""

from __future__ import annotations

from edge.cli.main import main

if __name__ == "__main__":
    main(prog_name="denban")
