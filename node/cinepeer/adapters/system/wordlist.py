"""The English word list of BIP-39, as it comes with the Ethereum libraries; checked, because words are keys."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from cinepeer.errors import CheckFailed

SHA256 = "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda"


@cache
def english() -> tuple[str, ...]:
    """The 2048 words in their order; raises `CheckFailed` when the file is missing or another one."""
    # Found without importing the package, which would take most of a second.
    spec = find_spec("eth_account")
    folders = (spec.submodule_search_locations or ()) if spec is not None else ()
    for folder in folders:
        file = Path(folder) / "hdaccount" / "wordlist" / "english.txt"
        if file.is_file() and hashlib.sha256(data := file.read_bytes()).hexdigest() == SHA256:
            return tuple(data.decode("ascii").split())
    raise CheckFailed(
        "found no English word list of BIP-39 beside eth-account, expected the package as it is published"
    )
