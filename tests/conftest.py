"""What every test shares: repeatable hypothesis runs, and a clear word about what is missing on this machine."""

from __future__ import annotations

import os
import shutil
import signal

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "repeatable", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.register_profile("explore", deadline=None, max_examples=1000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

# A shell that starts the tests in the background has interrupts ignored, which every process from here would inherit.
signal.signal(signal.SIGINT, signal.default_int_handler)

NEEDS = {"npm": ("node", "npm"), "ffmpeg": ("ffmpeg", "ffprobe")}


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips what this machine cannot run, in words; under CI nothing is skipped."""
    for marker, programs in NEEDS.items():
        missing = [name for name in programs if shutil.which(name) is None]
        if item.get_closest_marker(marker) and missing and os.environ.get("CI") != "true":
            pytest.skip(f"{' and '.join(missing)} not found on PATH")
