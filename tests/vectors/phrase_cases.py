"""Phrases with the author that follows from them, and the sealed file that carries one away."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from typing import Any, BinaryIO, cast
from unittest import mock

from cinepeer.adapters.system.backup import ABOUT, FORM, KEYS
from cinepeer.adapters.system.keystore import LOWEST_COST
from cinepeer.adapters.system.sealing import SealedWriter
from cinepeer.adapters.system.wordlist import english
from cinepeer.app.identity import new_author
from cinepeer.records.keys import public_key
from cinepeer.records.phrase import inception_nonce, phrase_of, root_seed

CHANCE = hashlib.sha512(b"the chance of the vectors").digest()
TIME_MS = 1_700_000_000_000


def phrases() -> dict[str, Any]:
    """Authors by their 24 words, and one of them in a file as `cinepeer backup` seals it."""
    entropies = [bytes(32), b"\xff" * 32, hashlib.sha256(b"the phrase of the vectors").digest()]
    return {"authors": [_author(entropy) for entropy in entropies], "files": [_file(entropies[2], "grüne Straße 7")]}


def _author(entropy: bytes) -> dict[str, Any]:
    device = public_key(hashlib.sha256(b"a device of the vectors").digest())
    chance = iter([CHANCE[:16]])
    seeds = [root_seed(entropy, number) for number in range(3)]
    first, second = new_author(
        seeds[0], seeds[1], device, TIME_MS, lambda _: next(chance), nonce=inception_nonce(entropy)
    )
    return {
        "entropy": entropy.hex(),
        "phrase": phrase_of(entropy, english()),
        "roots": [public_key(seed).hex() for seed in seeds],
        "author": str(first[0].id),
        "device": device.hex(),
        "nonce": CHANCE[:16].hex(),
        "time": TIME_MS,
        "records": [[record.block.hex(), body.hex()] for record, body in (first, second)],
    }


def _file(entropy: bytes, passphrase: str) -> dict[str, Any]:
    """The least file that restores an author: what it is, and the phrase."""
    sealed = io.BytesIO()
    pieces = iter([CHANCE[:16], CHANCE[16:24]])
    with mock.patch("cinepeer.adapters.system.sealing.os.urandom", lambda _: next(pieces)):
        writer = SealedWriter(sealed, passphrase, cost=LOWEST_COST)
    with tarfile.open(fileobj=cast(BinaryIO, writer), mode="w|") as tar:
        about = json.dumps({"form": FORM, "keys_sealed": True}).encode()
        for name, data in ((ABOUT, about), (f"{KEYS}/phrase", entropy)):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o600
            tar.addfile(entry, io.BytesIO(data))
    writer.finish()
    shown = {"entropy": entropy.hex(), "passphrase": passphrase, "cost": LOWEST_COST, "chance": CHANCE[:24].hex()}
    return {**shown, "file": sealed.getvalue().hex()}
