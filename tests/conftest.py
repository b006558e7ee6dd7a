"""Settings for every test: property tests are derandomised, so a failure repeats for everyone."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("ci", derandomize=True, deadline=None, max_examples=100, database=None)
settings.register_profile("soak", deadline=None, max_examples=5000)
settings.load_profile(os.environ.get("DENBAN_HYPOTHESIS", "ci"))
