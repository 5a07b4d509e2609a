"""The cost of auditing a catalogue: every entry replayed, every title's head, metadata and purse proved, every deed."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FILMS, PAYMENTS = 200, 5
RUNS = 5
SIZES = ("100", "1000")


def figures(*sizes: str) -> dict[str, dict[str, Any]]:
    """What `proofs` tells, and whole bundles of catalogues of these sizes verified: time, memory, bytes."""
    told = proofs()
    for films in map(int, sizes or SIZES):
        found = _catalogue(films)
        told["figures"] |= {
            f"audit.catalogue_{films}_cpu_s": found["cpu_s"],
            f"audit.catalogue_{films}_cpu_ms_per_film": 1000 * found["cpu_s"] / films,
            f"audit.catalogue_{films}_bytes_per_film": found["bytes"] / films,
            f"audit.catalogue_{films}_peak_mib": found["peak_mib"],
        }
        told["notes"][f"audit.catalogue_{films}_cpu_s"] = "every block, signature, entry, proof and deed of a bundle"
    return told


def _catalogue(films: int) -> dict[str, Any]:
    """A made-up catalogue's bundle, made and verified by processes of their own."""
    script = [sys.executable, str(Path(__file__).with_name("catalogue.py"))]
    with tempfile.TemporaryDirectory(prefix="cinepeer-audit-") as folder:
        path = str(Path(folder) / "catalogue.car")
        subprocess.run([*script, "make", str(films), path], check=True)
        done = subprocess.run([*script, "verify", path], check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["ok"] and found["titles"] == films, found["failed"]
    return found


def proofs(films: int = FILMS) -> dict[str, dict[str, Any]]:
    """CPU seconds, median of several runs: replay with proofs, and the deeds' signatures apart."""
    sys.path.insert(0, str(ROOT / "tests"))
    from cinepeer.rights.deeds import NATIVE, sign_deed
    from cinepeer.rights.events import decode_all
    from cinepeer.rights.signatures import address_of, recover
    from cinepeer.rights.slots import purse_slot, title_slot
    from cinepeer.rights.state import fold
    from unit.rights.scene import CREATOR, Chain

    chain = Chain()
    deeds = _business(chain, films)
    logs, header = chain.logs(), chain.header()
    titles = sorted(fold(decode_all(logs, chain.contracts)).titles)
    slots = [slot for title in titles for slot in _slots(title_slot(title), purse_slot(title, NATIVE))]
    proof = chain.proof(chain.contracts.titles, slots)
    signed = [(deed.digest(chain.contracts), sign_deed(CREATOR, deed, chain.contracts)) for deed in deeds]
    creator = address_of(CREATOR)

    def verify_deeds() -> None:
        assert all(recover(digest, signature) == creator for digest, signature in signed)

    audited, spread = _cpu_s(lambda: _audit(logs, header.rlp, proof, chain.contracts, len(titles)))
    recovered, _ = _cpu_s(verify_deeds)
    size = sum(len(node) for one in proof.slots for node in one.nodes) + sum(len(log.data) for log in logs)
    return {
        "figures": {
            f"audit.cpu_s_{films}_films": audited,
            "audit.deeds_cpu_s": recovered,
            "audit.entries": len(logs),
            "audit.bytes_per_film": size / films,
        },
        "intervals": {f"audit.cpu_s_{films}_films": spread},
        "notes": {f"audit.cpu_s_{films}_films": f"{len(logs)} entries replayed, {len(slots)} slots proved"},
    }


def _slots(first: int, purse: int) -> tuple[int, ...]:
    return first, first + 1, first + 2, purse


def _business(chain: Any, films: int) -> list[Any]:
    """Registers `films` titles of two holders and pays each some times; gives the deeds."""
    from cinepeer.rights.deeds import Deed, pay_call, register_call
    from cinepeer.rights.keccak import keccak
    from cinepeer.rights.signatures import address_of
    from unit.rights.scene import CINEMA, CREATOR, PARTNER

    creator, partner = address_of(CREATOR), address_of(PARTNER)
    deeds = []
    for number in range(films):
        deed = Deed(
            creator=creator,
            content=keccak(b"content %d" % number),
            metadata=keccak(b"metadata %d" % number),
            fingerprint=bytes(32),
            royalty=500,
            deadline=2**40,
            holders=(creator, partner),
            shares=(7000, 3000),
        )
        receipt = chain.send(CREATOR, chain.contracts.titles, register_call(deed, b""))
        title = bytes.fromhex(receipt["logs"][0]["topics"][1][2:])[12:]
        for _ in range(PAYMENTS):
            chain.send(CINEMA, chain.contracts.titles, pay_call(title), 10)
        deeds.append(deed)
    return deeds


def _audit(logs: Any, rlp: bytes, proof: Any, contracts: Any, films: int) -> None:
    """What an auditor does with the log and the proofs of a whole catalogue."""
    from cinepeer.rights.events import decode_all
    from cinepeer.rights.proofs import parse_header, read_account, read_slot
    from cinepeer.rights.slots import split_purse, split_title
    from cinepeer.rights.state import fold

    state = fold(decode_all(logs, contracts))
    account = read_account(parse_header(rlp).state_root, proof.address, proof.nodes)
    words = [read_slot(account.storage_root, one.slot, one.nodes) for one in proof.slots]
    assert len(state.titles) == films
    for at, title in enumerate(state.titles[key] for key in sorted(state.titles)):
        control, head, metadata, purse = words[4 * at : 4 * at + 4]
        assert split_title(control).controller == title.controller
        assert head.to_bytes(32, "big") == title.head
        assert metadata.to_bytes(32, "big") == title.metadata
        held = next(iter(title.purses.values()))
        assert split_purse(purse) == (held.paid_in, held.paid_out)
        assert sum(title.shares.values()) == 10_000


def _cpu_s(work: Callable[[], None]) -> tuple[float, list[float]]:
    spent = []
    for _ in range(RUNS):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return statistics.median(spent), [min(spent), max(spent)]
