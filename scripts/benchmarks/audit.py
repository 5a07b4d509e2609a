"""The cost of auditing a catalogue: every entry replayed, every title's head, metadata and purse proved, every deed."""

from __future__ import annotations

import hashlib
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
RESULT = ROOT / "docs" / "results" / "audit.json"
BUNDLES = Path(tempfile.gettempdir()) / "cinepeer-audit"


def figures(*sizes: str) -> dict[str, dict[str, Any]]:
    """
    What `proofs` tells, and whole bundles of catalogues of these sizes made and verified. What was measured of this
    code is not measured again: a run that was broken off goes on. The result file has every size with its commit.
    """
    told = proofs()
    for films in map(int, sizes or SIZES):
        found = _catalogue(films)
        told["figures"] |= {
            f"audit.catalogue_{films}_cpu_s": found["cpu_s"],
            f"audit.catalogue_{films}_cpu_ms_per_film": 1000 * found["cpu_s"] / films,
            f"audit.catalogue_{films}_bytes_per_film": found["bytes"] / films,
            f"audit.catalogue_{films}_own_mib": found["own_mib"],
        }
        told["notes"][f"audit.catalogue_{films}_cpu_s"] = "every block, signature, entry, proof and deed of a bundle"
        told["notes"][f"audit.catalogue_{films}_own_mib"] = (
            f"the most memory of its own, {found['before_mib']:.0f} MiB of it before the first byte was read"
        )
    return told


def _catalogue(films: int) -> dict[str, Any]:
    """A made-up catalogue's bundle, made and verified by processes of their own, as the result file has it."""
    measured: dict[str, Any] = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    code = _code()
    known: dict[str, Any] | None = measured.get(str(films))
    if known is not None and known["code"] == code:
        return known
    script = [sys.executable, str(Path(__file__).with_name("catalogue.py"))]
    BUNDLES.mkdir(exist_ok=True)
    path = BUNDLES / f"{code[:12]}-{films}.car"
    if not path.exists():
        part = path.with_suffix(".part")
        subprocess.run([*script, "make", str(films), str(part)], check=True)
        part.rename(path)
    done = subprocess.run([*script, "verify", str(path)], check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["ok"] and found["titles"] == films, found["failed"]
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    kept = {name: found[name] for name in ("titles", "cpu_s", "own_mib", "before_mib", "bytes")}
    measured[str(films)] = {**kept, "code": code, "commit": commit}
    ordered = {size: measured[size] for size in sorted(measured, key=int)}
    RESULT.write_text(json.dumps(ordered, indent=1) + "\n")
    path.unlink()
    return dict(measured[str(films)])


def _code() -> str:
    """What stands for the code that is measured: the digest of what makes and verifies a bundle."""
    hasher = hashlib.sha256()
    core = (ROOT / "node" / "cinepeer").joinpath
    files = [*core("rights").glob("*.py"), *core("records").glob("*.py"), Path(__file__).with_name("catalogue.py")]
    for file in sorted(files):
        hasher.update(file.read_bytes())
    return hasher.hexdigest()


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
