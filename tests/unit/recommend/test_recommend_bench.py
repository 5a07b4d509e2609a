"""The evaluation by protocol on small files of every format: full tables, with references beside them."""

from __future__ import annotations

import importlib
import zipfile
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from unit.app.people import World, in_world

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


def test_a_home_gives_its_counted_ratings(bench: ModuleType, tmp_path: Path) -> None:
    async def story(world: World) -> None:
        for name, given in (("ann", [["movielens:7", 9], ["imdb:tt0111161", 3]]), ("bob", [["movielens:7", 4]])):
            author = await world.author(name)
            await author.sign("rating", {"ratings": given})
            if name == "bob":
                await author.sign("rating", {"ratings": [["movielens:7", 10]]})

    in_world(tmp_path, story)
    [file] = tmp_path.rglob("*.db")
    ratings = importlib.import_module("ratings")
    found = ratings.read(file)
    rated = {(found.ids[film], int(stars)) for film, stars in zip(found.films, found.stars, strict=True)}
    assert rated == {(-1, 3), (7, 9), (7, 10)}
    assert sorted(found.order.tolist()) == [0, 1, 2]


@pytest.mark.parametrize(
    ("text", "protocol", "told"),
    [
        ("1::2::3::4\n1::3::5::5\n", "strong", "at least 10 to hold some out"),
        ("1::2::3::4\n1::3::5::5\n", "sequential", "5 ratings or more"),
        ("1::2::3::4\n1::3::5::5\n", "cold", "at least 10 to hold some out"),
        ("1::2::3::4\n1::3::5::5\n", "rmse", "at least 10 to hold some out"),
        ("1::2::9::4\n", "strong", "from 0.5 to 5"),
        ("hello world\n1 x\n", "strong", "expected ratings"),
        ("userId,movieId\n", "strong", "expected lines of viewer"),
    ],
)
def test_ratings_that_are_too_few_or_none_end_with_one_sentence(
    bench: ModuleType, tmp_path: Path, text: str, protocol: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ratings.dat").write_text(text)
    with pytest.raises(SystemExit) as ended:
        bench.figures("--ratings", str(tmp_path / "ratings.dat"), "--protocol", protocol)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "expected one of the two"),
        (["--ratings", "nowhere", "--protocol", "strong"], "found no ratings at nowhere"),
        (["--ratings", "nowhere", "--protocol", "strong", "--seeds", "x"], "whole numbers"),
        (["--ratings", "nowhere", "--protocol", "cold", "--content", "nowhere"], "found no folder"),
        (["--speed", "--parts", "colour"], "expected 50 or more"),
    ],
)
def test_calls_that_cannot_be_end_with_one_sentence(
    bench: ModuleType, arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        bench.figures(*arguments)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


def test_a_film_rated_twice_counts_once_and_u_item_tells_its_genres(bench: ModuleType, tmp_path: Path) -> None:
    ratings = importlib.import_module("ratings")
    (tmp_path / "u1.base").write_text("1\t5\t3\t30\n1\t5\t4\t40\n1\t6\t2\t20\n")
    found = ratings.read(tmp_path)
    assert found.stars.tolist() == [8, 4]
    (tmp_path / "u1.test").write_text("2\t5\t5\t10\n")
    assert len(ratings.read(tmp_path / "u1.base").stars) == 4
    (tmp_path / "u.item").write_text("5|Toy Story (1995)|01-Jan-1995||http://x|0|0|0|1|1\n", encoding="latin-1")
    assert ratings.words([5, 6], tmp_path, None) == [
        ["title:story", "year:1995", "decade:199", "genre:animation", "genre:children's"],
        [],
    ]


def test_a_folder_of_plots_alone_comes_to_the_films_beside_the_ratings(bench: ModuleType, folder: Path) -> None:
    plots = folder / "plots"
    plots.mkdir()
    head = "id,cast,director,keywords,genres,production_companies,overview,budget"
    with zipfile.ZipFile(plots / "tmdb-movies.zip", "w") as archive:
        archive.writestr("tmdb-movies.csv", f"{head}\n900,Ada|Ben,,,,,A lighthouse,\n")
    (plots / "links_all.csv").write_text("movieId,imdbId,tmdbId\n1,114709,900\n")
    ratings = importlib.import_module("ratings")
    assert ratings.has_plots(plots) and not ratings.has_plots(folder)
    found = bench._content([1, 2], folder, plots)
    alone = bench._content([1, 2], folder / "ratings.dat", None)
    assert found.shape[0] == alone.shape[0] == 2
    told = ratings.words([1, 2], folder, plots)
    assert {"cast:ada", "topic:lighthouse", "year:1991"} <= set(told[0]) and told[1] == ratings.words(
        [2], folder, None
    )[0]


def test_films_in_another_form_end_with_one_sentence(
    bench: ModuleType, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "movies.dat").write_text("1::no genres\n")
    with pytest.raises(SystemExit) as ended:
        bench.figures("--ratings", str(folder), "--protocol", "cold")
    assert ended.value.code == 2 and "in another form" in capsys.readouterr().err
