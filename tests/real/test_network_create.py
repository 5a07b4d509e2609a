"""Networks made, joined and verified by command: with a ledger of their own, and on a chain of others."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import httpx
import pytest

from cinepeer.app.network import parse_network
from real.evm_rig import CHAIN, anvil, cast
from real.nodes import command, running

RICH = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"


def ask(url: str, method: str, *parameters: str) -> object:
    """One question to an endpoint."""
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(parameters)}
    return httpx.post(url, json=body).json()["result"]


def test_a_network_is_made_once_joined_after_consent_and_verified(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    silent = command("network", "create", "--name", "Friends", "--home", first)
    assert (silent.returncode, (first / "network.cbor").exists()) == (2, False)
    assert "expected --yes: nothing was signed" in silent.stderr
    made = command("network", "create", "--name", "Friends", "--chain-id", "4242", "--yes", "--json", "--home", first)
    told = json.loads(made.stdout)
    assert (told["name"], told["chain_id"], len(told["contracts"])) == ("Friends", 4242, 4)
    again = command("network", "create", "--yes", "--home", first)
    assert (again.returncode, told["network"] in again.stderr) == (2, True)
    nobody = command("network", "verify", "--home", first)
    assert nobody.returncode == 3
    with running(first) as founder:
        assert founder.told["network"] == told["network"]
        verified = command("network", "verify", "--json", "--home", first)
        checks = json.loads(verified.stdout)["checks"]
        assert (verified.returncode, [one["check"] for one in checks if one["ok"]]) == (
            0,
            ["chain", "sequencer", *(f"contract {n}" for n in ("TitleRegistry", "Disputes", "Licences", "Anchors"))],
        )
        command("network", "show", "--file", tmp_path / "file", "--home", first)
        joined = command("network", "join", tmp_path / "file", "--yes", "--json", "--home", second)
        assert json.loads(joined.stdout)["network"] == told["network"]
        assert "compare its id" in joined.stderr
        assert command("network", "join", tmp_path / "file", "--yes", "--home", second).returncode == 2
        peer = founder.told["p2p"][0]
        said = command("network", "announce", "--bootstrap", peer, "--yes", "--json", "--home", first)
        assert json.loads(said.stdout)["number"] == 1
        with running(second) as other:
            deadline = time.monotonic() + 60
            while (heard := other.api.get("/api/network"))["number"] == 0:
                assert time.monotonic() < deadline, "expected the founder's announcement"
                time.sleep(0.2)
            assert heard["bootstrap"] == [peer]
            nobody = command("network", "announce", "--yes", "--home", second)
            assert (nobody.returncode, "expected its founder's" in nobody.stderr) == (2, True)
    assert parse_network((second / "network.cbor").read_bytes()).sequencer


@pytest.mark.npm
def test_a_network_on_a_chain_of_others_is_paid_for_made_used_and_wrong_code_is_named(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    with anvil() as url:
        create = ("network", "create", "--name", "Far", "--ledger-url", url, "--tell-url", "--json", "--home", first)
        poor = command(*create, "--yes")
        assert (poor.returncode, (first / "network.cbor").exists()) == (2, False)
        assert "nsufficient" in poor.stderr.splitlines()[-1]
        deployer = re.search(r"4 transactions of (0x[0-9a-f]{40}) that make the contracts on chain 31337", poor.stderr)
        assert deployer is not None
        cast("send", "--rpc-url", url, "--private-key", RICH, deployer[1], "--value", "1ether")
        made = command(*create, "--yes")
        assert made.returncode == 0, made.stderr
        told = json.loads(made.stdout)
        assert (told["chain_id"], len(told["blocks"])) == (CHAIN, 4)
        with running(first) as node:
            label = node.told["ledger"]["label"]
            assert label == "chain 31337 by 127.0.0.1, a chain of others: what is paid there may be money"
            account = json.loads(command("pay", "--json", "--home", first).stdout)
            assert (account["balance"], account["chain_id"]) == ("0", CHAIN)
            cast("send", "--rpc-url", url, "--private-key", RICH, account["address"], "--value", "1ether")
            assert command("network", "verify", "--home", first).returncode == 0
            ledger = node.told["ledger_rpc"]
            assert cast("chain-id", "--rpc-url", ledger) == str(CHAIN)
            # Its own records, anchored: one transaction by the ordinary way.
            anchored = node.api.post("/api/anchors")
            assert anchored["block"] > told["blocks"][-1]
            audited = command("audit", "network", "--json", "--bundle", tmp_path / "network.car", "--home", first)
            assert audited.returncode == 0, audited.stdout + audited.stderr
            report = json.loads(audited.stdout)
            held = {line["check"]: line["found"] for line in report["lines"] if line["ok"]}
            assert f"on chain {CHAIN}" in held["block of a chain of others"] and "block" not in held
            assert "nothing here proves it" in report["basis"][0] and "final" in report["basis"][0]
            offline = command("audit", tmp_path / "network.car", "--offline", "--json", "--home", first)
            assert (offline.returncode, json.loads(offline.stdout)["basis"]) == (0, report["basis"])
            shown = command("network", "show", "--file", tmp_path / "file", "--home", first)
            assert shown.returncode == 0
        file = parse_network((tmp_path / "file").read_bytes())
        assert (file.endpoints, file.is_embedded, str(file.id)) == ((url,), False, told["network"])
        ask(url, "anvil_setCode", told["contracts"]["Licences"], "0x6001")
        wrong = command("network", "verify", "--home", first)
        assert wrong.returncode == 1
        assert re.search(r"found code [0-9a-f]{64} at Licences, expected the shipped [0-9a-f]{64}", wrong.stderr)
        command("network", "join", tmp_path / "file", "--yes", "--home", second)
        with running(second) as node:
            answer = command("pay", "--json", "--home", second)
            assert answer.returncode == 0
            refused = httpx.post(
                f"{node.told['page']}/api/anchors", headers={"Authorization": f"Bearer {node.api._token}"}
            )
            assert "expected the shipped" in refused.json()["detail"]
    with anvil() as other:
        # Another chain of the same number: nothing of ours is there.
        elsewhere = command("network", "verify", "--home", first, CINEPEER_LEDGER_URL=other)
        assert (elsewhere.returncode, "FAILS  first block" in elsewhere.stdout) == (1, True)
