"""Every branch of the decisions is covered, or the build fails: coverage_gate.py FILE."""

from __future__ import annotations

import json
import sys
from pathlib import Path

COMPLETE = ("edge/core/", "edge/model/")
REST_PERCENT_MIN = 85.0


def main(report: Path) -> int:
    """Exit code 1 and a list of the gaps when a file of core or model is not covered in full."""
    measured = json.loads(report.read_text())
    gaps = [
        f"{name}: lines {entry['missing_lines']} branches {entry['missing_branches']}"
        for name, entry in measured["files"].items()
        if name.startswith(COMPLETE) and (entry["missing_lines"] or entry["missing_branches"])
    ]
    total = measured["totals"]["percent_covered"]
    if total < REST_PERCENT_MIN:
        gaps.append(f"all of edge: {total:.1f} %, need {REST_PERCENT_MIN} %")
    print("\n".join(gaps) or f"coverage: core and model complete, all of edge {total:.1f} %")
    return 1 if gaps else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
