"""The evaluation by protocol on small files of every format: full tables, with references beside them."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

SCRIPTS = Path(__file__).parents[3] / "scripts" / "benchmarks"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(SCRIPTS)
    return importlib.import_module("recommend")


def lines(separator: str, viewers: int = 60, films: int = 40) -> list[str]:
    chance = np.random.default_rng(0)
    found = []
    for viewer in range(1, viewers + 1):
        rated = chance.choice(films, 20, replace=False)
        for at, film in enumerate(rated):
            stars = chance.integers(4, 6) if film % 2 == viewer % 2 else chance.integers(1, 5)
            found.append(separator.join(str(part) for part in (viewer, film + 1, stars, 1000 + at // 2)))
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "ratings.dat").write_text("\n".join(lines("::")))
    titles = [f"{film}::Film {film} ({1990 + film % 9})::{('War', 'Drama')[film % 2]}" for film in range(1, 41)]
    (tmp_path / "movies.dat").write_text("\n".join(titles), encoding="latin-1")
    return tmp_path


@pytest.mark.parametrize("protocol", ["strong", "dislikes", "sequential", "cold"])
def test_every_figure_stands_with_its_interval_beside_a_reference(
    bench: ModuleType, folder: Path, protocol: str
) -> None:
    found = bench.figures("--ratings", str(folder), "--protocol", protocol, "--seeds", "0,1")
    for measure in ("ndcg@100", "ndcg@20", "recall@20", "recall@50", "hr@10", "ndcg@10"):
        name = f"{protocol}.{measure}"
        low, high = found["intervals"][name]
        assert low <= found["figures"][name] <= high
        assert any(key.startswith(f"{name}.") for key in found["baselines"])
        assert any(key.startswith(f"{name}.") and key.endswith(".gain") for key in found["intervals"])
    assert found["figures"][f"{protocol}.fit_cpu_s"] >= 0
    assert found["figures"][f"{protocol}.rank_ms_p50"] > 0


def test_the_folds_of_a_folder_are_used_where_they_lie(bench: ModuleType, tmp_path: Path) -> None:
    told = lines("\t")
    for fold in (1, 2):
        (tmp_path / f"u{fold}.base").write_text("\n".join(told[fold::5] + told[fold + 1 :: 5] + told[fold + 2 :: 5]))
        (tmp_path / f"u{fold}.test").write_text("\n".join(told[fold - 1 :: 5]))
    found = bench.figures("--ratings", str(tmp_path), "--protocol", "rmse")
    assert len(found["notes"]["rmse"].split(";")[0].split(",")) == 2
    assert found["figures"]["rmse"] < found["baselines"]["rmse.offsets"] + 0.1
    one = bench.figures("--ratings", str(tmp_path / "u2.base"), "--protocol", "rmse")
    assert len(one["notes"]["rmse"].split(";")[0].split(",")) == 1


def test_a_table_with_a_header_and_half_stars_reads_like_the_same_without(bench: ModuleType, tmp_path: Path) -> None:
    ratings = importlib.import_module("ratings")
    (tmp_path / "ratings.csv").write_text("userId,movieId,rating,timestamp\n7,10,0.5,20\n7,3,5.0,10\n9,3,3.5,10\n")
    found = ratings.read(tmp_path)
    assert found.ids == [3, 10]
    assert found.stars.tolist() == [1, 10, 7]
    assert found.order.tolist() == [2, 0, 1]


@pytest.mark.parametrize("text", ["", "1::2::3\n1::3::4\n"])
def test_a_file_that_is_none_ends_with_one_sentence(
    bench: ModuleType, tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if text:
        (tmp_path / "ratings.dat").write_text(text)
    with pytest.raises(SystemExit) as ended:
        bench.figures("--ratings", str(tmp_path), "--protocol", "strong")
    assert ended.value.code == 2
    assert "expected" in capsys.readouterr().err
