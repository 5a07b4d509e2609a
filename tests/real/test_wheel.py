"""The wheel: what lies in it, and what its base alone and its node give in fresh environments far from the checkout."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import pytest

from cinepeer.adapters.media.sample import make_sample
from cinepeer.records.parcel import write_parcel

ROOT = Path(__file__).parents[2]
MAX_BASE_BYTES = 60_000_000
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
WEB = ROOT / "client" / "cinepeer_client" / "web"
# What a node loads and the light client must not.
HEAVY = {"libp2p", "trio", "web3", "eth", "numpy", "scipy", "aiosqlite", "uvicorn", "fastapi"}


class Built(NamedTuple):
    """One build: the wheel, the sdist, and the folder that they lie in."""

    wheel: Path
    sdist: Path
    folder: Path


class Away(NamedTuple):
    """An environment of its own with the wheel; `run` works in an empty folder beside it."""

    bin: Path
    packages: Path
    folder: Path

    def run(self, program: str, *arguments: str, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("CINEPEER_", "PYTHON"))}
        return subprocess.run(
            [self.bin / program, *arguments],
            cwd=self.folder,
            env=kept | {"PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )


def uv(*arguments: str | Path) -> None:
    """Runs the uv of this environment, or the one on PATH, to a good end."""
    beside = Path(sys.executable).with_name("uv")
    program = str(beside) if beside.exists() else shutil.which("uv")
    assert program, "found no uv, expected the one that ./scripts/test installs into .venv"
    certificates = ["--system-certs"] if CERTIFICATES.exists() else []
    ended = subprocess.run(
        [program, *arguments, *certificates], capture_output=True, text=True, timeout=300, check=False
    )
    assert ended.returncode == 0, ended.stderr[-3000:]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The sdist of this checkout, and the wheel that was built from that sdist, as a release is."""
    folder = tmp_path_factory.mktemp("dist")
    uv("build", "--quiet", "--out-dir", folder, ROOT)
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return Built(wheel, sdist, folder)


def install(built: Built, name: str, extra: str = "") -> Away:
    """The wheel, installed where no checkout is near, in the versions of the tests' lock."""
    constraints = built.folder / "constraints.txt"
    lock = (ROOT / "scripts" / "test.lock").read_text()
    constraints.write_text(
        "\n".join(line.removesuffix(" \\") for line in lock.splitlines() if line[:1].isalnum()) + "\n"
    )
    home = built.folder / name
    uv("venv", "--quiet", "--python", sys.executable, home)
    python, override = home / "bin" / "python", ROOT / "scripts" / "overrides.txt"
    wheel = f"cinepeer{extra} @ {built.wheel.as_uri()}"
    uv("pip", "install", "--quiet", "--python", python, "--constraint", constraints, "--override", override, wheel)
    (packages,) = (home / "lib").glob("python3*/site-packages")
    empty = built.folder / f"{name}-empty"
    empty.mkdir()
    return Away(home / "bin", packages, empty)


@pytest.fixture(scope="module")
def away(built: Built) -> Away:
    """The wheel without extras."""
    return install(built, "away")


def test_the_wheel_holds_both_packages_and_nothing_else(built: Built) -> None:
    names = zipfile.ZipFile(built.wheel).namelist()
    about = f"cinepeer-{version('cinepeer')}.dist-info"
    assert {name.split("/")[0] for name in names} == {"cinepeer", "cinepeer_client", about}
    for root in ("node/cinepeer", "client/cinepeer_client"):
        modules = {path.relative_to((ROOT / root).parent).as_posix() for path in (ROOT / root).rglob("*.py")}
        assert modules <= set(names), modules - set(names)
    strange = [name for name in names if not name.endswith(".py") and "dist-info" not in name and "/web/" not in name]
    assert {Path(name).parent.as_posix() for name in strange} == {"cinepeer/adapters/chain/artifacts"}, strange
    artifacts = {path.name for path in (ROOT / "node/cinepeer/adapters/chain/artifacts").glob("*.json")}
    assert {Path(name).name for name in strange} == artifacts


def test_the_wheel_carries_the_page_when_it_is_built(built: Built) -> None:
    archive = zipfile.ZipFile(built.wheel)
    carried = {name: archive.read(name) for name in archive.namelist() if name.startswith("cinepeer_client/web/")}
    there = {path for path in WEB.rglob("*") if path.is_file() and path.name != ".stamp"}
    assert carried == {f"cinepeer_client/web/{path.relative_to(WEB).as_posix()}": path.read_bytes() for path in there}


def test_the_sdist_holds_sources_and_no_cache(built: Built) -> None:
    with tarfile.open(built.sdist) as archive:
        names = [name.split("/", 1)[1] for name in archive.getnames()]
    hidden = {name for name in names if any(part.startswith(".") for part in name.split("/"))}
    assert {name.split("/")[-1] for name in hidden} <= {".gitignore", ".npmrc", ".dockerignore"}
    swept = re.compile(r"(^|/)(__pycache__|node_modules|dist|build|out|cache)(/|$)|\.pyc$")
    assert [name for name in names if swept.search(name)] == []
    assert {"pyproject.toml", "README.md", "LICENSE", "scripts/overrides.txt", "scripts/node.lock"} <= set(names)


def test_the_base_alone_is_the_light_client(away: Away) -> None:
    shown = away.run("cinepeer-client", "--help")
    assert shown.returncode == 0, shown.stderr
    assert "believes nothing that a node serves" in shown.stdout
    assert shown.stderr == ""


def test_the_light_client_loads_none_of_a_nodes_packages(away: Away) -> None:
    modules = "cinepeer_client, cinepeer_client.cli, cinepeer_client.fetch, cinepeer_client.audit, cinepeer_client.play"
    told = away.run("python", "-c", f"import sys, {modules}; print(*sys.modules, cinepeer_client.__file__)")
    assert told.returncode == 0, told.stderr
    *loaded, origin = told.stdout.split()
    assert Path(origin).is_relative_to(away.packages)
    assert {name.split(".")[0] for name in loaded} & HEAVY == set()
    assert [name for name in HEAVY if (away.packages / name).exists()] == []


def test_the_base_alone_stays_small(away: Away) -> None:
    stored = sum(path.stat().st_size for path in away.packages.rglob("*") if path.is_file())
    assert 1_000_000 < stored <= MAX_BASE_BYTES


@pytest.mark.parametrize("command", ["run", "demo"])
def test_the_base_alone_says_what_a_node_needs(away: Away, command: str) -> None:
    home = away.folder / "home"
    told = away.run("cinepeer", command, *(["--home", str(home)] if command == "run" else []))
    assert told.returncode == 2
    assert told.stdout == ""
    assert len(told.stderr.splitlines()) == 1
    assert "found no " in told.stderr and "libp2p" in told.stderr
    override = (ROOT / "scripts" / "overrides.txt").read_text().splitlines()[-1]
    assert "'cinepeer[node]' --override" in told.stderr and override in told.stderr
    assert not home.exists()


def test_the_base_alone_still_helps(built: Built, away: Away) -> None:
    assert away.run("cinepeer", "run", "--help").returncode == 0
    found = away.run("cinepeer", "films", "--home", str(away.folder / "nobody"))
    assert found.returncode == 3
    assert "cinepeer run" in found.stderr
    (parcel := built.folder / "empty.parcel").write_bytes(b"".join(write_parcel([])))
    taken = away.run("cinepeer", "import", str(parcel), "--home", str(away.folder / "home"))
    assert (taken.returncode, len(taken.stderr.splitlines())) == (2, 1)
    assert "aiosqlite" in taken.stderr and "expected the packages of a node" in taken.stderr
    assert not (away.folder / "home").exists()


@pytest.mark.ffmpeg
def test_with_a_nodes_packages_the_whole_story_runs_from_the_wheel(built: Built) -> None:
    node = install(built, "node", "[node]")
    where = node.run("python", "-c", "import cinepeer; print(cinepeer.__file__)")
    assert Path(where.stdout.strip()).is_relative_to(node.packages)
    film = built.folder / "film.mp4"
    asyncio.run(make_sample(film, seconds=6))
    told = node.run("cinepeer", "demo", "--film", str(film), "--json", timeout_s=400)
    assert told.returncode == 0, told.stderr[-3000:]
    assert json.loads(told.stdout.splitlines()[-1])["ok"]
    assert list(node.folder.iterdir()) == []
