"""What deploys a node, read without an engine: an image, three nodes that join each other, a service."""

from __future__ import annotations

import ipaddress
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from cinepeer.settings import SETTINGS

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "scripts" / "deploy"
HOME = "/var/lib/cinepeer"
COMPOSE_KEYS = {
    "image", "build", "init", "read_only", "cap_drop", "security_opt", "restart", "stop_grace_period", "depends_on",
    "entrypoint", "command", "volumes", "networks", "network_mode", "healthcheck",
}  # fmt: skip


class Instruction(NamedTuple):
    """One instruction of a Dockerfile: its word, and the rest with its lines joined."""

    word: str
    rest: str


def instructions(text: str) -> list[Instruction]:
    """The instructions in order, without comments and with continued lines joined."""
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    joined = re.sub(r"\\\n\s*", "", lines)
    return [Instruction(*line.split(maxsplit=1)) for line in joined.splitlines() if line.strip()]


def stages(found: list[Instruction]) -> list[list[Instruction]]:
    """The instructions of each stage, from its FROM on."""
    starts = [index for index, instruction in enumerate(found) if instruction.word == "FROM"]
    return [found[start:end] for start, end in zip(starts, [*starts[1:], len(found)], strict=True)]


def lint(text: str) -> Iterator[str]:
    """What a linter of Dockerfiles would say; nothing when all is well."""
    found = instructions(text)
    for word, rest in found:
        if word == "FROM" and not re.fullmatch(r"[a-z]+:\d+\.\d+\.\d+-[a-z-]+( AS [a-z]+)?", rest):
            yield f"FROM {rest}: expected a tag with a whole version"
        if word == "RUN" and "apt-get install" in rest:
            if "--no-install-recommends" not in rest:
                yield f"RUN {rest}: expected --no-install-recommends"
            if not re.search(r"apt-get update .*&& rm -rf /var/lib/apt/lists/\*$", rest):
                yield f"RUN {rest}: expected update, install and the removal of the lists in one layer"
        if word == "RUN" and re.search(r"\bsudo\b|\bapt (install|update)|curl [^|]*\|", rest):
            yield f"RUN {rest}: expected no sudo, no apt, nothing piped into a shell"
        if word == "RUN" and re.search(r"\bpip install\b", rest) and not re.search(r"--no-cache(-dir)?\b", rest):
            yield f"RUN {rest}: expected no cache of pip's in the layer"
        if word in ("ENTRYPOINT", "CMD") and not is_exec_form(rest):
            yield f"{word} {rest}: expected the exec form"
        if word == "HEALTHCHECK" and not is_exec_form(rest.split("CMD ", 1)[-1]):
            yield f"{word} {rest}: expected the exec form"
        if word in ("ADD", "MAINTAINER"):
            yield f"{word}: expected COPY or LABEL"
        if word == "WORKDIR" and not rest.startswith("/"):
            yield f"WORKDIR {rest}: expected a whole path"
    last = stages(found)[-1]
    users = [rest for word, rest in last if word == "USER"]
    if not users or re.match(r"(root|0)\b", users[-1]):
        yield "expected a USER other than root at the end"
    for once in ("ENTRYPOINT", "CMD", "HEALTHCHECK"):
        if sum(word == once for word, _ in last) != 1:
            yield f"expected one {once}"


def is_exec_form(rest: str) -> bool:
    try:
        value = json.loads(rest)
    except ValueError:
        return False
    return isinstance(value, list) and all(isinstance(word, str) for word in value)


@pytest.fixture(scope="module")
def dockerfile() -> str:
    return (DEPLOY / "Dockerfile").read_text()


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    assert isinstance(found, dict)
    return found


def test_the_image_passes_the_lint(dockerfile: str) -> None:
    assert list(lint(dockerfile)) == []


@pytest.mark.parametrize(
    ("good", "bad", "sentence"),
    [
        ("python:3.11.13-slim-bookworm\n# ffmpeg", "python:latest\n# ffmpeg", "a tag with a whole version"),
        ("python:3.11.13-slim-bookworm AS", "python AS", "a tag with a whole version"),
        ("--no-install-recommends ", "", "--no-install-recommends"),
        ("    && rm -rf /var/lib/apt/lists/*", "    && true", "the removal of the lists"),
        ("USER 10001:10001\n", "", "a USER other than root"),
        ("USER 10001:10001\n", "USER root\n", "a USER other than root"),
        ('ENTRYPOINT ["cinepeer"]', "ENTRYPOINT cinepeer", "the exec form"),
        ('CMD ["cinepeer", "status", "--json"]', "CMD cinepeer status --json", "the exec form"),
        ("--no-cache-dir ", "", "no cache of pip's"),
        ("COPY node node", "ADD node node", "expected COPY"),
    ],
)
def test_the_lint_sees_what_is_wrong(dockerfile: str, good: str, bad: str, sentence: str) -> None:
    assert good in dockerfile
    assert any(sentence in told for told in lint(dockerfile.replace(good, bad, 1)))


def test_the_image_installs_the_lock_by_hash_and_no_newer_uv(dockerfile: str) -> None:
    runs = [rest for word, rest in instructions(dockerfile) if word == "RUN"]
    locked = next(rest for rest in runs if "scripts/node.lock" in rest)
    for flag in ("--require-hashes", "--no-deps", "--only-binary :all:"):
        assert flag in locked
    environment = (ROOT / "scripts" / "environment").read_text()
    pinned = re.search(r"(?m)^uv_version=(\S+)$", environment)
    assert pinned is not None and f"uv=={pinned[1]}" in dockerfile
    assert set(re.findall(r"--no-binary \S+", locked)) == set(re.findall(r"--no-binary [a-z-]+", environment))


def test_the_image_copies_what_exists_and_its_context_holds(dockerfile: str) -> None:
    allowed = [line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line[:1] == "!"]
    for word, rest in instructions(dockerfile):
        if word == "COPY" and "--from" not in rest:
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists(), source
                assert any(source == name or source.startswith(f"{name}/") for name in allowed), source


def test_the_image_names_settings_that_exist(dockerfile: str) -> None:
    known = {setting.variable for setting in SETTINGS} | {"CINEPEER_HOME"}
    for path in DEPLOY.iterdir():
        assert set(re.findall(r"\b(CINEPEER_[A-Z_0-9]+)=", path.read_text())) <= known, path.name
    assert f"CINEPEER_HOME={HOME}" in dockerfile
    assert f'VOLUME ["{HOME}"]' in dockerfile
    port = re.search(r"CINEPEER_P2P_PORT=(\d+)", dockerfile)
    assert port is not None and f"EXPOSE {port[1]}/tcp" in dockerfile


def test_compose_makes_three_nodes_of_one_network(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert set(services) == {"first", "invitation", "second", "third"}
    subnet = ipaddress.ip_network(compose["networks"]["film"]["ipam"]["config"][0]["subnet"])
    addresses = [services[name]["networks"]["film"]["ipv4_address"] for name in ("first", "second", "third")]
    assert len({ipaddress.ip_address(address) for address in addresses}) == 3
    assert all(ipaddress.ip_address(address) in subnet for address in addresses)
    mounted = [volume for name in ("first", "second", "third") for volume in services[name]["volumes"]]
    homes = [volume.split(":")[0] for volume in mounted if volume.endswith(f":{HOME}")]
    assert homes == ["first", "second", "third"]


def test_compose_lets_the_others_wait_for_the_first_ones_address(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert services["invitation"]["depends_on"] == {"first": {"condition": "service_healthy"}}
    assert services["invitation"]["network_mode"] == "service:first"
    assert "networks" not in services["invitation"]
    for name in ("second", "third"):
        assert services[name]["depends_on"] == {"invitation": {"condition": "service_completed_successfully"}}
        assert 'cinepeer run --join "$$(cat /invitation/address)"' in services[name]["command"][0]
        assert "invitation:/invitation:ro" in services[name]["volumes"]


def test_every_service_is_sealed_and_every_volume_declared(compose: dict[str, Any]) -> None:
    assert set(compose) <= {"name", "services", "networks", "volumes", "x-sealed", "x-joining"}
    mounted = set()
    for name, service in compose["services"].items():
        assert set(service) <= COMPOSE_KEYS, name
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert "ports" not in service and "privileged" not in service
        assert any(f":{HOME}" in volume for volume in service["volumes"])
        mounted |= {volume.split(":")[0] for volume in service["volumes"]}
        assert not re.search(r"(?<!\$)\$(?!\$)", " ".join(service.get("command", []))), "compose would expand it"
    assert mounted == set(compose["volumes"])
    assert (DEPLOY / compose["services"]["first"]["build"]["context"]).resolve() == ROOT


def test_the_invitation_is_the_first_address_off_loopback(compose: dict[str, Any], tmp_path: Path) -> None:
    script = compose["services"]["invitation"]["command"][0].replace("$$", "$")
    told = "network  b\nledger   l, chain 1\n" + "".join(
        f"join     cinepeer run --join /ip4/{ip}/tcp/4001/p2p/12D3KooW\n"
        for ip in ("127.0.0.1", "10.77.0.2", "10.9.0.2")
    )
    (tmp_path / "told").write_text(told)
    (tmp_path / "cinepeer").write_text(f"#!/bin/sh\ncat '{tmp_path}/told'\n")
    (tmp_path / "cinepeer").chmod(0o755)
    script = script.replace("/invitation/address", f"{tmp_path}/address")
    path = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    subprocess.run(["sh", "-ec", script], env=path, check=True)
    assert (tmp_path / "address").read_text() == "/ip4/10.77.0.2/tcp/4001/p2p/12D3KooW\n"
    (tmp_path / "told").write_text("network  b\n")
    assert subprocess.run(["sh", "-ec", script], env=path, check=False).returncode != 0


def test_the_service_runs_as_its_own_user_on_its_own_folder() -> None:
    unit = (DEPLOY / "cinepeer.service").read_text()
    for line in (
        "User=cinepeer", "StateDirectory=cinepeer", "Environment=CINEPEER_HOME=%S/cinepeer", "NoNewPrivileges=yes",
        "ProtectSystem=strict", "ProtectHome=yes", "CapabilityBoundingSet=", "RestartPreventExitStatus=2",
    ):  # fmt: skip
        assert f"\n{line}\n" in unit, line


def complaints(unit: Path) -> list[str]:
    """What is wrong with a unit file: its form by our own reading, and all that systemd says where it is installed."""
    told = []
    section = ""
    for line in unit.read_text().splitlines():
        if header := re.fullmatch(r"\[(\w+)\]", line):
            section = header[1]
        elif line and not line.startswith("#") and not re.fullmatch(r"[A-Z][A-Za-z]+=.*", line):
            told.append(f"{line!r} in [{section}]: expected Name=value")
    if shutil.which("systemd-analyze"):
        command = ["systemd-analyze", "verify", "--man=no", unit]
        told += subprocess.run(command, capture_output=True, text=True, check=False).stderr.splitlines()
    return told


def test_nothing_is_wrong_with_the_service(tmp_path: Path) -> None:
    unit = (DEPLOY / "cinepeer.service").read_text()
    installed = "/opt/cinepeer/bin/cinepeer"
    assert installed in unit
    placed = tmp_path / "cinepeer.service"
    placed.write_text(unit.replace(installed, str(Path(sys.executable).with_name("cinepeer"))))
    assert complaints(placed) == []
    placed.write_text(placed.read_text() + "WantedBy\n")
    assert complaints(placed) != []
