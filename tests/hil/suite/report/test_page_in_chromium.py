"""The page in a real browser: no width makes it scroll sideways, and links open what they lead to.

Skipped without Chromium. Headless windows have a least width, so the page stands in frames.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest

from hil.suite.record import Verdict
from hil.suite.report.page import page
from hil.suite.requirements import REQUIREMENTS
from tests.hil.suite.report import example

_BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
_WITHIN_S = 120
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
    "--disable-sync", "--disable-background-networking", "--disable-component-update",
    "--virtual-time-budget=8000",
)  # fmt: skip
_FRAMES = """<!DOCTYPE html><body><script>
const look = (frame, width) => {
  const inner = frame.contentDocument;
  const closed = inner.querySelector("details.scenario:not([open])");
  frame.contentWindow.addEventListener("hashchange", () => {
    const followed = closed.open;
    for (const each of inner.querySelectorAll("details")) each.open = true;
    const told = document.createElement("p");
    told.textContent = `at ${width}: ${inner.documentElement.scrollWidth} ${followed}`;
    document.body.append(told);
  });
  frame.contentWindow.location.hash = closed.id;
};
for (const width of [390, 1280]) {
  const frame = document.createElement("iframe");
  frame.style = `width:${width}px;height:800px;border:0`;
  frame.addEventListener("load", () => look(frame, width));
  frame.srcdoc = PAGE;
  document.body.append(frame);
}
</script>"""


@pytest.mark.slow
@pytest.mark.skipif(_BROWSER is None, reason="needs Chromium")
def test_page_never_scrolls_sideways_and_opens_what_is_linked(tmp_path):
    chosen = [
        each
        for each in example.run().scenarios
        if each.verdict is not Verdict.PASSED or each.name in {example.LONG_NAME, "test_quiet"}
    ]
    runs = [example.run(bench, chosen) for bench in ("process", "machine")]
    framed = json.dumps(page(runs, REQUIREMENTS)).replace("</", "<\\/")
    frames = tmp_path / "frames.html"
    frames.write_text(_FRAMES.replace("PAGE", framed), encoding="utf-8")
    assert _BROWSER is not None
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    command = [_BROWSER, *_FLAGS, profile, "--dump-dom", frames.as_uri()]
    said = subprocess.run(
        command, capture_output=True, text=True, timeout=_WITHIN_S, check=True
    ).stdout
    found = re.findall(r"<p>at (\d+): (\d+) (\w+)</p>", said)
    assert sorted(found) == [("1280", "1280", "true"), ("390", "390", "true")]
