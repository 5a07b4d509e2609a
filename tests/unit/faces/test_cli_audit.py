"""A report says where the ledger of the node that stands beside it was not executed."""

from __future__ import annotations

from typing import Any, cast

import pytest

from cinepeer.faces.cli.audit import _as_executed, _beside_own_ledger
from cinepeer.faces.cli.call import Node
from cinepeer.rights.keccak import keccak
from cinepeer.rights.report import Line, Report, report_json, report_text
from unit.rights.scene import story

SHORT = "own copy of another node's ledger, not replayed: the state of block 9 is believed as its sequencer signed it"
WHOLE = "own copy of another node's ledger, executed up to block 9; test credits, not money"


class Status:
    """A node with a ledger of this label."""

    def __init__(self, label: str) -> None:
        self.label = label

    def get(self, path: str) -> Any:
        if path == "/api/status":
            return {"network": "b", "ledger": {"label": self.label}}
        return {"header": "0x" + story().chain.header().rlp.hex()}


def told() -> Report:
    block = "0x" + keccak(story().chain.header().rlp).hex()
    return Report((Line("block", True, "", "", ""),), {"network": "b", "block": 9, "hash": block}, ("a basis",))


@pytest.mark.parametrize(("label", "is_said"), [(SHORT, True), (WHOLE, False)])
def test_a_report_of_a_node_that_did_not_execute_its_ledger_says_so(label: str, is_said: bool) -> None:
    node = cast(Node, Status(label))
    made = _as_executed(told(), node)
    assert ("not replayed" in report_text(made)) is is_said and made.basis[0] == "a basis"
    beside = _beside_own_ledger(told(), node)
    (line,) = beside.more
    assert line.ok and ("not replayed" in line.rests_on) is is_said
    assert beside.ok and b'"check":"own copy of the ledger"' in report_json(beside)
