"""The page about metrics names each with its kind and help, and every name keeps the convention."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cinepeer.faces.http.metrics import METRICS, Metric

PAGE = (Path(__file__).parents[3] / "docs" / "metrics.md").read_text()


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_every_metric_has_its_heading_and_a_name_by_convention(metric: Metric) -> None:
    section = PAGE.split(f"\n## {metric.name}\n")[1].split("\n## ")[0]
    assert f"{metric.help} ({metric.kind})" in section
    assert re.fullmatch(r"cinepeer_[a-z0-9_]+", metric.name)
    assert metric.kind in ("gauge", "counter")
    assert metric.name.endswith("_total") is (metric.kind == "counter")
    assert not re.search(r"_(ms|mb|kb|minutes)(_|$)", metric.name)


def test_no_heading_is_stale() -> None:
    assert re.findall(r"^## (.+)$", PAGE, re.MULTILINE) == [metric.name for metric in METRICS]
