"""Settings: one table, read by the command line, the environment, the file and the page about them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cinepeer.errors import BadInput
from cinepeer.settings import SETTINGS, load

PAGE = Path(__file__).parents[3] / "docs" / "settings.md"


def test_defaults_give_way_to_file_environment_and_flag(tmp_path: Path) -> None:
    assert load(tmp_path, {})["page_port"] == 0
    (tmp_path / "cinepeer.toml").write_text("page_port = 1001\nhost_films = false\n")
    assert load(tmp_path, {})["page_port"] == 1001
    assert load(tmp_path, {})["host_films"] is False
    assert load(tmp_path, {"CINEPEER_PAGE_PORT": "1002"})["page_port"] == 1002
    assert load(tmp_path, {"CINEPEER_PAGE_PORT": "1002"}, {"page_port": 1003})["page_port"] == 1003
    assert load(tmp_path, {"CINEPEER_PAGE_PORT": "1002"}, {"page_port": None})["page_port"] == 1002


@pytest.mark.parametrize(
    ("file", "environment", "sentence"),
    [
        ("page_port = ", {}, "expected TOML"),
        ("colour = 1", {}, "expected one of page_port"),
        ("", {"CINEPEER_PAGE_PORT": "many"}, "expected a whole number of port"),
        ("", {"CINEPEER_DISK_CAP": "-1"}, "expected a whole number of bytes"),
        ("", {"CINEPEER_HOST_FILMS": "perhaps"}, "expected yes or no"),
    ],
)
def test_a_mistaken_setting_is_told_in_one_sentence(
    tmp_path: Path, file: str, environment: dict[str, str], sentence: str
) -> None:
    (tmp_path / "cinepeer.toml").write_text(file)
    with pytest.raises(BadInput, match=sentence):
        load(tmp_path, environment)


def test_every_setting_has_its_heading_default_and_help() -> None:
    page = PAGE.read_text()
    for setting in SETTINGS:
        section = page.split(f"\n## {setting.name}\n")[1].split("\n## ")[0]
        assert f"`{setting.default}`" in section
        assert setting.help[1:] in section
        assert setting.variable in section
