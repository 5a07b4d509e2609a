"""A network file: the founder writes it, another node joins by it, and a useless one is told in one sentence."""

from __future__ import annotations

import json
import time
from pathlib import Path

from cinepeer.app.network import parse_network
from real.nodes import command, running


def test_a_node_joins_by_the_founders_file(tmp_path: Path) -> None:
    first, second, file = tmp_path / "first", tmp_path / "second", tmp_path / "friends.network"
    with running(first) as founder:
        shown = command("network", "show", "--file", file, "--json", "--home", first)
        assert json.loads(shown.stdout)["sequencer"] == founder.told["p2p"]
        assert parse_network(file.read_bytes()).sequencer == tuple(founder.told["p2p"])
        again = command("network", "show", "--file", file, "--home", first)
        assert (again.returncode, "there already" in again.stderr) == (2, True)
        with running(second, "--join", str(file)) as node:
            assert node.told["network"] == founder.told["network"]
            deadline = time.monotonic() + 30
            while not node.api.get("/api/peers"):
                assert time.monotonic() < deadline, "expected the founder as a neighbour"
                time.sleep(0.1)
            assert command("network", "--home", second).stdout.startswith(f"network  {node.told['network']}\n")
    # Nobody runs. Who joined knows where the ledger is ordered; the founder's addresses only its running node tells.
    handed_on = command("network", "show", "--file", tmp_path / "handed-on", "--home", second)
    assert handed_on.returncode == 0
    assert "only nodes on this machine" in handed_on.stdout
    assert (tmp_path / "handed-on").read_bytes() == file.read_bytes()
    away = command("network", "show", "--file", tmp_path / "never", "--home", first)
    assert (away.returncode, (tmp_path / "never").exists()) == (3, False)
    alone = command("run", "--home", tmp_path / "third", "--join", first / "network.cbor")
    assert (alone.returncode, len(alone.stderr.splitlines())) == (2, 1)
    assert "cinepeer network show --file" in alone.stderr
