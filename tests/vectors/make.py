"""Makes the frozen vectors of the records anew: `./scripts/make_vectors`, byte for byte the same in every run.

They are the format. A vector that changes, rather than one that is added, means that records signed yesterday cannot be
read any more, by us or by the browser: then the code is wrong, not the vector.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vectors.dagcbor_cases import cids, dagcbor
from vectors.ed25519_cases import ed25519, seeds
from vectors.feed_cases import feeds
from vectors.merkle_cases import merkle_trees
from vectors.phrase_cases import phrases
from vectors.record_cases import bodies, records

FOLDER = Path(__file__).parent

# file: what stands in it, and how it is made
FILES: dict[str, tuple[str, Callable[[], Any]]] = {
    "dagcbor.json": ("Values with their one encoding, and bytes that are refused as `not-canonical`.", dagcbor),
    "cids.json": ("Blocks with their CIDs, and text that is refused as `bad-cid`.", cids),
    "ed25519.json": (
        "Signatures with the one verdict, and seeds with their keys and signatures.",
        lambda: {"verdicts": ed25519(), "seeds": seeds()},
    ),
    "bodies.json": ("Bodies of every kind, and bodies that are refused as `bad-body`.", bodies),
    "records.json": ("Signed records, and blocks that are refused as `bad-record` or `not-canonical`.", records),
    "feeds.json": ("Stories of authors: records in an order that can be admitted, and which count at the end.", feeds),
    "merkle.json": ("Trees of RFC 6962: roots, paths of inclusion, proofs of consistency.", merkle_trees),
    "phrases.json": ("Authors that follow from their 24 words, and the sealed file that carries one away.", phrases),
}


def made(name: str) -> str:
    """The text of one file."""
    words, make = FILES[name]
    return json.dumps({"about": words, "vectors": make()}, indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    """Writes all files and says which of them changed."""
    for name in FILES:
        text, path = made(name), FOLDER / name
        before = path.read_text("utf-8") if path.exists() else None
        path.write_text(text, "utf-8")
        print(f"{name}: {'as it was' if before == text else 'new' if before is None else 'CHANGED'}", file=sys.stderr)


if __name__ == "__main__":
    main()
