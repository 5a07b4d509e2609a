"""How soon a node on a home of about a million ratings recommends: its first start fits, the second takes that up."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import million
import numpy as np
from scipy.sparse import csr_array

from cinepeer.records.bodies import new_body

EACH = 60  # ratings to a record
OWN = 30  # ratings of whom the list is for
WAIT_S = 900
TICKS = os.sysconf("SC_CLK_TCK")
Values = dict[str, float]


def start(side: str, stars: csr_array, times: np.ndarray) -> Values:
    """From the start of the process to a list of 20 for somebody with `OWN` ratings; plain: a node without records."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder, "home")
        home.mkdir()
        if side == "ours":
            million.write(home / "records.db", _pairs(stars, times))
        else:
            _run(home, rates=False)
            again = _run(home, rates=False)
            return {"start.list_s": again["list_s"], "start.cpu_s": again["cpu_s"]}
        first = _run(home, rates=True, least=int(0.99 * stars.nnz))
        kept = _stamp(home)
        again = _run(home, rates=False, least=int(0.99 * stars.nnz))
    assert again["listed"] == 20, again
    return {
        "start.list_s": again["list_s"],
        "start.cpu_s": again["cpu_s"],
        "start.first_fit_s": first["list_s"],
        "start.refits": float(kept != _stamp_of(again)),
    }


def _stamp(home: Path) -> str:
    """The model that lies in the home."""
    return hashlib.sha256((home / "model.bin").read_bytes()).hexdigest()


def _stamp_of(ran: dict[str, Any]) -> str:
    return str(ran["model"])


def _run(home: Path, *, rates: bool, least: int = 0) -> dict[str, Any]:
    """Starts a node, waits for a list fitted on `least` ratings, rates where told so, and stops it."""
    begin = time.perf_counter()
    node = subprocess.Popen(
        [sys.executable, "-m", "cinepeer.faces.cli.main", "run", "--json", "--home", str(home)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert node.stdout is not None
        api = json.loads(node.stdout.readline())["api"]
        found: dict[str, Any] = {"fitted_on": -1}
        while found["fitted_on"] < least:
            with urllib.request.urlopen(f"{api}/api/recommendations?limit=20", timeout=WAIT_S) as answer:
                found = json.loads(answer.read())
            if time.perf_counter() - begin > WAIT_S:
                raise SystemExit(f"found a list fitted on {found['fitted_on']} ratings after {WAIT_S} s")
        spent = Path(f"/proc/{node.pid}/stat").read_text().rsplit(")", 1)[1].split()
        told = {"list_s": time.perf_counter() - begin, "cpu_s": (int(spent[11]) + int(spent[12])) / TICKS}
        if rates:
            _rate(home, api)
        return told | {"listed": len(found["films"]), "model": _stamp(home) if (home / "model.bin").exists() else ""}
    finally:
        node.terminate()
        node.wait(60)


def _rate(home: Path, api: str) -> None:
    token = json.loads((home / "node.json").read_text())["token"]
    said = json.dumps({"ratings": [[f"movielens:{1 + 7 * film}", 6 + film % 5] for film in range(OWN)]}).encode()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(f"{api}/api/ratings", said, headers), timeout=60):
        pass
    with urllib.request.urlopen(f"{api}/api/recommendations?limit=20&fit=true", timeout=WAIT_S):
        pass


def _pairs(stars: csr_array, times: np.ndarray) -> Iterator[million.Pair]:
    """The records of `stars`: every author's keys, then their ratings by time, `EACH` to a record, not signed."""
    for author in range(stars.shape[0]):
        root, device = (hashlib.sha256(f"{sort} {author}".encode()).digest() for sort in ("root", "device"))
        body = new_body("inception", root[:16], root=root, next=hashlib.sha256(root).digest())
        inception = million.record(None, root, 0, None, million.BORN_MS, "inception", body)
        yield inception, body
        body = new_body("delegate", root[:16], device=device, name="phone")
        yield million.record(inception.id, root, 1, inception.id, million.BORN_MS, "delegate", body), body
        own = slice(stars.indptr[author], stars.indptr[author + 1])
        order = np.argsort(times[own], kind="stable")
        films, given = stars.indices[own][order].tolist(), stars.data[own][order].astype(int).tolist()
        prev = None
        for seq, at in enumerate(range(0, len(films), EACH)):
            part = zip(films[at : at + EACH], given[at : at + EACH], strict=True)
            salt = hashlib.sha256(f"{author} {seq}".encode()).digest()[:16]
            body = new_body("rating", salt, ratings=[[f"movielens:{1 + film}", said] for film, said in part])
            made = million.record(inception.id, device, seq, prev, million.BORN_MS + seq, "rating", body)
            prev = made.id
            yield made, body
