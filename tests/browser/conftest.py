"""Chromium and the built page, once for all journeys."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

BUILD = Path(__file__).parents[2] / "scripts" / "build_web"
PATIENCE_S = 300


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Chromium; the page is built by then."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None and os.environ.get("CI") != "true":
        pytest.skip("chromium not found on PATH")
    assert found, "found no chromium on PATH, expected one: apt-get install chromium"
    subprocess.run([BUILD], check=True, timeout=PATIENCE_S)
    return found
