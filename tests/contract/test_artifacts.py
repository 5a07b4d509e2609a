"""The shipped artifacts: they follow from the sources, fit on a chain, and keep their ids, slots and names."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from eth_utils import keccak

from contract.stage import ARTIFACTS, NAMES, Stage, artifact, signature_of

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "contracts" / "src"
SHIPPED = (*NAMES, "FilmPurse")
FROZEN_PURSE = "f1ad3be76ba36ea51118537825680f4e369f2e5701b812538d5b3a084dc709e1"
"""Keccak of the creation code that every title's id follows from. Another value is another set of titles."""


def drifted(artifacts: Path, sources: Path) -> list[str]:
    """The contracts whose artifacts were made from other sources than these, by what the artifacts recorded."""
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sources.glob("*.sol")}
    made = {name: json.loads((artifacts / f"{name}.json").read_text())["sources"] for name in SHIPPED}
    unused = set(found) - {name for one in made.values() for name in one}
    return [name for name, one in made.items() if any(found.get(file) != told for file, told in one.items())] + [
        f"none uses {name}" for name in sorted(unused)
    ]


def test_the_artifacts_were_made_from_these_sources() -> None:
    assert drifted(ARTIFACTS, SOURCES) == [], "run scripts/build_contracts"


def test_a_changed_source_is_noticed_and_its_contracts_named(tmp_path: Path) -> None:
    shutil.copytree(SOURCES, tmp_path / "src")
    with (tmp_path / "src" / "Anchors.sol").open("a") as file:
        file.write("// a word\n")
    assert drifted(ARTIFACTS, tmp_path / "src") == ["Anchors"]
    (tmp_path / "src" / "Other.sol").write_text("// unused\n")
    (tmp_path / "src" / "Signatures.sol").unlink()
    found = drifted(ARTIFACTS, tmp_path / "src")
    assert found == ["TitleRegistry", "Disputes", "Licences", "Anchors", "none uses Other.sol"]


def build(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(ROOT / "scripts" / "build_contracts"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture(scope="module")
def checked() -> subprocess.CompletedProcess[str]:
    """The build, asked to compare; it installs the compiler where there is none."""
    return build("--check")


@pytest.mark.npm
def test_the_compiler_gives_the_shipped_artifacts(checked: subprocess.CompletedProcess[str]) -> None:
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


@pytest.mark.npm
@pytest.mark.usefixtures("checked")
def test_an_artifact_that_was_changed_by_hand_is_named(tmp_path: Path) -> None:
    for name in SHIPPED:
        shutil.copy(ARTIFACTS / f"{name}.json", tmp_path)
    text = (tmp_path / "Licences.json").read_text()
    (tmp_path / "Licences.json").write_text(text.replace("6080", "6081", 1))
    (tmp_path / "Anchors.json").unlink()
    command = ["node", str(ROOT / "contracts" / "build.mjs"), "--check", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 1
    assert "Licences, Anchors;" in done.stderr


def test_the_build_says_what_it_misses(tmp_path: Path) -> None:
    done = build("--chekc")
    assert (done.returncode, done.stderr) == (2, "found the argument --chekc, expected --check or none\n")
    for name in ("bash", "dirname", "env"):
        (tmp_path / name).symlink_to(shutil.which(name) or "")
    bare = {**os.environ, "PATH": str(tmp_path)}
    command = [str(ROOT / "scripts" / "build_contracts")]
    done = subprocess.run(command, capture_output=True, text=True, env=bare, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("found no node, expected Node.js")


def test_the_lock_names_no_registry() -> None:
    lock = json.loads((ROOT / "contracts" / "package-lock.json").read_text())
    assert all("resolved" not in package for package in lock["packages"].values())
    assert all("integrity" in package for name, package in lock["packages"].items() if name)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_contract_fits_on_a_chain_and_carries_no_wording(name: str) -> None:
    one = artifact(name)
    assert len(one["runtime"]) // 2 - 1 <= 24_576, "EIP-170"
    assert len(one["bytecode"]) // 2 - 1 <= 49_152, "EIP-3860"
    assert one["settings"]["evmVersion"] == "cancun"
    assert one["settings"]["metadata"] == {"appendCBOR": False, "bytecodeHash": "none"}
    assert one["compiler"].startswith("0.8.37+")
    assert one["libraries"] == {"@openzeppelin/contracts": "5.7.0"}


def test_the_purses_creation_code_is_frozen(stage: Stage) -> None:
    creation = bytes.fromhex(artifact("FilmPurse")["bytecode"][2:])
    assert keccak(creation).hex() == stage.titles.PURSE_CODE().hex() == FROZEN_PURSE


@pytest.mark.parametrize("name", NAMES)
def test_the_code_on_chain_is_the_artifacts_but_for_its_immutables(stage: Stage, name: str) -> None:
    contract = dict(zip(NAMES, (stage.titles, stage.disputes, stage.licences, stage.anchors), strict=True))[name]
    code, runtime = bytearray(stage.code(contract.address)), bytes.fromhex(artifact(name)["runtime"][2:])
    for places in artifact(name)["immutables"].values():
        for place in places:
            code[place["start"] : place["start"] + place["length"]] = bytes(place["length"])
    assert bytes(code) == runtime


def test_storage_is_where_proofs_look_for_it() -> None:
    found = {name: {one["label"]: one["slot"] for one in artifact(name)["storage"]["storage"]} for name in NAMES}
    names = ("_balances", "titles", "purses", "debts", "successor", "reserves", "delegates")
    assert [found["TitleRegistry"][label] for label in names] == [0, 5, 6, 7, 8, 9, 10]
    assert [found["Licences"][label] for label in ("books", "until", "exclusives", "others")] == [2, 3, 4, 5]
    assert [found["Disputes"][label] for label in ("cases", "live", "owed")] == [0, 1, 2]
    assert found["Anchors"]["slots"] == 2
    types = artifact("TitleRegistry")["storage"]["types"]
    title = next(one for one in types.values() if one["label"] == "struct ChainOfTitle.Title")
    places = [(one["label"], one["slot"], one["offset"]) for one in title["members"]]
    assert places == [
        ("controller", 0, 0),
        ("since", 0, 20),
        ("royalty", 0, 25),
        ("status", 0, 27),
        ("tenure", 0, 28),
        ("head", 1, 0),
        ("metadata", 2, 0),
    ]


def test_the_interface_is_frozen() -> None:
    lines = []
    for name in SHIPPED:
        for entry in artifact(name)["abi"]:
            if entry["type"] in ("function", "event", "error"):
                marks = "".join("i" if one.get("indexed") else "-" for one in entry["inputs"])
                indexed = f" {marks}" if entry["type"] == "event" else ""
                lines.append(f"{name} {entry['type']} {signature_of(entry)}{indexed}\n")
    frozen = (Path(__file__).parent / "frozen_interface.txt").read_text()
    assert "".join(sorted(lines)) == frozen, "an interface that others rely on changed"


def undescribed(text: str) -> list[str]:
    """What a source declares for others without saying what it is and what each of its parameters is."""
    declared = re.compile(r"^    (event|error|function|struct|enum|receive) ?(\w*)[^;{]*", re.MULTILINE)
    bare = []
    for found in declared.finditer(text):
        if found[1] == "function" and not re.search(r"\b(external|public)\b", found[0]):
            continue
        comment = text[: found.start()].rstrip("\n").rsplit("\n\n", 1)[-1]
        names = re.findall(r"[\w\]] (\w+)(?=[,)\n])", found[0].partition("(")[2].partition("returns")[0])
        told = re.findall(r"@param (\w+)", comment)
        if "@notice" not in comment or (found[1] != "struct" and set(names) - set(told)):
            bare.append(f"{found[1]} {found[2]}")
    return bare


def test_everything_that_others_see_is_described() -> None:
    texts = {path.name: path.read_text() for path in SOURCES.glob("*.sol")}
    assert {name: undescribed(text) for name, text in texts.items() if undescribed(text)} == {}
    bare = texts["Anchors.sol"].replace("@param size", "@dev size").replace("/// @notice Trees only grow.", "")
    assert undescribed(bare) == ["event Anchored", "error Stale", "function anchor"]
