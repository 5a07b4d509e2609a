"""The page's build is reproducible: elsewhere, the same sources give the same files."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from cinepeer_client.page import build_id, built_page

SOURCES = Path(__file__).parents[2] / "client" / "web"
PATIENCE_S = 300


@pytest.mark.npm
def test_the_same_sources_give_the_same_build_in_another_folder(chromium: str, tmp_path: Path) -> None:
    again = tmp_path / "of another name" / "web"
    shutil.copytree(SOURCES, again, ignore=shutil.ignore_patterns("node_modules", "test"))
    (again / "node_modules").symlink_to(SOURCES / "node_modules")
    vite = SOURCES / "node_modules" / ".bin" / "vite"
    subprocess.run([vite, "build", "--logLevel", "error"], cwd=again, check=True, timeout=PATIENCE_S)
    built = built_page()
    assert built is not None
    assert build_id(again.parent / "cinepeer_client" / "web") == build_id(built)
